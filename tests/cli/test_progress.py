"""A bar is shown to somebody who would wait, and to nobody else."""

import io

import pytest

from popek.cli import progress
from popek.cli.progress import progress as shown


class Terminal(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def _terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put a terminal in place of standard error; not in a fixture, since pytest changes the streams after those."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    return terminal


def test_it_names_what_is_done_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as it has taken long enough."""
    terminal = _terminal(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    with shown("deciding", 3) as told:
        assert told is not None
        told("first")
        told("second")
    assert "deciding second" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")


def test_what_is_quick_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does what is one thing."""
    terminal = _terminal(monkeypatch)
    with shown("deciding", 3) as told:
        assert told is not None
        told("first")
    assert "deciding" not in terminal.getvalue()
    with shown("deciding", 1) as told:
        assert told is None


def test_a_pipe_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, too, and a program without streams."""
    for stream in (io.StringIO(), None):
        monkeypatch.setattr("sys.stderr", stream)
        with shown("deciding", 3) as told:
            assert told is None
