"""Monitors that are wrong, each in one part of trap-and-emulate: for tests that have to notice.

`WRONG_MONITORS` has them by what is wrong, each with a property that it breaks on `classic`.
"""

from collections.abc import Mapping

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
from popek.vmm.monitor import DISPATCHER, TRAP_AND_EMULATE, Action, Monitor
from popek.vmm.vm_map import QUANTUM, K, W, elapsed, kept, vm_map

ENTRY, RECOVERY = vm_map(CLASSIC).entry, vm_map(CLASSIC).recovery
E, C, I = "equivalence", "resource_control", "isolation"  # noqa: E741 - the paper's letters
Table = Mapping[Slot, Expr]


def sooner(clock: Slot) -> Expr:
    """Return the lesser of a clock that runs and the quantum: a timer for that clock alone."""
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
    "timer without the disk": (E, {TIMER: sooner(TIMER)}),
    "timer without the virtual timer": (E, {TIMER: sooner(DISK_WAIT)}),
    "timer the virtual one whenever that runs": (C, {TIMER: ite(ne(TIMER, 0), TIMER, QUANTUM)}),
    "virtual timer's interrupt left pending": (E, {TIMER_PENDING: as_expr(TIMER_PENDING)}),
    "timer interrupt always pending": (E, {TIMER_PENDING: as_expr(1)}),
    "virtual disk's interrupt pending in the real machine": (E, {DISK_PENDING: as_expr(DISK_PENDING)}),
    "console left open": (C, {CONSOLE_WRITTEN: as_expr(CONSOLE_WRITTEN)}),
    "disk left open": (C, {DISK_WAIT: as_expr(DISK_WAIT)}),
    "pc one further": (E, {PC: as_expr(PC) + 1}),
}

RAN = both(ne(kept(TIMER), 0), not_(ult(elapsed(), kept(TIMER))))
"""Whether the virtual timer has run out since the guest was entered."""

RECOVERIES: Mapping[str, Table] = {
    "tick lost": {TIMER: kept(TIMER)},
    "timer off by one": {TIMER: RECOVERY[TIMER] + 1},
    "timer the real one": {TIMER: as_expr(TIMER)},
    "timer ticks when it is stopped": {TIMER: kept(TIMER) - elapsed()},
    "timer's interrupt lost": {TIMER_PENDING: kept(TIMER_PENDING)},
    "timer's interrupt forgotten by the next exit": {TIMER_PENDING: ite(RAN, 1, 0)},
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

WRONG_MONITORS: Mapping[str, tuple[str, Monitor]] = {
    **{fault: (prop, evolve(TRAP_AND_EMULATE, name=fault, entry=entry)) for fault, (prop, entry) in ALLOCATORS.items()},
    **{fault: (E, evolve(TRAP_AND_EMULATE, name=fault, recovery=table)) for fault, table in RECOVERIES.items()},
    **{
        fault: (E, evolve(TRAP_AND_EMULATE, name=fault, dispatcher={**DISPATCHER, cause: action}))
        for fault, (cause, action) in DISPATCHERS.items()
    },
}
"""By what is wrong: a property that is thereby broken on `classic`, and the monitor."""
