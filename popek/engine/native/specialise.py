"""Expressions and behaviours with some of their leaves known: what is left to compute when a word is compiled.

Only what follows from constants is worked out, by the integers' own operators; nothing is rearranged.
"""

from collections.abc import Mapping

from attrs import evolve

from popek.isa.behaviour import Behaviour, Put, Trap
from popek.isa.domain import integers
from popek.isa.encoding import WORD_BITS, WORD_MASK
from popek.isa.expression import FALSE, OPERATORS, TRUE, Expr, Op, Sort, as_expr, rewrite
from popek.isa.slot import Slot

_OPERATORS = integers(WORD_BITS).operators
Known = Mapping[Slot | str, int]
"""The values of slots, and of operands by name."""


def specialised(expr: Expr, known: Known) -> Expr:
    """Return an expression with known leaves replaced and constants folded."""

    def change(here: Expr) -> Expr:
        if isinstance(here.payload, Slot | str) and here.payload in known:
            return as_expr(known[here.payload] & WORD_MASK)
        return _folded(here)

    return rewrite(expr, change)


def constant(expr: Expr) -> int | None:
    """Return the word that an expression is, if it is a constant."""
    return expr.payload & WORD_MASK if expr.op is Op.CONST and isinstance(expr.payload, int) else None


def _folded(expr: Expr) -> Expr:
    if expr.op is Op.ITE and expr.args[0] in (TRUE, FALSE):
        return expr.args[1] if expr.args[0] is TRUE else expr.args[2]
    if not expr.args or expr.op not in OPERATORS:
        return expr
    values = [_value(a) for a in expr.args]
    if any(v is None for v in values):
        return expr
    result = _OPERATORS[expr.op](*values)
    if OPERATORS[expr.op][1] is Sort.TRUTH:
        return TRUE if result else FALSE
    return as_expr(result)


def _value(expr: Expr) -> int | bool | None:
    return {TRUE: True, FALSE: False}[expr] if expr in (TRUE, FALSE) else constant(expr)


def behaviour(general: Behaviour, known: Known) -> Behaviour:
    """Return a behaviour with known leaves; a trap that never happens is left out."""

    def down(expr: Expr) -> Expr:
        return specialised(expr, known)

    traps = (Trap(down(t.when), t.cause, down(t.detail), t.privilege) for t in general.traps)
    effects = (
        evolve(e, index=down(e.index), value=down(e.value), when=down(e.when))
        for e in general.effects
        if isinstance(e, Put)
    )
    return Behaviour(
        {s: down(e) for s, e in general.writes.items()},
        tuple(e for e in effects if e.when is not FALSE),
        tuple(t for t in traps if t.when is not FALSE),
    )
