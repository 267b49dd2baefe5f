"""Domains: a width, and what each operator means over some kind of value.

The same expression means a number in the domain of integers, a term in the solver's, and source code in a
compiler's. A domain is a table, complete or refused; no domain inherits from another.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, field, frozen

from popek.isa.expression import OPERATORS, Expr, Op
from popek.isa.slot import Array, Slot

W = TypeVar("W")


@frozen
class Domain(Generic[W]):
    """Words of type `W` and truths of any type, `width` bits wide, with a meaning for every operator."""

    name: str
    width: int
    const: Callable[[int], W]
    operators: Mapping[Op, Callable[..., Any]] = field(repr=False)

    def __attrs_post_init__(self) -> None:
        missing = sorted(op.value for op in OPERATORS.keys() - self.operators.keys())
        unknown = sorted(op.value for op in self.operators.keys() - OPERATORS.keys())
        if missing or unknown:
            raise TypeError(f"domain {self.name}: no meaning for {missing}, no such operator as {unknown}")


class Reader(Protocol[W]):
    """What an expression may ask: the state before the instruction, and the instruction's operands."""

    @property
    def size(self) -> W:
        """The size of physical memory, in words."""
        ...

    def slot(self, slot: Slot) -> W:
        """Return a slot's value."""
        ...

    def element(self, array: Array, index: W) -> W:
        """Return an array's element; memory is indexed by physical address."""
        ...

    def operand(self, name: str) -> W:
        """Return an operand field's value."""
        ...

    def load(self, address: W) -> W:
        """Return the word at a virtual address, where the translation is left abstract; likewise the next two."""
        ...

    def real(self, address: W) -> W:
        """Return the physical address of a virtual one."""
        ...

    def legal(self, address: W) -> Any:
        """Say whether a virtual address may be referred to."""
        ...


@define
class Evaluation(Generic[W]):
    """Gives expressions their value in a domain; a shared part is computed once as long as the object lives."""

    domain: Domain[W]
    reader: Reader[W]
    _known: dict[Expr, Any] = field(factory=dict, init=False)

    def __call__(self, expr: Expr) -> Any:
        """Return the expression's value: a `W`, or a truth of the domain."""
        known = self._known
        if expr in known:
            return known[expr]
        args = [known[a] if a in known else self(a) for a in expr.args]
        operator = self.domain.operators.get(expr.op)
        value = _STATEFUL[expr.op](self, expr.payload, *args) if operator is None else operator(*args)
        known[expr] = value
        return value


_STATEFUL: dict[Op, Callable[..., Any]] = {
    Op.CONST: lambda e, payload: e.domain.const(payload),
    Op.SLOT: lambda e, payload: e.reader.slot(payload),
    Op.OPERAND: lambda e, payload: e.reader.operand(payload),
    Op.SIZE: lambda e, _: e.reader.size,
    Op.ELEMENT: lambda e, payload, index: e.reader.element(payload, index),
    Op.LOAD: lambda e, _, address: e.reader.load(address),
    Op.REAL: lambda e, _, address: e.reader.real(address),
    Op.LEGAL: lambda e, _, address: e.reader.legal(address),
}


@cache
def integers(width: int = 32) -> Domain[int]:
    """Return the domain of Python integers from 0 to 2^width - 1."""
    mask = (1 << width) - 1
    half = 1 << (width - 1)

    def signed(a: int) -> int:
        return a - 2 * half if a & half else a

    return Domain(
        f"integers of {width} bits",
        width,
        lambda n: n & mask,
        {
            Op.ADD: lambda a, b: (a + b) & mask,
            Op.SUB: lambda a, b: (a - b) & mask,
            Op.MUL: lambda a, b: (a * b) & mask,
            Op.UDIV: lambda a, b: a // b if b else mask,
            Op.UREM: lambda a, b: a % b if b else a,
            Op.AND: lambda a, b: a & b,
            Op.OR: lambda a, b: a | b,
            Op.XOR: lambda a, b: a ^ b,
            Op.SHL: lambda a, b: (a << b) & mask if b < width else 0,
            Op.LSHR: lambda a, b: a >> b if b < width else 0,
            Op.ASHR: lambda a, b: (signed(a) >> min(b, width - 1)) & mask,
            Op.EQ: lambda a, b: a == b,
            Op.ULT: lambda a, b: a < b,
            Op.SLT: lambda a, b: signed(a) < signed(b),
            Op.TRUE: lambda: True,
            Op.FALSE: lambda: False,
            Op.NOT: lambda a: not a,
            Op.BOTH: lambda a, b: a and b,
            Op.EITHER: lambda a, b: a or b,
            Op.ITE: lambda c, a, b: a if c else b,
        },
    )
