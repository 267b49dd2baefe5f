"""The domain of solver terms: words are bit-vectors, truths are the solver's booleans.

This is one of the few modules that import the solver. Signed and unsigned operators are named, since Python's `<` on
the solver's bit-vectors is signed.
"""

from functools import cache
from typing import Any

import z3

from popek.isa.domain import Domain
from popek.isa.expression import Op
from popek.isa.slot import Array

RESOURCES = 5_000_000
"""What the solver may spend on one question, in its own unit (rlimit): no clock, so the answer is the machine's own."""


@cache
def bitvectors(width: int = 32) -> Domain[Any]:
    """Return the domain of bit-vector terms of a width."""
    return Domain(
        f"bit-vectors of {width} bits",
        width,
        lambda n: z3.BitVecVal(n, width),
        {
            Op.ADD: lambda a, b: a + b,
            Op.SUB: lambda a, b: a - b,
            Op.MUL: lambda a, b: a * b,
            Op.UDIV: z3.UDiv,
            Op.UREM: z3.URem,
            Op.AND: lambda a, b: a & b,
            Op.OR: lambda a, b: a | b,
            Op.XOR: lambda a, b: a ^ b,
            Op.SHL: lambda a, b: a << b,
            Op.LSHR: z3.LShR,
            Op.ASHR: lambda a, b: a >> b,
            Op.EQ: lambda a, b: a == b,
            Op.ULT: z3.ULT,
            Op.SLT: lambda a, b: a < b,
            Op.TRUE: lambda: z3.BoolVal(val=True),
            Op.FALSE: lambda: z3.BoolVal(val=False),
            Op.NOT: z3.Not,
            Op.BOTH: z3.And,
            Op.EITHER: z3.Or,
            Op.ITE: z3.If,
        },
    )


@cache
def word(name: str, width: int = 32) -> Any:
    """Return the unknown word of that name."""
    return z3.BitVec(name, width)


@cache
def words(name: str, width: int = 32) -> Any:
    """Return an unknown array, as a function from index to word."""
    sort = z3.BitVecSort(width)
    return z3.Function(name, sort, sort)


def unknown_array(array: Array, tag: str = "", width: int = 32) -> Any:
    """Return the unknown contents of an array of the state."""
    return words(f"{array.name}{tag}", width)


def solver(seed: int = 0) -> Any:
    """Return a solver with a limit on its resources, deterministic for a seed."""
    made = z3.SimpleSolver()
    made.set("rlimit", RESOURCES)
    made.set("random_seed", seed)
    return made


def identity() -> dict[str, str]:
    """Return the solver's name and version, for reports."""
    return {"name": "z3", "version": z3.get_version_string()}
