"""Comparisons: bare and virtual side by side, the first divergence with the steps before it, and lost control."""

from itertools import zip_longest

from rich.console import Group, RenderableType

from popek.engine.reference import Kind
from popek.engine.stepper import Record, Result
from popek.isa.disassembler import disassemble_decoded
from popek.language.phrase import say
from popek.language.words import word, words
from popek.report.drawing import (
    BAD,
    HEAD,
    NARROW,
    QUIET,
    drawing,
    hints,
    indented,
    number,
    safe,
    section,
    stack,
    table,
    title,
)
from popek.report.marks import NO, outcome
from popek.report.running import SENTENCES, by_cause, registers
from popek.report.speech import Text, lines
from popek.report.verdicts import asked_as
from popek.vmm.compare import Comparison, Divergence, Violation

MOST_DIFFERENCES = 12
MOST_OUTPUT = 160
"""Characters of the output that are shown; the end of it, where they differ, is the more telling one."""


@drawing.register
def _comparison(value: Comparison, width: int) -> RenderableType:
    name = asked_as(value.isa)
    if value.divergence:
        said = outcome(good=False, text=say("they differ after step {step:,}", step=value.divergence.step))
    else:
        said = outcome(
            good=True, text=say("the same for all of {steps:,} steps; that is one run, and no proof", steps=value.steps)
        )
    return stack(
        title(value.guest or "guest", value.isa, value.monitor),
        indented(_sides(value)),
        said,
        divergence_drawn(value.divergence, width) if value.divergence else None,
        _violation(value.violation) if value.violation else None,
        hints(f"popek verdict {name}", *([f"popek classify {name}"] if value.divergence else [])),
    )


def _sides(value: Comparison) -> RenderableType:
    drawn = table("", say("bare machine"), say("virtual machine"))
    results = value.bare, value.virtual
    drawn.add_row(Text(say("outcome"), style=QUIET), *(Text(SENTENCES[r.outcome]) for r in results))
    drawn.add_row(Text(say("output"), style=QUIET), *(_output(r) for r in results))
    drawn.add_row(Text(say("registers"), style=QUIET), *(registers(r) for r in results))
    drawn.add_row(Text(say("instructions"), style=QUIET), *(Text(f"{r.instructions:,}") for r in results))
    exits = by_cause(value.exits)
    drawn.add_row(Text(say("direct"), style=QUIET), Text(say("all")), Text(f"{value.direct:,}"))
    drawn.add_row(Text(say("exits"), style=QUIET), Text("\N{EN DASH}"), Text(exits))
    return drawn


def _output(result: Result) -> Text:
    text = safe(result.output)
    if len(text) > MOST_OUTPUT:
        text = "\N{HORIZONTAL ELLIPSIS}" + text[-MOST_OUTPUT:]
    return Text(text.rstrip("\n")) if text else Text(say("none"), style=QUIET)


def divergence_drawn(value: Divergence, width: int) -> RenderableType:
    """Draw what differs, and the last steps of both sides."""
    drawn = table(say("differs"), say("bare"), say("virtual"))
    for one in value.differences[:MOST_DIFFERENCES]:
        drawn.add_row(Text(one.what, style=HEAD), Text(number(one.bare)), Text(number(one.virtual)))
    more = len(value.differences) - MOST_DIFFERENCES
    if more > 0:
        drawn.add_row(Text(say("and {more} more", more=more), style=QUIET), Text(""), Text(""))
    return stack(indented(drawn), section(say("the last steps of both"), _steps(value, width)))


def _steps(value: Divergence, width: int) -> RenderableType:
    modes = width >= NARROW
    drawn = table(
        "", say("step"), say("pc"), *(["mode"] if modes else []), say("instruction"), say("bare"), say("virtual")
    )
    for bare, virtual in zip_longest(value.bare, value.virtual):
        either: Record = bare or virtual
        last = either.step == value.step
        mode = word("user" if either.event.mode else "supervisor")
        drawn.add_row(
            Text(NO if last else "", style=BAD),
            Text(str(either.step)),
            Text(number(either.event.pc)),
            *([Text(mode, no_wrap=True)] if modes else []),
            Text(assembly(either)),
            Text(_bare(bare) if bare else "\N{EN DASH}"),
            Text(_virtual(virtual, bare) if virtual else "\N{EN DASH}"),
            style=HEAD if last else "",
        )
    return drawn


def assembly(record: Record) -> str:
    """Return the instruction of a step as text."""
    decoded = record.event.decoded
    if decoded is None:
        return say("(interrupt)") if record.event.kind is Kind.INTERRUPT else say("(no instruction)")
    return disassemble_decoded(decoded, record.event.pc)


def _bare(record: Record) -> str:
    event = record.event
    cause = word(event.cause.name.lower() if event.cause else "")
    return {
        Kind.EXECUTED: word("completes"),
        Kind.TRAP: say("{cause} trap", cause=cause),
        Kind.INTERRUPT: say("{cause} interrupt", cause=cause),
    }[event.kind]


def _virtual(record: Record, bare: Record | None) -> str:
    """Return what happened in the virtual machine: the same in other words, and how it was done."""
    exits = record.notes.get("exits", ())
    how = say("exit ({exits}), ", exits=words(exits)) if exits else ""
    done = _bare(record) if exits or record.event.kind is not Kind.EXECUTED else say("runs directly")
    if bare is not None and assembly(bare) != assembly(record):
        done = f"{assembly(record)}: {done}"
    return how + done


def _violation(value: Violation) -> RenderableType:
    said = outcome(good=False, text=say("the monitor has lost control after step {step:,}", step=value.step))
    return Group(said, indented(lines(value.sentences)))
