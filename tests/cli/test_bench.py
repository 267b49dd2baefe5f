"""`popek bench` measures, shows, and draws."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from popek.library import benching
from popek.library.bench.contest import Contest, Event
from popek.library.bench.spread import Ratio, Speed, Spread
from popek.report.answer import schema

Call = Callable[..., Any]
SPREAD = Spread(2.0, 1.0, 3000.0)
FOUND = Contest(
    (Event("sieve", "a loop", 100, (Speed("python", SPREAD, 4),), (Ratio("python", "gcc", SPREAD),)),),
    {"gcc": "12"},
    (),
    5,
)


def test_what_was_measured_is_told(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In text, in JSON, and as a picture; the options reach the measurement."""
    asked: dict[str, Any] = {}

    def bench(subject: str, **terms: Any) -> Contest:
        asked.update(terms, subject=subject)
        terms["progress"]("something")
        return FOUND

    monkeypatch.setattr(benching, "bench", bench)
    text = call("bench", "loops", "--turns", "7", "--loop", "sieve", "--no-peers", "--engine", "python")
    assert text.status == 0
    assert "python / gcc" in text.out
    assert (asked["turns"], asked["loops"], asked["with_peers"], asked["engine"]) == (7, ("sieve",), False, "python")
    picture = tmp_path / "loops.svg"
    answer = call("bench", "loops", "--json", "--svg", str(picture))
    jsonschema.validate(json.loads(answer.out), schema("bench"))
    assert answer.err == ""
    assert "python / gcc" in call("bench").out
    call("bench", "growth", "--most", "20000", "--json")
    assert (asked["subject"], asked["most"]) == ("growth", 20_000)
    assert picture.read_text("utf-8").startswith("<svg")


def test_an_unknown_subject_is_bad_input(call: Call) -> None:
    """Exit status 2, and the nearest name."""
    found = call("bench", "lops")
    assert found.status == 2
    assert "did you mean `loops`?" in found.err
