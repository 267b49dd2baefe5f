"""Find a guest that notices: a program that runs otherwise in a virtual machine than on the bare one."""

from random import Random

from popek.errors import PopekError
from popek.exercises.machines import changed, flags, told
from popek.exercises.question import Mark, Question, Topic
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.language.phrase import say
from popek.library import running
from popek.prove.checks import REAL_MEMORY
from popek.prove.classes import Showing, classify
from popek.prove.decide import under
from popek.prove.pools import ALLOTMENT
from popek.vmm.compare import Comparison
from popek.vmm.monitor import TRAP_AND_EMULATE

STEPS = 20_000
"""The step budget of a student's guest."""


def _make(random: Random, seed: int) -> Question:
    while True:
        isa = changed(random, 1, 2)
        verdict = under(isa, TRAP_AND_EMULATE, classify(isa, showing=Showing.NOTHING)).equivalence
        if verdict.witness is not None:
            break
    asks = say(
        "Write a guest that can tell trap-and-emulate from the bare machine: the virtual state "
        "differs from the bare one after some step. A few instructions are enough."
    )
    because = say(
        "{says}, after step {step}. To blame: {blame}.",
        says=verdict.witness.says,
        step=verdict.witness.step,
        blame=", ".join(verdict.blame),
    )
    see = f"popek verdict {flags(isa)}"
    form = say("a program in assembly")
    return Question("guest", seed, asks, told(isa), form, verdict.witness.program, because, see, isa)


def noticed(isa: Isa, program: str) -> Comparison:
    """Run a program on both machines; raise `PopekError` if it does not assemble."""
    return running.compare(
        assemble(program, isa, file="<answer>"),
        isa=isa,
        monitor=TRAP_AND_EMULATE.vary(TRAP_AND_EMULATE.name, quantum=2),
        memory=REAL_MEMORY,
        allotment=ALLOTMENT,
        max_steps=STEPS,
    )


def _mark(question: Question, answer: str) -> Mark:
    try:
        found = noticed(question.isa, answer)
    except PopekError as error:
        return Mark(False, str(error.problems[0]))
    if found.divergence is None:
        return Mark(False, say("it runs alike on both machines, for all of {steps} steps", steps=found.steps))
    first = found.divergence.differences[0]
    return Mark(
        True,
        say(
            "after step {step} {what} is {bare} bare and {virtual} virtual",
            step=found.divergence.step,
            what=first.what,
            bare=first.bare,
            virtual=first.virtual,
        ),
    )


GUEST = Topic("guest", say("Find a guest that notices."), _make, _mark)
