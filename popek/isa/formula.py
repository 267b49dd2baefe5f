"""Formulas: the constant expressions of assembly text.

Operators and their precedence are C's: `* / %`, then `+ -`, `<< >>`, `&`, `^`, `|`; before them unary `-`, `+` and
`~`. Division truncates towards zero. `lo(x)` is the lower half of a word as a signed number, `hi(x)` the upper half as
an unsigned one. A formula is kept in postfix order, so that neither reading nor evaluating it recurses, however deep
its parentheses are. No value leaves 64 bits on the way.
"""

import operator
from collections.abc import Callable, Sequence

from attrs import evolve, field, frozen

from popek.errors import Place, PopekError, Problem
from popek.isa.encoding import WORD_BITS, WORD_MASK
from popek.isa.tokens import Kind, Token, span
from popek.language.phrase import say

Lookup = Callable[[Token], int]
"""What a name stands for; raises `PopekError` if it stands for nothing."""

LARGEST = 1 << 64
WORDS = range(-(1 << (WORD_BITS - 1)), 1 << WORD_BITS)
"""The numbers that can be a word, as signed or as unsigned ones."""

_FUNCTIONS = ("lo", "hi")
_BINARY = {"|": 1, "^": 2, "&": 3, "<<": 4, ">>": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_UNARY = {"-": "negative", "+": "positive", "~": "complement"}
_TIGHT = 7


@frozen
class Step:
    """One step of a formula: push what the token stands for, or apply what is named to the last `arity` values.

    `closing` is the parenthesis that ends it, if it has one.
    """

    token: Token
    name: str = ""
    arity: int = 0
    closing: Token | None = None


@frozen
class Part:
    """A value on the way, and the tokens that it comes from."""

    value: int
    first: Token
    last: Token

    @property
    def place(self) -> Place:
        """Where it is written."""
        return span(self.first, self.last)


@frozen
class Formula:
    """A constant expression in postfix order, and where it stands."""

    steps: tuple[Step, ...] = field(converter=tuple[Step, ...])
    place: Place

    def value(self, lookup: Lookup) -> int:
        """Return its value, names standing for what `lookup` says; raise `PopekError` where it has none."""
        stack: list[Part] = []
        for step in self.steps:
            if step.arity == 0:
                value = lookup(step.token) if step.token.kind is Kind.NAME else step.token.value
                stack.append(_bounded(Part(value, step.token, step.token)))
            else:
                args = stack[-step.arity :]
                stack[-step.arity :] = [_bounded(_APPLY[step.name](step, *args))]
        return stack[0].value


def _bounded(part: Part) -> Part:
    if abs(part.value) >= LARGEST:
        raise PopekError(Problem(say("this value is too large: a formula has 64 bits"), part.place))
    return part


def _infix(calculate: Callable[[int, int], int]) -> Callable[..., Part]:
    return lambda _, a, b: Part(calculate(a.value, b.value), a.first, b.last)


def _dividing(calculate: Callable[[int, int], int]) -> Callable[..., Part]:
    def apply(_: Step, a: Part, b: Part) -> Part:
        if b.value == 0:
            raise PopekError(Problem(say("division by zero"), b.place))
        return Part(calculate(a.value, b.value), a.first, b.last)

    return apply


def _shifting(calculate: Callable[[int, int], int]) -> Callable[..., Part]:
    def apply(_: Step, a: Part, b: Part) -> Part:
        if b.value not in range(64):
            raise PopekError(Problem(say("a shift by {b}: it must be within 0..63", b=b.value), b.place))
        return Part(calculate(a.value, b.value), a.first, b.last)

    return apply


def _prefix(calculate: Callable[[int], int]) -> Callable[..., Part]:
    return lambda step, a: Part(calculate(a.value), step.token, step.closing or a.last)


def _half(calculate: Callable[[int], int]) -> Callable[..., Part]:
    def apply(step: Step, a: Part) -> Part:
        if a.value not in WORDS:
            hint = say("a word is within {start}..{stop}", start=WORDS.start, stop=WORDS.stop - 1)
            raise PopekError(Problem(say("{a} does not fit in a word", a=a.value), a.place, hint))
        return Part(calculate(a.value & WORD_MASK), step.token, step.closing or a.last)

    return apply


def _quotient(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


_APPLY: dict[str, Callable[..., Part]] = {
    "(": _prefix(operator.pos),
    "negative": _prefix(operator.neg),
    "positive": _prefix(operator.pos),
    "complement": _prefix(operator.invert),
    "lo": _half(lambda x: ((x & 0xFFFF) ^ 0x8000) - 0x8000),
    "hi": _half(lambda x: x >> 16),
    "|": _infix(operator.or_),
    "^": _infix(operator.xor),
    "&": _infix(operator.and_),
    "<<": _shifting(operator.lshift),
    ">>": _shifting(operator.rshift),
    "+": _infix(operator.add),
    "-": _infix(operator.sub),
    "*": _infix(operator.mul),
    "/": _dividing(_quotient),
    "%": _dividing(lambda a, b: a - b * _quotient(a, b)),
}


def read_formula(tokens: Sequence[Token], before: Token) -> tuple[Formula, int]:
    """Read the longest formula at the start of some tokens; return it and how many tokens it takes.

    `before` is the token before them, to blame if there are none.
    """
    reader = _Reader(tokens, before)
    reader.read()
    return Formula(reader.steps, span(tokens[0], tokens[reader.at - 1])), reader.at


class _Reader:
    """Dijkstra's shunting yard: operators wait in `waiting` until one that binds less tightly comes."""

    def __init__(self, tokens: Sequence[Token], before: Token) -> None:
        self.tokens, self.last = tokens, tokens[-1] if tokens else before
        self.steps: list[Step] = []
        self.waiting: list[tuple[int, Step]] = []
        self.at = 0

    def read(self) -> None:
        self._operand()
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.text == ")" and self._close():
                self.at += 1
            elif token.kind is Kind.MARK and token.text in _BINARY:
                self._settle(_BINARY[token.text])
                self.waiting.append((_BINARY[token.text], Step(token, token.text, 2)))
                self.at += 1
                self._operand()
            else:
                break
        self._settle(1)
        if self.waiting:
            opening = self.waiting[-1][1].token
            raise PopekError(Problem(say("{opening} is never closed", opening=opening), opening.place))

    def _operand(self) -> None:
        while True:
            if self.at >= len(self.tokens):
                raise PopekError(Problem(say("a value is missing here"), self.last.after))
            token = self.tokens[self.at]
            self.at += 1
            if token.text == "(" and token.kind is Kind.MARK:
                self.waiting.append((0, Step(token, "(", 1)))
            elif token.kind is Kind.MARK and token.text in _UNARY:
                self.waiting.append((_TIGHT, Step(token, _UNARY[token.text], 1)))
            elif self._calls(token):
                self.waiting.append((0, Step(token, token.text.lower(), 1)))
                self.at += 1
            else:
                break
        if token.kind in (Kind.MARK, Kind.STRING):
            raise PopekError(Problem(say("a value is expected, not {token}", token=token), token.place))
        self.steps.append(Step(token))

    def _calls(self, token: Token) -> bool:
        following = self.tokens[self.at].text if self.at < len(self.tokens) else ""
        return token.kind is Kind.NAME and token.text.lower() in _FUNCTIONS and following == "("

    def _settle(self, level: int) -> None:
        while self.waiting and self.waiting[-1][0] >= level:
            self.steps.append(self.waiting.pop()[1])

    def _close(self) -> bool:
        """Close the last open parenthesis; say whether there was one."""
        self._settle(1)
        if not self.waiting:
            return False
        self.steps.append(evolve(self.waiting.pop()[1], closing=self.tokens[self.at]))
        return True
