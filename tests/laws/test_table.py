"""The whole table: every guest, under every technique, on every variant; run time and proof agree.

Where equivalence is proved, a guest's observable result is the bare machine's: how it ended, what it printed,
registers, slots, and memory, in which a port's hypercall stands for the instruction that it replaces. Where it is
refuted, the proof's witness diverges when it is run. The slice in the suite has some of the variants and guests; all
is behind the soak marker.
"""

from functools import cache

import pytest
from attrs import evolve

from popek.engine.machine import Machine
from popek.guests import library
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import GUEST_MODE
from popek.isa.hypercall import meant
from popek.isa.program import Program
from popek.isa.slot import MEMORY
from popek.isa.variants import VARIANTS
from popek.library import running
from popek.prove.classes import classify
from popek.prove.decide import decide
from popek.prove.guest_witness import shows
from popek.prove.values import PropertyVerdict, Status
from popek.vmm.monitor import MONITORS
from popek.vmm.virtual_machine import VirtualMachine

ISAS = {i.name: i for i in (CLASSIC, *VARIANTS)}
GUESTS = [n for n in library.names() if library.find(n).isa == "classic"]
STEPS = 4000
"""So many steps either machine is run; nearly every guest takes fewer, and of the others the state then is compared."""

OWN_HYPERCALLS = "hypercall-batch"
"""The guest that makes hypercalls which no port has put there: what is proved of a ported guest assumes none."""

SLICE = ("jrst1", "popf", "r-readable", "setb")
SOME = ("hello", "os", "timer", "self-modifying", "probe-jrst1", "probe-popf", "probe-r-readable")

Seen = tuple[object, ...]


def on(name: str, monitor: str) -> Isa:
    """Return a variant, with a guest mode if the technique needs one."""
    return evolve(ISAS[name], guest=GUEST_MODE) if MONITORS[monitor].in_guest_mode else ISAS[name]


@cache
def verdict(name: str, monitor: str) -> PropertyVerdict:
    """Return whether equivalence is proved."""
    (found,) = decide(on(name, monitor), monitors=[MONITORS[monitor]]).monitors
    return found.equivalence


@cache
def program(isa: Isa, guest: str) -> Program:
    """Return a guest for an ISA."""
    return assemble(library.find(guest).source, isa, file=guest)


@cache
def bare(name: str, guest: str) -> Seen:
    """Return what is seen of a guest on the bare machine."""
    found, isa = library.find(guest), ISAS[name]
    words = program(isa, guest).words
    machine = Machine(isa, words, memory=found.memory, typed=found.input, disk=found.disk)
    return seen(machine, name)


def virtual(name: str, guest: str, monitor: str) -> Seen:
    """Return what is seen of a guest under a monitor; ported, if it wants that."""
    found, isa = library.find(guest), on(name, monitor)
    place = (64, found.memory)
    ready = program(isa, guest)
    return seen(
        running.virtual(isa, ready, monitor, allotment=place, memory=4096, input=found.input, disk=found.disk),
        name,
    )


def seen(machine: Machine | VirtualMachine, name: str) -> Seen:
    """Run a machine, and return everything that can be observed of it."""
    result = machine.run(STEPS)
    memory = tuple(unported(name, machine.state.element(MEMORY, a)) for a in range(machine.state.size))
    return result.outcome, result.output, result.registers, result.steps, result.slots, memory


def unported(name: str, word: int) -> int:
    """Return the critical instruction that a word in memory is the hypercall for, or a copy of; or the word."""
    decoded = meant(ISAS[name], word)
    return decoded.word if decoded is not None and decoded.instruction.name in critical(name) else word


@cache
def critical(name: str) -> frozenset[str]:
    """Return the critical instructions of a variant."""
    return frozenset(c.name for c in classify(ISAS[name]) if c.critical)


def agree(name: str, monitor: str, guests: list[str]) -> None:
    """Hold run time against the proof, for some guests."""
    found = verdict(name, monitor)
    if found.status is Status.PROVED:
        for guest in guests:
            if not (guest == OWN_HYPERCALLS and MONITORS[monitor].for_ported):
                assert virtual(name, guest, monitor) == bare(name, guest), guest
        return
    assert found.status is Status.REFUTED, found.reason
    isa = on(name, monitor)
    witness = found.witness
    assert witness is not None
    classes = classify(isa)
    text, blame = witness.program, witness.blame
    assert shows(text, isa, MONITORS[monitor], prop="equivalence", blame=blame, classes=classes), text


@pytest.mark.parametrize("monitor", MONITORS)
@pytest.mark.parametrize("name", SLICE)
def test_a_slice_of_the_table(name: str, monitor: str) -> None:
    """Some variants, all techniques, some guests, the probes for those variants among them."""
    agree(name, monitor, [g for g in GUESTS if g in SOME])


@pytest.mark.soak
@pytest.mark.parametrize("monitor", MONITORS)
@pytest.mark.parametrize("name", ISAS)
def test_the_whole_table(name: str, monitor: str) -> None:
    """All of it."""
    agree(name, monitor, GUESTS)


def test_both_answers_are_in_the_slice() -> None:
    """It would be no test of agreement if all were proved, or all refuted."""
    found = {verdict(n, m).status for n in SLICE for m in MONITORS}
    assert found == {Status.PROVED, Status.REFUTED}
