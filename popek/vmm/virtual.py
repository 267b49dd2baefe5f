"""The virtual state: what a guest believes in, kept partly in the real machine and partly by the monitor.

It reads and writes like any state, so a monitor's interpreter routines are the bare machine's own step applied to it.
While the guest is *inside* (running directly), the virtual state is recovered from the real one and cannot be written.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from popek.engine.compiled import Closure, closure
from popek.engine.guest_view import GuestView
from popek.engine.state import Readable, State, StateLike, Words
from popek.isa.architecture import Isa
from popek.isa.behaviour import Cause
from popek.isa.cycle import OLD_CAUSE
from popek.isa.encoding import WORD_MASK
from popek.isa.slot import MEMORY, PC, TIMER, Array, Role, Slot
from popek.vmm import vm_map
from popek.vmm.allotment import Allotment
from popek.vmm.hardware import RealState


class Elsewhere(Protocol):
    """Code that runs with another pc than the guest believes: a translation cache."""

    def entered(self) -> None:
        """Take note that the guest was entered at its own pc."""
        ...

    def guest_pc(self, real: int) -> int:
        """Return the guest's pc for the real one."""
        ...


class VirtualState:
    """One guest's state: registers and memory in the real machine, the rest in `own` while the guest is not inside.

    A guest that shares the real machine with others is `moved_out` while another one has it: then its registers are in
    `own` as well. `elsewhere`, if given, is code of the guest's that runs at other addresses than the guest's own.
    """

    def __init__(
        self,
        isa: Isa,
        real: RealState,
        allotment: Allotment,
        table: vm_map.VmMap,
        quantum: int,
        *,
        view: GuestView | None = None,
    ) -> None:
        self.isa = isa
        self.view = view
        self.real: Any = real
        self.allotment = allotment
        self.quantum = quantum
        self.own = State(isa, 0, real.journal)
        self.own.slots.update({s: allotment.size for s in isa.slots if s.reset == "q"})
        sized = [a for a in isa.arrays if a.size == "q" and a is not MEMORY]
        self.own.arrays.update({a: Words.filled(allotment.size, a.default & WORD_MASK) for a in sized})
        self.notes: dict[str, int] = {"inside": 0, "left": quantum, "loaded": 0, "moved_out": 0}
        self._entry: dict[Slot, Closure] = {s: closure(e) for s, e in table.entry.items()}
        self._recovery: dict[Slot, Closure] = {s: closure(e) for s, e in table.recovery.items()}
        self._elapsed = closure(vm_map.elapsed())
        self._kept = _Kept(self)
        self.elsewhere: Elsewhere | None = None

    @property
    def size(self) -> int:
        """The size of the virtual machine's memory, in words."""
        return self.allotment.size

    @property
    def inside(self) -> bool:
        """Whether the guest is loaded in the real machine."""
        return bool(self.notes["inside"])

    def slot(self, slot: Slot) -> int:
        """Return a slot's virtual value, recovered from the real state if the guest is inside."""
        if not self.inside:
            return self.own.slot(slot)
        value: int = self._recovery[slot](self._own(self.real), self._kept)
        return value

    def element(self, array: Array, index: int) -> int:
        """Return an array's virtual element."""
        if array is MEMORY:
            return self.real.element(MEMORY, self.allotment.base + index) if index < self.size else 0
        return self._home(array).element(array, index)

    def _home(self, array: Array) -> StateLike:
        """Return where an array other than memory is kept."""
        return self.real if array.role is Role.PROGRAM and not self.notes["moved_out"] else self.own

    def set_slot(self, slot: Slot, value: int) -> None:
        """Write a virtual slot; the guest must not be inside."""
        assert not self.inside, "the virtual state is only recovered while the guest runs directly"
        self.own.set_slot(slot, value)

    def put(self, array: Array, index: int, value: int) -> None:
        """Write a virtual element; the guest must not be inside."""
        assert not self.inside, "the virtual state is only recovered while the guest runs directly"
        if array is MEMORY:
            if index < self.size:
                self.real.put(MEMORY, self.allotment.base + index, value)
        else:
            self._home(array).put(array, index, value)

    def enter(self) -> None:
        """Load the guest into the real machine: what the allocator decides, by the VM map."""
        assert not self.notes["moved_out"], "a guest whose registers are elsewhere cannot be entered"
        self._note("left", self.notes["left"] or self.quantum)
        values = {"k": self.allotment.base, "w": self.size, "quantum": self.notes["left"]}
        if self.view is not None:
            for slot in self.view.copies:
                self.view.set_slot(slot, self.own.slot(slot))
        self.real.load_slots({s: value(self, values) for s, value in self._entry.items()})
        self._note("loaded", self.real.slot(TIMER))
        self._note("inside", 1)
        if self.elsewhere is not None:
            self.elsewhere.entered()

    def leave(self) -> Cause:
        """Recover the virtual state from what the real trap or interrupt has stored; return its cause."""
        stored = _Stored(self.real)
        self._recover(stored)
        return stored.cause

    def pause(self) -> None:
        """Recover the virtual state from the real one as it is: between two instructions, or after guest mode."""
        self._recover(self.real)

    def renew(self, ticks: int | None = None) -> None:
        """Give the guest a whole quantum again, or so many ticks."""
        self._note("left", ticks or self.quantum)

    def spend(self, ticks: int = 1) -> None:
        """Take from the quantum what the real timer has not counted: work that was done for the guest."""
        self._note("left", max(0, self.notes["left"] - ticks))

    def wait(self) -> None:
        """Begin with registers at reset, kept apart while another guest has the real ones."""
        self._note("moved_out", 1)

    def move_out(self) -> None:
        """Take the guest's registers out of the real machine, for another guest to have it."""
        if self.inside:
            self.pause()
        if not self.notes["moved_out"]:
            self._move(self.real, self.own)
            self._note("moved_out", 1)

    def move_in(self) -> None:
        """Put the guest's registers into the real machine, and nothing that was there before stays."""
        if self.notes["moved_out"]:
            self._move(self.own, self.real)
            self._note("moved_out", 0)

    def _move(self, here: RealState, there: RealState) -> None:
        for array in (a for a in self.isa.arrays if a.role is Role.PROGRAM):
            for index in sorted({*here.indices(array), *there.indices(array)}):
                value = here.element(array, index)
                if there.element(array, index) != value:
                    there.put(array, index, value)

    def _recover(self, real: Readable) -> None:
        own = self._own(real)
        recovered = [(s, g(own, self._kept)) for s, g in self._recovery.items()]
        spent = self._elapsed(real, self._kept)
        self._note("inside", 0)
        self._note("left", max(0, self.notes["left"] - spent))
        for slot, value in recovered:
            self.own.set_slot(slot, value)

    def _own(self, real: Readable) -> Readable:
        """Return a real state as the recovery sees it: with the guest's own pc, where the real one is not that."""
        return real if self.elsewhere is None else _Owned(real, self.elsewhere)

    def _note(self, name: str, value: int) -> None:
        self.real.journal.write(self.notes, name, value)


