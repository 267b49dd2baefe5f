"""Discovery: which words, from a hot address on, belong together in a region, and how control goes between them.

All of it is found out from the behaviours: where an instruction goes on is what it writes to the pc, with the operands
and the resources as they are. An instruction that could change a resource, ask for the time, touch a device, or that
always traps, is not part of a region; neither is what comes after the largest number of instructions.
"""

from collections import deque
from collections.abc import Mapping

from attrs import field, frozen

from popek.engine.compiled import closure
from popek.engine.native import behaviours, specialise
from popek.engine.native.clocks import timed, touches
from popek.engine.native.specialise import constant
from popek.engine.state import State
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Put
from popek.isa.encoding import WORD_MASK
from popek.isa.expression import TRUE, Expr, Op, operand, real, subtrees
from popek.isa.slot import MODE, PC, REGISTERS, Role, Slot

LARGEST = 100
"""Instructions that a region may have; the time that it takes to compile grows faster than this."""


@frozen
class Placed:
    """One instruction of a region, at a virtual address: what it does there, the pc being known."""

    pc: int
    behaviour: Behaviour = field(repr=False)
    word: int = field(repr=False)
    physical: int = field(repr=False)

    @property
    def goes(self) -> Expr:
        """The next pc."""
        return self.behaviour.writes[PC]

    @property
    def targets(self) -> tuple[int, ...]:
        """Where it may go on, as far as that is known."""
        ways = self.goes.args[1:] if self.goes.op is Op.ITE else (self.goes,)
        return tuple(w for w in map(constant, ways) if w is not None)

    @property
    def on(self) -> int:
        """The address of the next word."""
        return (self.pc + 1) & WORD_MASK

    @property
    def links(self) -> bool:
        """Whether it leaves the address of the next word somewhere, and goes elsewhere itself."""
        kept = {constant(e.value) for e in self.behaviour.effects if isinstance(e, Put)}
        return self.on in kept and self.targets != (self.on,)


@frozen
class Found:
    """A region to be: its instructions by address, where blocks begin, where it may be entered, and what it assumes."""

    entry: int
    code: Mapping[int, Placed]
    leaders: tuple[int, ...]
    entries: tuple[int, ...]
    assumed: Mapping[Slot, int]


class Discovery:
    """Walks code as it is in a state now."""

    def __init__(self, isa: Isa, state: State) -> None:
        self.isa, self.state = isa, state
        self.resources: dict[Slot | str, int] = {s: state.slot(s) for s in isa.slots if s.role is Role.RESOURCE}
        self._forbidden = timed(isa)
        self._fault, self._word = map(closure, isa.fetch)
        self._physical = closure(isa.translation.lower(real(operand("pc"))))

    def region(self, entry: int) -> Found | None:
        """Return the region that begins at an address; nothing if its first instruction cannot be part of one."""
        code: dict[int, Placed] = {}
        links: set[int] = set()
        waiting = deque([entry])
        while waiting and len(code) < LARGEST:
            pc = waiting.popleft()
            while pc not in code and len(code) < LARGEST:
                placed = self._placed(pc)
                if placed is None:
                    break
                code[pc] = placed
                if placed.links:
                    links.add(placed.on)
                waiting.extend(t for t in placed.targets if t != placed.on)
                if placed.links:
                    waiting.append(placed.on)
                if placed.on not in placed.targets:
                    break
                pc = placed.on
        if entry not in code:
            return None
        jumped = {t for p in code.values() if p.targets != (p.on,) for t in p.targets}
        entries = sorted({entry, *(a for a in links if a in code)})
        leaders = sorted({*entries, *(t for t in jumped if t in code)})
        return Found(entry, code, tuple(leaders), tuple(entries), self._assumed(code))

    def _placed(self, pc: int) -> Placed | None:
        values = {"pc": pc}
        if self._fault(self.state, values):
            return None
        word = self._word(self.state, values)
        decoded = self.isa.decode(word)
        if decoded is None:
            return None
        general = behaviours.effective(self.isa.lowered(decoded.instruction, self.state.slot(MODE)))
        if not allowed(general, self._forbidden):
            return None
        known: dict[Slot | str, int] = {PC: pc, "word": word}
        known |= self.resources
        known.update(**decoded.values)
        here = specialise.behaviour(general, known, self.state.size)
        return Placed(pc, here, word, self._physical(self.state, values)) if plain(here) else None

    def _assumed(self, code: Mapping[int, Placed]) -> Mapping[Slot, int]:
        """Return the resources that the code was specialised by, and their values."""
        used: set[Slot] = {MODE, *(s for root in self.isa.fetch for s in _slots(root))}
        for placed in code.values():
            decoded = self.isa.decode(placed.word)
            assert decoded is not None
            general = self.isa.lowered(decoded.instruction, self.resources[MODE])
            used |= {e.payload for e in behaviours.mentioned(general) if isinstance(e.payload, Slot)}
        return {s: self.resources[s] for s in self.isa.slots if s in used and s in self.resources}


def _slots(root: Expr) -> set[Slot]:
    return {e.payload for e in subtrees(root) if isinstance(e.payload, Slot)}


def allowed(behaviour: Behaviour, forbidden: frozenset[Slot]) -> bool:
    """Say whether a behaviour is about program state alone, but for slots that are forbidden, and can be compiled."""
    return (
        behaviours.compilable(behaviour)
        and not touches(behaviour, forbidden)
        and all(s.role is Role.PROGRAM for s in behaviour.writes)
        and not any(t.when == TRUE for t in behaviour.traps)
    )


def plain(behaviour: Behaviour) -> bool:
    """Say whether every register in a behaviour is known by its number, and no trap is certain."""
    numbers = [e.args[0] for e in behaviours.mentioned(behaviour) if e.payload is REGISTERS]
    numbers += [e.index for e in behaviour.effects if isinstance(e, Put) and e.array is REGISTERS]
    known = all((n := constant(e)) is not None and n < 16 for e in numbers)
    return known and not any(t.when == TRUE for t in behaviour.traps)
