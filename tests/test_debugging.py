"""A debugging session stops where it is told to, and shows what there is, forwards and backwards."""

from itertools import pairwise

import pytest

import popek
from popek.engine.stepper import Outcome
from popek.errors import PopekError
from popek.isa.slot import MODE, PC
from popek.library.debugging import Session, Why, debug

MONITORS = [None, "trap-and-emulate", "translation"]


def _pc(session: Session) -> int:
    return session.machine.state.slot(PC)


@pytest.mark.parametrize("monitor", MONITORS)
def test_it_steps_and_goes_back(monitor: str | None) -> None:
    """Back to the same state, and never beyond the beginning."""
    session = debug("timer", monitor=monitor)
    seen = [session.slots()]
    for _ in range(30):
        assert session.step() is Why.STEPPED
        seen.append(session.slots())
    for state in reversed(seen[:-1]):
        session.back()
        assert session.slots() == state
    session.back(5)
    assert session.machine.counts["steps"] == 0
    assert not session.events


@pytest.mark.parametrize("monitor", MONITORS)
def test_it_stops_at_a_breakpoint(monitor: str | None) -> None:
    """Before the instruction there, each time; and runs to its end without one."""
    session = debug("fibonacci", monitor=monitor)
    for _ in range(6):
        session.step()
    here = _pc(session)
    session.back(6)
    assert session.toggle(here)
    assert session.run() is Why.BREAKPOINT
    assert _pc(session) == here
    assert [line.address for line in session.code() if line.breakpoint] == [here]
    assert not session.toggle(here)
    assert session.run() is Why.ENDED
    assert session.outcome is Outcome.HALTED
    assert session.step() is Why.ENDED


def test_it_stops_at_traps_exits_and_changes() -> None:
    """Only if it is told to."""
    session = debug("os", monitor="trap-and-emulate")
    session.stop_at_traps = True
    assert session.run() is Why.TRAP
    session.stop_at_traps, session.stop_at_exits = False, True
    assert session.run() is Why.EXIT
    assert session.events[-1].notes["exits"]
    session.stop_at_exits = False
    assert session.watch("mode") is MODE
    before = session.machine.state.slot(MODE)
    assert session.run() is Why.CHANGED
    assert session.machine.state.slot(MODE) != before


def test_it_runs_to_a_label() -> None:
    """And leaves no breakpoint there."""
    session = Session(popek.machine("classic", _program()), _program())
    assert session.run_to(session.address("there")) is Why.BREAKPOINT
    assert (_pc(session), session.breakpoints) == (18, set())
    assert session.address("0x10") == 16
    assert session.run(0) is Why.LIMIT


def _program() -> popek.isa.program.Program:
    return popek.assemble("nop\nnop\nthere: halt ; the end\n")


@pytest.mark.parametrize(("ask", "hint"), [("ther", "did you mean `there`"), ("", "a number")])
def test_an_address_that_is_none(ask: str, hint: str) -> None:
    """It is refused with the nearest label."""
    session = Session(popek.machine("classic", _program()), _program())
    with pytest.raises(PopekError, match=hint):
        session.address(ask)
    with pytest.raises(PopekError, match="did you mean `mode`"):
        session.watch("mod")


def test_code_is_what_r_lets_the_guest_see() -> None:
    """With the source's comments, and one line that is next."""
    session = Session(popek.machine("classic", _program(), memory=20), _program())
    lines = list(session.code())
    assert [line.address for line in lines] == list(range(13, 20))
    assert [line.address for line in lines if line.current] == [16]
    assert lines[-2].source == "there: halt ; the end"


@pytest.mark.parametrize("monitor", MONITORS)
def test_the_map_covers_real_memory(monitor: str | None) -> None:
    """From its beginning to its end without a gap, with the window of R in it."""
    session = debug("hello", monitor=monitor, memory=4096)
    parts = session.memory_map()
    assert parts[0].start == 0
    assert all(a.start + a.size == b.start for a, b in pairwise(parts))
    assert parts[-1].start + parts[-1].size == 4096
    assert any(p.what.endswith("in R") for p in parts)


def test_a_session_says_where_it_is() -> None:
    """In a sentence, also at its end."""
    session = Session(popek.machine("classic", _program()), _program())
    assert session.summary() == "step 0, supervisor mode, next nop: stepped"
    session.run()
    assert session.summary() == "step 3: halted"
