"""Resource control: every sentence of the invariant can fail, and every trespass is told."""

from random import Random

import pytest

from popek.engine.compiled import closure
from popek.engine.state import Journal, State
from popek.isa.classic import CLASSIC
from popek.isa.slot import (
    BASE,
    BOUND,
    CONSOLE_OUTPUT,
    CONSOLE_WRITTEN,
    DISK,
    DISK_PENDING,
    DISK_WAIT,
    IE,
    MEMORY,
    MODE,
    PC,
    REGISTERS,
    RUN,
    TIMER,
    TIMER_PENDING,
    Array,
    Slot,
)
from popek.testing.states import made
from popek.testing.words import word
from popek.vmm.allotment import Allotment
from popek.vmm.control import INVARIANT, broken, trespasses

ALLOTMENT = Allotment(20, 32)
GOOD = {MODE: 1, IE: 1, RUN: 0, BASE: 20, BOUND: 32, TIMER: 9}


def real(**changed: int) -> State:
    """Return a real state as a monitor leaves it, with some slots changed."""
    slots = {s.name: s for s in CLASSIC.slots}
    return made(CLASSIC, 64, slots={**GOOD, **{slots[n]: v for n, v in changed.items()}})


@pytest.mark.parametrize("changed", [{}, {"base": 30, "bound": 22}, {"base": 51, "bound": 1}, {"base": 0, "bound": 0}])
def test_what_a_monitor_loads_is_in_order(changed: dict[str, int]) -> None:
    """R may be any part of the allotment, or nothing at all."""
    assert not list(broken(real(**changed), ALLOTMENT))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"mode": 0}, "the real mode is user"),
        ({"ie": 0}, "interrupts are enabled"),
        ({"run": 1}, "the processor is running"),
        ({"bound": 33}, "R lies inside the allotment"),
        ({"base": 19, "bound": 1}, "R lies inside the allotment"),
        ({"base": 52, "bound": 1}, "R lies inside the allotment"),
        ({"base": 21}, "R lies inside the allotment"),
        ({"base": 0xFFFFFFFF, "bound": 40}, "R lies inside the allotment"),
        ({"bound": 0xFFFFFFFF}, "R lies inside the allotment"),
    ],
)
def test_every_sentence_can_fail(changed: dict[str, int], says: str) -> None:
    """One thing wrong, one sentence."""
    assert list(broken(real(**changed), ALLOTMENT)) == [f"not so: {says}"]
    assert says in [c.says for c in INVARIANT]


def test_r_inside_the_allotment_means_that_nothing_else_is_reached() -> None:
    """On random R: the sentence holds iff every address that R lets through lies in the allotment."""
    random = Random(1)  # noqa: S311
    (claim,) = (c for c in INVARIANT if c.says.startswith("R lies"))
    for _ in range(3000):
        base = random.choice((random.randint(10, 60), word(random, 20)))
        bound = random.choice((random.randint(0, 40), word(random, 32)))
        inside = closure(claim.holds)(real(base=base, bound=bound), {"k": 20, "w": 32})
        assert inside == (bound == 0 or (base >= 20 and base + bound <= 52))


def changes(*writes: tuple[Slot, int] | tuple[Array, int, int]) -> list[str]:
    """Return the trespasses of a step that makes these writes."""
    journal = Journal()
    state = State(CLASSIC, 64, journal)
    state.slots.update(GOOD)
    journal.on = True
    for what, *values in writes:
        if isinstance(what, Slot):
            state.set_slot(what, values[0])
        else:
            state.put(what, *values)
    return list(trespasses(state, ALLOTMENT, journal.changes))


def test_a_guest_may_do_as_it_likes_with_what_is_its_own() -> None:
    """Its memory, registers and pc; the real timer ticks, and the real clocks may."""
    assert changes((PC, 17), (MEMORY, 20, 1), (MEMORY, 51, 1), (REGISTERS, 3, 1), (TIMER, 8), (TIMER_PENDING, 1)) == []
    assert changes((DISK_WAIT, 3), (DISK_PENDING, 1)) == []


@pytest.mark.parametrize(
    ("write", "said"),
    [
        ((MEMORY, 19, 1), "real memory word 19, outside the allotment, changed from 0 to 1"),
        ((MEMORY, 52, 1), "real memory word 52, outside the allotment, changed from 0 to 1"),
        ((CONSOLE_OUTPUT, 0, 1), "the real console_output was written at 0"),
        ((DISK, 5, 1), "the real disk was written at 5"),
        ((TIMER, 7), "the real timer went from 9 to 7, and not by its tick"),
        ((TIMER, 10), "the real timer went from 9 to 10, and not by its tick"),
        ((CONSOLE_WRITTEN, 1), "the real console_written changed from 0 to 1"),
    ],
    ids=lambda v: str(v)[:20],
)
def test_a_trespass_is_told(write: tuple[Slot, int] | tuple[Array, int, int], said: str) -> None:
    """Memory outside, the devices, and the timer other than by its tick."""
    assert changes(write) == [said]


def test_the_first_value_of_a_step_counts() -> None:
    """A timer that ticks and is then written is compared with what it was before the step."""
    assert changes((TIMER, 8), (TIMER, 5)) == ["the real timer went from 9 to 5, and not by its tick"]
