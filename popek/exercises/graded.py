"""What grading comes to: marks for the parts of one file, and whether it has passed."""

from enum import Enum, unique
from typing import Any

from attrs import frozen

from popek.library.required import STATUS, Grade
from popek.shown import Shown


@unique
class Kind(Enum):
    """What was graded."""

    ANSWERS = "answers"
    GUEST = "guest"
    ISA = "isa"
    MONITOR = "monitor"


@frozen
class Item:
    """One part that gives a point: what was asked, what was given, how that stands, and why."""

    what: str
    given: str
    grade: Grade
    says: str

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"what": self.what, "given": self.given, "grade": self.grade.value, "says": self.says}


@frozen
class Graded(Shown):
    """A file's marks."""

    file: str
    kind: Kind
    items: tuple[Item, ...]

    @property
    def points(self) -> int:
        """How many parts are right."""
        return sum(i.grade is Grade.MET for i in self.items)

    @property
    def grade(self) -> Grade:
        """The worst of all."""
        grades = {i.grade for i in self.items}
        return next((g for g in (Grade.NOT_MET, Grade.OPEN) if g in grades), Grade.MET)

    @property
    def passed(self) -> bool:
        """Whether all is right."""
        return self.grade is Grade.MET

    @property
    def status(self) -> int:
        """The exit status: 0 all right, 1 something wrong, 3 something not known."""
        return STATUS[self.grade]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "file": self.file,
            "kind": self.kind.value,
            "points": self.points,
            "of": len(self.items),
            "passed": self.passed,
            "items": [i.to_dict() for i in self.items],
        }
