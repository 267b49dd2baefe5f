"""What is enumerated: values of words, operands, contents of memory.

A word on which a behaviour depends takes all values where there are few such words, else edges: ends of the range,
neighbours of the sizes and of the constants that are mentioned; where words are long, also combinations of the fields
that are looked at (`fields.py`). A word that is only copied takes a few.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import product

from attrs import frozen

from popek.isa.behaviour import Behaviour, Copy, Put
from popek.isa.expression import Expr, Op, subtrees
from popek.isa.instruction import Instruction
from popek.isa.slot import MEMORY, Array, Slot
from popek.isa.translation import Translation
from popek.prove.small.fields import Fields, fields, words

SHORT = 8
"""Bits of a word that can be enumerated. A longer one is there for its fields, and numbers in it stay small."""

LONGEST = 1 << SHORT
"""Elements that an array has at most, and addresses that are tried one by one."""

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
    """What some behaviours mention: slots, words at fixed places of arrays, constants, memory otherwise, fields."""

    slots: frozenset[Slot]
    fixed: frozenset[tuple[Array, int]]
    constants: frozenset[int]
    memory: bool
    arrays: frozenset[Array]
    fields: Fields
    compared: Mapping[str, frozenset[int]]
    """The constants that an operand is compared with."""

    @property
    def relocated(self) -> bool:
        """Whether it depends on R, or on where things are in memory."""
        return self.memory or any(s.kind in ("location", "bound") for s in self.slots)

    @property
    def places(self) -> list[tuple[Array, int]]:
        """The words at fixed places, in order."""
        return sorted(self.fixed, key=lambda f: (f[0].name, f[1]))


def dependence(behaviours: Iterable[Behaviour], translation: Translation, width: int) -> Dependence:
    """Collect what behaviours mention, their memory references made explicit."""
    lowered = [b.lower(translation) for b in behaviours]
    roots = [root for b in lowered for root in _expressions(b)]
    nodes = [n for root in roots for n in subtrees(root)]
    mask = (1 << width) - 1
    elements = [(n.payload, n.args[0]) for n in nodes if n.op is Op.ELEMENT and isinstance(n.payload, Array)]
    arrays = {a for a, _ in elements} | {e.array for b in lowered for e in b.effects if isinstance(e, Put | Copy)}
    arrays |= {e.source for b in lowered for e in b.effects if isinstance(e, Copy)}
    fixed = {(a, i.payload & mask) for a, i in elements if i.op is Op.CONST and isinstance(i.payload, int)}
    return Dependence(
        frozenset(n.payload for n in nodes if isinstance(n.payload, Slot)),
        frozenset(fixed),
        frozenset(n & mask for n in _constants(nodes, width)),
        MEMORY in arrays,
        frozenset(arrays),
        fields(roots, width) if width > SHORT else {},
        _compared(nodes),
    )


def _constants(nodes: Iterable[Expr], width: int) -> Iterable[int]:
    """Give the constants that are numbers: all of them in short words, in long ones not masks and lengths of shifts."""
    for node in nodes:
        if width <= SHORT:
            yield from _numbers((node,))
        elif node.op not in (Op.AND, Op.SHL, Op.LSHR):
            yield from _numbers(node.args)


def _numbers(nodes: Iterable[Expr]) -> Iterable[int]:
    return (n.payload for n in nodes if n.op is Op.CONST and isinstance(n.payload, int))


def _compared(nodes: Iterable[Expr]) -> Mapping[str, frozenset[int]]:
    found: dict[str, frozenset[int]] = {}
    for node in nodes:
        if node.op in (Op.EQ, Op.ULT, Op.SLT):
            for name in node.operands:
                found[name] = found.get(name, frozenset()) | frozenset(_numbers(node.args))
    return found


def _expressions(behaviour: Behaviour) -> Iterable[Expr]:
    for trap in behaviour.traps:
        yield from (trap.when, trap.detail)
    yield from behaviour.writes.values()
    for effect in behaviour.effects:
        assert isinstance(effect, Put | Copy)
        yield from (effect.when, effect.index, effect.value if isinstance(effect, Put) else effect.start)


def operand_values(instruction: Instruction, known: Dependence, width: int) -> list[dict[str, int]]:
    """Return the operands that are tried: registers the same and different; immediates of both signs, wrapping.

    Also those that an immediate is compared with, or that hold its fields.
    """
    names = [o.field.name for o in instruction.format if o.register]
    given = [o.field for o in instruction.format if not o.register]
    mask = (1 << width) - 1
    values = [[v for v in _immediates(f.name, known) if v in f.span] or [f.span.start] for f in given]
    values = [[*dict.fromkeys((*v, f.span.stop - 1, f.span.start))] for v, f in zip(values, given, strict=True)]
    return [
        {
            **dict(zip(names, chosen, strict=True)),
            **{f.name: v & mask for f, v in zip(given, row, strict=True)},
            "word": 37 & mask,
        }
        for chosen in _ALIASED[len(names)]
        for row in product(*values)
    ]


def _immediates(name: str, known: Dependence) -> Iterable[int]:
    more = (*sorted(known.compared.get(name, ())), *words(known.fields.get(name, ())))
    return (*_IMMEDIATES, *(n for n in more if n not in _IMMEDIATES))


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
    """Return all words, if words are short."""
    assert width <= SHORT, f"words of {width} bits are too many"
    return range(1 << width)


def reach(width: int) -> range:
    """Return the addresses, and numbers of ticks, that are tried one by one: all of them, if words are short."""
    return range(min(1 << width, LONGEST))


def slot_values(
    slot: Slot, width: int, *, depends: bool, few: bool, constants: Iterable[int], parts: Sequence[int] = ()
) -> Sequence[int]:
    """Return the values that a slot takes; `parts` are its fields."""
    if slot.bits is not None and slot.bits <= 2:
        return range(1 << slot.bits)
    if not depends:
        return (9, 21 & ((1 << width) - 1))
    most = min(slot.bits or width, width)
    chosen = every(width) if few else covering(edges(width, *constants), parts)
    return chosen if most == width else [*dict.fromkeys(v & ((1 << most) - 1) for v in chosen)]


def covering(near: Iterable[int], parts: Sequence[int]) -> list[int]:
    """Return words at the edges, and those with some fields set."""
    return [*dict.fromkeys((*near, *words(tuple(parts))))]


@cache
def contents(width: int, length: int, parts: tuple[int, ...] = ()) -> list[list[int]]:
    """Return what an array may hold: words that are different from each other, words at the edges, equal words.

    If its words have fields, also words with these set. The lists are shared: copy before writing.
    """
    mask = (1 << width) - 1
    edge = edges(width)
    held = words(parts)
    looked_into = [[held[(n * 7 + start) % len(held)] for n in range(length)] for start in range(len(held))]
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
        *looked_into,
    ]


def length_of(array: Array, width: int, size: int) -> int:
    """Return how many words an array has."""
    if array.size == "q":
        return size
    return min(1 << width, LONGEST) if array.size is None else int(array.size)
