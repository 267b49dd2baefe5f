"""Expressions as Python closures over the integers: what the reference interpreter evaluates.

The same meaning as `domain.Evaluation` over `domain.integers(32)`, some ten times faster; a test holds them together.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from popek.engine.state import Readable
from popek.isa.domain import integers
from popek.isa.encoding import WORD_BITS
from popek.isa.expression import Expr, Op

Values = Mapping[str, int]
Closure = Callable[[Readable, Values], Any]

_INTEGERS = integers(WORD_BITS)


@cache
def closure(expr: Expr) -> Closure:
    """Return a function from a state and the operands' values to the expression's value."""
    args = tuple(closure(a) for a in expr.args)
    make = _STATEFUL.get(expr.op)
    if make:
        return make(expr.payload, *args)
    if len(args) == 2 and expr.args[1].op is Op.CONST:
        return _with_constant(expr.op, args[0], expr.args[1].payload)
    return _operation(expr.op, args)


def _operation(op: Op, args: tuple[Closure, ...]) -> Closure:
    operator = _INTEGERS.operators[op]
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


def _with_constant(op: Op, first: Closure, payload: Any) -> Closure:
    operator, second = _INTEGERS.operators[op], _INTEGERS.const(payload)
    return lambda s, v: operator(first(s, v), second)


def _constant(payload: Any) -> Closure:
    value = _INTEGERS.const(payload)
    return lambda _, __: value


def _operand(payload: Any) -> Closure:
    return lambda _, v: _INTEGERS.const(v[payload])


_STATEFUL: dict[Op, Callable[..., Closure]] = {
    Op.CONST: _constant,
    Op.OPERAND: _operand,
    Op.SLOT: lambda payload: lambda s, _: s.slot(payload),
    Op.SIZE: lambda _: lambda s, __: s.size,
    Op.ELEMENT: lambda payload, index: lambda s, v: s.element(payload, index(s, v)),
}
