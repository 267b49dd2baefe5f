"""A stateful test: a bare and a virtual machine with the same guest, taken through steps, steps back and neighbours.

Hypothesis draws the guest and what is done, and shrinks both; what fails is printed with the guest to paste.
"""

from typing import ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from popek.engine.state import differences
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.cycle import TRAP_WORDS
from popek.library import naming
from popek.library.running import treated_apart
from popek.testing.equivalence import ALLOTMENT, QUANTUM
from popek.testing.equivalence import MEMORY as REAL_MEMORY
from popek.testing.terminating import programs
from popek.testing.words import EDGES
from popek.vmm.compare import LockStep
from popek.vmm.monitor import Monitor


class BareAndVirtual(RuleBasedStateMachine):
    """Steps a guest on both machines. A subclass names another `isa` or `monitor`, shipped or of its own.

    Its `TestCase` is what a suite collects: `TestMine = Mine.TestCase`.
    """

    isa: ClassVar[Isa | str] = "classic"
    monitor: ClassVar[Monitor | str] = "trap-and-emulate"

    pair: LockStep
    taken: int

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Load a guest that ends into both machines, both at reset."""
        on = naming.isa(self.isa)
        under = naming.monitor(self.monitor, on)
        self.guest = data.draw(programs(on), label="guest")
        self.pair = LockStep(
            on,
            assemble(self.guest, on).words,
            monitor=under.vary(under.name, doc=under.doc, quantum=QUANTUM),
            **treated_apart(on, under),
            allotment=ALLOTMENT,
            memory=REAL_MEMORY,
            records=False,
        )
        self.taken = 0

    @rule(steps=st.integers(1, 8))
    def step(self, steps: int) -> None:
        """Step both machines, as long as they go on."""
        for _ in range(steps):
            if not self.pair.step():
                break
            self.taken += 1

    @precondition(lambda self: self.taken > 0)
    @rule(steps=st.integers(1, 8))
    def back(self, steps: int) -> None:
        """Take both machines back."""
        steps = min(steps, self.taken)
        self.pair.bare.back(steps)
        self.pair.virtual.back(steps)
        self.taken -= steps

    @rule(word=st.sampled_from(EDGES), place=st.integers(TRAP_WORDS, REAL_MEMORY - 1))
    def neighbour(self, word: int, place: int) -> None:
        """Let somebody else write a word of real memory that is not the guest's."""
        if not ALLOTMENT.base <= place < ALLOTMENT.base + ALLOTMENT.size:
            self.pair.virtual.real.memory[place] = word

    @invariant()
    def equivalent(self) -> None:
        """Hold the virtual state against the bare one, and the real one against what the monitor has to keep."""
        pair = self.pair
        told = [
            f"{what} is {a} bare and {b} virtual"
            for what, a, b in differences(pair.bare.state, pair.virtual.state, pair.isa)
        ]
        told += [
            f"{d.what} is {d.bare} bare and {d.virtual} virtual" for d in getattr(pair.divergence, "differences", ())
        ]
        told += [f"not so: {s}" for s in getattr(pair.violation, "sentences", ())]
        if told:
            note(f"after {self.taken} steps, the guest:\n{self.guest}")
        assert not told, "; ".join(dict.fromkeys(told))
