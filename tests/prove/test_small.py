"""Two ways to decide the same claims agree: by proof at full width, and by stepping small machines."""

import pytest
from attrs import evolve

from popek.isa.architecture import GuestMode, Isa
from popek.isa.behaviour import Behaviour, Cause, Put, Trap
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.cycle import SWAP
from popek.isa.expression import TRUE, as_expr, eq, ite, ult
from popek.isa.instruction import EXECUTES, IGNORED, A, Instruction, InUser
from popek.isa.slot import (
    BASE,
    BOUND,
    DISK_PENDING,
    IE,
    MEMORY,
    MODE,
    PC,
    REGISTERS,
    RUN,
    TIMER,
    TIMER_PENDING,
    Slot,
)
from popek.isa.variants import VARIANTS
from popek.prove.classes import classify
from popek.prove.properties import prove
from popek.prove.small.choices import contents
from popek.prove.small.classes import MOST, small_classes
from popek.prove.small.verdict import small_verdict
from popek.prove.values import PROPERTIES, Status
from popek.vmm.monitor import DISPATCHER, HARDWARE_ASSISTED, HYBRID, MONITORS, TRAP_AND_EMULATE, Action, Monitor
from popek.vmm.vm_map import LOADED, QUANTUM, elapsed, kept

FAMILY = (CLASSIC, CLASSIC_VT, *VARIANTS)

_ALWAYS = ("classic", "classic-vt", "jrst1", "setb", "spill")
SLICE = [pytest.param(i, marks=[] if i.name in _ALWAYS else pytest.mark.soak, id=i.name) for i in FAMILY]
"""The family, of which a fixed slice is walked in every run."""


def techniques(isa: Isa) -> list[Monitor]:
    """Return the monitors that make sense for an ISA."""
    return [m for m in MONITORS.values() if not m.in_guest_mode or isa.guest is not None]


def blamed(isa: Isa, monitor: Monitor) -> dict[str, set[str]]:
    """Return whom the solver blames, by property."""
    proof = prove(isa, monitor, classify(isa))
    return {p: set(proof.verdict(p).blame) for p in PROPERTIES}


@pytest.mark.parametrize("isa", FAMILY, ids=str)
def test_classes_agree(isa: Isa) -> None:
    """Every class, and every kind of sensitivity, is the same on a small machine."""
    for small, proved in zip(small_classes(isa), classify(isa), strict=True):
        assert small.name == proved.name
        assert small.privileged == proved.privileged, small.name
        assert small.kinds == set(proved.kinds), small.name
        assert small.user_kinds == set(proved.user_kinds), small.name


@pytest.mark.parametrize("isa", SLICE)
def test_blame_agrees(isa: Isa) -> None:
    """Under every technique the same instructions and events are to blame."""
    small = small_verdict(isa, techniques(isa))
    for monitor in techniques(isa):
        assert {p: set(small.blame[monitor.name, p]) for p in PROPERTIES} == blamed(isa, monitor), monitor.name


@pytest.mark.soak
@pytest.mark.parametrize("isa", FAMILY, ids=str)
@pytest.mark.parametrize("width", [6, 8])
def test_blame_agrees_at_length(isa: Isa, width: int) -> None:
    """The same with ten times as many states, and with longer words."""
    small = small_verdict(isa, techniques(isa), width, 10 * MOST)
    for monitor in techniques(isa):
        assert {p: set(small.blame[monitor.name, p]) for p in PROPERTIES} == blamed(isa, monitor), monitor.name


# Monitors that are wrong --------------------------------------------------------------------------------------------

FEW = evolve(CLASSIC, name="few", instructions=tuple(CLASSIC[n] for n in ("nop", "ld", "st", "svc", "jsu", "settimer")))


def _wrong(name: str, **parts: object) -> Monitor:
    return Monitor(name, "A monitor that is wrong in one way.", **parts)  # type: ignore[arg-type]


_LATE = ite(ult(elapsed(), kept(TIMER)), kept(TIMER) - elapsed(), 0)
_MOVED = ite(eq(TIMER, LOADED), kept(MODE), as_expr(1) - kept(MODE))
_WANDERS = ite(eq(PC, kept(PC)), kept(MODE), as_expr(1) - kept(MODE))

WRONG = (
    _wrong("its clock runs while it is told", entry={TIMER: QUANTUM}),
    _wrong("late", entry={TIMER: QUANTUM}, recovery={TIMER: _LATE}),
    _wrong("moody", recovery={MODE: _MOVED}),
    _wrong("wandering", recovery={MODE: _WANDERS}),
    _wrong("unclipped", entry={BOUND: as_expr(BOUND)}),
    _wrong("in the wrong place", entry={PC: as_expr(PC) + 1}, recovery={PC: as_expr(PC) - 1}),
    _wrong("privileged", entry={MODE: as_expr(MODE)}),
    _wrong("deaf", entry={IE: as_expr(0)}),
    _wrong("halted", entry={RUN: as_expr(1)}),
    _wrong("generous", renews=True),
    _wrong("skips", dispatcher={**DISPATCHER, Cause.PRIVILEGED: Action.SKIP}),
    _wrong("ignores calls", dispatcher={**DISPATCHER, Cause.SVC: Action.RESUME}),
    _wrong("ignores faults", dispatcher={**DISPATCHER, Cause.MEMORY: Action.SKIP}),
    _wrong("interprets time", dispatcher={**DISPATCHER, Cause.TIMER: Action.INTERPRET}),
    _wrong("forgets", routines={"settimer": Behaviour()}),
    _wrong("reflects badly", reflection=evolve(SWAP, effects=(*SWAP.effects, Put(MEMORY, 15, 0)))),
)


