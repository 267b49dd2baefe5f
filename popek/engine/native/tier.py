"""The native tier: the compiled loop of an ISA's steps, driven over a state's own buffers."""

from functools import cache
from typing import Any

from popek.engine.native import cache as objects
from popek.engine.native import interpreter
from popek.engine.native.context import Code, Field, Trapped
from popek.engine.native.llvm import Loaded
from popek.engine.native.memory import Memory, function
from popek.engine.native.regions import Regions
from popek.engine.native.windows import Windows
from popek.engine.reference import Event, Kind
from popek.engine.state import State
from popek.engine.tiers import Sprint, Stop
from popek.isa.architecture import Isa
from popek.isa.behaviour import Cause

STOPS = {Code.BUDGET: Stop.BUDGET, Code.HALTED: Stop.HALTED, Code.HAND_OVER: Stop.HAND_OVER}

MOST = 1 << 28
"""Steps that are done at once, for a second at most: meanwhile nobody can interrupt. Whoever wants more goes on."""

THRESHOLD = 250_000
"""After so many jumps to an address a region is made for it: they take about the time that making it does."""


@cache
def loop(isa: Isa) -> Loaded:
    """Return the compiled loop of an ISA."""
    return Loaded(objects.compiled(interpreter.module(isa)))


class Native:
    """Advances one state by compiled code."""

    name = "native"

    def __init__(self, isa: Isa, state: State) -> None:
        self.isa, self._state = isa, state
        self._loop, self.memory = self._prepare()
        self._run: Any = function(self._loop.address("run"), len(self.memory.pointers))
        self.regions = Regions(isa, self.memory)
        self.memory.fields[Field.THRESHOLD] = THRESHOLD
        self._windows = self._see()
        self.memory.fields[Field.WINDOWS] = self._windows.address

    def _prepare(self) -> tuple[Loaded, Memory]:
        """Return the compiled loop, and what it works on."""
        return loop(self.isa), Memory(self._state)

    def _see(self) -> Windows:
        """Return the windows by which compiled code sees devices."""
        return Windows(self._state.arrays, interpreter.unbounded(self.isa))

    def advance(self, budget: int, *, trapped: bool, traps: bool = True) -> Sprint:
        """Do at most `budget` steps; see `tiers.Tier`."""
        budget, memory, fields = min(budget, MOST), self.memory, self.memory.fields
        memory.load()
        self._begin()
        fields[Field.BUDGET], fields[Field.INTERRUPTS] = budget, 0
        fields[Field.TRAPPED], fields[Field.TRAPS] = trapped, traps
        self._interrupted = False
        try:
            code = self._go()
        finally:
            self._windows.close()
        memory.store()
        steps = budget - fields[Field.BUDGET]
        trap = self._event() if steps and fields[Field.TRAPPED] else None
        instructions = steps - fields[Field.INTERRUPTS]
        return Sprint(steps, instructions, self._stop(code), trap, interrupted=self._interrupted)

    def _stop(self, code: Code) -> Stop:
        """Return what a code means to the caller."""
        return STOPS[code]

    def _go(self) -> Code:
        """Run until there is something that the caller has to know."""
        fields = self.memory.fields
        while True:
            fields[Field.DIRTY] = 0
            try:
                code = Code(self._run(*self.memory.pointers))
            except KeyboardInterrupt:
                self._interrupted = True
                return Code.HAND_OVER
            if code is Code.MISSED:
                if not self._windows.open(fields[Field.MISSED], fields[Field.INDEX], fields[Field.BUDGET]):
                    return Code.HAND_OVER
                if not fields[Field.DIRTY]:
                    continue
            elif code not in (Code.HOT, Code.CHANGED):
                return code
            self.memory.store()
            if code is Code.HOT:
                self._hot(fields[Field.HOT])
            else:
                self._changed()

    def _begin(self) -> None:
        """See to it that no region is run whose words somebody else has changed."""
        self.regions.check()

    def _hot(self, pc: int) -> None:
        """Compile what is hot."""
        self.regions.add(pc)

    def _changed(self) -> None:
        """See to it that no region is run whose words have changed."""
        self.regions.check()

    def _event(self) -> Event:
        """Return the last step, which was a trap."""
        fields = self.memory.fields
        word = fields[Field.WORD]
        return Event(
            Kind.TRAP,
            fields[Field.PC],
            fields[Field.MODE],
            self.isa.decode(word) if fields[Field.KIND] == Trapped.INSTRUCTION else None,
            Cause(fields[Field.CAUSE]),
            fields[Field.DETAIL],
            bool(fields[Field.PRIVILEGE]),
        )


def make(isa: Isa, state: State) -> Native | None:
    """Return the tier for a state; nothing if the ISA's step is not only about buffers."""
    return Native(isa, state) if interpreter.compilable(isa) else None
