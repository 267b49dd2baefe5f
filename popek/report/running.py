"""Runs: what the guest printed, how it ended, what it cost."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import asdict
from rich.console import RenderableType
from rich.text import Text

from popek.engine.stepper import Outcome, Result
from popek.library.running import Dump, Run
from popek.report.drawing import NARROW, OPEN, QUIET, counted, drawing, number, safe, section, stack, table
from popek.report.marks import outcome
from popek.vmm.translation.statistics import Statistics

SENTENCES = {
    Outcome.HALTED: "halted",
    Outcome.BUDGET: "stopped by its step budget",
    Outcome.TRAP_LOOP: "in a trap loop: its trap handler traps at once, for ever",
    Outcome.LOST: "the guest stopped the real processor: the monitor has lost it",
}


TRANSLATION = {
    "size": "words of cache",
    "blocks": "blocks translated",
    "instructions": "guest words translated",
    "words": "words that came of them",
    "chained": "chain hits",
    "looked_up": "computed jumps found",
    "dispatches": "ways asked of the monitor",
    "calls": "calls of the monitor",
    "flushes": "flushes",
    "invalidations": "blocks ended by a store",
    "retranslations": "retranslations",
}
"""What translation has cost, in words, in the order in which it is shown."""


@drawing.register
def _run(value: Run, width: int) -> RenderableType:
    return stack(
        output_drawn(value.output),
        summary_drawn(value),
        statistics_drawn(value) if value.stats else None,
        *(dump_drawn(d, width) for d in value.dumps),
    )


@drawing.register
def _result(value: Result, width: int) -> RenderableType:
    del width
    drawn = table("", "")
    for name, text in _facts(value):
        drawn.add_row(Text(name, style=QUIET), text)
    return stack(output_drawn(value.output), drawn)


def output_drawn(output: str) -> RenderableType | None:
    """Draw what was printed, if anything was."""
    return Text(safe(output).removesuffix("\n")) if output else None


def _facts(result: Result) -> Iterator[tuple[str, Text]]:
    ended = Text(SENTENCES[result.outcome], style="" if result.outcome is Outcome.HALTED else OPEN)
    yield "outcome", ended.append(f", after {counted(result.instructions, 'instruction')}", style="none")
    yield "registers", registers(result)


def summary_drawn(value: Run) -> RenderableType:
    """Draw what a run came to."""
    drawn = table("", "")
    where = f"under {value.monitor}" if value.monitor else "the bare machine"
    rows = [("machine", Text(f"{value.isa}, {where}")), *_facts(value.result)]
    if value.monitor:
        rows.append(("direct", Text(_direct(value))))
    if value.mismatches is not None:
        told = "; ".join(safe(m) for m in value.mismatches)
        rows.append(("result", outcome(value.as_expected, f"not as expected: {told}" if told else "as expected")))
    for name, text in rows:
        drawn.add_row(Text(name, style=QUIET), text)
    return drawn


def _direct(value: Run) -> str:
    total, exits = value.result.instructions, sum(value.exits.values())
    share = f" ({100 * value.direct / total:.0f} %)" if total else ""
    others = "".join(f", {count:,} {how}" for how, count in value.treated.items())
    return f"{value.direct:,} of {counted(total, 'instruction')}{share}{others}, {counted(exits, 'exit')}"


def registers(result: Result) -> Text:
    """Return the registers that are not zero, in a row."""
    text = Text()
    for n, value in enumerate(result.registers):
        if value:
            text.append("  " if text else "").append(f"r{n}=", style=QUIET).append(number(value))
    return text.append("  the others 0" if text else "all 0", style=QUIET)


def statistics_drawn(value: Run) -> RenderableType:
    """Draw all that was counted."""
    return stack(
        _counts("counted", {"steps": value.result.steps, "instructions": value.result.instructions, **_cost(value)}),
        _counts("steps by engine", value.engines),
        *(_counts(f"in virtual {mode} mode", counts) for mode, counts in value.modes.items() if counts),
        _counts("exits by cause", value.exits) if value.exits else None,
        _translation(value.translation) if value.translation else None,
        _counts("state", value.result.slots, number),
    )


def _cost(value: Run) -> Mapping[str, int]:
    if not value.monitor:
        return {}
    return {"direct": value.direct, **value.treated, "exits": sum(value.exits.values())}


def _translation(value: Statistics) -> RenderableType:
    shown = {TRANSLATION[n]: f"{count:,}" for n, count in asdict(value).items()}
    return _counts("translation", {**shown, "expansion": f"{value.expansion:.2f}"}, str)


def _counts(heading: str, counts: Mapping[str, Any], shown: Callable[[Any], str] = "{:,}".format) -> RenderableType:
    drawn = table("", "")
    drawn.columns[1].justify = "right"
    for name, count in counts.items():
        drawn.add_row(Text(name), Text(shown(count)))
    return section(heading, drawn)


def dump_drawn(value: Dump, width: int) -> RenderableType:
    """Draw words of memory."""
    row = 4 if width < NARROW else 8
    drawn = table("", "")
    for start in range(0, len(value.words), row):
        words = value.words[start : start + row]
        drawn.add_row(Text(f"{value.address + start}:", style=QUIET), Text(" ".join(f"{w:08x}" for w in words)))
    return section(f"{counted(len(value.words), 'word')} from {value.address} on", drawn)
