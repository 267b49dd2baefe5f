"""A machine with words of a few bits: its concrete state, and what a behaviour does to it.

Expressions become closures over the integers of that width. An array is a list; beyond its end it reads as its default,
and a write vanishes.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from attrs import define, frozen

from popek.isa.behaviour import Behaviour, Cause, Copy, Put
from popek.isa.domain import Domain, integers
from popek.isa.expression import Expr, Op
from popek.isa.slot import Array, Slot
from popek.isa.translation import Translation

Operands = Mapping[str, int]
Closure = Callable[["Small", Operands], Any]


@define(eq=False)
class Small:
    """A concrete state: every slot's word, every array's words, and the size of memory."""

    size: int
    slots: dict[Slot, int]
    arrays: dict[Array, list[int]]

    def element(self, array: Array, index: int) -> int:
        """Return an array's word."""
        words = self.arrays[array]
        return words[index] if index < len(words) else array.default


@cache
def closure(expr: Expr, width: int) -> Closure:
    """Return a function from a state and operands to the value of an expression without abstract references."""
    domain = integers(width)
    args = tuple(closure(a, width) for a in expr.args)
    make = _STATEFUL.get(expr.op)
    return make(domain, expr.payload, *args) if make else _operation(domain, expr.op, args)


def _operation(domain: Domain[int], op: Op, args: tuple[Closure, ...]) -> Closure:
    operator = domain.operators[op]
    if not args:
        constant = operator()
        return lambda _, __: constant
    if len(args) == 1:
        (first,) = args
        return lambda s, v: operator(first(s, v))
    if len(args) == 2:
        first, second = args
        return lambda s, v: operator(first(s, v), second(s, v))
    condition, then, otherwise = args
    return lambda s, v: then(s, v) if condition(s, v) else otherwise(s, v)


def _constant(domain: Domain[int], payload: Any) -> Closure:
    value = domain.const(payload)
    return lambda _, __: value


def _operand(domain: Domain[int], payload: Any) -> Closure:
    return lambda _, v: domain.const(v[payload])


def _element(domain: Domain[int], array: Any, index: Closure) -> Closure:
    default = domain.const(array.default)

    def read(state: Small, values: Operands) -> int:
        words, at = state.arrays[array], index(state, values)
        return words[at] if at < len(words) else default

    return read


_STATEFUL: dict[Op, Callable[..., Closure]] = {
    Op.CONST: _constant,
    Op.OPERAND: _operand,
    Op.SLOT: lambda _, payload: lambda s, __: s.slots[payload],
    Op.SIZE: lambda _, __: lambda s, ___: s.size,
    Op.ELEMENT: _element,
}


@frozen
class Outcome:
    """What became of an attempt: a trap, or writes; of several writes to one word only the last is kept."""

    cause: Cause | None
    detail: int
    privilege: bool
    slots: Mapping[Slot, int]
    words: Mapping[tuple[Array, int], int]

    @property
    def completes(self) -> bool:
        """Whether no trap was made."""
        return self.cause is None


_NOTHING: Mapping[Any, int] = {}

Run = Callable[[Small, Operands], Outcome]


def runner(behaviour: Behaviour, translation: Translation, width: int) -> Run:
    """Return a function from a state and operands to what a behaviour does there."""
    lowered = behaviour.lower(translation)
    mask = (1 << width) - 1

    def fast(expr: Expr) -> Closure:
        return closure(expr, width)

    traps = [(fast(t.when), t.cause, fast(t.detail), t.privilege) for t in lowered.traps]
    writes = [(s, fast(e)) for s, e in lowered.writes.items()]
    puts = [
        (e.array, fast(e.when), fast(e.index), fast(e.value)) if isinstance(e, Put) else _copying(e, width)
        for e in lowered.effects
        if isinstance(e, Put | Copy)
    ]
    assert len(puts) == len(lowered.effects), "an effect that refers to virtual memory was not lowered"

    def run(state: Small, values: Operands) -> Outcome:
        for when, cause, detail, privilege in traps:
            if when(state, values):
                return Outcome(cause, detail(state, values), privilege, _NOTHING, _NOTHING)
        slots = {s: value(state, values) for s, value in writes}
        words: dict[tuple[Array, int], int] = {}
        for array, when, index, value in puts:
            if when(state, values):
                at, what = index(state, values), value(state, values)
                if isinstance(what, tuple):
                    words.update(((array, (at + n) & mask), w) for n, w in enumerate(what))
                else:
                    words[array, at] = what
        sizes = state.arrays
        return Outcome(None, 0, False, slots, {p: w for p, w in words.items() if p[1] < len(sizes[p[0]])})

    return run


def _copying(copy: Copy, width: int) -> tuple[Array, Closure, Closure, Closure]:
    start, mask = closure(copy.start, width), (1 << width) - 1

    def moved(state: Small, values: Operands) -> tuple[int, ...]:
        first = start(state, values)
        return tuple(state.element(copy.source, (first + n) & mask) & mask for n in range(copy.count))

    return copy.array, closure(copy.when, width), closure(copy.index, width), moved
