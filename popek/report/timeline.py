"""Exits over time, as a picture: for each cause a line of how many there were, with a mark of its own and its name."""

from collections.abc import Iterator, Sequence

from popek.language.phrase import listed, say, say_many
from popek.language.words import word
from popek.library.running import Run
from popek.library.sampling import Moment
from popek.report.drawing import pictured
from popek.report.picture import document, line, text

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 720, 72, 520, 44, 250
HEIGHT = BOTTOM + 50
MARKS = "\N{BLACK CIRCLE}\N{BLACK SQUARE}\N{BLACK UP-POINTING TRIANGLE}\N{BLACK DIAMOND}\N{WHITE CIRCLE}"
COLOURS = ("blue", "orange", "green", "purple", "line")
DASHES = ("none", "7 3", "2 3", "9 3 2 3", "1 4")

STYLE = tuple(
    f".s{n} {{ stroke: var(--{colour}); fill: none; stroke-width: 2; stroke-dasharray: {dash} }}"
    for n, (colour, dash) in enumerate(zip(COLOURS, DASHES, strict=True))
)
NAME_HEIGHT = 18


@pictured.register
def over_time(value: Run) -> str | None:
    """Return the exits by cause against the instructions done, as SVG; nothing if nobody has looked at them."""
    moments = value.over_time
    if len(moments) < 3 or not moments[-1].exits:
        return None
    end = moments[-1]
    causes = sorted(end.exits, key=lambda c: -end.exits[c])
    shown, rest = causes[: len(MARKS) - 1], causes[len(MARKS) - 1 :]
    series = [(word(c), [m.exits.get(c, 0) for m in moments]) for c in shown]
    if rest:
        series.append(
            (
                say_many("{count} other cause", "{count} other causes", len(rest)),
                [sum(m.exits.get(c, 0) for c in rest) for m in moments],
            )
        )
    numbers = listed(say("{cause} {count:,}", cause=name, count=counts[-1]) for name, counts in series)
    title = say(
        "{guest} on {isa} under {monitor}: exits over time",
        guest=value.guest or "?",
        isa=value.isa,
        monitor=value.monitor,
    )
    description = say("After {count:,} instructions: {numbers}.", count=end.instructions, numbers=numbers)
    lines = [
        text(LEFT, 22, title, "title"),
        line("axis", ((LEFT, TOP), (LEFT, BOTTOM), (RIGHT, BOTTOM))),
        *_scale(moments, max(counts[-1] for _, counts in series)),
        *_lines(moments, series),
        text((LEFT + RIGHT) / 2, HEIGHT - 8, say("instructions of the guest"), "mid"),
    ]
    return document((WIDTH, HEIGHT), title, description, lines, STYLE)


def _scale(moments: Sequence[Moment], most: int) -> Iterator[str]:
    last = moments[-1].instructions
    for part in (0, 1, 2):
        x, y = LEFT + (RIGHT - LEFT) * part / 2, BOTTOM - (BOTTOM - TOP) * part / 2
        yield text(x, BOTTOM + 20, f"{last * part // 2:,}", "mid")
        yield text(LEFT - 8, y + 4, f"{most * part / 2:,g}", "end")
        if part:
            yield line("grid", ((LEFT, y), (RIGHT, y)))


def _lines(moments: Sequence[Moment], series: Sequence[tuple[str, Sequence[int]]]) -> Iterator[str]:
    last = max(1, moments[-1].instructions)
    most = max(1, *(counts[-1] for _, counts in series))
    free: float = BOTTOM + NAME_HEIGHT
    for number, (name, counts) in sorted(enumerate(series), key=lambda s: s[1][1][-1]):
        points = [
            (LEFT + (RIGHT - LEFT) * m.instructions / last, BOTTOM - (BOTTOM - TOP) * count / most)
            for m, count in zip(moments, counts, strict=True)
        ]
        yield line(f"s{number}", points)
        x, y = points[-1]
        free = min(y, free - NAME_HEIGHT)
        yield text(round(x, 1), round(y + 5, 1), MARKS[number], "mid")
        yield text(
            RIGHT + 14,
            round(free + 5, 1),
            say("{mark} {cause} {count:,}", mark=MARKS[number], cause=name, count=counts[-1]),
        )
