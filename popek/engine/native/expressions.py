"""Expressions as LLVM instructions: one more domain, whose words are names of values.

Operators that LLVM leaves undefined somewhere (shifts by the width or more, division by zero) get the meaning that
they have here. What an expression reads comes from a view of the state.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from popek.engine.native.text import Text, select
from popek.isa.domain import Domain
from popek.isa.encoding import WORD_BITS, WORD_MASK
from popek.isa.expression import SIZE, Expr, Op, node, subtrees
from popek.isa.slot import Array, Slot

Operator = Callable[..., str]


class View(Protocol):
    """A state, as compiled code reads and writes it."""

    @property
    def size(self) -> str:
        """The size of physical memory."""
        ...

    def slot(self, text: Text, slot: Slot) -> str:
        """Return a slot's value."""
        ...

    def set_slot(self, text: Text, slot: Slot, value: str) -> None:
        """Write a slot."""
        ...

    def element(self, text: Text, array: Array, index: str, *, inside: bool) -> str:
        """Return an element; `inside`: the index is known to be less than the array's size."""
        ...

    def put(self, text: Text, array: Array, index: str, value: str, *, inside: bool) -> None:
        """Write an element."""
        ...

    def watch(self, text: Text) -> None:
        """Begin to watch whether words that are compiled are written."""
        ...


def _shift(text: Text, name: str) -> Operator:
    """Return a shift that shifts everything out by the width or more."""

    def shifted(a: str, b: str) -> str:
        within = text.value(f"icmp ult i32 {b}, {WORD_BITS}")
        amount = text.value(f"and i32 {b}, {WORD_BITS - 1}")
        return text.value(select(within, text.value(f"{name} i32 {a}, {amount}"), 0))

    return shifted


def _arithmetic_shift(text: Text) -> Operator:
    """Return the shift that fills with the sign."""

    def shifted(a: str, b: str) -> str:
        within = text.value(f"icmp ult i32 {b}, {WORD_BITS}")
        return text.value(f"ashr i32 {a}, {text.value(select(within, b, WORD_BITS - 1))}")

    return shifted


def _division(text: Text, name: str, by_zero: int | None) -> Operator:
    """Return a division that gives a word by zero: the dividend, if none is named."""

    def divided(a: str, b: str) -> str:
        zero = text.value(f"icmp eq i32 {b}, 0")
        quotient = text.value(f"{name} i32 {a}, {text.value(select(zero, 1, b))}")
        return text.value(select(zero, a if by_zero is None else by_zero, quotient))

    return divided


def operators(text: Text) -> Domain[str]:
    """Return the domain of the values of a text."""
    value = text.value

    def plain(name: str) -> Operator:
        return lambda a, b: value(f"{name} i32 {a}, {b}")

    def truths(name: str) -> Operator:
        return lambda a, b: value(f"{name} i1 {a}, {b}")

    return Domain(
        "LLVM values",
        WORD_BITS,
        lambda n: str(n & WORD_MASK),
        {
            Op.ADD: plain("add"),
            Op.SUB: plain("sub"),
            Op.MUL: plain("mul"),
            Op.UDIV: _division(text, "udiv", -1),
            Op.UREM: _division(text, "urem", None),
            Op.AND: plain("and"),
            Op.OR: plain("or"),
            Op.XOR: plain("xor"),
            Op.SHL: _shift(text, "shl"),
            Op.LSHR: _shift(text, "lshr"),
            Op.ASHR: _arithmetic_shift(text),
            Op.EQ: plain("icmp eq"),
            Op.ULT: plain("icmp ult"),
            Op.SLT: plain("icmp slt"),
            Op.TRUE: lambda: "true",
            Op.FALSE: lambda: "false",
            Op.NOT: lambda a: value(f"xor i1 {a}, true"),
            Op.BOTH: truths("and"),
            Op.EITHER: truths("or"),
            Op.ITE: lambda c, a, b: value(select(c, a, b)),
        },
    )


class Emission:
    """Writes expressions over one state, each once: nothing that it has read may be written before it is done.

    `facts` are truths that hold here, because a guard did not. Before an element is read or written, `reach` is told
    the array, the index, and whether it will be.
    """

    def __init__(
        self,
        text: Text,
        view: View,
        operands: Mapping[str, str],
        reach: Callable[[Array, str, str], None] = lambda *_: None,
    ) -> None:
        self.text, self.view, self.operands, self.reach = text, view, operands, reach
        self.facts: set[Expr] = set()
        self._domain = operators(text)
        self.known: dict[Expr, str] = {}

    def learn(self, other: "Emission") -> None:
        """Take over what another has written on the way here."""
        self.known.update(other.known)

    def __call__(self, expr: Expr) -> str:
        """Return the name of an expression's value."""
        for here in subtrees(expr):
            if here not in self.known:
                self.known[here] = self._written(here, [self.known[a] for a in here.args])
        return self.known[expr]

    def _written(self, expr: Expr, args: list[str]) -> str:
        payload = expr.payload
        if expr.op in self._domain.operators:
            written: str = self._domain.operators[expr.op](*args)
            return written
        if isinstance(payload, Array):
            self.reach(payload, args[0], "true")
            return self.view.element(self.text, payload, args[0], inside=self.inside(payload, expr.args[0]))
        if isinstance(payload, Slot):
            return self.view.slot(self.text, payload)
        if isinstance(payload, str):
            return self.operands[payload]
        if isinstance(payload, int):
            return self._domain.const(payload)
        assert expr.op is Op.SIZE, f"{expr.op} was not lowered"
        return self.view.size

    def inside(self, array: Array, index: Expr) -> bool:
        """Say whether an index into memory, or an array as large, is known to be less than its size."""
        return array.size == "q" and node(Op.ULT, index, SIZE) in self.facts

    def rule_out(self, guard: Expr) -> None:
        """Take it as known that a guard does not hold."""
        if guard.op is Op.NOT:
            self._grant(guard.args[0])
        elif guard.op is Op.EITHER:
            self.rule_out(guard.args[0])
            self.rule_out(guard.args[1])

    def _grant(self, truth: Expr) -> None:
        self.facts.add(truth)
        if truth.op is Op.BOTH:
            self._grant(truth.args[0])
            self._grant(truth.args[1])
        elif truth.op is Op.NOT:
            self.rule_out(truth.args[0])
