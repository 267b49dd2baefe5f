"""The simplifier: what can be seen of a question without asking anybody.

Each rule holds at every width of 8 bits or more, so constants are compared only where they are small. It is part of
what has to be trusted; it is tested against the integers, and `structural=False` does without it.
"""

from collections.abc import Callable

from popek.isa.expression import FALSE, TRUE, Expr, Op, as_expr, unchecked

_SMALL = range(1 << 8)
_ZERO = as_expr(0)
_known: dict[Expr, Expr] = {}


def simplified(expr: Expr) -> Expr:
    """Return an expression that means the same; an expression that was seen before is not looked at again."""
    found = _known.get(expr)
    if found is not None:
        return found
    args = tuple(simplified(a) for a in expr.args)
    same = args == expr.args or not args
    rule = _RULES.get(expr.op)
    found = rule(*args) if rule else None
    if found is None:
        found = expr if same else expr.with_args(args)
    _known[expr] = found
    return found


def _number(expr: Expr) -> int | None:
    """Return the number that a constant is at any width; nothing if it depends on the width, or is no constant."""
    return expr.payload if expr.op is Op.CONST and expr.payload in _SMALL else None  # type: ignore[return-value]


def _not(a: Expr) -> Expr | None:
    if a is TRUE:
        return FALSE
    if a is FALSE:
        return TRUE
    return a.args[0] if a.op is Op.NOT else None


def _opposite(a: Expr, b: Expr) -> bool:
    return (a.op is Op.NOT and a.args[0] is b) or (b.op is Op.NOT and b.args[0] is a)


def _both(a: Expr, b: Expr) -> Expr | None:
    if a is FALSE or b is FALSE or _opposite(a, b):
        return FALSE
    if a is TRUE or a is b:
        return b
    return a if b is TRUE else None


def _either(a: Expr, b: Expr) -> Expr | None:
    if a is TRUE or b is TRUE or _opposite(a, b):
        return TRUE
    if a is FALSE or a is b:
        return b
    return a if b is FALSE else None


def _eq(a: Expr, b: Expr) -> Expr | None:
    if a is b:
        return TRUE
    one, other = _number(a), _number(b)
    if one is not None and other is not None:
        return FALSE  # equal constants are one object
    if other is not None and a.op is Op.ITE:
        return _chosen(a, b)
    if one is not None and b.op is Op.ITE:
        return _chosen(b, a)
    if a.op is Op.ADD and b.op is Op.ADD and a.args[0] is b.args[0]:
        return simplified(unchecked(Op.EQ, a.args[1], b.args[1]))
    return None


def _chosen(choice: Expr, number: Expr) -> Expr | None:
    """Say when a choice between two constants is a third."""
    when, then, otherwise = choice.args
    if _number(then) is None or _number(otherwise) is None:
        return None
    if (then is number) == (otherwise is number):
        return TRUE if then is number else FALSE
    return when if then is number else simplified(unchecked(Op.NOT, when))


def _ult(a: Expr, b: Expr) -> Expr | None:
    if a is b or b is _ZERO:
        return FALSE
    one, other = _number(a), _number(b)
    if one is not None and other is not None:
        return TRUE if one < other else FALSE
    return None


def _ite(when: Expr, then: Expr, otherwise: Expr) -> Expr | None:
    if when is TRUE or then is otherwise:
        return then
    if when is FALSE:
        return otherwise
    return unchecked(Op.ITE, when.args[0], otherwise, then) if when.op is Op.NOT else None


def _add(a: Expr, b: Expr) -> Expr | None:
    if b is _ZERO:
        return a
    return b if a is _ZERO else None


def _sub(a: Expr, b: Expr) -> Expr | None:
    if a is b:
        return _ZERO
    if b is _ZERO:
        return a
    return a.args[1] if a.op is Op.ADD and a.args[0] is b else None


_RULES: dict[Op, Callable[..., Expr | None]] = {
    Op.NOT: _not, Op.BOTH: _both, Op.EITHER: _either, Op.EQ: _eq, Op.ULT: _ult, Op.ITE: _ite, Op.ADD: _add,
    Op.SUB: _sub,
}  # fmt: skip
