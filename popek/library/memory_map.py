"""The state map: real memory from its beginning to its end, whose each part is, and what R gives of it."""

from collections.abc import Sequence
from itertools import pairwise

from attrs import frozen

from popek.engine.machine import Machine
from popek.isa.cycle import TRAP_WORDS
from popek.isa.slot import BASE, BOUND
from popek.language.phrase import say
from popek.vmm.virtual_machine import VirtualMachine


@frozen
class Part:
    """A stretch of real memory: from an address on, so many words, and whose it is."""

    start: int
    size: int
    what: str

    @property
    def in_window(self) -> bool:
        """Whether the guest's R gives it."""
        return self.what.endswith(", in R")


def memory_map(machine: Machine | VirtualMachine) -> list[Part]:
    """Return real memory from its beginning to its end: whose each part is, and where R lies."""
    if not isinstance(machine, VirtualMachine):
        size = machine.state.size
        ends = [(0, say("trap words")), (min(TRAP_WORDS, size), say("memory"))]
        return _parts(ends, size, _window(machine, 0, size))
    first, end = machine.allotment.base, machine.allotment.end
    ends = [
        (0, say("real trap words")),
        (TRAP_WORDS, say("the monitor's")),
        (first, say("the guest's")),
        (end, say("somebody else's")),
    ]
    return _parts(ends, machine.real.size, _window(machine, first, end))


def _window(machine: Machine | VirtualMachine, first: int, end: int) -> tuple[int, int]:
    """Return where the window that the guest's R gives begins and ends in real memory."""
    low = min(first + machine.state.slot(BASE), end)
    return low, min(low + machine.state.slot(BOUND), end)


def _parts(starts: Sequence[tuple[int, str]], size: int, window: tuple[int, int]) -> list[Part]:
    """Return stretches of memory, cut where the window begins and ends, and named for it there."""
    cuts = [*sorted({s for s, _ in starts if s < size} | {c for c in window if c < size}), size]
    found = []
    for start, end in pairwise(cuts):
        if end > start:
            owner = [what for s, what in starts if s <= start][-1]
            inside = window[0] <= start < window[1]
            found.append(Part(start, end - start, say("{owner}, in R", owner=owner) if inside else owner))
    return found
