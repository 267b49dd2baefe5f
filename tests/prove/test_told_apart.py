"""What is not the same is not taken for the same, and a shortcut leaves nothing out: each of these was proved once."""

from typing import Any

import pytest
from attrs import evolve

from popek.errors import PopekError
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.classic import CLASSIC, sets
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.cycle import CYCLE, OLD_BASE, OLD_TIMER, SWAP, Cycle, Interrupt
from popek.isa.expression import Word, as_expr, element, eq, ite, legal, operand, ult
from popek.isa.instruction import TRAPS, A, Instruction, ra, rb
from popek.isa.slot import (
    BASE,
    CONSOLE_READ,
    DISK_PENDING,
    DISK_WAIT,
    MEMORY,
    MODE,
    SUPERVISOR,
    TIMER_PENDING,
    Array,
    Role,
    Slot,
)
from popek.isa.translation import Translation
from popek.prove.classes import Showing, classify
from popek.prove.decide import under
from popek.prove.properties import obligations, prove
from popek.prove.samples import samples
from popek.prove.solver import satisfiable
from popek.prove.terms import function, same, unequal, unknown
from popek.prove.theorems import theorem_1
from popek.prove.values import Status
from popek.testing.faults import FEW
from popek.testing.made_classes import made_classes
from popek.vmm.compare import LockStep
from popek.vmm.monitor import EMULATED, HARDWARE_ASSISTED, MONITORS, TRANSLATION_FULL, TRAP_AND_EMULATE, Monitor

_SMALL = evolve(FEW, instructions=tuple(i for i in FEW.instructions if i.name in ("nop", "ld", "svc")))
EXITS = ("halt", "in", "out", "disk")
_SMALL_VT = evolve(CLASSIC_VT, instructions=(*_SMALL.instructions, *(CLASSIC_VT[n] for n in EXITS)))
_MIRROR = TRAP_AND_EMULATE.vary("mirror", user=EMULATED)
"""Virtual supervisor code runs directly, and virtual user code is emulated."""


def with_one(supervisor: Behaviour, user: Behaviour, *slots: Slot, **parts: Any) -> Isa:
    """Return a few instructions and one more, `new`, with slots of its own."""
    new = Instruction("new", "ra, rb", 0x70, "New.", supervisor, user)
    return evolve(_SMALL, instructions=(*_SMALL.instructions, new), slots=(*_SMALL.slots, *slots), **parts)


def reading(word: Word, *slots: Slot, **parts: Any) -> Isa:
    """Return a few instructions and one that reads a word in whatever mode."""
    return with_one(sets(A, word), sets(A, word), *slots, **parts)


def status(isa: Isa, prop: str, monitor: Monitor = TRAP_AND_EMULATE, *, structural: bool = True) -> Status:
    """Return what becomes of a property."""
    known = classify(isa, showing=Showing.NOTHING)
    return prove(isa, monitor, known, structural=structural).verdict(prop).status


@pytest.mark.parametrize("structural", [True, False])
@pytest.mark.parametrize("name", ["k", "w", "q", "word"])
def test_a_slot_may_be_called_as_an_unknown_is(name: str, *, structural: bool) -> None:
    """It is a slot all the same: the real base is not below k, but may be below a program's own register."""
    own = Slot(name, "A register of the program's.", Role.PROGRAM)
    isa = with_one(sets(A, 1), sets(A, ite(ult(BASE, own), 0, 1)), own)
    assert status(isa, "equivalence", _MIRROR, structural=structural) is Status.REFUTED


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"slots": (Slot("flag", "One.", Role.PROGRAM), Slot("flag", "Two.", Role.PROGRAM))}, "called `flag`"),
        ({"arrays": (Array("mode", "Not the slot."),)}, "called `mode`"),
        ({"slots": (Slot("mode'", "Primed."),)}, "`mode'` cannot be the name"),
        ({"arrays": (Array("a|b", "Quoted."),)}, "cannot be the name"),
        ({"slots": (Slot("narrow", "Two values.", Role.PROGRAM, bits=1, reset=3),)}, "is 3 at reset"),
        ({"slots": (Slot("narrow", "Two values.", bits=1, reset="q"),)}, "is q at reset"),
    ],
)
def test_state_that_could_be_taken_for_other_state_is_refused(parts: dict[str, Any], message: str) -> None:
    """Names are by what a proof tells state apart, and widths are believed."""
    more: dict[str, Any] = {name: (*getattr(CLASSIC, name), *these) for name, these in parts.items()}
    with pytest.raises(PopekError, match=message):
        evolve(CLASSIC, **more)