class _Kept(Mapping[str, int]):
    """What the monitor keeps of a guest that is inside, by the names that the VM map has for it."""

    def __init__(self, virtual: VirtualState) -> None:
        self._slots = {f"v.{s.name}": s for s in virtual.isa.slots}
        self._own = virtual.own
        self._copies = virtual.view.copies if virtual.view else {}
        self._guest = {f"guest.{s.name}": s for s in self._copies}
        self._notes = virtual.notes
        self._allotment = {"k": virtual.allotment.base, "w": virtual.allotment.size}

    def __getitem__(self, name: str) -> int:
        slot = self._slots.get(name)
        if slot is not None:
            return self._own.slots[slot]
        if name in self._guest:
            return self._copies[self._guest[name]]
        return self._notes[name] if name in self._notes else self._allotment[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*self._slots, *self._guest, *self._notes, *self._allotment))

    def __len__(self) -> int:
        return len(self._slots) + len(self._guest) + len(self._notes) + len(self._allotment)


_BEFORE: dict[Slot, Closure] = {s: closure(e) for s, e in vm_map.stored().items()}


class _Stored:
    """The real state as it was when it trapped: the PSW and the timer are in the trap words."""

    def __init__(self, real: RealState) -> None:
        self.cause = Cause(real.element(MEMORY, OLD_CAUSE))
        self.size = real.size
        self.element = real.element
        self._real = real
        values = {"old_pc": self.cause.old_pc}
        self._slots = {s: before(real, values) for s, before in _BEFORE.items()}

    def slot(self, slot: Slot) -> int:
        """Return a slot's value as it was."""
        found = self._slots.get(slot)
        return self._real.slot(slot) if found is None else found


class _Owned:
    """A real state in which the pc is the guest's own, and not that of code elsewhere."""

    def __init__(self, real: Readable, elsewhere: Elsewhere) -> None:
        self.size = real.size
        self.element = real.element
        self._real = real
        self._elsewhere = elsewhere

    def slot(self, slot: Slot) -> int:
        """Return a slot's value."""
        value = self._real.slot(slot)
        return self._elsewhere.guest_pc(value) if slot is PC else value
