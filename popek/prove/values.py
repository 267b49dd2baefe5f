"""What the prover answers, as frozen values: classes, theorems, properties, verdicts.

A status is one of five honest words. `holds` is what a reader wants to know: true, false, or nothing where nobody
knows.
"""

from collections.abc import Mapping
from enum import Enum, unique
from typing import Any, Protocol

from attrs import field, frozen

from popek.errors import PopekError, Problem, nearest
from popek.language.phrase import say
from popek.shown import Pictured, Shown


@unique
class Status(Enum):
    """How a claim stands. `VACUOUS`: its assumptions cannot be met, so it says nothing."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"
    VACUOUS = "vacuous"
    NOT_APPLICABLE = "not-applicable"

    @property
    def holds(self) -> bool | None:
        """Whether the claim holds; nothing where that is not known or makes no sense."""
        return {Status.PROVED: True, Status.REFUTED: False}.get(self)


@frozen
class Snapshot:
    """The part of a concrete state that a witness is about: slots, registers and words by name, as unsigned words."""

    values: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return dict(self.values)


@frozen
class StateWitness(Shown):
    """Why an instruction is in a class: one state, or two that differ in one resource, and what became of them.

    `kind` is "control", or the resource varied ("mode", "location", ...); `differs` names the part of the state that
    shows it. `outcomes` says per state "completes" or the trap that was made. Replayed on the reference engine.
    """

    kind: str
    says: str
    instruction: str
    before: tuple[Snapshot, ...]
    after: tuple[Snapshot, ...]
    outcomes: tuple[str, ...]
    differs: str

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "kind": self.kind,
            "says": self.says,
            "instruction": self.instruction,
            "before": [s.to_dict() for s in self.before],
            "after": [s.to_dict() for s in self.after],
            "outcomes": list(self.outcomes),
            "differs": self.differs,
        }


class Findings(Protocol):
    """What an instruction is sensitive to; it may be found out when it is asked, and not before."""

    def sensitive(self, *, user: bool) -> bool | None:
        """Say whether it is sensitive, with `user` between states of user mode alone; nothing if nobody knows."""
        ...

    def kinds(self, *, user: bool) -> Mapping[str, StateWitness | None]:
        """Return all that it is sensitive to, in order, each with the witness if there is one."""
        ...


@frozen
class Known:
    """What has been found out."""

    in_any: bool | None
    in_user: bool | None
    any_kinds: Mapping[str, StateWitness | None] = field(factory=dict)
    user_kinds: Mapping[str, StateWitness | None] = field(factory=dict)

    def sensitive(self, *, user: bool) -> bool | None:
        """Say whether it is sensitive, as in `Findings`."""
        return self.in_user if user else self.in_any

    def kinds(self, *, user: bool) -> Mapping[str, StateWitness | None]:
        """Return all that it is sensitive to, as in `Findings`."""
        return self.user_kinds if user else self.any_kinds


@frozen(eq=False)
class Classes(Shown):
    """The classes of one instruction, each true, false, or nothing where the solver did not decide it.

    What it is sensitive to is decided when it is asked for: the theorems need no more than whether.
    `not_privileged` is a witness if it is not privileged.
    """

    name: str
    privileged: bool | None
    _findings: Findings = field(repr=False)
    not_privileged: StateWitness | None

    def found(self) -> Known:
        """Return all that can be found out of what it is sensitive to."""
        return Known(self.sensitive, self.user_sensitive, *(self._findings.kinds(user=u) for u in (False, True)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Classes):
            return NotImplemented
        one, two = ((c.name, c.privileged, c.not_privileged, c.found()) for c in (self, other))
        return one == two

    def __hash__(self) -> int:
        return hash((self.name, self.privileged))

    def __reduce__(self) -> tuple[Any, ...]:
        return Classes, (self.name, self.privileged, self.found(), self.not_privileged)

    @property
    def sensitive(self) -> bool | None:
        """Whether it is sensitive: it changes a resource, or what it does depends on one."""
        return self._findings.sensitive(user=False)

    @property
    def user_sensitive(self) -> bool | None:
        """Whether it is so between states of user mode alone."""
        return self._findings.sensitive(user=True)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The ways in which it is sensitive: "control", and the resources on which it depends."""
        return tuple(self._findings.kinds(user=False))

    @property
    def user_kinds(self) -> tuple[str, ...]:
        """Those of them that show between states of user mode alone."""
        return tuple(self._findings.kinds(user=True))

    @property
    def witnesses(self) -> Mapping[str, StateWitness]:
        """A witness for each of `kinds`, if they were wanted."""
        return {k: w for k, w in self._findings.kinds(user=False).items() if w}

    @property
    def user_witnesses(self) -> Mapping[str, StateWitness]:
        """A witness for each of `user_kinds`, if they were wanted."""
        return {k: w for k, w in self._findings.kinds(user=True).items() if w}

    @property
    def critical(self) -> bool | None:
        """Whether it is sensitive and not privileged."""
        return False if self.privileged else _and(self.sensitive, _not(self.privileged))

    @property
    def user_critical(self) -> bool | None:
        """Whether it is user-sensitive and not privileged."""
        return False if self.privileged else _and(self.user_sensitive, _not(self.privileged))

    @property
    def innocuous(self) -> bool | None:
        """Whether it is not sensitive."""
        return _not(self.sensitive)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "name": self.name,
            "privileged": self.privileged,
            "sensitive": self.sensitive,
            "critical": self.critical,
            "user_sensitive": self.user_sensitive,
            "innocuous": self.innocuous,
            "kinds": list(self.kinds),
            "user_kinds": list(self.user_kinds),
        }


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _and(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


@frozen
class TheoremVerdict(Shown):
    """Whether a theorem's premise is met, and the instructions to blame if it is not."""

    number: int
    status: Status
    blame: tuple[str, ...] = ()
    reason: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the premise is met, so that the theorem applies."""
        return self.status.holds

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "status": self.status.value,
            "holds": self.holds,
            "blame": list(self.blame),
            **({"reason": self.reason} if self.reason else {}),
        }


@frozen
class PropertyVerdict(Shown):
    """One property of an ISA under a monitor. `blame` names instructions, or events such as `event:timer`.

    Of whom the witness shows it, it says itself. `unseen` are those of whom no program was found that shows it; they
    are not to blame.
    """

    status: Status
    blame: tuple[str, ...] = ()
    _reason: str = ""
    witness: Any = None
    unseen: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why it is not proved; if nothing else is said, what the witness shows."""
        reason: str = self._reason or (self.witness.says if self.witness is not None else "")
        if not self.unseen:
            return reason
        names = ", ".join(f"`{name}`" for name in self.unseen)
        return say("{reason}; no short guest program was found that shows it of {names}", reason=reason, names=names)

    @property
    def holds(self) -> bool | None:
        """Whether the property holds."""
        return self.status.holds

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        answer: dict[str, Any] = {"status": self.status.value, "blame": list(self.blame)}
        if self.reason:
            answer["reason"] = self.reason
        if self.witness is not None:
            answer["witness"] = self.witness.to_dict()
        if self.unseen:
            answer["unseen"] = list(self.unseen)
        return answer


PROPERTIES = ("equivalence", "resource_control", "efficiency", "isolation")


@frozen
class MonitorVerdict(Shown):
    """The three properties of the paper, and isolation, under one monitor."""

    name: str
    equivalence: PropertyVerdict
    resource_control: PropertyVerdict
    efficiency: PropertyVerdict
    isolation: PropertyVerdict

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"name": self.name, **{p: getattr(self, p).to_dict() for p in PROPERTIES}}


