"""The translator: from the guest's code, as it stands in memory now, to a block for the cache.

A block begins at some pc and goes on, word after word, to the first instruction that does not simply go on to the next
one, or that changes what code means (the mode, or R); to a word that is no instruction; or to its greatest length.
What is run directly is copied, everything else becomes a call.
"""

from collections.abc import Callable, Iterator

from attrs import field, frozen

from popek.engine import reference
from popek.engine.compiled import closure
from popek.engine.state import Readable
from popek.isa.architecture import Decoded, Isa
from popek.isa.encoding import WORD_MASK
from popek.isa.expression import Expr, Op, operand, subtrees
from popek.isa.slot import BASE, BOUND, MODE, PC, USER, Slot
from popek.vmm.monitor import Plan, Treatment
from popek.vmm.translation.cells import Block, Call, Cell, Context, Copy, Guard, Key, Link
from popek.vmm.translation.own_pc import Copied, copied
from popek.vmm.virtual import VirtualState

LONGEST = 32
"""Words of the guest in a block, at most."""


def deciding(isa: Isa) -> tuple[Slot, ...]:
    """Return the slots that decide which word is fetched at a pc, and how it is run."""
    named = {e.payload for part in isa.fetch for e in subtrees(part) if e.op is Op.SLOT}
    return tuple(s for s in isa.slots if s in named | {MODE, BASE, BOUND})


@frozen
class Piece:
    """One instruction of a block to be: copied if there is a `meaning`, and then tested first if it is `guarded`.

    `source` is the real address of its word, if that can be fetched.
    """

    pc: int
    source: int | None
    word: int
    decoded: Decoded | None
    way: str
    meaning: Copied | None = None
    guarded: bool = False
    stays: bool = True
    ends: bool = True

    @property
    def links(self) -> int:
        """How many jumps it needs: one for each exit that is known now, unless it falls through."""
        if self.meaning is None or not self.stays or self.meaning.falls:
            return 0
        return sum(e.settled for e in self.meaning.exits)

    @property
    def words(self) -> int:
        """How many words of the cache it takes."""
        return 1 + self.guarded + self.links

    @property
    def open(self) -> bool:
        """Whether a block that ends with it must end with a jump: it goes on to the next word by itself."""
        return self.meaning is not None and not self.ends


@frozen(eq=False)
class Translator:
    """Translates for one guest. `way` says how a decoded instruction is run, by plan; `disturbs` which copies trap."""

    isa: Isa
    way: Callable[[Plan, Decoded], Treatment]
    disturbs: Callable[[int, int], bool]
    context: tuple[Slot, ...] = field(init=False)
    _real: Expr = field(init=False)

    @_real.default
    def _where(self) -> Expr:
        rules = self.isa.translation
        return rules.lower(rules.real(operand("pc")))

    @context.default
    def _context(self) -> tuple[Slot, ...]:
        return deciding(self.isa)

    def key(self, context: Context, pc: int) -> Key:
        """Return what a block at a pc is found by."""
        return *context, pc

    def pieces(self, virtual: VirtualState, plan: Plan, room: int) -> list[Piece]:
        """Return the instructions of the block at the virtual pc, which with a last jump must find room."""
        found: list[Piece] = []
        for piece in self._upcoming(virtual, plan):
            if words([*found, piece]) > room:
                return found or [Piece(piece.pc, piece.source, piece.word, piece.decoded, Treatment.TRANSLATED.value)]
            found.append(piece)
            if piece.ends or len(found) == LONGEST:
                break
        return found

    def _upcoming(self, virtual: VirtualState, plan: Plan) -> Iterator[Piece]:
        pc = virtual.slot(PC)
        while True:
            yield self._piece(virtual, plan, pc)
            pc = (pc + 1) & WORD_MASK

    def _piece(self, virtual: VirtualState, plan: Plan, pc: int) -> Piece:
        called = Treatment.TRANSLATED.value
        word = reference.fetched(self.isa, virtual, pc)
        if word is None:
            return Piece(pc, None, 0, None, called)
        source = virtual.allotment.base + closure(self._real)(virtual, {"pc": pc})
        decoded = self.isa.decode(word)
        if decoded is None:
            return Piece(pc, source, word, None, called)
        way = self.way(plan, decoded)
        if way is not Treatment.DIRECT:
            return Piece(pc, source, word, decoded, way.value, ends=not self._goes_on(decoded, virtual.slot(MODE)))
        meaning = copied(self.isa.lowered(decoded.instruction, USER))
        stays = not meaning.writes(self.context)
        guarded = self.disturbs(source, word) and bool(meaning.behaviour.traps)
        ends = not (meaning.falls and stays)
        return Piece(pc, source, word, decoded, way.value, meaning, guarded, stays, ends)

    def _goes_on(self, decoded: Decoded, mode: int) -> bool:
        """Say whether an instruction that is called leaves the guest at the next word, in the same context."""
        meaning = copied(self.isa.lowered(decoded.instruction, mode))
        return meaning.falls and not meaning.writes(self.context)


def laid_out(pieces: list[Piece], start: int, key: Key, state: Readable) -> tuple[Block, list[Cell]]:
    """Return a block that begins at `start`, and its words."""
    cells: list[Cell] = []
    for piece in pieces:
        cells += _cells(piece, start, start + len(cells), state)
    last = pieces[-1]
    if last.open:
        cells.append(Link((last.pc + 1) & WORD_MASK, start))
    sources = {p.source: p.word for p in pieces if p.source is not None}
    return Block(start, start + len(cells), key, sources), cells


def words(pieces: list[Piece]) -> int:
    """Return how many words of the cache a block takes."""
    return sum(p.words for p in pieces) + pieces[-1].open


def _cells(piece: Piece, block: int, address: int, state: Readable) -> Iterator[Cell]:
    if piece.meaning is None:
        yield Call(piece.pc, block, piece.decoded, piece.way)
        return
    assert piece.decoded is not None
    assert piece.source is not None
    if piece.guarded:
        yield Guard(piece.pc, block)
    values = {**piece.decoded.values, "word": piece.decoded.word, "own.pc": piece.pc}
    exits: list[int | None] = [None] * len(piece.meaning.exits)
    jumps: list[Link] = []
    if piece.links:
        for n, way in enumerate(piece.meaning.exits):
            if way.settled:
                exits[n] = address + piece.guarded + 1 + len(jumps)
                jumps.append(Link(closure(way.target)(state, values), block))
    yield Copy(piece.pc, block, piece.decoded, piece.meaning, values, tuple(exits), piece.source, piece.stays)
    yield from jumps
