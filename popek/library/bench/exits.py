"""What an exit costs: loops with one instruction that traps, beside the same loops without it.

The difference of the two times, over the number of rounds, is a round trip: from the guest to whoever serves the trap,
and back. It is the processor's time of this process, of which others on the same machine take nothing.
"""

from statistics import median
from typing import Any

from attrs import frozen

from popek.engine.machine import Machine
from popek.engine.stepper import Outcome, Stepper
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.cycle import NEW_BASE, NEW_BOUND, NEW_PC, NEW_STATUS
from popek.isa.slot import REGISTERS
from popek.language.phrase import listed, say
from popek.library.bench.contest import Progress
from popek.library.bench.contestants import engines, timed
from popek.library.bench.spread import Spread
from popek.shown import Shown
from popek.vmm.monitor import TRAP_AND_EMULATE
from popek.vmm.virtual_machine import VirtualMachine

ROUNDS = {"native": 1_000_000, "python": 3_000, "reference": 300}
"""How often each loop goes round, by engine."""

TURNS = 5
_SIZE = 4096

_LOOP = """
start:  ld      r1, rounds(r0)
loop:   {}
        addi    r2, r2, 1
        bne     r2, r1, loop
        halt
served: lpsw    0(r0)
rounds: .word   1
"""

_PRIVILEGED, _CALL, _NOTHING = "getie r3", "svc 1", "nop"


@frozen
class Exit:
    """What a round trip took, in nanoseconds: of an instruction, in an engine, bare or under a monitor."""

    what: str
    engine: str
    where: str
    nanoseconds: Spread

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        spread = self.nanoseconds.to_dict()
        return {"what": self.what, "engine": self.engine, "where": self.where, "nanoseconds": spread}


@frozen
class Exits(Shown):
    """All round trips."""

    exits: tuple[Exit, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"benchmark": "exits", "exits": [e.to_dict() for e in self.exits]}


_COURSES = (
    (say("emulated privileged instruction"), _PRIVILEGED, True),
    (say("supervisor call and return, bare"), _CALL, False),
    (say("supervisor call and return, reflected"), _CALL, True),
)


def exits(*, turns: int = TURNS, engine: str | None = None, progress: Progress = lambda _: None) -> Exits:
    """Measure an emulated privileged instruction, and a guest's own supervisor call, bare and reflected."""
    found = []
    for name in engines() if engine is None else (engine,):
        for what, instruction, virtual in _COURSES:
            progress(listed((what, name)))
            where = TRAP_AND_EMULATE.name if virtual else "bare"
            rounds = ROUNDS.get(name, ROUNDS["reference"])
            taken = [_round_trip(name, instruction, rounds, virtual=virtual) for _ in range(turns)]
            found.append(Exit(what, name, where, Spread(median(taken), min(taken), max(taken))))
    return Exits(tuple(found))


def _round_trip(engine: str, instruction: str, rounds: int, *, virtual: bool) -> float:
    """Return the time of one, in nanoseconds; what is compiled is compiled before."""
    times = []
    for one in (instruction, _NOTHING):
        machine = _machine(one, rounds, virtual=virtual)
        machine.engine = engine
        machine.run(20_000 if rounds > 20_000 else rounds // 10)
        assert machine.outcome is not Outcome.HALTED, "a loop was over before it was measured"
        left = rounds - machine.state.element(REGISTERS, 2)
        times.append(timed(machine).seconds / left)
    return (times[0] - times[1]) * 1e9


def _machine(instruction: str, rounds: int, *, virtual: bool) -> Stepper:
    program = assemble(_LOOP.format(instruction), CLASSIC)
    vector = {NEW_STATUS: 0, NEW_PC: program.symbols["served"], NEW_BASE: 0, NEW_BOUND: _SIZE}
    words = {**program.words, **vector, program.symbols["rounds"]: rounds}
    return VirtualMachine(CLASSIC, words, memory=2 * _SIZE) if virtual else Machine(CLASSIC, words, memory=_SIZE)
