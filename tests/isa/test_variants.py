"""The textbook variants: each is `classic` with one instruction changed, and says what for."""

import pytest

from popek.isa.architecture import Isa
from popek.isa.behaviour import Cause, Put, Store
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.expression import not_, ult
from popek.isa.instruction import EXECUTES, IGNORED, TRAPS, InUser, ra
from popek.isa.slot import BOUND, MEMORY, PC
from popek.isa.variants import VARIANTS

BY_NAME = {v.name: v for v in VARIANTS}

ONE_BEHAVIOUR: list[tuple[str, str, InUser]] = [
    ("jrst1", "jsu", EXECUTES),
    ("mode-readable", "getmode", EXECUTES),
    ("r-readable", "getr", EXECUTES),
    ("lra-readable", "lra", EXECUTES),
    ("psw-storable", "spsw", EXECUTES),
    ("psw-loadable", "lpsw", EXECUTES),
    ("popf", "setie", IGNORED),
    ("pushf", "getie", EXECUTES),
    ("r-writable", "setr", EXECUTES),
    ("timer-readable", "gettimer", EXECUTES),
    ("timer-writable", "settimer", EXECUTES),
    ("open-console", "out", EXECUTES),
    ("open-keyboard", "in", EXECUTES),
    ("open-disk", "disk", EXECUTES),
    ("open-halt", "halt", EXECUTES),
    ("mfpi", "mfpi", EXECUTES),
    ("mtpi", "mtpi", EXECUTES),
    ("add-traps", "add", TRAPS),
]


def changed(isa: Isa) -> list[str]:
    """Return the names of the instructions that are not as in `classic`."""
    return [i.name for i in isa.instructions if CLASSIC.by_name.get(i.name) != i]


@pytest.mark.parametrize("isa", VARIANTS, ids=lambda i: i.name)
def test_a_variant_changes_exactly_one_instruction_and_removes_none(isa: Isa) -> None:
    """Wrong in exactly one way: one instruction differs from `classic`, none is missing, and the prose says why."""
    assert len(changed(isa)) == 1
    assert CLASSIC.by_name.keys() <= isa.by_name.keys()
    assert isa.extends == "classic"
    assert isa.title != isa.name
    assert isa.doc.endswith(".")


@pytest.mark.parametrize(("name", "instruction", "in_user"), ONE_BEHAVIOUR, ids=str)
def test_a_variant_changes_what_its_name_says(name: str, instruction: str, in_user: InUser) -> None:
    """Most variants change the user-mode behaviour of one instruction to one of the three usual ones."""
    assert changed(BY_NAME[name]) == [instruction]
    assert BY_NAME[name][instruction] == CLASSIC[instruction].with_user(in_user)


def test_every_system_instruction_has_its_variant() -> None:
    """For each privileged instruction of `classic` the family shows what happens where it is not privileged."""
    assert {i.name for i in SYSTEM} <= {name for v in VARIANTS for name in changed(v)}


def test_no_two_variants_change_the_same_thing() -> None:
    """The variants teach different things: no two are the same delta."""
    deltas = [(v[n].supervisor, v[n].user) for v in VARIANTS for n in changed(v)]
    assert len(set(deltas)) == len(deltas) == len(BY_NAME)


def test_setb_writes_the_bound_alone_and_in_user_mode_only_shrinks_it() -> None:
    """The gap between the theorems and the properties: a privilege trap unless the new bound is strictly smaller."""
    setb = BY_NAME["setb"]["setb"]
    assert setb.supervisor.writes.keys() == setb.user.writes.keys() == {BOUND, PC}
    assert not setb.supervisor.traps
    (trap,) = setb.user.traps
    assert (trap.when, trap.cause, trap.privilege) == (not_(ult(ra, BOUND)), Cause.PRIVILEGED, True)


def test_spill_checks_the_first_address_only() -> None:
    """The spilling store has the faults of `st` and no others, and a second write that is physical."""
    spill, st = BY_NAME["spill"]["st"], CLASSIC["st"]
    assert (spill.opcode, spill.operands) == (st.opcode, st.operands)
    assert list(spill.user.guards()) == list(st.user.guards())
    assert spill.user == spill.supervisor
    first, second = spill.user.effects
    assert isinstance(first, Store)
    assert isinstance(second, Put)
    assert second.array is MEMORY
