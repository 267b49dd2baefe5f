"""States as compiled code has them: slots in variables, arrays in buffers, or seen by windows."""

from collections.abc import Mapping

from attrs import field, frozen

from popek.engine.native.text import Text, select
from popek.engine.native.windows import Window
from popek.isa.encoding import WORD_MASK
from popek.isa.slot import MEMORY, Array, Slot

MARKS, DIRTY = "%marks", "%dirty"
"""The buffer with a byte for each word of memory, not 0 if it is compiled; the variable that gathers what was hit."""


@frozen
class Buffer:
    """An array's buffer: its address, the number of its words, and, of a part of memory, where it begins there."""

    pointer: str
    length: str
    start: str | None = None


@frozen
class Buffered:
    """A state whose slots are variables with a prefix, and whose arrays are buffers, or have windows."""

    prefix: str
    size: str
    buffers: Mapping[Array, Buffer]
    windows: Mapping[Array, Window] = field(factory=dict)

    def place(self, slot: Slot) -> str:
        """Return the variable of a slot."""
        return f"%{self.prefix}.{slot.name}"

    def slot(self, text: Text, slot: Slot) -> str:
        """Return a slot's value."""
        return text.load(self.place(slot))

    def set_slot(self, text: Text, slot: Slot, value: str) -> None:
        """Write a slot."""
        text.store(value, self.place(slot))

    def element(self, text: Text, array: Array, index: str, *, inside: bool) -> str:
        """Return an element; beyond the array, its default. One of a window has to be at hand."""
        if array in self.windows:
            return self.windows[array].element(text, index)
        buffer = self.buffers[array]
        if inside:
            return text.load(text.at(buffer.pointer, _from(text, buffer, index), by="i32"))
        within = text.value(f"icmp ult i32 {index}, {buffer.length}")
        safe = text.value(select(within, _from(text, buffer, index), 0))
        word = text.load(text.at(buffer.pointer, safe, by="i32"))
        return text.value(select(within, word, array.default & WORD_MASK))

    def put(self, text: Text, array: Array, index: str, value: str, *, inside: bool) -> None:
        """Write an element; beyond the array the write vanishes. One of a window has to be at hand."""
        if array in self.windows:
            self.windows[array].put(text, index, value)
        elif inside:
            self._put(text, array, index, value)
        else:
            with text.only_if(text.value(f"icmp ult i32 {index}, {self.buffers[array].length}")):
                self._put(text, array, index, value)

    def watch(self, text: Text) -> None:
        """Begin to watch whether words that are compiled are written."""
        text.store(0, DIRTY, "i8")

    def _put(self, text: Text, array: Array, index: str, value: str) -> None:
        buffer = self.buffers[array]
        real = _from(text, buffer, index)
        text.store(value, text.at(buffer.pointer, real, by="i32"))
        if array is MEMORY:
            mark = text.load(text.at(MARKS, real, "i8", by="i32"), "i8")
            hit = text.value(f"or i8 {text.load(DIRTY, 'i8')}, {mark}")
            text.store(hit, DIRTY, "i8")


def _from(text: Text, buffer: Buffer, index: str) -> str:
    return index if buffer.start is None else text.value(f"add i32 {buffer.start}, {index}")
