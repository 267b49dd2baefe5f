"""Expressions as Python source: the same meaning as `domain.integers(32)`, which a test holds it to.

A node that is used more than once gets a variable of its own, in front of the statement that wants it first. All
operators are total, so it does no harm to compute one too early.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from attrs import define, field

from popek.engine.simplify import Known, value
from popek.isa.encoding import WORD_BITS, WORD_MASK
from popek.isa.expression import Expr, Op, subtrees
from popek.isa.slot import Array, Slot

HALF, WHOLE = 1 << (WORD_BITS - 1), 1 << WORD_BITS
"""The first word that is negative as two's complement; and the number of words."""


class Names(Protocol):
    """How source refers to the state."""

    def slot(self, slot: Slot) -> str:
        """Return the source of a slot's value."""
        ...

    def operand(self, name: str) -> str:
        """Return the source of an operand's value, as an unsigned word."""
        ...

    def element(self, array: Array, index: Expr, text: str, limit: int) -> str:
        """Return the source of an element; `limit` is known of the index, whose source is `text`."""
        ...


@define
class Writer:
    """Writes statements, indented, into `lines`; knows which nodes have a variable already, and limits of nodes."""

    names: Names
    size: str
    lines: list[str] = field(factory=list)
    depth: int = 1
    known: Known = field(factory=Known)
    variables: dict[Expr, str] = field(factory=dict)
    _uses: Counter[Expr] = field(factory=Counter)
    _made: int = 0

    def begin(self, exprs: Iterable[Expr]) -> None:
        """Begin with a new instruction that consists of these expressions: nothing is known, no variable is left."""
        self.known, self.variables, self._uses, self._made = Known(), {}, Counter(), 0
        seen: set[Expr] = set()
        for root in exprs:
            self._uses[root] += 1
            for here in subtrees(root):
                if here not in seen:
                    seen.add(here)
                    self._uses.update(here.args)

    def line(self, text: str) -> None:
        """Write a line."""
        self.lines.append("    " * self.depth + text)

    def variable(self, text: str) -> str:
        """Put a value in a new variable, and return its name."""
        name = f"t{self._made}"
        self._made += 1
        self.line(f"{name} = {text}")
        return name

    def text(self, expr: Expr) -> str:
        """Return the source of an expression's value; it binds as tightly as a name."""
        if expr in self.variables:
            return self.variables[expr]
        found = self._source(expr)
        if expr.args and self._uses[expr] > 1 and not found.isidentifier():
            found = self.variables[expr] = self.variable(found)
        return found

    def named(self, expr: Expr) -> str:
        """Return the source of an expression's value, short enough to be repeated."""
        found = self.text(expr)
        if not found.isidentifier() and not found.isdecimal():
            found = self.variables[expr] = self.variable(found)
        return found

    def assign(self, name: str, expr: Expr) -> None:
        """Write an assignment. What seldom leaves the words is cut back only if it has."""
        wraps = None if expr in self.variables or self._uses[expr] > 1 else self._wrapping(expr)
        if wraps is None:
            self.line(f"{name} = {self.text(expr)}")
            return
        whole, falls = wraps
        self.line(f"{name} = {whole}")
        self.line(f"if {name} < 0: {name} += {WHOLE}" if falls else f"if {name} > {WORD_MASK}: {name} -= {WHOLE}")

    def unless_below(self, expr: Expr, limit: int) -> str:
        """Return a condition that holds whenever a node is not below a limit, and perhaps also when a sum wraps.

        For who may leave too often, but never too seldom. Below, the sum that was not cut is the sum.
        """
        wraps = None if expr in self.variables or expr.op is not Op.ADD else self._wrapping(expr)
        if wraps is None:
            return f"{self.named(expr)} >= {limit}"
        whole, falls = wraps
        name = self.variables[expr] = self.variable(whole)
        return f"not 0 <= {name} < {limit}" if falls else f"{name} >= {limit}"

    def _wrapping(self, expr: Expr) -> tuple[str, bool] | None:
        """Return a sum or a difference before it is cut, and whether it may fall below 0; else it may be too large."""
        if expr.op not in (Op.ADD, Op.SUB) or self.known.upper(expr) < WORD_MASK:
            return None
        a, b = expr.args
        constant = value(b)
        if expr.op is Op.ADD and constant is not None and constant >= HALF:
            return f"{self.text(a)} - {WHOLE - constant}", True
        return f"{self.text(a)} {'+' if expr.op is Op.ADD else '-'} {self.text(b)}", expr.op is Op.SUB

    def _source(self, expr: Expr) -> str:
        constant = value(expr)
        if constant is not None:
            return str(constant)
        if expr.op is Op.SLOT:
            assert isinstance(expr.payload, Slot)
            return self.names.slot(expr.payload)
        if expr.op is Op.OPERAND:
            return self.names.operand(str(expr.payload))
        if expr.op is Op.SIZE:
            return self.size
        if expr.op is Op.ELEMENT:
            assert isinstance(expr.payload, Array)
            index = expr.args[0]
            return self.names.element(expr.payload, index, self.named(index), self.known.upper(index))
        return _SOURCE[expr.op](self, *expr.args)


