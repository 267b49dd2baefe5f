"""The allotment: the part of real memory that a virtual machine is given, words k to k + w - 1."""

from attrs import field, frozen

from popek.engine.machine import SMALLEST
from popek.errors import PopekError, Problem
from popek.isa.cycle import TRAP_WORDS


@frozen
class Allotment:
    """`base` k is at least 16, since the trap words are the monitor's; `size` w is the virtual machine's memory."""

    base: int = field()
    size: int = field()

    def __attrs_post_init__(self) -> None:
        if self.base < TRAP_WORDS:
            hint = f"words 0..{TRAP_WORDS - 1} belong to the trap mechanism, and so to the monitor"
            raise PopekError(Problem(f"an allotment cannot begin at word {self.base}", hint=hint))
        if self.size < SMALLEST:
            raise PopekError(f"an allotment of {self.size} words is too small: {SMALLEST} are the least")

    @property
    def end(self) -> int:
        """The first word after it."""
        return self.base + self.size

    def __contains__(self, address: int) -> bool:
        return self.base <= address < self.end

    def within(self, memory: int) -> "Allotment":
        """Return itself if it lies in so much real memory, else raise `PopekError`."""
        if self.end > memory:
            raise PopekError(
                Problem(
                    f"an allotment of {self.size} words at {self.base} does not fit in {memory} words of real memory",
                    hint=f"give the real machine at least {self.end} words",
                )
            )
        return self
