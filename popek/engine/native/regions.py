"""The regions of one state: made where the loop is hot, and dropped when their words change.

Whether they have changed is looked at whenever compiled code stops for it, and whenever Python has had the state: then
anything may have been written, by a device, a monitor, or whoever steps back. So nobody needs to tell.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from attrs import frozen

from popek.engine.native import llvm
from popek.engine.native.context import VALID, WORDS, Entry
from popek.engine.native.discover import Discovery, Found
from popek.engine.native.entry import indexed
from popek.engine.native.llvm import Loaded
from popek.engine.native.memory import Memory
from popek.engine.native.region import Region
from popek.engine.native.unfold import Size
from popek.engine.state import Words
from popek.isa.architecture import Isa

PATIENCE = 4
"""How often one address is compiled; a program that changes it more often is left to the interpreter."""


PLAIN, UNFOLDED = Size(), Size(96, 600)
"""How far a region is unfolded: first not at all, and then if it is worth it."""

WORTH = 1_000_000
"""After so many steps for each of its instructions, a region is made anew: in about the time that doing so takes."""

FOR_EVER = 1 << 62


@frozen(eq=False)
class Compiled:
    """A region in memory: its entry in the table, and the spans of words that it was made from."""

    entry: int
    index: int
    spans: tuple[tuple[int, Words], ...]
    loaded: Loaded

    def addresses(self) -> Iterator[int]:
        """Give the physical addresses of its words."""
        for start, words in self.spans:
            yield from range(start, start + len(words))


class Regions:
    """All regions of a state."""

    def __init__(self, isa: Isa, memory: Memory) -> None:
        self.isa, self.memory = isa, memory
        self.alive: list[Compiled] = []
        self._made: Counter[tuple[int, int]] = Counter()

    def add(self, pc: int) -> None:
        """Compile the region that begins at a pc, if there can be one."""
        state = self.memory.state
        index = indexed(self.isa, pc, state.slots)
        before = [r for r in self.alive if r.entry == pc and r.index == index]
        if not before and self._made[pc, index] >= PATIENCE:
            return
        self._made[pc, index] += not before
        found = self.found(pc)
        for region in before:
            self._drop(region)
        if found is None:
            self._made[pc, index] = PATIENCE
            return
        written = Region(self.isa, found, state.size, UNFOLDED if before else PLAIN)
        loaded = _loaded(written.write(), quickly=not before)
        self.alive.append(Compiled(pc, index, self.spans(found), loaded))
        self.memory.marks.claim(self.alive[-1].addresses())
        entry = {
            Entry.TAG: self.tag(pc) | VALID,
            Entry.CODE: loaded.address("region"),
            Entry.MAY: FOR_EVER if before else WORTH * len(found.code),
            Entry.NEEDS: len(written.trees.trees[pc].block),
        }
        for word, number in entry.items():
            self.memory.table[WORDS * index + word] = number

    def check(self) -> None:
        """Drop the regions whose words are not any more what they were."""
        for region in [r for r in self.alive if self.stale(r)]:
            self._drop(region)

    def found(self, pc: int) -> Found | None:
        """Return the region that begins at a pc, if there can be one."""
        return Discovery(self.isa, self.memory.state).region(pc)

    def spans(self, found: Found) -> tuple[tuple[int, Words], ...]:
        """Return the words of memory of which a region is made."""
        return _spans(found)

    def tag(self, pc: int) -> int:
        """Return what a pc is known by in the table."""
        return pc

    def stale(self, region: Compiled) -> bool:
        """Say whether a region's words are not any more what they were."""
        words = self.memory.state.memory
        return any(words[a : a + len(w)] != w for a, w in region.spans)

    def _drop(self, region: Compiled) -> None:
        self.alive.remove(region)
        start = WORDS * region.index
        if self.memory.table[start + Entry.CODE] == region.loaded.address("region"):
            self.memory.table[start + Entry.TAG] = 0
        self.memory.marks.release(region.addresses())


@lru_cache(maxsize=256)
def _loaded(text: str, *, quickly: bool) -> Loaded:
    """Return a region's code; many virtual machines that do the same share it."""
    return Loaded(llvm.compiled(text, quickly=quickly))


def _spans(found: Found) -> tuple[tuple[int, Words], ...]:
    """Return the words of a region as they lie in memory."""
    words = {p.physical: p.word for p in found.code.values()}
    spans: list[tuple[int, Words]] = []
    for address in sorted(words):
        if not spans or spans[-1][0] + len(spans[-1][1]) != address:
            spans.append((address, Words("I")))
        spans[-1][1].append(words[address])
    return tuple(spans)
