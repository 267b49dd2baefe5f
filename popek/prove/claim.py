"""Claims by name: a theorem's premise, or a property under a monitor; and how the answers of parts make one answer.

Obligations are about one instruction each, or about an event, so what becomes of a claim is the worst of what becomes
of its parts. That is what lets a configuration be decided from its instructions, each decided once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen

from popek.errors import PopekError, Problem, nearest
from popek.isa.architecture import Isa
from popek.language.phrase import say
from popek.language.words import word
from popek.prove.events import events
from popek.prove.obligation import Obligation
from popek.prove.properties import decided, efficient, is_event, obligations, of_instruction, silent, treatment
from popek.prove.squares import MODES, Square
from popek.prove.values import PROPERTIES, Classes, Status
from popek.vmm.monitor import MONITORS, Monitor, Treatment

DEFAULT_MONITOR = "trap-and-emulate"


@frozen
class Claim:
    """A theorem's premise (1 or 3), or a property under a monitor."""

    theorem: int = 0
    monitor: str = ""
    prop: str = ""

    def __str__(self) -> str:
        return f"theorem-{self.theorem}" if self.theorem else f"{self.monitor}.{self.prop.replace('_', '-')}"

    @property
    def says(self) -> str:
        """The claim in words."""
        return (
            say("theorem {theorem}", theorem=self.theorem)
            if self.theorem
            else say("{prop} under {monitor}", prop=word(self.prop), monitor=self.monitor)
        )


THEOREM_1, THEOREM_3 = Claim(1), Claim(3)


def of_monitor(name: str, *properties: str) -> tuple[Claim, ...]:
    """Return the claims on a monitor, all or some."""
    return tuple(Claim(0, name, p) for p in properties or PROPERTIES)


def read(text: str) -> Claim:
    """Return the claim of a name: `theorem-1`, `hybrid.equivalence`, or `equivalence` (under trap-and-emulate)."""
    name = text.strip().replace("_", "-").casefold()
    known = {str(c): c for c in (THEOREM_1, THEOREM_3, *(c for m in MONITORS for c in of_monitor(m)))}
    known |= {c.prop.replace("_", "-"): c for c in of_monitor(DEFAULT_MONITOR)}
    if name not in known:
        second = say(
            "theorem 2 asks for theorem 1, and then for a monitor without timing dependencies: say `theorem-1`"
        )
        hint = (
            second
            if name == "theorem-2"
            else nearest(name, known) or say("for example `theorem-1`, `equivalence`, `hybrid.resource-control`")
        )
        raise PopekError(Problem(say("there is no claim `{text}` here", text=text.strip()), hint=hint))
    return known[name]


SEVERITY = (Status.PROVED, Status.VACUOUS, Status.UNKNOWN, Status.REFUTED)


def worst(statuses: Iterable[Status | None]) -> Status | None:
    """Return what becomes of a claim when this becomes of its parts; nothing if no part says anything."""
    found = [s for s in statuses if s is not None]
    return max(found, key=SEVERITY.index) if found else None


Statuses = Mapping[Claim, Status]


def together(parts: Iterable[Statuses]) -> dict[Claim, Status]:
    """Return the worst of several parts, claim by claim."""
    found: dict[Claim, Status] = {}
    for part in parts:
        for claim, status in part.items():
            found[claim] = max(found.get(claim, status), status, key=SEVERITY.index)
    return found


def of_classes(classes: Classes) -> Statuses:
    """Return what an instruction of these classes makes of the theorems' premises."""
    becomes = {True: Status.REFUTED, False: Status.PROVED, None: Status.UNKNOWN}
    return {THEOREM_1: becomes[classes.critical], THEOREM_3: becomes[classes.user_critical]}


Ways = Mapping[bool, Treatment]
"""How an instruction is run, in virtual user mode (true) and in virtual supervisor mode (false)."""


def ways(isa: Isa, monitor: Monitor, classes: Classes) -> Ways:
    """Return how a monitor runs an instruction."""
    return {user: treatment(monitor, isa, classes, user=user) for user, _ in MODES}


def of_one(isa: Isa, monitor: Monitor, classes: Classes) -> Iterator[Obligation]:
    """Give everything that has to be proved of one instruction, run as the monitor runs it."""
    yield from (o for o in obligations(isa, monitor, (classes,)) if not is_event(o))


def of_one_run(isa: Isa, monitor: Monitor, classes: Classes, how: Ways) -> Iterator[Obligation]:
    """Give everything that has to be proved of one instruction, run in other ways than the monitor's."""
    for user, _ in MODES:
        square = Square(isa, monitor, isa[classes.name], user)
        yield from of_instruction(square, how[user])
        yield from efficient(square, how[user], innocuous=classes.innocuous)


def under(isa: Isa, monitor: Monitor, every: Iterable[Obligation]) -> Statuses:
    """Return what some obligations make of a monitor's properties."""
    made = [(o, decided(isa, monitor, o).status) for o in every if o.property in PROPERTIES]
    return together({Claim(0, monitor.name, o.property): s} for o, s in made if not silent(o, s))


def of_instruction_under(isa: Isa, monitors: Sequence[Monitor], classes: Classes) -> Statuses:
    """Return what one instruction makes of the theorems, and of the properties under some monitors."""
    parts = [under(isa, m, of_one(isa, m, classes)) for m in monitors]
    return together([of_classes(classes), *parts])


def of_events(isa: Isa, monitors: Sequence[Monitor]) -> Statuses:
    """Return what the events, which are about no instruction, make of the properties."""
    return together(under(isa, m, events(isa, m)) for m in monitors)


def applicable(isa: Isa) -> tuple[Monitor, ...]:
    """Return the shipped monitors that make sense on an ISA: without guest mode, hardware cannot assist."""
    return tuple(m for m in MONITORS.values() if m.unsuited(isa) is None)
