"""What a tree takes for granted: that words near what a register points to are in range, and not compiled.

All its accesses at known distances from one value of its head are asked about together, at the head; and where that is
not granted, the head's block runs by itself, each access looked at when it comes. To ask for words that are not
accessed on every way does no harm, since nothing is done yet.
"""

from collections.abc import Iterator

from attrs import define, field

from popek.isa.slot import Slot

Part = Slot | int
"""What a way keeps the value of: a slot, or a register by number."""

NEAR = 16
"""How many words are asked about together."""


@define
class Wishes:
    """What is wished of the values at a head, by whoever has them: references, and among them stores."""

    _limits: dict[Part, dict[int, int]] = field(factory=dict)
    _stores: dict[Part, set[int]] = field(factory=dict)

    def reference(self, part: Part, step: int, limit: int) -> bool:
        """Wish that a value and a step are below a limit, without wrapping; say whether that is near enough."""
        limits = self._limits.setdefault(part, {})
        near = _near(limits, step)
        if near:
            limits[step] = min(limit, limits.get(step, limit))
        return near

    def store(self, part: Part, step: int) -> bool:
        """Wish that a word so far from a value is not compiled; say whether that is near enough."""
        stores = self._stores.setdefault(part, set())
        near = _near(stores, step)
        if near:
            stores.add(step)
        return near

    def can_be(self, size: int) -> bool:
        """Say whether all of it can be so at once.

        In a small window, two ways through a tree may want of a value what no value is.
        """
        return all(low <= high for _, low, high in self.ranges(size))

    def windows(self) -> Iterator[tuple[Part, int, int]]:
        """Give the words that are to be looked at: whose value, from which step on, and how many."""
        for part, steps in self._stores.items():
            if steps:
                yield part, min(steps), max(steps) - min(steps) + 1

    def ranges(self, size: int) -> Iterator[tuple[Part, int, int]]:
        """Give the least and the greatest that a value may be, so that all its references are right.

        The words that are to be looked at have to be there, in memory of that size. If nothing is both, the least is
        more than the greatest.
        """
        limits = {part: dict(wished) for part, wished in self._limits.items()}
        for part, first, count in self.windows():
            for step in (first, first + count - 1):
                wished = limits.setdefault(part, {})
                wished[step] = min(size, wished.get(step, size))
        for part, wished in limits.items():
            if wished:
                yield part, max(0, -min(wished)), min(limit - step for step, limit in wished.items()) - 1


def _near(steps: "dict[int, int] | set[int]", step: int) -> bool:
    return not steps or max(*steps, step) - min(*steps, step) < NEAR
