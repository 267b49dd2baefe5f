"""A picture of what `popek verdict` prints: the same value, drawn by rich instead of printed by it."""

import io
import re

from rich.console import Console
from rich.terminal_theme import MONOKAI, TerminalTheme

import popek

ISAS = ("classic", "jrst1", "popf", "r-readable", "spill", "setb", "add-traps")


def verdict_picture() -> str:
    """Return the picture as SVG. It loads no font from anywhere."""
    console = Console(record=True, file=io.StringIO(), width=100, force_terminal=True, color_system="truecolor")
    console.print(popek.verdict(*ISAS))
    console.print()  # else the tails of the last line's letters are cut
    theme: TerminalTheme = MONOKAI
    svg = console.export_svg(title="popek verdict " + " ".join(ISAS), theme=theme, unique_id="verdict")
    return without_fonts(svg)


def without_fonts(svg: str) -> str:
    """Return a picture that loads no font from anywhere."""
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
