"""Translated code as it runs: in the cache with the cache's pc, and between blocks, in the monitor, with the guest's.

While the guest is in the cache the real pc is an address of the cache, and a trap stores it; the cache's table turns it
into the guest's, which is the only one that the virtual state knows.
"""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve

from popek.engine import reference
from popek.engine.compiled import closure
from popek.engine.reference import Event, Kind
from popek.engine.state import State
from popek.isa.architecture import Decoded, Isa
from popek.isa.slot import PC
from popek.vmm.monitor import Plan, Treatment
from popek.vmm.translation.cache import TranslationCache
from popek.vmm.translation.cells import DOOR, Call, Context, Copy, Empty, Guard, Key, Link
from popek.vmm.translation.statistics import COUNTED, Statistics
from popek.vmm.translation.translator import Translator, laid_out, words
from popek.vmm.virtual import VirtualState

OFTEN = 3
"""After so many traps a copied instruction is retranslated: with a test first, and a call if it would trap."""


class TranslatedCode:
    """The translated code of one guest. `way` says how a decoded instruction is run, `count` is told what happens."""

    def __init__(
        self,
        isa: Isa,
        virtual: VirtualState,
        size: int,
        way: Callable[[Plan, Decoded], Treatment],
        count: Callable[[str, int], None],
    ) -> None:
        self._isa = isa
        self._virtual = virtual
        self._real: State = virtual.real
        self._tell = count
        self.cache = self.made(size)
        self._translator = Translator(isa, way, self._disturbs)
        self.notes: dict[str, int] = {"cached": 0, "at": DOOR, "link": DOOR, "target": 0}
        self._traps: dict[tuple[int, int], int] = {}
        self.happened: list[str] = []
        virtual.elsewhere = self
        self._real.watchers.append(self.cache.stored)

    def made(self, size: int) -> TranslationCache:
        """Return a cache of so many words."""
        return TranslationCache(size, self._real.journal, lambda address: self._real.memory[address], self._count)

    def containers(self) -> Mapping[str, Any]:
        """Name every list and dict that a step may change."""
        return {**self.cache.containers(), "code": self.notes, "traps": self._traps}

    def statistics(self, counts: Mapping[str, int]) -> Statistics:
        """Return what a virtual machine has counted, as what it is."""
        return Statistics.of(len(self.cache.cells), counts)

    def guest_pc(self, real: int) -> int:
        """Return the guest's pc for the real one: while the guest is in the cache, what the word there stands for."""
        return self.guest_pc_at(real) if self.cached else real

    @property
    def cached(self) -> bool:
        """Whether the guest, if it is inside, is in the cache."""
        return bool(self.notes["cached"])

    def entered(self) -> None:
        """Take note that the guest was entered at its own pc."""
        self._note("cached", 0)

    def guest_pc_at(self, address: int) -> int:
        """Return the guest's pc that a word of the cache stands for."""
        if address == DOOR:
            return self.notes["target"]
        cell = self.cache.cells[address]
        assert not isinstance(cell, Empty), f"the guest is at word {address} of the cache, where nothing is"
        return cell.pc

    @property
    def context(self) -> Context:
        """What decides how code is translated, as it was when the guest was entered, or is while it is outside."""
        return tuple(self._virtual.own.slots[s] for s in self._translator.context)

    # In the cache --------------------------------------------------------------------------------------------------

    def enter(self, address: int) -> None:
        """Go on in the cache; the guest has just been loaded."""
        self._note("cached", 1)
        self._note("at", DOOR)
        self._real.set_slot(PC, address)

    def copy(self) -> Copy | None:
        """Return the copied instruction that is next, if the guest needs no monitor for it; pass a test before it."""
        address = self._real.slot(PC)
        cell = self.cache.cells[address]
        if isinstance(cell, Guard):
            behind = self.cache.cells[address + 1]
            assert isinstance(behind, Copy)
            if any(closure(t.when)(self._real, behind.values) for t in behind.meaning.behaviour.traps):
                return None
            self._real.set_slot(PC, address + 1)
            return behind
        return cell if isinstance(cell, Copy) else None

    def leave(self) -> Call | None:
        """Leave the cache: the virtual state is recovered. Return the call for which it was left, if it was for one."""
        address = self._real.slot(PC)
        cell = self.cache.cells[address]
        self._virtual.pause()
        self.left(address)
        if isinstance(cell, Link):
            self._note("link", address)
        if isinstance(cell, Guard):
            behind = self.cache.cells[address + 1]
            assert isinstance(behind, Copy)
            return Call(cell.pc, cell.block, behind.decoded, Treatment.TRANSLATED.value)
        return cell if isinstance(cell, Call) else None

    def step(self, cell: Copy) -> Event:
        """Do one step of the real machine in the cache: an interrupt, or a tick and the copied instruction."""
        real, meaning = self._real, cell.meaning
        event = reference.interrupt(self._isa, real)
        if event is not None:
            return event
        reference.apply(self._isa.tick, real)
        address = real.slot(PC)
        taken = closure(meaning.taken)(real, cell.values)
        target = closure(meaning.exits[taken].target)(real, cell.values)
        event = reference.perform(self._isa, real, cell.decoded, meaning.behaviour, cell.values)
        if event.kind is Kind.EXECUTED:
            falls = meaning.falls and cell.stays
            real.set_slot(PC, address + 1 if falls else self._follow(cell, taken, target))
        return evolve(event, pc=cell.pc)

    def _follow(self, cell: Copy, taken: int, target: int) -> int:
        """Return the address of the cache at which an exit leads on."""
        address = cell.links[taken]
        if address is None:
            found = self.cache.find(self._translator.key(self.context, target)) if cell.stays else DOOR
            if found:
                self._count("looked_up")
            else:
                self._note("target", target)
            return found
        link = self.cache.cells[address]
        assert isinstance(link, Link)
        if link.to:
            self._count("chained")
        return link.to or address

    def left(self, address: int, trapped: Copy | None = None) -> None:
        """Take note that the guest has left the cache, and where; and of the copy that trapped there, if one has."""
        self._note("at", address)
        if trapped is None:
            return
        site = trapped.source, trapped.decoded.word
        self._real.journal.write(self._traps, site, self._traps.get(site, 0) + 1)
        if self._traps[site] == OFTEN:
            self.cache.end(self.cache.blocks[trapped.block])
            self._count("retranslations")

    # In the monitor ------------------------------------------------------------------------------------------------

    def dispatch(self, plan: Plan) -> int:
        """Return the address at which the guest, which is outside, goes on; translate if there is no code for it."""
        at, waiting = self.notes["at"], self.notes["link"]
        self._note("link", DOOR)
        pc, context = self._virtual.slot(PC), self.context
        if self.cache.lives(at, context) and self.guest_pc_at(at) == pc:
            return at
        self._count("dispatches")
        link = self.cache.cells[waiting]
        waits = isinstance(link, Link) and link.pc == pc and self.cache.blocks[link.block].context == context
        key = self._translator.key(context, pc)
        found = self.cache.find(key) or self._translated(plan, key)
        if isinstance(link, Link) and waits:
            self.cache.chain(waiting, link, found)
        self._note("at", found)
        return found

    def _translated(self, plan: Plan, key: Key) -> int:
        pieces = self._translator.pieces(self._virtual, plan, self.cache.room)
        start = self.cache.place(words(pieces))
        block, cells = laid_out(pieces, start, key, self._virtual)
        self.cache.install(block, cells)
        self._count("blocks")
        self._tell(COUNTED + "instructions", len(pieces))
        self._tell(COUNTED + "words", len(cells))
        return start

    def call_at(self, address: int) -> Call | None:
        """Return the call at an address of the cache, if there is one."""
        cell = self.cache.cells[address]
        return cell if isinstance(cell, Call) else None

    def call(self, cell: Call, believed: Isa) -> Event:
        """Do an instruction for the guest, which is outside: a tick, and its whole meaning on the virtual state."""
        self._count("calls")
        self._note("at", self.notes["at"] + 1)
        reference.apply(believed.tick, self._virtual)
        decoded = believed.decode(cell.decoded.word) if cell.decoded else None
        if decoded is None:
            return reference.attempt(believed, self._virtual)
        return reference.execute(believed, self._virtual, decoded)

    def _disturbs(self, source: int, word: int) -> bool:
        return self._traps.get((source, word), 0) >= OFTEN

    def _note(self, name: str, value: int) -> None:
        if self.notes[name] != value:
            self._real.journal.write(self.notes, name, value)

    def _count(self, name: str) -> None:
        self.happened.append(name)
        self._tell(COUNTED + name, 1)
