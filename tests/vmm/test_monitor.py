"""Monitors: tables that are complete, and what they say about each instruction."""

import pytest
from attrs import evolve

from popek.engine.reference import Event, Kind
from popek.errors import PopekError
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.classic import CLASSIC
from popek.isa.cycle import SWAP
from popek.isa.slot import PC, TIMER
from popek.testing.states import made
from popek.vmm.monitor import (
    ACTIONS,
    DISPATCHER,
    HYBRID,
    MONITORS,
    PARAVIRTUAL,
    TRANSLATION,
    TRAP_AND_EMULATE,
    Action,
    Monitor,
    Treatment,
    find,
    resume,
    skip,
)
from popek.vmm.vm_map import kept, vm_map

SHIPPED = pytest.mark.parametrize("monitor", MONITORS.values(), ids=lambda m: m.name)


@SHIPPED
def test_every_cause_has_a_handler(monitor: Monitor) -> None:
    """A table, complete, with no default; so has every action a function."""
    assert monitor.dispatcher.keys() == set(Cause)
    assert ACTIONS.keys() == set(Action)


@pytest.mark.parametrize("cause", Cause, ids=lambda c: c.name.lower())
def test_a_dispatcher_with_a_cause_missing_is_refused(cause: Cause) -> None:
    """And the cause is named."""
    with pytest.raises(PopekError, match=f"the dispatcher has nothing for {cause.name.lower()}"):
        Monitor("holed", "Has a hole.", dispatcher={c: a for c, a in DISPATCHER.items() if c is not cause})


@SHIPPED
def test_a_shipped_monitor_says_what_it_is(monitor: Monitor) -> None:
    """A sentence, a name under which it is found, and no part that is not the standard one."""
    assert find(monitor.name) is monitor is MONITORS[monitor.name]
    assert monitor.doc.endswith(".")
    assert not monitor.entry
    assert not monitor.recovery
    assert not monitor.renews
    assert monitor.believes(CLASSIC) is CLASSIC


def test_an_unknown_monitor_is_told_with_the_nearest() -> None:
    """As the user would have written it."""
    with pytest.raises(PopekError, match="there is no monitor `hybird`") as caught:
        find("hybird")
    assert "hybrid" in str(caught.value)


@pytest.mark.parametrize(
    ("monitor", "user", "sensitive", "critical", "treatment"),
    [
        (TRAP_AND_EMULATE, False, True, True, Treatment.DIRECT),
        (TRAP_AND_EMULATE, True, True, True, Treatment.DIRECT),
        (HYBRID, False, False, False, Treatment.EMULATED),
        (HYBRID, True, True, True, Treatment.DIRECT),
        (TRANSLATION, False, True, False, Treatment.TRANSLATED),
        (TRANSLATION, False, False, False, Treatment.DIRECT),
        (TRANSLATION, True, True, True, Treatment.DIRECT),
        (PARAVIRTUAL, False, True, True, Treatment.HYPERCALL),
        (PARAVIRTUAL, True, True, False, Treatment.DIRECT),
    ],
)
def test_a_technique_is_a_table(
    monitor: Monitor, treatment: Treatment, *, user: bool, sensitive: bool, critical: bool
) -> None:
    """How an instruction of some classes is run in either virtual mode."""
    assert monitor.plan(user=user).treatment(sensitive=sensitive, critical=critical) is treatment


def test_parts_of_the_vm_map_can_be_replaced() -> None:
    """One's own entries stand in place of the shipped ones, the others stay."""
    own = evolve(TRAP_AND_EMULATE, entry={TIMER: kept(TIMER)}, recovery={PC: kept(PC)})
    shipped, table = vm_map(CLASSIC), own.table(CLASSIC)
    assert (table.entry[TIMER], table.recovery[PC]) == (kept(TIMER), kept(PC))
    assert (table.entry[PC], table.recovery[TIMER]) == (shipped.entry[PC], shipped.recovery[TIMER])
    assert TRAP_AND_EMULATE.table(CLASSIC).entry[TIMER] is shipped.entry[TIMER]


def test_interpreter_routines_can_be_replaced() -> None:
    """What the monitor believes the machine to be; the real one does not change."""
    own = evolve(TRAP_AND_EMULATE, routines={"halt": Behaviour()}, reflection=evolve(SWAP, effects=()))
    believed = own.believes(CLASSIC)
    assert believed["halt"].does == Behaviour()
    assert believed["halt"].in_user is CLASSIC["halt"].in_user
    assert believed.cycle.swap.effects == ()
    assert believed["lpsw"] is CLASSIC["lpsw"]
    with pytest.raises(PopekError, match="no instruction `hlat`"):
        evolve(TRAP_AND_EMULATE, routines={"hlat": Behaviour()}).believes(CLASSIC)


def test_resuming_does_nothing_and_skipping_goes_on() -> None:
    """What the dispatcher's smaller actions do to a state."""
    state = made(CLASSIC)
    assert resume(CLASSIC, state) is None  # type: ignore[arg-type]
    assert state.slot(PC) == 16
    assert skip(CLASSIC, state) == Event(Kind.EXECUTED, 16, 0)  # type: ignore[arg-type]
    assert state.slot(PC) == 17
