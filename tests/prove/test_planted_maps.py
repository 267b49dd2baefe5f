"""Planted faults in the allocator and the dispatcher: each is refuted, and a program shows it.

Every fault is one part of trap-and-emulate replaced, on a part of `classic`, beside the property that it breaks.
"""

from collections.abc import Mapping

import pytest
from attrs import evolve

from popek.isa.behaviour import Cause
from popek.isa.classic import CLASSIC
from popek.isa.expression import Expr, as_expr, both, eq, ite, ne, not_, ult
from popek.isa.slot import (
    BASE,
    BOUND,
    CONSOLE_READ,
    CONSOLE_WRITTEN,
    DISK_PENDING,
    DISK_WAIT,
    HALTED,
    IE,
    MODE,
    PC,
    RUN,
    TIMER,
    TIMER_PENDING,
    Slot,
)
from popek.isa.variants import VARIANTS
from popek.prove.properties import prove
from popek.prove.values import PROPERTIES, Status
from popek.testing.faults import FEW, classes_of, noticed
from popek.vmm.monitor import DISPATCHER, TRAP_AND_EMULATE, Action
from popek.vmm.vm_map import QUANTUM, K, W, elapsed, kept, vm_map

ENTRY, RECOVERY = vm_map(CLASSIC).entry, vm_map(CLASSIC).recovery
E, C, I = "equivalence", "resource_control", "isolation"  # noqa: E741 - the paper's letters
Table = Mapping[Slot, Expr]


def _sooner(clock: Slot) -> Expr:
    return ite(both(ne(clock, 0), ult(clock, QUANTUM)), clock, QUANTUM)


ALLOCATORS: Mapping[str, tuple[str, Table]] = {
    "bound not clipped": (I, {BOUND: as_expr(BOUND)}),
    "bound clipped by w, not by w - base": (E, {BOUND: ite(ult(BOUND, W), BOUND, W)}),
    "bound not cut to nothing beyond the end": (E, {BOUND: ite(ult(BOUND, W - BASE), BOUND, W - BASE)}),
    "bound one too large": (C, {BOUND: ENTRY[BOUND] + 1}),
    "bound one too small": (E, {BOUND: ite(eq(ENTRY[BOUND], 0), 0, ENTRY[BOUND] - 1)}),
    "bound always the whole allotment": (E, {BOUND: W}),
    "base added twice": (C, {BASE: K + K + BASE}),
    "base not added": (E, {BASE: as_expr(BASE)}),
    "base one too far": (E, {BASE: K + BASE + 1}),
    "virtual base forgotten": (E, {BASE: K}),
    "real mode the guest's own": (C, {MODE: as_expr(MODE)}),
    "real mode supervisor": (E, {MODE: as_expr(0)}),
    "interrupts left off": (C, {IE: as_expr(0)}),
    "interrupts as the guest has them": (C, {IE: as_expr(IE)}),
    "processor left halted": (E, {RUN: as_expr(HALTED)}),
    "timer for the quantum only": (E, {TIMER: QUANTUM}),
    "timer for the virtual timer only": (C, {TIMER: as_expr(TIMER)}),
    "timer one too long": (E, {TIMER: ENTRY[TIMER] + 1}),
    "timer one too short": (C, {TIMER: ENTRY[TIMER] - 1}),
    "timer without the disk": (E, {TIMER: _sooner(TIMER)}),
    "timer without the virtual timer": (E, {TIMER: _sooner(DISK_WAIT)}),
    "timer the virtual one whenever that runs": (C, {TIMER: ite(ne(TIMER, 0), TIMER, QUANTUM)}),
    "virtual timer's interrupt left pending": (E, {TIMER_PENDING: as_expr(TIMER_PENDING)}),
    "timer interrupt always pending": (E, {TIMER_PENDING: as_expr(1)}),
    "virtual disk's interrupt pending in the real machine": (E, {DISK_PENDING: as_expr(DISK_PENDING)}),
    "console left open": (C, {CONSOLE_WRITTEN: as_expr(CONSOLE_WRITTEN)}),
    "disk left open": (C, {DISK_WAIT: as_expr(DISK_WAIT)}),
    "pc one further": (E, {PC: as_expr(PC) + 1}),
}

_RAN = both(ne(kept(TIMER), 0), not_(ult(elapsed(), kept(TIMER))))

RECOVERIES: Mapping[str, Table] = {
    "tick lost": {TIMER: kept(TIMER)},
    "timer off by one": {TIMER: RECOVERY[TIMER] + 1},
    "timer the real one": {TIMER: as_expr(TIMER)},
    "timer ticks when it is stopped": {TIMER: kept(TIMER) - elapsed()},
    "timer's interrupt lost": {TIMER_PENDING: kept(TIMER_PENDING)},
    "timer's interrupt forgotten by the next exit": {TIMER_PENDING: ite(_RAN, 1, 0)},
    "tick of the disk lost": {DISK_WAIT: kept(DISK_WAIT)},
    "disk's interrupt lost": {DISK_PENDING: kept(DISK_PENDING)},
    "bound the real one": {BOUND: as_expr(BOUND)},
    "base the real one": {BASE: as_expr(BASE)},
    "base computed back from the real one": {BASE: as_expr(BASE) - K},
    "mode the real one": {MODE: as_expr(MODE)},
    "interrupt enable the real one": {IE: as_expr(IE)},
    "run state made up": {RUN: as_expr(MODE)},
    "console the real one": {CONSOLE_READ: as_expr(CONSOLE_READ)},
    "pc off by one": {PC: as_expr(PC) + 1},
    "pc as it was on entry": {PC: kept(PC)},
    "pc off by one unless it is as on entry": {PC: ite(eq(PC, kept(PC)), PC, as_expr(PC) + 1)},
    "pc without its top bit": {PC: as_expr(PC) & 0x7FFF_FFFF},
}

