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
    theme: TerminalTheme = MONOKAI
    svg = console.export_svg(title="popek verdict " + " ".join(ISAS), theme=theme, unique_id="verdict")
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
