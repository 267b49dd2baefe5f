"""A strict reader of TOML: asks for what may stand there, and collects all that is wrong, to report it in one go."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, TypeVar

from popek.errors import Place, PopekError, Problem, nearest
from popek.isa.toml import Document, printable
from popek.language.phrase import say

MOST = 20
"""Problems after which a text is given up."""

T = TypeVar("T")

_TYPES: dict[type, str] = {
    bool: say("a boolean"),
    str: say("a text"),
    int: say("an integer"),
    float: say("a float"),
    list: say("an array"),
    dict: say("a table"),
    datetime: say("a date"),
    date: say("a date"),
    time: say("a time"),
}

_EXAMPLES: dict[type, str] = {bool: "true", str: '"..."', list: '["...", "..."]'}


def type_name(value: object) -> str:
    """Say what a value is, and the value itself if it is short: `the boolean true`, `an array`."""
    if isinstance(value, bool):
        return say("the boolean {value}", value=str(value).lower())
    if isinstance(value, int | float):
        return say("the number {name}", name=printable(str(value)))
    if isinstance(value, str):
        return f'"{printable(value)}"'
    return _TYPES[type(value)]


class Reader:
    """A document, and the problems found in it so far."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def complain(self, message: str, place: Place, hint: str = "") -> None:
        """Note a problem, unless it is known already; give up when there are many."""
        problem = Problem(message, place, hint)
        if problem not in self.problems:
            self.problems.append(problem)
        if len(self.problems) >= MOST:
            self.finish(say("there may be more; these are the first"))

    def finish(self, *last: str) -> None:
        """Raise `PopekError` if anything was wrong, in the order of the text."""
        if self.problems:
            raise PopekError(*sorted(self.problems, key=self._order), *last)

    def _order(self, problem: Problem) -> tuple[bool, int, int]:
        place = problem.place or Place("")
        return place.file != self.document.file, place.line, place.column

    def get(self, kind: type[T], *path: str) -> T | None:
        """Return the value there; nothing if there is none, or one of another type, which is a problem."""
        value: Any = self.document.data
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is None or isinstance(value, kind):
            return value
        if kind is dict:
            hint = say("write [{path}], and its keys on the lines below", path=".".join(path))
        else:
            hint = say("for example: {path} = {examples}", path=path[-1], examples=_EXAMPLES[kind])
        message = say(
            "`{path}` takes {types}, not {type_name}", path=path[-1], types=_TYPES[kind], type_name=type_name(value)
        )
        self.complain(message, self.document.value(*path), hint)
        return None

    def table(self, *path: str) -> Mapping[str, Any]:
        """Return the table there; an empty one if there is none."""
        return self.get(dict, *path) or {}

    def only(self, valid: Iterable[str], what: str, *path: str) -> None:
        """Complain of every key of a table that is not valid."""
        valid = tuple(valid)
        where = say(" in [{path}]", path=".".join(path)) if path else ""
        for key in self.table(*path) if path else self.document.data:
            if key not in valid:
                message = say("there is no {what} `{name}`{where}", what=what, name=printable(key), where=where)
                self.complain(message, self.document.key(*path, key), nearest(key, valid))

    def texts(self, *path: str) -> tuple[str, ...]:
        """Return the array of texts there; an empty one if there is none."""
        items = self.get(list, *path) or []
        for index, item in enumerate(items):
            if not isinstance(item, str):
                message = say(
                    "`{path}` takes an array of texts, and this is {type_name}",
                    path=path[-1],
                    type_name=type_name(item),
                )
                self.complain(message, self.document.value(*path, index), say('texts stand in quotes: ["...", "..."]'))
        return tuple(i for i in items if isinstance(i, str))
