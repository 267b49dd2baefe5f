"""The allotment: the part of real memory that a virtual machine is given, words k to k + w - 1."""

from attrs import field, frozen

from popek.engine.machine import SMALLEST
from popek.errors import PopekError, Problem
from popek.isa.cycle import TRAP_WORDS
from popek.language.phrase import say


@frozen
class Allotment:
    """`base` k is at least 16, since the trap words are the monitor's; `size` w is the virtual machine's memory."""

    base: int = field()
    size: int = field()

    def __attrs_post_init__(self) -> None:
        if self.base < TRAP_WORDS:
            hint = say(
                "words 0..{trap_words} belong to the trap mechanism, and so to the monitor", trap_words=TRAP_WORDS - 1
            )
            raise PopekError(Problem(say("an allotment cannot begin at word {base}", base=self.base), hint=hint))
        if self.size < SMALLEST:
            raise PopekError(
                say(
                    "an allotment of {size} words is too small: {smallest} are the least",
                    size=self.size,
                    smallest=SMALLEST,
                )
            )

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
                    say(
                        "an allotment of {size} words at {base} does not fit in {memory} words of real memory",
                        size=self.size,
                        base=self.base,
                        memory=memory,
                    ),
                    hint=say("give the real machine at least {end} words", end=self.end),
                )
            )
        return self
