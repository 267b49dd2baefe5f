"""Values as text, as HTML and as pictures: finds the drawings, which register themselves."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from attrs import frozen
from rich.console import Console, ConsoleOptions, RenderableType

from popek.report.drawing import drawing, pictured
from popek.report.hypertext import NOTEBOOK_WIDTH, page_part

DRAWN = (
    "verdicts", "classes", "running", "sharing", "nesting", "comparing", "techniques", "listings", "texts", "proving",
    "lattice", "repairing", "explaining", "nano", "exercises", "benching", "written", "machines",
    "structures", "systems",
)  # fmt: skip
"""The modules of this package that know how a kind of value is drawn; imported in turn until one knows the value."""

PICTURED = ("diagram", "nesting", "machines", "timeline")
"""The modules that know how a kind of value is pictured."""


@frozen
class _Drawn:
    """A value that is drawn when it is known on how many columns."""

    value: Any

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        del console
        _learn(type(self.value))
        yield drawing(self.value, options.max_width)


def _learn(kind: type) -> None:
    """Import drawings until one of them is for this very kind of value; what it is a special case of will not do."""
    for name in DRAWN:
        if kind in drawing.registry:
            return
        import_module(f"popek.report.{name}")


def picture(value: Any) -> str | None:
    """Return a value's picture as SVG, or nothing if there is none to draw."""
    for name in PICTURED:
        import_module(f"popek.report.{name}")
    return pictured(value)


def rendered(value: Any) -> RenderableType:
    """Return what rich prints for a value."""
    return _Drawn(value)


def html(value: Any) -> str:
    """Return a value as a piece of HTML, for a notebook; with its picture, if it has one.

    A notebook shows one of the forms that a value offers, and prefers this one.
    """
    _learn(type(value))
    return page_part(drawing(value, NOTEBOOK_WIDTH), picture(value))
