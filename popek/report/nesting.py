"""A guest under several monitors: the exits of each level, and how they multiply, in a picture too."""

from math import log10

from rich.console import Group, RenderableType

from popek.language.phrase import listed, say
from popek.language.speaking import told
from popek.library.nests import Deep
from popek.report.drawing import NARROW, OPEN, QUIET, WIDE, drawing, pictured, section, stack, table
from popek.report.marks import outcome
from popek.report.picture import document, line, text
from popek.report.running import by_cause, dump_drawn, output_drawn, statistics_drawn, summary_drawn
from popek.report.speech import Text

BAR = 24
"""Columns of the longest bar."""


@drawing.register
def _deep(value: Deep, width: int) -> RenderableType:
    return stack(
        output_drawn(value.output),
        summary_drawn(value),
        section(say("level by level, from the real machine up"), _levels(value, width)),
        _premise(value),
        section(say("exits of each level, by depth"), _depths(value)) if value.at_depths else None,
        statistics_drawn(value) if value.stats else None,
        *(dump_drawn(d, width) for d in value.dumps),
    )


def _levels(value: Deep, width: int) -> RenderableType:
    more, most = width >= NARROW, width >= WIDE
    drawn = table(
        say("level"),
        say("monitor"),
        *([say("words")] if more else []),
        say("exits"),
        say("times"),
        *([say("by cause")] if most else []),
        "",
    )
    longest = max((log10(1 + level.total) for level in value.levels), default=0) or 1
    above = [*(b.total for b in value.levels[1:]), None]
    for number, (level, next_up) in enumerate(zip(value.levels, above, strict=True), 1):
        words = [f"{level.allotment.base:,} + {level.allotment.size:,}"] if more else []
        causes = [by_cause(level.exits)] if most else []
        times = f"{level.total / next_up:.1f}" if next_up else ""
        bar = "#" * round((BAR if more else BAR // 3) * log10(1 + level.total) / longest)
        cells = [str(number), level.monitor, *words, f"{level.total:,}", times, *causes, bar]
        drawn.add_row(*(Text(c) for c in cells))
    for column in drawn.columns[2 : 5 if more else 4]:
        column.justify = "right"
    note = say("times: the exits for each of the next level's; the bars are logarithmic")
    return Group(drawn, Text(note, style=QUIET))


def _premise(value: Deep) -> RenderableType | None:
    found = value.theorem_2
    if found is None:
        return None
    if found.holds:
        return outcome(
            good=True, text=say("the premise of theorem 2 holds: {isa} is recursively virtualizable", isa=value.isa)
        )
    blame = say(" ({blame})", blame=listed(found.blame)) if found.blame else ""
    if found.holds is None:
        return Text("? " + say("whether the premise of theorem 2 holds is open{blame}", blame=blame), style=OPEN)
    fails = say(
        "the premise of theorem 2 fails{blame}: a guest may be able to tell, at this depth and at any other",
        blame=blame,
    )
    return outcome(good=False, text=fails)


def _depths(value: Deep) -> RenderableType:
    drawn = table(say("depth"), *(say("level {n}", n=n) for n in range(1, len(value.at_depths) + 1)), say("all"))
    for depth, exits in enumerate(value.at_depths, 1):
        cells = [str(depth), *(f"{n:,}" for n in exits), *[""] * (len(value.at_depths) - depth), f"{sum(exits):,}"]
        drawn.add_row(*(Text(c) for c in cells))
    for column in drawn.columns[1:]:
        column.justify = "right"
    return drawn


WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 560, 300, 64, 250, 40
STYLE = (".line { stroke: var(--blue); stroke-width: 2; fill: none }", ".dot { fill: var(--blue) }")


@pictured.register
def figure(value: Deep) -> str | None:
    """Return exits against depth, on a logarithmic scale, as SVG: those to the real machine's monitor."""
    counts = [exits[0] for exits in value.at_depths]
    if len(counts) < 2:
        return None
    top = max(1, *(len(str(n)) for n in counts))
    points = [(_across(n, len(counts)), _up(count, top)) for n, count in enumerate(counts)]
    numbers = listed(say("{count:,} at depth {depth}", count=n, depth=d) for d, n in enumerate(counts, 1))
    title = told(
        say("{guest} on {isa}: exits to the real machine's monitor, by depth", guest=value.guest or "?", isa=value.isa)
    )
    lines = [
        text(LEFT, 22, title, "title"),
        *(part for power in range(top + 1) for part in _mark(power, top)),
        line("axis", ((LEFT, TOP), (LEFT, BOTTOM), (WIDTH - 16, BOTTOM))),
        line("line", points),
    ]
    for depth, ((x, y), count) in enumerate(zip(points, counts, strict=True), 1):
        lines.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        lines += [
            text(round(x, 1), round(y - 10, 1), f"{count:,}", "mid"),
            text(round(x, 1), BOTTOM + 20, str(depth), "mid"),
        ]
    lines.append(text(round((LEFT + WIDTH) / 2), HEIGHT - 8, say("depth"), "mid"))
    return document((WIDTH, HEIGHT), title, numbers, lines, STYLE)


def _across(n: int, count: int) -> float:
    return LEFT + 40 + n * (WIDTH - LEFT - 90) / max(1, count - 1)


def _up(count: int, top: int) -> float:
    return BOTTOM - (BOTTOM - TOP) * log10(max(1, count)) / top


def _mark(power: int, top: int) -> tuple[str, str]:
    y = round(_up(10**power, top), 1)
    return line("grid", ((LEFT, y), (WIDTH - 16, y))), text(LEFT - 8, y + 4, f"{10**power:,}", "end")
