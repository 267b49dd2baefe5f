"""Real memory given out to several virtual machines: each word to one of them at most.

Words below `FIRST` are the trap mechanism's, and so the monitor's. What is given back is free again.
"""

from collections.abc import Iterator, Mapping

from popek.engine.machine import SMALLEST
from popek.errors import PopekError, Problem
from popek.isa.cycle import TRAP_WORDS
from popek.language.phrase import say
from popek.vmm.allotment import Allotment

FIRST = TRAP_WORDS
"""The first word that an allotment can have."""


def gaps(taken: Mapping[str, Allotment], memory: int) -> Iterator[range]:
    """Give the stretches of real memory that nobody has, from the lowest on."""
    free = FIRST
    for one in sorted(taken.values(), key=lambda a: a.base):
        if free < one.base:
            yield range(free, one.base)
        free = max(free, one.end)
    if free < memory:
        yield range(free, memory)


def claim(taken: Mapping[str, Allotment], memory: int, wanted: Allotment) -> Allotment:
    """Return an allotment that nobody else has a word of, else raise `PopekError`."""
    wanted.within(memory)
    for owner, other in taken.items():
        if wanted.base < other.end and other.base < wanted.end:
            message = say(
                "an allotment of {size} words at {base} overlaps the {of}",
                size=wanted.size,
                base=wanted.base,
                of=_of(owner, other),
            )
            raise PopekError(Problem(message, hint=_free(taken, memory)))
    return wanted


def place(taken: Mapping[str, Allotment], memory: int, size: int) -> Allotment:
    """Return an allotment of so many words, the lowest that is free; raise `PopekError` if there is none."""
    Allotment(FIRST, size)  # raises where no allotment can have that size
    for gap in gaps(taken, memory):
        if len(gap) >= size:
            return Allotment(gap.start, size)
    raise PopekError(
        Problem(say("no {size} words of real memory in a row are free", size=size), hint=_free(taken, memory))
    )


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


def _free(taken: Mapping[str, Allotment], memory: int) -> str:
    free = ", ".join(say("{count} words at {start}", count=len(g), start=g.start) for g in gaps(taken, memory))
    return (
        say("free are {free}", free=free)
        if free
        else say("all of it is given away: destroy a virtual machine, or have more memory")
    )
