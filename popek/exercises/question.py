"""A question as a value: what is asked, the answer, and why; each topic makes them from a seed and marks answers."""

import re
from collections.abc import Callable
from random import Random
from typing import Any

from attrs import frozen

from popek.isa.architecture import Isa
from popek.language.phrase import say
from popek.shown import Shown


@frozen
class Question(Shown):
    """One exercise. `given` is shown as it stands; `form` says how an answer is written.

    `isa` is the machine that it is about, `claim` what of it, and `see` the command that shows the matter.
    """

    topic: str
    seed: int
    asks: str
    given: str
    form: str
    answer: str
    because: str
    see: str
    isa: Isa
    claim: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "topic": self.topic,
            "seed": self.seed,
            "asks": self.asks,
            "given": self.given,
            "form": self.form,
            "answer": self.answer,
            "because": self.because,
            "see": self.see,
        }


@frozen
class Asked(Shown):
    """A question, with its answer hidden or not."""

    question: Question
    solved: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it: without answer and reason, as long as it is not solved."""
        whole = self.question.to_dict()
        return whole if self.solved else {k: v for k, v in whole.items() if k not in ("answer", "because", "see")}


@frozen
class Mark:
    """What an answer is worth: whether it is right, and why or why not."""

    right: bool
    says: str


@frozen
class Topic:
    """A kind of question: makes the one of a seed, and marks an answer to it."""

    name: str
    doc: str
    make: Callable[[Random, int], Question]
    mark: Callable[[Question, str], Mark]

    def question(self, seed: int) -> Question:
        """Return the question of a seed."""
        return self.make(Random(f"{self.name} {seed}"), seed)  # noqa: S311 - to be repeated, not to be secret


def names_in(text: str) -> frozenset[str]:
    """Return the names in an answer, however they are separated; "none" and "nothing" are no names."""
    found = re.split(r"[\s,;]+", text.strip().lower())
    return frozenset(found) - {"", "and", "none", "nothing"}


def mark_names(question: Question, answer: str) -> Mark:
    """Mark an answer that is a set of names."""
    wanted, found = names_in(question.answer), names_in(answer)
    if wanted == found:
        return Mark(True, "right")
    parts = [say("missing: {wanted}", wanted=", ".join(sorted(wanted - found)))] if wanted - found else []
    parts += [say("not so: {found}", found=", ".join(sorted(found - wanted)))] if found - wanted else []
    return Mark(False, "; ".join(parts))


def mark_word(question: Question, answer: str) -> Mark:
    """Mark an answer that is a word or a number."""
    if answer.strip().lower() == question.answer.lower():
        return Mark(True, "right")
    return Mark(False, say("not {answer}", answer=answer.strip() or "an empty answer"))
