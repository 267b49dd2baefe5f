"""Copies in the translation cache are proved to be what they were copied from, and wrong ones are refuted."""

from collections.abc import Callable

import pytest
from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.expression import Expr, as_expr
from popek.isa.instruction import TRAPS
from popek.isa.slot import PC
from popek.isa.variants import VARIANTS
from popek.prove import copies
from popek.prove.obligation import discharge
from popek.prove.properties import obligations, prove
from popek.prove.squares import Square
from popek.prove.values import Status
from popek.testing.faults import classes_of
from popek.vmm.monitor import MONITORS, TRANSLATION, TRANSLATION_FULL, TRAP_AND_EMULATE, Monitor
from popek.vmm.translation.own_pc import OWN_PC, Copied, changed, copied

REFER_TO_PC = ("beq", "bne", "blt", "bltu", "jal", "jalr")
"""Instructions of `classic` that do more with the pc than to go on."""


def square(name: str, *, structural: bool = True) -> Square:
    """Return the square of an instruction of `classic` in virtual supervisor mode, translated."""
    return Square(CLASSIC, TRANSLATION_FULL, CLASSIC[name], user=False, structural=structural)


@pytest.mark.parametrize("monitor", [TRANSLATION, TRANSLATION_FULL], ids=lambda m: m.name)
def test_every_copied_instruction_has_an_obligation(monitor: Monitor) -> None:
    """In each mode that is translated, for each instruction that is run directly; under other monitors for none."""
    classes = classes_of(CLASSIC)
    names = [o.name for o in obligations(CLASSIC, monitor, classes) if o.name.endswith("copied")]
    innocuous = [c.name for c in classes if c.innocuous]
    modes = ["virtual supervisor"] if monitor is TRANSLATION else ["virtual supervisor", "virtual user"]
    assert sorted(names) == sorted(f"{n}, {m}, copied" for n in innocuous for m in modes)
    assert not [o for o in obligations(CLASSIC, TRAP_AND_EMULATE, classes) if o.name.endswith("copied")]


@pytest.mark.parametrize("name", [i.name for i in CLASSIC.instructions if i.in_user is not TRAPS])
def test_copies_are_proved_with_and_without_structure(name: str) -> None:
    """What structure spares the solver, the solver proves as well; and what mentions the pc is not spared."""
    spared = discharge(copies.copy(square(name)))
    asked = discharge(copies.copy(square(name, structural=False)), structural=False)
    assert (spared.status, asked.status) == (Status.PROVED, Status.PROVED)
    assert asked.how == "solver"
    assert (spared.obligation.query is not None) == (name in REFER_TO_PC)


def back(expr: Expr) -> Expr:
    """Return the real pc for the guest's own."""
    return as_expr(PC) if expr is OWN_PC else expr


def leaks(right: Copied) -> Copied:
    """Return a copy that reads the cache's pc."""
    return evolve(right, behaviour=changed(right.behaviour, back))


def swaps(right: Copied) -> Copied:
    """Return a copy that takes the other exit."""
    return evolve(right, exits=right.exits[::-1])


def forgets(right: Copied) -> Copied:
    """Return a copy that writes nothing."""
    return evolve(right, behaviour=evolve(right.behaviour, effects=()))


@pytest.mark.parametrize(("name", "fault"), [("jal", leaks), ("jalr", leaks), ("beq", swaps), ("jal", forgets)])
def test_a_wrong_copy_is_refuted(monkeypatch: pytest.MonkeyPatch, name: str, fault: Callable[[Copied], Copied]) -> None:
    """A copy that tells the cache's pc, goes the wrong way, or does too little, is no copy."""
    monkeypatch.setattr(copies, "copied", lambda behaviour: fault(copied(behaviour)))
    assert discharge(copies.copy(square(name))).status is Status.REFUTED


CRITICAL = [v for v in VARIANTS if v.name in ("popf", "mode-readable", "psw-storable")]
"""A few variants with a critical instruction."""


@pytest.mark.parametrize("isa", CRITICAL, ids=lambda isa: isa.name)
def test_full_translation_is_proved_where_trap_and_emulate_is_refuted(isa: Isa) -> None:
    """Whatever is sensitive becomes a call, privileged or not."""
    classes = classes_of(isa)
    verdicts = {m: prove(isa, MONITORS[m], classes).verdict("equivalence").status for m in MONITORS if m[0] == "t"}
    assert verdicts["trap-and-emulate"] is Status.REFUTED
    assert verdicts["translation-full"] is Status.PROVED
