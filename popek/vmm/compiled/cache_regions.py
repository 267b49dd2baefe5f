"""Hot code of a translation cache as regions: what they are made of, and when they end.

A region is the engine's own. Here it is found out, from the words of the cache, what an instruction does there and at
which of its addresses it goes on: over a link that is chained, to the next word, or, where the target is computed, to
one of the blocks behind a call of the region, which are known by the guest's pc; another target leaves the region
before the jump. What is counted on the way are two slots more.
"""

from collections import deque
from collections.abc import Callable, Iterator

from attrs import evolve, frozen

from popek.engine.native import behaviours, specialise
from popek.engine.native.clocks import timed
from popek.engine.native.discover import LARGEST, Found, Placed, allowed, plain
from popek.engine.native.memory import Memory
from popek.engine.native.regions import Compiled, Regions
from popek.engine.state import State
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Put, Trap
from popek.isa.encoding import WORD_MASK
from popek.isa.expression import FALSE, Expr, Op, as_expr, either, eq, ite, not_
from popek.isa.slot import MODE, PC, Role, Slot
from popek.vmm.compiled.translated import TAG, runs
from popek.vmm.translation.cache import TranslationCache
from popek.vmm.translation.cells import DOOR, Cell, Copy, Guard, Link

_SIZE = Slot("memory_size", "What lies behind the slots.", role=Role.RESOURCE, kind="bound")
CHAINED = Slot("chained", "Jumps that a region has made from block to block.", role=Role.PROGRAM)
LOOKED_UP = Slot("looked_up", "Computed jumps of a region that have met a block.", role=Role.PROGRAM)


def counting(isa: Isa) -> Isa:
    """Return an ISA with the counts of a region as slots, behind its own and the size of memory."""
    return evolve(isa, slots=(*isa.slots, _SIZE, CHAINED, LOOKED_UP), guest=None)


def known(copy: Copy) -> dict[Slot | str, int]:
    """Return the values of a copy's operands."""
    found: dict[Slot | str, int] = {}
    found.update(copy.values)
    return found


@frozen
class Copied:
    """A copy in the cache, at which address, and where that goes on: a number of its exits to an address, if known."""

    copy: Copy
    address: int
    tested: bool
    ways: tuple[int | None, ...]
    chained: tuple[bool, ...]

    @property
    def kept(self) -> frozenset[int | None]:
        """The constants that it leaves in an array, which may be where a routine is to come back to."""
        here = specialise.behaviour(self.copy.meaning.behaviour, known(self.copy))
        return frozenset(specialise.constant(e.value) for e in here.effects if isinstance(e, Put))


class Walk:
    """Walks the words of a cache, as they are now, over the links that are chained."""

    def __init__(self, isa: Isa, state: State, cache: TranslationCache) -> None:
        self._isa, self._cache, self._size = isa, cache, state.size
        self._resources: dict[Slot | str, int] = {s: state.slot(s) for s in state.isa.slots if s.role is Role.RESOURCE}
        self._forbidden = timed(isa)
        self.words: dict[int, Cell] = {}

    def region(self, entry: int) -> Found | None:
        """Return the region that begins at an address of the cache; nothing if there is no copy that can be in one."""
        code: dict[int, Copied] = {}
        returns: dict[int, int] = {}
        waiting = deque([entry])
        while waiting and len(code) < LARGEST:
            address = waiting.popleft()
            if address in code or (found := self._found(address)) is None:
                continue
            code[address] = found
            if not found.copy.meaning.falls:
                behind = self._behind(found)
                returns |= behind
                waiting.extend(behind.values())
            waiting.extend(w for w in found.ways if w is not None)
        returns = {pc: head for pc, head in returns.items() if head in code}
        placed = {a: p for a, c in code.items() if (p := self._placed(c, returns)) is not None}
        if entry not in placed:
            return None
        jumped = {t for p in placed.values() if p.targets != (p.on,) for t in p.targets}
        returns = {pc: head for pc, head in returns.items() if head in placed}
        entries = sorted({entry, *returns.values()})
        leaders = sorted({*entries, *(t for t in jumped if t in placed)})
        return Found(entry, placed, tuple(leaders), tuple(entries), self._assumed(code), returns, closed=True)

    def _found(self, address: int) -> Copied | None:
        cell = self._seen(address)
        tested = isinstance(cell, Guard)
        at = address + tested
        copy = self._seen(at)
        if not isinstance(copy, Copy) or not self._may(copy):
            return None
        if copy.meaning.falls:
            return Copied(copy, address, tested, (at + 1,), (False,))
        links = [None if link is None else self._seen(link) for link in copy.links]
        leads = [link.to if isinstance(link, Link) else DOOR for link in links]
        ways = tuple(to or link for to, link in zip(leads, copy.links, strict=True))
        return Copied(copy, address, tested, ways, tuple(to != DOOR for to in leads))

    def _seen(self, address: int) -> Cell:
        self.words[address] = cell = self._cache.cells[address]
        return cell

    def _may(self, copy: Copy) -> bool:
        jumps = not copy.meaning.falls
        return copy.stays and runs(copy.meaning, jumps=jumps) and allowed(copy.meaning.behaviour, self._forbidden)

    def _behind(self, found: Copied) -> dict[int, int]:
        """Return the block behind an instruction that leaves the next one's address somewhere, by the guest's pc."""
        following = (found.copy.pc + 1) & WORD_MASK
        context = self._cache.blocks[found.copy.block].context
        head = self._cache.find((*context, following)) if following in found.kept else DOOR
        return {following: head} if head != DOOR else {}

    def _placed(self, found: Copied, returns: dict[int, int]) -> Placed | None:
        """Return what a copy does, at its address."""
        copy, meaning = found.copy, found.copy.meaning
        computed = [e.target for e, way in zip(meaning.exits, found.ways, strict=True) if way is None]
        if computed and not returns:
            return None
        counts = {
            CHAINED: _chosen(meaning.taken, lambda n: as_expr(int(found.chained[n]))),
            LOOKED_UP: _chosen(meaning.taken, lambda n: as_expr(int(found.ways[n] is None))),
        }
        counted = {s: as_expr(s) + n for s, n in counts.items() if n != as_expr(0)}
        missed: list[Trap] = []
        if meaning.taken.op is not Op.ITE and computed:
            goes = computed[0]
        else:
            goes = _chosen(meaning.taken, lambda n: _to(found.ways[n], meaning.exits[n].target, returns))
            missed = [Trap(_misses(meaning.taken, n, e, returns), Cause.MEMORY) for n, e in _computed(found)]
        behaviour = meaning.behaviour
        general = Behaviour({**behaviour.writes, PC: goes, **counted}, behaviour.effects, (*behaviour.traps, *missed))
        here = specialise.behaviour(general, known(copy) | self._resources, self._size)
        if not plain(here):
            return None
        link = next(iter(self._behind(found).values()), None) if not meaning.falls else None
        return Placed(found.address, here, copy.decoded.word, copy.source, link if link in returns.values() else None)

    def _assumed(self, code: dict[int, Copied]) -> dict[Slot, int]:
        """Return the resources that the code was specialised by, and their values."""
        mentioned = {e.payload for c in code.values() for e in behaviours.mentioned(c.copy.meaning.behaviour)}
        used = {MODE, *(s for s in mentioned if isinstance(s, Slot))}
        return {s: v for s, v in self._resources.items() if isinstance(s, Slot) and s in used}