@frozen
class IsaVerdict(Pictured):
    """Everything that is decided of one ISA."""

    name: str
    title: str
    year: int | None
    extends: str | None
    sources: tuple[str, ...]
    instructions: tuple[Classes, ...]
    theorems: Mapping[int, TheoremVerdict]
    monitors: tuple[MonitorVerdict, ...]
    story: str = ""

    def theorem(self, number: int) -> TheoremVerdict:
        """Return the verdict on theorem 1, 2 or 3."""
        if number not in self.theorems:
            raise PopekError(
                Problem(say("there is no theorem {number}", number=number), hint=say("there are theorems 1, 2 and 3"))
            )
        return self.theorems[number]

    def __getitem__(self, monitor: str) -> MonitorVerdict:
        """Return the verdict under a monitor, by its name."""
        found = {m.name: m for m in self.monitors}
        if monitor not in found:
            raise PopekError(
                Problem(say("there is no monitor `{monitor}`", monitor=monitor), hint=nearest(monitor, found))
            )
        return found[monitor]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "name": self.name,
            "title": self.title,
            "year": self.year,
            "extends": self.extends,
            "story": self.story,
            "sources": list(self.sources),
            "instructions": [i.to_dict() for i in self.instructions],
            "theorems": {str(n): t.to_dict() for n, t in self.theorems.items()},
            "monitors": [m.to_dict() for m in self.monitors],
        }


@frozen
class Verdict(Pictured):
    """The verdicts on some ISAs. With one ISA, its theorems and monitors can be asked for directly."""

    isas: tuple[IsaVerdict, ...]
    solver: Mapping[str, str]
    assumptions: tuple[str, ...]

    @property
    def only(self) -> IsaVerdict:
        """The one ISA, if there is just one."""
        if len(self.isas) != 1:
            raise PopekError(
                say("this verdict is on {count} ISAs: say which, as in `verdict.isas[0]`", count=len(self.isas))
            )
        return self.isas[0]

    def theorem(self, number: int) -> TheoremVerdict:
        """Return the verdict on theorem 1, 2 or 3 for the one ISA."""
        return self.only.theorem(number)

    def __getitem__(self, monitor: str) -> MonitorVerdict:
        """Return the verdict under a monitor for the one ISA."""
        return self.only[monitor]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it, without the envelope."""
        return {
            "solver": dict(self.solver),
            "assumptions": list(self.assumptions),
            "isas": [i.to_dict() for i in self.isas],
        }
