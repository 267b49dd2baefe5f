"""Itanium (IA-64), and the same with VT-i.

Modelled: the PSR's mode (levels 0 and 3), interrupt bit i and collection bit ic, the control registers of an
interruption (IIP, IPSR, ISR, IFA and IVA are the trap's words, IFS is a word of its own), the page table's address PTA,
a region register and a kernel register, the register bank, the inserted translation (base and bound of R), the interval
timer as a timer that counts down, and the instructions that any level may execute although they read or write some of
this: THASH, TTAG, COVER, PROBE, moves from kernel registers.

Left out: 64 bits, bundles, predicates, rotating registers, the levels 1 and 2, paging and access rights by level (so
that PROBE asks for the address alone), protection keys, EPC and its promotion pages, the level that BR.RET may lower,
IA-32 code, and the registers that no instruction here changes: CPUID is a constant, since a virtual machine is compared
with a bare one of the same kind, and performance monitors, ar.itc and ar.cflg are absent. THASH and TTAG compute a
stand-in for the hash function, of which it matters only that it is one of PTA, region register and address. FC refers
to memory and else does nothing that can be seen here: caches are no state. Devices lie in memory: `ld-io` and `st-io`
stand for accesses to a console's register that level 0 alone may reach. `pal-halt-light` is a call of firmware by level
0.

Fixed: PSR.si and PSR.sp do not matter here; there is one region.
"""

from attrs import evolve

from popek.isa.architecture import GuestMode, Isa
from popek.isa.behaviour import Behaviour, Cause, Trap
from popek.isa.catalogue._devices import prints, reads
from popek.isa.catalogue._exceptions import (
    EXCEPTION_CAUSE,
    EXCEPTION_DETAIL,
    EXCEPTION_PC,
    STALE,
    VECTOR,
    WAITS,
    returns,
    sets_timer,
    writes_word,
)
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import INNOCUOUS, sets
from popek.isa.cycle import NEW_PC, OLD_PC, OLD_STATUS
from popek.isa.expression import Expr, as_expr, element, eq, ite, legal, lshr, not_, real, shl
from popek.isa.instruction import TRAPS, A, Instruction, imm, ra, rb
from popek.isa.slot import (
    BASE,
    BOUND,
    DISK_PENDING,
    IE,
    MEMORY,
    MODE,
    SLOTS,
    TIMER,
    TIMER_PENDING,
    Role,
    Slot,
)

CFM = Slot("cfm", "The current frame marker: the size of the register frame.", Role.PROGRAM)
UM = Slot("um", "The user mask, the part of the PSR that programs write.", Role.PROGRAM, bits=6)
IC = Slot("ic", "PSR.ic: whether interruptions are collected in the control registers.", kind="interrupt", bits=1)
IFS = Slot("ifs", "cr.ifs: the interrupted frame, valid if its top bit is set.", kind="frame")
PTA = Slot("pta", "cr.pta: where the page table lies.", kind="translations")
REGION = Slot("region", "A region register.", kind="translations")
KERNEL = Slot("kernel", "ar.k0: a kernel register, which programs read and the kernel writes.", kind="scratch")
BANK = Slot("bank", "PSR.bn: the bank of registers 16 to 31.", kind="bank", bits=1)

_SDM = "Intel Itanium Architecture Software Developer's Manual"
_SET = f"{_SDM}, volume 3, chapter 2"
_PRIVIFY = "xen-project/xen, xen/arch/ia64/tools/privify/privify.h (Dan Magenheimer, HP, 2004)"
_INTERCEPTS = f"{_SDM}, volume 2, table 11-22, PAL virtualization intercept handoff cause"
_SKI = "trofi/ski, src/sys_exec.tmpl.c"
_PRIVILEGED = f"a Privileged Operation fault unless PSR.cpl is 0 ({_SKI}, privOpFault; HP's simulator)"
_SYSTEM = f"{_SDM}, volume 2, chapter 3"

_VALID = 1 << 31

PSR = as_expr(MODE) | shl(IE, 1) | shl(IC, 2)
"""The PSR: mode in bit 0, i in bit 1, ic in bit 2."""

