"""The Python tier: hot code as regions, everything else one attempt at a time, with functions made for it.

Exactly the reference, step for step. What is not exact by construction is held by three rules. Time: a region gets no
more instructions than the first clock has left, and no instruction in it looks at a clock; so the ticks may be done at
its end. Traps: a region ends before an instruction that traps. Code: a region is valid as long as its words are what
they were when it was made; that is looked up when it is wanted first in each call, since anybody may have written to
memory in between, and again after each store to a word that some region was made from.
"""

from attrs import define, field, frozen

from popek.engine.generated.attempts import Attempt, Attempts
from popek.engine.generated.piece import Place
from popek.engine.generated.region import Region, build
from popek.engine.reference import Event, Kind
from popek.engine.state import State
from popek.engine.tiers import Sprint, Stop
from popek.isa.architecture import Decoded, Isa
from popek.isa.behaviour import Cause, Trap
from popek.isa.encoding import WORD_MASK
from popek.isa.slot import BASE, BOUND, HALTED, MODE, PC, RUN

HOT = 8
"""How often a run must have arrived somewhere before a region is made there."""

REMADE = 4
"""How often a region is made anew because its words have changed; what changes more often is not compiled."""

MOST_REGIONS, MOST_PLACES, MOST_ARRIVALS, MOST_WORDS = 256, 64, 4096, 4096
"""Where the caches are emptied."""

LONGEST = 1 << 29
"""Instructions that a region is given at most: Python is fastest with integers below 2^30."""


@frozen(eq=False)
class _Code:
    """An instruction word, ready to be attempted."""

    decoded: Decoded
    attempt: Attempt
    arguments: tuple[int, ...]
    traps: tuple[Trap, ...]
    plain: bool


@define(eq=False)
class _Here:
    """What is known of the code of one place: entries by pc, how often others were arrived at, and how often remade."""

    place: Place
    entries: dict[int, tuple[Region, int]] = field(factory=dict)
    arrivals: dict[int, int] = field(factory=dict)
    made: dict[int, int] = field(factory=dict)


