"""`popek quiz` and `popek grade`: legible on any width, honest in their exit status, clear about what is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]

LINES = ("quiz", "quiz exits -s 7", "quiz repair -s 7 -c", "quiz guest -s 1 -c", "grade docs/course-suite/answers.toml")


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_legible_on_any_width(call: Call, monkeypatch: pytest.MonkeyPatch, line: str, columns: str) -> None:
    """Nothing is wider than the terminal, and nothing is cut."""
    monkeypatch.setenv("COLUMNS", columns)
    answer = call(*line.split())
    assert (answer.status, answer.err) == (0, "")
    assert all(len(text) <= int(columns) and text.isprintable() for text in answer.out.splitlines())
    assert "\N{HORIZONTAL ELLIPSIS}" not in answer.out


def test_a_question_hides_its_answer(call: Call) -> None:
    """Until it is asked for, by the command that stands below it."""
    asked = call("quiz", "repair", "-s", "7")
    assert "popek quiz repair -s 7 -c" in asked.out
    assert "proved again" not in asked.out
    assert "proved again" in call("quiz", "repair", "-s", "7", "-c").out


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("quiz exit", "did you mean `exits`"),
        ("quiz exits -s minus", "is not a number"),
        ("grade gone.toml", "there is no such file"),
        ("grade README.md", "answers and ISAs end in .toml"),
        ("grade docs/course-suite/my_monitor.py --isa clasic", "did you mean `classic`"),
    ],
)
def test_mistakes_are_told(call: Call, line: str, says: str) -> None:
    """Status 2, one message, no traceback."""
    answer = call(*line.split())
    assert (answer.status, answer.out) == (2, "")
    assert says in answer.err
    assert "Traceback" not in answer.err


def test_the_status_is_the_mark(call: Call, tmp_path: Path) -> None:
    """1 where something is wrong, also in JSON's `ok`."""
    path = tmp_path / "guest.s"
    path.write_text("nop\nhalt\n", encoding="utf-8")
    assert call("grade", str(path), "--isa", "jrst1").status == 1
    assert '"ok": false' in call("grade", str(path), "--isa", "jrst1", "--json").out


def test_the_machine_can_be_changed(call: Call, tmp_path: Path) -> None:
    """The changes that go wherever an ISA goes make another machine of it, and with it another mark."""
    notices = tmp_path / "guest.s"
    notices.write_text("getmode r1\nhalt\n", encoding="utf-8")
    assert call("grade", str(notices), "--isa", "classic").status == 1
    assert call("grade", str(notices), "--execute", "getmode").status == 0
    assert call("grade", str(notices), "--isa", "mode-readable", "--trap", "getmode").status == 1
    monitor = tmp_path / "monitor.py"
    monitor.write_text("from popek.vmm.monitor import TRAP_AND_EMULATE as monitor\n", encoding="utf-8")
    assert [call("grade", str(monitor), *more).status for more in ((), ("--execute", "jsu"))] == [0, 1]


def test_answers_are_marked_as_they_were_asked(call: Call, tmp_path: Path) -> None:
    """A question says itself which machine it is about."""
    path = tmp_path / "answers.toml"
    path.write_text("[[answer]]\ntopic = 'classify'\nseed = 1\nanswer = 'innocuous'\n", encoding="utf-8")
    answer = call("grade", str(path), "--execute", "jsu")
    assert answer.status == 2
    assert "no ISA is changed" in answer.err
