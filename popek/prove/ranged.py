"""The domain of ranged integers: words as mathematical integers from 0 to 2^32 - 1, for facts about relocation.

What is hard for bit-vectors, sums and comparisons with wrap-around, is easy over linear integers. Operators that are
not linear stay uninterpreted: that only weakens what is known, so a proof here is a proof, but a model need not be one.
"""

from functools import cache
from typing import Any

import z3

from popek.isa.domain import Domain
from popek.isa.expression import Op


@cache
def ranged(width: int = 32) -> Domain[Any]:
    """Return the domain of ranged integers of a width."""
    modulus = 1 << width
    half = modulus >> 1

    def unknown(op: Op, arity: int) -> Any:
        return z3.Function(f"{op.value}.{width}", *[z3.IntSort()] * (arity + 1))

    def add(a: Any, b: Any) -> Any:
        return z3.If(a + b >= modulus, a + b - modulus, a + b)

    def sub(a: Any, b: Any) -> Any:
        return z3.If(a >= b, a - b, a - b + modulus)

    def signed(a: Any) -> Any:
        return z3.If(a >= half, a - modulus, a)

    nonlinear = (Op.MUL, Op.UDIV, Op.UREM, Op.AND, Op.OR, Op.XOR, Op.SHL, Op.LSHR, Op.ASHR)
    return Domain(
        f"ranged integers of {width} bits",
        width,
        lambda n: z3.IntVal(n % modulus),
        {
            **{op: unknown(op, 2) for op in nonlinear},
            Op.ADD: add,
            Op.SUB: sub,
            Op.EQ: lambda a, b: a == b,
            Op.ULT: lambda a, b: a < b,
            Op.SLT: lambda a, b: signed(a) < signed(b),
            Op.TRUE: lambda: z3.BoolVal(val=True),
            Op.FALSE: lambda: z3.BoolVal(val=False),
            Op.NOT: z3.Not,
            Op.BOTH: z3.And,
            Op.EITHER: z3.Or,
            Op.ITE: z3.If,
        },
    )


def in_range(term: Any, width: int = 32) -> Any:
    """Say that a term is a word."""
    return z3.And(term >= 0, term < (1 << width))
