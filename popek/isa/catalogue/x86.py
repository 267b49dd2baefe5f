"""Intel IA-32 in protected mode, its deltas UMIP, VT-x and AMD-V, and x86-64.

Modelled: CPL 0 and CPL 3 as the two modes; EFLAGS; segment selectors and the descriptor table (`_x86_segments.py`);
the table registers, CR0, CR3, a debug register and a model-specific one. Fixed: protected mode (PE cannot be
cleared), IOPL 0, no I/O permission bitmap. R stands for what CR3 gives, so `mov-to-cr 3` takes two words.

Left out: rings 1 and 2 (a return to them is refused), virtual-8086 and real mode, gates and task switches, local
descriptor tables (LDTR is a register, nothing looks there), table limits and segment bases (all segments are flat;
their limits, by which VMware guarded its monitor until x86-64 dropped them, are R here), the hidden parts of segment
registers, stacks (what is pushed or popped is in a register, and a far call leaves its way back in two), LDS, LES,
LSS, LFS and LGS (a MOV to a segment register with another load), ARPL (it works on its operands), SYSENTER and
SYSCALL (`svc` stands for them), SWAPGS, CPUID, RDTSC and RDPMC (identity, and wall clocks), INS and OUTS (IN and OUT
with memory), the test registers of the 386 and 486, RSM (undefined outside system management). HLT waits for an
interrupt; here it stops for good. Of caches and the TLB there is one bit each: whether they hold anything.

The base machine has the system instructions of the 486 and the Pentium besides the 80386's, since its subject is the
list of Robin and Irvine, who examined the Pentium.
"""

from attrs import evolve

from popek.isa.architecture import GuestMode, Isa
from popek.isa.behaviour import Behaviour
from popek.isa.catalogue._literature import Statement
from popek.isa.catalogue._x86_segments import (
    CS,
    DS,
    FLAGS,
    FS,
    GDTR,
    POP_FS,
    PUSH_FS,
    SDM2,
    SDM3,
    SEGMENTS,
    SS,
    load_flags,
)
from popek.isa.catalogue._x86_system import CACHE, CR0, DR7, IDTR, INT_N, LDTR, MSR, PRIVILEGED, STORES, TLB, TR
from popek.isa.classic import INNOCUOUS
from popek.isa.instruction import TRAPS, Instruction, ra, rb
from popek.isa.slot import BASE, BOUND, DISK_PENDING, IE, MODE, PC, SLOTS, TIMER, TIMER_PENDING, USER

_ROBIN = "Robin and Irvine, Analysis of the Intel Pentium's Ability to Support a Secure VMM, USENIX Security 2000"

X86 = Isa(
    name="x86",
    title="Intel IA-32, protected mode",
    doc="Seventeen or eighteen instructions, by how one counts, show or obey the ring, the flags or the table "
    "registers in any ring, and none of them traps. VMware translated them (1999), Xen had guests ported (2003), and "
    "in the end the processor got a guest mode.",
    year=1985,
    story="VMware translates (1999), Robin and Irvine count 17 (2000), Xen ports (2003)",
    instructions=INNOCUOUS + SEGMENTS + STORES + (INT_N,) + PRIVILEGED,
    slots=(*SLOTS, FLAGS, CS, SS, DS, FS, GDTR, IDTR, LDTR, TR, CR0, DR7, MSR, CACHE, TLB),
    sources=(
        f"{SDM2} (instruction reference) and vol. 3A, chapter on protection",
        _ROBIN,
        "year: Bryant and O'Hallaron, Computer Systems: i386, 1985",
    ),
    aliases=("ia-32", "ia32", "i386"),
)

_UMIP = ("sgdt", "sidt", "sldt", "smsw", "str")

