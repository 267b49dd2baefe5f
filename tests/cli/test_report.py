"""`popek report` writes a page, says so, and never leaves half of one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema

from popek.report.answer import schema

Call = Callable[..., Any]


def test_a_page_is_written(call: Call, tmp_path: Path) -> None:
    """With every ISA that was named; the answer says which, for people and as JSON."""
    path = tmp_path / "report.html"
    said = call("report", "jrst1", "-o", str(path))
    assert (said.status, said.err) == (0, "")
    assert "1 machine" in said.out
    answer = json.loads(call("report", "classic", "--ignore", "setie", "-o", str(path), "--json").out)
    jsonschema.validate(answer, schema("report"))
    assert answer["isas"] == ["classic --ignore setie"]
    assert answer["bytes"] == path.stat().st_size


def test_a_page_that_cannot_be_written(call: Call, tmp_path: Path) -> None:
    """One message, status 2; and so it is without a file's name."""
    said = call("report", "classic", "-o", str(tmp_path / "gone" / "report.html"))
    assert (said.status, said.out) == (2, "")
    assert "no directory" in said.err
    assert call("report", "classic").status == 2
