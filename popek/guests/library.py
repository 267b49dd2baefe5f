"""The library of guest programs that come with popek, and the reading of other people's."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePath
from typing import Any

from popek.errors import PopekError, Problem, nearest
from popek.guests import header
from popek.guests.guest import MAX_STEPS, MEMORY, Expected, Guest
from popek.language.phrase import say

_SUFFIX = ".s"
_GROUPS = ("probe-", "demo-")


@cache
def _texts() -> dict[str, Traversable]:
    found = [entry for entry in files(__package__).iterdir() if entry.name.endswith(_SUFFIX)]
    return {entry.name.removesuffix(_SUFFIX): entry for entry in sorted(found, key=_order)}


def _order(entry: Traversable) -> tuple[bool, bool, str]:
    """Order by name, but programs first, then probes, then demonstrations."""
    probe, demo = (entry.name.startswith(g) for g in _GROUPS)
    return demo, probe, entry.name


def names() -> tuple[str, ...]:
    """Return the names of all guest programs: programs first, then probes, then demonstrations."""
    return tuple(_texts())


@cache
def find(name: str) -> Guest:
    """Return the guest program of that name; raise `PopekError` with the nearest one if there is none."""
    if name not in _texts():
        hint = nearest(name, _texts()) or say("`popek guests` lists them; a file's name ends in .s")
        raise PopekError(Problem(say("there is no guest `{name}`", name=name), hint=hint))
    entry = _texts()[name]
    return parse(entry.read_text("utf-8").replace("\r\n", "\n"), entry.name)


def parse(source: str, file: str, *, name: str | None = None) -> Guest:
    """Return the guest program that a text is, named like its file unless it is given a name.

    The header may be missing: then nothing is expected of it.

    With a header, the program is expected to halt unless it says something else. Raise `PopekError` with every header
    line that is wrong.
    """
    values = header.read(source, file)
    return Guest(
        name=PurePath(file).stem if name is None else name,
        source=source,
        file=file,
        title=values.get("title", ""),
        teaches=values.get("teaches", ""),
        isa=values.get("isa", "classic"),
        memory=values.get("memory", MEMORY),
        input=values.get("input", b""),
        disk=values.get("disk", ()),
        max_steps=values.get("max-steps", MAX_STEPS),
        expected=_expected(values) if values else Expected(),
        detects=values.get("detects", ""),
        demonstrates=values.get("demonstrates", ""),
    )


def _expected(values: Mapping[str, Any]) -> Expected:
    return Expected(
        outcome=values.get("outcome", "halted"),
        output=values.get("output"),
        registers=values.get("register", {}),
        words=values.get("memory-word", {}),
    )
