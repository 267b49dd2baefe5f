"""A guest's header: the lines `;@ key: value` at the top of its text. All that is wrong in it is reported in one go."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field, frozen

from popek.errors import Place, PopekError, Problem, nearest
from popek.guests.guest import ADDRESS, OUTCOMES
from popek.isa import shipped
from popek.isa.encoding import WORD_MASK
from popek.language.phrase import say

MARK = ";@"
LARGEST_MEMORY = 1 << 24
LARGEST_DISK = 1 << 20

_LINE = re.compile(r";@\s*(?P<key>[^\s:]+)\s*:\s*(?P<value>.*?)\s*")
_NUMBER = re.compile(r"0x[0-9A-Fa-f]{1,16}|-?[0-9]{1,18}")
_REGISTER = re.compile(r"r([0-9]|1[0-5])")


class _WrongError(Exception):
    """A value that cannot be, and what could."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def _text(value: str) -> str:
    if not value:
        raise _WrongError(say("a text is missing"))
    return value


def _string(value: str) -> str:
    found = _json(value)
    if not isinstance(found, str):
        raise _WrongError(say("a string in double quotes is expected"), say('for example: "two\\nlines"'))
    return found


def _typed(value: str) -> bytes:
    try:
        return _string(value).encode()
    except UnicodeEncodeError:
        raise _WrongError(say("this string has no UTF-8 form")) from None


def _json(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _number(value: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise _WrongError(say("{value!r} is not a number", value=value), say("numbers are written 12 or 0x1f"))
    return int(value, 0)


def _within(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        number = _number(value)
        if not least <= number <= most:
            raise _WrongError(say("{number} is not within {least}..{most}", number=number, least=least, most=most))
        return number

    return read


def _word(value: str) -> int:
    return _within(-(1 << 31), WORD_MASK)(value) & WORD_MASK


def _outcome(value: str) -> str:
    if value not in OUTCOMES:
        raise _WrongError(say("there is no outcome {value!r}", value=value), nearest(value, OUTCOMES))
    return value


def _isa(value: str) -> str:
    if not value.endswith((".toml", ".py")) and shipped.find(value) is None:
        raise _WrongError(say("there is no ISA {value!r}", value=value), nearest(value, shipped.known()))
    return value


def _disk(value: str) -> tuple[int, ...]:
    kind, _, count = value.partition(" ")
    if kind == "sequence":
        return tuple((i * i + 1) & WORD_MASK for i in range(_within(1, LARGEST_DISK)(count.strip())))
    words = _json(value)
    if not isinstance(words, list) or not all(type(w) is int and 0 <= w <= WORD_MASK for w in words):
        raise _WrongError(say("`sequence N` or a list of words is expected"), say("for example: [1, 2, 4294967295]"))
    return tuple(words)


def _assignment(value: str, example: str) -> tuple[str, int]:
    left, equals, right = value.partition("=")
    if not equals:
        raise _WrongError(say("`=` is missing"), say("for example: {example}", example=example))
    return left.strip(), _word(right.strip())


def _register(value: str) -> tuple[int, int]:
    name, word = _assignment(value, "r1 = 42")
    if not _REGISTER.fullmatch(name):
        raise _WrongError(say("{name!r} is not a register", name=name), say("registers are r0 to r15"))
    return int(name[1:]), word


def _memory_word(value: str) -> tuple[str, int]:
    where, word = _assignment(value, "0x200 = 7")
    if not ADDRESS.fullmatch(where):
        hint = say("an address is a number or a symbol, then perhaps plus or minus a number: buffer + 3")
        raise _WrongError(say("{where!r} is not an address", where=where), hint)
    return where, word


@frozen
class Key:
    """A key that a header may have: how its value is read; with `repeats`, each line is an entry of a table."""

    read: Callable[[str], Any]
    repeats: bool = False


KEYS: Mapping[str, Key] = {
    "title": Key(_text),
    "teaches": Key(_text),
    "outcome": Key(_outcome),
    "output": Key(_string),
    "register": Key(_register, repeats=True),
    "memory-word": Key(_memory_word, repeats=True),
    "input": Key(_typed),
    "disk": Key(_disk),
    "memory": Key(_within(17, LARGEST_MEMORY)),
    "max-steps": Key(_within(1, 10**12)),
    "isa": Key(_isa),
    "detects": Key(_isa),
    "demonstrates": Key(_isa),
}


@define
class _Reader:
    file: str
    values: dict[Any, Any] = field(factory=dict)
    problems: list[Problem] = field(factory=list)

    def line(self, number: int, text: str) -> None:
        found = _LINE.fullmatch(text)
        if not found:
            self._complain(say("a header line is `;@ key: value`"), Place(self.file, number, 1, text, len(text)))
            return
        name, value = found["key"], found["value"]
        at_key = Place(self.file, number, found.start("key") + 1, text, len(name))
        if name not in KEYS:
            self._complain(say("there is no header key `{name}`", name=name), at_key, nearest(name, KEYS))
            return
        try:
            self._put(name, KEYS[name].read(value), at_key)
        except _WrongError as wrong:
            at_value = Place(self.file, number, found.start("value") + 1, text, len(value))
            self._complain(f"`{name}`: {wrong}", at_value, wrong.hint)

    def _put(self, key: str, value: Any, place: Place) -> None:
        table, name = self.values, key
        if KEYS[key].repeats:
            table, (name, value) = self.values.setdefault(key, {}), value
        if name in table:
            self._complain(say("`{value}` is given twice", value=f"r{name}" if isinstance(name, int) else name), place)
        table[name] = value

    def _complain(self, message: str, place: Place, hint: str = "") -> None:
        self.problems.append(Problem(message, place, hint))


def read(source: str, file: str) -> Mapping[str, Any]:
    """Return the values of a text's header by key, tables for the keys that repeat; empty if it has no header.

    Raise `PopekError` with every line of it that is wrong.
    """
    reader, at_top = _Reader(file), True
    for number, line in enumerate(source.split("\n"), 1):
        text = line.rstrip()
        if text.startswith(MARK) and at_top:
            reader.line(number, text)
        elif text.startswith(MARK):
            place = Place(file, number, 1, text, len(text))
            reader.problems.append(
                Problem(say("a header line stands below the first statement"), place, say("move it up"))
            )
        elif text and not text.lstrip().startswith((";", "#")):
            at_top = False
    if reader.problems:
        raise PopekError(*reader.problems)
    return reader.values
