"""The systems of history: the list by year, and one with what it did about critical instructions."""

from rich.console import RenderableType

from popek.language.phrase import Phrase, listed, say
from popek.language.words import word
from popek.library import naming
from popek.library.systems import ShownSystem, SystemList
from popek.report.drawing import NARROW, QUIET, drawing, hints, indented, stack, table, title
from popek.report.speech import Text
from popek.vmm import rings
from popek.vmm.structure import STRUCTURES


@drawing.register
def _systems(value: SystemList, width: int) -> RenderableType:
    wide = width >= NARROW
    more = (say("structure"), say("on")) if wide else ()
    drawn = table("year", say("system"), say("technique"), *more, gap=1)
    for one in value.systems:
        rest = (word(one.structure), listed(one.isas)) if wide else ()
        drawn.add_row(*(Text(cell) for cell in (str(one.year), one.name, one.technique, *rest)))
    return stack(drawn, hints("popek systems NAME", "popek compare os --structures"))


def _of(name: str, what: str) -> Phrase:
    return say("{name}: {what}", name=name, what=what)


@drawing.register
def _system(value: ShownSystem, width: int) -> RenderableType:
    del width
    one = value.system
    facts = table("", "")
    facts.add_row(say("structure"), Text(_of(word(one.structure), STRUCTURES[one.structure].kind)))
    facts.add_row(say("technique"), Text(_of(one.technique, rings.find(one.technique, *map(naming.isa, one.isas)).way)))
    facts.add_row(say("on"), Text(listed(one.isas)))
    facts.add_row(say("source"), Text("\n".join(one.sources), style=QUIET))
    return stack(
        title(one.name, str(one.year)),
        indented(Text(Phrase(one.how))),
        indented(Text(Phrase(one.but))) if one.but else None,
        indented(facts),
        hints(*(f"popek verdict {isa} --monitor {one.technique}" for isa in one.isas)),
    )
