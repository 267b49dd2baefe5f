"""Discovery: which words, from a hot address on, belong together in a region, and how control goes between them.

All of it is found out from the behaviours: where an instruction goes on is what it writes to the pc, with the operands
and the resources as they are. An instruction that could change a resource, ask for the time, touch a device, or that
always traps, is not part of a region; neither is what comes after the largest number of instructions.
"""

from collections import deque
from collections.abc import Mapping

from attrs import evolve, field, frozen

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
    link: int | None = None
    """Where the routine that it calls comes back to, if it is a call: it leaves that somewhere, and goes elsewhere."""

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
    def computed(self) -> bool:
        """Whether where it goes on is only known when it is executed."""
        return self.goes.op is not Op.ITE and constant(self.goes) is None

    @property
    def on(self) -> int:
        """The address of the next word."""
        return (self.pc + 1) & WORD_MASK


@frozen
class Found:
    """A region to be: its instructions by address, where blocks begin, where it may be entered, and what it assumes.

    `returns` are the places behind its calls, by what a computed jump has as its target to go there. If it is `closed`,
    a jump that has another one is not made in it.
    """

    entry: int
    code: Mapping[int, Placed]
    leaders: tuple[int, ...]
    entries: tuple[int, ...]
    assumed: Mapping[Slot, int]
    returns: Mapping[int, int]
    closed: bool = False


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
        waiting = deque([entry])
        while waiting and len(code) < LARGEST:
            pc = waiting.popleft()
            while pc not in code and len(code) < LARGEST:
                placed = self._placed(pc)
                if placed is None:
                    break
                code[pc] = placed
                waiting.extend(t for t in placed.targets if t != placed.on)
                if placed.link is not None:
                    waiting.append(placed.link)
                if placed.on not in placed.targets:
                    break
                pc = placed.on
        if entry not in code:
            return None
        jumped = {t for p in code.values() if p.targets != (p.on,) for t in p.targets}
        links = sorted({p.link for p in code.values() if p.link in code})
        entries = sorted({entry, *links})
        leaders = sorted({*entries, *(t for t in jumped if t in code)})
        return Found(entry, code, tuple(leaders), tuple(entries), self._assumed(code), {a: a for a in links})

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
        if not plain(here):
            return None
        placed = Placed(pc, here, word, self._physical(self.state, values))
        calls = placed.on in kept(here) and placed.targets != (placed.on,)
        return evolve(placed, link=placed.on) if calls else placed

    def _assumed(self, code: Mapping[int, Placed]) -> Mapping[Slot, int]:
        """Return the resources that the code was specialised by, and their values."""
        used: set[Slot] = {MODE, *(s for root in self.isa.fetch for s in _slots(root))}
        for placed in code.values():
            decoded = self.isa.decode(placed.word)
            assert decoded is not None
            general = self.isa.lowered(decoded.instruction, self.resources[MODE])
            used |= {e.payload for e in behaviours.mentioned(general) if isinstance(e.payload, Slot)}
        return {s: self.resources[s] for s in self.isa.slots if s in used and s in self.resources}


def kept(behaviour: Behaviour) -> frozenset[int | None]:
    """Return the constants that a behaviour leaves in an array, which may be where a routine is to come back to."""
    return frozenset(constant(e.value) for e in behaviour.effects if isinstance(e, Put))


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
