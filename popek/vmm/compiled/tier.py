"""The compiled monitor of one virtual machine: its buffers, its counts, and what is left to Python."""

from collections.abc import Hashable
from functools import lru_cache

from attrs import field, frozen

from popek.engine.native import behaviours
from popek.engine.native import cache as objects
from popek.engine.native.context import EXITS, Code, Field
from popek.engine.native.interpreter import compilable
from popek.engine.native.llvm import Loaded
from popek.engine.native.memory import Memory, shared
from popek.engine.native.tier import THRESHOLD, Native
from popek.engine.state import State
from popek.engine.tiers import Sprint, Stop
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.slot import HALTED, RUN
from popek.vmm.compiled import step
from popek.vmm.compiled.step import Compilation, Pending
from popek.vmm.compiled.views import owned
from popek.vmm.monitor import Monitor, Treatment
from popek.vmm.virtual import VirtualState

_WAYS = {step.DIRECT: "direct", step.EXITED: "exited", step.EMULATED: Treatment.EMULATED.value}
_MODES = ("supervisor", "user")
_NOTES = {"inside": Field.INSIDE, "left": Field.LEFT, "loaded": Field.LOADED}


@frozen
class _Named:
    """A compilation, equal to every other of which the same code comes."""

    key: Hashable
    made: Compilation = field(eq=False)


@lru_cache(maxsize=64)
def _loop(named: _Named) -> Loaded:
    return Loaded(objects.compiled(step.module(named.made)))


def loop(made: Compilation) -> Loaded:
    """Return the compiled loop of a monitor; the length of its quantum is no part of it."""
    monitor = made.monitor
    tables = (monitor.dispatcher, monitor.entry, monitor.recovery, monitor.routines)
    parts = (made.isa, monitor.supervisor, monitor.user, monitor.reflection, monitor.renews, monitor.for_ported)
    return _loop(_Named((*parts, *(tuple(t.items()) for t in tables)), made))


def possible(isa: Isa, monitor: Monitor) -> bool:
    """Say whether a monitor can be compiled: one that runs code directly or emulates it, by a map without devices."""
    plans = monitor.supervisor, monitor.user
    plain = all(
        p.others in (Treatment.DIRECT, Treatment.EMULATED)
        and p.sensitive is None
        and p.critical in (None, Treatment.HYPERCALL)
        for p in plans
    )
    if not plain or not compilable(isa) or not compilable(monitor.believes(isa)):
        return False
    table = monitor.table(isa)
    return all(behaviours.compilable(Behaviour(t)) for t in (table.entry, table.recovery))


class CompiledMonitor(Native):
    """Runs one virtual machine."""

    def __init__(
        self, isa: Isa, believed: Isa, monitor: Monitor, virtual: VirtualState, threshold: int = THRESHOLD
    ) -> None:
        self._virtual, self._monitor = virtual, monitor
        real: State = virtual.real
        self._loaded = loop(Compilation(isa, believed, monitor))
        super().__init__(isa, real, threshold)

    def _prepare(self) -> tuple[Loaded, Memory]:
        real: State = self._virtual.real
        memory = Memory(real)
        own = self._virtual.own
        memory.add(len(self.isa.slots), [shared(own.arrays[a]) for a in owned(self.isa)])
        memory.fields[Field.BASE] = self._virtual.allotment.base
        memory.fields[Field.SIZE] = self._virtual.size
        return self._loaded, memory

    def advance(self, budget: int, *, trapped: bool, traps: bool = True) -> Sprint:
        """Do at most `budget` steps of the guest."""
        fields, virtual = self.memory.fields, self._virtual
        own = virtual.own.slots
        for n, slot in enumerate(self.isa.slots):
            self.memory.more[n] = own[slot]
        for name, at in _NOTES.items():
            fields[at] = virtual.notes[name]
        fields[Field.QUANTUM] = virtual.quantum
        for count in range(Field.DIRECT, len(fields)):
            fields[count] = 0
        fields[Field.ATTEMPT] = fields[Field.FRUITLESS] = 0
        done = super().advance(budget, trapped=trapped, traps=traps)
        own.update(zip(self.isa.slots, self.memory.more, strict=True))
        virtual.notes.update({name: fields[at] for name, at in _NOTES.items()})
        return done

    def _stop(self, code: Code) -> Stop:
        if code is Code.LOST:
            return Stop.LOST
        if code is Code.HALTED and self._virtual.real.slots[RUN] == HALTED:
            return Stop.HAND_OVER
        return super()._stop(code)

    @property
    def pending(self) -> Pending:
        """What Python has to do first."""
        return Pending(self.memory.fields[Field.ATTEMPT])

    def counted(self) -> dict[str, int]:
        """Return what the last advance has counted, by the names that a virtual machine has for it."""
        fields = self.memory.fields
        counts: dict[str, int] = {f"exit:{c.name.lower()}": fields[EXITS + c] for c in Cause}
        for way, name in _WAYS.items():
            each = [fields[Field.DIRECT + 2 * way + mode] for mode in (0, 1)]
            counts |= {f"{name} in {_MODES[mode]}": each[mode] for mode in (0, 1)}
            if way != step.EXITED:
                counts[name] = sum(each)
        return {name: count for name, count in counts.items() if count}
