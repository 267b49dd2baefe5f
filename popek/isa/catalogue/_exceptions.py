"""Exceptions as the RISC machines of the catalogue share them: their exception registers are the trap's words.

A trap of popek's stores the old PSW, a cause and a detail in fixed words of physical memory, and takes the new PSW from
there. A machine that has registers for this (an exception's pc, the status before it, its cause, its vector) has those
words as registers here: its instructions read and write them where they lie, whatever R is. So a return from an
exception loads the R that was active before, too.
"""

from popek.isa.behaviour import Behaviour, Put
from popek.isa.classic import sets
from popek.isa.cycle import NEW_PC, OLD_BASE, OLD_BOUND, OLD_CAUSE, OLD_DETAIL, OLD_PC, OLD_STATUS, psw_from
from popek.isa.expression import Expr, Word, as_expr, either, element, ite, lshr, ne, shl
from popek.isa.instruction import A, ra
from popek.isa.slot import (
    DISK_PENDING,
    DISK_WAIT,
    HALTED,
    IE,
    MEMORY,
    RUN,
    RUNNING,
    TIMER,
    TIMER_PENDING,
    Slot,
)

EXCEPTION_PC, EXCEPTION_CAUSE, EXCEPTION_DETAIL, VECTOR = (
    element(MEMORY, w) for w in (OLD_PC, OLD_CAUSE, OLD_DETAIL, NEW_PC)
)
"""The exception registers, as expressions."""

PREVIOUS_STATUS = element(MEMORY, OLD_STATUS)
PREVIOUS_MODE, PREVIOUS_IE = PREVIOUS_STATUS & 1, lshr(PREVIOUS_STATUS, 1) & 1
"""The status, mode and interrupt enable as they were before the exception."""

STALE = Slot(
    "stale",
    "Whether the processor may still hold translations of before the mapping was changed, and has not been told yet.",
    kind="translations",
    bits=1,
)
"""All that is modelled of a translation buffer that is filled from tables: whether it must be flushed."""


def previous(user: Word, enabled: Word) -> Put:
    """Return the effect that sets mode and interrupt enable of before the exception."""
    return Put(MEMORY, OLD_STATUS, as_expr(user) | shl(enabled, 1))


def writes_word(word: int, value: Word = ra) -> Behaviour:
    """Return the behaviour that writes one of the trap's words."""
    return Behaviour({}, [Put(MEMORY, word, value)])


def returns(pc: Word = EXCEPTION_PC, status: Word = PREVIOUS_STATUS) -> dict[Slot, Word]:
    """Return the writes of a return from an exception: to mode, interrupt enable, R and pc of before it."""
    return psw_from(status, pc, element(MEMORY, OLD_BASE), element(MEMORY, OLD_BOUND))


def sets_timer(value: Word = ra) -> dict[Slot, Word]:
    """Return the writes that set the timer; no timer interrupt is pending any more."""
    return {TIMER: value, TIMER_PENDING: 0}


def counts(start: Word) -> Behaviour:
    """Return the behaviour that reads a free-running counter: what the timer has counted down, it has counted up."""
    return sets(A, as_expr(start) - TIMER)


_WAKES: Expr = either(ne(TIMER, 0), ne(TIMER_PENDING, 0), ne(DISK_WAIT, 0), ne(DISK_PENDING, 0))

WAITS = Behaviour({RUN: ite(_WAKES, RUNNING, HALTED)})
"""Wait for an interrupt. If one is pending or under way it goes on at once, as such instructions may; if nothing can
ever come, the processor stands still."""

MASKED: Expr = as_expr(1) - IE
"""1 if interrupts are masked: the interrupt enable, the other way round."""
