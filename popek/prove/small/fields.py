"""Fields: which bits of which words a behaviour picks out, and words in which these bits are set one way and another.

A status word or a descriptor is not read as a number: an instruction masks it and shifts it. The masks are found in the
expressions, and pushed down to where the word comes from: an operand, a register, a slot, or memory.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from itertools import product
from math import prod
from random import Random

from popek.isa.expression import Expr, Op
from popek.isa.slot import MEMORY, REGISTERS, Slot

Source = Hashable
"""Where a word comes from: a slot, an operand's name, or an array (and which operand names the register)."""

Fields = Mapping[Source, tuple[int, ...]]
"""The bits that are looked at together, as masks that do not overlap."""

MOST_WORDS = 48
"""Words of one source that have all combinations of its fields, or else random ones."""

_BITWISE = frozenset((Op.OR, Op.XOR, Op.AND, Op.ADD, Op.SUB))


def source(expr: Expr) -> Source | None:
    """Return where a word comes from; nothing if it is worked out."""
    if expr.op is Op.ELEMENT:
        index = expr.args[0]
        return ("register", index.payload) if expr.payload is REGISTERS and index.op is Op.OPERAND else expr.payload
    return expr.payload if expr.op in (Op.SLOT, Op.OPERAND) else None


def register(operand: str) -> Source:
    """Return the source that is the register an operand names."""
    return "register", operand


def fields(exprs: Iterable[Expr], width: int) -> Fields:
    """Return the fields of every word that expressions look into by masks and shifts."""
    whole = (1 << width) - 1
    masks: dict[Source, set[int]] = {}
    seen: set[tuple[Expr, int]] = set()
    waiting = [(e, whole) for e in exprs]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        expr, mask = node
        where = source(expr)
        if where is not None and mask:
            masks.setdefault(where, set()).add(mask)
        waiting += _parts(expr, mask, whole)
    return {where: atoms(of, width) for where, of in masks.items()}


def _parts(expr: Expr, mask: int, whole: int) -> Iterable[tuple[Expr, int]]:
    """Give the parts of an expression of which some bits count, and which bits those are."""
    if expr.op in (Op.AND, Op.LSHR, Op.SHL) and isinstance(constant := _constant(expr.args[1]), int):
        first = expr.args[0]
        if expr.op is Op.AND:
            return ((first, mask & constant),)
        moved = mask << constant if expr.op is Op.LSHR else mask >> constant
        return ((first, moved & whole),)
    if expr.op is Op.ITE:
        condition, then, otherwise = expr.args
        return (condition, whole), (then, mask), (otherwise, mask)
    return tuple((a, mask if expr.op in _BITWISE else whole) for a in expr.args)


def _constant(expr: Expr) -> int | None:
    return expr.payload if expr.op is Op.CONST and isinstance(expr.payload, int) else None


def atoms(masks: Iterable[int], width: int) -> tuple[int, ...]:
    """Split masks into the sets of bits that no mask tells apart."""
    groups: dict[tuple[bool, ...], int] = {}
    ordered = sorted(masks)
    for bit in range(width):
        key = tuple(bool(m >> bit & 1) for m in ordered)
        groups[key] = groups.get(key, 0) | 1 << bit
    return tuple(sorted(_runs(groups.values(), width)))


def _runs(masks: Iterable[int], width: int) -> Iterable[int]:
    """Cut sets of bits where they have gaps."""
    for mask in masks:
        run = 0
        for bit in range(width):
            if mask >> bit & 1:
                run |= 1 << bit
            elif run:
                yield run
                run = 0
        if run:
            yield run


@cache
def words(parts: tuple[int, ...]) -> Sequence[int]:
    """Return words with every combination of what some fields may hold, or some of them where these are many.

    A field of one or two bits holds everything, a longer one nothing, little, or all ones.
    """
    if len(parts) < 2:
        return ()
    choices = [_held(p) for p in parts]
    if prod(map(len, choices)) <= MOST_WORDS:
        return tuple(sum(row) for row in product(*choices))
    random = Random(len(parts))  # noqa: S311 - no secret, but a test case
    return tuple(sum(random.choice(c) for c in choices) for _ in range(MOST_WORDS))


def _held(part: int) -> tuple[int, ...]:
    low = part & -part
    full = part // low
    return tuple(n * low for n in (range(full + 1) if full < 4 else (0, 1, 2, full)))


def of_memory(known: Fields) -> Sequence[int]:
    """Return the words of memory that are looked into."""
    return words(known.get(MEMORY, ()))


def of_slot(known: Fields, slot: Slot) -> Sequence[int]:
    """Return the words of a slot that is looked into."""
    return tuple(w for w in words(known.get(slot, ())) if slot.bits is None or not w >> slot.bits)
