"""The compiled monitor of one virtual machine: its buffers, its counts, and what is left to Python."""

import ctypes
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from attrs import evolve, field, frozen

from popek.engine.native import behaviours
from popek.engine.native import cache as objects
from popek.engine.native.context import Code, Field
from popek.engine.native.interpreter import compilable
from popek.engine.native.llvm import Loaded
from popek.engine.native.marks import Marks
from popek.engine.native.memory import Memory, shared
from popek.engine.native.regions import Regions
from popek.engine.native.tier import Native
from popek.engine.native.windows import Windows
from popek.engine.state import State
from popek.engine.tiers import Sprint, Stop
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour
from popek.isa.slot import HALTED, RUN, Slot
from popek.vmm.compiled import counts, guest_mode, step, translated
from popek.vmm.compiled.cache_regions import CacheRegions, counting
from popek.vmm.compiled.cells import Cells
from popek.vmm.compiled.inside import Inside
from popek.vmm.compiled.sources import Sources
from popek.vmm.compiled.step import Compilation
from popek.vmm.compiled.together import Together
from popek.vmm.compiled.views import owned, seen
from popek.vmm.compiled.ways import Pending
from popek.vmm.hosting import Hosting
from popek.vmm.monitor import Monitor, Treatment
from popek.vmm.translation.code import TranslatedCode
from popek.vmm.translation.translator import deciding
from popek.vmm.virtual import VirtualState

_SPARE = 2
"""Slots that a region may have besides the ISA's."""

_PLACES = {"cached": Field.CACHED, "at": Field.AT, "link": Field.LINK, "target": Field.TARGET}
_NOTES = {"inside": Field.INSIDE, "left": Field.LEFT, "loaded": Field.LOADED}


@frozen
class _Named:
    """A compilation, equal to every other of which the same code comes."""

    key: Hashable
    made: Compilation = field(eq=False)

    @classmethod
    def of(cls, made: Compilation) -> "_Named":
        """Return it; the length of a monitor's quantum is no part of its code."""
        monitor = made.monitor
        tables = (monitor.dispatcher, monitor.entry, monitor.recovery, monitor.routines)
        plans = (monitor.supervisor, monitor.user, monitor.controls)
        parts = (made.isa, *plans, monitor.reflection, monitor.renews, monitor.for_ported, made.hosted)
        return cls((*parts, *(tuple(t.items()) for t in tables)), made)


@lru_cache(maxsize=64)
def _loop(named: _Named) -> Loaded:
    return Loaded(objects.compiled(_writer(named.made.monitor).module(named.made)))


def _writer(monitor: Monitor) -> Any:
    """Return the module that writes the loop of a monitor."""
    if monitor.in_guest_mode:
        return guest_mode
    return translated if _translates(monitor) else step


def _translates(monitor: Monitor) -> bool:
    return monitor.supervisor.translates or monitor.user.translates


def loop(made: Compilation) -> Loaded:
    """Return the compiled loop of a monitor."""
    return _loop(_Named.of(made))


def possible(isa: Isa, monitor: Monitor) -> bool:
    """Say whether a monitor can be compiled: one that does not treat some instructions apart, by a map without devices.

    Hypercalls are no exception, a port has put them there; nor is what is translated, since the translator knows which.
    """
    return _possible(_Named.of(Compilation(isa, isa, monitor)))


@lru_cache(maxsize=64)
def _possible(named: _Named) -> bool:
    isa, monitor = named.made.isa, named.made.monitor
    plans = monitor.supervisor, monitor.user
    plain = all(p.translates or (p.sensitive is None and p.critical in (None, Treatment.HYPERCALL)) for p in plans)
    if not plain or not compilable(isa) or not compilable(monitor.believes(isa)):
        return False
    table = monitor.table(isa)
    return all(behaviours.compilable(Behaviour(t)) for t in (table.entry, table.recovery))


