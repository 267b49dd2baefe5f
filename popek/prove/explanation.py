"""What explanations are, as values: passages on the claims about an instruction, and who is to blame in an ISA."""

from collections.abc import Sequence
from enum import Enum, unique
from typing import Any

from attrs import frozen

from popek.errors import PopekError, Problem, nearest
from popek.language.phrase import say
from popek.language.words import word
from popek.prove.classes import LITERAL
from popek.prove.values import Classes, StateWitness, TheoremVerdict
from popek.shown import Shown
from popek.vmm.monitor import MONITORS

_FOR_EXAMPLE = say("for example: privileged, control, location, innocuous, theorem-1, hybrid, hybrid.equivalence")


@unique
class About(Enum):
    """What a passage is about."""

    CLASS = "class"
    THEOREM = "theorem"
    MONITOR = "monitor"


PLAIN = ("privileged", "sensitive", "innocuous", "critical", "user-sensitive")
"""Classes that are no kind of sensitivity."""


@frozen
class Passage:
    """One claim on an instruction, whether it holds, why, and the states that show it, reduced to what matters."""

    claim: str
    holds: bool | None
    text: str
    witness: StateWitness | None = None

    @property
    def about(self) -> About:
        """What it is about."""
        if self.claim.startswith("theorem"):
            return About.THEOREM
        return About.MONITOR if self.claim.partition(".")[0] in MONITORS else About.CLASS

    @property
    def name(self) -> str:
        """What the claim is called among people."""
        if self.about is About.CLASS and self.claim not in PLAIN:
            return (
                say("sensitive by its trap")
                if self.claim == LITERAL
                else say("{kind}-sensitive", kind=word(self.claim))
            )
        monitor, dot, prop = self.claim.partition(".")
        return (
            say("{monitor}: {prop}", monitor=monitor, prop=word(prop))
            if dot
            else word(self.claim.replace("theorem-", "theorem "))
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "claim": self.claim,
            "about": self.about.value,
            "holds": self.holds,
            "text": self.text,
            "witness": self.witness.to_dict() if self.witness else None,
        }


@frozen
class Explanation(Shown):
    """Why an instruction is what it is. `user` is what user mode makes of it: "traps", "executes", ..."""

    isa: str
    title: str
    instruction: str
    operands: str
    doc: str
    user: str
    literal: bool
    classes: Classes
    passages: tuple[Passage, ...]

    def __getitem__(self, claim: str) -> Passage:
        """Return the passage on a claim."""
        return chosen(self.passages, claim)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "isa": self.isa,
            "title": self.title,
            "literal": self.literal,
            "instruction": self.instruction,
            "operands": self.operands,
            "doc": self.doc,
            "user": self.user,
            "classes": self.classes.to_dict(),
            "passages": [p.to_dict() for p in self.passages],
        }


@frozen
class Blamed:
    """An instruction that stands in the way of something: what it is, in a sentence, and of which claims."""

    instruction: str
    kinds: tuple[str, ...]
    says: str
    claims: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "instruction": self.instruction,
            "kinds": list(self.kinds),
            "says": self.says,
            "claims": list(self.claims),
        }


@frozen
class Overview(Shown):
    """Who is to blame for what in an ISA: under the theorems, and under the monitors that they promise."""

    isa: str
    title: str
    literal: bool
    theorems: tuple[TheoremVerdict, ...]
    blamed: tuple[Blamed, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "isa": self.isa,
            "title": self.title,
            "literal": self.literal,
            "theorems": {str(t.number): t.to_dict() for t in self.theorems},
            "blamed": [b.to_dict() for b in self.blamed],
        }


def chosen(passages: Sequence[Passage], claim: str) -> Passage:
    """Return the passage on a claim, which may be said in several ways."""
    known = {p.claim: p for p in passages}
    wanted = claim.strip().casefold().replace("_", "-").removesuffix("-sensitive")
    wanted = {"user": "user-sensitive"}.get(wanted, wanted)
    if wanted not in known:
        raise PopekError(
            Problem(
                say("there is nothing to explain called `{claim}`", claim=claim),
                hint=nearest(wanted, known) or _FOR_EXAMPLE,
            )
        )
    return known[wanted]
