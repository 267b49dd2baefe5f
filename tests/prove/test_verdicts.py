"""Verdicts against a table that was written by hand, from the theory; and that they depend on nothing but the ISA.

Nothing in `TABLE` was copied from the program's output. How to think a row through: the changed instruction `X` runs
directly in both virtual modes (trap-and-emulate, paravirtual with an unported guest), in virtual user mode alone
(hybrid, translation), or never (interpreter, full translation, paravirtual). Then ask what real user mode shows it, or
lets it change, that the virtual mode would not.
"""

from collections.abc import Mapping
from functools import cache

import pytest
from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC, INNOCUOUS, SYSTEM
from popek.isa.instruction import EXECUTES, IGNORED, InUser
from popek.isa.variants import VARIANTS
from popek.prove.claim import applicable
from popek.prove.classes import Showing, classify
from popek.prove.decide import decide, under
from popek.prove.properties import Proof, decided, obligations, prove
from popek.prove.theorems import theorem_1, theorem_3
from popek.prove.values import PROPERTIES, Classes, IsaVerdict, Status
from popek.vmm.monitor import HYBRID, MONITORS, PARAVIRTUAL, TRANSLATION_FULL, TRAP_AND_EMULATE

COLUMNS = (
    "trap-and-emulate",
    "hybrid",
    "interpreter",
    "translation",
    "translation-full",
    "paravirtual",
    "paravirtual-unported",
)

TABLE = """
# E equivalence, C resource control, F efficiency, I isolation: proved; a dash: refuted
# name          changed   theorems  t&e  hybr int  tran full para unported
classic         -         1 2 3     ECFI EC-I EC-I ECFI ECFI ECFI ECFI
jrst1           jsu       - - 3     -CFI EC-I EC-I ECFI ECFI ECFI -CFI
mode-readable   getmode   - - 3     -CFI EC-I EC-I ECFI ECFI ECFI -CFI
psw-storable    spsw      - - -     -CFI -C-I EC-I -CFI ECFI ECFI -CFI
psw-loadable    lpsw      - - -     --F- ---- EC-I --F- ECFI ECFI --F-
r-readable      getr      - - -     -CFI -C-I EC-I -CFI ECFI ECFI -CFI
r-writable      setr      - - -     --F- ---- EC-I --F- ECFI ECFI --F-
lra-readable    lra       - - -     -CFI -C-I EC-I -CFI ECFI ECFI -CFI
mfpi            mfpi      - - -     -CF- -C-- EC-I -CF- ECFI ECFI -CF-
mtpi            mtpi      - - -     --F- ---- EC-I --F- ECFI ECFI --F-
setb            setb      - - -     ECFI EC-I EC-I ECFI ECFI ECFI ECFI
spill           st        - - -     E-F- E--- EC-I E-F- ECFI ECFI E-F-
popf            setie     - - 3     -CFI EC-I EC-I ECFI ECFI ECFI -CFI
pushf           getie     - - -     -CFI -C-I EC-I -CFI ECFI ECFI -CFI
timer-readable  gettimer  - - -     -CFI -C-I EC-I -CFI ECFI ECFI -CFI
timer-writable  settimer  - - -     --FI ---I EC-I --FI ECFI ECFI --FI
open-console    out       - - -     --FI ---I EC-I --FI ECFI ECFI --FI
open-keyboard   in        - - -     --FI ---I EC-I --FI ECFI ECFI --FI
open-disk       disk      - - -     --F- ---- EC-I --F- ECFI ECFI --F-
open-halt       halt      - - -     --FI ---I EC-I --FI ECFI ECFI --FI
add-traps       add       1 2 3     EC-I EC-I EC-I EC-I EC-I EC-I EC-I
"""
LETTERS = {"equivalence": "E", "resource_control": "C", "efficiency": "F", "isolation": "I"}
ROWS = {row.split()[0]: row.split()[1:] for row in TABLE.splitlines() if row and not row.startswith("#")}
ISAS = {isa.name: isa for isa in (CLASSIC, *VARIANTS)}

