"""Windows: how compiled code has an array that has an element for each word value, as a device's has.

A window is some words in a row, with a note which of them were written. All are closed when compiled code begins. Where
it wants an element that is in none, it does nothing of that step, but says which one it is; the window is opened there,
and it goes on. What was written is in the array again before anybody else can look. So the array is as under the
reference, whoever reads or writes it in between.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress, repeat
from typing import Any

from attrs import frozen

from popek.engine.native.text import Text
from popek.isa.encoding import WORD_MASK
from popek.isa.slot import Array

LENGTH = 128
"""How many words a window has; a power of two. It begins at a multiple of it."""

START, OPEN, WORDS = range(3)
"""Where in a row something is: the first index, how many words are at hand, and these; what was written comes last."""

_BYTES = array("I").itemsize


def width() -> int:
    """Return how many words a row has."""
    return WORDS + 2 * LENGTH


@frozen
class Window:
    """One array's window, as compiled code has it: where its row is."""

    pointer: str

    def outside(self, text: Text, index: str) -> str:
        """Return whether an element is not at hand."""
        length = text.load(text.at(self.pointer, OPEN))
        return text.value(f"icmp uge i32 {self._from_start(text, index)}, {length}")

    def element(self, text: Text, index: str) -> str:
        """Return an element that is at hand."""
        return text.load(self._place(text, WORDS, index))

    def put(self, text: Text, index: str, value: str) -> None:
        """Write an element that is at hand."""
        text.store(value, self._place(text, WORDS, index))
        text.store(1, self._place(text, WORDS + LENGTH, index))

    def _from_start(self, text: Text, index: str) -> str:
        return text.value(f"sub i32 {index}, {text.load(text.at(self.pointer, START))}")

    def _place(self, text: Text, part: int, index: str) -> str:
        return text.at(text.at(self.pointer, part), self._from_start(text, index), by="i32")


def named(arrays: Sequence[Array]) -> dict[Array, Window]:
    """Return the windows of some arrays, by the names that their rows have."""
    return {a: Window(f"%window.{a.name}") for a in arrays}


def begin(text: Text, rows: str, windows: Iterable[Window]) -> None:
    """Write where the rows of some windows are, one behind the other."""
    for number, window in enumerate(windows):
        text.do(f"{window.pointer} = getelementptr inbounds i32, ptr {rows}, i64 {number * width()}")


class Windows:
    """The windows of some arrays without a size, from Python's side; `contents` has what is in these, by array."""

    def __init__(self, contents: Mapping[Array, Any], arrays: Sequence[Array]) -> None:
        self._contents, self._arrays = contents, arrays
        self._rows = array("I", bytes(_BYTES * width() * len(arrays)))
        self._opened: dict[int, int] = {}

    @property
    def address(self) -> int:
        """Where compiled code finds them."""
        return self._rows.buffer_info()[0]

    def open(self, number: int, index: int, left: int) -> bool:
        """Open the window of an array, by number, at an element; say whether that is of any use.

        It is not if it was opened when as many steps were left: then one step wants elements that are far apart.
        """
        if self._opened.get(number) == left:
            return False
        if number in self._opened:
            self._close(number)
        self._opened[number] = left
        which, row = self._arrays[number], number * width()
        words, first = self._contents[which], index & ~(LENGTH - 1)
        default = which.default & WORD_MASK
        known = map(words.get, range(first, first + LENGTH), repeat(default))
        self._rows[row : row + WORDS + LENGTH] = array("I", (first, LENGTH, *known))
        return True

    def close(self) -> None:
        """Put into the arrays what was written; nothing is at hand any more."""
        for number in self._opened:
            self._close(number)
        self._opened.clear()

    def _close(self, number: int) -> None:
        row = number * width()
        rest = row + WORDS + LENGTH
        start, words = self._rows[row + START], self._rows[row + WORDS : rest]
        written = self._rows[rest : row + width()]
        self._contents[self._arrays[number]].update(compress(enumerate(words, start), written))
        self._rows[row + OPEN] = 0
        self._rows[rest : row + width()] = array("I", bytes(_BYTES * LENGTH))
