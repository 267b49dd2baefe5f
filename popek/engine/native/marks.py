"""Which words of memory code was compiled or translated from: a byte for each, which compiled code looks at."""

import ctypes
from collections import Counter
from collections.abc import Iterable
from typing import Any


class Marks:
    """The marks of `size` words of memory, or of a part of other ones' memory that begins at `start`.

    Several may have made something of one word: it is marked as long as one of them claims it.
    """

    def __init__(self, size: int, whole: "Marks | None" = None, start: int = 0) -> None:
        marked: Any = ctypes.c_uint8 * size
        self.bytes: Any = marked() if whole is None else marked.from_buffer(whole.bytes, start)
        self._whole, self._start = whole, start
        self._claims: Counter[int] = Counter()

    def claim(self, addresses: Iterable[int]) -> None:
        """Mark words for one more."""
        if self._whole is not None:
            self._whole.claim(self._start + a for a in addresses)
            return
        for address in addresses:
            self._claims[address] += 1
            self.bytes[address] = 1

    def release(self, addresses: Iterable[int]) -> None:
        """Take back one claim to each of some words."""
        if self._whole is not None:
            self._whole.release(self._start + a for a in addresses)
            return
        for address in addresses:
            self._claims[address] -= 1
            if not self._claims[address]:
                del self._claims[address]
                self.bytes[address] = 0
