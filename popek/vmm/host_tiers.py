"""Which tier runs a virtual machine among others: its monitor compiled with it, or its direct execution alone."""

from typing import TYPE_CHECKING, Any

from attrs import frozen

from popek.engine import tiers
from popek.engine.state import State
from popek.engine.tiers import Sprint, Stop, Tier
from popek.isa.architecture import Isa
from popek.vmm.fast import NATIVE, PYTHON
from popek.vmm.hosted import Hosted
from popek.vmm.hosting import Hosting
from popek.vmm.monitor import Action, Monitor
from popek.vmm.translation.cache import TranslationCache
from popek.vmm.virtual_machine import VirtualMachine

if TYPE_CHECKING:
    from popek.engine.generated.tier import PythonTier
    from popek.vmm.compiled.together import Together


@frozen
class Turns:
    """Turns of one virtual machine: by which tier, how far it came, in what time, and the turns since its last step."""

    tier: str
    sprint: Sprint
    ticks: int
    fruitless: int


class HostTiers:
    """The tiers of one real machine on which several virtual ones run."""

    def __init__(self, isa: Isa, real: State, exit_ticks: int) -> None:
        self._isa, self._real, self._exit_ticks = isa, real, exit_ticks
        self._interrupts = {i.cause for i in isa.cycle.interrupts}
        self._direct: dict[str, Tier | None] = {}
        self._compiled: Hosting[Together] | None = None
        self._generated: Hosting[PythonTier] | None = None
        self._stepped: dict[int, TranslationCache] = {}

    def forget(self) -> None:
        """Take nothing for granted: somebody may have written to the real machine's memory and told nobody."""
        if self._compiled is not None:
            self._compiled.in_common.forget()

    def stepped(self, vm: VirtualMachine) -> None:
        """Take note that the reference has run somebody: then it may have translated words that nobody watches yet."""
        if vm.cache is not None:
            self._stepped[id(vm.cache)] = vm.cache

    def turns(self, hosted: Hosted, engine: str, budget: int) -> Turns | None:
        """Let a virtual machine that has the processor do at most `budget` steps; nothing if there is no tier for it.

        It stops at the end of its quantum at the latest, if it is outside then.
        """
        return self._with_its_monitor(hosted, engine, budget) or self._directly(hosted, engine, budget)

    def _with_its_monitor(self, hosted: Hosted, engine: str, budget: int) -> Turns | None:
        vm = hosted.vm
        vm.engine, vm.hosting = engine, self._common(engine)
        done = vm.sprint(budget, fruitless=hosted.notes["fruitless"]) if vm.hosting is not None else None
        if done is None:
            return None
        attempts = done.sprint.instructions + self._missed(vm.monitor, done.exits)
        ticks = attempts + self._exit_ticks * sum(done.exits.values())
        return Turns(done.tier, done.sprint, ticks, done.fruitless)

    def _missed(self, monitor: Monitor, exits: dict[str, int]) -> int:
        """Return how many attempts at an instruction came to nothing but an exit."""
        resumed = [c for c, a in monitor.dispatcher.items() if a is Action.RESUME and c not in self._interrupts]
        return sum(exits.get(c.name.lower(), 0) for c in resumed)

    def _common(self, engine: str) -> Any:
        """Return what compiled monitors have in common here, or generated ones; nothing if none is wanted."""
        if engine not in (tiers.AUTO, NATIVE) or not tiers.SOURCES[NATIVE].available:
            return self._generated_ones() if engine in (tiers.AUTO, PYTHON) else None
        if self._compiled is None:
            from popek.vmm.compiled.together import Together  # noqa: PLC0415 - needs the compiler

            self._compiled = Hosting(Together(self._isa, self._real), self._exit_ticks)
        for cache in self._stepped.values():
            self._compiled.in_common.sources(cache).follow()
        self._stepped.clear()
        return self._compiled

    def _generated_ones(self) -> "Hosting[PythonTier] | None":
        """Return what generated monitors have in common; nothing if a cache of translated code has to see stores."""
        if self._real.watchers:
            return None
        if self._generated is None:
            from popek.vmm.generated import tier as generated  # noqa: PLC0415 - most commands need none

            self._generated = generated.hosting(self._isa, self._real, self._exit_ticks)
        return self._generated

    def _directly(self, hosted: Hosted, engine: str, budget: int) -> Turns | None:
        """Let a tier of the real machine run who is inside, up to a trap or an interrupt, which are the reference's.

        A cache of translated code has to see every store, so with one of those nothing is run in this way.
        """
        if self._real.watchers or not hosted.vm.plainly_inside:
            return None
        if engine not in self._direct:
            self._direct[engine] = tiers.make(engine, self._isa, self._real)
        tier = self._direct[engine]
        if tier is None:
            return None
        done = tier.advance(budget, trapped=False, traps=False)
        hosted.vm.ran_directly(done.steps)
        stop = Stop.BUDGET if done.stop is Stop.BUDGET else Stop.HAND_OVER
        fruitless = 0 if done.steps else hosted.notes["fruitless"]
        return Turns(tier.name, Sprint(done.steps, done.instructions, stop), done.steps, fruitless)
