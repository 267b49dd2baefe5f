"""The shipped guests as work: what all of them come to beside the loops, which must not be special.

Each is run as it is, from reset to its halt, again and again, on machines that have run it before; putting a machine
back to its beginning is not measured, going into an engine and out of it is. The guests were not written to be
measured: none runs for more than some thousand instructions, and what they do most is trap, print and be interrupted.

Only popek's own engines take part. A guest is written in `classic`'s instructions and works with its devices and traps,
which no peer has.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from math import exp, fsum, log
from typing import Any

from attrs import define, field, frozen

from popek.engine import tiers
from popek.engine.machine import Machine
from popek.engine.stepper import Outcome, Stepper
from popek.guests import library
from popek.guests.guest import Guest
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT
from popek.library import running
from popek.library.bench.contestants import Engine
from popek.library.bench.spread import Ratio, Speed, Spread
from popek.shown import Shown
from popek.vmm.monitor import MONITORS

LEAST = 1000
"""A guest with fewer instructions does not run long enough: the way into an engine would be most of it."""

NAME = "guests"
"""What they are called among the loops."""

MOST_RUNS = 100_000


@frozen
class Means(Shown):
    """The geometric mean of everybody's speed over the guests, and of the ratios; `sizes` are their instructions."""

    sizes: dict[str, int]
    speeds: tuple[Speed, ...]
    ratios: tuple[Ratio, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "least": LEAST,
            "instructions": self.sizes,
            "speeds": [s.to_dict() for s in self.speeds],
            "ratios": [r.to_dict() for r in self.ratios],
        }


@cache
def long_enough(least: int = LEAST) -> dict[str, int]:
    """Return the guests of `classic` that come to their halt after so many instructions or more, and how many."""
    found = {}
    for name in library.names():
        guest = library.find(name)
        if guest.isa == CLASSIC.name:
            result = _machine(guest, Engine(tiers.AUTO)).run(guest.max_steps)
            if result.outcome is Outcome.HALTED and result.instructions >= least:
                found[name] = result.instructions
    return found


def _machine(guest: Guest, on: Engine) -> Stepper:
    monitor = MONITORS[on.technique] if on.technique else None
    isa = CLASSIC_VT if monitor and monitor.in_guest_mode else CLASSIC
    program = assemble(guest.source, isa, file=guest.file)
    made: Stepper
    if monitor is None:
        made = Machine(isa, program.words, memory=guest.memory, typed=guest.input, disk=guest.disk, history=0)
    else:
        made = running.virtual(isa, program, monitor=monitor, input=guest.input, disk=guest.disk)
    made.engine = on.engine
    return made


def geometric(numbers: Iterable[float]) -> float:
    """Return the geometric mean of some numbers, all greater than 0."""
    logs = [log(n) for n in numbers]
    return exp(fsum(logs) / len(logs))


@define
class Guests:
    """All guests, run by all: in turn, as the loops are."""

    contestants: Sequence[Engine]
    seconds: float
    progress: Callable[[str], None]
    sizes: dict[str, int] = field(factory=long_enough)
    machines: dict[tuple[str, str], Stepper] = field(factory=dict)
    mips: dict[str, list[dict[str, float]]] = field(factory=dict)

    def prepare(self) -> None:
        """Let everybody do each once, and see that it is the same work."""
        for one, guest in self._all():
            made = self.machines[one.name, guest] = _machine(library.find(guest), one)
            result = made.run(running.LONGEST_RUN)
            assert result.outcome is Outcome.HALTED, f"{guest} has not halted on {one.name}"
            assert result.instructions == self.sizes[guest], f"{guest} is another on {one.name}"

    def _all(self) -> Iterator[tuple[Engine, str]]:
        for one in self.contestants:
            for guest in self.sizes:
                self.progress(f"{guest}: {one.name}")
                yield one, guest

    def turn(self) -> None:
        """Let everybody do each."""
        turns: dict[str, dict[str, float]] = {one.name: {} for one in self.contestants}
        for one, guest in self._all():
            turns[one.name][guest] = self.sizes[guest] / self._taken(self.machines[one.name, guest]) / 1e6
        for name, speeds in turns.items():
            self.mips.setdefault(name, []).append(speeds)

    def _taken(self, machine: Stepper) -> float:
        """Return the processor's time of one run, in seconds: the mean of as many as take long enough."""
        taken, runs = 0.0, 0
        while runs == 0 or (taken < self.seconds / 10 and runs < MOST_RUNS):
            machine.back(machine.counts["steps"])
            start = time.process_time()
            machine.run(running.LONGEST_RUN)
            taken += time.process_time() - start
            runs += 1
        return taken / runs

    def means(self, pairs: Iterable[tuple[str, str]]) -> Means:
        """Return what has been measured."""
        speeds = tuple(Speed(n, Spread.of([geometric(t.values()) for t in turns]), 1) for n, turns in self.mips.items())
        ratios = []
        for of, to in pairs:
            turns = zip(self.mips[of], self.mips[to], strict=True)
            times = [geometric(a[guest] / b[guest] for guest in a) for a, b in turns]
            ratios.append(Ratio(of, to, Spread.of(times)))
        return Means(self.sizes, speeds, tuple(ratios))
