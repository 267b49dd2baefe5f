"""How a value is drawn: one function for each kind of value, given how many columns there are.

What is drawn is quiet: no boxes, marks always beside words, colour only on top of what the words say already.
"""

from functools import singledispatch
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding

from popek.language.phrase import say
from popek.language.words import word
from popek.report.speech import Table, Text

GOOD, BAD, OPEN, QUIET, HEAD = "green", "red", "yellow", "dim", "bold"

NARROW, WIDE = 72, 110
"""Below the one, tables leave out what can be left out; from the other on, they tell more."""

GAP = 2


@singledispatch
def drawing(value: Any, width: int) -> RenderableType:
    """Return what stands for a value on so many columns."""
    raise TypeError(f"nobody knows how to draw a value of type {type(value).__name__}, on {width} columns")


@singledispatch
def pictured(value: Any) -> str | None:
    """Return a value's picture as SVG, or nothing if there is none to draw."""
    del value
    return None


def table(*headings: str, gap: int = GAP) -> Table:
    """Return an empty table of left-aligned columns; without headings if all are empty."""
    made = Table(
        box=None,
        show_header=any(headings),
        header_style=QUIET,
        padding=(0, gap, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    for heading in headings:
        made.add_column(Text(word(heading)), overflow="fold")
    return made


def indented(drawn: RenderableType, by: int = GAP) -> RenderableType:
    """Return a drawing some columns to the right."""
    return Padding(drawn, (0, 0, 0, by))


def stack(*parts: RenderableType | None) -> RenderableType:
    """Return drawings one below the other, with an empty line between."""
    spread: list[RenderableType] = []
    for part in parts:
        if part is not None:
            spread += [Text(""), part] if spread else [part]
    return Group(*spread)


def section(heading: str, body: RenderableType, style: str = HEAD) -> RenderableType:
    """Return a drawing under its heading."""
    return Group(Text(heading, style=style), indented(body))


def verbatim(text: str) -> Text:
    """Return a text whose lines stay as they are, however long; without control characters."""
    return Text(safe(text).rstrip("\n"), no_wrap=True, overflow="ignore")


def title(name: str, *rest: str) -> Text:
    """Return a heading: a name in bold, and quietly what it is."""
    text = Text(name, style=HEAD)
    for part in rest:
        if part:
            text.append(" \N{MIDDLE DOT} ", style=QUIET)
            text.append(part, style=QUIET)
    return text


def hints(*commands: str) -> RenderableType:
    """Return which commands go on from here."""
    drawn = table("", "")
    for number, command in enumerate(commands):
        drawn.add_row(Text("" if number else say("next:"), style=QUIET), Text(command))
    return drawn


def number(value: int | None) -> str:
    """Return a word as people read it: small in decimal, large in hexadecimal."""
    if value is None:
        return "\N{EN DASH}"
    return str(value) if -0x10000 < value < 0x10000 else f"0x{value:08x}"


def safe(text: str) -> str:
    r"""Return a text without control characters, which a program may print to play with a terminal: `\x1b` for ESC."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