CRITICAL = (
    Instruction(
        "cover",
        "",
        0x40,
        "Cover the register frame by an empty one; if interruptions are not collected, the old one goes to cr.ifs.",
        Behaviour({CFM: 0, IFS: ite(eq(IC, 0), as_expr(CFM) | _VALID, IFS)}),
        source=f"{_SET}, cover; trofi/ski, src/exec.tmpl.c, coverEx, no check; {_PRIVIFY}; {_INTERCEPTS}",
    ),
    Instruction(
        "thash",
        "ra, rb",
        0x41,
        "Give the address of the page table's entry for `rb`, by the hash function of PTA and region register.",
        sets(A, as_expr(PTA) + (rb ^ REGION)),
        source=f"{_SET}, thash; {_SKI}, thashEx, no check; {_PRIVIFY}; {_INTERCEPTS}",
    ),
    Instruction(
        "ttag",
        "ra, rb",
        0x42,
        "Give the tag of the page table's entry for `rb`, by the region register.",
        sets(A, rb ^ REGION),
        source=f"{_SET}, ttag; {_SKI}, ttagEx, no check; {_PRIVIFY}; {_INTERCEPTS}",
    ),
    Instruction(
        "mov-from-kr",
        "ra",
        0x43,
        "Read a kernel register. Any program may.",
        sets(A, KERNEL),
        source=f"{_SET}, mov ar; {_PRIVIFY} (mov from ar.k)",
    ),
    Instruction(
        "probe",
        "ra, rb",
        0x44,
        "Say whether the address `rb` may be referred to: 1 or 0.",
        sets(A, ite(legal(rb), 1, 0)),
        source=f"{_SET}, probe; {_INTERCEPTS}",
    ),
)
"""What every level may execute, and should not."""

IN_ANY_MODE = (
    Instruction(
        "fc",
        "rb",
        0x45,
        "Flush the cache line of the address `rb`; a memory trap if there is none.",
        Behaviour(traps=[Trap(not_(legal(rb)), Cause.MEMORY, rb)]),
        source=f"{_SET}, fc; {_PRIVIFY}",
    ),
    Instruction(
        "mov-from-cpuid",
        "ra",
        0x46,
        "Read a processor identification register.",
        sets(A, as_expr(1)),
        source=f"{_SET}, mov cpuid; {_PRIVIFY}",
    ),
    Instruction("mov-from-um", "ra", 0x47, "Read the user mask.", sets(A, UM), source=f"{_SET}, mov psr.um"),
    Instruction(
        "sum", "uimm", 0x48, "Set bits of the user mask.", Behaviour({UM: as_expr(UM) | imm}), source=f"{_SET}, sum"
    ),
    Instruction(
        "alloc",
        "uimm",
        0x49,
        "Give the register frame another size.",
        Behaviour({CFM: imm}),
        source=f"{_SET}, alloc",
    ),
)
"""What every level may execute, and does no harm."""


def _register(number: int, name: str, doc: str, read: Expr | Slot, write: Behaviour | None) -> tuple[Instruction, ...]:
    """Return the moves from and, if it can be written, to one register."""
    source = f"{_SET}, mov {doc.split(':', maxsplit=1)[0]}; {_SYSTEM}: {_PRIVILEGED}"
    moves = [("from", "Read", sets(A, read)), *([("to", "Write", write)] if write else [])]
    return tuple(
        Instruction(f"mov-{way}-{name}", "ra", number + n, f"{verb} {doc}.", does, TRAPS, source)
        for n, (way, verb, does) in enumerate(moves)
    )


PRIVILEGED_MOVES = (
    *_register(
        0x50,
        "psr",
        "psr: mode, i and ic; the mode is not written",
        PSR,
        Behaviour({IE: lshr(ra, 1) & 1, IC: lshr(ra, 2) & 1}),
    ),
    *_register(0x52, "iip", "cr.iip: the pc of the interruption", EXCEPTION_PC, writes_word(OLD_PC)),
    *_register(
        0x54, "ipsr", "cr.ipsr: the status of before it", element(MEMORY, OLD_STATUS), writes_word(OLD_STATUS, ra & 3)
    ),
    *_register(0x56, "iva", "cr.iva: the vectors of interruptions", VECTOR, writes_word(NEW_PC)),
    *_register(0x58, "ifs", "cr.ifs: the interrupted frame", IFS, Behaviour({IFS: ra})),
    *_register(0x5A, "pta", "cr.pta: where the page table lies", PTA, Behaviour({PTA: ra})),
    *_register(0x5C, "rr", "rr: a region register", REGION, Behaviour({REGION: ra})),
    *_register(0x5E, "itm", "cr.itm: here how long it is until the timer's interrupt", TIMER, Behaviour(sets_timer())),
    *_register(0x60, "isr", "cr.isr: the cause of the interruption", EXCEPTION_CAUSE, None),
    *_register(0x61, "ifa", "cr.ifa: the address of the interruption", EXCEPTION_DETAIL, None),
    Instruction(
        "mov-to-kr",
        "ra",
        0x62,
        "Write a kernel register.",
        Behaviour({KERNEL: ra}),
        TRAPS,
        f"{_SET}, mov ar; {_PRIVIFY} (a write-trapping register)",
    ),
)
"""Moves from and to system registers."""

