"""What measurements are told as: the median of some turns, with the least and the most of them."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from attrs import frozen


@frozen
class Spread:
    """The median of some numbers, and the least and the most of them."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> "Spread":
        """Return that of some numbers."""
        return cls(median(numbers), min(numbers), max(numbers))

    def to_dict(self) -> dict[str, float]:
        """Return the same as JSON has it."""
        return {"median": self.median, "low": self.low, "high": self.high}


@frozen
class Speed:
    """How fast one has done one loop: millions of popek's instructions a second; and in how many rounds of it."""

    name: str
    mips: Spread
    rounds: int

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"name": self.name, "mips": self.mips.to_dict(), "rounds": self.rounds}


@frozen
class Ratio:
    """How many times as fast one was as another."""

    of: str
    to: str
    times: Spread

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"of": self.of, "to": self.to, "times": self.times.to_dict()}