COMPLETING = {i.name for i in INNOCUOUS} - {"svc"}
"""The innocuous instructions of `classic` that ever complete: a supervisor call always traps."""


@cache
def verdict_on(name: str) -> IsaVerdict:
    """Return the verdict on an ISA, made once."""
    return decide(ISAS[name])


@cache
def classes_of(name: str) -> tuple[Classes, ...]:
    """Return the classes of an ISA's instructions, without witnesses."""
    return classify(ISAS[name], showing=Showing.NOTHING)


def test_the_table_is_complete() -> None:
    """Every textbook variant has a row, and every monitor that makes sense without guest mode a column."""
    assert ROWS.keys() == ISAS.keys()
    assert {*COLUMNS} == MONITORS.keys() - {"hardware-assisted"}


@pytest.mark.parametrize("name", ROWS)
def test_the_theorems_are_as_the_table_has_them(name: str) -> None:
    """Theorems 1, 2 and 3: whether the premise holds, and that the changed instruction is all that is to blame."""
    changed, row = ROWS[name][0], ROWS[name][1:4]
    for number, cell in enumerate(row, start=1):
        theorem = verdict_on(name).theorems[number]
        assert theorem.holds == (cell != "-"), number
        assert theorem.blame == (() if theorem.holds else (changed,))


@pytest.mark.parametrize("name", ROWS)
def test_the_properties_are_as_the_table_has_them(name: str) -> None:
    """Every property under every monitor: proved or refuted, with this blame, and a program that shows it."""
    changed, row = ROWS[name][0], dict(zip(COLUMNS, ROWS[name][4:], strict=True))
    for monitor, cell in row.items():
        found = verdict_on(name)[monitor]
        for prop, letter in LETTERS.items():
            verdict = getattr(found, prop)
            assert verdict.status is (Status.PROVED if letter in cell else Status.REFUTED), (monitor, prop)
            assert {*verdict.blame} == expected_blame(changed, monitor, prop, cell), (monitor, prop)
            assert (verdict.witness is None) == (letter in cell)
            if verdict.witness is not None:
                assert verdict.witness.program.strip()


def expected_blame(changed: str, monitor: str, prop: str, cell: str) -> set[str]:
    """Return who is to blame: what was changed, or, for efficiency of what interprets, whatever could complete."""
    if LETTERS[prop] in cell:
        return set()
    if prop == "efficiency" and monitor in ("hybrid", "interpreter"):
        return COMPLETING - ({"st"} if changed == "st" else set())  # the spilling store is sensitive
    return {changed}


def test_hardware_assistance_needs_guest_mode() -> None:
    """Where there is no guest mode, the question makes no sense, and is not answered."""
    found = verdict_on("classic")["hardware-assisted"]
    assert {getattr(found, p).status for p in PROPERTIES} == {Status.NOT_APPLICABLE}


def test_a_ported_guest_needs_words_that_are_no_instructions() -> None:
    """Where an instruction has the opcode of a hypercall, no guest can be ported, and nothing is proved of any."""
    taken = evolve(CLASSIC["getmode"], name="odd", opcode=0x80 | CLASSIC["getmode"].opcode)
    isa = evolve(CLASSIC, name="taken", instructions=(*CLASSIC.instructions, taken))
    found = under(isa, PARAVIRTUAL, classify(isa, showing=Showing.NOTHING))
    assert {getattr(found, p).status for p in PROPERTIES} == {Status.NOT_APPLICABLE}
    assert "no room for hypercalls" in found.equivalence.reason
    assert PARAVIRTUAL not in applicable(isa)
    assert PARAVIRTUAL in applicable(CLASSIC)


