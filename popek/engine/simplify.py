"""Expressions made smaller by what is known: constants folded, comparisons decided, the relocation sum taken apart.

Words are those of the machine, from 0 to 2^32 - 1. What is known is an upper limit for some nodes; every rewriting
here is an equality of values under that knowledge, and a test evaluates both sides.
"""

from collections.abc import Callable, Mapping

from attrs import define, field

from popek.isa.domain import integers
from popek.isa.encoding import WORD_BITS, WORD_MASK
from popek.isa.expression import FALSE, OPERATORS, TRUE, Expr, Op, Sort, as_expr, node, not_, rewrite, subtrees, ult
from popek.isa.slot import Slot

_INTEGERS = integers(WORD_BITS)


def value(expr: Expr) -> int | None:
    """Return the number that a constant stands for, as an unsigned word."""
    return int(expr.payload) & WORD_MASK if expr.op is Op.CONST and isinstance(expr.payload, int) else None


@define
class Known:
    """Upper limits of nodes, beyond what the nodes themselves say. `assume` adds what a condition that holds says."""

    limits: dict[Expr, int] = field(factory=dict)

    def upper(self, expr: Expr) -> int:
        """Return a number that the node's value does not exceed."""
        rule = _UPPER.get(expr.op)
        own = rule(self, expr) if rule else WORD_MASK
        return min(own, self.limits.get(expr, WORD_MASK))

    def assume(self, truth: Expr) -> None:
        """Take a condition as given."""
        if truth.op is Op.BOTH:
            for part in truth.args:
                self.assume(part)
        elif truth.op is Op.ULT:
            small, large = truth.args
            self.limits[small] = min(self.upper(small), max(0, self.upper(large) - 1))

    def simplify(self, expr: Expr) -> Expr:
        """Return an expression of the same value, as far as it is known, and no larger."""
        return rewrite(expr, self.node)

    def node(self, expr: Expr) -> Expr:
        """Return the same of an expression whose arguments are simplified."""
        if expr.op in OPERATORS and expr.args and all(value(a) is not None or a in (TRUE, FALSE) for a in expr.args):
            return _folded(expr)
        rule = _RULES.get(expr.op)
        return rule(self, expr) if rule else expr


def _folded(expr: Expr) -> Expr:
    numbers = [a is TRUE if a.sort is Sort.TRUTH else value(a) for a in expr.args]
    result = _INTEGERS.operators[expr.op](*numbers)
    if expr.sort is Sort.TRUTH:
        return TRUE if result else FALSE
    return as_expr(result)


def _sum_limit(known: Known, expr: Expr) -> int:
    total = sum(known.upper(a) for a in expr.args)
    return min(total, WORD_MASK)


def _slot_limit(_: Known, expr: Expr) -> int:
    bits = expr.payload.bits if isinstance(expr.payload, Slot) else None
    return WORD_MASK if bits is None else (1 << bits) - 1


def _constant_limit(_: Known, expr: Expr) -> int:
    found = value(expr)
    assert found is not None
    return found


def _shift_limit(known: Known, expr: Expr) -> int:
    by = value(expr.args[1])
    return known.upper(expr.args[0]) >> (by or 0)


_UPPER: Mapping[Op, Callable[[Known, Expr], int]] = {
    Op.CONST: _constant_limit,
    Op.SLOT: _slot_limit,
    Op.ADD: _sum_limit,
    Op.AND: lambda k, e: min(k.upper(a) for a in e.args),
    Op.LSHR: _shift_limit,
    Op.ITE: lambda k, e: max(k.upper(a) for a in e.args[1:]),
}


def _add(_: Known, expr: Expr) -> Expr:
    """Put a constant to the right. Nested sums stay: a limit may be known of the inner one."""
    a, b = expr.args
    if value(a) is not None:
        a, b = b, a
    return a if value(b) == 0 else node(Op.ADD, a, b)


def _sub(known: Known, expr: Expr) -> Expr:
    constant = value(expr.args[1])
    return expr if constant is None else _add(known, node(Op.ADD, expr.args[0], -constant & WORD_MASK))


