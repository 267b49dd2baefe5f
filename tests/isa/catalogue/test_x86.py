"""Intel IA-32 and what was done about it: UMIP, VT-x, AMD-V, x86-64."""

from functools import cache

import pytest
from attrs import evolve

from popek.guests import library
from popek.isa.architecture import GuestMode, Isa
from popek.isa.assembler import assemble
from popek.isa.catalogue._x86_segments import GDTR
from popek.isa.catalogue.x86 import ISAS, X86, X86_64, X86_SVM, X86_UMIP, X86_VTX
from popek.isa.classic import INNOCUOUS
from popek.isa.slot import IE, SUPERVISOR, USER
from popek.prove.classes import classify
from popek.prove.decide import verdict
from popek.prove.properties import prove
from popek.prove.values import Classes, IsaVerdict, MonitorVerdict, PropertyVerdict, Status
from popek.vmm.allotment import Allotment
from popek.vmm.compare import Comparison, LockStep
from popek.vmm.monitor import HARDWARE_ASSISTED, MONITORS

GUEST = "x86-rings"

ROBIN_AND_IRVINE = {
    "sgdt", "sidt", "sldt", "smsw", "pushf", "popf", "lar", "lsl", "verr", "verw", "pop-seg", "push-seg", "call-far",
    "jmp-far", "int-n", "ret-far", "str", "mov-from-seg", "mov-to-seg",
}  # fmt: skip

_FAR = (".org 12", ".word 0x00cffa00, 0x00cff200", ".org 16", "ldi r1, 40", "ldi r2, 0x63")
"""Descriptors 12 and 13 of the table at 0, where every monitor's is as well: code and data of ring 3."""


@cache
def decided(isa: Isa) -> IsaVerdict:
    """Return the verdict on an ISA."""
    return verdict(isa).only


def properties(monitor: MonitorVerdict) -> tuple[PropertyVerdict, ...]:
    """Return the verdicts on the properties under a monitor."""
    return monitor.equivalence, monitor.resource_control, monitor.efficiency, monitor.isolation


def classes(isa: Isa, name: str) -> Classes:
    """Return the classes of one instruction."""
    return next(c for c in decided(isa).instructions if c.name == name)


def blame(isa: Isa) -> set[str]:
    """Return what theorem 1 blames."""
    return set(decided(isa).theorem(1).blame)


def stepped(isa: Isa, lines: tuple[str, ...], monitor: str = "trap-and-emulate") -> Comparison:
    """Run a program in lock step for as many steps as it has instructions."""
    steps = sum(not line.startswith(".") for line in lines)
    words = assemble("\n".join(lines) + "\n", isa).words
    return LockStep(isa, words, monitor=MONITORS[monitor], allotment=Allotment(64, 64), memory=192).run(steps)


@cache
def compared(isa: Isa, monitor: str) -> Comparison:
    """Run the guest on an ISA, bare and under a monitor."""
    guest, known = library.find(GUEST), classify(isa)
    return LockStep(
        isa,
        assemble(guest.source, X86, file=guest.file).words,
        monitor=MONITORS[monitor],
        sensitive={c.name for c in known if c.sensitive},
        critical={c.name for c in known if c.critical},
        allotment=Allotment(64, guest.memory),
    ).run(guest.max_steps)


def test_the_blame_is_robin_and_irvines_list() -> None:
    """But for INT n, which always traps, and IRET, which they leave out."""
    assert blame(X86) == ROBIN_AND_IRVINE - {"int-n"} | {"iret"}
    assert classes(X86, "int-n").innocuous


def test_everything_else_that_is_sensitive_is_privileged() -> None:
    """The privileged instructions are, and each of them is sensitive: nothing traps for nothing."""
    others = [c for c in decided(X86).instructions if c.sensitive and c.name not in blame(X86)]
    assert len(others) == 20
    assert all(c.privileged for c in others)
    assert all(c.sensitive for c in decided(X86).instructions if c.privileged)


def test_theorem_3_fails_but_not_by_what_shows_the_ring_alone() -> None:
    """In ring 3 the ring is what it should be: POPF, and storing a selector, matter in virtual ring 0 only."""
    assert blame(X86) - set(decided(X86).theorem(3).blame) == {"popf", "push-seg", "mov-from-seg"}


