"""Questions are expressions: over unknowns in place of a state, in the language in which instructions are written.

An unknown word is an operand by its name, an unknown function from word to word an array by its name; that an address
is legal stays the node `legal`, one truth for both machines. So a question can be simplified, evaluated over integers,
or written for a solver, and two questions that are the same expressions are one object.
"""

from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

from popek.isa.domain import Domain
from popek.isa.expression import (
    FALSE,
    OPERATORS,
    TRUE,
    Expr,
    Op,
    Word,
    as_expr,
    element,
    eq,
    ite,
    not_,
    operand,
    ult,
    unchecked,
)
from popek.isa.slot import Array, Role, Slot

WIDTH = 32

EXPRESSIONS: Domain[Expr] = Domain(
    "expressions",
    WIDTH,
    as_expr,
    {op: partial(unchecked, op) for op in OPERATORS},
)
"""The domain in which an expression's value is an expression over the unknowns."""

less, same, choose, negated, constant = ult, eq, ite, not_, as_expr


@cache
def unknown(name: str) -> Expr:
    """Return the unknown word of that name."""
    return operand(name)


def now(slot: Slot, tag: str = "") -> Expr:
    """Return the unknown value of a slot; no other unknown has such a name, whatever the slot is called."""
    return unknown(f"now.{slot.name}{tag}")


@cache
def _named(name: str) -> Array:
    return Array(name, "An unknown function from word to word.", Role.PROGRAM)


@cache
def function(name: str) -> Callable[[Word], Expr]:
    """Return the unknown function of that name, from word to word."""
    named = _named(name)
    return lambda index: element(named, index)


def unknown_array(array: Array, tag: str = "") -> Callable[[Word], Expr]:
    """Return the unknown contents of an array of the state."""
    return function(f"now.{array.name}{tag}")


def every(*truths: Expr) -> Expr:
    """Join truths by "and", in a tree that is not deep."""
    return _joined(Op.BOTH, TRUE, truths)


def some(*truths: Expr) -> Expr:
    """Join truths by "or", likewise."""
    return _joined(Op.EITHER, FALSE, truths)


def _joined(op: Op, empty: Expr, truths: Iterable[Expr]) -> Expr:
    level = list(truths)
    while len(level) > 1:
        paired = [unchecked(op, a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = paired + level[len(level) & ~1 :]
    return level[0] if level else empty


def implies(premise: Expr, conclusion: Expr) -> Expr:
    """Say that if one holds, so does the other."""
    return unchecked(Op.EITHER, unchecked(Op.NOT, premise), conclusion)


def differ(one: Expr, other: Expr) -> Expr:
    """Say that two truths are not the same."""
    return some(every(one, not_(other)), every(not_(one), other))


def iff(one: Expr, other: Expr) -> Expr:
    """Say that two truths are the same."""
    return some(every(one, other), every(not_(one), not_(other)))


def unequal(one: Word, other: Word) -> Expr:
    """Say that two words are not the same."""
    return not_(eq(one, other))


def distinct(*words: Any) -> Expr:
    """Say that words differ in pairs."""
    return every(*(unequal(a, b) for n, a in enumerate(words) for b in words[:n]))
