"""Verdicts: the theorems, the properties under each monitor, who is to blame, and what to ask next."""

from collections.abc import Sequence

from rich.console import RenderableType

from popek.isa import shipped
from popek.language.phrase import Phrase, in_turn, listed, say, say_many
from popek.language.words import word, words
from popek.library.required import Check, Checked, Grade
from popek.prove.values import PROPERTIES, IsaVerdict, MonitorVerdict, PropertyVerdict, Status, TheoremVerdict, Verdict
from popek.report.drawing import (
    BAD,
    GAP,
    GOOD,
    NARROW,
    OPEN,
    QUIET,
    drawing,
    hints,
    indented,
    section,
    stack,
    table,
    title,
)
from popek.report.marks import NO, YES, mark, short_mark
from popek.report.speech import Text

HOLDS = {
    1: say("what is sensitive is privileged: a VMM exists"),
    2: say("and without timing dependencies: it is recursive"),
    3: say("what is user-sensitive is privileged: a hybrid VMM exists"),
}
FAILS = {
    1: say("sensitive, not privileged: "),
    2: say("sensitive, not privileged: "),
    3: say("user-sensitive, not privileged: "),
}
BRIEF = {"equivalence": "equiv", "resource_control": "contr", "efficiency": "effic", "isolation": "isol"}
NARROWEST = 56
"""Columns from which on there is room for the properties of many ISAs, and for whole words in those of one."""

WIDEST, STORY, FEWEST_STORIES = 150, 40, 5
"""Columns from which on a table of many ISAs has room for history, how many that gets at least, and for how many ISAs
it is told below a narrower one."""

MOST_BLAMED = 8
LONGEST_PROGRAM = 24
"""Lines of a witness that are shown."""


@drawing.register
def _verdict(value: Verdict, width: int) -> RenderableType:
    if not value.isas:
        return Text(say("no ISA was asked about"), style=QUIET)
    return drawing(value.isas[0], width) if len(value.isas) == 1 else _many(value, width)


@drawing.register
def _one(value: IsaVerdict, width: int) -> RenderableType:
    return stack(
        title(value.name, value.title if value.title != value.name else "", str(value.year or "")),
        indented(Text(_census(value))),
        indented(_theorems(value)),
        _monitors(value.monitors, width),
        _reasons(value),
        _program(value),
        hints(*_next(value)),
    )


@drawing.register
def _monitor(value: MonitorVerdict, width: int) -> RenderableType:
    return _monitors((value,), width)


@drawing.register
def _theorem(value: TheoremVerdict, width: int) -> RenderableType:
    del width
    drawn = table("", "", "")
    drawn.add_row(Text(f"theorem {value.number}", no_wrap=True), mark(value.status), _sentence(value))
    return drawn


@drawing.register
def _property(value: PropertyVerdict, width: int) -> RenderableType:
    del width
    drawn = table("", "")
    drawn.add_row(mark(value.status), Text(_because(value)))
    program = getattr(value.witness, "program", "")
    return stack(drawn, _lines(program) if program else None)


def _because(value: PropertyVerdict) -> str:
    """Return who is to blame, and why."""
    if not (value.blame and value.reason):
        return _blamed(value.blame) if value.blame else value.reason
    return say("{blamed}: {reason}", blamed=_blamed(value.blame), reason=value.reason)


def _census(value: IsaVerdict) -> str:
    sensitive = [c for c in value.instructions if c.sensitive]
    critical = [c for c in sensitive if c.critical]
    words = say(
        "{instructions}, {sensitive} of them sensitive",
        instructions=say_many("{count:,} instruction", "{count:,} instructions", len(value.instructions)),
        sensitive=len(sensitive),
    )
    if not sensitive:
        return words
    return (
        say("{words}, {count} of these not privileged", words=words, count=len(critical))
        if critical
        else say("{words}, and these all privileged", words=words)
    )


