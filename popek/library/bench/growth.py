"""Growth: whether time is linear in the instructions that are run, and time and memory in the number of machines."""

import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen

from popek.engine.machine import MEMORY_SIZE
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.language.phrase import say
from popek.library.bench.contest import Progress
from popek.library.bench.contestants import Engine, engines
from popek.library.bench.loops import LOOPS
from popek.library.bench.spread import Spread
from popek.shown import Shown
from popek.vmm.host import Host

LEAST = 10_000
"""The instructions of the shortest run; each longer one is ten times as long."""

MOST = {"native": 10**10, "python": 10**8, "reference": 10**5}
"""Those of the longest run, by engine."""

MACHINES = (1, 10, 100, 300, 1000)
TURNS = 3

_SMALL = "ldi r1, 20\nloop: addi r2, r2, 1\nst r2, 40(r0)\nbne r2, r1, loop\nhalt"
_WORDS = 64
"""What each of many machines runs, 62 instructions, and the words that it is given for it."""


@frozen
class Length:
    """Runs of one length in one engine: how long an instruction took, in nanoseconds."""

    engine: str
    instructions: int
    nanoseconds: Spread

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        spread = self.nanoseconds.to_dict()
        return {"engine": self.engine, "instructions": self.instructions, "nanoseconds": spread}


@frozen
class Crowd:
    """So many virtual machines on one real machine: milliseconds and KiB for each of them."""

    machines: int
    start: Spread
    run: Spread
    memory: float

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        times = {"start": self.start.to_dict(), "run": self.run.to_dict()}
        return {"machines": self.machines, **times, "memory": self.memory}


@frozen
class Growth(Shown):
    """How time grows with the length of a run, and time and memory with the number of virtual machines."""

    lengths: tuple[Length, ...]
    crowds: tuple[Crowd, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "benchmark": "growth",
            "lengths": [length.to_dict() for length in self.lengths],
            "crowds": [crowd.to_dict() for crowd in self.crowds],
        }


def growth(
    *,
    engine: str | None = None,
    most: int | None = None,
    machines: Sequence[int] = MACHINES,
    turns: int = TURNS,
    progress: Progress = lambda _: None,
) -> Growth:
    """Measure both; `most` is the number of instructions of the longest runs."""
    lengths = [
        _length(name, length, turns, progress)
        for name in (engines() if engine is None else (engine,))
        for length in _lengths(MOST.get(name, MOST["reference"]) if most is None else most)
    ]
    return Growth(tuple(lengths), tuple(_crowd(n, turns, progress) for n in machines))


def _lengths(most: int) -> list[int]:
    found = [LEAST]
    while found[-1] * 10 <= most:
        found.append(found[-1] * 10)
    return found


def _length(engine: str, length: int, turns: int, progress: Progress) -> Length:
    """Run the loop without memory for so many instructions, on a machine that has run it before."""
    taken = []
    loop = LOOPS[0]
    for _ in range(turns):
        progress(say("{length:,} instructions, {engine}", length=length, engine=engine))
        machine = Engine(engine).ready(loop, 10**9)
        machine.run(LEAST)
        start = time.process_time()
        result = machine.run(length)
        taken.append((time.process_time() - start) / length * 1e9)
        assert result.instructions == LEAST + length, f"{result.instructions} instructions were run"
    return Length(engine, length, Spread.of(taken))


def _crowd(count: int, turns: int, progress: Progress) -> Crowd:
    starts, runs = [], []
    for _ in range(turns):
        progress(say("{count:,} virtual machines", count=count))
        gc.collect()
        start = time.process_time()
        host = _host(count)
        ready = time.process_time()
        host.run(10**9)
        starts.append((ready - start) / count * 1e3)
        runs.append((time.process_time() - ready) / count * 1e3)
        assert not any(h.ready for h in host.vms.values()), "a guest has not come to its end"
    return Crowd(count, Spread.of(starts), Spread.of(runs), _memory(lambda: _host(count)) / count / 1024)


def _host(count: int) -> Host:
    words = assemble(_SMALL, CLASSIC).words
    host = Host(CLASSIC, memory=max(MEMORY_SIZE, (count + 2) * _WORDS), history=0)
    for _ in range(count):
        host.start(words, allotment=_WORDS)
    return host


def _memory(make: Callable[[], Host]) -> float:
    """Return how many bytes of memory are in use for something, the real machine's own memory left out.

    It has begun to run: then its beginning is kept as well, for going back to.
    """
    gc.collect()
    tracemalloc.start()
    made = make()
    made.step()
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken - made.state.size * made.state.memory.itemsize
