"""Very many random guests, bare and under each technique, on each tier, each beside one run by the reference.

The reference runs a guest once, on the bare machine, and says what happens there. Every other way has to come to the
same guest state, devices, counts and outcome: on the bare machine a tier, under a technique whatever the guest believes
in. So the tiers and the techniques are tested at once. What a monitor keeps to itself is looked at in `ways.py`, which
runs it on the reference as well; some of the guests are run in that way, too. The techniques take turns, since to run a
guest in all ways takes several times as long; some guests are.

Counted is what the guests did: instructions by mode and outcome, traps, interrupts, exits by technique.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from random import Random
from typing import Any

from attrs import define, field

from popek.engine.machine import Machine
from popek.engine.stepper import Stepper
from popek.isa.classic import CLASSIC
from popek.isa.slot import MEMORY, SUPERVISOR, Role
from popek.testing.lockstep import NO_INSTRUCTION
from popek.testing.programs import Guest
from popek.testing.translated import CACHES
from popek.testing.ways import BARE, Way, at_once, drawn, rewrites, ways
from popek.vmm.count_names import HYPERCALL
from popek.vmm.monitor import MONITORS
from popek.vmm.virtual_machine import VirtualMachine

SMALL = CACHES[:-1]
"""The sizes of a translation cache here: the largest takes longer to make than a guest takes to run."""

ALL, EAGER, PYTHON, KEPT = 101, 7, 23, 401
"""Of so many guests, one each is run in all ways; with code compiled at once; by the tier without a compiler; and
beside the reference's monitors. No two have a common factor, nor has one with what draws guests: all pairs come."""

_TOTALS = ("guests", "steps", "rewriting", "asked")


@define
class Survey:
    """What was run, and how often; `differing` are the seeds and ways that did not come to the same.

    `seconds` is processor time.
    """

    first: int
    guests: int = 0
    steps: int = 0
    rewriting: int = 0
    runs: Counter[str] = field(factory=Counter)
    cells: Counter[tuple[str, str, str]] = field(factory=Counter)
    exits: Counter[str] = field(factory=Counter)
    asked: int = 0
    differing: list[tuple[int, str, str]] = field(factory=list)
    seconds: float = 0.0

    def add(self, more: "Survey") -> None:
        """Take in what was found of further guests."""
        for name in (*_TOTALS, "seconds"):
            setattr(self, name, getattr(self, name) + getattr(more, name))
        for name in ("runs", "cells", "exits"):
            getattr(self, name).update(getattr(more, name))
        self.differing += more.differing

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "seconds": round(self.seconds),
            "first": self.first,
            **{n: getattr(self, n) for n in _TOTALS},
            "runs": dict(sorted(self.runs.items())),
            "exits": dict(sorted(self.exits.items())),
            "cells": [[*cell, times] for cell, times in sorted(self.cells.items())],
            "differing": [list(d) for d in self.differing],
        }


def survey(seeds: range) -> Survey:
    """Run the guests of some seeds in every way."""
    found, begun = Survey(seeds.start), time.process_time()
    for seed in seeds:
        with at_once() if seed % EAGER == 0 else nullcontext():
            _examine(seed, found)
    found.seconds = time.process_time() - begun
    return found


def _examine(seed: int, found: Survey) -> None:
    guest = drawn(seed)
    bare = _by_the_reference(guest, found)
    expected = _seen(bare)
    for way in _chosen(seed):
        made = way.machine(guest, SMALL)
        _in_stretches(made, way, guest)
        found.runs[str(way)] += 1
        if isinstance(made, VirtualMachine):
            found.exits.update({f"{way}: {why}": times for why, times in made.exits.items()})
        if (seen := _seen(made)) != expected and not _asks(made, found):
            differing = [pair for pair in zip(expected, seen, strict=True) if pair[0] != pair[1]]
            found.differing.append((seed, str(way), str(differing)))
    if seed % KEPT == 0:
        _beside_the_monitors(seed, found)


def _chosen(seed: int) -> Iterator[Way]:
    """Give the ways in which a guest is run: bare, and under the techniques by turns."""
    if seed % ALL == 0:
        yield from ways("native", "python")
        return
    techniques = tuple(MONITORS)
    for engine in ("native", "python") if seed % PYTHON == 0 else ("native",):
        yield Way(BARE, engine)
        yield Way(techniques[seed // 4 % len(techniques)], engine)


def _beside_the_monitors(seed: int, found: Survey) -> None:
    """Compare with the reference's monitor too, with all that it keeps to itself."""
    for way in ways("native"):
        found.runs[f"{way}, monitor and all"] += 1
        if differing := way.differing(seed):
            found.differing.append((seed, f"{way}, monitor and all", str(differing)))


def _by_the_reference(guest: Guest, found: Survey) -> Machine:
    """Run a guest on the bare machine, step by step, and count what it does."""
    bare = Machine(CLASSIC, guest.words, memory=guest.allotment.size, typed=guest.typed, disk=guest.disk, history=0)
    bare.journal.on = False  # nobody steps back
    steps = 0
    while steps < guest.steps and (event := bare.step()) is not None:
        name = event.decoded.instruction.name if event.decoded else NO_INSTRUCTION
        mode = "supervisor" if event.mode == SUPERVISOR else "user"
        found.cells[name, mode, event.cause.name.lower() if event.cause else event.kind.value] += 1
        steps += 1
    found.guests += 1
    found.steps += steps
    found.rewriting += rewrites(guest.seed)
    return bare


def _in_stretches(made: Stepper, way: Way, guest: Guest) -> None:
    """Run a machine for as many steps as the guest has, in stretches of any length."""
    made.engine, made.journal.on = way.engine, False
    random, left = Random(guest.seed), guest.steps  # noqa: S311 - to be repeated, not to be secret
    while left > 0:
        stretch = min(left, random.choice((1, 10, 40, guest.steps, guest.steps)))
        made.run(stretch)
        left -= stretch


def _seen(made: Stepper) -> list[Any]:
    """Return all that a guest could ever see of its machine, and how far it came."""
    slots = [made.state.slot(s) for s in made.isa.slots]
    return [made.outcome, made.counts["steps"], made.counts["instructions"], slots, *_arrays(made)]


def _arrays(made: Stepper) -> Iterator[Any]:
    """Give the contents of a guest's arrays, wherever they are kept."""
    if isinstance(made, VirtualMachine):
        place, real, own = made.allotment, made.real.arrays, made.state.own.arrays
        for array in made.isa.arrays:
            if array is MEMORY:
                yield real[array][place.base : place.end]
            else:
                yield (real if array.role is Role.PROGRAM else own)[array]
    elif isinstance(made, Machine):
        yield from (made.state.arrays[a] for a in made.isa.arrays)


def _asks(made: Stepper, found: Survey) -> bool:
    """Say whether a guest has made a hypercall, which a bare machine knows nothing of: no guest may that is no port."""
    asks = bool(made.counts.get(HYPERCALL))
    found.asked += asks
    return asks
