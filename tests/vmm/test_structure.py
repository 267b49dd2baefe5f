"""Structures of hypervisors: what is crossed on a way is counted from its parts, and the guest cannot tell."""

from itertools import pairwise

import pytest

from popek.engine.stepper import Record
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.classic_vt import CLASSIC_VT
from popek.vmm.monitor import MONITORS, Monitor
from popek.vmm.services import Services
from popek.vmm.structure import GUEST, OF_THE_EXIT, STRUCTURES, Crossed, Part, Service, Structure, crossed
from popek.vmm.virtual_machine import VirtualMachine

INTERRUPTS = frozenset({"timer", "disk"})

PROGRAM = """
        .org    8
        .word   0, handler, 0, -1
        .org    16
        ldi     r0, 0
        ldi     r1, 'a'
        getie   r2                      ; the processor
        out     r1, 0                   ; a device
        svc     1                       ; a trap of the guest's own
        ldi     r3, 4
        settimer r3                     ; the processor
        ldi     r3, 1
        disk    r1, r0, 0               ; a device
        ldi     r3, user
        jsu     r3                      ; the processor
user:   out     r1, 0                   ; a trap: it does not complete
        halt
handler:
        ld      r4, 4(r0)
        ldi     r5, 4
        bne     r4, r5, stop
        lpsw    0(r0)                   ; the processor
stop:   halt                            ; the processor
"""

SENSITIVE = frozenset(i.name for i in SYSTEM)


def served(monitor: Monitor, quantum: int = 1000) -> Services:
    """Return what a monitor was wanted for by the program."""
    isa = CLASSIC_VT if monitor.in_guest_mode else CLASSIC
    services = Services(INTERRUPTS)
    under = monitor.vary(monitor.name, quantum=quantum)
    words = assemble(PROGRAM, CLASSIC).words
    VirtualMachine(isa, words, monitor=under, sensitive=SENSITIVE, memory=256, sink=services).run()
    return services


def test_what_a_monitor_is_wanted_for() -> None:
    """By hand: seven times for the processor, traps included, twice for a device; when it emulates, without an exit."""
    found = served(MONITORS["trap-and-emulate"])
    assert found.exited == {Service.PROCESSOR: 7, Service.DEVICE: 2, Service.INTERRUPT: 0}
    assert found.outside.total() == 0
    found = served(MONITORS["interpreter"])
    assert (found.exited.total(), found.outside) == (0, {Service.DEVICE: 2})
    found = served(MONITORS["hardware-assisted"])
    assert found.exited == {Service.PROCESSOR: 2, Service.DEVICE: 2, Service.INTERRUPT: 0}


@pytest.mark.parametrize("name", [n for n in MONITORS if n != "paravirtual"])
@pytest.mark.parametrize("quantum", [1, 3, 1000])
def test_every_exit_is_one_service(name: str, quantum: int) -> None:
    """None is lost, and none is counted twice, however short the quantum; and devices are wanted twice."""
    monitor = MONITORS[name]
    isa = CLASSIC_VT if monitor.in_guest_mode else CLASSIC
    services, exits = Services(INTERRUPTS), []

    def sink(record: Record) -> None:
        services(record)
        exits.extend(record.notes["exits"])

    vm = VirtualMachine(
        isa, assemble(PROGRAM, CLASSIC).words, monitor=monitor.vary(name, quantum=quantum), sensitive=SENSITIVE,
        memory=256, sink=sink,
    )  # fmt: skip
    vm.run()
    assert services.exited.total() == len(exits) == sum(vm.exits.values())
    assert services.exited[Service.INTERRUPT] == vm.exits.get("timer", 0)
    assert services.exited[Service.DEVICE] + services.outside[Service.DEVICE] == 2


CROSSED = {
    "monolithic": ((2, 0), (2, 0), (2, 0), (0, 0)),
    "microkernel": ((2, 0), (2, 0), (4, 2), (2, 2)),
    "microhypervisor": ((4, 2), (2, 0), (8, 4), (4, 2)),
    "hosted": ((2, 0), (2, 2), (6, 2), (4, 2)),
    "kernel-module": ((2, 0), (2, 0), (6, 0), (4, 0)),
}
"""Switches of mode and of worlds by hand: an instruction, an interrupt, a device; a device without an exit."""


@pytest.mark.parametrize("name", STRUCTURES)
def test_what_is_crossed_is_what_one_counts_by_hand(name: str) -> None:
    """For each service, after an exit; and for a device when the monitor emulates."""
    structure = STRUCTURES[name]
    ways = [structure.crossed(s, exited=True) for s in Service]
    ways.append(structure.crossed(Service.DEVICE, exited=False))
    assert ways == [Crossed(*c) for c in CROSSED[name]]
    assert structure.crossed(Service.PROCESSOR, exited=False) == Crossed(0, 0)


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=lambda s: s.name)
def test_a_structure_is_sound(structure: Structure) -> None:
    """Who leaves a guest is in supervisor mode; who gives the processor back is too; user mode never calls user mode.

    Between two parts in user mode there is always one in supervisor mode: no hardware switches otherwise.
    """
    assert structure.paths.keys() == set(Service)
    for service, path in structure.paths.items():
        assert path[0].supervisor
        assert path[-1].supervisor
        whole = (GUEST, *path, GUEST)
        assert all(a.supervisor or b.supervisor for a, b in pairwise(whole))
        assert structure.crossed(service, exited=True).modes >= OF_THE_EXIT
    assert structure.source
    assert structure.examples


def test_a_world_is_left_and_come_back_to() -> None:
    """What is mapped everywhere is no world of its own."""
    kernel, other = Part("kernel", supervisor=True), Part("other", supervisor=False, world="other")
    assert crossed((GUEST, kernel, GUEST)) == Crossed(2, 0)
    assert crossed((GUEST, kernel, other, kernel, other, kernel, GUEST)) == Crossed(6, 2)
    assert crossed((kernel, other, kernel)) == Crossed(2, 2)
    assert crossed((other, kernel, other)) == Crossed(2, 0)
