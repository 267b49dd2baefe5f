"""Faults in what surrounds a monitor, by turns everywhere: an interrupt, the quantum's end, the budget's, memory's.

Under every technique and on every engine a nasty guest (`popek.testing.nasty`) comes to what it comes to on the bare
machine, as the reference runs it: result, all of memory, devices. Some of the turns are in the suite, all of them are
behind the soak marker.
"""

from collections.abc import Iterator
from functools import cache, partial

import pytest
from attrs import evolve

from popek.engine import tiers
from popek.engine.machine import Machine
from popek.engine.state import State
from popek.engine.stepper import Outcome, Result
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.slot import CONSOLE_OUTPUT, DISK, MEMORY
from popek.testing.nasty import NASTY, SIZE, STEPS, TYPED, disk, words
from popek.testing.wrong_monitors import WRONG_MONITORS
from popek.vmm.allotment import Allotment
from popek.vmm.compare import LockStep
from popek.vmm.monitor import MONITORS, Monitor
from popek.vmm.virtual import VirtualState
from popek.vmm.virtual_machine import VirtualMachine

SENSITIVE = frozenset(i.name for i in SYSTEM)
ENGINES = [n for n in tiers.ENGINES if n in (tiers.REFERENCE, tiers.AUTO) or tiers.SOURCES[n].available]
FAST = [n for n in ENGINES if n not in (tiers.REFERENCE, tiers.AUTO)]
WAITS = range(1, 90)
"""So many instructions after it was set, the timer interrupts: before each instruction of a guest's first part."""

Seen = tuple[Result, tuple[int, ...], list[tuple[int, int]], list[tuple[int, int]]]


def isa_for(monitor: Monitor) -> Isa:
    """Return the ISA that a technique needs."""
    return CLASSIC_VT if monitor.in_guest_mode else CLASSIC


def seen(machine: Machine | VirtualMachine) -> Seen:
    """Return everything that is left of a run."""
    state: State | VirtualState = machine.state
    own = state.own if isinstance(state, VirtualState) else state
    memory = tuple(state.element(MEMORY, a) for a in range(state.size))
    console, drive = (sorted(own.arrays[a].items()) for a in (CONSOLE_OUTPUT, DISK))
    return machine.result(), memory, console, drive


def fitting(name: str, wait: int, size: int) -> dict[int, int]:
    """Return as much of a guest as fits in so many words."""
    return {a: w for a, w in words(name, wait).items() if a < size}


@cache
def bare(name: str, wait: int, size: int = SIZE) -> Seen:
    """Return what a guest comes to on the bare machine."""
    machine = Machine(CLASSIC, fitting(name, wait, size), memory=size, disk=disk(), typed=TYPED)
    machine.engine = tiers.REFERENCE
    machine.run(STEPS)
    return seen(machine)


def virtual(name: str, wait: int, monitor: Monitor, engine: str, size: int = SIZE) -> VirtualMachine:
    """Return a virtual machine with a guest in an allotment of that size, a little real memory on either side."""
    made = VirtualMachine(
        isa_for(monitor), fitting(name, wait, size), monitor=monitor, sensitive=SENSITIVE,
        allotment=Allotment(20, size), memory=20 + size + 3, disk=disk(), typed=TYPED,
    )  # fmt: skip
    made.engine = engine
    return made


def comes_to(name: str, wait: int, monitor: Monitor, engine: str, size: int = SIZE) -> Seen:
    """Return what a guest comes to under a monitor, on an engine."""
    made = virtual(name, wait, monitor, engine, size)
    made.run(STEPS)
    return seen(made)


def some(turns: range, name: str, monitor: str) -> Iterator[int]:
    """Give a few of the turns, others for each guest and technique."""
    step = 29
    return iter(turns[(NASTY.index(name) * 5 + list(MONITORS).index(monitor) * 3) % step :: step])


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_guest_ends_and_its_timer_shows(name: str) -> None:
    """On the bare machine; wherever the timer interrupts, there it is told, so that one turn differs from another.

    Interrupted while its trap words are odd, a guest may well have lost its way; what it does then has to be the same.
    """
    ends = [bare(name, wait) for wait in (0, *WAITS[::9])]
    assert ends[0][0].outcome is Outcome.HALTED
    if name != "timer-at-one":  # that one sets its timer anew at once
        assert len({result.registers for result, *_ in ends}) > 3


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("monitor", MONITORS)
def test_nasty_guests_come_to_the_same(monitor: str, engine: str) -> None:
    """Under every technique, on every engine, with a quantum that is short and one that is long."""
    for name in NASTY:
        for quantum in (2, 1000):
            under = evolve(MONITORS[monitor], quantum=quantum)
            assert comes_to(name, 0, under, engine) == bare(name, 0), (name, quantum)