def _computed(found: Copied) -> Iterator[tuple[int, Expr]]:
    """Give the exits whose targets are computed, by number."""
    for number, (exit_, way) in enumerate(zip(found.copy.meaning.exits, found.ways, strict=True)):
        if way is None:
            yield number, exit_.target


def _chosen(taken: Expr, leaf: Callable[[int], Expr]) -> Expr:
    """Return the choice between exits as one between what each comes to."""
    if taken.op is not Op.ITE:
        assert isinstance(taken.payload, int), f"{taken} is no number of an exit"
        return leaf(taken.payload)
    condition, then, otherwise = taken.args
    ways = _chosen(then, leaf), _chosen(otherwise, leaf)
    return ways[0] if ways[0] is ways[1] else ite(condition, *ways)


def _to(way: int | None, target: Expr, returns: dict[int, int]) -> Expr:
    """Return the address of the cache at which an exit goes on; one that is computed leads to one of some blocks."""
    if way is not None:
        return as_expr(way)
    known = iter(returns.items())
    _, goes = next(known)
    chosen = as_expr(goes)
    for pc, head in known:
        chosen = ite(eq(target, pc), head, chosen)
    return chosen


def _misses(taken: Expr, number: int, target: Expr, returns: dict[int, int]) -> Expr:
    """Return whether an exit is taken that leads to none of some blocks."""
    known: Expr = FALSE
    for pc in returns:
        known = eq(target, pc) if known is FALSE else either(known, eq(target, pc))
    return not_(known) if taken.op is not Op.ITE else not_(either(known, not_(eq(taken, number))))


class CacheRegions(Regions):
    """The regions of a translation cache. `isa` has their counts as slots."""

    def __init__(self, isa: Isa, memory: Memory, cache: TranslationCache) -> None:
        super().__init__(isa, memory)
        self._cache = cache
        self._words: dict[int, dict[int, Cell]] = {}

    def found(self, pc: int) -> Found | None:
        """Return the region that begins at an address of the cache, if there can be one."""
        walk = Walk(self.isa, self.memory.state, self._cache)
        found = walk.region(pc)
        self._words[pc] = walk.words
        return found

    def spans(self, found: Found) -> tuple[()]:
        """Return no words of memory: it is the cache that has to be as it was."""
        del found
        return ()

    def tag(self, pc: int) -> int:
        """Return what an address is known by in the table."""
        return super().tag(pc) | TAG

    def stale(self, region: Compiled) -> bool:
        """Say whether a word of the cache is another one now."""
        cells = self._cache.cells
        return any(cells[address] is not cell for address, cell in self._words[region.entry].items())
