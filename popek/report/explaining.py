"""Explanations as text: a paragraph for each claim, and under it the states side by side."""

from rich.console import Group, RenderableType
from rich.constrain import Constrain

from popek.language.phrase import Phrase, listed, say
from popek.language.words import word, words
from popek.prove.explanation import About, Blamed, Explanation, Overview, Passage
from popek.prove.values import StateWitness, Status, TheoremVerdict
from popek.report.drawing import (
    BAD,
    GOOD,
    HEAD,
    OPEN,
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
from popek.report.marks import NO, YES, mark
from popek.report.speech import Text
from popek.report.verdicts import asked_as

PARAGRAPH = 88
"""So wide are paragraphs at most: longer lines are hard to read."""


@drawing.register
def _explanation(value: Explanation, width: int) -> RenderableType:
    name = asked_as(value.isa)
    heading = Text(f"{value.instruction} {value.operands}".rstrip(), style=HEAD)
    user = {"its own": say("has a behaviour of its own"), "ignored": say("is ignored")}.get(
        value.user, word(value.user)
    )
    heading.append(say(" ({user} in user mode)", user=user), style=f"not bold {QUIET}")
    return stack(
        title(value.isa, value.title if value.title != value.isa else ""),
        Group(heading, indented(_paragraph(value.doc))),
        *(drawing(p, width) for p in value.passages),
        hints(f"popek classify {name} --instruction {value.instruction}", f"popek repair {name}"),
    )


def _paragraph(text: str) -> RenderableType:
    return Constrain(Text(text), PARAGRAPH)


@drawing.register
def _passage(value: Passage, width: int) -> RenderableType:
    parts: list[RenderableType] = [_heading(value), indented(_paragraph(value.text))]
    if value.witness:
        parts += [Text(""), indented(_states(value.witness, width), 4)]
    return Group(*parts)


def _heading(value: Passage) -> Text:
    if value.about is About.CLASS:
        return Text(say("{name}: {holds}", name=value.name, holds=_yes(value.holds)), style=HEAD)
    sign, style = {True: (YES, GOOD), False: (NO, BAD), None: ("?", OPEN)}[value.holds]
    return Text(f"{sign} " + Phrase(value.name), style=f"{HEAD} {style}")


def _yes(holds: bool | None) -> str:
    return {True: say("yes"), False: say("no"), None: say("not known")}[holds]


def _states(value: StateWitness, width: int) -> RenderableType:
    several = len(value.before) > 1
    headings = (say("one, before"), say("one, after"), say("the other, before"), say("the other, after"))
    drawn = table(value.instruction, *(headings if several else (say("before"), say("after"))))
    del width
    for name in value.before[0].values:
        row = []
        for before, after in zip(value.before, value.after, strict=True):
            now, then = before.values.get(name), after.values.get(name)
            row += [Text(number(now)), Text(number(then), style=HEAD if now != then else "")]
        drawn.add_row(Text(name, style=HEAD if name == value.differs else "", no_wrap=True), *row)
    drawn.add_row(Text(say("outcome"), style=QUIET), *(Text(word(o)) for out in value.outcomes for o in ("", out)))
    return drawn


@drawing.register
def _overview(value: Overview, width: int) -> RenderableType:
    del width
    name = asked_as(value.isa)
    theorems = table("", "", "")
    for theorem in value.theorems:
        theorems.add_row(
            Text(say("theorem {number}", number=theorem.number), no_wrap=True), mark(theorem.status), _blame(theorem)
        )
    first = next((b.instruction for b in value.blamed), None)
    nobody = indented(
        _paragraph(
            say(
                "Nobody is to blame: no instruction stands in the way of theorem 1, theorem 3, or of a "
                "property under the monitors that they promise."
            )
        )
    )
    return stack(
        title(value.isa, value.title if value.title != value.isa else ""),
        indented(theorems),
        *((_one(b) for b in value.blamed) if value.blamed else (nobody,)),
        hints(f"popek explain {name} {first or 'INSTRUCTION'}"),
    )


def _blame(theorem: TheoremVerdict) -> Text:
    if theorem.status is Status.PROVED:
        return Text(say("nobody is in the way"))
    return Text(listed(theorem.blame) or theorem.reason)


def _one(value: Blamed) -> RenderableType:
    where: dict[str, list[str]] = {}
    for claim in value.claims:
        monitor, _, prop = claim.rpartition(".")
        where.setdefault(monitor, []).append(prop.replace("-", " "))
    lines = [
        say("in the way of {what} under {monitor}", what=words(ps), monitor=m)
        if m
        else say("in the way of {what}", what=words(ps))
        for m, ps in where.items()
    ]
    return section(value.instruction, Group(_paragraph(value.says), *(Text(line, style=QUIET) for line in lines)))
