"""Questions as SMT-LIB 2: over bit-vectors of a width, or over integers with ranges.

What is hard for bit-vectors, sums and comparisons with wrap-around, is easy over linear integers; there, operators that
are not linear stay uninterpreted, which only weakens what is known: a proof is a proof, but a model need not be one.

The text depends on the expressions alone. It is what the solver is given, and what is exported for another.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum, unique
from functools import cache

from attrs import field, frozen

from popek.isa.expression import SIGNATURES, Expr, Op, Sort, subtrees
from popek.isa.slot import Array
from popek.prove.terms import WIDTH


@unique
class Over(Enum):
    """What the unknowns of a question are taken for."""

    BITS = "bit-vectors"
    INTEGERS = "integers with ranges"


@frozen
class Notation:
    """How words are written: their sort, a constant, each operator, and what is so of any unknown word."""

    sort: str
    constant: Callable[[int], str]
    operators: Mapping[Op, Callable[..., str]] = field(repr=False)
    range: Callable[[str], str | None]
    opaque: Mapping[Op, str]
    """Operators that stay uninterpreted, and their names."""


def _prefix(name: str) -> Callable[..., str]:
    return lambda *args: f"({name} {' '.join(args)})"


_TRUTHS: Mapping[Op, Callable[..., str]] = {
    Op.TRUE: lambda: "true",
    Op.FALSE: lambda: "false",
    Op.NOT: _prefix("not"),
    Op.BOTH: _prefix("and"),
    Op.EITHER: _prefix("or"),
    Op.ITE: _prefix("ite"),
    Op.EQ: _prefix("="),
}

_BITS = {
    Op.ADD: "bvadd", Op.SUB: "bvsub", Op.MUL: "bvmul", Op.UDIV: "bvudiv", Op.UREM: "bvurem", Op.AND: "bvand",
    Op.OR: "bvor", Op.XOR: "bvxor", Op.SHL: "bvshl", Op.LSHR: "bvlshr", Op.ASHR: "bvashr", Op.ULT: "bvult",
    Op.SLT: "bvslt",
}  # fmt: skip


@cache
def bits(width: int = WIDTH) -> Notation:
    """Return how bit-vectors are written."""
    return Notation(
        f"(_ BitVec {width})",
        lambda n: f"(_ bv{n % (1 << width)} {width})",
        {**_TRUTHS, **{op: _prefix(name) for op, name in _BITS.items()}},
        lambda _: None,
        {},
    )


@cache
def integers(width: int = WIDTH) -> Notation:
    """Return how integers with ranges are written."""
    modulus = 1 << width
    half = modulus >> 1

    def signed(a: str) -> str:
        return f"(ite (>= {a} {half}) (- {a} {modulus}) {a})"

    nonlinear = (Op.MUL, Op.UDIV, Op.UREM, Op.AND, Op.OR, Op.XOR, Op.SHL, Op.LSHR, Op.ASHR)
    opaque = {op: f"{op.value}.{width}" for op in nonlinear}
    return Notation(
        "Int",
        lambda n: str(n % modulus),
        {
            **_TRUTHS,
            **{op: _prefix(name) for op, name in opaque.items()},
            Op.ADD: lambda a, b: f"(let ((s (+ {a} {b}))) (ite (>= s {modulus}) (- s {modulus}) s))",
            Op.SUB: lambda a, b: f"(ite (>= {a} {b}) (- {a} {b}) (+ (- {a} {b}) {modulus}))",
            Op.ULT: _prefix("<"),
            Op.SLT: lambda a, b: f"(< {signed(a)} {signed(b)})",
        },
        lambda name: f"(and (<= 0 {name}) (< {name} {modulus}))",
        opaque,
    )


def notation(over: Over, width: int = WIDTH) -> Notation:
    """Return how a question's words are written."""
    return bits(width) if over is Over.BITS else integers(width)


LEGAL = "legal"


def script(claims: Iterable[Expr], over: Over = Over.BITS, width: int = WIDTH) -> str:
    """Write declarations, and the assertion that all claims hold."""
    return Script(over, width).add(claims)


class Script:
    """A text in the making: declarations, definitions of what is used more than once, and assertions."""

    def __init__(self, over: Over = Over.BITS, width: int = WIDTH) -> None:
        self.how, self.width = notation(over, width), width
        self.unknowns: dict[str, str] = {}
        """The unknowns that are declared: how each is written, and its name."""
        self._lines: list[str] = []
        self._defined = 0
        self._names: dict[Expr, str] = {}

    def add(self, claims: Iterable[Expr]) -> str:
        """Write what is new in some claims, and the assertion that they hold."""
        claims, uses = tuple(claims), dict[Expr, int]()
        new = dict.fromkeys(e for c in claims for e in subtrees(c) if e not in self._names)
        for here in new:
            for arg in here.args:
                uses[arg] = uses.get(arg, 0) + 1
        for here in new:
            self._name(here, uses.get(here, 0))
        asserted = [f"(assert {self._names[c]})" for c in claims]
        lines, self._lines = [*self._lines, *asserted, ""], []
        return "\n".join(lines)

    def _name(self, here: Expr, uses: int) -> None:
        written = self._written(here, [self._names[a] for a in here.args])
        if uses > 1 and here.args:
            name = f"let.{self._defined}"
            sort = self.how.sort if here.sort is Sort.WORD else "Bool"
            self._lines.append(f"(define-fun {name} () {sort} {written})")
            self._defined += 1
            written = name
        if here.op is Op.ELEMENT:
            self._ranged(written)
        self._names[here] = written

    def _written(self, here: Expr, args: list[str]) -> str:
        if here.op is Op.CONST:
            assert isinstance(here.payload, int)
            return self.how.constant(here.payload)
        if here.op is Op.OPERAND:
            return self._unknown(str(here.payload))
        if here.op is Op.ELEMENT:
            assert isinstance(here.payload, Array)
            return f"({self._declare(here.payload.name, 1, self.how.sort)} {args[0]})"
        if here.op is Op.LEGAL:
            return f"({self._declare(LEGAL, 1, 'Bool')} {args[0]})"
        if here.op in self.how.opaque:
            self._declare(self.how.opaque[here.op], len(SIGNATURES[here.op][0]), self.how.sort)
            return f"(|{self.how.opaque[here.op]}| {' '.join(args)})"
        return self.how.operators[here.op](*args)

    def _unknown(self, name: str) -> str:
        known = _quoted(name)[1:-1] in self.unknowns
        written = self._declare(name, 0, self.how.sort)
        if not known:
            self._ranged(written)
        return written

    def _ranged(self, written: str) -> None:
        within = self.how.range(written)
        if within is not None:
            self._lines.append(f"(assert {within})")

    def _declare(self, name: str, arity: int, sort: str) -> str:
        quoted = _quoted(name)
        if quoted[1:-1] not in self.unknowns:
            self.unknowns[quoted[1:-1]] = name
            takes = " ".join([self.how.sort] * arity)
            self._lines.append(f"(declare-fun {quoted} ({takes}) {sort})")
        assert self.unknowns[quoted[1:-1]] == name, f"{name} is written as {self.unknowns[quoted[1:-1]]} is"
        return quoted


def _quoted(name: str) -> str:
    return f"|{name.replace(chr(39), '~')}|"
