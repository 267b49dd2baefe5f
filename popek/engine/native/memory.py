"""What compiled code works on, from Python's side: fields, slots, marks, the tables, and a state's buffers."""

import ctypes
from typing import Any

from popek.engine.native.context import ENTRIES, FIELDS, WORDS, Field
from popek.engine.native.interpreter import buffered
from popek.engine.native.marks import Marks
from popek.engine.state import State
from popek.isa.slot import Slot


class Memory:
    """The buffers of one state, held in place as long as this lives; with room for `spare` slots behind its own.

    `marks` are those of a real machine that others run on as well, or of a part of it.
    """

    def __init__(self, state: State, spare: int = 0, marks: Marks | None = None) -> None:
        self.state = state
        self.fields = (ctypes.c_uint64 * FIELDS)()
        self.slots = (ctypes.c_uint32 * (len(state.isa.slots) + 1 + spare))()
        self.slots[len(state.isa.slots)] = state.size
        self.marks = marks or Marks(state.size)
        self.table = (ctypes.c_uint64 * (WORDS * ENTRIES))()
        self.counts = (ctypes.c_uint32 * ENTRIES)()
        self._tell_tables()
        self._held = [shared(state.arrays[a]) for a in buffered(state.isa)]
        self.more: Any = None
        self.pointers = [ctypes.addressof(x) for x in (self.fields, self.slots, self.marks.bytes, *self._held)]

    def add(self, slots: int, held: list[Any]) -> None:
        """Take further buffers: so many slots of another state, and some arrays."""
        self.more = (ctypes.c_uint32 * slots)()
        self._held += held
        self.pointers += [ctypes.addressof(x) for x in (self.more, *held)]

    def share(self, other: "Memory") -> None:
        """Have the tables of regions in common with somebody else who runs the same state."""
        self.table, self.counts = other.table, other.counts
        self._tell_tables()

    def _tell_tables(self) -> None:
        self.fields[Field.TABLE] = ctypes.addressof(self.table)
        self.fields[Field.COUNTS] = ctypes.addressof(self.counts)

    def load(self) -> None:
        """Take over the state's slots."""
        values = self.state.slots
        for n, slot in enumerate(self.state.isa.slots):
            self.slots[n] = values[slot]

    def store(self) -> None:
        """Give the slots back to the state."""
        self.state.slots.update(zip(self.state.isa.slots, self.slots, strict=False))

    def slot(self, slot: Slot) -> int:
        """Return a slot's value as compiled code has it."""
        return int(self.slots[self.state.isa.slots.index(slot)])


def shared(words: Any) -> Any:
    """Return the words of a state's array as C sees them, in the same place; the array cannot be resized meanwhile."""
    return (ctypes.c_uint32 * len(words)).from_buffer(words)


def function(address: int, pointers: int) -> Any:
    """Return a compiled function that takes so many pointers and returns a number."""
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * pointers)(address)
