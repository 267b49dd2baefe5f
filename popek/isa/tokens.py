"""Tokens: a line of assembly text taken apart. It knows shapes, not meanings: no instruction, no directive.

A statement is labels, then a head (the first word: a mnemonic, a directive or a macro's name), then the rest.
Whatever is wrong with a line is kept in its statement, so that its labels are known all the same.
"""

import re
from enum import Enum, unique

from attrs import evolve, frozen

from popek.errors import Place, PopekError, Problem
from popek.language.phrase import say

LONGEST_SHOWN = 300
"""Characters of the longest line that is shown under a message; carets under more help nobody."""

LONGEST_NUMBER = 80
"""Characters of the longest number: more than 64 bits need in any notation."""

REGISTER_NUMBERS = {f"r{i}": i for i in range(16)} | {"sp": 14, "lr": 15}
"""Registers by name, in lower case; `sp` and `lr` are aliases."""


@unique
class Kind(Enum):
    """The shapes of tokens."""

    NAME = "name"
    NUMBER = "number"
    STRING = "string"
    MARK = "mark"


@frozen
class Line:
    """One line of a text, with its number from 1."""

    file: str
    number: int
    text: str

    def place(self, column: int, length: int = 1) -> Place:
        """Return a place in this line; `column` counts from 1."""
        shown = self.text if len(self.text) <= LONGEST_SHOWN else ""
        return Place(self.file, self.number, column, printable(shown), length)


@frozen
class Token:
    """A word, number, string or mark, and where it stands. `value` is a number's value, `data` a string's bytes."""

    kind: Kind
    text: str
    line: Line
    column: int
    length: int
    value: int = 0
    data: bytes = b""

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.line.place(self.column, self.length)

    @property
    def after(self) -> Place:
        """Where something is missing that should follow it."""
        return self.line.place(self.column + self.length)

    @property
    def register(self) -> int | None:
        """The number of the register that it names, if it does."""
        return REGISTER_NUMBERS.get(self.text.lower()) if self.kind is Kind.NAME else None

    def renamed(self, text: str) -> "Token":
        """Return a token of another text that stands at the same place."""
        return evolve(self, text=text)

    def __str__(self) -> str:
        return quote(self.text)


@frozen
class Statement:
    """A line taken apart; `mistake` is what is wrong with its form."""

    line: Line
    labels: tuple[Token, ...] = ()
    head: Token | None = None
    rest: tuple[Token, ...] = ()
    mistake: Problem | None = None


def printable(text: str) -> str:
    """Return a text of the same length that a terminal can show."""
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def quote(text: str) -> str:
    """Return a token's text as messages show it: in backquotes, shortened if it is long."""
    return f"`{printable(text if len(text) <= 40 else text[:37] + '...')}`"


def span(first: Token, last: Token) -> Place:
    """Return the place from one token to another, or the first one's if they are not on one line."""
    if first.line != last.line or last.column < first.column:
        return first.place
    return first.line.place(first.column, last.column + last.length - first.column)


_PARAMETER = r"\\(?:@|[A-Za-z_][A-Za-z0-9_]*)"
_NAME = rf"(?:[A-Za-z_.]|{_PARAMETER})(?:[A-Za-z0-9_.]|{_PARAMETER})*"
_HEAD_WORD = r"[A-Za-z_.\\][^\s,:;#\"'()=]*"

NAME = re.compile(r"[A-Za-z_.][A-Za-z0-9_.]*")
HEAD = re.compile(_HEAD_WORD)
PARAMETER = re.compile(r"\\(@|[A-Za-z_][A-Za-z0-9_]*)")
"""In a macro's body: `\\a` for its parameter `a`, and `\\@` for the number of the expansion."""

