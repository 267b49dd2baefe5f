"""The state of a guest in guest mode, in the form that compiled code takes a bare machine's."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from popek.engine.guest_view import GuestView
from popek.isa.slot import MEMORY, Array, Slot


class Inside:
    """What the guest has copies of, and the real machine's for the rest; memory is a part of the real one."""

    def __init__(self, view: GuestView) -> None:
        self.isa, self.size = view.isa, view.size
        self.slot, self.element = view.slot, view.element
        self.slots = _Slots(view)
        real: Any = view.real
        words = memoryview(real.arrays[MEMORY])[view.base : view.base + view.size]
        self.arrays: Mapping[Array, Any] = {**real.arrays, MEMORY: words}

    @property
    def memory(self) -> Any:
        """The guest's physical memory."""
        return self.arrays[MEMORY]


class _Slots:
    """The slots, to be read one by one, and to be written without a journal, as compiled code does."""

    def __init__(self, view: GuestView) -> None:
        self._view = view
        real: Any = view.real
        self._real: dict[Slot, int] = real.slots

    def __getitem__(self, slot: Slot) -> int:
        return self._view.slot(slot)

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._view.isa.slots)

    def update(self, values: Iterable[tuple[Slot, int]]) -> None:
        """Write slots."""
        copies: dict[Slot, int] = self._view.copies
        for slot, value in values:
            (copies if slot in copies else self._real)[slot] = value
