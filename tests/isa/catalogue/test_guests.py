"""Each architecture, variants included, has a guest of its own that cannot tell under a monitor proved for it."""

from functools import cache

import pytest

from popek.guests import library
from popek.guests.guest import Guest
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.classic import INNOCUOUS
from popek.prove.classes import Showing, classify
from popek.prove.decide import under
from popek.prove.values import Classes
from popek.vmm.allotment import Allotment
from popek.vmm.compare import LockStep
from popek.vmm.monitor import HARDWARE_ASSISTED, HYBRID, PARAVIRTUAL, TRANSLATION_FULL, TRAP_AND_EMULATE, Monitor

PREFERRED = (HARDWARE_ASSISTED, TRAP_AND_EMULATE, HYBRID, TRANSLATION_FULL, PARAVIRTUAL)
CATALOGUE = shipped.catalogue()


@cache
def classes_of(isa: Isa) -> tuple[Classes, ...]:
    """Return the classes of an ISA's instructions."""
    return classify(isa, showing=Showing.NOTHING)


def guests_of(isa: Isa) -> list[Guest]:
    """Return the guests that are written for an architecture, or if there are none, for what it is a delta on."""
    every = [library.find(n) for n in library.names()]
    return [g for g in every if g.isa == isa.name] or [g for g in every if g.isa == isa.extends]


def proved(isa: Isa) -> list[Monitor]:
    """Return the monitors under which no guest can tell, and none gets what is the monitor's, interpreters aside."""
    found = [(m, under(isa, m, classes_of(isa))) for m in PREFERRED]
    return [m for m, v in found if v.equivalence.holds and v.resource_control.holds]


@pytest.mark.parametrize("isa", CATALOGUE, ids=lambda i: i.name)
def test_every_architecture_has_a_guest_that_cannot_tell(isa: Isa) -> None:
    """Assembled for this very ISA, run bare and under the first monitor that is proved, it prints what it should."""
    guests, monitors = guests_of(isa), proved(isa)
    assert guests
    assert monitors
    for guest in guests:
        program = assemble(guest.source, isa, file=guest.file)
        run = LockStep(
            isa,
            program.words,
            monitor=monitors[0],
            sensitive={c.name for c in classes_of(isa) if c.sensitive},
            critical={c.name for c in classes_of(isa) if c.critical},
            allotment=Allotment(64, guest.memory),
        ).run(guest.max_steps)
        assert run.equivalent
        assert run.violation is None
        assert run.bare.output == run.virtual.output == guest.expected.output


@pytest.mark.parametrize("isa", CATALOGUE, ids=lambda i: i.name)
def test_its_mnemonics_are_the_architectures_own(isa: Isa) -> None:
    """Each guest has instructions that `classic`'s innocuous core has not."""
    own = {i.name for i in isa.instructions if i not in INNOCUOUS}
    for guest in guests_of(isa):
        decoded = [isa.decode(w) for w in assemble(guest.source, isa, file=guest.file).words.values()]
        assert own & {d.instruction.name for d in decoded if d is not None}


def test_guest_mode_is_what_is_proved_where_there_is_one() -> None:
    """VT-x, AMD-V, VT-i, the extensions of ARMv7 and of RISC-V."""
    with_mode = {i.name for i in CATALOGUE if i.guest is not None}
    assert with_mode == {"x86-vtx", "x86-svm", "itanium-vti", "armv7-ve", "riscv-h"}
    assert all(proved(i)[0] is HARDWARE_ASSISTED for i in CATALOGUE if i.guest is not None)
