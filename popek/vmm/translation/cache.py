"""The translation cache: blocks by context and pc, links between them, and the words they were translated from.

It must at any time mean what the guest's memory means. So whoever changes a word of physical memory, whoever that is,
ends every block that was translated from it: its words, and the links that lead to it, lead to the monitor from then
on. All of the cache goes through the machine's journal, and so goes back with the machine.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import evolve

from popek.engine.state import Journal
from popek.vmm.translation.cells import DOOR, EMPTY, Block, Cell, Context, Empty, Key, Link


class TranslationCache:
    """`size` words; `read` gives a word of physical memory, and `count` is told what happens, by name."""

    def __init__(self, size: int, journal: Journal, read: Callable[[int], int], count: Callable[[str], None]) -> None:
        self._journal = journal
        self._read = read
        self._count = count
        self.cells: list[Cell] = [EMPTY] * size
        self.blocks: dict[int, Block] = {}
        self.heads: dict[Key, int] = {}
        self._sources: dict[int, tuple[int, ...]] = {}
        self._incoming: dict[int, tuple[int, ...]] = {}
        self._notes: dict[str, int] = {"next": DOOR + 1}

    def containers(self) -> dict[str, Any]:
        """Name every list and dict that it changes."""
        return {
            "cells": self.cells,
            "blocks": self.blocks,
            "heads": self.heads,
            "sources": self._sources,
            "incoming": self._incoming,
            "notes": self._notes,
        }

    @property
    def room(self) -> int:
        """How many words the largest possible block has."""
        return len(self.cells) - DOOR - 1

    def find(self, key: Key) -> int:
        """Return where a block begins; the door if there is none."""
        return self.heads.get(key, DOOR)

    def lives(self, address: int, context: Context) -> bool:
        """Say whether a word is code that was translated for a context, and still is."""
        cell = self.cells[address] if address < len(self.cells) else EMPTY
        return not isinstance(cell, Link | Empty) and self.blocks[cell.block].context == context

    def place(self, words: int) -> int:
        """Return where a block of so many words can go; if the cache is full, it is emptied."""
        assert words <= self.room, f"a block of {words} words, in a cache for {self.room}"
        if self._notes["next"] + words > len(self.cells):
            self._flush()
        return self._notes["next"]

    def install(self, block: Block, cells: Sequence[Cell]) -> None:
        """Put a block where there was place for it."""
        write = self._journal.write
        for address, cell in enumerate(cells, block.start):
            write(self.cells, address, cell)
        write(self._notes, "next", block.end)
        write(self.blocks, block.start, block)
        write(self.heads, block.key, block.start)
        for source in block.sources:
            write(self._sources, source, (*self._sources.get(source, ()), block.start))

    def chain(self, address: int, link: Link, start: int) -> None:
        """Make a link lead to a block from now on, unless it is no longer there."""
        if self.cells[address] is link:
            self._journal.write(self.cells, address, evolve(link, to=start))
            self._journal.write(self._incoming, start, (*self._incoming.get(start, ()), address))

    def stored(self, address: int) -> None:
        """Take note that a word of physical memory was written; what was made of another one ends."""
        for start in self._sources.get(address, ()):
            block = self.blocks[start]
            if block.sources[address] != self._read(address):
                self.end(block)
                self._count("invalidations")

    def check(self) -> None:
        """End what was made of other words than are there now, where it was not told of every store."""
        for address in list(self.sources):
            self.stored(address)

    @property
    def sources(self) -> Iterator[int]:
        """The addresses of all words of physical memory that some block was made of."""
        return (address for address, starts in self._sources.items() if starts)

    def end(self, block: Block) -> None:
        """Make a block lead to the monitor, wherever one is in it or comes to it."""
        write = self._journal.write
        write(self.heads, block.key, DOOR)
        for source in block.sources:
            write(self._sources, source, tuple(s for s in self._sources[source] if s != block.start))
        for address in range(block.start, block.end):
            self._unlink(address, block.start)
        for address in self._incoming.get(block.start, ()):
            cell = self.cells[address]
            if isinstance(cell, Link) and cell.to == block.start:
                self._unlink(address, cell.block)
        write(self._incoming, block.start, ())

    def _unlink(self, address: int, block: int) -> None:
        cell = self.cells[address]
        assert not isinstance(cell, Empty)
        self._journal.write(self.cells, address, Link(cell.pc, block))

    def _flush(self) -> None:
        write = self._journal.write
        for address in range(self._notes["next"]):
            write(self.cells, address, EMPTY)
        tables: tuple[dict[Any, Any], ...] = (self.heads, self.blocks, self._sources, self._incoming)
        for table in tables:
            for key in list(table):
                self._journal.remove(table, key)
        write(self._notes, "next", DOOR + 1)
        self._count("flushes")
