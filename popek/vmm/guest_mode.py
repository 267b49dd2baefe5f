"""Guest mode, as the hardware does it: the machine's own step, on the guest's copies and inside the allotment.

What the guest has a copy of is read and written there, program state in the real machine, and physical memory is the
allotment and ends with it. Everything else is the real machine's own: a guest mode with too few copies, or too few
exits, really lets the guest at it.
"""

from functools import cached_property

from popek.engine import reference
from popek.engine.compiled import closure
from popek.engine.reference import Event
from popek.isa.architecture import GuestMode, Isa
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.cycle import tick
from popek.isa.slot import MEMORY, Array, Slot
from popek.vmm.allotment import Allotment
from popek.vmm.hardware import RealState


class GuestView:
    """The state that the hardware works on in guest mode."""

    def __init__(self, isa: Isa, guest: GuestMode, real: RealState, allotment: Allotment) -> None:
        self.isa = isa
        self.guest = guest
        self.real = real
        self.allotment = allotment
        self.copies: dict[Slot, int] = dict.fromkeys(guest.copies, 0)

    @property
    def size(self) -> int:
        """The size of physical memory, as the guest has it."""
        return self.allotment.size

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
        return self.real.element(MEMORY, self.allotment.base + index) if index < self.size else 0

    def put(self, array: Array, index: int, value: int) -> None:
        """Write an array's element; beyond the guest's memory the write vanishes."""
        if array is not MEMORY:
            self.real.put(array, index, value)
        elif index < self.size:
            self.real.put(MEMORY, self.allotment.base + index, value)

    @cached_property
    def _ticks(self) -> Behaviour:
        """One tick of the guest's own clocks."""
        return tick(c for c in self.guest.copies if c.clock is not None)

    def interrupted(self) -> Cause | None:
        """Return the cause of the real interrupt that leaves guest mode now, if there is one."""
        for source in self.isa.cycle.interrupts:
            if closure(source.ready)(self.real, {}):
                return source.cause
        return None

    def step(self) -> Event | None:
        """Do one step in guest mode; nothing if the instruction leaves it, its tick being done."""
        event = reference.interrupt(self.isa, self)
        if event is not None:
            return event
        reference.apply(self.isa.tick, self.real)
        reference.apply(self._ticks, self)
        decoded = reference.upcoming(self.isa, self)
        if decoded is not None and decoded.instruction.name in self.guest.exits:
            return None
        return reference.attempt(self.isa, self)
