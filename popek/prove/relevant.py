"""What of a question's assumptions its goal can depend on: those that share an unknown with it, directly or not.

The others speak of other unknowns. Without them a proof is a proof still; and a state that breaks the goal is one of
all assumptions, if the others can be met by themselves.
"""

from collections.abc import Iterable

from popek.isa.expression import Expr, Op
from popek.isa.slot import Array

_LEGAL = frozenset((Op.LEGAL,))
_known: dict[Expr, frozenset[object]] = {}


def unknowns(expr: Expr) -> frozenset[object]:
    """Return the unknown words and functions in an expression, by their names."""
    found = _known.get(expr)
    if found is None:
        own: frozenset[object] = frozenset()
        if expr.op is Op.OPERAND or isinstance(expr.payload, Array):
            own = frozenset((expr.payload,))
        elif expr.op is Op.LEGAL:
            own = _LEGAL
        found = _known[expr] = own.union(*(unknowns(a) for a in expr.args))
    return found


def relevant(goal: Expr, assumptions: Iterable[Expr]) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """Divide assumptions into those that matter to a goal and the others, each in their order."""
    every = tuple(assumptions)
    reached, rest, grown = set(unknowns(goal)), set(every), True
    while grown:
        near = {a for a in rest if not reached.isdisjoint(unknowns(a)) or not unknowns(a)}
        rest -= near
        reached.update(*(unknowns(a) for a in near))
        grown = bool(near)
    return tuple(a for a in every if a not in rest), tuple(a for a in every if a in rest)