OPERATIONS = (
    Instruction(
        "rfi",
        "",
        0x63,
        "Return from an interruption to the mode, i, R and pc of before it, ic on; a valid cr.ifs gives back the "
        "frame.",
        Behaviour({**returns(), IC: 1, CFM: ite(eq(lshr(IFS, 31), 1), as_expr(IFS) & (_VALID - 1), CFM)}),
        TRAPS,
        f"{_SET}, rfi: {_PRIVILEGED}; {_INTERCEPTS}",
    ),
    Instruction(
        "bsw",
        "uimm",
        0x64,
        "Switch the bank of registers 16 to 31.",
        Behaviour({BANK: imm & 1}),
        TRAPS,
        f"{_SET}, bsw: {_PRIVILEGED}; {_INTERCEPTS}",
    ),
    Instruction(
        "ssm",
        "uimm",
        0x65,
        "Set bits of the system mask: i is bit 1, ic bit 2.",
        Behaviour({IE: as_expr(IE) | lshr(imm, 1), IC: as_expr(IC) | lshr(imm, 2)}),
        TRAPS,
        f"{_SET}, ssm: {_PRIVILEGED}",
    ),
    Instruction(
        "rsm",
        "uimm",
        0x66,
        "Reset bits of the system mask: i is bit 1, ic bit 2.",
        Behaviour(
            {IE: ite(eq(lshr(imm, 1) & 1, 1), 0, IE), IC: ite(eq(lshr(imm, 2) & 1, 1), 0, IC)},
        ),
        TRAPS,
        f"{_SET}, rsm: {_PRIVILEGED}",
    ),
    Instruction(
        "itr-d",
        "ra, rb",
        0x67,
        "Insert a translation: base `ra` and bound `rb` of R.",
        Behaviour({BASE: ra, BOUND: rb}),
        TRAPS,
        f"{_SET}, itr: {_PRIVILEGED}",
    ),
    Instruction(
        "ptc-l",
        "",
        0x68,
        "Purge translations of before.",
        Behaviour({STALE: 0}),
        TRAPS,
        f"{_SET}, ptc.l: {_PRIVILEGED}; {_INTERCEPTS}",
    ),
    Instruction(
        "tpa",
        "ra, rb",
        0x69,
        "Give the physical address of `rb`.",
        sets(A, real(rb)),
        TRAPS,
        f"{_SET}, tpa: {_PRIVILEGED}; {_PRIVIFY} uses it as an instruction that traps; {_INTERCEPTS}",
    ),
    Instruction(
        "tak",
        "ra, rb",
        0x6A,
        "Give the access key of `rb`, here the region register.",
        sets(A, REGION),
        TRAPS,
        f"{_SET}, tak: {_PRIVILEGED}; {_PRIVIFY} uses it as an instruction that traps; {_INTERCEPTS}",
    ),
    Instruction(
        "pal-halt-light",
        "",
        0x6B,
        "Call the firmware to rest until an interrupt.",
        WAITS,
        TRAPS,
        f"{_SDM}, volume 2, chapter 11, PAL_HALT_LIGHT; unverified: that the call ends in a fault outside level 0",
    ),
    Instruction(
        "ld-io",
        "ra",
        0x6C,
        "Load from the console's register: the next word typed, all ones at the end.",
        reads(),
        TRAPS,
        f"{_SDM}, volume 2, section 4.1.1.6, page access rights: level 0 alone",
    ),
    Instruction(
        "st-io",
        "ra",
        0x6D,
        "Store to the console's register: it prints.",
        prints(),
        TRAPS,
        f"{_SDM}, volume 2, section 4.1.1.6, page access rights: level 0 alone",
    ),
)
"""The other privileged instructions, and the devices."""

