"""Whoever can do the work: popek's engines, bare and under a monitor. The others are in `peers.py`."""

import gc
import time
from collections.abc import Callable
from typing import Protocol

from attrs import define, field, frozen

from popek.engine import tiers
from popek.engine.machine import Machine
from popek.engine.stepper import Outcome, Stepper
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.slot import MEMORY, PC, RUN, RUNNING
from popek.library import running
from popek.library.bench.loops import RESULT, Loop
from popek.vmm.monitor import MONITORS, Monitor

TECHNIQUES = ("trap-and-emulate", "paravirtual", "hardware-assisted", "translation")
"""The monitors under which the loops are measured: those that run innocuous code directly."""

FOREVER = 10**12
SIZE = 16_384


@frozen
class Done:
    """Some work that was done: in so many seconds of processor time, which others take nothing of, with this result."""

    seconds: float
    result: int


class Contestant(Protocol):
    """Does a loop's work, and is timed by itself or by a clock around it."""

    @property
    def name(self) -> str:
        """What it is called in a table."""
        ...

    @property
    def version(self) -> str:
        """Which one it is."""
        ...

    def run(self, loop: Loop, rounds: int) -> Done:
        """Do so many rounds of a loop's work."""
        ...


@define
class Engine:
    """One of popek's engines, on the bare machine or under a monitor.

    Each loop has a machine, which is set back to the loop's beginning for each run: so what was compiled stays so, and
    is measured like the peers' programs, which were compiled before.
    """

    engine: str
    technique: str = ""
    _machines: dict[str, Stepper] = field(factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        """The engine, and the technique if there is one."""
        return f"{self.engine}, {self.technique}" if self.technique else self.engine

    @property
    def version(self) -> str:
        """Nothing: the answer has popek's version."""
        return ""

    def run(self, loop: Loop, rounds: int) -> Done:
        """Do so many rounds, from the first step to the halt."""
        machine = self._machines.get(loop.name)
        if machine is None:
            machine = self._machines[loop.name] = self.ready(loop, rounds)
        elif machine.outcome is Outcome.HALTED:
            machine.state.put(MEMORY, loop.where_rounds(machine.isa), rounds)
            machine.state.set_slot(PC, int(PC.reset))
            machine.state.set_slot(RUN, RUNNING)
        return timed(machine)

    def ready(self, loop: Loop, rounds: int) -> Stepper:
        """Return a machine with the loop in its memory."""
        monitor = MONITORS[self.technique] if self.technique else None
        isa = CLASSIC_VT if monitor and monitor.in_guest_mode else CLASSIC
        made = _machine(isa, loop.words(isa, rounds), monitor)
        made.engine = self.engine
        return made


def _machine(isa: Isa, words: dict[int, int], monitor: Monitor | None) -> Stepper:
    if monitor is None:
        return Machine(isa, words, memory=SIZE)
    return running.virtual(isa, words, monitor=monitor, memory=2 * SIZE)


def timed(machine: Stepper, clock: Callable[[], float] = time.process_time) -> Done:
    """Run a machine to its halt, and say how long that took; what others leave behind is collected before and after."""
    gc.collect()
    gc.disable()
    try:
        start = clock()
        result = machine.run(FOREVER)
        seconds = clock() - start
    finally:
        gc.enable()
    assert result.outcome is Outcome.HALTED, f"{machine} has not halted: {result.outcome}"
    return Done(seconds, result.registers[RESULT])


def engines() -> tuple[str, ...]:
    """Return the engines that there are, the fastest first."""
    return (*(name for name, source in tiers.SOURCES.items() if source.available), tiers.REFERENCE)