@pytest.mark.parametrize("monitor", WRONG, ids=lambda m: m.name)
def test_a_wrong_monitor_is_seen_by_both(monitor: Monitor) -> None:
    """What a small machine refutes is not proved, and what is wrong here is seen by both ways."""
    small = small_verdict(FEW, [monitor], most=400)
    proof = prove(FEW, monitor, classify(FEW))
    found = {p for p in PROPERTIES if small.blame[monitor.name, p]}
    assert found
    assert {p for p in PROPERTIES if proof.verdict(p).status is not Status.PROVED} >= found


_IN_GUEST = ("nop", "ld", "st", "svc", "setr", "setie", "settimer", "getie", "halt", "out", "disk")


def _guest_mode(copies: tuple[Slot, ...], exits: tuple[str, ...]) -> Isa:
    """Return a machine of some instructions whose guest mode has these copies and exits."""
    instructions = tuple(CLASSIC[n] for n in _IN_GUEST)
    return evolve(CLASSIC_VT, name="own", instructions=instructions, guest=GuestMode(copies, exits))


_COPIES, _EXITS = (MODE, BASE, BOUND, IE, TIMER, TIMER_PENDING, DISK_PENDING), ("halt", "out", "disk")


def _without(slot: Slot) -> tuple[Slot, ...]:
    return tuple(s for s in _COPIES if s is not slot)


@pytest.mark.parametrize(
    ("copies", "exits", "broken"),
    [
        pytest.param(_COPIES, _EXITS, set(), id="right", marks=pytest.mark.soak),
        pytest.param(_COPIES, ("out", "disk"), {"halt"}, id="halt stays", marks=pytest.mark.soak),
        pytest.param(_COPIES, ("halt", "disk"), {"out"}, id="out stays"),
        pytest.param(_COPIES, ("halt", "out"), {"disk"}, id="disk stays", marks=pytest.mark.soak),
        pytest.param(_without(IE), _EXITS, {"setie", "getie"}, id="no copy of ie"),
        pytest.param(_without(TIMER), _EXITS, {"settimer"}, id="no copy of the timer", marks=pytest.mark.soak),
    ],
)
def test_a_wrong_guest_mode_is_seen_by_both(copies: tuple[Slot, ...], exits: tuple[str, ...], broken: set[str]) -> None:
    """A guest mode with a copy or an exit too few is refuted by the instructions that miss it, either way."""
    isa = _guest_mode(copies, exits)
    small, proved = small_verdict(isa, [HARDWARE_ASSISTED], most=400), blamed(isa, HARDWARE_ASSISTED)
    for prop in PROPERTIES:
        assert small.blame["hardware-assisted", prop] == proved[prop], prop
    assert broken <= proved["equivalence"]
    assert bool(broken) == bool(proved["equivalence"] | proved["resource_control"])


def _one(does: Behaviour, in_user: InUser | Behaviour = EXECUTES) -> Isa:
    instruction = Instruction("odd", "ra, rb", 0x60, "Odd.", does, in_user)
    return Isa("odd", (instruction,))


@pytest.mark.parametrize("cause", [Cause.TIMER, Cause.DISK])
def test_a_trap_that_looks_like_an_interrupt_is_lost(cause: Cause) -> None:
    """A monitor takes such a trap for its own business, and the guest tries again for ever."""
    isa = _one(Behaviour(traps=[Trap(TRUE, cause)]))
    assert small_verdict(isa, [TRAP_AND_EMULATE]).blame["trap-and-emulate", "equivalence"] == {"odd"}
    assert blamed(isa, TRAP_AND_EMULATE)["equivalence"] == {"odd"}


def test_a_guest_that_runs_reads_that_it_runs() -> None:
    """A halted virtual processor executes nothing, so the run state may be read by anybody."""
    isa = _one(Behaviour({}, [Put(REGISTERS, A, RUN)]))
    for monitor in (TRAP_AND_EMULATE, HYBRID):
        assert not small_verdict(isa, [monitor]).blame[monitor.name, "equivalence"]
        assert not blamed(isa, monitor)["equivalence"]


def test_what_shows_only_in_a_memory_trap_is_in_no_class() -> None:
    """The theorems set memory traps aside, as the paper does: here their condition holds and the monitor fails."""
    isa = _one(Behaviour(traps=[Trap(eq(TIMER, 0), Cause.MEMORY)]))
    (small,) = small_classes(isa)
    (proved,) = classify(isa)
    assert not small.critical
    assert proved.critical is False
    assert small_verdict(isa, [TRAP_AND_EMULATE]).blame["trap-and-emulate", "equivalence"] == {"odd"}
    assert blamed(isa, TRAP_AND_EMULATE)["equivalence"] == {"odd"}


def test_what_traps_in_supervisor_mode_alone_is_in_no_class() -> None:
    """A privilege trap of the supervisor is taken out of the meaning, and only user-mode states are compared for it."""
    privilege = Trap(TRUE, Cause.PRIVILEGED, privilege=True)
    isa = _one(Behaviour(traps=[privilege]), IGNORED)
    (small,) = small_classes(isa)
    (proved,) = classify(isa)
    assert not small.critical
    assert proved.critical is False
    assert small_verdict(isa, [TRAP_AND_EMULATE]).blame["trap-and-emulate", "equivalence"] == {"odd"}
    assert blamed(isa, TRAP_AND_EMULATE)["equivalence"] == {"odd"}


def test_the_result_says_what_was_enumerated() -> None:
    """A verdict on a small machine is no proof, and says how far it goes."""
    small = small_verdict(FEW, [TRAP_AND_EMULATE])
    assert "6 instructions" in small.coverage
    assert "12 squares" in small.coverage
    assert small == small_verdict(FEW, [TRAP_AND_EMULATE])
    assert contents(6, 4)[0] == [7, 18, 29, 40]
