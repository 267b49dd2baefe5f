"""Classify this instruction: which of the paper's classes it is in."""

from random import Random

from popek.exercises.machines import SYSTEM, changed, flags, told
from popek.exercises.question import Question, Topic, mark_names
from popek.language.phrase import one_below_another, say
from popek.library import exploring
from popek.prove.classes import classify_one
from popek.prove.explanation import Explanation

CLASSES = ("privileged", "sensitive", "user-sensitive", "critical", "innocuous")


def _make(random: Random, seed: int) -> Question:
    isa = changed(random, 1, 3)
    touched = [i.name for i in isa.instructions if i.name in SYSTEM]
    name = random.choice(touched if random.random() < 0.8 else [i.name for i in isa.instructions])
    classes = classify_one(isa, name)
    answer = [c for c in CLASSES if getattr(classes, c.replace("-", "_"))]
    explained = exploring.explain(isa, name)
    assert isinstance(explained, Explanation)
    because = one_below_another((p.text for p in explained.passages if p.claim in answer), "\n\n")
    asks = say(
        "Which of these classes is `{name}` in: {classes}? {doc}",
        name=name,
        classes=", ".join(CLASSES),
        doc=isa[name].doc,
    )
    form = say("names, with commas between them")
    see = f"popek explain {flags(isa)} {name}"
    return Question("classify", seed, asks, told(isa), form, ", ".join(answer), because, see, isa, name)


CLASSIFY = Topic("classify", say("Which classes is this instruction in?"), _make, mark_names)