X86_UMIP = evolve(
    X86.vary(
        "x86-umip",
        dict.fromkeys(_UMIP, TRAPS),
        title="Intel IA-32 with UMIP",
        doc="User-mode instruction prevention: what stores the system registers traps outside ring 0. Five of the list "
        "are gone; flags, selectors and far transfers remain.",
    ),
    year=2017,
    story="five of the list trap, for security and not for virtual machines",
    sources=(
        f"{SDM3}, CR4.UMIP",
        "Linux, arch/x86/kernel/umip.c (R. Neri, 2017): which instructions fault, and what is emulated then",
        "WikiChip, x86/umip: introduced with Cannon Lake, Goldmont Plus and AMD Zen 2",
        (
            "year: of Goldmont Plus the first processors came in the fourth quarter of 2017 (computerbase.de, "
            "Gemini Lake Refresh, August 2019)"
        ),
    ),
)

_COPIES = (MODE, BASE, BOUND, IE, TIMER, TIMER_PENDING, DISK_PENDING, GDTR, IDTR, LDTR, TR, CR0, DR7)
_TWICE = (
    "R's second translation is that of nested paging, which came some years later; shadow tables did it until then."
)

X86_VTX = evolve(
    X86,
    name="x86-vtx",
    title="Intel IA-32 with VT-x",
    doc="Non-root operation has a ring 0 of its own, and a guest's registers are in the VMCS: nothing sensitive needs "
    f"to trap. What touches devices, caches or model-specific registers exits. {_TWICE}",
    year=2005,
    story="a guest mode, where a monitor is proved: KVM (2007), Hyper-V (2008)",
    extends="x86",
    aliases=("x86-vt-x",),
    sources=(
        "Intel SDM (325462) vol. 3C, 25.1.2: INVD exits unconditionally",
        "Intel SDM (325462) vol. 3C, 25.1.3: HLT, INVLPG, I/O, RDMSR, WRMSR, WBINVD exit by controls that are set here",
        "Intel SDM (325462) vol. 3C, guest-state area: CR0, CR3, DR7, RFLAGS, selectors, GDTR, IDTR, LDTR, TR",
        "year: Wikipedia, x86 virtualization",
    ),
    guest=GuestMode(copies=(*_COPIES, TLB), exits=("hlt", "in", "out", "invd", "wbinvd", "invlpg", "rdmsr", "wrmsr")),
)
"""The guest's TLB entries carry its VPID, so they are a copy of their own; INVLPG exits all the same."""

X86_SVM = evolve(
    X86,
    name="x86-svm",
    title="AMD x86 with AMD-V",
    doc="AMD's guest mode: the guest's registers, its CPL among them, are in the VMCB, and intercepts say what exits. "
    f"Its TLB entries carry an address space identifier, so that INVLPG need not. {_TWICE}",
    year=2006,
    story="a guest mode from AMD, where one is proved as well",
    extends="x86",
    aliases=("x86-amd-v", "amd-v"),
    sources=(
        "AMD64 Architecture Programmer's Manual vol. 2 (24593), chapter 15, instruction intercepts and VMCB layout",
        "AMD64 Virtualization Technology: Secure Virtual Machine Architecture Reference Manual (33047), 2005",
        "Linux, arch/x86/include/asm/svm.h: intercepts INVD, WBINVD, HLT, INVLPG, IOIO_PROT, MSR_PROT; the field asid",
        "year: Wikipedia, x86 virtualization",
    ),
    guest=GuestMode(copies=(*_COPIES, TLB), exits=("hlt", "in", "out", "invd", "wbinvd", "rdmsr", "wrmsr")),
)

SYSRET = Instruction(
    "sysret",
    "ra, rb",
    0x74,
    "Go to `ra` in ring 3, with EFLAGS from `rb`.",
    Behaviour({MODE: USER, PC: ra, **load_flags(rb, interrupt=True)}),
    TRAPS,
    f"{SDM2}, SYSRET (#GP unless CPL is 0)",
)

