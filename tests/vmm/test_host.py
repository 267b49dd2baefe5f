"""Several virtual machines on one real machine: each comes to what it comes to alone, whoever is beside it."""

from random import Random

import pytest
from attrs import evolve

from popek.engine.stepper import Outcome
from popek.guests import library
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.slot import MEMORY
from popek.testing.hostile import APART, HOSTILE, TECHNIQUES, counters, inhabited, words
from popek.testing.hosting import Tenant, complaints, unfair
from popek.testing.programs import guest
from popek.vmm.host import Host
from popek.vmm.monitor import (
    HARDWARE_ASSISTED,
    INTERPRETER,
    TRANSLATION_FULL,
    TRAP_AND_EMULATE,
    Monitor,
)
from popek.vmm.virtual import VirtualState


@pytest.mark.parametrize("monitor", [TRAP_AND_EMULATE, INTERPRETER, TRANSLATION_FULL], ids=lambda m: m.name)
@pytest.mark.parametrize("kind", HOSTILE)
def test_seven_neighbours_of_a_hostile_guest_do_not_notice(kind: str, monitor: Monitor) -> None:
    """Whatever it does, their results and instruction counts are those of running alone, and none waits longer."""
    tenants = counters(8)
    tenants["n3"] = Tenant("n3", words(HOSTILE[kind]), size=64, steps=150, monitor=monitor)
    host = inhabited(tenants, quantum=9)
    assert list(complaints(host, tenants)) == []
    assert host["n3"].result.outcome is (Outcome.TRAP_LOOP if kind == "a trap loop" else Outcome.BUDGET)


def test_a_hostile_guest_has_its_share_of_the_time_and_no_more() -> None:
    """While eight want the processor, each has an eighth; what is charged for exits is charged to who exits."""
    for kind in ("an endless loop with interrupts off", "an instruction that is emulated, for ever"):
        tenants = {n: evolve(t, steps=10_000, words=words("here: jmp here")) for n, t in counters(8).items()}
        tenants["n3"] = evolve(tenants["n3"], words=words(HOSTILE[kind]))
        host = Host(CLASSIC, apart=lambda _: APART, memory=1000, quantum=20, exit_ticks=7)
        for tenant in tenants.values():
            tenant.move_into(host)
        host.run(4000)
        used = [h.account.used for h in host.vms.values()]
        assert max(used) - min(used) <= host.quantum + host.exit_ticks
        assert list(unfair(host)) == []
        assert sum(used) <= host.clock + host.quantum


def test_who_exits_more_gets_less_done() -> None:
    """An exit takes real time, and that comes from its guest's quantum."""
    each = {"many": "here: getmode r1\n jmp here", "few": "here: jmp here"}
    host = Host(CLASSIC, apart=lambda _: APART, memory=200, quantum=50, exit_ticks=10)
    for name, source in each.items():
        Tenant(name, words(source), steps=10_000).move_into(host)
    host.run(3000)
    many, few = (host[n] for n in each)
    assert abs(many.account.used - few.account.used) <= host.quantum + host.exit_ticks
    assert 4 * many.result.instructions < few.result.instructions


@pytest.mark.parametrize("seeds", [range(4 * n, 4 * n + 4) for n in range(12)], ids=str)
def test_random_neighbours_do_not_matter(seeds: range) -> None:
    """Random guests under random techniques, budgets and quanta: result, memory and devices are as alone."""
    random = Random(seeds.start)  # noqa: S311 - to be repeated, not to be secret
    tenants = {}
    for seed in seeds:
        drawn, monitor = guest(CLASSIC, seed), random.choice(TECHNIQUES)
        tenants[str(seed)] = Tenant(
            str(seed), drawn.words, drawn.allotment.size, drawn.steps, monitor, drawn.typed, drawn.disk
        )
    assert list(complaints(inhabited(tenants, quantum=random.randint(1, 20)), tenants)) == []


@pytest.mark.soak
def test_many_random_neighbours_do_not_matter() -> None:
    """The same for 4,000 guests in groups of up to nine."""
    random = Random(0)  # noqa: S311 - to be repeated, not to be secret
    seeds = iter(range(4000))
    while group := [s for _, s in zip(range(random.randint(1, 9)), seeds, strict=False)]:
        drawn = {str(s): guest(CLASSIC, s) for s in group}
        tenants = {
            n: Tenant(n, g.words, g.allotment.size, g.steps, random.choice(TECHNIQUES), g.typed, g.disk)
            for n, g in drawn.items()
        }
        assert list(complaints(inhabited(tenants, quantum=random.randint(1, 20)), tenants)) == [], group


@pytest.mark.parametrize("quantum", range(1, 14))
def test_the_quantum_does_not_matter_to_results(quantum: int) -> None:
    """Whichever instruction it ends before."""
    tenants = counters(4)
    assert list(complaints(inhabited(tenants, quantum=quantum), tenants)) == []


def test_the_size_of_an_allotment_does_not_matter_to_the_neighbours() -> None:
    """From the smallest on, one word more each; who has too little memory for its program alone has so here."""
    filler = words("ldi r0, 0\n ldi r1, -1\nagain: addi r1, r1, 1\n st r1, 0(r1)\n jmp again")
    for size in range(22, 60):
        tenants = {**counters(1), "small": Tenant("small", filler, size, 120)}
        assert list(complaints(inhabited(tenants, quantum=11), tenants)) == [], size


def test_guests_in_guest_mode_share_the_machine_with_others() -> None:
    """`classic-vt` has one guest mode, which is every guest's in turn."""
    tenants = {n: evolve(t, monitor=m) for (n, t), m in zip(
        counters(4).items(), (HARDWARE_ASSISTED, TRAP_AND_EMULATE, HARDWARE_ASSISTED, INTERPRETER), strict=True
    )}  # fmt: skip
    tenants["n1"] = evolve(tenants["n1"], words=words(HOSTILE["an endless loop with interrupts off"]))
    host = Host(CLASSIC_VT, memory=1000, quantum=7)
    for tenant in tenants.values():
        tenant.move_into(host)
    host.run()
    assert list(complaints(host, tenants)) == []


def test_the_shipped_operating_system_beside_seven_others() -> None:
    """The guests that ship come to what their headers say."""
    host = Host(CLASSIC, apart=lambda _: APART, quantum=100)
    for n, name in enumerate(("os", "timer", "disk-read", "echo", "hello", "fibonacci", "psw-round-trip", "timer")):
        found = library.find(name)
        program = assemble(found.source, CLASSIC)
        host.start(
            program.words, name=f"{name}{n}", allotment=4096, typed=found.input, disk=found.disk,
            monitor=TECHNIQUES[n % len(TECHNIQUES)],
        )  # fmt: skip
    host.run()
    for name, hosted in host.vms.items():
        found, state = library.find(name[:-1]), hosted.vm.state
        program = assemble(found.source, CLASSIC)
        result = hosted.result

        def memory(address: int, state: VirtualState = state) -> int:
            return state.element(MEMORY, address)

        told = found.expected.mismatches(result.outcome.value, result.output, result.registers, memory, program.symbols)
        assert told == (), name
