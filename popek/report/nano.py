"""The nanobenchmarks: cycles of the model beside the published ones, and why the shape differs where it does."""

from rich.console import RenderableType

from popek.language.phrase import say
from popek.library.nano import ROUNDS, SOURCE, NanoReport, NanoRow, Way
from popek.report.drawing import NARROW, QUIET, drawing, hints, indented, section, stack, table, title
from popek.report.speech import Text

APART = say("differs")


@drawing.register
def _nano(value: NanoReport, width: int) -> RenderableType:
    ways = [w.value if width >= NARROW else w.value.partition("-")[0] for w in Way]
    drawn = table("", *ways, say("shape"))
    for row in value.rows:
        drawn.add_row(Text(row.nano.name), *(Text(_cycles(row.cycles[w])) for w in Way), _shape(row))
    published = table("", *ways, *([say("as the source has it")] if width >= NARROW else []))
    for row in value.rows:
        note = [Text(row.nano.note, style=QUIET)] if width >= NARROW else []
        published.add_row(Text(row.nano.name), *(Text(f"{row.nano.published[w]:,}") for w in Way), *note)
    whys = table("", "")
    for row in value.rows:
        if row.differs:
            whys.add_row(Text(row.nano.name, no_wrap=True), Text(row.nano.why))
    said = say(
        "One operation, from {rounds} rounds of a loop with it and without it. Cycles are a model: "
        "exact counts at the prices of {costs}, which prices none of these. The shape is which way "
        "is the cheaper one.",
        rounds=ROUNDS,
        costs=value.costs.name,
    )
    return stack(
        title(say("nanobenchmarks"), value.costs.title),
        indented(Text(said, style=QUIET)),
        section(say("cycles of the model"), drawn),
        section(say("published: {source}", source=SOURCE), published),
        section(say("where the shape differs"), whys) if any(r.differs for r in value.rows) else None,
        hints("popek bench nano --costs skylake", "popek compare os --all"),
    )


def _cycles(cycles: float) -> str:
    return f"{cycles:,.1f}"


def _shape(row: NanoRow) -> Text:
    return Text(APART if row.differs else say("the same"))
