"""What is required of a verdict, by a file's [expect], by a list, or by default; and whether it is met."""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, unique
from typing import Any

from attrs import frozen

from popek.errors import PopekError, Problem, nearest
from popek.isa.configuration import Expectation
from popek.isa.toml import printable
from popek.language.phrase import say
from popek.language.words import word
from popek.prove.values import Classes, IsaVerdict, Status, Verdict
from popek.shown import Shown

THEOREMS = {"theorem-1": 1, "theorem-2": 2, "theorem-3": 3}
PROPERTIES = ("equivalence", "resource-control", "efficiency", "isolation")
DEFAULT = ("theorem-1", "equivalence", "resource-control", "efficiency")
"""What is required unless somebody says otherwise: theorem 1 and the paper's three properties."""

DEFAULT_MONITOR = "trap-and-emulate"


@unique
class Grade(Enum):
    """How a requirement stands."""

    MET = "met"
    NOT_MET = say("not met")
    OPEN = say("not known")


STATUS = {Grade.MET: 0, Grade.NOT_MET: 1, Grade.OPEN: 3}
"""The exit status of each, as the command line has it."""


@frozen
class Requirement:
    """One thing that is required of an ISA: what, what is wanted, what was found."""

    isa: str
    what: str
    wanted: str
    found: str
    grade: Grade

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "isa": self.isa,
            "what": self.what,
            "wanted": self.wanted,
            "found": self.found,
            "grade": self.grade.value,
        }


@frozen
class Check(Shown):
    """All that was required."""

    requirements: tuple[Requirement, ...]

    @property
    def grade(self) -> Grade:
        """The worst of all: not met, else not known, else met."""
        grades = {r.grade for r in self.requirements}
        return next((g for g in (Grade.NOT_MET, Grade.OPEN) if g in grades), Grade.MET)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"grade": self.grade.value, "requirements": [r.to_dict() for r in self.requirements]}


@frozen
class Checked(Shown):
    """Verdicts, and how they stand against what was required."""

    verdict: Verdict
    check: Check

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {**self.verdict.to_dict(), "check": self.check.to_dict()}


def checked(
    decided: Verdict, expectations: Sequence[Expectation | None], require: Sequence[str], monitor: str | None
) -> Check:
    """Hold verdicts against what is required of each ISA: what its file expects, else the list, else the default.

    An item of the list is `theorem-1`, `equivalence` (under the monitor named), or `hybrid.equivalence`.
    """
    wanted = _items(require) or list(DEFAULT)
    under = monitor or DEFAULT_MONITOR
    found: list[Requirement] = []
    for isa, expectation in zip(decided.isas, expectations, strict=True):
        found += _expected(isa, expectation) if expectation else [_required(isa, item, under) for item in wanted]
    return Check(tuple(found))


def monitors_of(
    expectations: Iterable[Expectation | None], require: Iterable[str], monitor: str | None
) -> tuple[str, ...]:
    """Return the names of the monitors on which something is required."""
    expected = [m for e in expectations if e for m in e.properties]
    listed = [m for m, dot, _ in (item.rpartition(".") for item in _items(require)) if dot]
    return tuple(dict.fromkeys([*expected, *listed, monitor or DEFAULT_MONITOR]))


def _items(require: Iterable[str]) -> list[str]:
    items = [item.strip().replace("_", "-") for text in require for item in text.split(",")]
    problems = [_unknown(item) for item in items if not _is_known(item)]
    if problems:
        raise PopekError(*problems)
    return items


def _is_known(item: str) -> bool:
    return item in THEOREMS or item.rpartition(".")[2] in PROPERTIES


def _unknown(item: str) -> Problem:
    if not item:
        return Problem(
            say("a name is missing in what is required"), hint=say("for example: {default}", default=",".join(DEFAULT))
        )
    return Problem(
        say("`{name}` cannot be required", name=printable(item)), hint=nearest(item, (*THEOREMS, *PROPERTIES))
    )


def _required(isa: IsaVerdict, item: str, monitor: str) -> Requirement:
    if item in THEOREMS:
        return _status(isa, item, isa.theorem(THEOREMS[item]).status, wanted=True)
    named, _, name = item.rpartition(".")
    return _property(isa, named or monitor, name, wanted=True)


def _property(isa: IsaVerdict, monitor: str, name: str, *, wanted: bool) -> Requirement:
    status: Status = getattr(isa[monitor], name.replace("-", "_")).status
    return _status(isa, say("{name} under {monitor}", name=word(name), monitor=monitor), status, wanted=wanted)


def _status(isa: IsaVerdict, what: str, status: Status, *, wanted: bool) -> Requirement:
    grade = Grade.MET if status is (Status.PROVED if wanted else Status.REFUTED) else Grade.NOT_MET
    if status in (Status.UNKNOWN, Status.VACUOUS):
        grade = Grade.OPEN
    return Requirement(isa.name, what, (Status.PROVED if wanted else Status.REFUTED).value, status.value, grade)


def _expected(isa: IsaVerdict, expectation: Expectation) -> Iterator[Requirement]:
    for number, holds in expectation.theorems.items():
        yield _status(isa, f"theorem-{number}", isa.theorem(number).status, wanted=holds)
    for name, members in expectation.classes.items():
        yield _members(isa, name, members)
    for monitor, properties in expectation.properties.items():
        for name, holds in properties.items():
            yield _property(isa, monitor, name.replace("_", "-"), wanted=holds)


def _members(isa: IsaVerdict, name: str, members: frozenset[str]) -> Requirement:
    def belongs(one: Classes) -> bool | None:
        truth: bool | None = getattr(one, name)
        return truth

    found = frozenset(c.name for c in isa.instructions if belongs(c))
    undecided = frozenset(c.name for c in isa.instructions if belongs(c) is None)
    grade = Grade.MET if found == members else Grade.NOT_MET
    if found <= members <= found | undecided and undecided:
        grade = Grade.OPEN
    return Requirement(isa.name, name.replace("_", "-"), _list(members), _list(found), grade)


def _list(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