class CompiledMonitor(Native):
    """Runs one virtual machine, alone on the real one or not."""

    def __init__(
        self, isa: Isa, believed: Isa, monitor: Monitor, virtual: VirtualState, hosting: Hosting[Together] | None = None
    ) -> None:
        self._virtual, self._monitor, self._hosting = virtual, monitor, hosting
        real: State = virtual.real
        self._loaded = loop(Compilation(isa, believed, monitor, hosted=hosting is not None))
        self._kept = self._keeps()
        super().__init__(isa, real)
        self.regions = self._regions(isa)
        if hosting is not None:
            self.memory.fields[Field.EXIT_TICKS] = hosting.exit_ticks

    def _regions(self, isa: Isa) -> Regions:
        """Return the regions of what runs directly; those of guests that run as they lie in memory are everybody's."""
        if self._hosting is None:
            return Regions(isa, self.memory)
        self.memory.share(self._hosting.in_common.memory)
        return self._hosting.in_common.regions

    @property
    def _marks(self) -> Marks | None:
        """The marks that others have as well, as this one sees them."""
        return self._hosting.in_common.marks if self._hosting else None

    def _look(self) -> None:
        """See to it that no code is run of which the words have changed."""
        self.regions.check()

    def _begin(self) -> None:
        if self._hosting is None:
            super()._begin()
        else:
            self._hosting.in_common.begin()

    def _changed(self) -> None:
        if self._hosting is None:
            self._look()
        else:
            self._hosting.in_common.look()

    def _keeps(self) -> tuple[tuple[dict[Slot, int], Slot], ...]:
        """Return the slots that are kept beside those that run, each with where it is."""
        return tuple((self._virtual.own.slots, s) for s in self._virtual.isa.slots)

    @property
    def _runs(self) -> Any:
        """The state that compiled code runs directly."""
        return self._virtual.real

    def _prepare(self) -> tuple[Loaded, Memory]:
        memory = Memory(self._runs, _SPARE, self._marks)
        own = self._virtual.own
        memory.add(len(self._kept) + len(self.isa.slots), [shared(own.arrays[a]) for a in owned(self.isa)])
        memory.fields[Field.BASE] = self._virtual.allotment.base
        memory.fields[Field.SIZE] = self._virtual.size
        return self._loaded, memory

    def _see(self) -> Windows:
        return Windows(self._virtual.own.arrays, seen(self.isa))

    def advance(self, budget: int, *, trapped: bool, traps: bool = True, fruitless: int = 0) -> Sprint:
        """Do at most `budget` steps of the guest, after so many turns in which it did none."""
        fields, virtual = self.memory.fields, self._virtual
        for n, (words, slot) in enumerate(self._kept):
            self.memory.more[n] = words[slot]
        for name, at in _NOTES.items():
            fields[at] = virtual.notes[name]
        fields[Field.QUANTUM] = virtual.quantum
        counts.begin(fields)
        fields[Field.ATTEMPT], fields[Field.FRUITLESS] = 0, fruitless
        done = super().advance(budget, trapped=trapped, traps=traps)
        if fields[Field.DIRTY] and self._hosting is not None:
            self._hosting.in_common.forget()
        for n, (words, slot) in enumerate(self._kept):
            words[slot] = self.memory.more[n]
        virtual.notes.update({name: fields[at] for name, at in _NOTES.items()})
        return evolve(done, slots=tuple(self.memory.more[len(self._kept) :])) if done.trap else done

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

    @property
    def fruitless(self) -> int:
        """In how many turns, of the last ones, the guest did no step."""
        return int(self.memory.fields[Field.FRUITLESS])

    def counted(self) -> dict[str, int]:
        """Return what the last advance has counted, by the names that a virtual machine has for it."""
        return counts.counted(self.memory.fields)


class CompiledGuestMode(CompiledMonitor):
    """Runs one virtual machine in guest mode."""

    def _regions(self, isa: Isa) -> Regions:
        assert isa.guest is not None, f"{isa.name} has no guest mode"
        regions = Regions(guest_mode.staying(isa, isa.guest, self._monitor.controls), self.memory)
        if self._hosting is not None:
            self._hosting.in_common.joins(self._look)
        return regions

    @property
    def _marks(self) -> Marks | None:
        place = self._virtual.allotment
        return Marks(place.size, self._hosting.in_common.marks, place.base) if self._hosting else None

    @property
    def _runs(self) -> Any:
        """The state that compiled code runs directly: the guest's copies, in the allotment."""
        assert self._virtual.view is not None, "a guest in guest mode has copies"
        return Inside(self._virtual.view)

    def _keeps(self) -> tuple[tuple[dict[Slot, int], Slot], ...]:
        assert self._virtual.view is not None, "a guest in guest mode has copies"
        real: State = self._virtual.real
        return (*super()._keeps(), *((real.slots, s) for s in self._virtual.view.guest.copies))


class CompiledTranslation(CompiledMonitor):
    """Runs one virtual machine whose monitor translates; what is translated is the translator's."""

    def _regions(self, isa: Isa) -> Regions:
        if self._hosting is not None:
            self._hosting.in_common.joins(self._look)
        return Regions(isa, self.memory)

    def _prepare(self) -> tuple[Loaded, Memory]:
        loaded, memory = super()._prepare()
        code = self._virtual.elsewhere
        assert isinstance(code, TranslatedCode), "a monitor that translates has a cache"
        self._code = code
        self.cells = Cells(code, deciding(self._virtual.isa))
        self._in_cache = CacheRegions(counting(self._virtual.isa), memory, code.cache)
        together = self._hosting.in_common if self._hosting else None
        self._sources = together.sources(code.cache) if together else Sources(code.cache, memory.marks)
        memory.fields[Field.CELLS] = ctypes.addressof(self.cells.words)
        memory.fields[Field.HEADS] = ctypes.addressof(self.cells.heads)
        return loaded, memory

    def advance(self, budget: int, *, trapped: bool, traps: bool = True, fruitless: int = 0) -> Sprint:
        """Do at most `budget` steps of the guest."""
        fields, notes = self.memory.fields, self._code.notes
        for name, at in _PLACES.items():
            fields[at] = notes[name]
        done = super().advance(budget, trapped=trapped, traps=traps, fruitless=fruitless)
        notes.update({name: fields[at] for name, at in _PLACES.items()})
        return done

    def _begin(self) -> None:
        super()._begin()
        self._follow()

    def _look(self) -> None:
        super()._look()
        if self._hosting is None:
            self._sources.check()

    def _changed(self) -> None:
        super()._changed()
        self._follow()

    def _follow(self) -> None:
        """Take over what the translator has done, and watch the words that were translated."""
        if self.cells.follow():
            self._in_cache.check()
        self._sources.follow()

    def _hot(self, pc: int) -> None:
        if not self.memory.fields[Field.CACHED]:
            super()._hot(pc)
        else:
            self._in_cache.add(pc)


def make(
    isa: Isa, believed: Isa, monitor: Monitor, virtual: VirtualState, hosting: Hosting[Together] | None = None
) -> CompiledMonitor | None:
    """Return the compiled monitor of a virtual machine, if its monitor can be compiled."""
    if not possible(isa, monitor):
        return None
    if monitor.in_guest_mode:
        return CompiledGuestMode(isa, believed, monitor, virtual, hosting)
    kind = CompiledTranslation if _translates(monitor) else CompiledMonitor
    return kind(isa, believed, monitor, virtual, hosting)
