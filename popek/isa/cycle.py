"""The machine's step: what happens around an instruction. Data as well, so that engines and proofs share it.

One step of the machine is either the entry of an interrupt, or an attempt at an instruction:

1. if interrupts are enabled and one is pending: it is no longer pending, and a trap with its cause is taken;
2. else every running clock ticks (also for an attempt that traps);
3. the word at the pc is fetched (memory trap), decoded (illegal-opcode trap) and executed (its own traps).

A trap stores the old PSW, the cause, a detail and the timer in fixed physical words, and loads the new PSW from
fixed physical words: the paper's E[0] and E[1], as several words each.
"""

from collections.abc import Iterable
from functools import cached_property

from attrs import frozen

from popek.isa.behaviour import Behaviour, Cause, Put
from popek.isa.expression import Expr, Word, as_expr, both, element, eq, ite, lshr, operand, shl
from popek.isa.slot import (
    BASE,
    BOUND,
    DISK_PENDING,
    IE,
    MEMORY,
    MODE,
    PC,
    TIMER,
    TIMER_PENDING,
    Slot,
)

OLD_STATUS, OLD_PC, OLD_BASE, OLD_BOUND, OLD_CAUSE, OLD_DETAIL, OLD_TIMER = range(7)
NEW_STATUS, NEW_PC, NEW_BASE, NEW_BOUND = range(8, 12)
TRAP_WORDS = 16
"""Physical words 0..15 belong to the trap mechanism; an allotment starts above them."""

STATUS = as_expr(MODE) | shl(IE, 1)
"""The PSW's first word: the mode in bit 0, the interrupt enable in bit 1. Other bits read as 0 and are ignored."""


def psw_from(status: Word, pc: Word, base: Word, bound: Word) -> dict[Slot, Word]:
    """Return the writes that load a PSW from its four words."""
    return {MODE: as_expr(status) & 1, IE: lshr(status, 1) & 1, PC: pc, BASE: base, BOUND: bound}


SWAP = Behaviour(
    psw_from(*(element(MEMORY, w) for w in (NEW_STATUS, NEW_PC, NEW_BASE, NEW_BOUND))),
    [
        Put(MEMORY, OLD_STATUS, STATUS),
        Put(MEMORY, OLD_PC, operand("pc")),
        Put(MEMORY, OLD_BASE, BASE),
        Put(MEMORY, OLD_BOUND, BOUND),
        Put(MEMORY, OLD_CAUSE, operand("cause")),
        Put(MEMORY, OLD_DETAIL, operand("detail")),
        Put(MEMORY, OLD_TIMER, TIMER),
    ],
)
"""A trap, given the operands `pc` (for the old PSW: that of the instruction, plus the cause's `old_pc`), `cause` and
`detail`. What it writes is the PSW."""


@frozen
class Interrupt:
    """An event that is taken before an instruction, when `pending` is set and interrupts are enabled."""

    pending: Slot
    cause: Cause

    @cached_property
    def ready(self) -> Expr:
        """Whether it is taken now."""
        return both(eq(IE, 1), eq(self.pending, 1))


@frozen
class Cycle:
    """How a machine steps: its interrupts, first come first served, its trap, and its clocks' tick."""

    interrupts: tuple[Interrupt, ...]
    swap: Behaviour = SWAP


def tick(slots: Iterable[Slot]) -> Behaviour:
    """Return one tick of every clock among the slots; several may set the same slot, and one may set another."""
    declared = tuple(slots)
    clocks = [s for s in declared if s.clock is not None]
    writes: dict[Slot, Expr] = {c: ite(eq(c, 0), 0, as_expr(c) - 1) for c in clocks}
    for clock in clocks:
        assert clock.clock is not None
        writes[clock.clock] = ite(eq(clock, 1), 1, writes.get(clock.clock, clock.clock))
    return Behaviour({s: writes[s] for s in (*declared, *writes) if s in writes})


CYCLE = Cycle((Interrupt(TIMER_PENDING, Cause.TIMER), Interrupt(DISK_PENDING, Cause.DISK)))
