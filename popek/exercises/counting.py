"""How many exits: count the traps out of direct execution that a guest costs its monitor."""

from random import Random

from popek.engine.stepper import Outcome, Record
from popek.exercises import programs
from popek.exercises.question import Question, Topic, mark_word
from popek.isa.classic import CLASSIC
from popek.isa.disassembler import disassemble_decoded
from popek.language.phrase import one_below_another, say
from popek.library import running
from popek.vmm.monitor import HYBRID, TRAP_AND_EMULATE, Monitor

MEMORY, STEPS = 256, 1000
ALLOTMENT = (64, 64)


def _make(random: Random, seed: int) -> Question:
    text = programs.program(random)
    monitor = random.choice((TRAP_AND_EMULATE, TRAP_AND_EMULATE, HYBRID))
    records = traced(text, monitor)
    exits = [r for r in records if r.notes["exits"]]
    asks = say(
        "How many exits does this guest cost {monitor}: how often does the real machine trap while "
        "the guest runs directly? The time slice is long enough.",
        monitor=monitor.name,
    )
    lines = [_told(r) for r in exits]
    because = one_below_another(lines) if lines else say("Nothing traps: no instruction is run directly that could.")
    see = f"popek run GUEST.s --monitor {monitor.name} --stats"
    form = say("a number")
    return Question("exits", seed, asks, text, form, str(len(exits)), because, see, CLASSIC, monitor.name)


def traced(text: str, monitor: Monitor) -> list[Record]:
    """Run a program under a monitor to its end; return every step."""
    records: list[Record] = []
    machine = running.virtual(
        CLASSIC, programs.assembled(text), monitor, allotment=ALLOTMENT, memory=MEMORY, sink=records.append
    )
    assert machine.run(STEPS).outcome is Outcome.HALTED, "the programs of questions halt"
    return records


def _told(record: Record) -> str:
    event = record.event
    assert event.decoded is not None
    mode = "supervisor" if event.mode == 0 else "user"
    return say(
        "word {pc}, virtual {mode} mode: {disassemble_decoded} ({notes})",
        pc=event.pc,
        mode=mode,
        disassemble_decoded=disassemble_decoded(event.decoded),
        notes=record.notes["exits"][0],
    )


EXITS = Topic("exits", say("How many exits does this guest cost its monitor?"), _make, mark_word)
