"""A strict reader of TOML: asks for what may stand there, and collects all that is wrong, to report it in one go."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, TypeVar

from popek.errors import Place, PopekError, Problem, nearest
from popek.isa.toml import Document, printable

MOST = 20
"""Problems after which a text is given up."""

T = TypeVar("T")

_TYPES: dict[type, str] = {
    bool: "a boolean",
    str: "a text",
    int: "an integer",
    float: "a float",
    list: "an array",
    dict: "a table",
    datetime: "a date",
    date: "a date",
    time: "a time",
}

_EXAMPLES: dict[type, str] = {bool: "true", str: '"..."', list: '["...", "..."]'}


def type_name(value: object) -> str:
    """Say what a value is, and the value itself if it is short: `the boolean true`, `an array`."""
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {printable(str(value))}"
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
            self.finish("there may be more; these are the first")

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
            hint = f"write [{'.'.join(path)}], and its keys on the lines below"
        else:
            hint = f"for example: {path[-1]} = {_EXAMPLES[kind]}"
        message = f"`{path[-1]}` takes {_TYPES[kind]}, not {type_name(value)}"
        self.complain(message, self.document.value(*path), hint)
        return None

    def table(self, *path: str) -> Mapping[str, Any]:
        """Return the table there; an empty one if there is none."""
        return self.get(dict, *path) or {}

    def only(self, valid: Iterable[str], what: str, *path: str) -> None:
        """Complain of every key of a table that is not valid."""
        valid = tuple(valid)
        where = f" in [{'.'.join(path)}]" if path else ""
        for key in self.table(*path) if path else self.document.data:
            if key not in valid:
                message = f"there is no {what} `{printable(key)}`{where}"
                self.complain(message, self.document.key(*path, key), nearest(key, valid))

    def texts(self, *path: str) -> tuple[str, ...]:
        """Return the array of texts there; an empty one if there is none."""
        items = self.get(list, *path) or []
        for index, item in enumerate(items):
            if not isinstance(item, str):
                message = f"`{path[-1]}` takes an array of texts, and this is {type_name(item)}"
                self.complain(message, self.document.value(*path, index), 'texts stand in quotes: ["...", "..."]')
        return tuple(i for i in items if isinstance(i, str))
