r"""Macros: statements with holes. A line is read into tokens once, and a call puts tokens into the holes.

In the body of `.macro name a, b`, `\a` stands for the tokens of the first argument, and `\@` for the number of the
expansion, which makes labels unique. A macro may be used before it is defined. There are no conditionals, so a macro
that calls itself would never end; it is refused. Strings are left as they are.

The prelude is written in the same language. It is there for an ISA as far as the ISA has the instructions it uses.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from attrs import evolve, field, frozen

from popek.errors import PopekError, Problem, nearest
from popek.isa.operands import split_operands
from popek.isa.tokens import HEAD, NAME, PARAMETER, Kind, Line, Statement, Token, quote, take_apart

LONGEST_NAME = 255
"""Characters of the longest name that an expansion may put together."""

LONGEST_STATEMENT = 10_000
"""Tokens of the longest statement that an expansion may give."""

PRELUDE_FILE = "<prelude>"

PRELUDE = r"""
.macro li ra, value             ; any word, always in two instructions
        ldi     \ra, lo(\value)
        ldih    \ra, hi(\value)
.endm
.macro jmp target
        beq     r0, r0, \target
.endm
.macro call target              ; the address of the next word goes to lr
        jal     lr, \target
.endm
.macro ret
        jalr    lr, lr
.endm
.macro push ra                  ; the stack grows down, sp is the address of its top
        addi    sp, sp, -1
        st      \ra, 0(sp)
.endm
.macro pop ra
        ld      \ra, 0(sp)
        addi    sp, sp, 1
.endm
.macro inc ra
        addi    \ra, \ra, 1
.endm
.macro dec ra
        addi    \ra, \ra, -1
.endm
.macro bgt ra, rb, target
        blt     \rb, \ra, \target
.endm
.macro bgtu ra, rb, target
        bltu    \rb, \ra, \target
.endm
.macro bge ra, rb, target       ; in two instructions
        blt     \rb, \ra, \target
        beq     \ra, \rb, \target
.endm
.macro bgeu ra, rb, target
        bltu    \rb, \ra, \target
        beq     \ra, \rb, \target
.endm
.macro ble ra, rb, target
        blt     \ra, \rb, \target
        beq     \ra, \rb, \target
.endm
.macro bleu ra, rb, target
        bltu    \ra, \rb, \target
        beq     \ra, \rb, \target
.endm
"""


@frozen
class Macro:
    """A macro: its name where it is given, its parameters, and the statements between `.macro` and `.endm`."""

    named: Token
    parameters: tuple[str, ...]
    body: tuple[Statement, ...]

    def expand(self, head: Token, rest: tuple[Token, ...], number: int) -> Iterator[Statement]:
        r"""Give the statements that a call stands for; `number` is what `\@` becomes."""
        takes = f"{head} takes `{', '.join(self.parameters)}`" if self.parameters else ""
        groups = split_operands(head, rest, len(self.parameters), takes)
        holes: dict[str, tuple[Token, ...]] = {"@": (evolve(head, kind=Kind.NUMBER, text=str(number), value=number),)}
        holes |= dict(zip(self.parameters, groups, strict=True))
        for statement in self.body:
            yield evolve(
                statement,
                labels=_fill_all(statement.labels, holes),
                head=statement.head and _fill_head(statement.head, holes),
                rest=_fill_all(statement.rest, holes),
            )


def _fill_all(tokens: Iterable[Token], holes: Mapping[str, tuple[Token, ...]]) -> tuple[Token, ...]:
    filled: list[Token] = []
    for token in tokens:
        filled += _fill(token, holes)
        if len(filled) > LONGEST_STATEMENT:
            raise PopekError(Problem("this becomes too long a statement", token.place))
    return tuple(filled)


def _fill(token: Token, holes: Mapping[str, tuple[Token, ...]]) -> tuple[Token, ...]:
    if token.kind is not Kind.NAME or "\\" not in token.text:
        return (token,)
    whole = PARAMETER.fullmatch(token.text)
    if whole:
        return holes[whole[1]]
    text = _joined(token, holes)
    if len(text) > LONGEST_NAME or not NAME.fullmatch(text):
        raise PopekError(Problem(f"{token} becomes {quote(text)}, which is not a name", token.place))
    return (token.renamed(text),)


def _fill_head(token: Token, holes: Mapping[str, tuple[Token, ...]]) -> Token:
    if "\\" not in token.text:
        return token
    text = _joined(token, holes)
    if len(text) > LONGEST_NAME or not HEAD.fullmatch(text):
        raise PopekError(Problem(f"{token} becomes {quote(text)}, which is not an instruction's name", token.place))
    return token.renamed(text)


def _joined(token: Token, holes: Mapping[str, tuple[Token, ...]]) -> str:
    """Return a token's text with its holes filled, or so much of it that it is seen to be too long."""

    def filling(found: re.Match[str]) -> str:
        return "".join(t.text[: LONGEST_NAME + 1] for t in holes[found[1]][: LONGEST_NAME + 1])

    return PARAMETER.sub(filling, token.text[: LONGEST_NAME + 1], count=LONGEST_NAME)


