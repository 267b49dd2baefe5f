"""The bare machine: what fits in it, and what it is at reset."""

import pytest

from popek.engine.machine import LARGEST, SMALLEST, Machine
from popek.engine.stepper import Outcome
from popek.errors import PopekError
from popek.isa.classic import CLASSIC
from popek.isa.slot import BOUND, PC


@pytest.mark.parametrize("size", [0, 16, -5, LARGEST + 1])
def test_a_memory_that_is_not_possible_is_refused(size: int) -> None:
    """At least the trap words and one more, at most what an address may be."""
    with pytest.raises(PopekError, match=f"{size} words is not possible: 17 to 16777216 are"):
        Machine(CLASSIC, {}, memory=size)


def test_the_smallest_machine_runs() -> None:
    """One word of program is enough for a halt."""
    machine = Machine(CLASSIC, {16: 0x4000_0000}, memory=SMALLEST)
    assert machine.run().outcome is Outcome.HALTED


def test_a_program_that_does_not_fit_is_refused() -> None:
    """With how much it needs."""
    with pytest.raises(PopekError, match=r"the program needs 65 words, and the machine has 64\n.*at least 65"):
        Machine(CLASSIC, {64: 0}, memory=64)


def test_a_machine_begins_at_reset() -> None:
    """The pc is 16 and R is all of memory; a program is data until then."""
    machine = Machine(CLASSIC, {5: 7}, memory=64)
    assert (machine.state.slot(PC), machine.state.slot(BOUND)) == (16, 64)
    assert machine.state.memory[5] == 7
    assert machine.outcome is None


def test_the_text_form_is_short() -> None:
    """A `repr` fits in a line."""
    machine = Machine(CLASSIC, {16: 0x0100_0000}, memory=64)
    machine.step()
    assert repr(machine) == "<Machine classic: 1 steps, pc 17>"
