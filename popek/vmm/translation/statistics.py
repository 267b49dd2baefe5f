"""What translation has cost: blocks, words, jumps, calls."""

from collections.abc import Mapping
from typing import Any

from attrs import asdict, fields, frozen


@frozen
class Statistics:
    """Counts of one run; `size` is the cache's, in words.

    `instructions` are the guest's words that were translated, `words` what came of them; `chained` are jumps from block
    to block that met no monitor, `looked_up` computed ones that found their block, `dispatches` those that came to the
    monitor. `invalidations` are blocks ended because a word of theirs was written, `retranslations` those ended because
    an instruction in them kept trapping.
    """

    size: int = 0
    blocks: int = 0
    instructions: int = 0
    words: int = 0
    chained: int = 0
    looked_up: int = 0
    dispatches: int = 0
    calls: int = 0
    flushes: int = 0
    invalidations: int = 0
    retranslations: int = 0

    @property
    def expansion(self) -> float:
        """Words of the cache for each word of the guest's that was translated; 0 if none was."""
        return self.words / self.instructions if self.instructions else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {**asdict(self), "expansion": round(self.expansion, 3)}

    @classmethod
    def of(cls, size: int, counts: Mapping[str, int]) -> "Statistics":
        """Return what a virtual machine has counted."""
        names = [f.name for f in fields(cls) if f.name != "size"]
        return cls(size, **{n: counts.get(COUNTED + n, 0) for n in names})


COUNTED = "translation:"
"""What the names of these counts begin with, among those of a virtual machine."""
