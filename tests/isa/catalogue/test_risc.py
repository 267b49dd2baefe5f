"""What holds of every RISC machine of the catalogue: sources, literature, witnesses, programs that show it."""

from functools import cache

import pytest

from popek.guests import library
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.catalogue import alpha, arm, itanium, mips, powerpc, riscv, sparc
from popek.isa.classic import INNOCUOUS
from popek.isa.instruction import Instruction
from popek.isa.shipped import find
from popek.prove.classes import classify
from popek.prove.decide import verdict
from popek.prove.values import IsaVerdict, Status
from popek.vmm.allotment import Allotment
from popek.vmm.compare import Comparison, LockStep
from popek.vmm.monitor import MONITORS

MODULES = (riscv, arm, mips, alpha, powerpc, sparc, itanium)
ISAS = tuple(i for m in MODULES for i in m.ISAS)
BASES = tuple(m.ISAS[0] for m in MODULES)

BLAME = {
    "riscv": set(),
    "riscv-counters": {"rdcycle", "rdtime", "rdinstret"},
    "riscv-wfi": {"wfi"},
    "riscv-h": set(),
    "armv7": {
        *("mrs-cpsr", "msr-cpsr", "mrs-spsr", "msr-spsr", "cpsie", "cpsid", "cps"),
        *("subs-pc-lr", "ldm-exception-return", "ldm-user", "stm-user", "rfe", "srs", "ldrt", "strt", "wfi"),
    },
    "mips": set(),
    "alpha": {"rs", "rc", "rpcc"},
    "powerpc": set(),
    "sparc": set(),
    "itanium": {"cover", "thash", "ttag", "mov-from-kr", "probe"},
}
BLAME |= {"armv7-ve": BLAME["armv7"], "itanium-vti": BLAME["itanium"]}

USER_BLAME = BLAME | {"riscv-wfi": set(), "armv7": {"mrs-cpsr", "wfi"}, "armv7-ve": {"mrs-cpsr", "wfi"}}
"""What is to blame for theorem 3 as well."""

RUNS = {
    "riscv": ("trap-and-emulate", "hybrid", "translation-full", "paravirtual"),
    "riscv-h": ("trap-and-emulate", "hardware-assisted"),
    "armv7": ("translation-full", "paravirtual"),
    "armv7-ve": ("hardware-assisted",),
    "mips": ("trap-and-emulate", "hybrid", "translation-full"),
    "alpha": ("translation-full", "paravirtual"),
    "powerpc": ("trap-and-emulate", "hybrid", "translation-full"),
    "sparc": ("trap-and-emulate", "hybrid", "translation-full"),
    "itanium": ("translation-full", "paravirtual"),
    "itanium-vti": ("hardware-assisted",),
}
"""Under which monitors each machine's guest is run: such as are proved for it."""


def isa_of(name: str) -> Isa:
    """Return a shipped ISA that certainly exists."""
    isa = find(name)
    assert isa is not None
    return isa


@cache
def decided(isa: Isa) -> IsaVerdict:
    """Return the verdict on an ISA."""
    return verdict(isa).only


def compared(isa: Isa, monitor: str) -> Comparison:
    """Run the guest of an ISA, or of what it extends, bare and under a monitor."""
    base = isa_of(isa.extends) if isa.extends else isa
    guest, known = library.find(f"{base.name}-hello"), classify(isa)
    return LockStep(
        isa,
        assemble(guest.source, base, file=guest.file).words,
        monitor=MONITORS[monitor],
        sensitive={c.name for c in known if c.sensitive},
        critical={c.name for c in known if c.critical},
        allotment=Allotment(64, guest.memory),
    ).run(guest.max_steps)


def own(isa: Isa) -> tuple[Instruction, ...]:
    """Return the instructions that are not of the shared core."""
    return tuple(i for i in isa.instructions if i not in INNOCUOUS)


@pytest.mark.parametrize("isa", ISAS, ids=lambda i: i.name)
def test_the_blame_is_what_the_architecture_is_known_for(isa: Isa) -> None:
    """Theorems 1 and 3 hold, or fail by exactly these."""
    found = decided(isa)
    assert set(found.theorem(1).blame) == BLAME[isa.name]
    assert set(found.theorem(3).blame) == USER_BLAME[isa.name]
    assert found.theorem(1).holds is not bool(BLAME[isa.name])
    assert found.theorem(3).holds is not bool(USER_BLAME[isa.name])


@pytest.mark.parametrize("isa", ISAS, ids=lambda i: i.name)
def test_nothing_completes_and_is_privileged_for_nothing(isa: Isa) -> None:
    """A privileged instruction is sensitive, or it never completes, as SMC: else efficiency would fail."""
    for classes in decided(isa).instructions:
        assert not classes.privileged or classes.sensitive or classes.name == "smc"
    assert decided(isa)["trap-and-emulate"].efficiency.holds


@pytest.mark.parametrize("isa", ISAS, ids=lambda i: i.name)
def test_every_instruction_of_its_own_has_a_source(isa: Isa) -> None:
    """Somebody can open it; and the machine has a year, a sentence or two, and sources of its own."""
    assert all(i.source and i.doc.endswith(".") for i in own(isa))
    assert isa.year
    assert isa.doc
    assert any(s.startswith("year: ") for s in isa.sources)
    assert set(INNOCUOUS) <= set(isa.instructions)


@pytest.mark.parametrize("isa", ISAS, ids=lambda i: i.name)
def test_a_variant_is_a_delta(isa: Isa) -> None:
    """What comes after shares instructions, and state, with what came before."""
    if isa.extends:
        base = isa_of(isa.extends)
        changed = {i.name for i in isa.instructions if i not in base.instructions}
        assert changed == (BLAME[isa.name] if isa.guest is None else set())
        assert isa.slots is base.slots


@pytest.mark.parametrize("isa", ISAS, ids=lambda i: i.name)
def test_every_refutation_has_a_witness(isa: Isa) -> None:
    """It was run, in this machine's own mnemonics; nothing is left unknown."""
    for monitor in decided(isa).monitors:
        for found in (monitor.equivalence, monitor.resource_control, monitor.efficiency, monitor.isolation):
            assert found.status is not Status.UNKNOWN
            assert (found.status is Status.REFUTED) == (found.witness is not None)


@pytest.mark.parametrize(("name", "monitor"), [(n, m) for n, ms in RUNS.items() for m in ms])
def test_the_guest_cannot_tell(name: str, monitor: str) -> None:
    """Under a monitor that is proved for the machine, its guest prints what it prints on the bare one."""
    isa = isa_of(name)
    found = decided(isa)[monitor]
    assert found.equivalence.holds
    assert found.resource_control.holds
    run = compared(isa, monitor)
    base = isa.extends or isa.name
    assert run.equivalent
    assert run.violation is None
    assert run.bare.output == run.virtual.output == library.find(f"{base}-hello").expected.output


@pytest.mark.parametrize("isa", [i for i in BASES if BLAME[i.name]], ids=lambda i: i.name)
def test_the_guest_can_tell_under_trap_and_emulate(isa: Isa) -> None:
    """Where the theorem's condition fails, the guest shows it as well."""
    assert not compared(isa, "trap-and-emulate").equivalent


@pytest.mark.parametrize("isa", [i for i in ISAS if i.guest], ids=lambda i: i.name)
def test_guest_mode_is_enough(isa: Isa) -> None:
    """The hardware-assisted monitor is proved, critical instructions or not."""
    found = decided(isa)["hardware-assisted"]
    assert all(p.holds for p in (found.equivalence, found.resource_control, found.efficiency, found.isolation))
