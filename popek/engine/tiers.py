"""Tiers: ways to advance a state by many steps at once. What is fast must agree with the reference in every state.

A tier is made for one ISA and one state, and works on the state's own buffers. It stops where its own knowledge ends
and hands the next step over to the reference interpreter: at what it does not know of devices, and where a trap follows
upon a trap, since only the stepper knows a trap loop. So a tier need not be complete, but it must be exact in what it
does.
"""

from collections.abc import Callable, Mapping
from enum import Enum, unique
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

from attrs import frozen

from popek.engine.reference import Event
from popek.engine.state import State
from popek.isa.architecture import Isa

WARM_UP = 2_000
"""Steps of a run that the reference takes before a tier is made: a short guest is over before a compiler has begun."""

REFERENCE, AUTO = "reference", "auto"


@unique
class Stop(Enum):
    """Why a tier has stopped: the budget is used up, the processor has halted, or the next step is the reference's.

    `LOST` is a virtual machine's: the guest has stopped the real processor, or never gets it back.
    """

    BUDGET = "budget"
    HALTED = "halted"
    HAND_OVER = "hand-over"
    LOST = "lost"


@frozen
class Sprint:
    """How far a tier has come. `steps` counts attempts and interrupt entries, `instructions` attempts alone.

    `trap` is the last step's event if that was a trap (an interrupt's entry is none), for whoever watches for loops,
    and `slots` are the state's, in order, as it has left them; a virtual machine's may have changed since.
    `exits` counts a virtual machine's, which may be no step of the guest's. If it is not `exact`, it may have stopped
    in the middle of a step: what the reference does next is not all of that. `interrupted`: by the user, who is to be
    told so when all is counted that was done.
    """

    steps: int
    instructions: int
    stop: Stop
    trap: Event | None = None
    exits: int = 0
    slots: tuple[int, ...] = ()
    exact: bool = True
    interrupted: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything at all may have been done."""
        return self.steps > 0 or self.exits > 0 or not self.exact


class Tier(Protocol):
    """Advances the state that it was made for."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    def advance(self, budget: int, *, trapped: bool, traps: bool = True) -> Sprint:
        """Do at most `budget` steps, and leave the state as the reference would after as many as are reported.

        `trapped`: the step before was a trap. A step that would be a trap right after a trap is not done but handed
        over. Without `traps` no step that would be a trap or the entry of an interrupt is done at all; a monitor wants
        to see those. What is handed over is untouched: not even the clocks have ticked.
        """
        ...


Maker = Callable[[Isa, State], Tier | None]
"""Makes a tier for a state; nothing if what it needs is not installed, or the ISA has what it does not know."""


@frozen
class Source:
    """Where a tier comes from: a module that has a `make`, imported when wanted, and the packages that it needs."""

    module: str
    needs: tuple[str, ...] = ()

    @property
    def available(self) -> bool:
        """Whether the packages that it needs are installed."""
        return all(find_spec(package) is not None for package in self.needs)

    @property
    def make(self) -> Maker:
        """The function that makes the tier."""
        maker: Maker = import_module(self.module).make
        return maker


SOURCES: Mapping[str, Source] = {
    "native": Source("popek.engine.native.tier", needs=("llvmlite", "platformdirs")),
    "python": Source("popek.engine.generated.tier"),
}
"""The tiers by name, best first."""

ENGINES = (AUTO, *SOURCES, REFERENCE)
"""What a user may ask for."""


def make(engine: str, isa: Isa, state: State) -> Tier | None:
    """Return the tier that an engine's name stands for, the best one for `auto`; nothing: the reference does it."""
    wanted = [s for name, s in SOURCES.items() if engine in (AUTO, name) and s.available]
    made = (s.make(isa, state) for s in wanted)
    return next((t for t in made if t is not None), None)
