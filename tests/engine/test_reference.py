"""One step of the reference: its order, its events, and that it works on anything like a state."""

from random import Random

import pytest

from popek.engine import reference
from popek.engine.reference import Event, Kind, upcoming
from popek.isa.behaviour import Behaviour, Cause, Store
from popek.isa.classic import CLASSIC
from popek.isa.expression import as_expr
from popek.isa.slot import BOUND, DISK_PENDING, IE, MEMORY, MODE, PC, TIMER, TIMER_PENDING
from popek.testing.oracle import Oracle
from popek.testing.programs import guest
from popek.testing.states import any_state, contents, made

NEW = {9: 20, 11: 64}


@pytest.mark.parametrize("seed", range(40))
def test_a_run_is_the_oracles(seed: int) -> None:
    """Random guests, step by step: the whole machine does what the one written by hand does."""
    drawn = guest(CLASSIC, seed)
    state = made(CLASSIC, drawn.allotment.size, memory=drawn.words)
    oracle = Oracle(state)
    for _ in range(drawn.steps):
        if oracle.run:
            break
        reference.step(CLASSIC, state)
        oracle.step()
        assert contents(state) == oracle.everything()


@pytest.mark.parametrize(
    ("word", "slots", "event"),
    [
        (0x0100_0000, {}, Event(Kind.EXECUTED, 30, 1)),
        (0x1B00_0007, {}, Event(Kind.TRAP, 30, 1, None, Cause.SVC, 7)),
        (0x4000_0000, {}, Event(Kind.TRAP, 30, 1, None, Cause.PRIVILEGED, 0x4000_0000, privilege=True)),
        (0x4000_0001, {}, Event(Kind.TRAP, 30, 1, None, Cause.ILLEGAL, 0x4000_0001)),
        (0x1310_8000, {}, Event(Kind.TRAP, 30, 1, None, Cause.MEMORY, 0xFFFF8000)),
        (0x0911_1000, {}, Event(Kind.TRAP, 30, 1, None, Cause.ARITHMETIC, 0)),
        (0x0100_0000, {BOUND: 30}, Event(Kind.TRAP, 30, 1, None, Cause.MEMORY, 30)),
        (0x0100_0000, {IE: 1, TIMER_PENDING: 1}, Event(Kind.INTERRUPT, 30, 1, None, Cause.TIMER)),
        (0x0100_0000, {IE: 1, DISK_PENDING: 1}, Event(Kind.INTERRUPT, 30, 1, None, Cause.DISK)),
        (0x0100_0000, {IE: 1, DISK_PENDING: 1, TIMER_PENDING: 1}, Event(Kind.INTERRUPT, 30, 1, None, Cause.TIMER)),
        (0x0100_0000, {IE: 0, TIMER_PENDING: 1}, Event(Kind.EXECUTED, 30, 1)),
    ],
    ids=["executed", "svc", "privileged", "illegal", "load", "divide", "fetch", "timer", "disk", "both", "masked"],
)
def test_an_event_says_what_happened(word: int, slots: dict[object, int], event: Event) -> None:
    """Kind, pc, mode, cause and detail, as they were before the step; the new PSW is loaded if it was a trap."""
    state = made(CLASSIC, 64, slots={MODE: 1, PC: 30, **slots}, memory={30: word, **NEW})  # type: ignore[dict-item]
    decoded = upcoming(CLASSIC, state)
    done = reference.step(CLASSIC, state)
    got = (done.kind, done.pc, done.mode, done.cause, done.detail, done.privilege)
    assert got == (event.kind, event.pc, event.mode, event.cause, event.detail, event.privilege)
    assert done.decoded in (decoded, None)
    assert (state.slot(PC), state.slot(MODE)) == ((31, 1) if event.kind is Kind.EXECUTED else (20, 0))
    if event.cause is not None:
        assert list(state.memory[4:6]) == [event.cause, event.detail]
        assert state.memory[1] == 30 + (event.cause is Cause.SVC)


def test_the_old_pc_of_a_supervisor_call_wraps() -> None:
    """At the last virtual address the next word's is 0."""
    state = made(CLASSIC, 64, slots={PC: 0xFFFFFFFF}, memory=NEW)
    reference.trap(CLASSIC, state, 0xFFFFFFFF, Cause.SVC, 0)
    assert state.memory[1] == 0


def test_what_comes_next_is_seen_without_doing_it() -> None:
    """`upcoming` changes nothing, and gives nothing where the fetch faults or the word is illegal."""
    random = Random(5)  # noqa: S311
    for _ in range(300):
        state = any_state(random, CLASSIC)
        before = contents(state)
        decoded = upcoming(CLASSIC, state)
        assert contents(state) == before
        state.slots[TIMER_PENDING] = state.slots[DISK_PENDING] = 0
        event = reference.step(CLASSIC, state)
        assert event.decoded == decoded


def test_a_behaviour_with_abstract_references_is_not_applied() -> None:
    """They must be lowered first: our own mistake ends the run."""
    with pytest.raises(AssertionError, match="was not lowered"):
        reference.apply(Behaviour({}, [Store(as_expr(1), 1)]), made(CLASSIC))


def test_a_trap_that_stores_over_the_new_psw_loads_the_old_one() -> None:
    """All that a trap does is of the state before; its words do not overlap its PSW, wherever the pc was."""
    state = made(CLASSIC, 64, slots={PC: 8, TIMER: 3}, memory={8: 0x1B00_0001, **NEW})
    reference.step(CLASSIC, state)
    assert state.slot(MODE) == 1
    assert state.slot(PC) == 20
    assert state.element(MEMORY, 6) == 2
