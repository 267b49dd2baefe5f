"""What a monitor runs on: the real machine, here; another monitor's virtual machine, in `nesting.py`.

Several virtual machines may share one.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from popek.engine import reference
from popek.engine.machine import checked_size
from popek.engine.reference import Event
from popek.engine.state import Journal, State, StateLike
from popek.isa.architecture import Isa
from popek.isa.behaviour import Cause
from popek.isa.cycle import NEW_BASE, NEW_BOUND, NEW_PC, NEW_STATUS
from popek.isa.slot import HALTED, PC, RUN, SUPERVISOR, Array, Slot

MONITOR_ENTRY = 16
"""Where the real trap's new PSW points: the control program, first of all programs, at the reset pc."""


class RealState(StateLike, Protocol):
    """The state of the machine that a monitor has: the real machine's, or a virtual one's, one level below."""

    journal: Journal

    def indices(self, array: Array) -> Iterable[int]:
        """Return the indices of an array's elements that may be other than the default."""
        ...

    def load_slots(self, values: Mapping[Slot, int]) -> None:
        """Write several slots, to give the processor away."""
        ...


class Platform(Protocol):
    """A machine that a monitor has."""

    @property
    def state(self) -> RealState:
        """The machine's state."""
        ...

    @property
    def running(self) -> bool:
        """Whether the processor still runs; if not, the monitor has lost it."""
        ...

    def step(self) -> Event | None:
        """Do one step of the machine; nothing if that has lost the processor."""
        ...

    def trap(self, cause: Cause) -> None:
        """Let the machine take a trap before its next instruction."""
        ...

    def containers(self) -> Mapping[str, Any]:
        """Name every list and dict that belongs to the machine."""
        ...


def control_program(memory: int) -> Mapping[int, int]:
    """Return the words of the new PSW that gives a monitor the processor, on a machine with so much memory."""
    return {NEW_STATUS: SUPERVISOR, NEW_PC: MONITOR_ENTRY, NEW_BASE: 0, NEW_BOUND: memory}


class Hardware:
    """The real machine, with a monitor on it that is no program but written in Python. `memory` is in words."""

    def __init__(self, isa: Isa, memory: int) -> None:
        self.isa = isa
        self._state = State(isa, checked_size(memory), Journal())
        self._state.load_words(control_program(memory))

    @property
    def state(self) -> State:
        """The real state."""
        return self._state

    @property
    def running(self) -> bool:
        """Whether the processor still runs."""
        return self._state.slot(RUN) != HALTED

    def step(self) -> Event:
        """Do one step of the real machine."""
        return reference.step(self.isa, self._state)

    def trap(self, cause: Cause) -> None:
        """Let the machine take a trap before its next instruction."""
        reference.trap(self.isa, self._state, self._state.slot(PC), cause, 0)

    def containers(self) -> Mapping[str, Any]:
        """Name every list and dict that belongs to the machine."""
        return {"real ": self._state.slots, **{f"real {a.name}": words for a, words in self._state.arrays.items()}}
