"""The guest programs themselves: on the bare machine, under a monitor, and on the variants they are about."""

from functools import cache

import pytest
from attrs import evolve

from popek.engine.machine import Machine
from popek.engine.root_mode import RootMachine
from popek.guests import library
from popek.guests.guest import Guest
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.control_block import rooted
from popek.isa.program import Program
from popek.isa.shipped import find as find_isa
from popek.isa.slot import MEMORY
from popek.vmm.allotment import Allotment
from popek.vmm.compare import Comparison, LockStep
from popek.vmm.virtual_machine import VirtualMachine

PROBES = [n for n in library.names() if n.startswith("probe-")]
DEMONSTRATIONS = [n for n in library.names() if n.startswith("demo-")]
BASES = (16, 64, 4096)
"""Where the virtual machine is put: next to the trap words, close to them, and far away."""


def isa_of(name: str) -> Isa:
    """Return a shipped ISA that certainly exists."""
    isa = find_isa(name)
    assert isa
    return isa


@cache
def program_of(name: str) -> Program:
    """Return a guest, assembled for the ISA that it is written for."""
    guest = library.find(name)
    return assemble(guest.source, rooted(isa_of(guest.isa)), file=guest.file)


def mismatches(guest: Guest, machine: Machine | VirtualMachine) -> tuple[str, ...]:
    """Run a guest and hold its result against the expected one."""
    result = machine.run(guest.max_steps)
    return guest.expected.mismatches(
        result.outcome.value,
        result.output,
        result.registers,
        lambda at: machine.state.element(MEMORY, at),
        program_of(guest.name).symbols,
    )


def bare(guest: Guest, isa: str) -> Machine:
    """Return a bare machine with a guest in it."""
    words, on = program_of(guest.name).words, isa_of(isa)
    kind = RootMachine if on.guest else Machine
    return kind(on, words, memory=guest.memory, typed=guest.input, disk=guest.disk)


def virtual(guest: Guest, isa: str, base: int) -> VirtualMachine:
    """Return a virtual machine, under trap-and-emulate, with a guest in it."""
    allotment = Allotment(base, guest.memory)
    words = program_of(guest.name).words
    return VirtualMachine(isa_of(isa), words, allotment=allotment, typed=guest.input, disk=guest.disk)


def compared(guest: Guest, isa: str) -> Comparison:
    """Run a guest on both machines in lock step."""
    allotment, words = Allotment(BASES[-1], guest.memory), program_of(guest.name).words
    return LockStep(isa_of(isa), words, allotment=allotment, typed=guest.input, disk=guest.disk).run(3000)


@pytest.mark.parametrize("name", library.names())
def test_every_guest_gives_its_expected_result(name: str) -> None:
    """What a header says is what the bare machine does."""
    guest = library.find(name)
    assert mismatches(guest, bare(guest, guest.isa)) == ()


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("name", [n for n in library.names() if library.find(n).isa == "classic"])
def test_no_guest_of_classic_can_tell_that_it_is_virtual(name: str, base: int) -> None:
    """Theorem 1, watched: on `classic` every guest gives the same result under trap-and-emulate, wherever it lies."""
    guest = library.find(name)
    assert mismatches(guest, virtual(guest, guest.isa, base)) == ()


@pytest.mark.parametrize("more", [1, 4093])
@pytest.mark.parametrize("name", [n for n in library.names() if library.find(n).isa == "classic"])
def test_nor_can_it_with_more_memory(name: str, more: int) -> None:
    """Nor is anything but the size of memory another one on a larger machine, bare and virtual."""
    guest = evolve(library.find(name), memory=library.find(name).memory + more)
    assert mismatches(guest, bare(guest, guest.isa)) == ()
    assert mismatches(guest, virtual(guest, guest.isa, BASES[1])) == ()


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_is_itself_on_its_variant_bare(name: str) -> None:
    """The bare machine of the variant gives the expected result."""
    guest = library.find(name)
    assert mismatches(guest, bare(guest, guest.detects)) == ()


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("name", PROBES)
def test_a_probe_tells_on_its_variant(name: str, base: int) -> None:
    """Under trap-and-emulate on the variant, the result is another one."""
    guest = library.find(name)
    assert mismatches(guest, virtual(guest, guest.detects, base))


@pytest.mark.parametrize("name", DEMONSTRATIONS)
def test_a_demonstration_takes_what_is_its_monitors(name: str) -> None:
    """On its variant it breaks the monitor's control; on `classic` it does not, though it tries the same."""
    guest = library.find(name)
    assert compared(guest, "classic").violation is None
    assert compared(guest, guest.demonstrates).violation is not None


def test_the_operating_system_runs_its_users_by_turns() -> None:
    """No user is done before another one has started, and the fall of one leaves two to end in their own way."""
    output = library.find("os").expected.output or ""
    assert output.index("1") < output.index("c") < output.index("a") < output.rindex("1")
    assert output.index("killed") < output.rindex("a")