def test_a_quantum_that_no_timer_holds_is_refused() -> None:
    """A proof is about every quantum that is a word, other than 0."""
    with pytest.raises(PopekError, match="more than a timer holds"):
        TRAP_AND_EMULATE.vary("for-ever", quantum=1 << 32)


def test_an_unknown_may_be_called_as_a_definition_is() -> None:
    """What is used twice gets a name in the text, and that is no unknown's."""
    for name in ("t0", "s"):
        other, twice = unknown(name), unknown("y") + 1
        claims = same(twice, 6), same(twice * twice, 36)
        assert satisfiable(*claims, same(other, 5))
        assert satisfiable(same(other, 5), *claims)
        assert not satisfiable(same(other, 5), *claims, unequal(other, 5))


def test_two_unknowns_are_not_written_alike() -> None:
    """A prime is written as another sign, and whoever uses that sign is told."""
    with pytest.raises(AssertionError, match="is written as"):
        satisfiable(same(unknown("a'"), 5), same(unknown("a~"), 6))


def test_samples_have_words_for_words() -> None:
    """Whatever a sample is asked for, it answers with a word."""
    last = (1 << 32) - 1
    for name in ("host", "host'", "vector", "vector'", "guest", "other"):
        assert all(0 <= s._value(function(name)(last)) <= last for s in samples())


@pytest.mark.parametrize("structural", [True, False])
@pytest.mark.parametrize("trap_word", [OLD_BASE, OLD_TIMER])
def test_the_real_trap_words_are_not_the_guests(trap_word: int, *, structural: bool) -> None:
    """They hold what the virtual machine before this one was doing, and when."""
    isa = reading(element(MEMORY, trap_word))
    assert status(isa, "isolation", structural=structural) is Status.REFUTED
    assert status(isa, "independence", structural=structural) is Status.REFUTED


LOADED = {
    "a device": ({CONSOLE_READ: as_expr(CONSOLE_READ)}, "resource_control"),
    "a device's clock": ({DISK_WAIT: as_expr(DISK_WAIT)}, "resource_control"),
    "a device's interrupt": ({DISK_PENDING: as_expr(1)}, "equivalence"),
    "the timer's interrupt": ({TIMER_PENDING: as_expr(1)}, "equivalence"),
}


@pytest.mark.parametrize("structural", [True, False])
@pytest.mark.parametrize("what", LOADED)
def test_nothing_of_the_guests_is_loaded_into_real_devices(what: str, *, structural: bool) -> None:
    """In guest mode no more than in user mode."""
    entry, prop = LOADED[what]
    for isa, monitor in ((_SMALL_VT, HARDWARE_ASSISTED), (_SMALL, TRAP_AND_EMULATE)):
        assert status(isa, prop, monitor, structural=structural) is Status.PROVED
        assert status(isa, prop, monitor.vary("wrong", entry=entry), structural=structural) is Status.REFUTED


@pytest.mark.parametrize("structural", [True, False])
def test_a_trap_that_leaves_guest_mode_is_interpreted_by_the_routine(*, structural: bool) -> None:
    """A routine is not run where traps are the guest's own business; where they are the monitor's, it is."""
    isa = evolve(_SMALL_VT, instructions=(*_SMALL_VT.instructions, CLASSIC_VT["divu"]))
    wrong = HARDWARE_ASSISTED.vary("wrong", routines={"divu": Behaviour()})
    guest = "ldi r1, 5\n divu r1, r1, r0\n halt"
    for controls, expected in (((), Status.PROVED), (("svc",), Status.PROVED), (("arithmetic",), Status.REFUTED)):
        monitor = evolve(wrong, controls=controls)
        assert status(isa, "equivalence", monitor, structural=structural) is expected
        run = LockStep(CLASSIC_VT, assemble(guest, CLASSIC_VT).words, monitor=monitor, memory=512).run(60)
        assert (run.divergence is None) is (expected is Status.PROVED)
        assert status(isa, "equivalence", evolve(monitor, routines={}), structural=structural) is Status.PROVED


