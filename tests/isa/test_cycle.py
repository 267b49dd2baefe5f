"""The machine's step as data: the trap's words, the PSW's, and the clocks."""

import pytest
from attrs import evolve

from popek.engine.reference import apply
from popek.isa.behaviour import Behaviour, Cause, Put
from popek.isa.classic import CLASSIC
from popek.isa.cycle import CYCLE, STATUS, SWAP, TRAP_WORDS, psw_from, tick
from popek.isa.domain import Evaluation, integers
from popek.isa.slot import (
    BASE,
    BOUND,
    DISK_PENDING,
    DISK_WAIT,
    IE,
    MODE,
    PC,
    SLOTS,
    TIMER,
    TIMER_PENDING,
    Slot,
)
from popek.testing.states import made


def test_the_trap_words_are_the_ones_that_are_documented() -> None:
    """Old status, pc, base, bound, cause, detail and timer in words 0 to 6; the new PSW in words 8 to 11."""
    memory = {8: 0xFFFFFFFE, 9: 109, 10: 110, 11: 111}
    slots = {MODE: 1, IE: 0, PC: 5, BASE: 6, BOUND: 7, TIMER: 8, TIMER_PENDING: 1}
    state = made(CLASSIC, 64, slots=slots, memory=memory)
    apply(SWAP, state, {"pc": 55, "cause": 3, "detail": 66})
    assert list(state.memory[:16]) == [1, 55, 6, 7, 3, 66, 8, 0, 0xFFFFFFFE, 109, 110, 111, 0, 0, 0, 0]
    assert [state.slot(s) for s in (MODE, IE, PC, BASE, BOUND, TIMER, TIMER_PENDING)] == [0, 1, 109, 110, 111, 8, 1]


def test_a_trap_writes_within_the_trap_words() -> None:
    """All that the trap mechanism touches lies in words 0 to 15."""
    places = [e.index.payload for e in SWAP.effects if isinstance(e, Put)]
    assert len(places) == len(SWAP.effects) == len(set(places))
    assert all(isinstance(p, int) and p < TRAP_WORDS for p in places)


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize("ie", [0, 1])
def test_a_status_word_and_the_psw_are_inverse(mode: int, ie: int) -> None:
    """What is stored as a status word is what is loaded from it; other bits are ignored."""
    state = made(CLASSIC, 64, slots={MODE: mode, IE: ie})
    value = Evaluation(integers(32), state)  # type: ignore[arg-type]
    assert value(STATUS) == mode + 2 * ie
    other = made(CLASSIC, 64, slots={MODE: 1 - mode, IE: 1 - ie})
    apply(Behaviour(psw_from(value(STATUS) | 0xFFFFFFFC, 1, 2, 3)), other)
    assert [other.slot(s) for s in (MODE, IE, PC, BASE, BOUND)] == [mode, ie, 1, 2, 3]


@pytest.mark.parametrize(
    ("timer", "pending", "then"),
    [(0, 0, (0, 0)), (0, 1, (0, 1)), (1, 0, (0, 1)), (1, 1, (0, 1)), (2, 0, (1, 0)), (0xFFFFFFFF, 1, (0xFFFFFFFE, 1))],
)
def test_a_tick_counts_down_and_tells_at_zero(timer: int, pending: int, then: tuple[int, int]) -> None:
    """A clock that stands still stays, and is no news; one that reaches zero is pending, and no tick clears that."""
    state = made(CLASSIC, 64, slots={TIMER: timer, TIMER_PENDING: pending})
    apply(tick(SLOTS), state)
    assert (state.slot(TIMER), state.slot(TIMER_PENDING)) == then


def test_a_clock_of_ones_own_ticks_like_the_others() -> None:
    """Whatever slot is declared a clock is one; the clocks do not disturb each other."""
    told = Slot("told", "Told.", bits=1)
    own = Slot("own", "A clock.", clock=told)
    assert tick((own,)).writes.keys() == {own, told}
    assert tick(SLOTS).writes.keys() == {TIMER, TIMER_PENDING, DISK_WAIT, DISK_PENDING}
    assert tick((PC, told)) == Behaviour()
    assert CLASSIC.clocks == (TIMER, DISK_WAIT)


@pytest.mark.parametrize(("ie", "pending"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_an_interrupt_is_ready_when_enabled_and_pending(ie: int, pending: int) -> None:
    """Both are needed; the timer's comes before the disk's."""
    for interrupt in CYCLE.interrupts:
        state = made(CLASSIC, 64, slots={IE: ie, interrupt.pending: pending})
        value = Evaluation(integers(32), state)  # type: ignore[arg-type]
        assert value(interrupt.ready) is (ie == pending == 1)
        assert interrupt.ready is interrupt.ready
    assert [i.cause for i in CYCLE.interrupts] == [Cause.TIMER, Cause.DISK]


def test_clocks_that_set_the_same_slot_are_all_heard() -> None:
    """Whichever of two clocks runs out, what both set is set; and a clock may start another."""
    bell = Slot("bell", "Both set it.", bits=1)
    one, two = Slot("one", "A clock.", clock=bell), Slot("two", "Another.", clock=bell)
    first = Slot("first", "Starts `one`.", clock=one)
    isa = evolve(CLASSIC, slots=(*SLOTS, first, one, two, bell))
    for values, rung, left in (({one: 1}, 1, 0), ({two: 1}, 1, 0), ({one: 2}, 0, 1), ({first: 1}, 0, 1)):
        state = made(isa, 64, slots=values)
        apply(isa.tick, state)
        assert (state.slot(bell), state.slot(one)) == (rung, left)
