"""Verdicts on the catalogue against a table written by hand, architecture by architecture, from its behaviours.

Nothing in `CRITICAL` was copied from the program's output. A row is an instruction that is sensitive and not
privileged, and tells what fails where it runs directly: in virtual supervisor mode, and in virtual user mode. How to
think it through: the real machine executes what *user* mode makes of it, on the real resources (mode user, interrupts
on, the monitor's own system registers); the bare machine what the virtual mode makes of it, on the virtual ones.

- It reads or writes the mode alone: wrong in virtual supervisor mode; in virtual user mode both machines see user mode.
- User mode ignores it, or has another meaning of its own: likewise.
- It reads a system register in any mode: the register is the monitor's, and wrong in both modes.
- It writes one in any mode: besides, the monitor has lost control of it.
- None of this touches another machine's memory, so isolation stands throughout.

A technique fails by what it runs directly: trap-and-emulate, and a monitor whose guest was not ported, both modes;
hybrid and translation virtual user mode; interpreter, full translation and a ported guest nothing that is critical.
"""

from collections.abc import Mapping
from functools import cache

import pytest
from attrs import frozen

from popek.isa.architecture import Isa
from popek.isa.classic import INNOCUOUS
from popek.isa.shipped import catalogue
from popek.prove.classes import Showing, classify
from popek.prove.properties import prove
from popek.prove.theorems import theorem_1, theorem_2, theorem_3
from popek.prove.values import PROPERTIES, Classes, Status
from popek.vmm.monitor import TRAP_AND_EMULATE, Monitor
from popek.vmm.rings import available


@frozen
class Row:
    """What fails where an instruction runs directly in either virtual mode, and whether theorem 3 blames it."""

    supervisor: str
    user: str
    user_sensitive: bool
    why: str


def _rows(text: str) -> dict[str, Row]:
    cells = ([cell.strip() for cell in line.split("|")] for line in text.strip().splitlines())
    return {name: Row(in_s.strip("-"), in_u.strip("-"), third == "3", why) for name, in_s, in_u, third, why in cells}


_TABLES = """
sgdt | E | E | 3 | shows the monitor's register, in any ring
sidt | E | E | 3 | likewise
sldt | E | E | 3 | likewise
str  | E | E | 3 | likewise
smsw | E | E | 3 | likewise
"""

_SEGMENTS = """
pushf        | E | E | 3 | shows IF, which is on while a guest runs, whatever the guest has set
popf         | E | - | - | ring 0 loads IF, ring 3 leaves it; in virtual ring 3 both leave it
mov-from-seg | E | - | - | CS and SS show the CPL, 3 instead of 0; in virtual ring 3 it is 3 on both machines
pop-seg      | E | E | 3 | reads the descriptor where the monitor's GDTR points, and checks it against ring 3
mov-to-seg   | E | E | 3 | likewise
lar          | E | E | 3 | likewise
lsl          | E | E | 3 | likewise
verr         | E | E | 3 | likewise
verw         | E | E | 3 | likewise
call-far     | E | E | 3 | likewise
jmp-far      | E | E | 3 | likewise
ret-far      | E | E | 3 | likewise; from ring 3 it can only stay there, so that the monitor keeps the mode
iret         | E | E | 3 | likewise, and IF as with POPF
"""

_PUSH = """
push-seg     | E | - | - | as mov-from-seg
"""

_X86 = _TABLES.strip() + _SEGMENTS.rstrip() + _PUSH

_ITANIUM = """
cover       | EC | EC | 3 | writes cr.ifs, or does not, by the monitor's PSR.ic
thash       | E  | E  | 3 | works out an address from the monitor's PTA and region register
ttag        | E  | E  | 3 | works out a tag from the monitor's region register
mov-from-kr | E  | E  | 3 | reads the monitor's kernel register
probe       | -  | -  | 3 | tells whether an address may be referred to: by R, which is alike on both machines
"""

