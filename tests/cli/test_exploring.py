"""`popek lattice`, `repair` and `explain`: legible on any width, described by their schemas, values in the library."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

import popek
from popek.prove.explanation import Explanation, Overview
from popek.report.answer import schema

Call = Callable[..., Any]

LINES = (
    "lattice setb",
    "repair spill",
    "repair add-traps --for efficiency,theorem-1",
    "explain jrst1 jsu",
    "explain classic svc --literal",
    "explain setb setb --claim trap-and-emulate.equivalence",
    "explain spill",
    "explain classic",
)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_legible_on_any_width(call: Call, monkeypatch: pytest.MonkeyPatch, line: str, columns: str) -> None:
    """Nothing is wider than the terminal, nothing plays with it, and paragraphs stay narrow enough to be read."""
    monkeypatch.setenv("COLUMNS", columns)
    answer = call(*line.split())
    assert (answer.status, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert all(len(text) <= int(columns) and text.isprintable() for text in lines)
    assert "\N{HORIZONTAL ELLIPSIS}" not in answer.out
    if line.startswith("explain jrst1"):
        assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("line", LINES)
def test_answers_match_their_schemas(call: Call, line: str) -> None:
    """An answer in JSON is one object, ASCII, as its schema has it."""
    answer = call(*line.split(), "--json")
    assert answer.out.isascii()
    jsonschema.validate(json.loads(answer.out), schema(line.split(maxsplit=1)[0]))


def test_changes_go_here_too(call: Call) -> None:
    """An instruction made privileged is the repair itself."""
    assert json.loads(call("repair", "jrst1", "--json").out)["repairs"][0]["sets"] == [["jsu"]]
    assert json.loads(call("repair", "jrst1", "--trap", "jsu", "--json").out)["repairs"][0]["sets"] == [[]]
    assert "(is ignored in user mode)" in call("explain", "classic", "setie", "--ignore", "setie").out


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("repair classic --for equivalense", "equivalence"),
        ("repair classic --for theorem-2", "theorem-1"),
        ("explain classic jsi", "jsu"),
        ("explain classic jsu --claim contrl", "control"),
        ("explain classic --claim control", "instruction"),
        ("lattice clasic", "classic"),
    ],
)
def test_mistakes_are_told_with_what_is_near(call: Call, line: str, word: str) -> None:
    """Bad input: status 2, no traceback, the nearest name."""
    answer = call(*line.split())
    assert (answer.status, answer.out) == (2, "")
    assert word in answer.err


def test_library_functions() -> None:
    """Each command is a function that returns a value."""
    assert popek.repair("jrst1", "theorem-1").repairs[0].instructions == ("jsu",)
    assert isinstance(popek.explain("jrst1"), Overview)
    found = popek.explain("jrst1", "jsu", "control")
    assert isinstance(found, Explanation)
    assert len(found.passages) == 1
