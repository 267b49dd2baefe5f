"""The lattice: every configuration of the system instructions, decided by composition and counted.

A system instruction is one that is privileged, or critical, in the ISA. In user mode each may trap, execute or be
ignored (or keep a behaviour of its own, if it has one), which makes 3^n configurations. What a configuration makes of
a claim is the worst of what its instructions make of it, each of which is decided once, by proof. So configurations are
counted by outcome, one instruction after the other, and never walked.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from attrs import frozen

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour
from popek.isa.instruction import InUser
from popek.language.phrase import say
from popek.prove.claim import (
    THEOREM_1,
    THEOREM_3,
    Claim,
    Statuses,
    applicable,
    of_events,
    of_instruction_under,
    of_monitor,
    together,
    worst,
)
from popek.prove.classes import Showing, classify, classify_one
from popek.prove.values import Classes, Status
from popek.shown import Shown
from popek.vmm.monitor import Monitor

OWN = say("its own")
"""What a setting is called that is none of the usual three."""

SOUND = (
    (THEOREM_1, of_monitor("trap-and-emulate", "equivalence", "resource_control", "isolation")),
    (THEOREM_3, of_monitor("hybrid", "equivalence", "resource_control", "isolation")),
)
"""The theorems, and what holds wherever their premise does. (An innocuous instruction that traps costs efficiency.)"""


@frozen
class Setting:
    """One instruction with one behaviour in user mode, and what that makes of every claim."""

    instruction: str
    user: str
    critical: bool | None
    user_critical: bool | None
    statuses: Statuses
    present: bool
    """Whether this is what the ISA has."""

    def blamed(self, *claims: Claim) -> bool:
        """Say whether this setting alone keeps one of these claims from being proved."""
        return any(self.statuses.get(c, Status.PROVED) is not Status.PROVED for c in claims)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "instruction": self.instruction,
            "user": self.user,
            "present": self.present,
            "critical": self.critical,
            "user_critical": self.user_critical,
            "blamed": {str(c): s.value for c, s in self.statuses.items() if s is not Status.PROVED},
        }


@frozen
class Outcome:
    """What becomes of every claim, in how many configurations, and the one of them that is nearest to the ISA."""

    statuses: Statuses
    count: int
    nearest: Mapping[str, str]
    """What to change: the instructions whose setting is not the ISA's, and theirs."""

    def holds(self, *claims: Claim) -> bool:
        """Say whether all of these claims are proved here."""
        return all(self.statuses[c] is Status.PROVED for c in claims)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "configurations": self.count,
            "nearest": dict(self.nearest),
            "not_proved": {str(c): s.value for c, s in self.statuses.items() if s is not Status.PROVED},
        }


@frozen
class Soundness:
    """A theorem held against what it promises: configurations where its premise holds and a promise does not."""

    theorem: Claim
    promises: tuple[Claim, ...]
    holds: int
    exceptions: int
    beyond: int
    """Configurations where the premise fails and the promises hold all the same: it is sufficient, not necessary."""

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "theorem": str(self.theorem),
            "promises": [str(c) for c in self.promises],
            "premise_holds": self.holds,
            "exceptions": self.exceptions,
            "premise_fails_promises_hold": self.beyond,
        }


