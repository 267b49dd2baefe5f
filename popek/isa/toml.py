"""TOML with places: the values, as the standard library reads them, and where each key and value stands in the text.

`tomllib` says where a text is *not* TOML, but not where what it has read came from; the scanner here finds that out.
It only ever sees text that `tomllib` has accepted, so it need not be a second parser.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from popek.errors import Place, PopekError, Problem
from popek.language.phrase import say

WIDEST = 200
"""Columns of the longest line that an error still shows."""

Path = tuple[str | int, ...]
"""The way to a value: keys of tables and indices of arrays."""

Span = tuple[int, int]
"""Offsets into the text: the first character, and the one after the last."""


def printable(text: str, limit: int = 60) -> str:
    """Return the text fit to be shown on one line: cut if it is long, escaped where it does not print."""
    cut = text if len(text) <= limit else text[:limit] + "..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def bare(key: str) -> str:
    """Return a key as it is written: bare if that is possible, else in quotes."""
    return key if _BARE_KEY.fullmatch(key) else quoted(key)


def quoted(text: str) -> str:
    """Return a text as a TOML string on one line."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def place_at(file: str, text: str, start: int, end: int | None = None) -> Place:
    """Return the place of some characters of a text, with their line."""
    low = text.rfind("\n", 0, start) + 1
    high = text.find("\n", start)
    line = text[low : high if high >= 0 else len(text)]
    length = max(1, min(end if end is not None else start + 1, low + len(line)) - start)
    shown = "".join(c if c.isprintable() or c == "\t" else "?" for c in line) if len(line) <= WIDEST else ""
    return Place(file, text.count("\n", 0, start) + 1, start - low + 1, shown, length)


@frozen
class Document:
    """A TOML text: its `data`, and where its keys and values are."""

    file: str
    text: str
    data: Mapping[str, Any]
    _keys: Mapping[Path, Span] = field(repr=False)
    _values: Mapping[Path, Span] = field(repr=False)

    def key(self, *path: str | int) -> Place:
        """Return the place of a key, or of the table's name in its header."""
        return place_at(self.file, self.text, *self._keys.get(path, (0, 1)))

    def value(self, *path: str | int) -> Place:
        """Return the place of a value; for a table with a header that of its name."""
        found = self._values.get(path)
        return place_at(self.file, self.text, *found) if found else self.key(*path)


def read(text: str, file: str) -> Document:
    """Read a TOML text; raise `PopekError` with its place if it is none."""
    text = text.replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
        scanner = _Scanner(text)
        scanner.document()
    except RecursionError:
        raise PopekError(Problem(say("nested too deeply"), Place(file))) from None
    except ValueError as error:
        raise PopekError(_not_toml(error, text, file)) from None
    return Document(file, text, data, scanner.keys, scanner.values)


_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_BARE_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def _not_toml(error: ValueError, text: str, file: str) -> Problem:
    told = _POSITION.search(str(error))
    if told is None:
        return Problem(say("not TOML: {name}", name=printable(str(error), WIDEST)), Place(file))
    message = str(error)[: told.start()]
    start = len(text.rstrip())
    if told[1]:
        lines = text.split("\n")
        start = sum(len(line) + 1 for line in lines[: int(told[1]) - 1]) + int(told[2]) - 1
    if message.startswith("Cannot"):  # a key or table for the second time: tomllib is already past it
        start = _BLANK.match(text, text.rfind("\n", 0, max(0, start - 1)) + 1).end()  # type: ignore[union-attr]
        return Problem(
            say("this key or table is there already"),
            place_at(file, text, start),
            say("each may be set only once in a file"),
        )
    word = _BARE_WORD.match(text, start)
    if message == "Invalid value" and word:
        hint = say('text stands in quotes: "{name}"', name=printable(word[0]))
        return Problem(say("not TOML: a value was expected"), place_at(file, text, start, word.end()), hint)
    if message == r"Illegal character '\n'":
        hint = say('a text begins and ends with `"`, on one line')
        return Problem(say("not TOML: a text does not end"), place_at(file, text, start), hint)
    return Problem(say("not TOML: {name}", name=printable(message, WIDEST)), place_at(file, text, start))


_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})' r"|'''.*?'''(?:'{0,2})" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'", re.DOTALL
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")


class _Scanner:
    """Walks over a valid text from left to right and notes where keys and values are."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.keys: dict[Path, Span] = {}
        self.values: dict[Path, Span] = {}

    def document(self) -> None:
        """Walk over the whole text."""
        table: Path = ()
        self._blank()
        while self.at < len(self.text):
            if self._next("["):
                while self._next("["):
                    pass
                table = self._key(())
                while self._next("]"):
                    pass
            else:
                self._pair(table)
            self._blank()

    def _blank(self) -> None:
        self._match(_BLANK)

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        assert found, f"the scanner is lost at {self.at}"
        self.at = found.end()
        return found[0]

    def _next(self, character: str) -> bool:
        """Skip a character if it is the next one that is not blank."""
        self._blank()
        here = self.text.startswith(character, self.at)
        self.at += here
        return here

    def _key(self, table: Path) -> Path:
        """Walk over a key, dotted or not, and return the way to it."""
        path = table
        while True:
            self._blank()
            start = self.at
            in_quotes = self.text[start] in "\"'"
            word = self._match(_STRING if in_quotes else _BARE_KEY)
            path = (*path, tomllib.loads(f"k = {word}")["k"] if in_quotes else word)
            self.keys.setdefault(path, (start, self.at))
            if not self._next("."):
                return path

    def _pair(self, table: Path) -> None:
        path = self._key(table)
        assert self._next("="), f"the scanner is lost at {self.at}"
        self._value(path)

    def _value(self, path: Path) -> None:
        self._blank()
        start = self.at
        if self._next("["):
            self._items(path)
        elif self._next("{"):
            while not self._next("}"):
                self._pair(path)
                self._next(",")
        elif self.text[start] in "\"'":
            self._match(_STRING)
        else:
            self.at = start + len(self._match(_SCALAR).rstrip())
        self.values[path] = (start, self.at)

    def _items(self, path: Path) -> None:
        index = 0
        while not self._next("]"):
            self._value((*path, index))
            self._next(",")
            index += 1
