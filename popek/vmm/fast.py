"""Which tier runs a virtual machine: its monitor compiled or generated with it, or its direct execution alone.

Everything here is as exact as the reference. What Python has to finish after a compiled monitor has stopped in the
middle of an exit is kept until the next step takes it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from popek.engine import tiers
from popek.engine.reference import Event
from popek.engine.state import State
from popek.engine.tiers import Sprint, Stop, Tier
from popek.isa.behaviour import Cause
from popek.vmm.count_names import EXIT
from popek.vmm.hardware import Hardware

if TYPE_CHECKING:
    from popek.vmm.virtual_machine import VirtualMachine

Finish = Callable[[list[str]], "tuple[Event, str] | None"]
"""What is to be done first: a step of the guest, given where to note exits."""

NATIVE, PYTHON = tiers.SOURCES


@frozen
class Spurt:
    """What a tier has done for a guest: how far it came, the exits by name, and the turns since its last step."""

    tier: str
    sprint: Sprint
    exits: dict[str, int] = field(factory=dict)
    fruitless: int = 0


class Fast:
    """The tiers of one virtual machine."""

    def __init__(self, machine: "VirtualMachine") -> None:
        self._machine = machine
        self._monitors: dict[str, Any] = {}
        self._direct: dict[str, Tier | None] = {}
        self._pending: Finish | None = None
        self._hopeless: set[str] = set()  # engines that have nothing for it, and never will

    @property
    def pending(self) -> bool:
        """Whether there is something to be done first."""
        return self._pending is not None

    def sprint(self, budget: int, *, trapped: bool, fruitless: int = 0) -> Spurt | None:
        """Do at most `budget` steps of the guest, after so many turns without one; nothing: there is no tier."""
        machine = self._machine
        if machine.engine in self._hopeless or machine.monitor.stops:
            return None
        if not isinstance(machine.platform, Hardware) or machine.state.notes["moved_out"]:
            return None
        if not machine.platform.running:
            return None  # the last step of the run before has stopped it
        compiled = self._compiled()
        if compiled is None:
            return self._directly(budget, trapped=trapped)
        done: Sprint = compiled.advance(budget, trapped=trapped, fruitless=fruitless)
        counted: dict[str, int] = compiled.counted()
        for name, count in counted.items():
            machine.counts[name] = machine.counts.get(name, 0) + count
        self._pending = self._finish(int(compiled.pending))
        exits = {name.removeprefix(EXIT): count for name, count in counted.items() if name.startswith(EXIT)}
        changed = sum(exits.values()) + self.pending
        return Spurt(compiled.name, evolve(done, exits=changed, exact=False), exits, compiled.fruitless)

    def take(self) -> Finish | None:
        """Return what is to be done first, once."""
        pending, self._pending = self._pending, None
        return pending

    def _finish(self, pending: int) -> Finish | None:
        machine = self._machine
        return (None, lambda _: machine.attempt(), lambda exits: machine.exit(Cause.ILLEGAL, exits))[pending]

    def _compiled(self) -> Any:
        """Return the machine's monitor, compiled; nothing if that cannot be, or is not wanted."""
        machine = self._machine
        if machine.meanwhile is not None or not (machine.alone or machine.hosting):
            return None
        if machine.engine not in self._monitors:
            made = self._monitors[machine.engine] = self._make()
            if made is None and machine.elsewhere:
                self._hopeless.add(machine.engine)
        return self._monitors[machine.engine]

    def _make(self) -> Any:
        """Return the best monitor that is wanted: native, or made of Python where no compiler is installed."""
        machine = self._machine
        given = (machine.isa, machine.believed, machine.monitor, machine.state, machine.hosting)
        engine, native = machine.engine, tiers.SOURCES[NATIVE].available
        if native and engine in (tiers.AUTO, NATIVE):
            from popek.vmm.compiled import tier as compiled  # noqa: PLC0415 - needs the compiler

            return compiled.make(*given)
        if engine not in (tiers.AUTO, PYTHON):
            return None
        from popek.vmm.generated import tier as generated  # noqa: PLC0415 - most commands need none

        return generated.make(*given)

    def _directly(self, budget: int, *, trapped: bool) -> Spurt | None:
        """Let a tier of the real machine run the guest while it is inside; exits are the reference's."""
        machine = self._machine
        if not machine.alone or machine.elsewhere or not isinstance(machine.real, State):
            return None
        if machine.engine not in self._direct:
            self._direct[machine.engine] = tiers.make(machine.engine, machine.isa, machine.real)
        tier = self._direct[machine.engine]
        if tier is None:
            return None
        if not machine.plainly_inside:
            return Spurt(tier.name, Sprint(0, 0, Stop.HAND_OVER))
        done = tier.advance(budget, trapped=trapped, traps=False)
        machine.count_direct(done.steps)
        stop = Stop.HAND_OVER if done.stop is Stop.HALTED else done.stop
        return Spurt(tier.name, Sprint(done.steps, done.instructions, stop))
