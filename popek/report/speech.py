"""Rich's text in the language that is spoken: phrases are told, and lines of Chinese broken as Chinese is."""

from collections.abc import Iterable
from typing import Any, Self

from rich import table, text
from rich.console import Console, ConsoleOptions, RenderableType
from rich.containers import Lines
from rich.measure import Measurement

from popek.language.speaking import told
from popek.language.width import breaks, columns, has_wide, pieces


class Text(text.Text):
    """A text to be drawn."""

    def __init__(self, said: str = "", *others: Any, **options: Any) -> None:
        super().__init__(told(said), *others, **options)

    def append(self, said: text.Text | str, style: Any = None) -> Self:
        """Add a text, or one that is drawn already."""
        super().append(told(said) if isinstance(said, str) else said, style)
        return self

    def wrap(self, console: Console, width: int, **options: Any) -> Lines:
        """Return the lines that it makes on so many columns."""
        held = options.get("no_wrap") or (options.get("no_wrap") is None and self.no_wrap)
        if held or options.get("overflow") == "ignore" or not has_wide(self.plain):
            return super().wrap(console, width, **options)
        lines = Lines()
        for line in self.split(allow_blank=True):
            parts = line.divide(breaks(line.plain, width))
            for part in parts:
                part.rstrip_end(width)
            justify = options.get("justify") or self.justify
            if justify:
                parts.justify(console, width, justify=justify)
            lines.extend(parts)
        return lines

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Return the least and the most columns that it can do with."""
        measured = super().__rich_measure__(console, options)
        if not has_wide(self.plain):
            return measured
        least = max(columns(p.rstrip(" ")) for line in self.plain.splitlines() for p in pieces(line))
        return Measurement(least, measured.maximum)


class Table(table.Table):
    """A table to be drawn, whose cells may be plain texts."""

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        """Add a row."""
        super().add_row(*(Text(c) if isinstance(c, str) else c for c in cells), **options)


def lines(said: Iterable[str]) -> Text:
    """Return one text with each of these on a line of its own; empty ones are left out."""
    return stacked(Text(line) for line in said if line)


def stacked(drawn: Iterable[Text]) -> Text:
    """Return one text of several lines."""
    whole = Text()
    for number, line in enumerate(drawn):
        whole.append("\n" if number else "").append(line)
    return whole
