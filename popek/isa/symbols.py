"""Symbols: what the names of a text stand for, and what is said about a name that stands for nothing."""

from collections.abc import Iterable, Mapping
from itertools import chain, islice

from popek.errors import PopekError, Problem, nearest
from popek.isa.formula import Formula
from popek.isa.tokens import NAME, Statement, Token, quote
from popek.language.phrase import say


class Similar:
    """Hints at similar names: short ones only, and for the first mistakes only, since comparing takes its time."""

    def __init__(self) -> None:
        self._left = 20

    def hint(self, name: str, candidates: Iterable[str]) -> str:
        """Return a hint, or nothing."""
        if not self._left or len(name) > 40:
            return ""
        self._left -= 1
        known = [c for c in islice(candidates, 1000) if len(c) <= 40]
        other = next((c for c in known if c.lower() == name.lower()), "")
        return say("did you mean `{other}`?", other=other) if other else nearest(name, known)


class Symbols:
    """Names and their values. A name whose definition went wrong has none, and using it is no further mistake."""

    def __init__(self, statements: Iterable[Statement], lost: Iterable[str]) -> None:
        self._values: dict[str, int | None] = dict.fromkeys(lost)
        self._defined: dict[str, Token] = {}
        self._similar = Similar()
        self._ahead = _definitions(statements)

    @property
    def values(self) -> Mapping[str, int]:
        """The names that have a value."""
        return {name: value for name, value in self._values.items() if value is not None}

    def define(self, label: Token, value: int | None) -> None:
        """Define a name; a value that is not known follows from an earlier mistake."""
        name = label.text
        if name in self._defined:
            raise PopekError(
                Problem(say("{label} is defined twice", label=label), label.place, _first(self._defined[name], label))
            )
        self._defined[name] = label
        self._values[name] = None
        if label.register is not None:
            raise PopekError(
                Problem(say("{label} is a register; a label needs another name", label=label), label.place)
            )
        if name == "." or not NAME.fullmatch(name):
            raise PopekError(Problem(say("{label} cannot be a label", label=label), label.place))
        self._values[name] = value

    def lose(self, name: str) -> None:
        """Take note of a name whose definition cannot be read."""
        self._values.setdefault(name, None)

    def now(self, head: Token, formula: Formula, here: int | None) -> int:
        """Return the value of a formula that may only use names defined before it."""

        def look_up(name: Token) -> int:
            if name.text not in self._values and name.text in self._ahead:
                line = self._ahead[name.text].line.number
                hint = say(
                    "line {line} defines it; {quote} can only use what is defined before",
                    line=line,
                    quote=quote(head.text.lower()),
                )
                raise PopekError(Problem(say("{name} is not defined yet", name=name), name.place, hint))
            return self.look_up(name, here)

        return formula.value(look_up)

    def look_up(self, name: Token, here: int | None) -> int:
        """Return what a name stands for, `.` being the address `here`."""
        value = here if name.text == "." else self._values.get(name.text)
        if value is not None:
            return value
        if name.text == "." or name.text in self._values:
            raise PopekError  # It follows from a problem that is known already.
        if name.register is not None:
            raise PopekError(Problem(say("{name} is a register; a value is expected here", name=name), name.place))
        hint = self._similar.hint(name.text, chain(self._defined, self._ahead))
        raise PopekError(Problem(say("{name} is not defined", name=name), name.place, hint))


def _definitions(statements: Iterable[Statement]) -> dict[str, Token]:
    """Return every name that is defined outside macros, so that an early use can be told from a wrong one."""
    found: dict[str, Token] = {}
    for statement in statements:
        equ = statement.head is not None and statement.head.text.lower() == ".equ"
        for token in (*statement.labels, *statement.rest[:equ]):
            found.setdefault(token.text, token)
    return found


def _first(first: Token, second: Token) -> str:
    if (first.line, first.column) == (second.line, second.column):
        return say("in a macro, `\\@` makes a label its own in each expansion: `{text}\\@`", text=first.text)
    return say("it is defined on line {number}", number=first.line.number)
