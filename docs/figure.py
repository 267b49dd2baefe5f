"""The figure of an ISA's instruction classes: two sets that overlap, with the mnemonics in them, as SVG.

Privileged and sensitive instructions are drawn as two frames over one another. What lies in the second alone is
critical; what lies in neither, in the outer frame, is innocuous. The colours follow the reader's scheme, light or dark,
and nothing is told by colour alone.
"""

from collections.abc import Iterator, Sequence
from html import escape

from attrs import frozen

from popek.isa.architecture import Isa
from popek.prove.values import Classes

NAMESPACE = "http://www.w3.org/2000/svg"
WIDTH, MARGIN, GAP = 1000, 16, 14
COLUMN = (WIDTH - 2 * MARGIN - 4 * GAP) // 3
LINE, CHARACTER = 20, 7.9
"""Height of a line of names, and the width that is allowed for a character of them."""

STYLE = """
  .back { fill: #ffffff } .frame { fill: none; stroke-width: 2 } text { fill: #1f2328 }
  .all { stroke: #8c959f } .privileged { stroke: #0969da; fill: #0969da; fill-opacity: .08 }
  .sensitive { stroke: #bc4c00; fill: #bc4c00; fill-opacity: .08; stroke-dasharray: 8 4 }
  text { font: 13px sans-serif } .name { font-family: monospace } .title { font-weight: bold } .none { opacity: .75 }
  .deep { font-weight: bold; text-decoration: underline }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117 } text { fill: #e6edf3 } .all { stroke: #8b949e }
    .privileged { stroke: #58a6ff; fill: #58a6ff; fill-opacity: .12 }
    .sensitive { stroke: #f0883e; fill: #f0883e; fill-opacity: .12 }
  }"""


@frozen
class Regions:
    """The instructions of an ISA by where they lie; what the solver left open lies nowhere."""

    privileged: tuple[str, ...]
    both: tuple[str, ...]
    critical: tuple[str, ...]
    innocuous: tuple[str, ...]
    open: tuple[str, ...]


def regions(classes: Sequence[Classes]) -> Regions:
    """Sort instructions into the parts of the figure."""
    places: dict[tuple[bool | None, bool | None], list[str]] = {}
    for c in classes:
        places.setdefault((c.privileged, c.sensitive), []).append(c.name)

    def taken(*, privileged: bool, sensitive: bool) -> tuple[str, ...]:
        return tuple(places.pop((privileged, sensitive), ()))

    return Regions(
        privileged=taken(privileged=True, sensitive=False),
        both=taken(privileged=True, sensitive=True),
        critical=taken(privileged=False, sensitive=True),
        innocuous=taken(privileged=False, sensitive=False),
        open=tuple(n for names in places.values() for n in names),
    )


def _wrapped(names: Sequence[str], width: float) -> Iterator[list[tuple[float, str]]]:
    """Give lines of names, each with where it starts."""
    line: list[tuple[float, str]] = []
    at = 0.0
    for name in names:
        needs = len(name) * CHARACTER
        if line and at + needs > width:
            yield line
            line, at = [], 0.0
        line.append((at, name))
        at += needs + 1.5 * CHARACTER
    if line:
        yield line


def _block(names: Sequence[str], x: float, y: float, width: float, deep: Sequence[str] = ()) -> Iterator[str]:
    if not names:
        yield f'<text class="none" x="{x:g}" y="{y:g}">none</text>'
    for row, line in enumerate(_wrapped(names, width)):
        for at, name in line:
            kind = "name deep" if name in deep else "name"
            yield f'<text class="{kind}" x="{x + at:.1f}" y="{y + row * LINE:g}">{escape(name)}</text>'


def _rows(names: Sequence[str], width: float) -> int:
    return max(1, sum(1 for _ in _wrapped(names, width)))


def _heading(text: str, x: float, y: float) -> str:
    return f'<text class="title" x="{x:g}" y="{y:g}">{escape(text)}</text>'


def _frame(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="frame {kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="14"/>'


def _described(isa: Isa, found: Regions) -> str:
    parts = (
        ("privileged and not sensitive", found.privileged),
        ("privileged and sensitive", found.both),
        ("critical, that is sensitive and not privileged", found.critical),
        ("innocuous and not privileged", found.innocuous),
    )
    return f"{isa.title}. " + " ".join(f"{what.capitalize()}: {', '.join(n) or 'none'}." for what, n in parts)


def figure(isa: Isa, classes: Sequence[Classes]) -> str:
    """Return the figure of an ISA."""
    found = regions(classes)
    deep = [c.name for c in classes if c.user_critical]
    columns = [MARGIN + GAP + n * (COLUMN + GAP) for n in range(3)]
    inner = COLUMN - GAP
    tall = max(_rows(n, inner) for n in (found.privileged, found.both, found.critical)) * LINE
    top, names = 64, 64 + 58
    bottom = names + tall
    wide = WIDTH - 2 * (MARGIN + GAP)
    below = bottom + 34
    height = below + LINE + _rows(found.innocuous, wide) * LINE + MARGIN + (LINE if deep else 0)
    heads = ("privileged, not sensitive", "sensitive and privileged", "critical: not privileged")
    contents = (found.privileged, found.both, found.critical)
    lines = [
        f'<svg xmlns="{NAMESPACE}" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">Instructions of {escape(isa.name)} by class</title>',
        f'<desc id="desc">{escape(_described(isa, found))}</desc>',
        f"<style>{STYLE}\n</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}"/>',
        _frame("all", 4, 4, WIDTH - 8, height - 8),
        _heading(f"{isa.name}: all {len(isa.instructions)} instructions", columns[0], 32),
        _frame("privileged", MARGIN, top - 14, 2 * COLUMN + 2 * GAP + GAP / 2, bottom - top + 14),
        _frame("sensitive", columns[1] - GAP / 2, top - 6, 2 * COLUMN + 2 * GAP + GAP / 2, bottom - top + 14),
        _heading("PRIVILEGED", columns[0], top + 10),
        _heading("SENSITIVE", columns[2], top + 18),
    ]
    for x, head, content in zip(columns, heads, contents, strict=True):
        lines += [f'<text x="{x:g}" y="{names - 22:g}">{head} ({len(content)})</text>']
        lines += _block(content, x, names, inner, deep)
    lines += [_heading(f"INNOCUOUS, NOT PRIVILEGED ({len(found.innocuous)})", columns[0], below)]
    lines += _block(found.innocuous, columns[0], below + LINE, wide)
    if deep:
        note = "Bold and underlined: critical between user-mode states alone, too, so that theorem 3 fails as well."
        lines.append(f'<text x="{columns[0]:g}" y="{height - MARGIN:g}">{note}</text>')
    return "\n".join((*lines, "</svg>")) + "\n"
