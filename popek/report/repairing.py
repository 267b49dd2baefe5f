"""Repairs as text: goal, remedy, the set, and that it was proved again."""

from collections.abc import Iterator

from rich.console import Group, RenderableType

from popek.language.phrase import listed, say
from popek.language.words import word, words
from popek.prove.repair import Remedy, Repair, Repairs, named
from popek.prove.values import Status
from popek.report.drawing import HEAD, QUIET, drawing, hints, indented, stack, title
from popek.report.marks import outcome
from popek.report.speech import Text
from popek.report.verdicts import asked_as

MOST_NAMES = 12


@drawing.register
def _repairs(value: Repairs, width: int) -> RenderableType:
    name = asked_as(value.isa)
    traps = next((r.instructions for r in value.repairs if r.remedy is Remedy.TRAP and r.instructions), None)
    return stack(
        title(value.isa, value.title if value.title != value.isa else ""),
        *(drawing(r, width) for r in value.repairs),
        hints(f"popek verdict {name} --trap {','.join(traps)}" if traps else f"popek lattice {name}"),
    )


@drawing.register
def _repair(value: Repair, width: int) -> RenderableType:
    del width
    goal = Text(named(value.goal), style=HEAD)
    goal.append(say(", in a ported guest") if value.remedy is Remedy.HYPERCALL else "")
    return Group(goal, indented(_answer(value)), *(indented(Text(d, style=QUIET), 4) for d in _details(value)))


def _answer(value: Repair) -> Text:
    if value.before is Status.PROVED:
        return outcome(True, say("holds as it is: the smallest set is the empty one"))
    if value.instructions is None:
        what = "" if value.status is Status.REFUTED else say(" (after it: {status})", status=word(value.status.value))
        return outcome(
            False, say("no set of instructions to {remedy} mends it{what}", remedy=value.remedy.value, what=what)
        )
    return outcome(
        True, say("{remedy}: {instructions}", remedy=value.remedy.value, instructions=listed(value.instructions))
    )


def _details(value: Repair) -> Iterator[str]:
    if value.instructions is None:
        names = listed(value.in_the_way[:MOST_NAMES])
        rest = len(value.in_the_way) - MOST_NAMES
        yield say("in the way all the same: {names}", names=names) + (
            say(" and {rest} more", rest=rest) if rest > 0 else ""
        )
    elif value.instructions:
        one = len(value.instructions) == 1
        yield (
            (
                say("proved again as a whole; not proved without it")
                if one
                else say("proved again as a whole; not proved without any one of them")
            )
            if value.minimal
            else say("proved again as a whole")
        )
    for name, users in value.alternatives.items():
        others = [u for u in users if u != "traps"]
        if others and len(value.alternatives) <= MOST_NAMES:
            yield say("{name} would do as well if it were: {others}", name=name, others=words(others))
