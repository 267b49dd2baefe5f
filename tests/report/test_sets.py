"""The classes as sets: two frames that overlap, every name in the part where it belongs, at any width."""

import pytest

from popek.prove.values import Classes
from popek.report.sets import MOST, sets
from popek.testing.made_classes import made_classes


def classes(name: str, *, sensitive: bool | None, privileged: bool | None) -> Classes:
    """Return made-up classes."""
    return made_classes(name, privileged=privileged, sensitive=sensitive)


MADE = (
    classes("jsu", sensitive=True, privileged=False),
    *(classes(f"setr{n}", sensitive=True, privileged=True) for n in range(9)),
    classes("add", sensitive=False, privileged=True),
    classes("nop", sensitive=False, privileged=False),
)


def _parts(line: str) -> list[str]:
    return [part.strip() for part in line.split("\N{BOX DRAWINGS LIGHT VERTICAL}")[1:-1]]


def test_every_name_is_in_its_part() -> None:
    """Critical on the left, in both sets in the middle, privileged alone on the right; innocuous outside."""
    picture = sets(MADE, 80)
    assert picture is not None
    top, second, first, *_ = picture.plain.split("\n")
    assert " sensitive " in top
    assert " privileged " in second
    assert " critical " in second
    critical, both, alone = _parts(first)
    assert (critical, alone) == ("jsu", "add")
    assert both.split()[0] == "setr0"
    assert "nop" not in picture.plain


@pytest.mark.parametrize("width", [*range(44, 130), 300])
def test_it_fits_and_its_lines_are_of_a_length(width: int) -> None:
    """Nothing is lost, whatever the width; a line longer than that would break the frames."""
    picture = sets(MADE, width)
    assert picture is not None
    lines = picture.plain.split("\n")
    assert max(map(len, lines)) <= min(width, MOST)
    assert {len(line) for line in lines[1:]} == {max(map(len, lines))}
    assert all(c.name in picture.plain for c in MADE if c.name != "nop")


def test_an_empty_part_says_so() -> None:
    """`none` is an answer."""
    picture = sets(MADE[1:], 80)
    assert picture is not None
    assert _parts(picture.plain.split("\n")[2])[0] == "none"


def test_where_it_would_be_wrong_there_is_none() -> None:
    """Too narrow, or with classes that nobody knows."""
    assert sets(MADE, 30) is None
    assert sets((*MADE, classes("odd", sensitive=None, privileged=True)), 80) is None
