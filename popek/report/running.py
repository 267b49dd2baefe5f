"""Runs: what the guest printed, how it ended, what it cost."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import asdict
from rich.console import RenderableType

from popek.engine.stepper import Outcome, Result
from popek.language.phrase import in_turn, listed, say, say_many
from popek.language.words import word
from popek.library.running import Dump, Run
from popek.report.drawing import NARROW, OPEN, QUIET, drawing, number, safe, section, stack, table
from popek.report.marks import outcome
from popek.report.speech import Text
from popek.vmm.count_names import HYPERCALL
from popek.vmm.translation.statistics import Statistics

SENTENCES = {
    Outcome.HALTED: say("halted"),
    Outcome.BUDGET: say("stopped by its step budget"),
    Outcome.TRAP_LOOP: say("in a trap loop: its trap handler traps at once, for ever"),
    Outcome.LOST: say("the guest stopped the real processor: the monitor has lost it"),
}


TRANSLATION = {
    "size": say("words of cache"),
    "blocks": say("blocks translated"),
    "instructions": say("guest words translated"),
    "words": say("words that came of them"),
    "chained": say("chain hits"),
    "looked_up": say("computed jumps found"),
    "dispatches": say("ways asked of the monitor"),
    "calls": say("calls of the monitor"),
    "flushes": say("flushes"),
    "invalidations": say("blocks ended by a store"),
    "retranslations": say("retranslations"),
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
    yield (
        say("outcome"),
        ended.append(
            say(
                ", after {instructions}",
                instructions=say_many("{count:,} instruction", "{count:,} instructions", result.instructions),
            ),
            style="none",
        ),
    )
    yield say("registers"), registers(result)


def summary_drawn(value: Run) -> RenderableType:
    """Draw what a run came to."""
    drawn = table("", "")
    where = say("under {monitor}", monitor=value.monitor) if value.monitor else say("the bare machine")
    rows: list[tuple[str, Text]] = [
        (say("machine"), Text(say("{isa}, {where}", isa=value.isa, where=where))),
        *_facts(value.result),
    ]
    if value.monitor:
        rows.append((say("direct"), Text(_direct(value))))
    if value.mismatches is not None:
        what = in_turn(value.mismatches)
        rows.append(
            (
                say("result"),
                outcome(value.as_expected, say("not as expected: {what}", what=what) if what else say("as expected")),
            )
        )
    for name, text in rows:
        drawn.add_row(Text(name, style=QUIET), text)
    return drawn


def _direct(value: Run) -> str:
    total, exits = value.result.instructions, sum(value.exits.values())
    share = f" ({100 * value.direct / total:.0f} %)" if total else ""
    total_said = say_many("{count:,} instruction", "{count:,} instructions", total)
    direct = say("{direct:,} of {total}{share}", direct=value.direct, total=total_said, share=share)
    others = (_treated(how, count) for how, count in value.treated.items())
    return listed((direct, *others, say_many("{count:,} exit", "{count:,} exits", exits)))


def _treated(how: str, count: int) -> str:
    if how == HYPERCALL:
        return say_many("{count:,} hypercall", "{count:,} hypercalls", count)
    return say("{count:,} {how}", count=count, how=word(how))


def registers(result: Result) -> Text:
    """Return the registers that are not zero, in a row."""
    text = Text()
    for n, value in enumerate(result.registers):
        if value:
            text.append("  " if text else "").append(f"r{n}=", style=QUIET).append(number(value))
    return text.append("  " + say("the others 0") if text else say("all 0"), style=QUIET)


def by_cause(counts: Mapping[str, int]) -> str:
    """Return exits by their causes, in a row."""
    return listed(say("{what} {count:,}", what=word(c), count=n) for c, n in counts.items()) or say("none")


def statistics_drawn(value: Run) -> RenderableType:
    """Draw all that was counted."""
    return stack(
        _counts(
            say("counted"),
            {say("steps"): value.result.steps, say("instructions"): value.result.instructions, **_cost(value)},
        ),
        _counts(say("steps by engine"), value.engines),
        *(
            _counts(say("in virtual {mode} mode", mode=word(mode)), _words(counts))
            for mode, counts in value.modes.items()
            if counts
        ),
        _counts(say("exits by cause"), _words(value.exits)) if value.exits else None,
        _translation(value.translation) if value.translation else None,
        _counts(say("state"), value.result.slots, number),
    )


def _words(counts: Mapping[str, int]) -> dict[str, int]:
    return {word(name): count for name, count in counts.items()}


def _cost(value: Run) -> Mapping[str, int]:
    if not value.monitor:
        return {}
    counts = {say("direct"): value.direct, **_words(value.treated), say("exits"): sum(value.exits.values())}
    calls = value.treated.get(HYPERCALL)
    if calls is not None:
        counts[say("exits saved by batching")] = calls - value.exits.get(HYPERCALL, 0)
    return counts


def _translation(value: Statistics) -> RenderableType:
    shown: dict[str, str] = {TRANSLATION[n]: f"{count:,}" for n, count in asdict(value).items()}
    return _counts(say("translation"), shown | {say("expansion"): f"{value.expansion:.2f}"}, str)


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
    return section(
        say(
            "{count} from {address} on",
            count=say_many("{count:,} word", "{count:,} words", len(value.words)),
            address=value.address,
        ),
        drawn,
    )