@pytest.mark.parametrize("structural", [True, False])
def test_what_a_real_trap_writes_is_not_recovered_as_the_guests(*, structural: bool) -> None:
    """A register with the address of the last fault may be the guest's while it is inside, but an exit changes it."""
    fault = Slot("fault", "The pc of the last trap.")
    swap = evolve(SWAP, writes={**SWAP.writes, fault: operand("pc")})
    moves = Instruction("setfault", "ra, rb", 0x71, "Write it.", Behaviour({fault: ra}), TRAPS)
    isa = reading(fault, fault, cycle=evolve(CYCLE, swap=swap))
    isa = evolve(isa, instructions=(*isa.instructions, moves, CLASSIC["ldi"]))
    table = {fault: as_expr(fault)}
    monitor = TRAP_AND_EMULATE.vary("wrong", entry=table, recovery=table, quantum=3)
    run = LockStep(isa, assemble("ldi r1, 77\n setfault r1, r1" + "\n nop" * 9, isa).words, monitor=monitor, memory=512)
    assert run.run(9).divergence is not None
    assert status(isa, "equivalence", monitor, structural=structural) is Status.REFUTED


@pytest.mark.parametrize("structural", [True, False])
def test_efficiency_is_not_proved_of_what_may_be_innocuous(*, structural: bool) -> None:
    """An instruction is translated if it is not known to be innocuous; if it is, after all, that costs efficiency."""
    known = classify(_SMALL, showing=Showing.NOTHING)
    unsure = [made_classes("ld", privileged=False, sensitive=None) if c.name == "ld" else c for c in known]
    for given, expected in ((known, Status.PROVED), (unsure, Status.UNKNOWN)):
        proof = prove(_SMALL, TRANSLATION_FULL, given, structural=structural)
        assert proof.verdict("efficiency").status is expected


_SEGMENT, _LIMIT = Slot("segment", "Where the segment begins."), Slot("limit", "How long it is.")
SEGMENTS = Translation(
    "segments", "By registers of its own.", lambda a: ult(a, _LIMIT), lambda a: as_expr(_SEGMENT) + a
)
BY_MODE = Translation(
    "by mode", "Supervisors have more.", lambda a: ult(a, ite(eq(MODE, SUPERVISOR), 100, 50)), as_expr
)


@pytest.mark.parametrize("structural", [True, False])
def test_what_the_translation_looks_at_makes_a_reference_sensitive(*, structural: bool) -> None:
    """A probe says what is legal, and so what the limit is, or the mode."""
    for translation, kind in ((SEGMENTS, "limit"), (BY_MODE, "mode")):
        isa = reading(ite(legal(rb), 1, 0), _SEGMENT, _LIMIT, translation=translation)
        known = {c.name: c for c in classify(isa, structural=structural, showing=Showing.NOTHING)}
        assert known["new"].kinds == (kind,)
        assert "new" in theorem_1(tuple(known.values())).blame


def test_no_two_questions_are_called_alike() -> None:
    """What was decided is kept by what it is called, so two interrupts of one cause are two claims."""
    rings = Slot("rings", "Set by a clock.", kind="interrupt", bits=1)
    clock = Slot("wait", "A clock.", kind="device", clock=rings)
    cycle = Cycle((*CYCLE.interrupts, Interrupt(rings, Cause.DISK)))
    isa = evolve(_SMALL_VT, slots=(*_SMALL_VT.slots, clock, rings), cycle=cycle)
    for monitor in MONITORS.values():
        asked = [o for o in obligations(isa, monitor, classify(isa)) if o.query is not None]
        names = [(o.name, o.says, o.property) for o in asked]
        for name in {n for n in names if names.count(n) > 1}:
            same_questions = {o.query() for o, n in zip(asked, names, strict=True) if n == name and o.query}
            assert len(same_questions) == 1, name


def test_an_interrupt_line_of_the_real_devices_is_not_the_guests_to_set() -> None:
    """A monitor that loads the guest's pending line takes the real one from whoever waits for it: never proved."""
    lets = TRAP_AND_EMULATE.vary("open", entry={DISK_PENDING: as_expr(DISK_PENDING)})
    proof = prove(CLASSIC, lets, classify(CLASSIC, showing=Showing.NOTHING))
    assert proof.verdict("resource_control").status is Status.REFUTED
    assert "event:initial" in proof.verdict("resource_control").blame
    assert under(CLASSIC, lets, classify(CLASSIC)).resource_control.status is not Status.PROVED
