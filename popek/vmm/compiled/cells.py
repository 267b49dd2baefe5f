"""The words of a translation cache as compiled code has them, and how it finds a block.

A word is a row of numbers: its kind, the guest's pc, the instruction, where a link leads, and the context of its block.
Blocks are found by context and pc through a table of their addresses. Both follow what the translator does; compiled
code only reads them.
"""

import ctypes
from collections.abc import Iterator
from enum import IntEnum, unique

from popek.isa.encoding import WORD_MASK
from popek.isa.slot import Slot
from popek.vmm.translation.cells import DOOR, Call, Cell, Copy, Empty, Guard, Link
from popek.vmm.translation.code import TranslatedCode


@unique
class Kind(IntEnum):
    """What a word of the cache is."""

    EMPTY = 0
    COPY = 1
    GUARD = 2
    CALL = 3
    LINK = 4


_KINDS = {Empty: Kind.EMPTY, Copy: Kind.COPY, Guard: Kind.GUARD, Call: Kind.CALL, Link: Kind.LINK}

KIND, OWN_PC, WORD, TO, CONTEXT = range(5)
"""Where in a row something is; the context's values are the last."""

BUCKETS = 1 << 14
"""How many entries the table of blocks has; a power of two, and several times as many as there are blocks."""

NEAR = 8
"""In so many entries, from the one that it belongs to on, a block is looked for."""

FACTOR = 31


class Cells:
    """The rows of one cache, and the table of its blocks.

    There is a row more, in which nothing ever is: the guest goes on behind a call, and that may be the last word.
    """

    def __init__(self, code: TranslatedCode, context: tuple[Slot, ...]) -> None:
        self._code = code
        self._width = CONTEXT + len(context)
        self._seen: list[Cell] = []
        self.words = (ctypes.c_uint32 * (self._width * (len(code.cache.cells) + 1)))()
        self.heads = (ctypes.c_uint32 * (BUCKETS + NEAR))()

    def follow(self) -> list[int]:
        """Take over what has changed; return the addresses of the words that have."""
        cells = self._code.cache.cells
        if cells == self._seen:
            return []
        before: list[Cell | None] = [*self._seen] or [None] * len(cells)
        changed = [n for n, (new, old) in enumerate(zip(cells, before, strict=True)) if new is not old]
        for address in changed:
            start = self._width * address
            self.words[start : start + self._width] = list(self._row(cells[address]))
        self._seen = list(cells)
        self._index()
        return changed

    def _row(self, cell: Cell) -> Iterator[int]:
        if isinstance(cell, Empty):
            yield from [0] * self._width
            return
        decoded = cell.decoded if isinstance(cell, Copy | Call) else None
        yield _KINDS[type(cell)]
        yield cell.pc
        yield decoded.word if decoded else 0
        yield cell.to if isinstance(cell, Link) else DOOR
        yield from self._code.cache.blocks[cell.block].context

    def _index(self) -> None:
        ctypes.memset(self.heads, 0, ctypes.sizeof(self.heads))
        for key, start in self._code.cache.heads.items():
            bucket = hashed(key)
            free = next((n for n in range(bucket, bucket + NEAR) if not self.heads[n]), None)
            if start != DOOR and free is not None:
                self.heads[free] = start


def hashed(key: tuple[int, ...]) -> int:
    """Return the entry that a block belongs to, by its context and pc."""
    found = 0
    for value in key:
        found = (found * FACTOR + value) & WORD_MASK
    return found % BUCKETS