def _theorems(value: IsaVerdict) -> RenderableType:
    drawn = table("", "", "")
    for theorem in value.theorems.values():
        drawn.add_row(
            Text(say("theorem {number}", number=theorem.number), no_wrap=True), mark(theorem.status), _sentence(theorem)
        )
    return drawn


def _sentence(theorem: TheoremVerdict) -> str:
    if theorem.holds:
        return HOLDS[theorem.number]
    if theorem.holds is False and theorem.blame:
        return FAILS[theorem.number] + listed(theorem.blame)
    return theorem.reason or say("not decided")


def _monitors(monitors: Sequence[MonitorVerdict], width: int) -> RenderableType:
    headings = list(BRIEF.values()) if width < NARROW else list(PROPERTIES)
    drawn = table(say("monitor"), *headings, gap=1 if width < NARROW + 12 else GAP)
    drawn.columns[0].no_wrap = width >= NARROWEST
    shown = mark if width >= NARROWEST else short_mark
    for monitor in monitors:
        drawn.add_row(Text(monitor.name), *(shown(getattr(monitor, p).status) for p in PROPERTIES))
    return indented(drawn) if width >= NARROW else drawn


def _reasons(value: IsaVerdict) -> RenderableType | None:
    """Draw, once for each, why something is not proved: blame, reason, and where."""
    places: dict[tuple[Status, tuple[str, ...], str], list[tuple[str, str]]] = {}
    for monitor in value.monitors:
        for name in PROPERTIES:
            found: PropertyVerdict = getattr(monitor, name)
            if found.status is not Status.PROVED:
                places.setdefault((found.status, found.blame, found.reason), []).append((monitor.name, name))
    if not places:
        return None
    drawn = table("", "")
    for (status, blame, reason), where in places.items():
        said = say("{blame}: {reason}", blame=_blamed(blame), reason=reason) if blame and reason else reason
        words = Text(said or _blamed(blame))
        words.append("\n" if words else "").append(_where(where, len(value.monitors)), style=QUIET)
        drawn.add_row(mark(status), words)
    return indented(drawn)


def _blamed(blame: Sequence[str]) -> str:
    more = len(blame) - MOST_BLAMED
    return say("{blame} and {more} more", blame=listed(blame[:MOST_BLAMED]), more=more) if more > 1 else listed(blame)


def _where(where: Sequence[tuple[str, str]], monitors: int) -> str:
    if len(where) == monitors * len(PROPERTIES):
        return say("everything, under every monitor")
    table_: dict[tuple[str, ...], list[str]] = {}
    for monitor in dict.fromkeys(m for m, _ in where):
        table_.setdefault(tuple(p for m, p in where if m == monitor), []).append(monitor)
    return in_turn(say("{what} under {monitors}", what=_named(ps), monitors=listed(ms)) for ps, ms in table_.items())


def _named(properties: Sequence[str]) -> str:
    return say("everything") if len(properties) == len(PROPERTIES) else words(properties)


def _program(value: IsaVerdict) -> RenderableType | None:
    """Draw the first refutation's program."""
    for monitor in value.monitors:
        for name in PROPERTIES:
            found: PropertyVerdict = getattr(monitor, name)
            text = getattr(found.witness, "program", "")
            if found.status is Status.REFUTED and text:
                caption = _caption(found, word(name), monitor.name)
                return stack(indented(Text(caption, style=QUIET)), indented(_lines(text), 2 * GAP))
    return None


def _caption(found: PropertyVerdict, name: str, monitor: str) -> str:
    """Return what stands above a program: of whom it shows it, too, unless nobody else is to blame."""
    blame = found.witness.blame
    if found.blame == (blame,):
        return say("a guest that shows it ({name} under {monitor})", name=name, monitor=monitor)
    return say("a guest that shows it of {blame} ({name} under {monitor})", blame=blame, name=name, monitor=monitor)


def _lines(program: str) -> Text:
    """Draw the beginning of a witness's program."""
    lines = program.rstrip().split("\n")
    return Text("\n".join(lines[:LONGEST_PROGRAM] + (["..."] if len(lines) > LONGEST_PROGRAM else [])))


