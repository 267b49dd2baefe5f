"""Planted faults in the allocator and the dispatcher: each is refuted, and a program shows it.

Every fault is one part of trap-and-emulate replaced, on a part of `classic`, beside the property that it breaks.
"""

import pytest
from attrs import evolve

from popek.isa.expression import eq, ite
from popek.isa.slot import BOUND, DISK_WAIT, TIMER, TIMER_PENDING
from popek.isa.variants import VARIANTS
from popek.prove.properties import prove
from popek.prove.values import PROPERTIES, Status
from popek.testing.faults import FEW, classes_of, noticed
from popek.testing.wrong_monitors import ENTRY, RAN, RECOVERY, WRONG_MONITORS, C, E, sooner
from popek.vmm.monitor import TRAP_AND_EMULATE
from popek.vmm.vm_map import elapsed, kept


@pytest.mark.parametrize("fault", WRONG_MONITORS)
def test_a_wrong_map_or_dispatcher_is_refuted(fault: str) -> None:
    """What is loaded and what is read back matters, part by part; and each cause has one right answer."""
    prop, monitor = WRONG_MONITORS[fault]
    assert noticed(FEW, monitor, prop)


def test_a_quantum_that_every_exit_renews_is_refuted() -> None:
    """A guest that makes an exit in time would keep the processor for ever: resource control, not equivalence."""
    renewing = evolve(TRAP_AND_EMULATE, name="wrong", renews=True)
    found = noticed(FEW, renewing, C)
    assert found
    assert "after an exit there are" in found.says
    assert prove(FEW, renewing, classes_of(FEW)).verdict(E).status is Status.PROVED


def test_interrupts_that_are_delivered_late_are_refuted() -> None:
    """Entry and recovery can be wrong together: the timer is not for the guest, whose interrupt waits for any exit."""
    late = {TIMER: ite(RAN, 0, RECOVERY[TIMER]), TIMER_PENDING: ite(RAN, 1, kept(TIMER_PENDING))}
    wrong = evolve(TRAP_AND_EMULATE, name="wrong", entry={TIMER: sooner(DISK_WAIT)}, recovery=late)
    assert noticed(FEW, wrong, E)


def test_a_bound_that_is_not_read_back_is_refuted_where_programs_may_shrink_it() -> None:
    """On `classic` nobody can: there no program shows it."""
    (setb,) = (v for v in VARIANTS if v.name == "setb")
    forgetful = evolve(TRAP_AND_EMULATE, name="wrong", recovery={BOUND: kept(BOUND)})
    assert noticed(setb, forgetful, E)
    assert noticed(FEW, forgetful, E) is None


def test_a_fault_that_no_program_shows_is_never_proved_and_never_refuted() -> None:
    """A recovery that is wrong only before the guest's first tick: the claim fails, no run gets there: unknown."""
    wrong = {TIMER_PENDING: ite(eq(kept(TIMER), elapsed()), 1, kept(TIMER_PENDING))}
    monitor = evolve(TRAP_AND_EMULATE, name="wrong", recovery=wrong)
    assert noticed(FEW, monitor, E) is None
    assert prove(FEW, monitor, classes_of(FEW)).verdict(E).status is not Status.PROVED


def test_the_map_without_a_fault_is_proved() -> None:
    """To replace a part by itself is no fault: what refutes the others is what is wrong with them."""
    same = evolve(TRAP_AND_EMULATE, name="right", entry=ENTRY, recovery=RECOVERY)
    proof = prove(FEW, same, classes_of(FEW))
    assert {proof.verdict(p).status for p in PROPERTIES} == {Status.PROVED}