DISPATCHERS: Mapping[str, tuple[Cause, Action]] = {
    "memory trap skipped": (Cause.MEMORY, Action.SKIP),
    "illegal instruction skipped": (Cause.ILLEGAL, Action.SKIP),
    "privileged instruction skipped": (Cause.PRIVILEGED, Action.SKIP),
    "supervisor call skipped": (Cause.SVC, Action.SKIP),
    "arithmetic trap skipped": (Cause.ARITHMETIC, Action.SKIP),
    "memory trap resumed": (Cause.MEMORY, Action.RESUME),
    "illegal instruction resumed": (Cause.ILLEGAL, Action.RESUME),
    "privileged instruction resumed": (Cause.PRIVILEGED, Action.RESUME),
    "supervisor call resumed": (Cause.SVC, Action.RESUME),
    "arithmetic trap resumed": (Cause.ARITHMETIC, Action.RESUME),
    "end of the quantum taken for a trap": (Cause.TIMER, Action.INTERPRET),
    "end of the quantum skips an instruction": (Cause.TIMER, Action.SKIP),
    "somebody's disk taken for a trap": (Cause.DISK, Action.INTERPRET),
    "somebody's disk skips an instruction": (Cause.DISK, Action.SKIP),
}


@pytest.mark.parametrize("fault", ALLOCATORS)
def test_a_wrong_allocator_is_refuted(fault: str) -> None:
    """What is loaded into the real machine matters, part by part."""
    prop, entry = ALLOCATORS[fault]
    assert noticed(FEW, evolve(TRAP_AND_EMULATE, name="wrong", entry=entry), prop)


@pytest.mark.parametrize("fault", RECOVERIES)
def test_a_wrong_recovery_is_refuted(fault: str) -> None:
    """What is read back from the real machine matters, part by part."""
    assert noticed(FEW, evolve(TRAP_AND_EMULATE, name="wrong", recovery=RECOVERIES[fault]), E)


@pytest.mark.parametrize("fault", DISPATCHERS)
def test_a_wrong_dispatcher_is_refuted(fault: str) -> None:
    """Each cause has one right answer."""
    cause, action = DISPATCHERS[fault]
    dispatcher = {**DISPATCHER, cause: action}
    assert noticed(FEW, evolve(TRAP_AND_EMULATE, name="wrong", dispatcher=dispatcher), E)


def test_a_quantum_that_every_exit_renews_is_refuted() -> None:
    """A guest that makes an exit in time would keep the processor for ever: resource control, not equivalence."""
    renewing = evolve(TRAP_AND_EMULATE, name="wrong", renews=True)
    found = noticed(FEW, renewing, C)
    assert found
    assert "after an exit there are" in found.says
    assert prove(FEW, renewing, classes_of(FEW)).verdict(E).status is Status.PROVED


def test_interrupts_that_are_delivered_late_are_refuted() -> None:
    """Entry and recovery can be wrong together: the timer is not for the guest, whose interrupt waits for any exit."""
    late = {TIMER: ite(_RAN, 0, RECOVERY[TIMER]), TIMER_PENDING: ite(_RAN, 1, kept(TIMER_PENDING))}
    wrong = evolve(TRAP_AND_EMULATE, name="wrong", entry={TIMER: _sooner(DISK_WAIT)}, recovery=late)
    assert noticed(FEW, wrong, E)


def test_a_bound_that_is_not_read_back_is_refuted_where_programs_may_shrink_it() -> None:
    """On `classic` nobody can: there no program shows it."""
    (setb,) = (v for v in VARIANTS if v.name == "setb")
    forgetful = evolve(TRAP_AND_EMULATE, name="wrong", recovery={BOUND: kept(BOUND)})
    assert noticed(setb, forgetful, E)
    assert noticed(FEW, forgetful, E) is None


def test_a_fault_that_no_program_shows_is_never_proved_and_never_refuted() -> None:
    """A recovery that is wrong only before the guest's first tick: the claim fails, no run gets there: unknown."""
    wrong = {TIMER_PENDING: ite(eq(kept(TIMER), elapsed()), 1, kept(TIMER_PENDING))}
    monitor = evolve(TRAP_AND_EMULATE, name="wrong", recovery=wrong)
    assert noticed(FEW, monitor, E) is None
    assert prove(FEW, monitor, classes_of(FEW)).verdict(E).status is not Status.PROVED


def test_the_map_without_a_fault_is_proved() -> None:
    """To replace a part by itself is no fault: what refutes the others is what is wrong with them."""
    same = evolve(TRAP_AND_EMULATE, name="right", entry=ENTRY, recovery=RECOVERY)
    proof = prove(FEW, same, classes_of(FEW))
    assert {proof.verdict(p).status for p in PROPERTIES} == {Status.PROVED}