def test_umip_takes_five_of_them() -> None:
    """SGDT, SIDT, SLDT, SMSW and STR become privileged; the theorems still fail."""
    assert blame(X86) - blame(X86_UMIP) == {"sgdt", "sidt", "sldt", "smsw", "str"}
    assert X86_UMIP.extends == X86.name
    assert decided(X86_UMIP).theorem(1).holds is decided(X86_UMIP).theorem(3).holds is False


def test_64_bit_mode_takes_one() -> None:
    """PUSH of CS and SS, which shows the ring, is an invalid opcode there."""
    assert blame(X86) - blame(X86_64) == {"push-seg"}
    assert blame(X86_64) <= blame(X86)
    assert classes(X86_64, "sysret").privileged


@pytest.mark.parametrize("isa", [X86_VTX, X86_SVM], ids=lambda i: i.name)
def test_guest_mode_needs_none_of_it(isa: Isa) -> None:
    """The instructions are critical as ever, and the hardware-assisted monitor is proved."""
    assert blame(isa) == blame(X86)
    assert isa.instructions == X86.instructions
    assert all(p.holds for p in properties(decided(isa)["hardware-assisted"]))


@pytest.mark.parametrize(
    ("copies", "exits", "blamed"),
    [
        ((GDTR,), (), "sgdt"),
        ((IE,), (), "pushf"),
        ((), ("hlt",), "hlt"),
        ((), ("invd",), "invd"),
        ((), ("rdmsr",), "rdmsr"),
    ],
)
def test_no_copy_and_no_exit_is_there_for_nothing(
    copies: tuple[object, ...], exits: tuple[str, ...], blamed: str
) -> None:
    """Without one of them the hardware-assisted monitor is refuted."""
    mode = X86_SVM.guest
    assert mode is not None
    fewer = GuestMode(
        tuple(c for c in mode.copies if c not in copies),
        tuple(e for e in mode.exits if e not in exits),
    )
    isa = evolve(X86_SVM, name="poorer", guest=fewer)
    found = prove(isa, HARDWARE_ASSISTED, classify(isa)).verdict("equivalence")
    assert found.status is Status.REFUTED
    assert blamed in found.blame


@pytest.mark.parametrize("isa", ISAS, ids=lambda i: i.name)
def test_every_refutation_has_a_witness(isa: Isa) -> None:
    """Each property that is refuted comes with a program that was run, in this machine's own mnemonics."""
    for monitor in decided(isa).monitors:
        for found in properties(monitor):
            assert found.status is not Status.UNKNOWN
            assert (found.status is Status.REFUTED) == (found.witness is not None)


def test_the_guest_runs_alike_wherever_a_monitor_is_proved() -> None:
    """Translated, ported, in guest mode; under trap-and-emulate it notices, and prints nothing."""
    expected = library.find(GUEST).expected.output
    proved = [(X86, "translation-full"), (X86, "paravirtual"), (X86, "interpreter"), (X86_UMIP, "translation-full")]
    proved += [(X86_VTX, "hardware-assisted"), (X86_SVM, "hardware-assisted"), (X86_64, "translation-full")]
    for isa, monitor in proved:
        run = compared(isa, monitor)
        assert run.equivalent
        assert run.violation is None
        assert run.bare.output == run.virtual.output == expected
    refuted = compared(X86, "trap-and-emulate")
    assert not refuted.equivalent
    assert refuted.virtual.output == ""


def test_a_far_return_goes_outwards_only() -> None:
    """From ring 0 to ring 3 without a trap; from ring 3 to ring 0 it makes one."""
    outwards = (*_FAR, "ret-far r1, r2", ".org 40", "ldi r2, 0x60", "ret-far r1, r2")
    first, second = stepped(X86, outwards[:-3], "interpreter"), stepped(X86, outwards, "interpreter")
    assert first.bare.slots["mode"] == USER
    assert second.bare.slots["mode"] == SUPERVISOR
    assert second.bare.slots["pc"] == 0


def test_every_behaviour_has_a_source() -> None:
    """Whoever doubts a behaviour can look it up."""
    for isa in ISAS:
        assert isa.sources
        assert all(i.source and i.doc.endswith(".") for i in isa.instructions if i not in INNOCUOUS)
