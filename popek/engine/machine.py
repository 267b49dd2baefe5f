"""The bare machine: a program on real hardware."""

from collections.abc import Iterable, Mapping

from popek.engine import reference, tiers
from popek.engine.reference import Event
from popek.engine.state import Journal, State, connect
from popek.engine.stepper import HISTORY, Sink, Stepper
from popek.engine.tiers import Sprint, Tier
from popek.errors import PopekError, Problem
from popek.isa.architecture import Isa
from popek.language.phrase import say

MEMORY_SIZE = 65_536
"""Words of physical memory, unless somebody says otherwise."""

SMALLEST, LARGEST = 17, 1 << 24
"""The sizes that a memory may have: the trap words and one more, up to what the design allows."""


def checked_size(size: int) -> int:
    """Return a memory size if it is possible, else raise `PopekError`."""
    if not SMALLEST <= size <= LARGEST:
        raise PopekError(
            say(
                "a memory of {size} words is not possible: {smallest} to {largest} are",
                size=size,
                smallest=SMALLEST,
                largest=LARGEST,
            )
        )
    return size


def check_fits(words: Mapping[int, int], size: int, what: str) -> None:
    """Raise `PopekError` if a program's words do not fit in so much memory."""
    end = max(words, default=0) + 1
    if end > size:
        raise PopekError(
            Problem(
                say("the program needs {end} words, and {what} has {size}", end=end, what=what, size=size),
                hint=say("give it at least {end} words", end=end),
            )
        )


class Machine(Stepper):
    """A machine of some ISA with a program in its memory, at reset. `memory` is its size in words."""

    def __init__(
        self,
        isa: Isa,
        words: Mapping[int, int],
        *,
        memory: int = MEMORY_SIZE,
        typed: bytes = b"",
        disk: Iterable[int] = (),
        sink: Sink | None = None,
        history: int = HISTORY,
    ) -> None:
        super().__init__(isa, Journal(), sink, history)
        self._state = State(isa, checked_size(memory), self.journal)
        check_fits(words, memory, say("the machine"))
        self._state.load_words(words)
        connect(self._state, typed, disk)
        self._tiers: dict[str, Tier | None] = {}
        self._begin()

    @property
    def state(self) -> State:
        """The machine's own state."""
        return self._state

    def _containers(self) -> Mapping[str, object]:
        return {"": self._state.slots, **{a.name: words for a, words in self._state.arrays.items()}}

    def _advance(self) -> tuple[Event, Mapping[str, object]]:
        return reference.step(self.isa, self._state), {}

    def _sprint(self, budget: int) -> tuple[str, Sprint] | None:
        if self.engine not in self._tiers:
            self._tiers[self.engine] = tiers.make(self.engine, self.isa, self._state)
        tier = self._tiers[self.engine]
        return None if tier is None else (tier.name, tier.advance(budget, trapped=self._loop["traps"] > 0))

    def __repr__(self) -> str:
        return f"<Machine {self.isa.name}: {self.counts['steps']} steps, pc {self._state.slots[self.isa.slots[0]]}>"
