"""Measurements as pictures: SVG with logarithmic scales, in the reader's scheme, light or dark.

Nothing is told by colour alone: each series has a mark of its own and is named.
"""

import math
import re
from collections.abc import Iterable, Sequence
from functools import singledispatch
from html import escape
from typing import Any

from attrs import field, frozen

from popek.language.phrase import say
from popek.language.speaking import told
from popek.library.bench.contest import Contest
from popek.library.bench.growth import Growth

WIDTH, LINE, LABELS, MARGIN = 900, 24, 230, 20
HEIGHT = 260
_MARKS = "\N{BLACK CIRCLE}\N{BLACK SQUARE}\N{BLACK UP-POINTING TRIANGLE}\N{BLACK DIAMOND}\N{WHITE CIRCLE}"

_SENTENCE = re.compile(r".+?(?:\. |\.$|\N{IDEOGRAPHIC FULL STOP}|$)")

_STYLE = """
  .back { fill: #ffffff } text { font: 13px sans-serif; fill: #1f2328 } .grid { stroke: #d0d7de }
  .s0 { fill: #0969da; stroke: #0969da } .s1 { fill: #bc4c00; stroke: #bc4c00 } .s2 { fill: #1a7f37; stroke: #1a7f37 }
  .s3 { fill: #8250df; stroke: #8250df } .s4 { fill: #6e7781; stroke: #6e7781 } .end { text-anchor: end }
  .mid { text-anchor: middle } .title { font-weight: bold } polyline { fill: none !important }
  text.s0, text.s1, text.s2, text.s3, text.s4 { stroke: none }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d }
    .s0 { fill: #58a6ff; stroke: #58a6ff } .s1 { fill: #f0883e; stroke: #f0883e } .s2 { fill: #3fb950; stroke: #3fb950 }
    .s3 { fill: #bc8cff; stroke: #bc8cff } .s4 { fill: #8b949e; stroke: #8b949e }
  }"""


@frozen
class Scale:
    """A logarithmic scale from `low` to `high`, whole powers of ten, on pixels."""

    low: int
    high: int
    start: float
    end: float

    @classmethod
    def over(cls, numbers: Iterable[float], start: float, end: float) -> "Scale":
        """Return one that holds some numbers, all greater than 0."""
        logs = [math.log10(n) for n in numbers]
        low, high = math.floor(min(logs)), math.ceil(max(logs))
        return cls(low, max(high, low + 1), start, end)

    def at(self, number: float) -> float:
        """Return where a number is."""
        part = (math.log10(number) - self.low) / (self.high - self.low)
        return round(self.start + part * (self.end - self.start), 1)

    @property
    def powers(self) -> list[int]:
        """The exponents that get a line."""
        return list(range(self.low, self.high + 1))


@frozen
class Curve:
    """A named series of points."""

    name: str
    points: Sequence[tuple[float, float]] = field(repr=False)


@singledispatch
def plot(value: Any) -> str:
    """Return a picture of measurements, as an SVG document."""
    raise TypeError(f"nobody knows how to plot a value of type {type(value).__name__}")