def _sum(w: Writer, a: Expr, b: Expr) -> str:
    constant = value(b)
    if constant is not None and constant >= HALF:
        return f"({w.text(a)} - {WHOLE - constant} & {WORD_MASK})"
    whole = f"{w.text(a)} + {w.text(b)}"
    return f"({whole})" if w.known.upper(a) + w.known.upper(b) <= WORD_MASK else f"({whole} & {WORD_MASK})"


def _shifted_left(w: Writer, a: Expr, b: Expr) -> str:
    constant = value(b)
    if constant is not None:
        return f"({w.text(a)} << {constant} & {WORD_MASK})" if constant < WORD_BITS else "0"
    by = w.named(b)
    return f"({w.text(a)} << {by} & {WORD_MASK} if {by} < {WORD_BITS} else 0)"


def _shifted_right(w: Writer, a: Expr, b: Expr) -> str:
    return f"({w.text(a)} >> {w.named(b)})"


def _arithmetically(w: Writer, a: Expr, b: Expr) -> str:
    word = w.named(a)
    return f"(({word} - {WHOLE} if {word} > {HALF - 1} else {word}) >> {w.text(b)} & {WORD_MASK})"


def _signed_less(w: Writer, a: Expr, b: Expr) -> str:
    """Compare as two's complement; with a constant there are two cases, each of which has the sign decided."""
    if w.known.upper(a) < HALF and w.known.upper(b) < HALF:
        return f"({w.text(a)} < {w.text(b)})"
    left, right = value(a), value(b)
    if right is not None:
        word = w.named(a)
        return f"({word} < {right} or {word} >= {HALF})" if right < HALF else f"({HALF} <= {word} < {right})"
    if left is not None:
        word = w.named(b)
        return f"({left} < {word} < {HALF})" if left < HALF else f"({word} > {left} or {word} < {HALF})"
    return f"({w.text(a)} ^ {HALF} < {w.text(b)} ^ {HALF})"


def _infix(operator: str, *, cut: bool = False) -> Callable[[Writer, Expr, Expr], str]:
    tail = f" & {WORD_MASK}" if cut else ""
    return lambda w, a, b: f"({w.text(a)} {operator} {w.text(b)}{tail})"


def _divided(operator: str, by_zero: Callable[[Writer, Expr], str]) -> Callable[[Writer, Expr, Expr], str]:
    return lambda w, a, b: f"({w.text(a)} {operator} {w.named(b)} if {w.named(b)} else {by_zero(w, a)})"


_SOURCE: Mapping[Op, Callable[..., str]] = {
    Op.ADD: _sum,
    Op.SUB: _infix("-", cut=True),
    Op.MUL: _infix("*", cut=True),
    Op.UDIV: _divided("//", lambda _, __: str(WORD_MASK)),
    Op.UREM: _divided("%", lambda w, a: w.text(a)),
    Op.AND: _infix("&"),
    Op.OR: _infix("|"),
    Op.XOR: _infix("^"),
    Op.SHL: _shifted_left,
    Op.LSHR: _shifted_right,
    Op.ASHR: _arithmetically,
    Op.EQ: _infix("=="),
    Op.ULT: _infix("<"),
    Op.SLT: _signed_less,
    Op.TRUE: lambda _: "True",
    Op.FALSE: lambda _: "False",
    Op.NOT: lambda w, a: f"(not {w.text(a)})",
    Op.BOTH: _infix("and"),
    Op.EITHER: _infix("or"),
    Op.ITE: lambda w, c, a, b: f"({w.text(a)} if {w.text(c)} else {w.text(b)})",
}
