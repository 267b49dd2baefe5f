"""What is enumerated: values of words, operands, contents of memory.

A word on which a behaviour depends takes all values where there are few such words, else edges: ends of the range,
neighbours of the sizes and of the constants that are mentioned. A word that is only copied takes a few.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import product

from attrs import frozen

from popek.isa.behaviour import Behaviour, Copy, Put
from popek.isa.expression import Expr, Op, subtrees
from popek.isa.instruction import Instruction
from popek.isa.slot import MEMORY, Array, Slot
from popek.isa.translation import Translation

FEW = 2
"""Words that take all their values, if the behaviour depends on no more than so many."""

_IMMEDIATES = (0, 1, 2, 3, 5, 16, 40, -1, -2, -17)
_DISTINCT = ((1,), (1, 2), (1, 2, 3))
_ALIASED: dict[int, tuple[tuple[int, ...], ...]] = {
    0: ((),),
    1: ((1,),),
    2: ((1, 2), (1, 1)),
    3: ((1, 2, 3), (1, 1, 2), (1, 2, 1), (1, 2, 2), (1, 1, 1)),
}


@frozen
class Dependence:
    """What some behaviours mention: slots, words at fixed places of arrays, constants, memory otherwise."""

    slots: frozenset[Slot]
    fixed: frozenset[tuple[Array, int]]
    constants: frozenset[int]
    memory: bool
    arrays: frozenset[Array]

    @property
    def relocated(self) -> bool:
        """Whether it depends on R, or on where things are in memory."""
        return self.memory or any(s.kind in ("location", "bound") for s in self.slots)


def dependence(behaviours: Iterable[Behaviour], translation: Translation, width: int) -> Dependence:
    """Collect what behaviours mention, their memory references made explicit."""
    lowered = [b.lower(translation) for b in behaviours]
    nodes = [n for b in lowered for root in _expressions(b) for n in subtrees(root)]
    mask = (1 << width) - 1
    elements = [(n.payload, n.args[0]) for n in nodes if n.op is Op.ELEMENT and isinstance(n.payload, Array)]
    arrays = {a for a, _ in elements} | {e.array for b in lowered for e in b.effects if isinstance(e, Put | Copy)}
    arrays |= {e.source for b in lowered for e in b.effects if isinstance(e, Copy)}
    fixed = {(a, i.payload & mask) for a, i in elements if i.op is Op.CONST and isinstance(i.payload, int)}
    return Dependence(
        frozenset(n.payload for n in nodes if isinstance(n.payload, Slot)),
        frozenset(fixed),
        frozenset(n.payload & mask for n in nodes if n.op is Op.CONST and isinstance(n.payload, int)),
        MEMORY in arrays,
        frozenset(arrays),
    )


def _expressions(behaviour: Behaviour) -> Iterable[Expr]:
    for trap in behaviour.traps:
        yield from (trap.when, trap.detail)
    yield from behaviour.writes.values()
    for effect in behaviour.effects:
        assert isinstance(effect, Put | Copy)
        yield from (effect.when, effect.index, effect.value if isinstance(effect, Put) else effect.start)


def operand_values(instruction: Instruction, width: int) -> list[dict[str, int]]:
    """Return the operands that are tried: registers the same and different, immediates of both signs, wrapping."""
    names = [o.field.name for o in instruction.format if o.register]
    given = [o.field for o in instruction.format if not o.register]
    mask = (1 << width) - 1
    values = [[v for v in (*_IMMEDIATES, f.span.stop - 1, f.span.start) if v in f.span] for f in given]
    return [
        {
            **dict(zip(names, chosen, strict=True)),
            **{f.name: v & mask for f, v in zip(given, row, strict=True)},
            "word": 37 & mask,
        }
        for chosen in _ALIASED[len(names)]
        for row in product(*values)
    ]


def registers_used(instruction: Instruction) -> tuple[int, ...]:
    """Return the registers that its operands name."""
    return tuple(range(1, 1 + sum(o.register for o in instruction.format)))


def edges(width: int, *more: int) -> list[int]:
    """Return words at the edges: small ones, the middle, the ends, and neighbours of some more."""
    mask, half = (1 << width) - 1, 1 << (width - 1)
    near = {n & mask for m in more for n in (m - 1, m, m + 1)}
    first = (0, 1, 2, mask)
    return [*first, *sorted(({3, 5, half - 1, half, half + 1, mask - 1} | near) - set(first))]


def every(width: int) -> range:
    """Return all words."""
    return range(1 << width)


def slot_values(slot: Slot, width: int, *, depends: bool, few: bool, constants: Iterable[int]) -> Sequence[int]:
    """Return the values that a slot takes."""
    if slot.bits is not None and slot.bits <= 2:
        return range(1 << slot.bits)
    if not depends:
        return (9, 21 & ((1 << width) - 1))
    return every(width) if few else edges(width, *constants)


@cache
def contents(width: int, length: int) -> list[list[int]]:
    """Return what an array may hold: words that are different from each other, words at the edges, equal words.

    The lists are shared: copy before writing.
    """
    mask = (1 << width) - 1
    edge = edges(width)
    return [
        [(n * 11 + 7) & mask for n in range(length)],
        [(n * 5 + 40) & mask for n in range(length)],
        [edge[n * 7 % len(edge)] for n in range(length)],
        [1] * length,
        [mask - n & mask for n in range(length)],
        [0] * length,
        [n & mask for n in range(length)],
        [n * 3 % 17 for n in range(length)],
        [16 + n % 17 for n in range(length)],
    ]


def length_of(array: Array, width: int, size: int) -> int:
    """Return how many words an array has."""
    if array.size == "q":
        return size
    return 1 << width if array.size is None else int(array.size)
