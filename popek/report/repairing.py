"""Repairs as text: goal, remedy, the set, and that it was proved again."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from popek.prove.repair import Remedy, Repair, Repairs, named
from popek.prove.values import Status
from popek.report.drawing import HEAD, QUIET, drawing, hints, indented, listed, stack, title
from popek.report.marks import outcome
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
    goal.append(", in a ported guest" if value.remedy is Remedy.HYPERCALL else "")
    return Group(goal, indented(_answer(value)), *(indented(Text(d, style=QUIET), 4) for d in _details(value)))


def _answer(value: Repair) -> Text:
    if value.before is Status.PROVED:
        return outcome(True, "holds as it is: the smallest set is the empty one")
    if value.instructions is None:
        what = "" if value.status is Status.REFUTED else f" (after it: {value.status.value})"
        return outcome(False, f"no set of instructions to {value.remedy.value} mends it{what}")
    return outcome(True, f"{value.remedy.value}: {listed(value.instructions)}")


def _details(value: Repair) -> Iterator[str]:
    if value.instructions is None:
        names = listed(value.in_the_way[:MOST_NAMES])
        rest = len(value.in_the_way) - MOST_NAMES
        yield f"in the way all the same: {names}" + (f" and {rest} more" if rest > 0 else "")
    elif value.instructions:
        one = len(value.instructions) == 1
        needed = "it" if one else "any one of them"
        yield f"proved again as a whole; not proved without {needed}" if value.minimal else "proved again as a whole"
    for name, users in value.alternatives.items():
        others = [u for u in users if u != "traps"]
        if others and len(value.alternatives) <= MOST_NAMES:
            yield f"{name} would do as well if it were: {listed(others)}"
