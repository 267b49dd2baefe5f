"""Drawings as HTML, for a notebook: the same tables and texts as in a terminal, as elements that have a meaning.

A screen reader finds tables with headings in it, and marks beside their words. The colours are the page's: they follow
the notebook's theme where it says which it has, and the reader's own preference where it does not. On any other page
they are legible as well, since what is behind them is coloured too.
"""

from collections.abc import Iterable, Iterator
from functools import cache, singledispatch
from html import escape
from importlib.resources import files as packaged
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.style import Style
from rich.table import Column, Table

from popek.report.drawing import BAD, GOOD, OPEN
from popek.report.speech import Text

NOTEBOOK_WIDTH = 100
"""Columns of a drawing that will be a piece of HTML."""

_COLOURS = {GOOD: "good", BAD: "bad", OPEN: "open"}


@cache
def _style() -> str:
    return packaged("popek.report").joinpath("page", "notebook.css").read_text("utf-8").strip()


def page_part(drawn: RenderableType, picture: str | None = None) -> str:
    """Return a drawing as a piece of HTML with its style, and below it its picture, an SVG, if it has one."""
    below = f'<div class="gap"></div><figure>{picture}</figure>' if picture else ""
    return f'<div class="popek"><style>{_style()}</style>{"".join(element(drawn))}{below}</div>'


@singledispatch
def element(drawn: RenderableType) -> Iterable[str]:
    """Give the HTML of a drawing."""
    raise TypeError(f"nobody knows the HTML of a {type(drawn).__name__}")


@element.register
def _words(drawn: str) -> Iterable[str]:
    return element(Text(drawn))


@element.register
def _text(drawn: Text) -> Iterator[str]:
    if not drawn.plain:
        yield '<div class="gap"></div>'
        return
    whole = ' class="whole"' if drawn.no_wrap else ""
    yield f"<div{whole}>{''.join(_spans(drawn))}</div>"


@element.register
def _group(drawn: Group) -> Iterator[str]:
    for part in drawn.renderables:
        yield from element(part)


@element.register
def _indented(drawn: Padding) -> Iterator[str]:
    yield from (f'<div style="margin-left:{drawn.left}ch">', *element(drawn.renderable), "</div>")


@element.register
def _constrained(drawn: Constrain) -> Iterator[str]:
    yield from (f'<div style="max-width:{drawn.width}ch">', *element(drawn.renderable), "</div>")


@element.register
def _table(drawn: Table) -> Iterator[str]:
    yield '<table role="table">' if drawn.show_header else '<table role="presentation">'
    if drawn.show_header:
        cells = (_cell('th scope="col"', c, _spans(c.header)) for c in drawn.columns)
        yield f"<thead><tr>{''.join(cells)}</tr></thead>"
    columns = [list(c.cells) for c in drawn.columns]
    yield "<tbody>"
    for row, values in zip(drawn.rows, zip(*columns, strict=True), strict=True):
        parts = (_cell("td", c, _inside(v, row.style), v) for c, v in zip(drawn.columns, values, strict=True))
        yield f"<tr>{''.join(parts)}</tr>"
    yield "</tbody></table>"


def _cell(tag: str, column: Column, content: Iterable[str], value: RenderableType = "") -> str:
    whole = column.no_wrap or (isinstance(value, Text) and value.no_wrap)
    kinds = [k for k, holds in (("right", column.justify == "right"), ("whole", whole)) if holds]
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    return f"<{tag}{kind}>{''.join(content)}</{tag[:2]}>"


def _inside(value: RenderableType, style: str | Style | None) -> Iterable[str]:
    """Return what stands in a cell: words in a row, or whatever else there is."""
    return _spans(value, style) if isinstance(value, str | Text) else element(value)


def _spans(value: RenderableType, style: str | Style | None = None) -> Iterator[str]:
    """Give words, each stretch of one style in an element of its own."""
    text = value if isinstance(value, Text) else Text(str(value))
    around = _sheet().get_style(style or "none") + _sheet().get_style(text.style)
    for segment in text.render(_sheet()):
        kinds = _kinds(around + (segment.style or Style()))
        said = escape(segment.text)
        yield f'<span class="{" ".join(kinds)}">{said}</span>' if kinds and said else said


def _kinds(style: Style) -> list[str]:
    colour = style.color.name if style.color else ""
    flags = {"bold": style.bold, "quiet": style.dim, "slanted": style.italic}
    coloured = [_COLOURS[colour]] if colour in _COLOURS else []
    return coloured + [name for name, holds in flags.items() if holds]


@cache
def _sheet() -> Console:
    return Console(file=StringIO(), width=NOTEBOOK_WIDTH, force_jupyter=False, highlight=False)