_ARMV7 = """
mrs-cpsr             | E | E | 3 | shows mode and interrupt mask; the mask is off while a guest runs
msr-cpsr             | E | - | - | USR writes the flags alone
mrs-spsr             | E | - | - | USR has no SPSR
msr-spsr             | E | - | - | likewise
cpsie                | E | - | - | USR ignores it
cpsid                | E | - | - | likewise
cps                  | E | - | - | likewise
subs-pc-lr           | E | - | - | USR only jumps
ldm-exception-return | E | - | - | likewise
ldm-user             | E | - | - | in USR the user bank's register is r13 itself
stm-user             | E | - | - | likewise
rfe                  | E | - | - | USR ignores it
srs                  | E | - | - | likewise
ldrt                 | E | - | - | with the rights of USR: in USR a load like any other, elsewhere through USR's own R
strt                 | E | - | - | likewise
wfi                  | E | E | 3 | stops for good if no virtual clock runs, but the real timer runs: control is kept
"""

CRITICAL: Mapping[str, Mapping[str, Row]] = {
    "s360": {},
    "s360-67": {},
    "s370": {},
    "sigma7": {},
    "pdp10": _rows("""
jrst-1 | E | - | - | enters user mode, where the guest is in truth; nobody tells the monitor
jrstf  | E | - | - | executive mode may enter user mode by a flag; in user mode the flag is ignored
jrst-3 | E | - | - | as jrst-1, with flags
pushj  | E | - | - | stores the flags word, in it USER: set, while the guest believes to be in executive mode
jsr    | E | - | - | likewise
jsp    | E | - | - | likewise
"""),
    "pdp10-ks": _rows("""
jrstf  | E | - | - | as on the KA10
jrst-5 | E | - | - | XJRSTF, likewise
pushj  | E | - | - | as on the KA10
jsr    | E | - | - | likewise
jsp    | E | - | - | likewise
"""),
    "pdp11-45": _rows("""
wait  | EC | EC | 3 | in any mode the processor stops until an interrupt: the monitor's processor
reset | E  | -  | - | outside kernel mode nothing happens
spl   | E  | -  | - | likewise
rti   | E  | -  | - | outside kernel mode neither mode nor priority is loaded
rtt   | E  | -  | - | likewise
mfpi  | E  | -  | - | in kernel mode the previous mode's space; in user mode that is its own
mtpi  | E  | -  | - | likewise
"""),
    "vax": _rows("""
movpsl | E | - | - | shows the modes and the priority; those of user mode are always the same
rei    | E | - | - | goes outwards, or lowers the priority, and nobody is told; from user mode there is no outwards
prober | E | - | 3 | in kernel mode asks for another mode's rights; in user mode for its own, which R has: alike on both
probew | E | - | 3 | likewise
"""),
    "vax-virtual": {},
    "vax-rings": {},
    "m68000": _rows("move-from-sr | E | E | 3 | shows S, and the interrupt mask, which is open while a guest runs"),
    "m68010": {},
    "x86": _rows(_X86),
    "x86-umip": _rows(_SEGMENTS.rstrip() + _PUSH),
    "x86-vtx": _rows(_X86),
    "x86-svm": _rows(_X86),
    "x86-64": _rows(_TABLES.strip() + _SEGMENTS),
    "mips": {},
    "alpha": _rows("""
rs   | EC | EC | 3 | reads the interrupt flag and sets it, in any mode
rc   | EC | EC | 3 | likewise, and clears it
rpcc | E  | E  | 3 | reads the cycle counter, which counts the monitor's time
"""),
    "sparc": {},
    "powerpc": {},
    "itanium": _rows(_ITANIUM),
    "itanium-vti": _rows(_ITANIUM),
    "armv7": _rows(_ARMV7),
    "armv7-ve": _rows(_ARMV7),
    "riscv": {},
    "riscv-counters": _rows("""
rdcycle   | E | E | 3 | reads a counter of the monitor's time
rdtime    | E | E | 3 | likewise
rdinstret | E | E | 3 | likewise
"""),
    "riscv-wfi": _rows("wfi | E | - | - | in user mode it is a no-operation; in machine mode it may stop for good"),
    "riscv-h": {},
}
"""By architecture, what is critical: in virtual supervisor and user mode the letters of what fails (E equivalence, C
resource control, I isolation), a 3 if two states of *user* mode can tell it as well, and why."""

