"""What all pictures have in common: SVG that says in words what it shows, in light and in dark.

A picture may stand alone, as a file, or in a page among others: its style is for itself alone, and its names are its
own. The colours follow a notebook's theme where it says which it has, else the reader's preference. Nothing is told by
colour alone.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape

from popek.language.speaking import told

NAMESPACE = "http://www.w3.org/2000/svg"

LIGHT = {"back": "#ffffff", "text": "#1f2328", "line": "#8c959f", "grid": "#d0d7de", "blue": "#0969da",
         "orange": "#bc4c00", "green": "#1a7f37", "purple": "#8250df"}  # fmt: skip
DARK = {"back": "#17181c", "text": "#e6edf3", "line": "#8b949e", "grid": "#3a3c44", "blue": "#58a6ff",
        "orange": "#f0883e", "green": "#3fb950", "purple": "#bc8cff"}  # fmt: skip

_COMMON = (
    ".back { fill: var(--back) }",
    "text { fill: var(--text); font: 13px sans-serif }",
    ".title { font-weight: bold }",
    ".name { font-family: monospace }",
    ".mid { text-anchor: middle }",
    ".end { text-anchor: end }",
    ".axis { stroke: var(--line); fill: none }",
    ".grid { stroke: var(--grid); stroke-dasharray: 2 4; fill: none }",
)


def document(
    size: tuple[int, int], title: str, description: str, body: Iterable[str], style: Iterable[str] = ()
) -> str:
    """Return a picture: `title` and `description` say what is in it, `style` has rules of its own."""
    lines, (width, height) = tuple(body), size
    own = "p" + sha256("\n".join((title, description, *lines)).encode()).hexdigest()[:8]
    rules = "\n".join(f"  #{own} {rule}" for rule in (*_COMMON, *style))
    themes = (
        f"  #{own} {{ {_colours(LIGHT)} }}",
        f"  @media (prefers-color-scheme: dark) {{ #{own} {{ {_colours(DARK)} }} }}",
        f'  [data-jp-theme-light="true"] #{own}, [data-theme="light"] #{own} {{ {_colours(LIGHT)} }}',
        f'  [data-jp-theme-light="false"] #{own}, [data-theme="dark"] #{own} {{ {_colours(DARK)} }}',
    )
    sized = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    named = f'role="img" aria-labelledby="{own}-t {own}-d"'
    parts = (
        f'<svg xmlns="{NAMESPACE}" id="{own}" {sized} {named}>',
        f'<title id="{own}-t">{escape(told(title))}</title>',
        f'<desc id="{own}-d">{escape(told(description))}</desc>',
        "<style>\n" + "\n".join(themes) + f"\n{rules}\n</style>",
        f'<rect class="back" width="{width}" height="{height}"/>',
        *lines,
        "</svg>",
    )
    return "\n".join(parts) + "\n"


def _colours(table: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in table.items())


def text(x: float, y: float, said: str, kind: str = "") -> str:
    """Return words at a place."""
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:g}" y="{y:g}">{escape(told(said))}</text>'


def box(kind: str, place: tuple[float, float], size: tuple[float, float], corner: float = 0) -> str:
    """Return a rectangle."""
    (x, y), (width, height) = place, size
    corners = f' rx="{corner:g}"' if corner else ""
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"{corners}/>'


def line(kind: str, points: Iterable[tuple[float, float]]) -> str:
    """Return a line through points."""
    return f'<path class="{kind}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>'