@frozen(slots=False)
class Lattice(Shown):
    """All configurations of an ISA's system instructions, by outcome."""

    isa: str
    title: str
    literal: bool
    settings: tuple[Setting, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def instructions(self) -> tuple[str, ...]:
        """The system instructions."""
        return tuple(dict.fromkeys(s.instruction for s in self.settings))

    @cached_property
    def configurations(self) -> int:
        """How many configurations there are."""
        return sum(o.count for o in self.outcomes)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims that are decided."""
        return tuple(self.outcomes[0].statuses)

    @property
    def monitors(self) -> tuple[str, ...]:
        """The monitors that make sense on this ISA."""
        return tuple(dict.fromkeys(c.monitor for c in self.claims if c.monitor))

    def where(self, *proved: Claim, refuted: Iterable[Claim] = ()) -> tuple[Outcome, ...]:
        """Return the outcomes in which some claims are proved and others are refuted."""
        broken = tuple(refuted)
        return tuple(
            o for o in self.outcomes if o.holds(*proved) and all(o.statuses[c] is Status.REFUTED for c in broken)
        )

    def count(self, *proved: Claim, refuted: Iterable[Claim] = ()) -> int:
        """Return in how many configurations some claims are proved and others are refuted."""
        return sum(o.count for o in self.where(*proved, refuted=refuted))

    def undecided(self) -> int:
        """Return in how many configurations some claim is neither proved nor refuted."""
        decided = (Status.PROVED, Status.REFUTED)
        return sum(o.count for o in self.outcomes if any(s not in decided for s in o.statuses.values()))

    @property
    def soundness(self) -> tuple[Soundness, ...]:
        """The theorems held against what they promise, over the whole lattice: there are to be no exceptions."""
        return tuple(self._sound(theorem, promises) for theorem, promises in SOUND)

    def _sound(self, theorem: Claim, promises: tuple[Claim, ...]) -> Soundness:
        holds = self.count(theorem)
        kept = self.count(theorem, *promises)
        return Soundness(theorem, promises, holds, holds - kept, self.count(*promises) - kept)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "isa": self.isa,
            "title": self.title,
            "literal": self.literal,
            "instructions": list(self.instructions),
            "configurations": self.configurations,
            "undecided": self.undecided(),
            "holds": {str(c): self.count(c) for c in self.claims},
            "soundness": [s.to_dict() for s in self.soundness],
            "settings": [s.to_dict() for s in self.settings],
            "outcomes": [o.to_dict() for o in self.outcomes],
        }


def lattice(
    isa: Isa, *, literal: bool = False, monitors: Sequence[Monitor] = (), only: Sequence[str] | None = None
) -> Lattice:
    """Decide and count every configuration of the system instructions, or `only` of some instructions."""
    classes = classify(isa, literal=literal, showing=Showing.NOTHING)
    used = tuple(monitors) or applicable(isa)
    chosen = tuple(c.name for c in classes if c.privileged or c.critical) if only is None else tuple(only)
    for name in chosen:
        isa[name]  # raises where there is none of that name
    fixed = [of_instruction_under(isa, used, c) for c in classes if c.name not in chosen]
    settings = [_settings(isa, c, used, literal=literal) for c in classes if c.name in chosen]
    start = together([of_events(isa, used), *fixed])
    outcomes = _counted({c: start.get(c) for c in _claims(used)}, settings)
    return Lattice(isa.name, isa.title, literal, tuple(s for each in settings for s in each), outcomes)


def _claims(monitors: Sequence[Monitor]) -> tuple[Claim, ...]:
    return (THEOREM_1, THEOREM_3, *(c for m in monitors for c in of_monitor(m.name)))


def settings_of(isa: Isa, name: str) -> dict[str, InUser | Behaviour]:
    """Return the behaviours in user mode that an instruction may have, its own included, by what they are called."""
    usual: dict[str, InUser | Behaviour] = {u.value: u for u in InUser}
    own = isa[name].in_user
    return usual if isinstance(own, InUser) else {**usual, OWN: own}


def _settings(isa: Isa, classes: Classes, monitors: Sequence[Monitor], *, literal: bool) -> list[Setting]:
    made = []
    for user, behaviour in settings_of(isa, classes.name).items():
        present = isa[classes.name].in_user == behaviour
        varied = isa if present else isa.vary(f"{isa.name}, {classes.name} {user}", {classes.name: behaviour})
        found = classes if present else classify_one(varied, classes.name, literal=literal, showing=Showing.NOTHING)
        statuses = of_instruction_under(varied, monitors, found)
        made.append(Setting(classes.name, user, found.critical, found.user_critical, statuses, present))
    return made


_Key = tuple[Status | None, ...]
_Group = tuple[int, tuple[Setting, ...]]
"""How many configurations, and the changes of the nearest of them."""


def _counted(start: Mapping[Claim, Status | None], settings: Sequence[Sequence[Setting]]) -> tuple[Outcome, ...]:
    """Count configurations by outcome, one instruction after the other."""
    claims = tuple(start)
    groups: dict[_Key, _Group] = {tuple(start.values()): (1, ())}
    for choices in settings:
        grown: dict[_Key, _Group] = {}
        for key, (count, changes) in groups.items():
            for setting in choices:
                after = tuple(worst((s, setting.statuses.get(c))) for c, s in zip(claims, key, strict=True))
                now = changes if setting.present else (*changes, setting)
                before, nearest = grown.get(after, (0, now))
                grown[after] = before + count, min(nearest, now, key=len)
        groups = grown
    made = [
        Outcome(
            {c: s or Status.VACUOUS for c, s in zip(claims, key, strict=True)},
            count,
            {s.instruction: s.user for s in changes},
        )
        for key, (count, changes) in groups.items()
    ]
    return tuple(sorted(made, key=_order))


def _order(outcome: Outcome) -> tuple[int, int, int]:
    """Give the order of outcomes: from where most is proved, by how much is to be changed."""
    proved = sum(s is Status.PROVED for s in outcome.statuses.values())
    return -proved, len(outcome.nearest), -outcome.count
