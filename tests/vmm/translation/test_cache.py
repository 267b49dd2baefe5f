"""The translation cache: blocks are found, linked, ended and thrown away, and all of it goes back."""

from collections import Counter

import pytest
from attrs import evolve

from popek.engine.state import Journal
from popek.isa.classic import CLASSIC
from popek.vmm.translation.cache import TranslationCache
from popek.vmm.translation.cells import DOOR, EMPTY, Block, Call, Cell, Link


class Cached:
    """A cache with blocks of two words, a call and a link, that are made from one word of memory each."""

    def __init__(self, size: int = 16) -> None:
        self.journal, self.counts = Journal(), Counter[str]()
        self.memory: Counter[int] = Counter()
        self.cache = TranslationCache(
            size, self.journal, lambda address: self.memory[address], lambda n: self.counts.update([n])
        )
        self.journal.on = True

    def block(self, pc: int, source: int, context: tuple[int, ...] = (0, 0, 64)) -> int:
        """Translate a block, and return where it begins."""
        start = self.cache.place(2)
        cells: list[Cell] = [Call(pc, start, CLASSIC.decode(0x01000000), "translated"), Link(pc + 1, start)]
        self.cache.install(Block(start, start + 2, (*context, pc), {source: self.memory[source]}), cells)
        return start

    def store(self, address: int, word: int = 7) -> None:
        """Write a word of memory."""
        self.memory[address] = word
        self.cache.stored(address)

    def link(self, start: int) -> Link:
        """Return a block's link."""
        cell = self.cache.cells[start + 1]
        assert isinstance(cell, Link)
        return cell


@pytest.fixture
def made() -> Cached:
    """Return a cache."""
    return Cached()


def test_a_block_is_found_by_its_context_and_pc(made: Cached) -> None:
    """Under another R, or at another pc, there is nothing."""
    start = made.block(20, 120)
    assert made.cache.find((0, 0, 64, 20)) == start
    assert made.cache.find((0, 0, 63, 20)) == made.cache.find((0, 0, 64, 21)) == DOOR
    assert made.cache.lives(start, (0, 0, 64))
    assert not made.cache.lives(start, (1, 0, 64))


def test_a_store_ends_what_was_made_of_the_word(made: Cached) -> None:
    """And only that: other blocks stay, and a second store finds nothing any more."""
    first, second = made.block(20, 120), made.block(30, 130)
    made.store(120)
    made.store(120)
    made.store(125)
    assert made.cache.find((0, 0, 64, 20)) == DOOR
    assert made.cache.find((0, 0, 64, 30)) == second
    assert not made.cache.lives(first, (0, 0, 64))
    assert [c.pc for c in made.cache.cells[first : first + 2] if isinstance(c, Link)] == [20, 21]
    assert made.counts == {"invalidations": 1}


def test_a_store_of_the_same_word_ends_nothing(made: Cached) -> None:
    """What was made of the word is still right."""
    start = made.block(20, 120)
    made.store(120, 0)
    assert made.cache.find((0, 0, 64, 20)) == start
    assert not made.counts


def test_links_to_what_has_ended_lead_to_the_monitor(made: Cached) -> None:
    """A chain is undone with the block that it leads to."""
    first, second = made.block(20, 120), made.block(21, 121)
    made.cache.chain(first + 1, made.link(first), second)
    assert made.link(first).to == second
    made.store(121)
    assert made.link(first).to == DOOR
    assert made.link(first).pc == 21


def test_a_link_that_is_no_longer_there_is_not_changed(made: Cached) -> None:
    """What was thrown away meanwhile stays as it is now."""
    first = made.block(20, 120)
    old = evolve(made.link(first))
    made.cache.chain(first + 1, old, first)
    assert made.link(first).to == DOOR


def test_a_full_cache_is_emptied(made: Cached) -> None:
    """Seven blocks of two words fit in sixteen, the eighth does not."""
    starts = [made.block(20 + n, 120 + n) for n in range(8)]
    assert starts == [1, 3, 5, 7, 9, 11, 13, 1]
    assert made.counts == {"flushes": 1}
    assert made.cache.find((0, 0, 64, 26)) == DOOR
    assert made.cache.cells[3] is EMPTY
    made.store(121)
    assert made.counts == {"flushes": 1}


def test_everything_goes_back(made: Cached) -> None:
    """Blocks, links, ends and flushes are taken back through the journal."""
    made.cache.chain(made.block(20, 120) + 1, made.link(1), 1)
    before = {n: c.copy() for n, c in made.cache.containers().items()}
    made.journal.take()
    made.store(120)
    for n in range(9):
        made.block(40 + n, 140 + n)
    Journal.undo(made.journal.take())
    assert {n: c.copy() for n, c in made.cache.containers().items()} == before


def test_a_block_must_fit(made: Cached) -> None:
    """Asking for more than there can ever be is a mistake of ours."""
    with pytest.raises(AssertionError, match="a block of 16 words, in a cache for 15"):
        made.cache.place(16)
