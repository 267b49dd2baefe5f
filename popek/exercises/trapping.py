"""What the monitor does: nothing, emulate the instruction, or reflect the trap into the guest."""

from random import Random

from popek.engine.reference import Kind
from popek.engine.stepper import Record
from popek.exercises import programs
from popek.exercises.counting import traced
from popek.exercises.question import Question, Topic, mark_word
from popek.isa.classic import CLASSIC
from popek.isa.disassembler import disassemble_decoded
from popek.isa.slot import SUPERVISOR
from popek.language.phrase import say
from popek.vmm.monitor import TRAP_AND_EMULATE

WAYS = ("direct", "emulated", "reflected")

_WHY = {
    "direct": say("In real user mode it does not trap: it runs on the processor, and the monitor never sees it."),
    "emulated": (
        say(
            "In real user mode it traps. On the bare machine, in this mode, it would have completed; so "
            "the monitor does to the virtual state what it would have done."
        )
    ),
    "reflected": (
        say(
            "The real machine traps, and the bare machine would have trapped as well; so the monitor "
            "makes the trap in the virtual machine: it stores the virtual PSW in the guest's words 0 to "
            "3 and loads the guest's handler."
        )
    ),
}


def _make(random: Random, seed: int) -> Question:
    text = programs.program(random)
    records = [r for r in traced(text, TRAP_AND_EMULATE) if r.event.decoded is not None]
    wanted = random.choice(WAYS)
    fitting = [r for r in records if way(r) == wanted] or records
    record = random.choice(fitting)
    assert record.event.decoded is not None
    mode = "supervisor" if record.event.mode == SUPERVISOR else "user"
    line = disassemble_decoded(record.event.decoded)
    asks = say(
        "The guest, in virtual {mode} mode, comes to word {pc}: `{line}`. Under trap-and-emulate, is "
        "it run direct, is it emulated, or is its trap reflected into the guest?",
        mode=mode,
        pc=record.event.pc,
        line=line,
    )
    answer = way(record)
    see = "popek run GUEST.s --monitor trap-and-emulate --trace TRACE"
    form = say("one of: direct, emulated, reflected")
    return Question("trap", seed, asks, text, form, answer, _WHY[answer], see, CLASSIC, str(record.step))


def way(record: Record) -> str:
    """Return what the monitor did about a step of the virtual machine."""
    if not record.notes["exits"]:
        return "direct"
    return "reflected" if record.event.kind is Kind.TRAP else "emulated"


TRAP = Topic("trap", say("What does the monitor do about this instruction?"), _make, mark_word)
