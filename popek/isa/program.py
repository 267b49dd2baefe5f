"""Programs: what the assembler makes of a text. Words at addresses, and where in the text each comes from."""

from collections.abc import Mapping
from functools import cached_property

from attrs import frozen

MEMORY_LIMIT = 1 << 24
"""A machine's memory has at most so many words, so that no address is larger."""


@frozen(eq=False, repr=False)
class Program:
    """An assembled text: words by physical address (unsigned), symbols, and each word's source line (from 1).

    `code` are the addresses of words that the text has as instructions; the others are data.
    """

    words: Mapping[int, int]
    symbols: Mapping[str, int]
    lines: Mapping[int, int]
    source: str
    file: str
    code: frozenset[int] = frozenset()

    @cached_property
    def end(self) -> int:
        """The highest address plus one; 0 for a program without words."""
        return max(self.words, default=-1) + 1

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return tuple(self.source.split("\n"))

    def text(self, address: int) -> str:
        """Return the source line that the word at an address comes from, or nothing."""
        number = self.lines.get(address, 0)
        return self._texts[number - 1].strip() if number else ""

    def __repr__(self) -> str:
        return f"<Program {self.file}: {len(self.words)} words>"
