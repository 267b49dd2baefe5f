"""A host that is broken on purpose, or a machine that cannot be virtualized: somebody notices."""

import pytest
from attrs import evolve

from popek.engine.stepper import Outcome
from popek.isa.classic import CLASSIC
from popek.isa.instruction import EXECUTES
from popek.isa.porting import port
from popek.isa.slot import REGISTERS
from popek.testing.hostile import APART, COUNTER, HOSTILE, counters, inhabited, words
from popek.testing.hosting import Tenant, complaints, remains, unfair
from popek.vmm import allocator
from popek.vmm.allocator import Room
from popek.vmm.allotment import Allotment
from popek.vmm.hardware import RealState
from popek.vmm.host import Host
from popek.vmm.monitor import (
    PARAVIRTUAL,
    TRAP_AND_EMULATE,
)
from popek.vmm.scheduler import Scheduler
from popek.vmm.virtual import VirtualState


def starving() -> Scheduler:
    """Return a scheduler that knows but the first."""
    return Scheduler("starving", "The first, always.", lambda ready, _: ready[0].number)


def test_a_scheduler_that_starves_is_noticed() -> None:
    """Who is never chosen waits for more than the others' quanta."""
    tenants = counters(3)
    host = Host(CLASSIC, apart=lambda _: APART, memory=400, scheduler=starving(), quantum=9)
    for tenant in tenants.values():
        tenant.move_into(host)
    host.run()
    assert [c.split()[0] for c in complaints(host, tenants)] == ["n1", "n2"]


@pytest.mark.parametrize("forgotten", range(16))
def test_a_register_that_is_not_restored_is_noticed(forgotten: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever it is."""
    move = VirtualState._move

    def careless(self: VirtualState, here: RealState, there: RealState) -> None:
        kept = there.element(REGISTERS, forgotten)
        move(self, here, there)
        there.put(REGISTERS, forgotten, kept)

    waits = "nop\n" * 12 + "halt"
    tenants = {
        n: Tenant(n, words("\n".join(f"ldi r{r}, {9 * r + i}" for r in range(16)) + "\n" + waits))
        for i, n in enumerate(("one", "two"))
    }
    assert list(complaints(inhabited(tenants, quantum=9), tenants)) == []
    monkeypatch.setattr(VirtualState, "_move", careless)
    assert list(complaints(inhabited(tenants, quantum=9), tenants))


def test_allotments_that_overlap_by_a_word_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody uses the word."""
    right = allocator.place

    def wrong(room: Room, size: int) -> Allotment:
        found = right(room, size)
        return Allotment(found.base - 1, found.size) if room else found

    filler = words("ldi r0, 0\n ldi r1, 25\nagain: addi r1, r1, 1\n st r1, 0(r1)\n jmp again")
    tenants = {n: Tenant(n, filler, 40, 100) for n in ("one", "two")}
    assert list(complaints(inhabited(tenants, quantum=9), tenants)) == []
    monkeypatch.setattr(allocator, "place", wrong)
    assert [c.split()[0] for c in complaints(inhabited(tenants, quantum=9), tenants)] == ["one"]


def leaks(host: Host) -> bool:
    """Say whether a new guest finds anything of one that was destroyed."""
    Tenant("old", words("ldi r0, 0\n ldi r1, 77\n st r1, 50(r0)\n halt")).move_into(host)
    host.run()
    host.destroy("old")
    looking = Tenant("new", words("ldi r0, 0\n ld r1, 50(r0)\n halt"))
    looking.move_into(host)
    host.run()
    assert host["new"].vm.allotment == host["old"].vm.allotment
    return remains(host["new"].vm) != remains(looking.alone(CLASSIC, APART))


def test_memory_is_cleared_before_somebody_else_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """And if it is not, that is noticed."""
    assert not leaks(Host(CLASSIC, apart=lambda _: APART, memory=100))
    monkeypatch.setattr(Host, "_clear", lambda _self, _hosted: None)
    assert leaks(Host(CLASSIC, apart=lambda _: APART, memory=100))


def test_a_monitor_that_renews_the_quantum_starves_the_others() -> None:
    """A guest that exits often is then never stopped."""
    tenants = counters(3)
    often = words("here: getmode r1\n jmp here")
    tenants["n1"] = Tenant("n1", often, 64, 500, evolve(TRAP_AND_EMULATE, renews=True))
    assert any("has waited" in c for c in complaints(inhabited(tenants, quantum=9), tenants))


def test_on_a_machine_that_lets_a_guest_turn_interrupts_off_it_has_all_the_time() -> None:
    """Resource control is refuted there, and this is what follows."""
    isa = CLASSIC.vary("open", setie=EXECUTES)
    host = Host(isa, memory=400, quantum=9)
    Tenant("hostile", words(HOSTILE["an endless loop with interrupts off"]), 64, 500).move_into(host)
    Tenant("n1", words(COUNTER), 70, 100).move_into(host)
    host.run()
    assert host["hostile"].account.longest_wait == 0
    assert host["n1"].account.longest_wait == 500
    assert list(unfair(host)) == ["n1 has waited 500 ticks, and the others' quanta are 9"]


def test_hypercalls_are_on_the_time_of_who_makes_them() -> None:
    """However many follow one another without an exit."""
    isa = CLASSIC.vary("open", getmode=EXECUTES, setr=EXECUTES)
    critical = frozenset(("getmode", "setr"))
    endless = port(words("here: getmode r1\n" + "getmode r2\n" * 30 + "jmp here"), isa, critical, None).words
    tenants = {n: evolve(t, monitor=PARAVIRTUAL) for n, t in counters(3).items()}
    tenants["n1"] = evolve(tenants["n1"], words=endless)
    host = Host(isa, memory=400, quantum=9, apart=lambda _: {"critical": critical})
    for tenant in tenants.values():
        tenant.move_into(host)
    host.run()
    assert host["n1"].vm.counts["hypercall"] > 200
    assert list(complaints(host, tenants)) == []


def test_who_stops_the_real_processor_stops_everybody() -> None:
    """An outcome with a name, and it is known whose doing it was."""
    isa = CLASSIC.vary("open", halt=EXECUTES)
    host = Host(isa, memory=400, quantum=9)
    Tenant("n0", words("here: jmp here"), steps=100).move_into(host)
    Tenant("hostile", words("nop\n halt")).move_into(host)
    host.run()
    assert (host.outcome, host.lost_by) == (Outcome.LOST, "hostile")
    assert [h.result.outcome for h in host.vms.values()] == [Outcome.LOST, Outcome.LOST]
    assert host.step() is None
