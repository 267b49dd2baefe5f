"""The systems of history: the list by year, and one with what it did about critical instructions."""

from rich.console import RenderableType

from popek.language.phrase import listed, say
from popek.library.systems import ShownSystem, SystemList
from popek.report.drawing import NARROW, QUIET, drawing, hints, indented, stack, table, title
from popek.report.speech import Text


@drawing.register
def _systems(value: SystemList, width: int) -> RenderableType:
    wide = width >= NARROW
    more = (say("structure"), say("on")) if wide else ()
    drawn = table("year", say("system"), say("technique"), *more, gap=1)
    for one in value.systems:
        rest = (one.structure, listed(one.isas)) if wide else ()
        drawn.add_row(*(Text(cell) for cell in (str(one.year), one.name, one.technique, *rest)))
    return stack(drawn, hints("popek systems NAME", "popek compare os --structures"))


@drawing.register
def _system(value: ShownSystem, width: int) -> RenderableType:
    del width
    one = value.system
    facts = table("", "")
    facts.add_row(say("structure"), Text(one.structure))
    facts.add_row(say("technique"), Text(one.technique))
    facts.add_row(say("on"), Text(listed(one.isas)))
    facts.add_row(say("source"), Text("\n".join(one.sources), style=QUIET))
    return stack(
        title(one.name, str(one.year)),
        indented(Text(one.how)),
        indented(Text(one.but)) if one.but else None,
        indented(facts),
        hints(*(f"popek verdict {isa} --monitor {one.technique}" for isa in one.isas)),
    )
