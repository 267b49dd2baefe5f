"""States as a compiled monitor has them: the virtual one, and the real one as a trap has stored it."""

from popek.engine.native.expressions import Emission, View
from popek.engine.native.interpreter import buffered, unbounded
from popek.engine.native.text import Text
from popek.engine.native.views import Buffer, Buffered
from popek.engine.native.windows import named
from popek.isa.architecture import Isa
from popek.isa.slot import MEMORY, Array, Role, Slot
from popek.vmm import vm_map

K, W = "%k", "%w"
"""The allotment, as values of the function."""


def owned(isa: Isa) -> tuple[Array, ...]:
    """Return the arrays that are buffers of the guest's own, beside its memory and what program state there is."""
    return tuple(a for a in buffered(isa) if a is not MEMORY and a.role is not Role.PROGRAM)


def seen(isa: Isa) -> tuple[Array, ...]:
    """Return the arrays of the guest's own that compiled code sees by windows: what its devices have."""
    return tuple(a for a in unbounded(isa) if a.role is not Role.PROGRAM)


def virtual(isa: Isa) -> Buffered:
    """Return the view of the virtual state while the guest is not inside."""
    buffers = {}
    for array in buffered(isa):
        if array is MEMORY:
            buffers[array] = Buffer("%array.phys", W, K)
        else:
            of = "own" if array in owned(isa) else "array"
            buffers[array] = Buffer(f"%{of}.{array.name}", W if array.size == "q" else str(array.size))
    return Buffered("virtual", W, buffers, named(seen(isa)))


class Seen:
    """A real state that is only read; what it is depends on who reads."""

    def __init__(self, real: View) -> None:
        self.real = real

    @property
    def size(self) -> str:
        """The size of real memory."""
        return self.real.size

    def slot(self, text: Text, slot: Slot) -> str:
        """Return a slot's value."""
        return self.real.slot(text, slot)

    def element(self, text: Text, array: Array, index: str, *, inside: bool) -> str:
        """Return an element."""
        return self.real.element(text, array, index, inside=inside)

    def set_slot(self, text: Text, slot: Slot, value: str) -> None:
        """Refuse."""
        raise AssertionError(text, slot, value)

    def put(self, text: Text, array: Array, index: str, value: str, *, inside: bool) -> None:
        """Refuse."""
        raise AssertionError(text, array, index, value, inside)

    def watch(self, text: Text) -> None:
        """Refuse."""
        raise AssertionError(text)


class Stored(Seen):
    """The real state as it was before a trap: what the trap has stored, in the trap words."""

    def __init__(self, real: View, text: Text, old_pc: str) -> None:
        super().__init__(real)
        emission = Emission(text, real, {"old_pc": old_pc})
        self._before = {s: emission(e) for s, e in vm_map.stored().items()}

    def slot(self, text: Text, slot: Slot) -> str:
        """Return a slot's value as it was."""
        return self._before[slot] if slot in self._before else super().slot(text, slot)