class PythonTier:
    """Advances one state of one ISA."""

    name = "python"

    def __init__(self, isa: Isa, state: State, hot: int = HOT) -> None:
        self.isa = isa
        self._hot = hot
        self.state = state
        self._marks = bytearray(state.size)
        self._valid: dict[Region, bool] = {}
        attempts = self._attempts = Attempts.on(isa, state, self._marks, self._valid)
        self._fetch, self._ready = attempts.fetch(), attempts.ready()
        self._tick, self._swap = attempts.tick(), attempts.swap()
        self._ticked = tuple(isa.tick.writes)
        self._codes: dict[tuple[int, int], _Code | None] = {}
        self._places: dict[tuple[int, int, int], _Here] = {}
        self._regions = 0

    def advance(self, budget: int, *, trapped: bool, traps: bool = True) -> Sprint:
        """Do at most `budget` steps; see `tiers.Tier`."""
        slots = self.state.slots
        self._valid.clear()
        steps = interrupts = 0
        last: Event | None = None
        arrived = True
        stop = Stop.BUDGET
        while steps < budget:
            if slots[RUN] == HALTED:
                break
            source = self._ready()
            if source >= 0:
                if not traps:
                    stop = Stop.HAND_OVER
                    break
                self._interrupt(source)
                steps, interrupts = steps + 1, interrupts + 1
                trapped, last, arrived = False, None, True
                continue
            done = self._in_region(budget - steps, arrived=arrived)
            if done:
                steps += done
                trapped, last, arrived = False, None, True
                continue
            before = [slots[s] for s in self._ticked]
            self._tick()
            pc = slots[PC]
            code, trap = self._attempt(pc)
            if trap is None:
                assert code is not None
                steps += 1
                arrived = not code.plain or slots[PC] != pc + 1
                trapped, last = False, None
                continue
            if trapped or not traps:
                slots.update(zip(self._ticked, before, strict=True))
                stop = Stop.HAND_OVER
                break
            last = self._trap(code, trap)
            steps += 1
            trapped = arrived = True
        if slots[RUN] == HALTED:
            stop = Stop.HALTED
        return Sprint(steps, steps - interrupts, stop, last)

    def _interrupt(self, number: int) -> None:
        source = self.isa.cycle.interrupts[number]
        self.state.slots[source.pending] = 0
        self._swap((self.state.slots[PC] + source.cause.old_pc) & WORD_MASK, source.cause, 0)

    def _trap(self, code: _Code | None, trap: tuple[Cause, int, bool]) -> Event:
        slots = self.state.slots
        cause, detail, privilege = trap
        decoded = code.decoded if code else None
        event = Event(Kind.TRAP, slots[PC], slots[MODE], decoded, cause, detail, privilege)
        self._swap((event.pc + cause.old_pc) & WORD_MASK, cause, detail)
        return event

    def _attempt(self, pc: int) -> tuple[_Code | None, tuple[Cause, int, bool] | None]:
        """Attempt the instruction at the pc; return it, and the trap that it makes, which is not taken yet."""
        word = self._fetch(pc)
        if word < 0:
            return None, (Cause.MEMORY, pc, False)
        key = word, self.state.slots[MODE]
        if key not in self._codes:
            if len(self._codes) >= MOST_WORDS:
                self._codes.clear()
            self._codes[key] = self._code(*key)
        code = self._codes[key]
        if code is None:
            return None, (Cause.ILLEGAL, word, False)
        found = code.attempt(*code.arguments)
        if found is None:
            return code, None
        number, detail = found
        trap = code.traps[number]
        return code, (trap.cause, detail, trap.privilege)

    def _code(self, word: int, mode: int) -> _Code | None:
        decoded = self.isa.decode(word)
        if decoded is None:
            return None
        instruction = decoded.instruction
        values = (*(decoded.values[o.field.name] & WORD_MASK for o in instruction.format), word)
        behaviour = self.isa.lowered(instruction, mode)
        plain = Place(self.isa, mode, 0, 0, 0).fits(decoded)
        return _Code(decoded, self._attempts.instruction(instruction, mode), values, behaviour.traps, plain)

    def _in_region(self, most: int, *, arrived: bool) -> int:
        """Run the region that begins at the pc, if there is one; return how many instructions were done."""
        slots = self.state.slots
        pc = slots[PC]
        key = slots[MODE], slots[BASE], slots[BOUND]
        here = self._places.get(key) or self._place(key)
        entry = here.entries.get(pc)
        if entry is None:
            entry = self._arrive(here, pc) if arrived else None
        elif entry[0] not in self._valid and not self._validate(here, entry[0]):
            entry = None
        if entry is None:
            return 0
        clocks = self.isa.clocks
        n = min(most, LONGEST, *(slots[c] or LONGEST for c in clocks))
        region, head = entry
        done = n - region.run(n, head)
        if done:
            for clock in clocks:
                if slots[clock]:
                    slots[clock] -= done - 1
            self._tick()
        return done

    def _place(self, key: tuple[int, int, int]) -> _Here:
        if len(self._places) >= MOST_PLACES:
            self._forget()
        here = self._places[key] = _Here(Place(self.isa, *key, self.state.size))
        return here

    def _arrive(self, here: _Here, pc: int) -> tuple[Region, int] | None:
        """Count an arrival, and make a region where there have been enough."""
        count = here.arrivals.get(pc, 0) + 1
        here.arrivals[pc] = count
        if count != self._hot:
            if len(here.arrivals) > MOST_ARRIVALS:
                here.arrivals.clear()
            return None
        if self._regions >= MOST_REGIONS:
            self._forget()
            return None
        region = build(here.place, pc, self.state, self._marks, self._valid)
        if region is None:
            return None
        self._regions += 1
        here.made[pc] = here.made.get(pc, 0) + 1
        for head, number in region.heads.items():
            here.entries.setdefault(head, (region, number))
        here.entries[pc] = region, region.heads[pc]
        self._valid[region] = True
        return here.entries[pc]

    def _validate(self, here: _Here, region: Region) -> bool:
        """Say whether a region's words are what they were; if not, it is forgotten, and may be made again."""
        memory = self.state.memory
        if all(memory[a : a + len(words)] == words for a, words in region.words):
            self._valid[region] = True
            return True
        for pc in [pc for pc, (r, _) in here.entries.items() if r is region]:
            del here.entries[pc]
            here.arrivals[pc] = 0 if here.made.get(pc, 0) < REMADE else self._hot
        return False

    def _forget(self) -> None:
        """Empty the caches."""
        self._places.clear()
        self._valid.clear()
        self._marks[:] = bytes(len(self._marks))
        self._regions = 0


def make(isa: Isa, state: State) -> PythonTier:
    """Return the Python tier for a state."""
    return PythonTier(isa, state)
