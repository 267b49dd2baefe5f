"""Real memory given out to several virtual machines: each word to one of them at most.

Words below `FIRST` are the trap mechanism's, and so the monitor's. What is given back is free again.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping

from popek.engine.machine import SMALLEST
from popek.errors import PopekError, Problem
from popek.isa.cycle import TRAP_WORDS
from popek.language.phrase import say
from popek.vmm.allotment import Allotment

FIRST = TRAP_WORDS
"""The first word that an allotment can have."""


class Room(Mapping[str, Allotment]):
    """Real memory of so many words: who has which allotment, and the stretches that nobody has, the lowest first."""

    def __init__(self, memory: int, taken: Mapping[str, Allotment] | None = None) -> None:
        self.memory = memory
        self._taken: dict[str, Allotment] = {}
        self.gaps = [range(FIRST, memory)] if memory > FIRST else []
        for owner, allotment in (taken or {}).items():
            self.give(owner, allotment)

    def __getitem__(self, owner: str) -> Allotment:
        return self._taken[owner]

    def __iter__(self) -> Iterator[str]:
        return iter(self._taken)

    def __len__(self) -> int:
        return len(self._taken)

    def gap(self, allotment: Allotment) -> int:
        """Return the index of the gap that an allotment begins in, or else of the last one below it."""
        return bisect_right(self.gaps, allotment.base, key=lambda g: g.start) - 1

    def give(self, owner: str, allotment: Allotment) -> None:
        """Give somebody words that nobody has."""
        self._taken[owner] = allotment
        at = self.gap(allotment)
        if at >= 0 and allotment.base in self.gaps[at]:
            gap = self.gaps[at]
            left = (range(gap.start, allotment.base), range(allotment.end, gap.stop))
            self.gaps[at : at + 1] = [g for g in left if g]

    def take_back(self, owner: str) -> None:
        """Take somebody's words back."""
        allotment = self._taken.pop(owner)
        at = self.gap(allotment) + 1
        free = range(allotment.base, allotment.end)
        near = [g for g in self.gaps[max(0, at - 1) : at + 1] if g.stop >= free.start and g.start <= free.stop]
        first = at - 1 if near and near[0].start < free.start else at
        whole = (
            range(min(free.start, *(g.start for g in near)), max(free.stop, *(g.stop for g in near))) if near else free
        )
        self.gaps[first : first + len(near)] = [whole]


def claim(room: Room, wanted: Allotment) -> Allotment:
    """Return an allotment that nobody else has a word of, else raise `PopekError`."""
    wanted.within(room.memory)
    at = room.gap(wanted)
    if at < 0 or wanted.end > room.gaps[at].stop:
        owner, other = next((o, a) for o, a in room.items() if wanted.base < a.end and a.base < wanted.end)
        message = say(
            "an allotment of {size} words at {base} overlaps the {of}",
            size=wanted.size,
            base=wanted.base,
            of=_of(owner, other),
        )
        raise PopekError(Problem(message, hint=_free(room)))
    return wanted


def place(room: Room, size: int) -> Allotment:
    """Return an allotment of so many words, the lowest that is free; raise `PopekError` if there is none."""
    Allotment(FIRST, size)  # raises where no allotment can have that size
    for gap in room.gaps:
        if len(gap) >= size:
            return Allotment(gap.start, size)
    raise PopekError(Problem(say("no {size} words of real memory in a row are free", size=size), hint=_free(room)))


def equal_parts(count: int, memory: int) -> tuple[Allotment, ...]:
    """Return allotments that share real memory equally; raise `PopekError` if they would be too small."""
    size = (memory - FIRST) // count
    if size < SMALLEST:
        hint = say("give the real machine at least {first} words", first=FIRST + count * SMALLEST)
        raise PopekError(
            Problem(
                say("{count} virtual machines do not fit in {memory} words of real memory", count=count, memory=memory),
                hint=hint,
            )
        )
    return tuple(Allotment(FIRST + n * size, size) for n in range(count))


def _of(owner: str, allotment: Allotment) -> str:
    return say("{size} words at {base} of {owner}", size=allotment.size, base=allotment.base, owner=owner)


def _free(room: Room) -> str:
    free = ", ".join(say("{count} words at {start}", count=len(g), start=g.start) for g in room.gaps)
    return (
        say("free are {free}", free=free)
        if free
        else say("all of it is given away: destroy a virtual machine, or have more memory")
    )
