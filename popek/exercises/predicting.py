"""Predict the verdict: whether a theorem's premise holds, or a property is proved."""

from random import Random

from popek.exercises.machines import changed, flags, told
from popek.exercises.question import Question, Topic, mark_word
from popek.isa.architecture import Isa
from popek.language.phrase import in_sequence, say
from popek.prove.classes import Showing, classify
from popek.prove.decide import under
from popek.prove.theorems import theorem_1, theorem_3
from popek.prove.values import PropertyVerdict, TheoremVerdict
from popek.vmm.monitor import MONITORS

THEOREMS = {1: theorem_1, 3: theorem_3}
PROPERTIES = ("equivalence", "resource_control", "efficiency")
UNDER = ("trap-and-emulate", "hybrid", "interpreter", "translation", "paravirtual")


def _make(random: Random, seed: int) -> Question:
    while True:
        isa = changed(random, 0, 2)
        claim = random.choice(("theorem-1", "theorem-3", *(f"{m}.{p}" for m in UNDER[:2] for p in PROPERTIES), "other"))
        if claim == "other":
            claim = f"{random.choice(UNDER[2:])}.{random.choice(PROPERTIES)}"
        decided = verdict_on(isa, claim)
        if decided.status.holds is not None:
            break
    monitor, _, name = claim.rpartition(".")
    what = (
        say("Does {name} hold", name=name.replace("-", " "))
        if not monitor
        else say("Is {name} kept under {monitor}", name=name.replace("_", " "), monitor=monitor)
    )
    asks = say("{what}, on classic with these changes, for every guest and every state?", what=what)
    answer = "yes" if decided.status.holds else "no"
    return Question(
        "verdict", seed, asks, told(isa) or say("(no change)"), say("yes or no"), answer, _because(decided),
        f"popek verdict {flags(isa)}", isa, claim,
    )  # fmt: skip


def verdict_on(isa: Isa, claim: str) -> TheoremVerdict | PropertyVerdict:
    """Return the verdict on a claim: `theorem-1`, or `MONITOR.PROPERTY`."""
    classes = classify(isa, showing=Showing.NOTHING)
    monitor, _, name = claim.rpartition(".")
    if not monitor:
        return THEOREMS[int(name.removeprefix("theorem-"))](classes)
    found: PropertyVerdict = getattr(under(isa, MONITORS[monitor], classes), name)
    return found


def _because(decided: TheoremVerdict | PropertyVerdict) -> str:
    if decided.status.holds:
        return say("It is proved, for all programs and all states.")
    blame = say("To blame: {blame}.", blame=", ".join(decided.blame))
    reason = getattr(decided, "reason", "")
    return in_sequence(blame, reason)


VERDICT = Topic("verdict", say("Does the theorem, or the property, hold?"), _make, mark_word)