_LABEL_AT = re.compile(rf"[ \t]*({_NAME})[ \t]*:")
_HEAD_AT = re.compile(rf"\s*({_HEAD_WORD})", re.ASCII)
_TOKEN_AT = re.compile(
    rf"""(?P<space>\s+) | (?P<comment>[;\#].*)
    | (?P<name>{_NAME}) | (?P<number>[0-9][A-Za-z0-9_]*)
    | (?P<string>"(?:[^"\\]|\\.)*") | (?P<char>'(?:[^'\\]|\\x[0-9A-Fa-f]{{2}}|\\.)')
    | (?P<mark><<|>>|[-+*/%&|^~(),])""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_ESCAPE = re.compile(r"\\x[0-9A-Fa-f]{2}|\\.|[^\\]+", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "e": "\x1b", "\\": "\\", '"': '"', "'": "'"}


def take_apart(line: Line) -> Statement:
    """Take a line apart."""
    text, at, labels = line.text, 0, []
    while found := _LABEL_AT.match(text, at):
        labels.append(Token(Kind.NAME, found[1], line, found.start(1) + 1, len(found[1])))
        at = found.end()
    found = _HEAD_AT.match(text, at)
    head, rest = None, list[Token]()
    try:
        if found:
            head, at = Token(Kind.NAME, found[1], line, found.start(1) + 1, len(found[1])), found.end()
            _check_head(head, text[at:])
        _scan(line, at, rest)
        _check_start(head, rest)
    except PopekError as error:
        return Statement(line, tuple(labels), head, tuple(rest), error.problems[0])
    return Statement(line, tuple(labels), head, tuple(rest))


def _check_head(head: Token, after: str) -> None:
    if after.lstrip().startswith(":"):
        hint = say("a label is made of letters, digits, `_` and `.`, and does not start with a digit")
        raise PopekError(Problem(say("{head} cannot be a label", head=head), head.place, hint))


def _check_start(head: Token | None, rest: list[Token]) -> None:
    if rest and head is None:
        raise PopekError(
            Problem(say("a statement starts with an instruction's name, not {rest}", rest=rest[0]), rest[0].place)
        )


def _scan(line: Line, at: int, found: list[Token]) -> None:
    """Append the tokens from a column on."""
    while at < len(line.text):
        match = _TOKEN_AT.match(line.text, at)
        if match is None:
            raise PopekError(_strange(line, at))
        if match.lastgroup not in ("space", "comment"):
            token = Token(_KINDS[match.lastgroup or ""], match[0], line, at + 1, len(match[0]))
            found.append(_READ.get(match.lastgroup or "", _as_it_is)(token))
        at = match.end()


def _strange(line: Line, at: int) -> Problem:
    character = line.text[at]
    if character in "\"'":
        what, remedy = (
            (say("this string does not end"), say('a string ends with `"` on the same line'))
            if character == '"'
            else (say("a character constant is one character between `'`"), say("write 'c', '\\n', '\\x1b' or '\\''"))
        )
        return Problem(what, line.place(at + 1, len(line.text.rstrip()) - at), remedy)
    said: str = quote(character) if character.isprintable() else f"U+{ord(character):04X}"
    hint = say("a constant is defined by `.equ name, value`") if character == "=" else ""
    return Problem(say("{name} means nothing here", name=said), line.place(at + 1), hint)


def _as_it_is(token: Token) -> Token:
    return token


def _number(token: Token) -> Token:
    if len(token.text) > LONGEST_NUMBER:
        raise PopekError(Problem(say("the number {token} is too large", token=token), token.place))
    try:
        return evolve(token, value=int(token.text, 0))
    except ValueError:
        hint = say("numbers are written 12, 0x1f, 0b101 or 'c'")
        raise PopekError(Problem(say("{token} is not a number", token=token), token.place, hint)) from None


def _pieces(token: Token) -> list[str | int]:
    """Return a literal's characters, and what its escapes stand for: characters, or bytes as numbers."""
    pieces: list[str | int] = []
    for found in _ESCAPE.finditer(token.text[1:-1]):
        piece = found[0]
        if not piece.startswith("\\"):
            pieces.append(piece)
        elif len(piece) == 4:
            pieces.append(int(piece.removeprefix("\\x"), 16))
        elif piece[1:] in _ESCAPES:
            pieces.append(_ESCAPES[piece[1:]])
        else:
            hint = say("escapes are \\n \\t \\r \\0 \\e \\\\ \\\" \\' and \\xHH, with two hexadecimal digits")
            place = token.line.place(token.column + 1 + found.start(), len(piece))
            raise PopekError(Problem(say("there is no escape {quote}", quote=quote(piece)), place, hint))
    return pieces


def _character(token: Token) -> Token:
    piece = _pieces(token)[0]
    return evolve(token, value=piece if isinstance(piece, int) else ord(piece))


def _string(token: Token) -> Token:
    try:
        data = b"".join(p.encode() if isinstance(p, str) else bytes([p]) for p in _pieces(token))
    except UnicodeEncodeError:
        raise PopekError(Problem(say("this string has no UTF-8 form"), token.place)) from None
    return evolve(token, data=data)


_KINDS = {
    "name": Kind.NAME,
    "number": Kind.NUMBER,
    "char": Kind.NUMBER,
    "string": Kind.STRING,
    "mark": Kind.MARK,
}
_READ = {"number": _number, "char": _character, "string": _string}
