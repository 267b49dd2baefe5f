"""Repair this ISA: the smallest set of instructions to make privileged so that a theorem holds."""

from random import Random

from popek.exercises.machines import changed, flags, told
from popek.exercises.question import Question, Topic, mark_names
from popek.language.phrase import say
from popek.library import exploring
from popek.prove.repair import Remedy


def _make(random: Random, seed: int) -> Question:
    isa = changed(random, 1, 4)
    goal = random.choice(("theorem-1", "theorem-3"))
    (repair,) = (r for r in exploring.repair(isa, goal).repairs if r.remedy is Remedy.TRAP)
    assert repair.instructions is not None, "what was privileged can be made so again"
    name = goal.replace("-", " ")
    asks = say(
        "Which instructions, and no more than need be, have to be made privileged so that {name} holds?", name=name
    )
    because = (
        say("With these made privileged, {name} is proved again; without any one of them it is not.", name=name)
        if repair.instructions
        else say("Nothing has to be done: {name} holds as it is.", name=name)
    )
    form = say("names, with commas between them, or: none")
    answer = ", ".join(repair.instructions) or "none"
    see = f"popek repair {flags(isa)} --for {goal}"
    return Question("repair", seed, asks, told(isa), form, answer, because, see, isa, goal)


REPAIR = Topic("repair", say("What has to be made privileged so that the theorem holds?"), _make, mark_names)