def _and(known: Known, expr: Expr) -> Expr:
    for word, other in (expr.args, expr.args[::-1]):
        mask = value(other)
        if mask is not None and mask & (mask + 1) == 0 and known.upper(word) <= mask:
            return word
    return as_expr(0) if any(value(a) == 0 for a in expr.args) else expr


def _ult(known: Known, expr: Expr) -> Expr:
    """Decide by limits; and free a sum with a constant from it."""
    a, b = expr.args
    limit = value(b)
    if limit == 0 or value(a) == WORD_MASK:
        return FALSE
    if limit is None or known.upper(a) >= limit:
        return expr if limit is None or a.op is not Op.ADD else _sum_below(known, expr, limit)
    return TRUE


def _sum_below(known: Known, expr: Expr, limit: int) -> Expr:
    term, addend = expr.args[0].args
    constant = value(addend)
    if constant is None:
        return expr
    if limit == constant:  # the sum wraps iff it is less than what was added
        return not_(_ult(known, ult(term, 2**WORD_BITS - constant)))
    if known.upper(term) + constant <= WORD_MASK:
        return _ult(known, ult(term, limit - constant)) if limit > constant else FALSE
    return expr


def _not(_: Known, expr: Expr) -> Expr:
    (a,) = expr.args
    return a.args[0] if a.op is Op.NOT else {TRUE: FALSE, FALSE: TRUE}.get(a, expr)


def _both(known: Known, expr: Expr) -> Expr:
    """Simplify what stands to the right under what stands to the left; join two limits of one node."""
    a, b = expr.args
    if a is FALSE or b is FALSE:
        return FALSE
    if a is TRUE or a is b:
        return b
    left = Known(dict(known.limits))
    left.assume(a)
    b = left.simplify(b)
    if b in (TRUE, FALSE):
        return a if b is TRUE else FALSE
    if a.op is b.op is Op.ULT and a.args[0] is b.args[0]:
        limits = value(a.args[1]), value(b.args[1])
        if limits[0] is not None and limits[1] is not None:
            return ult(a.args[0], min(limits[0], limits[1]))
    return node(Op.BOTH, a, b)


def _either(_: Known, expr: Expr) -> Expr:
    a, b = expr.args
    if a is TRUE or b is TRUE:
        return TRUE
    if a is FALSE or a is b:
        return b
    return a if b is FALSE else expr


def _ite(_: Known, expr: Expr) -> Expr:
    condition, then, otherwise = expr.args
    if condition.op is Op.NOT:
        return _ite(_, node(Op.ITE, condition.args[0], otherwise, then))
    if then is otherwise:
        return then
    return {TRUE: then, FALSE: otherwise}.get(condition, expr)


def _eq(known: Known, expr: Expr) -> Expr:
    a, b = expr.args
    if a is b:
        return TRUE
    apart = any((n := value(x)) is not None and n > known.upper(y) for x, y in ((a, b), (b, a)))
    return FALSE if apart else expr


def _no_change(zero: int) -> Callable[[Known, Expr], Expr]:
    return lambda _, expr: expr.args[0] if value(expr.args[1]) == zero else expr


_RULES: Mapping[Op, Callable[[Known, Expr], Expr]] = {
    Op.ADD: _add,
    Op.SUB: _sub,
    Op.AND: _and,
    Op.OR: _no_change(0),
    Op.XOR: _no_change(0),
    Op.SHL: _no_change(0),
    Op.LSHR: _no_change(0),
    Op.ASHR: _no_change(0),
    Op.MUL: _no_change(1),
    Op.ULT: _ult,
    Op.EQ: _eq,
    Op.NOT: _not,
    Op.BOTH: _both,
    Op.EITHER: _either,
    Op.ITE: _ite,
}


def mentions(expr: Expr) -> frozenset[object]:
    """Return the slots and arrays that are left in an expression."""
    return frozenset(e.payload for e in subtrees(expr) if e.op in (Op.SLOT, Op.ELEMENT))