def asked_as(name: str) -> str:
    """Return how an ISA is named on the command line, as far as its name tells."""
    return name if shipped.find(name.split(" ", maxsplit=1)[0]) else "FILE"


def _next(value: IsaVerdict) -> list[str]:
    name = asked_as(value.name)
    critical = next((c.name for c in value.instructions if c.critical), None)
    if critical is not None:
        return [f"popek classify {name} --instruction {critical}"]
    return [f"popek classify {name}"]


@drawing.register
def _checked(value: Checked, width: int) -> RenderableType:
    return stack(drawing(value.verdict, width), drawing(value.check, width))


@drawing.register
def _check(value: Check, width: int) -> RenderableType:
    several = len({r.isa for r in value.requirements}) > 1
    drawn = table("", say("required"), say("is to be"), say("is"), gap=1 if width < NARROW else GAP)
    for one in value.requirements:
        what = say("{isa}: {what}", isa=one.isa, what=Phrase(one.what)) if several else Phrase(one.what)
        drawn.add_row(_graded(one.grade), Text(what), Text(Phrase(one.wanted)), Text(Phrase(one.found)))
    return section(say("check"), drawn if value.requirements else Text(say("nothing is required")))


def _graded(grade: Grade) -> Text:
    sign, style = {Grade.MET: (YES, GOOD), Grade.NOT_MET: (NO, BAD), Grade.OPEN: ("?", OPEN)}[grade]
    return Text(f"{sign} " + word(grade.value), style=style, no_wrap=True)


# Many ISAs ----------------------------------------------------------------------------------------------------------


def _many(value: Verdict, width: int) -> RenderableType:
    first = value.isas[0].monitors[0].name if value.isas[0].monitors else ""
    shown = PROPERTIES if first and width >= NARROWEST else ()
    blame = (say("not privileged"),) if width >= NARROW else ()
    dated = ("year",) if width >= NARROW and any(i.year for i in value.isas) else ()
    told = (say("what happened"),) if dated and width >= WIDEST and any(i.story for i in value.isas) else ()
    drawn = table(
        *dated, "ISA", say("Th 1"), say("Th 2"), say("Th 3"), *(BRIEF[p] for p in shown), *blame, *told, gap=1
    )
    if told:
        drawn.columns[-1].min_width = STORY
    for isa in value.isas:
        found = next((m for m in isa.monitors if m.name == first), None)
        theorems = [short_mark(t.status) for t in isa.theorems.values()]
        properties = [short_mark(getattr(found, p).status) if found else Text("") for p in shown]
        year = [Text(str(isa.year or ""))] if dated else []
        name = Text(isa.name, no_wrap=width >= NARROW)
        critical = [_blamed([c.name for c in isa.instructions if c.critical])] if blame else []
        drawn.add_row(*year, name, *theorems, *properties, *critical, *([isa.story] if told else []))
    caption = say(
        "Th: theorems 1, 2, 3. Then the properties under {monitor}: equivalence, resource control, efficiency, "
        "isolation.",
        monitor=first,
    )
    stories = None if told else _stories(value)
    return stack(
        drawn,
        Text(caption, style=QUIET) if shown else None,
        stories,
        hints(f"popek verdict {asked_as(_worth_a_look(value).name)}", *(["popek systems"] if told or stories else [])),
    )


def _stories(value: Verdict) -> RenderableType | None:
    """Draw, by year, what history made of each ISA that has a story, below a table that has no room for it."""
    if len(value.isas) < FEWEST_STORIES or not any(i.story for i in value.isas):
        return None
    drawn = table("", "", "", gap=1)
    for isa in value.isas:
        if isa.story:
            drawn.add_row(Text(str(isa.year or "")), Text(isa.name, no_wrap=True), Text(isa.story))
    return section(say("what happened"), drawn)


def _worth_a_look(value: Verdict) -> IsaVerdict:
    return next((i for i in value.isas if any(c.critical for c in i.instructions)), value.isas[0])
