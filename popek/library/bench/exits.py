"""What an exit costs: loops with one instruction that traps, beside the same loops without it.

The difference of the two times, over the number of rounds, is a round trip: from the guest to whoever serves the trap,
and back. It is the processor's time of this process, of which others on the same machine take nothing.
"""

from typing import Any

from attrs import frozen

from popek.engine.machine import Machine
from popek.engine.stepper import Outcome, Stepper
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.cycle import NEW_BASE, NEW_BOUND, NEW_PC, NEW_STATUS
from popek.isa.hypercall import hypercall
from popek.isa.slot import REGISTERS
from popek.language.phrase import listed, say
from popek.library.bench.contest import Progress
from popek.library.bench.contestants import engines, timed
from popek.library.bench.spread import Spread
from popek.shown import Shown
from popek.vmm.host import Host
from popek.vmm.monitor import HARDWARE_ASSISTED, PARAVIRTUAL, TRANSLATION, TRAP_AND_EMULATE, Monitor
from popek.vmm.virtual_machine import VirtualMachine

ROUNDS = {"native": 1_000_000, "python": 3_000, "reference": 300}
"""How often each loop goes round, by engine."""

TURNS = 5
_SIZE = 4096
_QUANTUM = 100_000
_SENSITIVE = frozenset(i.name for i in SYSTEM)

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
_HYPERCALL = f".word {hypercall(CLASSIC['getie'].encode({'a': 3})):#x}"
"""What a port puts in the place of the privileged instruction."""

_EXITING = HARDWARE_ASSISTED.vary("hardware-assisted, exiting", controls=("getie",))
"""Hardware whose monitor asks for an exit where the instruction is met; else, it would be no exit at all."""


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


_TOGETHER = say("emulated privileged instruction, two machines on one")
"""Both go round, and have the real machine by turns."""

_COURSES: tuple[tuple[str, str, Monitor | None], ...] = (
    (say("emulated privileged instruction"), _PRIVILEGED, TRAP_AND_EMULATE),
    (_TOGETHER, _PRIVILEGED, TRAP_AND_EMULATE),
    (say("hypercall"), _HYPERCALL, PARAVIRTUAL),
    (say("call out of translated code"), _PRIVILEGED, TRANSLATION),
    (say("exit from guest mode"), _PRIVILEGED, _EXITING),
    (say("supervisor call and return, bare"), _CALL, None),
    (say("supervisor call and return, reflected"), _CALL, TRAP_AND_EMULATE),
    (say("supervisor call and return, reflected"), _CALL, PARAVIRTUAL),
    (say("supervisor call and return, reflected"), _CALL, TRANSLATION),
    (say("supervisor call and return, in guest mode"), _CALL, HARDWARE_ASSISTED),
)
"""What goes round, by which instruction, under which monitor."""


def exits(*, turns: int = TURNS, engine: str | None = None, progress: Progress = lambda _: None) -> Exits:
    """Measure what each technique's own way to its monitor costs, and a guest's own supervisor call."""
    found = []
    for name in engines() if engine is None else (engine,):
        for what, instruction, monitor in _COURSES:
            progress(listed((what, name)))
            rounds = ROUNDS.get(name, ROUNDS["reference"])
            taken = [_round_trip(name, instruction, rounds, monitor, 1 + (what == _TOGETHER)) for _ in range(turns)]
            found.append(Exit(what, name, monitor.name if monitor else "bare", Spread.of(taken)))
    return Exits(tuple(found))


def _round_trip(engine: str, instruction: str, rounds: int, monitor: Monitor | None, machines: int) -> float:
    """Return the time of one, in nanoseconds; what is compiled is compiled before."""
    times = []
    for one in (instruction, _NOTHING):
        machine = _machine(one, rounds, monitor, machines)
        machine.engine = engine
        machine.run(20_000 if rounds > 20_000 else rounds // 10)
        assert machine.outcome is not Outcome.HALTED, "a loop was over before it was measured"
        steppers = [h.vm for h in machine.vms.values()] if isinstance(machine, Host) else [machine]
        left = sum(rounds - s.state.element(REGISTERS, 2) for s in steppers)
        times.append(timed(machine).seconds / left)
    return (times[0] - times[1]) * 1e9


def _machine(instruction: str, rounds: int, monitor: Monitor | None, machines: int) -> Stepper:
    isa = CLASSIC_VT if monitor and monitor.in_guest_mode else CLASSIC
    program = assemble(_LOOP.format(instruction), isa)
    vector = {NEW_STATUS: 0, NEW_PC: program.symbols["served"], NEW_BASE: 0, NEW_BOUND: _SIZE}
    words = {**program.words, **vector, program.symbols["rounds"]: rounds}
    if monitor is None:
        return Machine(isa, words, memory=_SIZE)
    if machines == 1:
        return VirtualMachine(isa, words, monitor=monitor, memory=2 * _SIZE, sensitive=_SENSITIVE)
    host = Host(isa, memory=(1 + machines) * _SIZE, quantum=_QUANTUM, history=0)
    for _ in range(machines):
        host.start(words, monitor=monitor, allotment=_SIZE, budget=10**9)
    return host
