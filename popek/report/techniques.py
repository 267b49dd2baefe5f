"""One guest under all techniques, as a table: on few columns less of it, and on many all of it."""

from collections.abc import Callable

from rich.console import RenderableType
from rich.text import Text

from popek.library.techniques import Comparisons
from popek.report.drawing import NARROW, QUIET, WIDE, drawing, hints, indented, stack, table, title
from popek.report.marks import outcome
from popek.report.verdicts import asked_as
from popek.vmm.compare import Comparison

NONE = "\N{EN DASH}"

Cell = Callable[[Comparison], Text]


@drawing.register
def _comparisons(value: Comparisons, width: int) -> RenderableType:
    columns = {"monitor": _monitor, "bare and virtual": _same, **_more(width), "direct": _direct, "exits": _exits}
    if width >= WIDE:
        columns["exits"] = _by_cause
        columns |= {"blocks": _blocks, "hypercalls": _hypercalls}
    if width >= NARROW:
        columns |= {"cycles": _cycles, "seconds": _seconds}
    drawn = table(*columns, gap=2)
    for one in value.each:
        drawn.add_row(*(cell(one) for cell in columns.values()))
    first = next((c for c in value.each if c.divergence or c.violation), value.each[0])
    command = f"popek compare {first.guest} --isa {asked_as(first.isa)} --monitor {first.monitor}"
    return stack(title(first.guest or "guest", first.isa), indented(drawn), _about(value, width), hints(command))


def _more(width: int) -> dict[str, Cell]:
    return {"control": _control, "instructions": _instructions} if width >= WIDE else {}


def _about(value: Comparisons, width: int) -> RenderableType | None:
    if width < NARROW:
        return None
    bare = value.each[0].cost
    cycles = f"{bare.bare_cycles:,}" if bare else NONE
    return indented(
        Text(
            f"The bare machine takes {cycles} cycles. Cycles are a model: what was counted, at the prices of "
            f"{value.costs.name} ({value.costs.title}), most of them assumed. Seconds are measured, one run each.",
            style=QUIET,
        )
    )


def _monitor(one: Comparison) -> Text:
    return Text(one.monitor)


def _same(one: Comparison) -> Text:
    if one.divergence:
        return outcome(good=False, text=f"differ at step {one.divergence.step:,}")
    if one.violation:
        return outcome(good=False, text=f"control lost at step {one.violation.step:,}")
    return outcome(good=True, text="the same")


def _control(one: Comparison) -> Text:
    if one.violation:
        return outcome(good=False, text=f"lost at step {one.violation.step:,}")
    return outcome(good=True, text="kept")


def _instructions(one: Comparison) -> Text:
    return Text(f"{one.virtual.instructions:,}")


def _direct(one: Comparison) -> Text:
    instructions = one.virtual.instructions
    return Text(f"{100 * one.direct / instructions:.0f} %" if instructions else NONE, no_wrap=True)


def _exits(one: Comparison) -> Text:
    return Text(f"{sum(one.exits.values()):,}")


def _by_cause(one: Comparison) -> Text:
    return Text(", ".join(f"{cause} {count:,}" for cause, count in one.exits.items()) or "none")


def _blocks(one: Comparison) -> Text:
    return Text(NONE if one.cost is None or one.cost.blocks is None else f"{one.cost.blocks:,}")


def _hypercalls(one: Comparison) -> Text:
    return Text(f"{one.cost.hypercalls:,}" if one.cost and one.cost.hypercalls else NONE)


def _cycles(one: Comparison) -> Text:
    return Text(f"{one.cost.cycles:,}" if one.cost else NONE)


def _seconds(one: Comparison) -> Text:
    return Text(f"{one.cost.seconds:.3f}" if one.cost else NONE)