@plot.register
def _loops(value: Contest) -> str:
    """Return who is how fast: a line for each, with a mark for each loop from its least to its most.

    The geometric mean over the shipped guests is beside them.
    """
    groups = [(e.loop, e.speeds) for e in value.events]
    groups += [(say("all guests (geometric mean)"), value.guests.speeds)] if value.guests else []
    names = list(dict.fromkeys(s.name for _, speeds in groups for s in speeds))
    spreads = [s.mips for _, speeds in groups for s in speeds]
    across = Scale.over([n for s in spreads for n in (s.low, s.high)], LABELS, WIDTH - MARGIN)
    top = 70
    bottom = top + LINE * len(names)
    parts = [_text(MARGIN, 24, say("Million instructions a second, for the same work"), "title")]
    parts += _legend([name for name, _ in groups], 46)
    for power in across.powers:
        x = across.at(10**power)
        parts += [_line(x, top - 10, x, bottom - 8), _text(x, bottom + 12, _power(power), "mid")]
    for row, name in enumerate(names):
        parts.append(_text(LABELS - 12, top + LINE * row + 5, name, "end"))
    for number, (_, speeds) in enumerate(groups):
        for speed in speeds:
            y = top + LINE * names.index(speed.name) + 4 * (number - 1)
            low, middle, high = (across.at(n) for n in (speed.mips.low, speed.mips.median, speed.mips.high))
            parts.append(_line(low, y, high, y, f"s{number}"))
            parts.append(_text(middle, y + 4, _MARKS[number], f"mid s{number}"))
    words = [w.strip() for w in _SENTENCE.findall(told(value.note))]
    parts += [_text(MARGIN, bottom + 36 + 18 * n, w, "") for n, w in enumerate(words)]
    return _document(parts, bottom + 36 + 18 * len(words))


@plot.register
def _growth(value: Growth) -> str:
    """Return time by length of run, and time and memory by number of machines."""
    engines = list(dict.fromkeys(length.engine for length in value.lengths))
    runs = [Curve(e, [(s.instructions, s.nanoseconds.median) for s in value.lengths if s.engine == e]) for e in engines]
    crowds = [
        Curve(say("ms to start each"), [(c.machines, c.start.median) for c in value.crowds]),
        Curve(say("ms to run each"), [(c.machines, c.run.median) for c in value.crowds]),
        Curve(say("KiB each"), [(c.machines, c.memory) for c in value.crowds]),
    ]
    parts = _panel(say("Nanoseconds an instruction, by instructions run"), runs, 0)
    parts += _panel(say("For each virtual machine, by their number"), crowds, HEIGHT + 60)
    return _document(parts, 2 * (HEIGHT + 60))


def _panel(heading: str, curves: Sequence[Curve], top: float) -> list[str]:
    points = [p for c in curves for p in c.points]
    across = Scale.over([x for x, _ in points], 80, WIDTH - MARGIN)
    up = Scale.over([y for _, y in points], top + HEIGHT, top + 70)
    parts = [_text(MARGIN, top + 24, heading, "title"), *_legend([c.name for c in curves], top + 46)]
    for power in across.powers:
        x = across.at(10**power)
        parts += [_line(x, up.end, x, up.start), _text(x, up.start + 20, _power(power), "mid")]
    for power in up.powers:
        y = up.at(10**power)
        parts += [_line(across.start, y, across.end, y), _text(across.start - 8, y + 4, _power(power), "end")]
    for number, curve in enumerate(curves):
        places = [(across.at(x), up.at(y)) for x, y in curve.points]
        joined = " ".join(f"{x},{y}" for x, y in places)
        parts.append(f'<polyline class="s{number}" points="{joined}"/>')
        parts += [_text(x, y + 4, _MARKS[number], f"mid s{number}") for x, y in places]
    return parts


def _legend(names: Sequence[str], y: float) -> list[str]:
    wide = (WIDTH - 2 * MARGIN) / max(len(names), 1)
    placed = ((MARGIN + wide * n, name) for n, name in enumerate(names))
    return [_text(x, y, f"{_MARKS[n]} {told(name)}", f"s{n}") for n, (x, name) in enumerate(placed)]


def _power(exponent: int) -> str:
    return f"{10**exponent:,}" if 0 <= exponent <= 4 else f"1e{exponent}" if exponent > 4 else f"{10.0**exponent:g}"


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(told(text))}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str = "grid") -> str:
    return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _document(parts: Sequence[str], height: float) -> str:
    size = f'width="{WIDTH}" height="{height:g}" viewBox="0 0 {WIDTH} {height:g}"'
    back = f'<rect class="back" width="{WIDTH}" height="{height:g}"/>'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>\n<style>{_STYLE}\n</style>'
    return "\n".join((opening, back, *parts, "</svg>", ""))
