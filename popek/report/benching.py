"""Measurements as text: speeds and ratios, each with its median, least and most."""

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from popek.library.bench.contest import Contest, Event, Ratio, Spread
from popek.library.bench.exits import Exits
from popek.library.bench.growth import Growth
from popek.report.drawing import QUIET, counted, drawing, hints, listed, section, stack, table, title


def three(value: float) -> str:
    """Return a number with three digits that mean something: 0.123, 1.23, 12.3, 1,234."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.3g}".rstrip(".")


def within(spread: Spread) -> str:
    """Return the least and the most."""
    return f"{three(spread.low)} to {three(spread.high)}"


@drawing.register
def _contest(value: Contest, width: int) -> RenderableType:
    versions = [f"{name}: {version}" for name, version in value.versions.items()]
    return stack(
        title("loops", f"{counted(value.turns, 'turn')}, Python {value.python}, {value.machine}"),
        *(drawing(e, width) for e in value.events),
        _said(value.note, *versions, *_missing(value)),
        hints("popek bench growth", "popek bench --svg loops.svg"),
    )


def _missing(value: Contest) -> list[str]:
    return [f"not installed: {listed(value.missing)}"] if value.missing else []


def _said(*lines: str) -> RenderableType:
    return Text("\n".join(lines), style=QUIET)


@drawing.register
def _event(value: Event, width: int) -> RenderableType:
    del width
    speeds = _table("who", "million instructions/s", "least to most")
    for speed in value.speeds:
        speeds.add_row(speed.name, three(speed.mips.median), within(speed.mips))
    ratios = _table("as fast as", "times", "least to most")
    for ratio in value.ratios:
        ratios.add_row(_named(ratio), three(ratio.times.median), within(ratio.times))
    what = f"{value.loop}: {value.title} ({value.instructions:,} instructions a round)"
    return section(what, stack(speeds, ratios) if value.ratios else speeds)


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
    lengths = _table("engine", "instructions", "ns each", "least to most")
    for length in value.lengths:
        spread = length.nanoseconds
        lengths.add_row(length.engine, f"{length.instructions:,}", three(spread.median), within(spread))
    crowds = _table("virtual machines", "ms to start each", "ms to run each", "KiB each")
    for crowd in value.crowds:
        row = three(crowd.start.median), three(crowd.run.median), three(crowd.memory)
        crowds.add_row(f"{crowd.machines:,}", *row)
    return stack(
        title("growth", "of time with the length of a run; of time and memory with the number of machines"),
        section("one machine, longer and longer", lengths),
        section("one real machine, more and more virtual ones, which run 62 instructions each", crowds),
    )


@drawing.register
def _exits(value: Exits, width: int) -> RenderableType:
    del width
    drawn = _table("round trip", "engine", "ns", "least to most")
    for one in value.exits:
        drawn.add_row(one.what, one.engine, three(one.nanoseconds.median), within(one.nanoseconds))
    return stack(title("exits", "from the guest to whoever serves the trap, and back"), drawn)
