"""Random guests in lock step, bare and under a monitor, and what they cover: counted, so that it can be demanded."""

from collections import Counter
from functools import cache

from attrs import define, evolve, field, frozen

from popek.engine.reference import Event, Kind, upcoming
from popek.engine.stepper import Record
from popek.isa.architecture import Decoded, Isa
from popek.isa.behaviour import Behaviour
from popek.isa.expression import TRUE
from popek.isa.slot import SUPERVISOR, USER
from popek.testing.programs import Guest
from popek.vmm.compare import Comparison, LockStep
from popek.vmm.monitor import TRAP_AND_EMULATE, Monitor

NO_INSTRUCTION = "(none)"
"""What stands for an instruction where the fetch faults or the word is illegal."""

ACTIONS = ("direct", "emulated", "reflected", "delivered", "resumed")
"""What a monitor does about a step: nothing; emulate it; reflect its trap; deliver an interrupt before it. And, besides
one of these: resume the guest after its quantum, or a clock of it, has run out."""


@frozen(order=True)
class Cell:
    """One combination: an instruction, the virtual mode, the outcome of the step, and the monitor's action."""

    instruction: str
    mode: int
    outcome: str
    action: str

    def __str__(self) -> str:
        mode = "supervisor" if self.mode == SUPERVISOR else "user"
        return f"{self.instruction:9} {mode:10} {self.outcome:9} {self.action}"


@cache
def possible(isa: Isa) -> frozenset[Cell]:
    """Return the cells that can be hit at all under trap-and-emulate on a virtualizable ISA.

    The others cannot be, and this is why: an instruction with a trap that always holds never executes (`svc`, and what
    is privileged, in user mode), and one without a guard never traps; what traps in *real user* mode does not execute
    directly in any virtual mode, and what does not trap there is never emulated; only a trap is reflected, only an
    interrupt delivered, and it is delivered before the guest is resumed.
    """
    cells = {Cell(NO_INSTRUCTION, m, *what) for m in (SUPERVISOR, USER) for what in (_REFLECTED, _RESUMED, _DELIVERED)}
    for instruction in isa.instructions:
        runs = "direct" if completes(instruction.user) else "emulated"
        for mode in (SUPERVISOR, USER):
            behaviour = instruction.behaviour(mode)
            cells.add(Cell(instruction.name, mode, *_DELIVERED))
            if completes(behaviour):
                cells |= {Cell(instruction.name, mode, "executed", a) for a in (runs, "resumed")}
            if any(behaviour.guards()):
                cells |= {Cell(instruction.name, mode, *what) for what in (_REFLECTED, _RESUMED)}
    return frozenset(cells)


_REFLECTED, _RESUMED, _DELIVERED = ("trap", "reflected"), ("trap", "resumed"), ("interrupt", "delivered")


def completes(behaviour: Behaviour) -> bool:
    """Say whether a behaviour can complete: none of its traps always holds."""
    return all(t.when != TRUE for t in behaviour.guards())


@define
class Coverage:
    """How often each cell was hit, and in how many guests and steps."""

    isa: Isa
    cells: Counter[Cell] = field(factory=Counter)
    guests: int = 0
    steps: int = 0

    def add(self, before: Decoded | None, event: Event, record: Record) -> None:
        """Count one step of the virtual machine; `before` is the instruction that was to come."""
        decoded = before if event.kind is Kind.INTERRUPT else event.decoded
        where = decoded.instruction.name if decoded else NO_INSTRUCTION, event.mode, event.kind.value
        exits = record.notes["exits"]
        self.cells[Cell(*where, _action(event, exits))] += 1
        if "timer" in exits and event.kind is not Kind.INTERRUPT:
            self.cells[Cell(*where, "resumed")] += 1
        self.steps += 1

    def lacking(self, times: int = 1) -> list[Cell]:
        """Return the possible cells that were hit less often."""
        return sorted(c for c in possible(self.isa) if self.cells[c] < times)

    def strange(self) -> list[Cell]:
        """Return the cells that were hit and are held to be impossible."""
        return sorted(self.cells.keys() - possible(self.isa))

    def table(self) -> str:
        """Return the counts as text, a line for each instruction, mode and outcome."""
        head = f"{self.guests} guests, {self.steps} steps, {len(self.cells)} of {len(possible(self.isa))} cells"
        names = ["instruction", "mode", "outcome", *ACTIONS]
        lines = [head, "{:12}{:11}{:10}{:>9}{:>9}{:>10}{:>10}{:>9}".format(*names)]
        for name, mode, outcome in sorted({(c.instruction, c.mode, c.outcome) for c in possible(self.isa)}):
            counts = [
                self.cells[c] if (c := Cell(name, mode, outcome, a)) in possible(self.isa) else "-" for a in ACTIONS
            ]
            mode_name = "supervisor" if mode == SUPERVISOR else "user"
            lines.append("{:12}{:11}{:10}{:>9}{:>9}{:>10}{:>10}{:>9}".format(name, mode_name, outcome, *counts))
        return "\n".join(lines)


def _action(event: Event, exits: list[str]) -> str:
    if event.kind is Kind.INTERRUPT:
        return "delivered"
    if event.kind is Kind.TRAP:
        return "reflected"
    return "emulated" if [e for e in exits if e != "timer"] else "direct"


def lock_step(
    guest: Guest,
    isa: Isa,
    *,
    monitor: Monitor = TRAP_AND_EMULATE,
    coverage: Coverage | None = None,
    sensitive: frozenset[str] = frozenset(),
    bare: Isa | None = None,
) -> Comparison:
    """Run a guest on either machine, step by step, and count what it covers; `bare` is another ISA for that side."""
    pair = LockStep(
        isa,
        guest.words,
        monitor=evolve(monitor, quantum=guest.quantum),
        sensitive=sensitive,
        allotment=guest.allotment,
        memory=guest.memory,
        typed=guest.typed,
        disk=guest.disk,
        records=False,
    )
    if bare is not None:
        pair.bare.isa = bare
    if coverage is None:
        return pair.run(guest.steps)
    return _counted(pair, guest, coverage)


def _counted(pair: LockStep, guest: Guest, coverage: Coverage) -> Comparison:
    seen: list[Record] = []
    pair.virtual.sink = seen.append
    coverage.guests += 1
    steps, on = 0, True
    while on and steps < guest.steps:
        before = upcoming(pair.isa, pair.bare.state)
        seen.clear()
        on = pair.step()
        if seen:
            coverage.add(before, seen[0].event, seen[0])
        steps += on
    return evolve(pair.run(0), steps=steps)


def told(guest: Guest, comparison: Comparison) -> str:
    """Return what somebody needs who is to repeat a divergence: where, in what, and the guest to paste."""
    divergence = comparison.divergence
    where = f"step {divergence.step}: {', '.join(map(str, divergence.differences))}" if divergence else "no divergence"
    control = f"\n{comparison.violation}" if comparison.violation else ""
    return f"guest {guest.seed} of {comparison.isa} under {comparison.monitor}: {where}{control}\n{guest.paste()}"