OWN: Mapping[str, tuple[str, ...]] = {
    "s360": ("balr", "bal", "spm"),
    "s360-67": ("balr", "bal", "spm"),
    "s370": ("balr", "bal", "spm", "mc"),
    "sigma7": ("lcfi", "lcf", "stcf"),
    "pdp10": ("jrst", "popj", "jfcl"),
    "pdp10-ks": ("jrst", "jrst-1", "jrst-15", "popj", "jfcl"),
    "vax": ("bispsw", "bicpsw"),
    "vax-virtual": ("bispsw", "bicpsw"),
    "vax-rings": ("bispsw", "bicpsw"),
    "m68000": ("move-to-ccr",),
    "m68010": ("move-to-ccr", "move-from-ccr"),
    "x86-64": ("push-seg",),
    "alpha": ("amask", "implver"),
    "itanium": ("fc", "mov-from-cpuid", "mov-from-um", "sum", "alloc"),
    "itanium-vti": ("fc", "mov-from-cpuid", "mov-from-um", "sum", "alloc"),
}
"""What an architecture has besides the common core that is innocuous and can complete: it touches program state alone.
INT n, SMC and the VAX's CHMx are innocuous, and always trap. None of what is privileged is innocuous and completes."""

CORE = {i.name for i in INNOCUOUS} - {"svc"}
LETTERS = {"equivalence": "E", "resource_control": "C", "isolation": "I"}
BOTH_MODES = ("trap-and-emulate", "paravirtual-unported", "ring-compression")
USER_MODE = ("hybrid", "translation")
SAFE = ("interpreter", "translation-full", "paravirtual", "hardware-assisted")


@cache
def classes_of(isa: Isa) -> tuple[Classes, ...]:
    """Return the classes of an ISA's instructions, made once."""
    return classify(isa, showing=Showing.NOTHING)


def expected(isa: Isa, monitor: Monitor, prop: str) -> set[str]:
    """Return whom the table blames for a property under a technique."""
    if prop == "efficiency":
        return CORE | {*OWN.get(isa.name, ())} if monitor.name in ("hybrid", "interpreter") else set()
    if monitor.name == "ring-compression" and prop == "equivalence":
        return {"event:fetch"}  # virtual executive mode reaches what is the kernel's
    letter = LETTERS[prop]
    rows = {} if monitor.name in SAFE else CRITICAL[isa.name]
    assert monitor.name in (*BOTH_MODES, *USER_MODE, *SAFE)
    return {n for n, r in rows.items() if letter in r.user or (monitor.name in BOTH_MODES and letter in r.supervisor)}


def test_the_table_is_complete() -> None:
    """Every architecture has its rows; what is said of an instruction is said of one that there is."""
    assert CRITICAL.keys() == {i.name for i in catalogue()}
    for isa in catalogue():
        assert {*CRITICAL[isa.name], *OWN.get(isa.name, ())} <= isa.by_name.keys()
        assert all(row.why for row in CRITICAL[isa.name].values())


@pytest.mark.parametrize("isa", catalogue(), ids=lambda i: i.name)
def test_the_theorems_are_as_the_table_has_them(isa: Isa) -> None:
    """Theorems 1 and 2 blame every row, and theorem 3 those that user mode can tell; without any, they hold."""
    rows, classes = CRITICAL[isa.name], classes_of(isa)
    first = theorem_1(classes)
    second = theorem_2(first, prove(isa, TRAP_AND_EMULATE, classes).verdict("independence"))
    blamed = {*rows}, {*rows}, {n for n, r in rows.items() if r.user_sensitive}
    for found, blame in zip((first, second, theorem_3(classes)), blamed, strict=True):
        assert {*found.blame} == blame
        assert found.holds == (not blame)


@pytest.mark.parametrize("isa", catalogue(), ids=lambda i: i.name)
def test_the_properties_are_as_the_table_has_them(isa: Isa) -> None:
    """Under every technique each property is refuted by exactly whom the table blames, and else proved."""
    for monitor in available(isa):
        if monitor.in_guest_mode and isa.guest is None:
            continue
        proof = prove(isa, monitor, classes_of(isa))
        for prop in PROPERTIES:
            blame, found = expected(isa, monitor, prop), proof.verdict(prop)
            assert {*found.blame} == blame, (monitor.name, prop)
            assert found.status is (Status.REFUTED if blame else Status.PROVED), (monitor.name, prop)
