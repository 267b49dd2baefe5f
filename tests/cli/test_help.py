"""Pages of help, on narrow terminals: click's own least width is 50 columns."""

from collections.abc import Callable
from typing import Any

import click
import pytest

from popek.cli.main import popek
from popek.language.width import columns

Call = Callable[..., Any]

NARROW = 40


@pytest.mark.parametrize("tag", ["en", "zh-TW"])
def test_help_is_as_narrow_as_the_terminal(call: Call, monkeypatch: pytest.MonkeyPatch, tag: str) -> None:
    """Of every command; and no page is empty."""
    monkeypatch.setenv("COLUMNS", str(NARROW))
    for command in ("", *popek.list_commands(click.Context(popek))):
        answer = call("--lang", tag, *command.split(), "--help")
        assert answer.status == 0
        lines = answer.out.splitlines()
        assert len(lines) > 5, command
        assert not [line for line in lines if columns(line) > NARROW], command
