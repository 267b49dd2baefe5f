"""Guest mode, as the hardware does it: the machine's own step, on the guest's copies and inside the allotment.

What the guest has a copy of is read and written there, program state in the real machine, and physical memory is the
allotment and ends with it. Everything else is the real machine's own: a guest mode with too few copies, or too few
exits, really lets the guest at it.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Protocol

from popek.engine import reference
from popek.engine.compiled import closure
from popek.engine.reference import Event
from popek.engine.state import Journal, Readable, StateLike
from popek.isa.architecture import GuestMode, Isa
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.control_block import root_instructions, rooted
from popek.isa.cycle import tick
from popek.isa.slot import MEMORY, MODE, PC, Array, Slot


class Real(StateLike, Protocol):
    """The state of the real machine."""

    journal: Journal


class GuestView:
    """The state that the hardware works on in guest mode: `size` words of memory from real address `base` on.

    Instructions in `exits` leave guest mode: those that always do, those of root mode, and `controls`, which the
    monitor asks for. So do traps of the guest's whose cause is in `traps`.
    """

    def __init__(
        self,
        isa: Isa,
        guest: GuestMode,
        real: Real,
        *,
        base: int,
        size: int,
        copies: dict[Slot, int] | None = None,
        controls: Iterable[str] = (),
        traps: Iterable[Cause] = (),
    ) -> None:
        self.isa = isa
        self.guest = guest
        self.real = real
        self.base = base
        self.size = size
        self.copies: dict[Slot, int] = dict.fromkeys(guest.copies, 0) if copies is None else copies
        self.exits = frozenset((*guest.exits, *controls, *(i.name for i in root_instructions(guest))))
        self.traps = frozenset(traps)

    def slot(self, slot: Slot) -> int:
        """Return the guest's copy of a slot, or the real slot if there is none."""
        return self.copies[slot] if slot in self.copies else self.real.slot(slot)

    def set_slot(self, slot: Slot, value: int) -> None:
        """Write the guest's copy of a slot, or the real slot if there is none."""
        if slot in self.copies:
            self.real.journal.write(self.copies, slot, value)
        else:
            self.real.set_slot(slot, value)

    def element(self, array: Array, index: int) -> int:
        """Return an array's element; memory by the guest's physical address."""
        if array is not MEMORY:
            return self.real.element(array, index)
        return self.real.element(MEMORY, self.base + index) if index < self.size else 0

    def put(self, array: Array, index: int, value: int) -> None:
        """Write an array's element; beyond the guest's memory the write vanishes."""
        if array is not MEMORY:
            self.real.put(array, index, value)
        elif index < self.size:
            self.real.put(MEMORY, self.base + index, value)

    @cached_property
    def _ticks(self) -> Behaviour:
        """One tick of the guest's own clocks."""
        return tick(c for c in self.guest.copies if c.clock is not None)

    def interrupted(self) -> Cause | None:
        """Return the cause of the real interrupt that leaves guest mode now, whatever `ie` is, if there is one."""
        for source in self.isa.cycle.interrupts:
            if self.real.slot(source.pending):
                return source.cause
        return None

    def step(self) -> Event | None:
        """Do one step in guest mode; nothing if the instruction leaves it, its tick being done."""
        event = reference.interrupt(self.isa, self)
        if event is not None:
            return event
        reference.apply(self.isa.tick, self.real)
        reference.apply(self._ticks, self)
        if self.leaving() is not None or self.trapping() is not None:
            return None
        return reference.attempt(self.isa, self)

    def leaving(self) -> int | None:
        """Return the word of the instruction that is to be attempted, if it leaves guest mode."""
        word = reference.fetched(self.isa, self, self.slot(PC))
        decoded = None if word is None else rooted(self.isa).decode(word)
        return word if decoded is not None and decoded.instruction.name in self.exits else None

    def trapping(self) -> tuple[Cause, int] | None:
        """Return cause and detail of the trap that the attempt is to make, if it leaves guest mode."""
        found = _trap_ahead(self.isa, self) if self.traps else None
        return found if found is not None and found[0] in self.traps else None


def _trap_ahead(isa: Isa, state: Readable) -> tuple[Cause, int] | None:
    """Return cause and detail of the trap that an attempt would make, if it would make one."""
    pc = state.slot(PC)
    word = reference.fetched(isa, state, pc)
    if word is None:
        return Cause.MEMORY, pc
    decoded = isa.decode(word)
    if decoded is None:
        return Cause.ILLEGAL, word
    values = {**decoded.values, "word": decoded.word}
    for guarded in isa.lowered(decoded.instruction, state.slot(MODE)).traps:
        if closure(guarded.when)(state, values):
            return guarded.cause, closure(guarded.detail)(state, values)
    return None
