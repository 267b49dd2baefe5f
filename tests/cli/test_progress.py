"""A bar is shown to somebody who would wait, and to nobody else."""

import io
import threading
import time
from collections.abc import Callable

import pytest

from popek.cli import progress
from popek.cli.progress import SHOWER, waiting
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
    monkeypatch.delenv("NO_COLOR", raising=False)
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


def test_what_nobody_knows_the_length_of_shows_how_long_it_has_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves the line empty behind it."""
    terminal = _terminal(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    with waiting("proving"):
        _until(lambda: "proving" in terminal.getvalue())
    assert "0:00:00" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")


def test_waiting_for_what_is_quick_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it anywhere but on a terminal; what goes wrong meanwhile is told all the same."""
    terminal = _terminal(monkeypatch)
    with pytest.raises(ValueError, match="wrong"), waiting("proving"):
        raise ValueError("wrong")
    assert terminal.getvalue() == ""
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with waiting("proving"):
        assert not any(t.name == SHOWER for t in threading.enumerate())


@pytest.mark.parametrize("variable", [("TERM", "dumb"), ("NO_COLOR", "1")])
def test_a_terminal_that_is_written_to_plainly_shows_none(
    monkeypatch: pytest.MonkeyPatch, variable: tuple[str, str]
) -> None:
    """A bar is drawn over and over, which is not plain."""
    terminal = _terminal(monkeypatch)
    monkeypatch.setenv(*variable)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    with waiting("proving"):
        assert not any(t.name == SHOWER for t in threading.enumerate())
    assert terminal.getvalue() == ""


def _until(so: Callable[[], bool]) -> None:
    """Wait for another thread, however slow the machine is; a test that hangs is a test that fails."""
    while not so():
        time.sleep(0.001)
