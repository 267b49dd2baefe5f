"""All topics, by name, and the question of a topic and a seed."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from popek.errors import PopekError, Problem, nearest
from popek.exercises.classifying import CLASSIFY
from popek.exercises.counting import EXITS
from popek.exercises.mending import REPAIR
from popek.exercises.noticing import GUEST
from popek.exercises.predicting import VERDICT
from popek.exercises.question import Asked, Topic
from popek.exercises.trapping import TRAP
from popek.isa.toml import printable
from popek.language.phrase import say
from popek.shown import Shown

TOPICS: Mapping[str, Topic] = {t.name: t for t in (CLASSIFY, VERDICT, GUEST, REPAIR, TRAP, EXITS)}


@frozen
class Topics(Shown):
    """What there are questions about."""

    each: tuple[Topic, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"topics": [{"name": t.name, "about": t.doc} for t in self.each]}


def topic(name: str) -> Topic:
    """Return a topic by its name; raise `PopekError` with the nearest one if there is none."""
    if name not in TOPICS:
        hint = nearest(name, TOPICS) or say("`popek quiz` lists the topics")
        raise PopekError(Problem(say("there are no questions about `{name}`", name=printable(name)), hint=hint))
    return TOPICS[name]


def quiz(name: str | None = None, seed: int = 0, *, solve: bool = False) -> Asked | Topics:
    """Return the question of a topic and a seed, with its answer if `solve`; without a topic, what topics there are."""
    if name is None:
        return Topics(tuple(TOPICS.values()))
    return Asked(topic(name).question(seed), solve)
