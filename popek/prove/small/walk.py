"""Walks through a product of choices: all of it where it is small, and otherwise every *pair* of choices.

Each dimension is stretched, by repeating some of its values, to a length that is coprime to all others. Stepping
through all of them at once then meets every combination in as many steps as there are (the Chinese remainder theorem),
and every combination of any two dimensions already in as many steps as these two have. A second walk goes through the
first few words of each dimension alone, where three and more of them meet sooner.
"""

from collections.abc import Iterator, Sequence
from math import gcd, prod
from random import Random
from typing import Any

from attrs import define, field

FEW_WORDS = 4
"""Words of a dimension that the second walk goes through."""


@define
class Walk:
    """Steps through dimensions, at most `most` of them."""

    dimensions: Sequence[Sequence[Any]]
    most: int
    vital: frozenset[int] = frozenset()
    """The dimensions on which something depends."""
    lengths: dict[int, int] = field(init=False)
    order: list[int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.order = sorted(range(len(self.dimensions)), key=lambda d: len(self.dimensions[d]), reverse=True)
        self.lengths = {}
        for dimension in self.order:
            length = len(self.dimensions[dimension])
            while length > 1 and any(gcd(length, other) > 1 for other in self.lengths.values()):
                length += 1
            self.lengths[dimension] = length

    @property
    def exhaustive(self) -> bool:
        """Whether every combination of what matters is met."""
        return prod(self.lengths[d] for d in self.vital) <= self.most

    def __iter__(self) -> Iterator[list[Any]]:
        steps = min(prod(self.lengths.values()), self.most)
        for step in range(steps):
            yield [d[step % self.lengths[n] % len(d)] for n, d in enumerate(self.dimensions)]
        if steps == self.most:
            yield from self._among_few()

    def _among_few(self) -> Iterator[list[Any]]:
        """Draw, always in the same way, from the first few words of each dimension."""
        random = Random(len(self.dimensions))  # noqa: S311 - no secret, but a test case
        few = [d[:FEW_WORDS] if len(d) > FEW_WORDS and isinstance(d[-1], int) else d for d in self.dimensions]
        for _ in range(self.most // 2):
            yield [d[int(random.random() * len(d))] for d in few]
