"""Classes: which instructions are critical, sensitive, innocuous; and for one of them the states that show it."""

from collections.abc import Sequence

from rich.console import Group, RenderableType

from popek.language.phrase import listed, say
from popek.language.words import word, words
from popek.library.classification import Classification
from popek.prove.values import Classes, StateWitness
from popek.report.drawing import (
    BAD,
    GAP,
    HEAD,
    QUIET,
    drawing,
    hints,
    indented,
    number,
    section,
    stack,
    table,
    title,
)
from popek.report.marks import truth
from popek.report.sets import sets
from popek.report.speech import Text
from popek.report.verdicts import asked_as

LETTER = say("read to the letter, where any trap counts as a change of a resource")


@drawing.register
def _classification(value: Classification, width: int) -> RenderableType:
    if len(value) == 1:
        return stack(title(value.isa, value.title if value.title != value.isa else ""), drawing(value[0], width))
    critical = [c for c in value if c.critical]
    sensitive = [c for c in value if c.sensitive and c.privileged]
    innocuous = [c for c in value if c.innocuous]
    known = {c.name for c in (*critical, *sensitive, *innocuous)}
    example = (critical or sensitive or list(value))[:1]
    return stack(
        title(value.isa, value.title if value.title != value.isa else ""),
        Text(LETTER, style=QUIET) if value.literal else None,
        _pictured(value, width),
        _section(say("critical: sensitive and not privileged"), critical, style=f"{HEAD} {BAD}"),
        _section(say("sensitive and privileged"), sensitive),
        _names(say("innocuous"), innocuous),
        _names(say("not decided"), [c for c in value if c.name not in known]),
        hints(*(f"popek classify {asked_as(value.isa)} --instruction {c.name}" for c in example)),
    )


def _pictured(value: Classification, width: int) -> RenderableType | None:
    picture = sets(list(value), width - GAP)
    return indented(picture) if picture is not None else None


def _section(heading: str, members: Sequence[Classes], style: str = HEAD) -> RenderableType | None:
    if not members:
        return None
    drawn = table("", "", "")
    for one in members:
        drawn.add_row(Text(one.name, no_wrap=True), Text(words(one.kinds)), Text(_in_user(one), style=QUIET))
    return section(say("{heading} ({count})", heading=heading, count=len(members)), drawn, style)


def _in_user(one: Classes) -> str:
    """Return which of its kinds show in user mode alone."""
    return word("user-sensitive") if one.user_sensitive else ""


def _names(heading: str, members: Sequence[Classes]) -> RenderableType | None:
    if not members:
        return None
    privileged = [c.name for c in members if c.privileged]
    text = Text("  ".join(c.name for c in members))
    if privileged:
        said = say("privileged all the same: {privileged}", privileged=listed(privileged))
        text.append("\n").append(said, style=QUIET)
    return section(say("{heading} ({count})", heading=heading, count=len(members)), text)


@drawing.register
def _classes(value: Classes, width: int) -> RenderableType:
    drawn = table("", "", "")
    kinds = {"sensitive": value.kinds, "user-sensitive": value.user_kinds}
    for name in ("privileged", "sensitive", "user-sensitive", "critical", "innocuous"):
        holds: bool | None = getattr(value, name.replace("-", "_"))
        drawn.add_row(Text(word(name)), truth(holds), Text(words(kinds.get(name, ())), style=QUIET))
    again = [w for kind, w in value.user_witnesses.items() if value.witnesses.get(kind) is not w]
    privilege = [value.not_privileged] if value.not_privileged else []
    return stack(
        section(value.name, drawn),
        *(drawing(w, width) for w in (*value.witnesses.values(), *privilege)),
        Text(say("the same in user mode alone"), style=QUIET) if again else None,
        *(drawing(w, width) for w in again),
    )


@drawing.register
def _witness(value: StateWitness, width: int) -> RenderableType:
    del width
    several = len(value.before) > 1
    headings = (
        (say("one before"), say("one after"), say("other before"), say("other after"))
        if several
        else ("before", "after")
    )
    drawn = table("", *headings)
    pairs = list(zip(value.before, value.after, strict=True))
    for name in _worth_showing(value):
        row = []
        for before, after in pairs:
            now, then = before.values.get(name), after.values.get(name)
            row += [Text(number(now)), Text(number(then), style=HEAD if now != then else "")]
        drawn.add_row(Text(name, style=HEAD if name == value.differs else ""), *row)
    outcomes = [Text(word(o)) for outcome in value.outcomes for o in ("", outcome)]
    drawn.add_row(Text(say("outcome"), style=QUIET), *outcomes)
    heading = Text(say("{kind}: ", kind=word(value.kind)), style=HEAD).append(value.says, style="not bold")
    return Group(heading, indented(Text(value.instruction)), indented(drawn))


def _worth_showing(value: StateWitness) -> list[str]:
    """Return the parts of the state that change, or differ between the states, or are not zero."""
    snapshots = (*value.before, *value.after)
    names = dict.fromkeys(n for s in snapshots for n in s.values)
    return [
        n for n in names if n == value.differs or len({s.values.get(n) for s in snapshots}) > 1 or n in ("pc", "mode")
    ]
