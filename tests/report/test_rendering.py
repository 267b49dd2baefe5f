"""What is shown says in words what it means, on any width."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

import popek
from popek.engine.stepper import Outcome, Result
from popek.library import listing
from popek.library.required import Check, Grade, Requirement
from popek.library.running import Run
from popek.prove.values import (
    PROPERTIES,
    Classes,
    IsaVerdict,
    MonitorVerdict,
    PropertyVerdict,
    Status,
    TheoremVerdict,
    Verdict,
)
from popek.report.drawing import drawing, safe
from popek.report.marks import SHORT, SIGNS, mark
from popek.shown import Shown
from popek.testing.made_classes import made_classes


class Program:
    """A witness with a program."""

    blame = "jsu"
    program = "        ldi r1, 1\n        jsu r1\n"

    @staticmethod
    def to_dict() -> dict[str, str]:
        """Return what JSON has."""
        return {"program": Program.program}


def text(value: Any, width: int = 80) -> str:
    """Return a value as it is drawn on so many columns."""
    sheet = StringIO()
    Console(file=sheet, width=width, highlight=False, markup=False, emoji=False).print(value)
    return sheet.getvalue()


def classes(name: str, *, critical: bool = False) -> Classes:
    """Return made-up classes."""
    return made_classes(name, privileged=not critical, sensitive=True)


def verdict(name: str = "classic", *statuses: Status) -> IsaVerdict:
    """Return a made-up verdict, with the statuses in turn for everything that has one."""
    given = statuses or tuple(Status)
    refuted = PropertyVerdict(Status.REFUTED, ("jsu", "event:timer"), "a reason", Program())
    made = [refuted if s is Status.REFUTED else PropertyVerdict(s, (), "a reason") for s in given]
    monitors = tuple(
        MonitorVerdict(f"monitor-{n}", *(made[(n + k) % len(made)] for k in range(len(PROPERTIES)))) for n in range(3)
    )
    theorems = {n: TheoremVerdict(n, given[n % len(given)], ("jsu",), "a reason") for n in (1, 2, 3)}
    return IsaVerdict(name, "A title", 1966, None, (), (classes("jsu", critical=True),), theorems, monitors)


@pytest.mark.parametrize("status", Status)
def test_marks_have_words(status: Status) -> None:
    """No status is told by a sign or a colour alone."""
    assert SIGNS[status][1].isascii()
    assert len(SIGNS[status][1]) >= 3
    assert SHORT[status]
    assert SIGNS[status][1] in mark(status).plain


@pytest.mark.parametrize("width", [56, 60, 80, 120, 200])
def test_verdict_shows_every_status(width: int) -> None:
    """Each of the five ways in which a claim can stand is legible, whatever the width."""
    shown = text(verdict(), width)
    assert all(SIGNS[s][1] in shown for s in Status)
    assert "event:timer" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= width


def test_verdict_shows_the_program() -> None:
    """A refutation's smallest guest is part of the verdict."""
    assert "jsu r1" in text(verdict())


def test_verdict_that_is_all_well() -> None:
    """Where everything is proved there is nobody to blame."""
    shown = text(verdict("classic", Status.PROVED))
    assert "refuted" not in shown
    assert "a VMM exists" in shown


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_many(width: int) -> None:
    """Several verdicts are one table."""
    shown = text(Verdict((verdict("classic"), verdict("jrst1")), {}, ()), width)
    assert "classic" in shown
    assert "jrst1" in shown


def test_next_names_a_file_if_the_isa_is_not_shipped() -> None:
    """A command that is shown can be typed."""
    assert "popek classify FILE" in text(verdict("my-own-cpu"))
    assert "popek classify classic --execute jsu" in text(verdict("classic --execute jsu"), 100)


@pytest.mark.parametrize("grade", Grade)
def test_check(grade: Grade) -> None:
    """A requirement says what was asked for and what was found."""
    shown = text(Check((Requirement("classic", "theorem-1", "proved", "refuted", grade),)))
    assert grade.value in shown
    assert "theorem-1" in shown


def test_guests_output_cannot_play_with_the_terminal() -> None:
    """What a guest prints is shown, and not obeyed."""
    result = Result(Outcome.HALTED, "\x1b[2J[red]hello[/red]\x07", (0,) * 16, 1, 1, {})
    shown = text(Run("x", "classic", None, 64, None, result, {}, 1))
    assert "\x1b" not in shown
    assert "[red]hello[/red]" in shown
    assert "\\x1b[2J" in shown
    assert safe("a\r\u202eb\n") == "a\\r\\u202eb\n"


@pytest.mark.parametrize("outcome", Outcome)
def test_outcomes_have_sentences(outcome: Outcome) -> None:
    """Every way in which a run can end is told."""
    assert text(Result(outcome, "", (0,) * 16, 3, 3, {})).strip()


@pytest.mark.parametrize("value", [listing.isas(), listing.isa("classic"), listing.guests(), listing.guest("os")])
def test_listings(value: Shown) -> None:
    """Lists show themselves as well."""
    assert text(value, 60)
    assert value._repr_html_()


def test_what_is_unknown_is_our_mistake() -> None:
    """A value that nobody knows how to draw is refused."""
    with pytest.raises(TypeError, match="int"):
        drawing(3, 80)


def test_verdict_where_there_is_hardly_room() -> None:
    """On forty columns the words are shorter, and still words."""
    shown = text(verdict(), 40)
    assert all(word in shown for word in ("yes", "no", "vac", "n/a"))


def test_a_special_case_is_drawn_as_what_it_is() -> None:
    """Several machines, or several monitors, are a run, too, but are not drawn as one, after one either."""
    assert "the bare machine" in text(popek.run("hello"))
    assert "level by level" in text(popek.run("hello", depth=2))
    assert "round-robin" in text(popek.run("hello", vms=2))
