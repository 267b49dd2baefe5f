"""A concrete state of the machine: every slot and array of an ISA, as integers, with a journal for stepping back.

What a step needs of a state is small (`StateLike`), so that the same step runs on a bare machine and, in a monitor,
on the virtual state.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from popek.isa.architecture import Isa
from popek.isa.encoding import WORD_MASK
from popek.isa.slot import CONSOLE_INPUT, CONSOLE_OUTPUT, CONSOLE_WRITTEN, DISK, MEMORY, REGISTERS, Array, Slot

if TYPE_CHECKING:
    _Buffer = array[int]
else:
    _Buffer = array

Change = tuple[Any, Any, int | None]
"""A container (of slots, or of one array's elements), a key in it, and the value before (None: there was none)."""


class Readable(Protocol):
    """What an expression can be evaluated over."""

    @property
    def size(self) -> int:
        """The size of physical memory, in words."""
        ...

    def slot(self, slot: Slot) -> int:
        """Return a slot's value."""
        ...

    def element(self, array: Array, index: int) -> int:
        """Return an array's element; beyond the array, its default."""
        ...


class StateLike(Readable, Protocol):
    """What can be stepped: slots and arrays of words that can be read and written."""

    def set_slot(self, slot: Slot, value: int) -> None:
        """Write a slot."""
        ...

    def put(self, array: Array, index: int, value: int) -> None:
        """Write an array's element; beyond the array, the write vanishes."""
        ...


class Journal:
    """What was overwritten, newest last. While `on`, every change goes in; `undo` takes them back."""

    def __init__(self) -> None:
        self.on = False
        self.changes: list[Change] = []

    def write(self, container: Any, key: Any, value: Any) -> None:
        """Write `container[key]`, a buffer's or a dict's, and remember what was there."""
        if self.on:
            known = key in container if isinstance(container, dict) else True
            self.changes.append((container, key, container[key] if known else None))
        container[key] = value

    def remove(self, container: Any, key: Any) -> None:
        """Take `key` out of a dict, and remember what was there."""
        if self.on:
            self.changes.append((container, key, container[key]))
        del container[key]

    def take(self) -> list[Change]:
        """Return the changes so far and begin anew."""
        taken, self.changes = self.changes, []
        return taken

    @staticmethod
    def undo(changes: Iterable[Change]) -> None:
        """Take changes back, the newest first."""
        for container, key, old in reversed(list(changes)):
            if old is None:
                del container[key]
            else:
                container[key] = old


class Words(_Buffer):
    """A number of words of 32 bits, in a buffer that compiled code shares. Equal to any sequence of the same words."""

    __slots__ = ()
    __hash__ = None  # it changes

    @classmethod
    def filled(cls, length: int, word: int) -> "Words":
        """Return so many times the same word."""
        made = cls("I", [word]) * length
        assert made.itemsize == 4, "a C compiler's int has 32 bits on every platform that CPython is built for"
        return cls("I", made)

    def copy(self) -> "Words":
        """Return the same words in a buffer of their own."""
        return Words("I", self)

    def __eq__(self, other: object) -> bool:
        return super().__eq__(array("I", other) if isinstance(other, list) else other)


class State:
    """All slots and arrays of an ISA, at reset unless written. Words are unsigned, of 32 bits.

    `watchers` are told the address of every word of physical memory that is written. Who writes without `put`, as
    compiled code does, has to see to it that they know, or to keep away from a state that has some.
    """

    def __init__(self, isa: Isa, size: int, journal: Journal | None = None) -> None:
        self.isa = isa
        self.size = size
        self.journal = journal or Journal()
        self.watchers: list[Callable[[int], None]] = []
        self.slots: dict[Slot, int] = {s: size if s.reset == "q" else int(s.reset) & WORD_MASK for s in isa.slots}
        self.arrays: dict[Array, Any] = {a: self._empty(a) for a in isa.arrays}

    def _empty(self, array: Array) -> Words | dict[int, int]:
        length = self.size if array.size == "q" else array.size
        return {} if length is None else Words.filled(int(length), array.default & WORD_MASK)

    def slot(self, slot: Slot) -> int:
        """Return a slot's value."""
        return self.slots[slot]

    def set_slot(self, slot: Slot, value: int) -> None:
        """Write a slot."""
        if self.slots[slot] != value:
            self.journal.write(self.slots, slot, value)

    def element(self, array: Array, index: int) -> int:
        """Return an array's element; beyond the array, its default."""
        words = self.arrays[array]
        if isinstance(words, dict):
            found: int = words.get(index, array.default & WORD_MASK)
        else:
            found = words[index] if index < len(words) else array.default & WORD_MASK
        return found

    def put(self, array: Array, index: int, value: int) -> None:
        """Write an array's element; beyond the array, the write vanishes."""
        words = self.arrays[array]
        if isinstance(words, dict) or index < len(words):
            self.journal.write(words, index, value)
            if array is MEMORY:
                self._tell(index)

    def _tell(self, address: int) -> None:
        for watcher in self.watchers:
            watcher(address)

    def indices(self, array: Array) -> Iterable[int]:
        """Return the indices of an array's elements, or, if there is one for each word value, of those written."""
        words = self.arrays[array]
        return tuple(words) if isinstance(words, dict) else range(len(words))

    def load_slots(self, values: Mapping[Slot, int]) -> None:
        """Write several slots, as a control program does that gives the processor away."""
        for slot, value in values.items():
            self.set_slot(slot, value)

    @property
    def memory(self) -> Words:
        """Physical memory."""
        words: Words = self.arrays[MEMORY]
        return words

    @property
    def registers(self) -> Words:
        """The general registers."""
        words: Words = self.arrays[REGISTERS]
        return words

    def load_words(self, words: Mapping[int, int], offset: int = 0) -> None:
        """Put a program's words into physical memory, from address `offset` on."""
        for address, word in words.items():
            self.memory[address + offset] = word & WORD_MASK
            self._tell(address + offset)


def connect(state: State, typed: bytes = b"", disk: Iterable[int] = ()) -> None:
    """Give a state's devices their contents: what will be typed, one word a byte, and the disk's words."""
    state.arrays[CONSOLE_INPUT].update(enumerate(typed))
    state.arrays[DISK].update((n, word & WORD_MASK) for n, word in enumerate(disk))


def printed(state: StateLike) -> str:
    """Return what was printed on the console, one byte a word, as UTF-8 (what is not UTF-8 shows as U+FFFD)."""
    count = state.slot(CONSOLE_WRITTEN)
    return bytes(state.element(CONSOLE_OUTPUT, n) & 0xFF for n in range(count)).decode("utf-8", "replace")


def differences(a: StateLike, b: StateLike, isa: Isa) -> Iterator[tuple[str, int, int]]:
    """Give every slot and register in which two states differ: its name, and the value in either."""
    for slot in isa.slots:
        if a.slot(slot) != b.slot(slot):
            yield slot.name, a.slot(slot), b.slot(slot)
    for n in range(16):
        if a.element(REGISTERS, n) != b.element(REGISTERS, n):
            yield f"r{n}", a.element(REGISTERS, n), b.element(REGISTERS, n)