X86_64 = evolve(
    X86.vary(
        "x86-64",
        {"push-seg": PUSH_FS, "pop-seg": POP_FS, "sysret": SYSRET},
        title="AMD x86-64, 64-bit mode",
        doc="Segments have neither base nor limit any more, and of the critical instructions one is gone: CS and SS, "
        "which show the ring, are no longer pushed. All others remain; and without limits a monitor that translates "
        "has nowhere to hide, so that VMware could not run 64-bit guests at first.",
    ),
    year=2003,
    story="segment limits go, and with them the place where VMware's monitor hid",
    sources=(
        f"{SDM2}, PUSH and POP: those of CS, SS, DS and ES are invalid in 64-bit mode",
        f"{SDM2}, PUSHF, POPF, LAR, LSL, VERR, VERW, MOV, CALL, JMP, RET, IRET: valid in 64-bit mode",
        "M. Steil, How retiring segmentation in AMD64 long mode broke VMware, pagetable.com",
        "year: Bryant and O'Hallaron, Computer Systems: Opteron, 2003",
    ),
    aliases=("amd64", "x64"),
)

ISAS = (X86, X86_UMIP, X86_VTX, X86_SVM, X86_64)

_NAMED = (
    "sgdt", "sidt", "sldt", "smsw", "pushf", "popf", "lar", "lsl", "verr", "verw", "pop-seg", "push-seg", "call-far",
    "jmp-far", "int-n", "ret-far", "str", "mov-from-seg", "mov-to-seg",
)  # fmt: skip

_INT_N_AND_IRET = (
    "INT n (int-n) is not here: it ends in a trap in every state, at the latest by the gate's privilege check, and "
    "what always traps is innocuous by the definitions, as a supervisor call is. IRET (iret) is here and not on the "
    "list: in ring 0 it loads the interrupt flag and may go outwards, in ring 3 it leaves the flag alone and nobody is "
    "told, as POPF does."
)

LITERATURE = (
    Statement(
        "x86",
        theorem_1=False,
        theorem_3=None,
        critical=_NAMED,
        who="Robin and Irvine",
        where=f"{_ROBIN}: the list, as Wikipedia (Popek and Goldberg virtualization requirements) has it",
        verified=False,
        explained=_INT_N_AND_IRET,
    ),
    Statement(
        "x86",
        theorem_1=False,
        theorem_3=None,
        critical=None,
        who="Intel",
        where=f"{SDM2}, POPF: with insufficient privilege no exception occurs, and the privileged bits do not change",
        verified=True,
    ),
    Statement(
        "x86-umip",
        theorem_1=False,
        theorem_3=None,
        critical=tuple(n for n in _NAMED if n not in _UMIP),
        who="R. Neri (Intel)",
        where="Linux, arch/x86/kernel/umip.c: SGDT, SIDT, SLDT, SMSW and STR fault for CPL > 0; the rest is as before",
        verified=True,
        explained=_INT_N_AND_IRET,
    ),
    *(
        Statement(
            isa,
            theorem_1=True,
            theorem_3=None,
            critical=(),
            who="Wikipedia",
            where="Popek and Goldberg virtualization requirements: with VT-x and AMD-V x86 processors meet them",
            verified=True,
            explained="Theorem 1 is about a monitor that runs its guest in user mode, and there nothing has changed: "
            f"what was critical still is ({', '.join(n for n in _NAMED if n != 'int-n')}, iret). The guest runs in "
            "guest mode instead, and what is proved is the hardware-assisted monitor.",
        )
        for isa in ("x86-vtx", "x86-svm")
    ),
    Statement(
        "x86-64",
        theorem_1=False,
        theorem_3=None,
        critical=None,
        who="Adams and Agesen",
        where="A Comparison of Software and Hardware Techniques for x86 Virtualization, ASPLOS 2006",
        verified=False,
        explained="",
    ),
)
"""What is said of them. The count of the list, 17 or 18, depends on which of its lines one takes together."""