def _summary(
    isa: Isa, monitor: str, classes: tuple[Classes, ...], *, structural: bool = True, seed: int = 0
) -> Mapping[str, object]:
    asked = obligations(isa, MONITORS[monitor], classes, structural=structural)
    found = [decided(isa, MONITORS[monitor], o, seed) for o in asked if o.property in PROPERTIES]
    proof = Proof(isa.name, monitor, tuple(found))
    return {p: (v.status, {*v.blame}) for p in PROPERTIES if (v := proof.verdict(p))}


@pytest.mark.parametrize("seed", [1, 7, 2026])
@pytest.mark.parametrize("name", ["classic", "mfpi", "setb", "spill", "timer-writable"])
def test_the_solvers_seed_does_not_matter(name: str, seed: int) -> None:
    """Another order of the search gives the same answers."""
    expected = _summary(ISAS[name], "trap-and-emulate", classes_of(name))
    assert _summary(ISAS[name], "trap-and-emulate", classes_of(name), seed=seed) == expected


@pytest.mark.parametrize("name", ["jrst1", "mfpi", "setb", "spill", "add-traps"])
def test_what_structure_settles_the_solver_settles_alike(name: str) -> None:
    """Without the structural shortcut every square is asked of the solver, and the answers are the same."""
    changed, some = ROWS[name][0], ("nop", "divu", "ld", "st", "jalr", "svc", "setr", "settimer", "disk")
    few = tuple(i for i in ISAS[name].instructions if i.name in (changed, *some))
    _same_without_structure(evolve(ISAS[name], instructions=few), "trap-and-emulate")


@pytest.mark.soak
@pytest.mark.parametrize("monitor", COLUMNS)
@pytest.mark.parametrize("name", ROWS)
def test_structure_and_solver_agree_everywhere(name: str, monitor: str) -> None:
    """So they do on every variant, under every monitor, and about the classes."""
    _same_without_structure(ISAS[name], monitor)
    asked = classify(ISAS[name], structural=False, showing=Showing.NOTHING)
    assert [(c.name, c.privileged, c.kinds, c.user_kinds) for c in asked] == [
        (c.name, c.privileged, c.kinds, c.user_kinds) for c in classes_of(name)
    ]


def _same_without_structure(isa: Isa, monitor: str) -> None:
    classes = classify(isa, showing=Showing.NOTHING)
    assert _summary(isa, monitor, classes, structural=False) == _summary(isa, monitor, classes)


@pytest.mark.parametrize("in_user", [EXECUTES, IGNORED], ids=lambda u: u.value)
@pytest.mark.parametrize("name", [i.name for i in SYSTEM])
def test_theorem_3_says_of_system_instructions_when_a_hybrid_monitor_works(name: str, in_user: InUser) -> None:
    """Each one executed, or ignored, in user mode: theorem 1 blames exactly it, theorem 3 holds iff hybrid is proved.

    Executed, theorem 3 holds for the drop to user mode and for "read mode" alone, whose effect user mode cannot see;
    ignored, always, since user mode then depends on nothing. In neither case does trap-and-emulate work, and full
    translation always does.
    """
    isa = CLASSIC.vary(f"{name}-{in_user.value}", {name: in_user})
    classes = classify(isa, showing=Showing.NOTHING)
    assert theorem_1(classes).blame == (name,)
    third = theorem_3(classes)
    assert third.holds == (in_user is IGNORED or name in ("jsu", "getmode"))
    hybrid = prove(isa, HYBRID, classes)
    works = [hybrid.verdict(p).status for p in ("equivalence", "resource_control")]
    assert third.holds == (works == [Status.PROVED] * 2)
    assert Status.UNKNOWN not in works
    directly = prove(isa, TRAP_AND_EMULATE, classes).verdict("equivalence")
    assert (directly.status, directly.blame) == (Status.REFUTED, (name,))
    assert prove(isa, TRANSLATION_FULL, classes).verdict("equivalence").status is Status.PROVED
