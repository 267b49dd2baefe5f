"""One guest under all techniques: one table where there is room for it, and the same columns in two or three else."""

from collections.abc import Callable, Mapping

from rich.console import RenderableType

from popek.language.phrase import in_sequence, say, say_many
from popek.library.techniques import Comparisons
from popek.report.drawing import NARROW, QUIET, WIDE, drawing, hints, indented, section, stack, table, title
from popek.report.marks import outcome
from popek.report.running import by_cause
from popek.report.speech import Text
from popek.report.verdicts import asked_as
from popek.vmm.compare import Comparison

NONE = "\N{EN DASH}"

Cell = Callable[[Comparison], Text]
Columns = Mapping[str, Cell]


@drawing.register
def _comparisons(value: Comparisons, width: int) -> RenderableType:
    first = next((c for c in value.each if c.divergence or c.violation), value.each[0])
    command = f"popek compare {first.guest} --isa {asked_as(first.isa)}"
    return stack(
        title(first.guest or "guest", first.isa),
        *(_table(value, heading, columns) for heading, columns in _tables(width)),
        indented(Text(_about(value), style=QUIET)),
        hints(f"{command} --monitor {first.monitor}", f"{command} --structures"),
    )


def _tables(width: int) -> list[tuple[str, Columns]]:
    """Return the columns, in as many tables as they need on so many columns."""
    result: Columns = {say("bare and virtual"): _same}
    done: Columns = {say("instr."): _instructions, say("direct"): _direct, say("exits"): _exits}
    causes: Columns = {say("exits by cause"): _by_cause}
    blocks: Columns = {say("blocks"): _blocks}
    price: Columns = {say("cycles"): _cycles, say("seconds"): _seconds}
    hypercalls: Columns = {say("hypercalls"): _hypercalls}
    if width >= WIDE + 20:
        whole = {
            **result,
            say("control"): _control,
            say("instructions"): _instructions,
            say("direct"): _direct,
            **causes,
        }
        return [("", {**whole, **blocks, **hypercalls, **price})]
    if width >= NARROW:
        first, second = (
            {**result, **done, say("cycles"): _cycles},
            {**causes, **blocks, **hypercalls, say("seconds"): _seconds},
        )
        return [("", first), (say("what it took"), second)]
    return [
        ("", result),
        (say("how it was run"), {**done, **blocks}),
        (say("what it took"), {**hypercalls, **price}),
        ("", causes),
    ]


def _table(value: Comparisons, heading: str, columns: Columns) -> RenderableType:
    drawn = table(say("monitor"), *columns, gap=2)
    for one in value.each:
        drawn.add_row(Text(one.monitor, no_wrap=True), *(cell(one) for cell in columns.values()))
    if "bare and virtual" in columns:
        for name in value.not_applicable:
            drawn.add_row(Text(name, no_wrap=True), Text(f"{NONE} " + say("needs a guest mode"), style=QUIET))
    for name, column in zip(columns, drawn.columns[1:], strict=True):
        column.justify = "left" if name in _TEXTS else "right"
    return section(heading, drawn) if heading else indented(drawn)


_TEXTS = (say("bare and virtual"), "control", say("exits by cause"))


def _about(value: Comparisons) -> str:
    bare = value.each[0].cost
    cycles = f"{bare.bare_cycles:,}" if bare else NONE
    said = say(
        "The bare machine takes {cycles} cycles. Cycles are a model: what was counted, at the prices "
        "of {costs} ({title}), most of them assumed. Seconds are measured, one run each.",
        cycles=cycles,
        costs=value.costs.name,
        title=value.costs.title,
    )
    return in_sequence(said, *_ported(value), *_missing(value))


def _ported(value: Comparisons) -> list[str]:
    """Say what a port has changed; if nothing, a paravirtual monitor does what trap-and-emulate does."""
    ports = {c.monitor: c.cost.ported for c in value.each if c.cost and c.cost.ported is not None}
    return [
        say_many(
            "Under {monitor}, the port has replaced {count:,} word of the guest's.",
            "Under {monitor}, the port has replaced {count:,} words of the guest's.",
            words,
            monitor=name,
        )
        if words
        else say("Under {monitor}, the port has replaced nothing: the guest has no critical instruction.", monitor=name)
        for name, words in ports.items()
    ]


def _missing(value: Comparisons) -> list[str]:
    return [say("`--isa classic-vt` is `classic` with a guest mode.")] if value.not_applicable else []


def _same(one: Comparison) -> Text:
    if one.divergence:
        return outcome(good=False, text=say("differ at step {step:,}", step=one.divergence.step))
    if one.violation:
        return outcome(good=False, text=say("control lost at step {step:,}", step=one.violation.step))
    return outcome(good=True, text=say("the same"))


def _control(one: Comparison) -> Text:
    if one.violation:
        return outcome(good=False, text=say("lost at step {step:,}", step=one.violation.step))
    return outcome(good=True, text=say("kept"))


def _instructions(one: Comparison) -> Text:
    return Text(f"{one.virtual.instructions:,}")


def _direct(one: Comparison) -> Text:
    instructions = one.virtual.instructions
    return Text(f"{100 * one.direct / instructions:.0f} %" if instructions else NONE, no_wrap=True)


def _exits(one: Comparison) -> Text:
    return Text(f"{sum(one.exits.values()):,}")


def _by_cause(one: Comparison) -> Text:
    return Text(by_cause(one.exits))


def _blocks(one: Comparison) -> Text:
    return Text(NONE if one.cost is None or one.cost.blocks is None else f"{one.cost.blocks:,}")


def _hypercalls(one: Comparison) -> Text:
    return Text(NONE if one.cost is None or one.cost.ported is None else f"{one.cost.hypercalls:,}")


def _cycles(one: Comparison) -> Text:
    return Text(f"{one.cost.cycles:,}" if one.cost else NONE)


def _seconds(one: Comparison) -> Text:
    return Text(f"{one.cost.seconds:.3f}" if one.cost else NONE)