@frozen
class Text:
    """A text read: the statements outside macros, the macros by name in lower case, and what is wrong so far.

    `lost` holds the labels in a macro that never ends: they are not defined, and nobody is to hear of it twice.
    """

    statements: list[Statement] = field(factory=list)
    macros: dict[str, Macro] = field(factory=dict)
    problems: list[Problem] = field(factory=list)
    lost: set[str] = field(factory=set)


def read_text(source: str, file: str) -> Text:
    """Read a text into statements and macros."""
    reader = _Reader()
    for number, text in enumerate(source.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").split("\n"), 1):
        reader.take(take_apart(Line(file, number, text.removesuffix("\r"))))
    reader.lose()
    return reader.text


class _Reader:
    """Collects statements, and while a macro is open, its body."""

    def __init__(self) -> None:
        self.text = Text()
        self.opening: Token | None = None
        self.name: Token | None = None
        self.parameters: tuple[str, ...] = ()
        self.body: list[Statement] = []

    def take(self, statement: Statement) -> None:
        head = statement.head.text.lower() if statement.head else ""
        if head == ".macro":
            self.lose()
            self._keep(evolve(statement, head=None, rest=(), mistake=None))
            self._open(statement)
        elif head == ".endm" and self.opening:
            self._keep(evolve(statement, head=None, rest=()))
            self._define()
        else:
            self._keep(statement)

    def lose(self) -> None:
        """Report a macro that is still open."""
        if self.opening is None:
            return
        self.text.problems.append(
            Problem(
                f"the macro {self.name} has no end" if self.name else "this macro has no end",
                self.opening.place,
                "a macro ends with a line `.endm`; one macro cannot be defined inside another",
            )
        )
        self.text.lost.update(label.text for s in self.body for label in s.labels)
        self.body.clear()
        self._define()

    def _keep(self, statement: Statement) -> None:
        strange = self._strange(statement)
        if strange:
            labels = tuple(label for label in statement.labels if "\\" not in label.text)
            statement = evolve(statement, labels=labels, rest=(), mistake=statement.mistake or strange)
        if self.opening is None:
            self.text.statements.append(statement)
        elif statement.mistake:
            self.text.problems.append(statement.mistake)
        elif statement.labels or statement.head:
            self.body.append(statement)

    def _strange(self, statement: Statement) -> Problem | None:
        r"""Say what is wrong with the statement's `\a`, if anything is."""
        for token in (*statement.labels, *filter(None, [statement.head]), *statement.rest):
            if token.kind is not Kind.NAME or "\\" not in token.text:
                continue
            if self.opening is None:
                return Problem(f"{token} means nothing outside a macro", token.place)
            unknown = [p for p in PARAMETER.findall(token.text) if p not in ("@", *self.parameters)]
            if unknown and self.name:
                hint = nearest(unknown[0], self.parameters)
                return Problem(f"the macro {self.name} has no parameter {quote(unknown[0])}", token.place, hint)
            if "\\" in PARAMETER.sub("", token.text):
                return Problem(f"{token} is not a name", token.place)
        return None

    def _open(self, statement: Statement) -> None:
        assert statement.head is not None
        self.opening, self.name, self.parameters = statement.head, None, ()
        try:
            self.name, self.parameters = _header(statement)
        except PopekError as error:
            self.text.problems.extend(error.problems)

    def _define(self) -> None:
        assert self.opening is not None
        if self.name:
            key, known = self.name.text.lower(), self.text.macros
            if key in known:
                hint = f"it is defined on line {known[key].named.line.number}"
                self.text.problems.append(Problem(f"a second macro {self.name}", self.name.place, hint))
            else:
                known[key] = Macro(self.name, self.parameters, tuple(self.body))
        self.opening, self.name, self.body = None, None, []


def _header(statement: Statement) -> tuple[Token, tuple[str, ...]]:
    """Read `.macro name a, b`; a comma after the name is allowed."""
    usage, head, rest = "write `.macro name a, b`", statement.head, statement.rest
    assert head is not None
    if statement.mistake:
        raise PopekError(statement.mistake)
    if not rest or rest[0].kind is not Kind.NAME:
        raise PopekError(Problem("a macro needs a name", rest[0].place if rest else head.place, usage))
    name, listed = rest[0], [t for t in rest[1:] if t.text != ","]
    names: dict[str, None] = {}
    for token in listed:
        if token.kind is not Kind.NAME or not token.text.isidentifier():
            raise PopekError(Problem(f"{token} cannot be a macro's parameter", token.place, usage))
        if token.text in names:
            raise PopekError(Problem(f"two parameters with the name {token}", token.place, usage))
        names[token.text] = None
    return name, tuple(names)


@cache
def _prelude() -> Mapping[str, Macro]:
    text = read_text(PRELUDE, PRELUDE_FILE)
    assert not text.problems, text.problems
    return text.macros


def prelude(mnemonics: Iterable[str]) -> dict[str, Macro]:
    """Return the macros of the prelude that use these mnemonics only, and have no mnemonic's name."""
    known = set(mnemonics)
    return {
        name: macro
        for name, macro in _prelude().items()
        if name not in known and all(s.head is None or s.head.text in known for s in macro.body)
    }
