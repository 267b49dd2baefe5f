"""What is said to whoever mistyped a name."""

import pytest

from popek.errors import MOST_SLIPS, nearest

MANY = [f"x{n}" for n in range(20)]


@pytest.mark.parametrize(
    ("name", "candidates", "meant"),
    [
        ("lid", ["li", "ld", "ldi", "halt"], "ldi"),
        ("jus", ["jsu", "jal"], "jsu"),
        ("JSU", ["jsu"], "jsu"),
        ("svc", ["Cause.SVC", "SVC"], "SVC"),
        ("helo", ["hello", "echo"], "hello"),
        ("trap", ["traps", "executes"], "traps"),
        ("mode", ["mode-readable", "mode-and-r-readable"], "mode-readable"),
    ],
)
def test_what_was_meant_is_named(name: str, candidates: list[str], meant: str) -> None:
    """Letters left out, added, changed or swapped are seen through, and so is a name that was only begun."""
    assert nearest(name, [*candidates, *MANY]) == f"did you mean `{meant}`?"


@pytest.mark.parametrize(
    ("name", "candidates"),
    [("nosuch", ["os"]), ("hello.s", ["equloop.s"]), ("all", ["jal"]), ("", ["a"]), ("r", ["run"])],
)
def test_what_is_far_away_is_not_named(name: str, candidates: list[str]) -> None:
    """A wrong guess is worse than none."""
    assert nearest(name, [*candidates, *MANY]) == ""


def test_few_names_are_all_named() -> None:
    """Where there are few, they are listed."""
    assert nearest("zzz", ["b", "a"]) == "valid: `a`, `b`"
    assert nearest("zzz", []) == ""


def test_a_long_name_costs_nothing() -> None:
    """Words of other lengths are not compared letter by letter."""
    assert nearest("a" * 1_000_000, ["a" * (1_000_000 - MOST_SLIPS - 1)]).startswith("valid")
