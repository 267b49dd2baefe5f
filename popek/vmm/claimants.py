"""Those that are ready to have the processor, so kept that nobody has to look at them all to find the next one.

A scheduler may look at them all: they are a sequence, in order of their starts. Who is next by order, or has had least,
is found without that. `put` and `remove` take time that grows with the logarithm of their number.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from fractions import Fraction
from heapq import heapify, heappop, heappush
from typing import overload

from attrs import frozen

SLACK = 64
"""How many entries more than twice as many as needed the heap may have."""


@frozen
class Claimant:
    """A virtual machine that is ready: its number, in order of their starts, and its pass."""

    number: int
    passed: Fraction


class Claimants(Sequence[Claimant]):
    """Claimants by number. What is in the heap besides is what was so before."""

    def __init__(self, claimants: Iterable[Claimant] = ()) -> None:
        self._passed = {c.number: c.passed for c in claimants}
        self._numbers = sorted(self._passed)
        self._make_heap()

    def _make_heap(self) -> None:
        self._heap = [(passed, number) for number, passed in self._passed.items()]
        heapify(self._heap)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Claimant: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Claimant]: ...

    def __getitem__(self, index: int | slice) -> Claimant | Sequence[Claimant]:
        """Return the claimant, or the claimants, at an index."""
        if isinstance(index, slice):
            return [self._claimant(n) for n in self._numbers[index]]
        return self._claimant(self._numbers[index])

    def _claimant(self, number: int) -> Claimant:
        return Claimant(number, self._passed[number])

    def put(self, claimant: Claimant) -> None:
        """Take somebody in, or note another pass of who is there."""
        number, passed = claimant.number, claimant.passed
        if number not in self._passed:
            insort(self._numbers, number)
        self._passed[number] = passed
        heappush(self._heap, (passed, number))
        if len(self._heap) > 2 * len(self._passed) + SLACK:
            self._make_heap()

    def remove(self, number: int) -> None:
        """Let somebody go."""
        del self._passed[number]
        self._numbers.pop(bisect_right(self._numbers, number) - 1)

    def after(self, last: int) -> int:
        """Return the next number after one, or the first."""
        return self._numbers[bisect_right(self._numbers, last) % len(self._numbers)]

    def least(self) -> Claimant:
        """Return whoever has the least pass; of several, the first."""
        while self._passed.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        passed, number = self._heap[0]
        return Claimant(number, passed)
