"""Repair: the smallest sets of instructions to change so that a theorem, or a property under a monitor, holds.

An instruction can be made privileged, in the hardware; or replaced by a hypercall, in the guest; or translated, by the
monitor. Obligations are about one instruction each: whoever is blamed has to be changed, and nobody else, so there is
one minimal set, or there is none. Nothing of that is taken for granted: the repaired ISA, or the ISA with the
instructions treated so, is decided anew as a whole, and so is each that lacks one of the changes.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum, unique
from typing import Any

from attrs import frozen

from popek.isa.architecture import Isa
from popek.isa.instruction import TRAPS
from popek.language.phrase import both, say
from popek.language.words import word
from popek.prove.claim import (
    SEVERITY,
    THEOREM_1,
    THEOREM_3,
    Claim,
    Statuses,
    Ways,
    of_classes,
    of_events,
    of_instruction_under,
    of_monitor,
    of_one_run,
    together,
    under,
    ways,
)
from popek.prove.classes import Showing, classify, classify_one
from popek.prove.lattice import settings_of
from popek.prove.values import Classes, Status
from popek.shown import Shown
from popek.vmm.monitor import HYBRID, TRANSLATION, TRANSLATION_FULL, TRAP_AND_EMULATE, Monitor, Treatment, find


@unique
class Remedy(Enum):
    """What can be done about an instruction."""

    TRAP = say("make privileged")
    HYPERCALL = say("replace by hypercalls")
    TRANSLATE = say("translate in virtual supervisor code")
    TRANSLATE_FULL = say("translate everywhere")


@frozen
class Repair:
    """One goal, one remedy, and the smallest set of instructions to use it on.

    `instructions` is the one minimal set, empty if the goal holds as it is, and nothing if there is none; then
    `in_the_way` says what keeps the goal from being proved all the same. `status` is that of the goal, decided anew
    after the repair; `without` has the same for each set that lacks one instruction. `alternatives` has, for each, the
    behaviours in user mode that would do as well.
    """

    goal: tuple[Claim, ...]
    remedy: Remedy
    before: Status
    instructions: tuple[str, ...] | None
    in_the_way: tuple[str, ...]
    status: Status
    without: Mapping[str, Status]
    alternatives: Mapping[str, tuple[str, ...]]
    after: Statuses

    @property
    def minimal(self) -> bool:
        """Whether each instruction of the set is needed: without it the goal is not proved."""
        return all(s is not Status.PROVED for s in self.without.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "goal": [str(c) for c in self.goal],
            "remedy": self.remedy.value,
            "before": self.before.value,
            "sets": [] if self.instructions is None else [list(self.instructions)],
            "in_the_way": list(self.in_the_way),
            "status": self.status.value,
            "without": {name: s.value for name, s in self.without.items()},
            "alternatives": {name: list(users) for name, users in self.alternatives.items()},
            "after": {str(c): s.value for c, s in self.after.items()},
        }


@frozen
class Repairs(Shown):
    """The repairs of an ISA."""

    isa: str
    title: str
    literal: bool
    repairs: tuple[Repair, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "isa": self.isa,
            "title": self.title,
            "literal": self.literal,
            "repairs": [r.to_dict() for r in self.repairs],
        }


SAFE = of_monitor(TRAP_AND_EMULATE.name, "equivalence", "resource_control")
"""What hypercalls and translation are to achieve, under a monitor that otherwise runs everything directly."""

MONITOR_OF = {1: TRAP_AND_EMULATE.name, 3: HYBRID.name}
"""The monitor that a theorem promises."""

USUAL: tuple[tuple[tuple[Claim, ...], Remedy], ...] = (
    ((THEOREM_1,), Remedy.TRAP),
    ((THEOREM_3,), Remedy.TRAP),
    (SAFE, Remedy.TRAP),
    (SAFE, Remedy.HYPERCALL),
    (of_monitor(TRANSLATION.name, "equivalence", "resource_control"), Remedy.TRANSLATE),
    (of_monitor(TRANSLATION_FULL.name, "equivalence", "resource_control"), Remedy.TRANSLATE_FULL),
)


def repair(isa: Isa, goals: Sequence[Claim] = (), *, literal: bool = False) -> Repairs:
    """Find the smallest repairs for some goals, each by making instructions privileged; without goals, the usual."""
    wanted = [((goal,), Remedy.TRAP) for goal in goals] or USUAL
    found = tuple(_Workshop(isa, goal, remedy, literal=literal).repair() for goal, remedy in wanted)
    return Repairs(isa.name, isa.title, literal, found)


class _Workshop:
    """An ISA, what is wanted of it, and how."""

    def __init__(self, isa: Isa, goal: tuple[Claim, ...], remedy: Remedy, *, literal: bool) -> None:
        self.isa, self.goal, self.remedy, self.literal = isa, goal, remedy, literal
        self.monitors = tuple(find(n) for n in dict.fromkeys(c.monitor or MONITOR_OF[c.theorem] for c in goal))
        self.classes = self._classify(isa)

    def _classify(self, isa: Isa) -> tuple[Classes, ...]:
        return classify(isa, literal=self.literal, showing=Showing.NOTHING)

    def repair(self) -> Repair:
        before = self._verdict(())
        blamed = tuple(c.name for c in self.classes if self._is_bad(self._part(c, changed=False)))
        stuck = tuple(c.name for c in self.classes if c.name in blamed and self._is_bad(self._part(c, changed=True)))
        events = self._bad_events()
        after = self._verdict(blamed)
        status = self._of_goal(after)
        possible = status is Status.PROVED
        return Repair(
            self.goal,
            self.remedy,
            self._of_goal(before),
            blamed if possible else None,
            () if possible else (*stuck, *events),
            status,
            {n: self._of_goal(self._verdict([b for b in blamed if b != n])) for n in blamed} if possible else {},
            {n: self._alternatives(n) for n in blamed} if self.remedy is Remedy.TRAP else {},
            after,
        )

    def _of_goal(self, statuses: Statuses) -> Status:
        return max((statuses.get(c, Status.VACUOUS) for c in self.goal), key=SEVERITY.index)

    def _is_bad(self, statuses: Statuses) -> bool:
        return any(statuses.get(c, Status.PROVED) is not Status.PROVED for c in self.goal)

    def _bad_events(self) -> tuple[str, ...]:
        return ("events",) if self._is_bad(of_events(self.isa, self.monitors)) else ()

    def _verdict(self, changed: Collection[str]) -> Statuses:
        """Decide a repaired ISA anew, as a whole."""
        parts = [of_events(self.isa, self.monitors)]
        if self.remedy is Remedy.TRAP and changed:
            repaired = self.isa.vary(
                f"{self.isa.name} --trap {','.join(sorted(changed))}",
                dict.fromkeys(changed, TRAPS),
            )
            parts += [of_instruction_under(repaired, self.monitors, c) for c in self._classify(repaired)]
        else:
            parts += [self._part(c, changed=c.name in changed) for c in self.classes]
        return together(parts)

    def _part(self, classes: Classes, *, changed: bool) -> Statuses:
        """Return what one instruction makes of the goal, with the remedy or without."""
        if self.remedy is Remedy.TRAP:
            isa = self.isa.vary("repaired", {classes.name: TRAPS}) if changed else self.isa
            found = self._classify_one(isa, classes.name) if changed else classes
            return of_instruction_under(isa, self.monitors, found)
        treated = [self._treated(m, classes, changed=changed) for m in self.monitors]
        return together([of_classes(classes), *treated])

    def _classify_one(self, isa: Isa, name: str) -> Classes:
        return classify_one(isa, name, literal=self.literal, showing=Showing.NOTHING)

    def _treated(self, monitor: Monitor, classes: Classes, *, changed: bool) -> Statuses:
        direct = ways(self.isa, TRAP_AND_EMULATE, classes)
        how = TREATED[self.remedy](direct) if changed else direct
        return under(self.isa, monitor, of_one_run(self.isa, monitor, classes, how))

    def _alternatives(self, name: str) -> tuple[str, ...]:
        """Return the behaviours in user mode with which an instruction does not stand in the way of the goal."""
        found = []
        for user, behaviour in settings_of(self.isa, name).items():
            isa = self.isa.vary("repaired", {name: behaviour})
            if not self._is_bad(of_instruction_under(isa, self.monitors, self._classify_one(isa, name))):
                found.append(user)
        return tuple(found)


def _as(*modes: bool, how: Treatment) -> Callable[[Ways], Ways]:
    def treated(before: Ways) -> Ways:
        return {**before, **dict.fromkeys(modes, how)}

    return treated


TREATED: Mapping[Remedy, Callable[[Ways], Ways]] = {
    Remedy.HYPERCALL: _as(False, True, how=Treatment.HYPERCALL),
    Remedy.TRANSLATE: _as(False, how=Treatment.TRANSLATED),
    Remedy.TRANSLATE_FULL: _as(False, True, how=Treatment.TRANSLATED),
}
"""How an instruction is run that is not made privileged, by virtual mode (user mode: true)."""


def named(goal: Iterable[Claim]) -> str:
    """Return a goal in words."""
    claims = tuple(goal)
    if len(claims) == 1:
        return claims[0].says
    return say(
        "{claims} under {monitor}",
        claims=both(word(c.prop) for c in claims),
        monitor=claims[0].monitor,
    )
