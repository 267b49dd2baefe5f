"""The Python tier: hot code as regions, everything else one attempt at a time, with functions made for it.

Exactly the reference, step for step. What is not exact by construction is held by three rules. Time: a region gets no
more instructions than the first clock has left, and no instruction in it looks at a clock; so the ticks may be done at
its end. Traps: a region ends before an instruction that traps. Code: a region is valid as long as its words are what
they were when it was made; that is looked up when it is wanted first in each call, since anybody may have written to
memory in between, and again after each store to a word that some region was made from.
"""

from attrs import define, field

from popek.engine.generated.attempts import Attempts
from popek.engine.generated.depth import shallow
from popek.engine.generated.piece import Place
from popek.engine.generated.region import Region, build
from popek.engine.generated.steps import Steps, Trapped, Trapping, event
from popek.engine.state import State
from popek.engine.tiers import Sprint, Stop
from popek.isa.architecture import Isa
from popek.isa.slot import BASE, BOUND, HALTED, MODE, PC, RUN

HOT = 8
"""How often a run must have arrived somewhere before a region is made there."""

REMADE = 4
"""How often a region is made anew because its words have changed; what changes more often is not compiled."""

MOST_REGIONS, MOST_PLACES, MOST_ARRIVALS = 256, 64, 4096
"""Where the caches are emptied."""

LONGEST = 1 << 29
"""Instructions that a region is given at most: Python is fastest with integers below 2^30."""


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
        self.marks = bytearray(state.size)
        self.valid: dict[Region, bool] = {}
        self.steps = Steps(isa, Attempts.on(isa, state, self.marks, self.valid), state.slots)
        self._before: list[int] = []
        self._places: dict[tuple[int, int, int], _Here] = {}
        self._regions = 0

    def advance(self, budget: int, *, trapped: bool, traps: bool = True) -> Sprint:
        """Do at most `budget` steps; see `tiers.Tier`."""
        self.begin()
        steps = interrupts = 0
        last: Trapped | None = None
        stop = Stop.BUDGET
        while steps < budget:
            done, end = self.directly(budget - steps)
            if done:
                steps += done
                trapped, last = False, None
            if end is None:
                break
            if not traps or (trapped and not isinstance(end, int)):
                self.take_back(end)
                stop = Stop.HAND_OVER
                break
            steps += 1
            if isinstance(end, int):
                self.steps.interrupt(end)
                interrupts += 1
                trapped, last = False, None
            else:
                last = self.steps.trap(end)
                trapped = True
        if self.state.slots[RUN] == HALTED:
            stop = Stop.HALTED
        return Sprint(steps, steps - interrupts, stop, event(last))

    def begin(self) -> None:
        """Take nothing for valid, since somebody else has had the state."""
        self.valid.clear()

    def directly(self, budget: int) -> tuple[int, int | Trapping | None]:
        """Do at most `budget` steps that are neither traps nor interrupts, and return how many, and what comes next.

        That is an interrupt, by its number, or a trap, of the attempt at which the clocks have ticked; neither is
        taken. Nothing: the budget is used up, or the processor has halted.
        """
        slots, step = self.state.slots, self.steps
        ready, tick, attempt, in_region = step.ready, step.tick, step.attempt, self._in_region
        done, arrived = 0, True
        while done < budget:
            if slots[RUN] == HALTED:
                break
            source = ready()
            if source >= 0:
                return done, source
            some = in_region(budget - done, arrived=arrived)
            if some:
                done += some
                arrived = True
                continue
            self._before = step.times()
            tick()
            pc = slots[PC]
            code, trap = attempt(pc)
            if trap is not None:
                return done, trap
            assert code is not None
            done += 1
            arrived = not code.plain or slots[PC] != pc + 1
        return done, None

    def take_back(self, end: int | Trapping) -> None:
        """Take back that the clocks have ticked at a trap that is not taken after all."""
        if not isinstance(end, int):
            self.steps.take_back(self._before)

    def _in_region(self, most: int, *, arrived: bool) -> int:
        """Run the region that begins at the pc, if there is one; return how many instructions were done."""
        slots = self.state.slots
        pc = slots[PC]
        key = slots[MODE], slots[BASE], slots[BOUND]
        here = self._places.get(key) or self._place(key)
        entry = here.entries.get(pc)
        if entry is None:
            entry = self._arrive(here, pc) if arrived else None
        elif entry[0] not in self.valid and not self._validate(here, entry[0]):
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
            self.steps.tick()
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
        region = build(here.place, pc, self.state, self.marks, self.valid)
        if region is None:
            return None
        self._regions += 1
        here.made[pc] = here.made.get(pc, 0) + 1
        for head, number in region.heads.items():
            here.entries.setdefault(head, (region, number))
        here.entries[pc] = region, region.heads[pc]
        self.valid[region] = True
        return here.entries[pc]

    def _validate(self, here: _Here, region: Region) -> bool:
        """Say whether a region's words are what they were; if not, it is forgotten, and may be made again."""
        memory = self.state.memory
        if all(memory[a : a + len(words)] == words for a, words in region.words):
            self.valid[region] = True
            return True
        for pc in [pc for pc, (r, _) in here.entries.items() if r is region]:
            del here.entries[pc]
            here.arrivals[pc] = 0 if here.made.get(pc, 0) < REMADE else self._hot
        return False

    def _forget(self) -> None:
        """Empty the caches."""
        self._places.clear()
        self.valid.clear()
        self.marks[:] = bytes(len(self.marks))
        self._regions = 0


def make(isa: Isa, state: State) -> PythonTier | None:
    """Return the Python tier for a state; nothing if no source can be made of an ISA."""
    return PythonTier(isa, state) if shallow(isa) else None