ITANIUM = Isa(
    name="itanium",
    title="Itanium",
    doc="A kernel that is not at level 0 computes the places of page table entries, covers register frames and reads "
    "kernel registers without a trap, and they are its monitor's. vBlades (2004) and Xen rewrote such instructions "
    "into privileged ones before a guest was run, or had it ported; then came VT-i.",
    year=2001,
    story="vBlades rewrites the guest (2004)",
    instructions=INNOCUOUS + CRITICAL + IN_ANY_MODE + PRIVILEGED_MOVES + OPERATIONS,
    slots=(*SLOTS, CFM, UM, IC, IFS, PTA, REGION, KERNEL, BANK, STALE),
    sources=(
        f"{_SDM} (245317, 245318, 245319)",
        _INTERCEPTS,
        _PRIVIFY,
        "torvalds/linux, arch/ia64/kernel/paravirt.c: what a ported kernel replaces",
        "year: sold from June 2001 (Wikipedia, Itanium)",
    ),
)

VT_I = evolve(
    ITANIUM,
    name="itanium-vti",
    title="Itanium with VT-i",
    doc="A bit PSR.vm: while it is set, what is privileged and what is critical leaves for the monitor, or is done on "
    "the guest's own registers, as the monitor has arranged with the firmware. Without it everything is as before.",
    year=2006,
    story="a guest mode for Itanium, where one is proved as well",
    extends="itanium",
    guest=GuestMode(
        copies=(MODE, BASE, BOUND, IE, TIMER, TIMER_PENDING, DISK_PENDING, IC, IFS, PTA, REGION, KERNEL, BANK, STALE),
        exits=(
            *("thash", "ttag", "cover", "probe", "rfi", "bsw", "ptc-l", "tpa", "tak"),
            *("pal-halt-light", "ld-io", "st-io"),
        ),
    ),
    sources=(
        f"{_SDM}, volume 2, section 11.7, and table 11-22",
        "year: Montecito, the first with it, launched on 18 July 2006 (en.wikipedia.org, Montecito (processor))",
    ),
)

ISAS = (ITANIUM, VT_I)

LITERATURE = (
    Statement(
        "itanium",
        False,
        None,
        ("thash", "ttag", "cover", "mov-from-kr", "fc", "mov-from-cpuid", "mov-from-pmd", "mov-from-cflg"),
        "Dan Magenheimer",
        _PRIVIFY,
        verified=True,
        explained="fc touches caches, which are no state here, and mov-from-cpuid reads what is the same on every "
        "processor compared; mov-from-pmd and mov-from-cflg are left out of the model. probe is not in his list: it "
        "depends on the bound alone here, and the guest's is what the monitor has loaded, so that equivalence does "
        "not suffer.",
    ),
    Statement(
        "itanium",
        False,
        None,
        ("thash", "ttag", "cover", "probe"),
        "Intel",
        f"{_INTERCEPTS}: the unprivileged instructions in it",
        verified=True,
        explained="mov-from-kr is not intercepted: kernel registers are loaded with the guest's when it is entered.",
    ),
    Statement(
        "itanium",
        False,
        None,
        ("thash", "fc", "mov-from-cpuid", "mov-from-pmd", "mov-from-kr", "mov-from-cflg"),
        "Linux",
        "torvalds/linux, arch/ia64/kernel/paravirt.c, pv_cpu_ops: what it replaces besides privileged instructions",
        verified=True,
        explained="It replaces what its C code uses: ttag is not used there, cover is in hand-written code that is "
        "replaced as a whole, and probe is not replaced. fc and mov-from-cpuid are innocuous here, mov-from-pmd and "
        "mov-from-cflg left out, as above.",
    ),
    Statement(
        "itanium",
        False,
        None,
        None,
        "Magenheimer and Christian",
        "vBlades: Optimized paravirtualization for the Itanium processor family, VM Research and Technology "
        "Symposium, 2004",
        verified=False,
    ),
    Statement(
        "itanium-vti",
        None,
        None,
        None,
        "Intel",
        f"{_SDM}, volume 2, section 11.7",
        verified=True,
    ),
)
