"""Values as text and as HTML: finds the drawings, which register themselves, and puts them on a sheet."""

from collections.abc import Iterator
from importlib import import_module
from io import StringIO
from typing import Any

from attrs import frozen
from rich.console import Console, ConsoleOptions, RenderableType

from popek.report.drawing import drawing, pictured

HTML_WIDTH = 100
_PAGE = '<pre style="line-height:1.25;white-space:pre;font-family:monospace">{code}</pre>'

DRAWN = (
    "verdicts", "classes", "running", "sharing", "nesting", "comparing", "techniques", "listings", "texts", "proving",
    "lattice", "repairing", "explaining", "nano", "exercises", "benching", "written",
    "structures", "systems",
)  # fmt: skip
"""The modules of this package that know how a kind of value is drawn; imported in turn until one knows the value."""


@frozen
class _Drawn:
    """A value that is drawn when it is known on how many columns."""

    value: Any

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        del console
        _learn(type(self.value))
        yield drawing(self.value, options.max_width)


def _learn(kind: type) -> None:
    """Import drawings until one of them is for this kind of value."""
    for name in DRAWN:
        if kind in drawing.registry:
            return
        import_module(f"popek.report.{name}")


def picture(value: Any) -> str | None:
    """Return a value's picture as SVG, or nothing if there is none to draw."""
    _learn(type(value))
    return pictured(value)


def rendered(value: Any) -> RenderableType:
    """Return what rich prints for a value."""
    return _Drawn(value)


def html(value: Any) -> str:
    """Return a value as a piece of HTML, for a notebook."""
    console = Console(file=StringIO(), record=True, width=HTML_WIDTH, force_jupyter=False, highlight=False)
    console.print(rendered(value))
    return console.export_html(inline_styles=True, code_format=_PAGE)