@pytest.mark.parametrize("monitor", MONITORS)
def test_nasty_guests_cannot_tell_in_lock_step(monitor: str) -> None:
    """At no step does anything differ, and control is kept at each."""
    for name in NASTY:
        under = evolve(MONITORS[monitor], quantum=5)
        pair = LockStep(
            isa_for(under), words(name, 7), monitor=under, sensitive=SENSITIVE, allotment=Allotment(20, SIZE),
            memory=20 + SIZE, disk=disk(), typed=TYPED, records=False,
        )  # fmt: skip
        compared = pair.run(STEPS)
        assert compared.divergence is None, (name, compared.divergence)
        assert compared.violation is None, (name, compared.violation)


UNSEEN = ("somebody's disk taken for a trap", "somebody's disk skips an instruction")
"""Faults that need another virtual machine's disk: on its own a guest never sees them."""


@pytest.mark.parametrize("fault", [f for f, (prop, _) in WRONG_MONITORS.items() if prop == "equivalence"])
def test_a_nasty_guest_notices_a_wrong_monitor(fault: str) -> None:
    """By what it comes to, without lock step: there is no fault that could be put in and that they let pass."""
    monitor = evolve(WRONG_MONITORS[fault][1], quantum=3)
    turns = ((name, wait) for wait in (0, 7, 20, 33) for name in NASTY)
    told = any(comes_to(name, wait, monitor, tiers.REFERENCE) != bare(name, wait) for name, wait in turns)
    assert told == (fault not in UNSEEN)


def interrupted(name: str, monitor: str, engine: str, waits: Iterator[int] | range) -> None:
    """Interrupt a guest after so many instructions, by turns."""
    for wait in waits:
        under = evolve(MONITORS[monitor], quantum=1 + wait % 7)
        assert comes_to(name, wait, under, engine) == bare(name, wait), wait


def cut_short(name: str, monitor: str, engine: str, quanta: Iterator[int] | range) -> None:
    """End the quantum after so many instructions, by turns."""
    for quantum in quanta:
        assert comes_to(name, 11, evolve(MONITORS[monitor], quantum=quantum), engine) == bare(name, 11), quantum


def squeezed(name: str, monitor: str, engine: str, sizes: Iterator[int] | range) -> None:
    """Give a guest so many words of memory, by turns: its end is cut off, wherever that is."""
    for size in sizes:
        under = evolve(MONITORS[monitor], quantum=3)
        assert comes_to(name, 9, under, engine, size) == bare(name, 9, size), size


def stopped(name: str, monitor: str, engine: str, budgets: Iterator[int] | range) -> None:
    """Stop after so many steps, by turns, and go on: nothing is lost, and there it is where the bare machine is."""
    for budget in budgets:
        made, alone = virtual(name, 6, evolve(MONITORS[monitor], quantum=4), engine), virtual_bare(name, budget)
        assert made.run(budget) == alone.run(budget), budget
        made.run(STEPS - budget)
        assert seen(made) == bare(name, 6), budget


def virtual_bare(name: str, budget: int) -> Machine:
    """Return a bare machine that has not run yet."""
    del budget
    return Machine(CLASSIC, words(name, 6), memory=SIZE, disk=disk(), typed=TYPED)


TURNS = {"an interrupt": (interrupted, WAITS), "the quantum's end": (cut_short, range(1, 60)),
         "the end of memory": (squeezed, range(17, SIZE)), "the budget's end": (stopped, range(1, 90))}  # fmt: skip


@pytest.mark.parametrize("what", TURNS)
@pytest.mark.parametrize("monitor", MONITORS)
def test_faults_lose_nothing(monitor: str, what: str) -> None:
    """A few turns of each fault for each guest, on the reference and, by turns, on one of the fast engines."""
    inject, turns = TURNS[what]
    for number, name in enumerate(NASTY):
        engine = [tiers.REFERENCE, *FAST][number % (1 + len(FAST))]
        inject(name, monitor, engine, some(turns, name, monitor))


@pytest.mark.soak
@pytest.mark.parametrize("what", TURNS)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("monitor", MONITORS)
def test_all_faults_everywhere(monitor: str, engine: str, what: str) -> None:
    """Every turn, for every guest, under every technique, on every engine."""
    inject, turns = TURNS[what]
    for name in NASTY:
        partial(inject, name, monitor, engine)(turns)
