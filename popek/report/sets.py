"""The classes as sets, in characters: two frames that overlap, with the instructions' names in them.

What is sensitive lies in the left frame, what is privileged in the right one. So what lies in the left one alone is
critical, what lies in both traps whenever it matters, and what lies in neither is innocuous and stands outside.
"""

from collections.abc import Iterator, Sequence

from attrs import frozen
from rich.cells import cell_len, set_cell_size

from popek.language.speaking import told
from popek.language.words import word
from popek.prove.values import Classes
from popek.report.diagram import Regions, regions
from popek.report.drawing import BAD, HEAD, QUIET
from popek.report.speech import Text, stacked

MOST = 110
"""Columns that the picture takes at most: wider, and the names in a row can no longer be told apart."""

_FRAMES, _BETWEEN = 4, 2
_H, _V = "\N{BOX DRAWINGS LIGHT HORIZONTAL}", "\N{BOX DRAWINGS LIGHT VERTICAL}"
_NW, _NE = "\N{BOX DRAWINGS LIGHT DOWN AND RIGHT}", "\N{BOX DRAWINGS LIGHT DOWN AND LEFT}"
_SW, _SE = "\N{BOX DRAWINGS LIGHT UP AND RIGHT}", "\N{BOX DRAWINGS LIGHT UP AND LEFT}"
_CROSS = "\N{BOX DRAWINGS LIGHT VERTICAL AND HORIZONTAL}"


@frozen
class Part:
    """A part of the picture: what is written on its edge, the names in it, and how they are written."""

    called: str
    names: tuple[str, ...]
    style: str = ""


def parts(found: Regions) -> tuple[Part, Part, Part]:
    """Return what is critical, what is in both sets, and what is privileged and not sensitive."""
    return (
        Part(told(word("critical")), found.critical, f"{HEAD} {BAD}"),
        Part("", found.both),
        Part(told(word("privileged")) + " ", found.privileged, QUIET),
    )


def sets(classes: Sequence[Classes], width: int) -> Text | None:
    """Return the picture, on so many columns; nothing where it would not fit, or all classes are not known."""
    lying = regions(classes)
    if lying.open:
        return None
    found = parts(lying)
    least = [max(map(cell_len, (*p.names, p.called))) + _BETWEEN for p in found]
    spare = min(width, MOST) - _FRAMES - sum(least)
    if spare < 0:
        return None
    counts = [max(len(p.names) - 1, 0) for p in found]
    widths = [w + spare * n // (sum(counts) or 1) for w, n in zip(least, counts, strict=True)]
    return stacked(_lines(found, widths))


def _lines(found: Sequence[Part], widths: Sequence[int]) -> Iterator[Text]:
    left, middle, right = widths
    yield _frame(_NW + _heading(told(word("sensitive")), left + middle + 1) + _NE)
    label = set_cell_size(f" {found[0].called}", left)
    yield _frame(f"{_V}{label}{_NW}{_H * middle}{_CROSS}{_heading(told(word('privileged')), right, end=True)}{_NE}")
    columns = [list(_rows(p, w)) for p, w in zip(found, widths, strict=True)]
    for n in range(max(map(len, columns))):
        row = _frame(_V)
        for column, part, columns_wide in zip(columns, found, widths, strict=True):
            text = column[n] if n < len(column) else ""
            row.append(set_cell_size(f" {text}", columns_wide), style=QUIET if not part.names else part.style)
            row.append(_V, style=QUIET)
        yield row
    yield _frame(f"{_SW}{_H * left}{_CROSS}{_H * middle}{_SE}{' ' * right}{_V}")
    yield _frame(f" {' ' * left}{_SW}{_H * (middle + right + 1)}{_SE}")


def _frame(text: str) -> Text:
    return Text(text, style=QUIET, no_wrap=True) if len(text) > 1 else Text("", no_wrap=True).append(text, style=QUIET)


def _heading(name: str, width: int, *, end: bool = False) -> str:
    """Return an edge with a name on it, at its beginning or its end."""
    drawn = f" {name} "
    rest = _H * (width - 1 - cell_len(drawn))
    return f"{rest}{drawn}{_H}" if end else f"{_H}{drawn}{rest}"


def _rows(part: Part, width: int) -> Iterator[str]:
    """Put names in columns, as many as there is room for; say where there are none."""
    if not part.names:
        yield told(word("none"))
        return
    cell = max(map(len, part.names)) + 2
    across = max((width - 1) // cell, 1)
    for start in range(0, len(part.names), across):
        yield "".join(n.ljust(cell) for n in part.names[start : start + across]).rstrip()
