"""Measurements as text: speeds and ratios, each with its median, least and most."""

from collections.abc import Sequence

from rich.console import RenderableType

from popek.language.phrase import listed, say, say_many
from popek.library.bench.contest import Contest, Event
from popek.library.bench.exits import Exits
from popek.library.bench.growth import Growth
from popek.library.bench.shipped import LEAST, Means
from popek.library.bench.spread import Ratio, Speed, Spread
from popek.report.drawing import QUIET, drawing, hints, section, stack, table, title
from popek.report.speech import Table, Text


def three(value: float) -> str:
    """Return a number with three digits that mean something: 0.123, 1.23, 12.3, 1,234."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.3g}".rstrip(".")


def within(spread: Spread) -> str:
    """Return the least and the most."""
    return say("{three} to {three_2}", three=three(spread.low), three_2=three(spread.high))


@drawing.register
def _contest(value: Contest, width: int) -> RenderableType:
    versions = [f"{name}: {version}" for name, version in value.versions.items()]
    return stack(
        title(
            say("loops"),
            say(
                "{turns}, Python {python}, {machine}",
                turns=say_many("{count:,} turn", "{count:,} turns", value.turns),
                python=value.python,
                machine=value.machine,
            ),
        ),
        *(drawing(e, width) for e in value.events),
        *([drawing(value.guests, width)] if value.guests else []),
        _said(value.note, *versions, *_missing(value)),
        hints("popek bench growth", "popek bench --svg loops.svg"),
    )


def _missing(value: Contest) -> list[str]:
    return [say("not installed: {missing}", missing=listed(value.missing))] if value.missing else []


def _said(*lines: str) -> RenderableType:
    return Text("\n".join(lines), style=QUIET)


@drawing.register
def _event(value: Event, width: int) -> RenderableType:
    del width
    what = say(
        "{loop}: {title} ({instructions:,} instructions a round)",
        loop=value.loop,
        title=value.title,
        instructions=value.instructions,
    )
    return section(what, _compared(value.speeds, value.ratios))


@drawing.register
def _means(value: Means, width: int) -> RenderableType:
    del width
    what = say(
        "geometric mean over the shipped guests of {least:,} instructions and more: {names}",
        least=LEAST,
        names=listed(value.sizes),
    )
    return section(what, _compared(value.speeds, value.ratios))


def _compared(speeds: Sequence[Speed], ratios: Sequence[Ratio]) -> RenderableType:
    drawn = _table(say("who"), say("million instructions/s"), say("least to most"))
    for speed in speeds:
        drawn.add_row(speed.name, three(speed.mips.median), within(speed.mips))
    if not ratios:
        return drawn
    times = _table(say("as fast as"), "times", say("least to most"))
    for ratio in ratios:
        times.add_row(_named(ratio), three(ratio.times.median), within(ratio.times))
    return stack(drawn, times)


def _named(ratio: Ratio) -> str:
    return f"{ratio.of} / {ratio.to}"


def _table(first: str, *others: str) -> Table:
    drawn = table(first, *others)
    for column in drawn.columns[1:]:
        column.justify = "right"
    return drawn


@drawing.register
def _growth(value: Growth, width: int) -> RenderableType:
    del width
    lengths = _table(say("engine"), "instructions", say("ns each"), say("least to most"))
    for length in value.lengths:
        spread = length.nanoseconds
        lengths.add_row(length.engine, f"{length.instructions:,}", three(spread.median), within(spread))
    crowds = _table(say("virtual machines"), say("ms to start each"), say("ms to run each"), say("KiB each"))
    for crowd in value.crowds:
        row = three(crowd.start.median), three(crowd.run.median), three(crowd.memory)
        crowds.add_row(f"{crowd.machines:,}", *row)
    return stack(
        title(say("growth"), say("of time with the length of a run; of time and memory with the number of machines")),
        section(say("one machine, longer and longer"), lengths),
        section(say("one real machine, more and more virtual ones, which run 62 instructions each"), crowds),
    )


@drawing.register
def _exits(value: Exits, width: int) -> RenderableType:
    del width
    drawn = _table(say("round trip"), say("under"), "engine", "ns", say("least to most"))
    for one in value.exits:
        drawn.add_row(one.what, one.where, one.engine, three(one.nanoseconds.median), within(one.nanoseconds))
    return stack(title(say("exits"), say("from the guest to whoever serves the trap, and back")), drawn)
