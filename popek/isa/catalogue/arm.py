"""ARMv7-A, and the same with the Virtualization Extensions.

Modelled: the CPSR with its condition flags, interrupt mask I and mode (USR or a privileged one), the SPSR, the
instructions that touch them, the user bank's stack pointer, and some of the system control coprocessor CP15: TTBR0 and
TTBCR stand for base and bound of R, VBAR for the trap's vector, DFSR and DFAR for cause and detail. The generic timer
counts down in CNTP_TVAL, as this machine's does.

Left out: 32-bit paging, domains, Thumb and its four further instructions, the banks of registers but for r13 of USR
(which the privileged modes reach with LDM and STM of user registers), the differences among the privileged modes, FIQ,
the flags in the SPSR, Jazelle, SETEND (its E bit is program state), Secure state behind SMC. ARM has no I/O
instructions: `ldr-io` and `str-io` stand for loads and stores to a page with the console's registers that only the
privileged modes may reach. An exception's return loads the R of before it, since the trap has stored it. LDRT and STRT
check the rights of USR; here a right is a bound, so they go through the R of the previous mode, as a kernel uses them.

Many of these instructions are UNPREDICTABLE in USR. The sources name them since they need not trap; what is modelled is
a processor on which they do not, and each says what it does instead. An emulator may make them undefined (QEMU does),
and on such a processor they would be privileged.

Fixed: CNTKCTL.PL0PTEN is 0 (CP15 and the timer trap in USR), and there is no TWI or TWE outside the extensions.
"""

from attrs import evolve

from popek.isa.architecture import GuestMode, Isa
from popek.isa.behaviour import Behaviour, Cause, Store, Trap
from popek.isa.catalogue._devices import prints, reads
from popek.isa.catalogue._exceptions import (
    EXCEPTION_CAUSE,
    EXCEPTION_DETAIL,
    EXCEPTION_PC,
    MASKED,
    PREVIOUS_IE,
    PREVIOUS_MODE,
    STALE,
    VECTOR,
    WAITS,
    previous,
    returns,
    sets_timer,
    writes_word,
)
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import CLASSIC, INNOCUOUS, sets
from popek.isa.cycle import NEW_PC
from popek.isa.expression import TRUE, Expr, as_expr, element, eq, ite, load, lshr, shl
from popek.isa.instruction import EXECUTES, IGNORED, TRAPS, A, Instruction, imm, ra, rb
from popek.isa.slot import (
    BASE,
    BOUND,
    DISK_PENDING,
    IE,
    MODE,
    PC,
    REGISTERS,
    SLOTS,
    SUPERVISOR,
    TIMER,
    TIMER_PENDING,
    USER,
    Role,
    Slot,
)

FLAGS = Slot("flags", "The condition flags N, Z, C, V in bits 3..0.", Role.PROGRAM, bits=4)
SP_USR = Slot("sp_usr", "r13 of the user bank, as the privileged modes reach it.", kind="banked register")

_ARM = "ARM Architecture Reference Manual, ARMv7-A and ARMv7-R edition (ARM DDI 0406)"
_KVM = "virtualopensystems/linux-kvm-arm, arch/arm/kvm/arm_emulate.c"
_QEMU = "qemu/qemu, target/arm/tcg/translate.c"
_SYSTEM = f"{_ARM}, section B9.3, system instructions"
_PSEUDOCODE = "matan1008/armulator, armulator/armv6/opcodes/abstract_opcodes (the manual's pseudocode in Python)"
_UNPREDICTABLE = f"; {_PSEUDOCODE}: UNPREDICTABLE in USR; that it does not trap is one of the outcomes allowed"
_CP15 = f"{_ARM}, section B3.15 (undefined at PL0); {_KVM}, kvm_handle_undefined"

_USR, _SVC = 0x10, 0x13
_SP, _LR = 13, 14


def _status(mode: Expr | Slot, masked: Expr) -> Expr:
    return shl(masked, 7) | ite(eq(mode, USER), _USR, _SVC)


CPSR = shl(FLAGS, 28) | _status(MODE, MASKED)
"""The CPSR: flags in bits 31..28, I in bit 7 (1: masked), mode in bits 4..0 (16: USR, 19: SVC)."""

SPSR = _status(PREVIOUS_MODE, as_expr(1) - PREVIOUS_IE)
"""The SPSR: the same of before the exception, without flags."""


def _mode(status: Expr) -> Expr:
    return ite(eq(status & 0x1F, _USR), USER, SUPERVISOR)


def _enabled(status: Expr) -> Expr:
    return as_expr(1) - (lshr(status, 7) & 1)


def _loads_cpsr(status: Expr) -> dict[Slot, Expr | Slot | int]:
    return {MODE: _mode(status), IE: _enabled(status)}


_THERE = rb + imm

STATUS_REGISTERS = (
    Instruction(
        "mrs-cpsr",
        "ra",
        0x40,
        "Read the CPSR: flags, interrupt mask and mode. USR may as well.",
        sets(A, CPSR),
        EXECUTES,
        f"{_SYSTEM}, MRS; {_KVM}, emulate_mrs; ARM DDI 0363 (Cortex-R4), Programmer's Model: USR can read the M bits. "
        f"{_PSEUDOCODE}, mrs_system.py: in USR mask and mode are UNKNOWN; here a processor that shows them",
    ),
    Instruction(
        "msr-cpsr",
        "ra",
        0x41,
        "Write the CPSR. USR writes the flags alone; interrupt mask and mode stay as they are, and nothing traps.",
        Behaviour({FLAGS: lshr(ra, 28), **_loads_cpsr(ra)}),
        Behaviour({FLAGS: lshr(ra, 28)}),
        f"{_SYSTEM}, MSR; {_KVM}, emulate_msr; ARM DDI 0363 (Cortex-R4), Programmer's Model, modification of PSR bits",
    ),
    Instruction(
        "mrs-spsr",
        "ra",
        0x42,
        "Read the SPSR; USR has none, and here reads 0.",
        sets(A, SPSR),
        sets(A, 0),
        f"{_SYSTEM}, MRS; {_KVM}, emulate_mrs{_UNPREDICTABLE}",
    ),
    Instruction(
        "msr-spsr",
        "ra",
        0x43,
        "Write the SPSR; USR has none, and here nothing happens.",
        Behaviour({}, [previous(_mode(ra), _enabled(ra))]),
        IGNORED,
        f"{_SYSTEM}, MSR; {_KVM}, emulate_msr{_UNPREDICTABLE}",
    ),
    Instruction(
        "cpsie",
        "",
        0x44,
        "Let interrupts in. In USR nothing happens, and nothing traps.",
        Behaviour({IE: 1}),
        IGNORED,
        f"{_SYSTEM}, CPS; {_KVM}, emulate_cps; {_QEMU}, trans_CPS (a no-operation in user mode)",
    ),
    Instruction(
        "cpsid",
        "",
        0x45,
        "Mask interrupts. In USR nothing happens, and nothing traps.",
        Behaviour({IE: 0}),
        IGNORED,
        f"{_SYSTEM}, CPS; {_KVM}, emulate_cps; {_QEMU}, trans_CPS (a no-operation in user mode)",
    ),
    Instruction(
        "cps",
        "uimm",
        0x46,
        "Change the mode to the immediate, 16 for USR. In USR nothing happens, and nothing traps.",
        Behaviour({MODE: _mode(imm)}),
        IGNORED,
        f"{_SYSTEM}, CPS; {_KVM}, emulate_cps; {_QEMU}, trans_CPS (a no-operation in user mode)",
    ),
)
"""What reads and writes the status registers."""

_PREVIOUS = CLASSIC["mfpi"].does, CLASSIC["mtpi"].does

LOADS_AND_RETURNS = (
    Instruction(
        "subs-pc-lr",
        "ra, imm",
        0x47,
        "Jump to `ra` - `imm` and restore the CPSR from the SPSR: all twelve data-processing instructions that set "
        "flags and whose destination is the pc. USR has no SPSR, and here only jumps.",
        Behaviour(returns(ra - imm)),
        Behaviour({PC: ra - imm}),
        f"{_SYSTEM}, SUBS PC, LR and related instructions; {_KVM}, emulate_sensitive_dp_instr{_UNPREDICTABLE}",
    ),
    Instruction(
        "ldm-exception-return",
        "imm(rb)",
        0x48,
        "Load the pc from `rb` + `imm` and restore the CPSR from the SPSR. USR has no SPSR, and here only jumps.",
        Behaviour(returns(load(_THERE))),
        Behaviour({PC: load(_THERE)}),
        f"{_SYSTEM}, LDM (exception return); {_KVM}, emulate_ls_mult (LDM 3){_UNPREDICTABLE}",
    ),
    Instruction(
        "ldm-user",
        "imm(rb)",
        0x49,
        "Load r13 of the user bank; in USR, here, that is r13.",
        Behaviour({SP_USR: load(_THERE)}),
        sets(as_expr(_SP), load(_THERE)),
        f"{_SYSTEM}, LDM (User registers); {_KVM}, emulate_ls_mult (LDM 2){_UNPREDICTABLE}",
    ),
    Instruction(
        "stm-user",
        "imm(rb)",
        0x4A,
        "Store r13 of the user bank; in USR, here, that is r13.",
        Behaviour({}, [Store(_THERE, SP_USR)]),
        Behaviour({}, [Store(_THERE, element(REGISTERS, _SP))]),
        f"{_SYSTEM}, STM (User registers); {_KVM}, emulate_ls_mult (STM 2){_UNPREDICTABLE}",
    ),
    Instruction(
        "rfe",
        "imm(rb)",
        0x4B,
        "Return from exception: load pc and CPSR from two words at `rb` + `imm`. In USR, here, nothing happens.",
        Behaviour({**returns(load(_THERE)), **_loads_cpsr(load(_THERE + 1))}),
        IGNORED,
        f"{_SYSTEM}, RFE{_UNPREDICTABLE}",
    ),
    Instruction(
        "srs",
        "imm(rb)",
        0x4C,
        "Store return state: the exception's pc and the SPSR, in two words at `rb` + `imm`. In USR, here, nothing "
        "happens.",
        Behaviour({}, [Store(_THERE, EXCEPTION_PC), Store(_THERE + 1, SPSR)]),
        IGNORED,
        f"{_SYSTEM}, SRS{_UNPREDICTABLE}",
    ),
    Instruction(
        "ldrt",
        "ra, rb",
        0x4D,
        "Load with the rights of USR (LDRBT likewise); in USR a load like any other.",
        _PREVIOUS[0],
        sets(A, load(rb)),
        f"{_ARM}, section A8.8, LDRT, and B3.7, access permissions; {_KVM}, emulate_ls_with_trans",
    ),
    Instruction(
        "strt",
        "ra, rb",
        0x4E,
        "Store with the rights of USR (STRBT likewise); in USR a store like any other.",
        _PREVIOUS[1],
        Behaviour({}, [Store(rb, ra)]),
        f"{_ARM}, section A8.8, STRT, and B3.7, access permissions; {_KVM}, emulate_ls_with_trans",
    ),
    Instruction(
        "wfi",
        "",
        0x4F,
        "Wait for an interrupt. USR may as well.",
        WAITS,
        EXECUTES,
        f"{_ARM}, section A8.8, WFI, and B1.8.14; {_PSEUDOCODE}, wfi.py: HCR.TWI alone hinders it",
    ),
)
"""Returns from exceptions, user banks and user rights, and WFI."""


def _coprocessor(
    number: int, name: str, doc: str, read: Expr | Slot, write: Behaviour | None
) -> tuple[Instruction, ...]:
    """Return MRC, and if it can be written MCR, of one register of CP15."""
    operations = [("mrc", "Read", sets(A, read)), *([("mcr", "Write", write)] if write else [])]
    return tuple(
        Instruction(f"{m}-{name}", "ra", number + n, f"{verb} {doc}.", does, TRAPS, _CP15)
        for n, (m, verb, does) in enumerate(operations)
    )


COPROCESSOR = (
    *_coprocessor(0x50, "ttbr0", "the root of translation, here the base of R", BASE, Behaviour({BASE: ra, STALE: 1})),
    *_coprocessor(0x52, "ttbcr", "how much TTBR0 covers, here the bound of R", BOUND, Behaviour({BOUND: ra, STALE: 1})),
    *_coprocessor(0x54, "vbar", "the base of the exception vectors", VECTOR, writes_word(NEW_PC)),
    *_coprocessor(0x56, "cntp-tval", "how long it is until the timer's interrupt", TIMER, Behaviour(sets_timer())),
    *_coprocessor(0x58, "dfsr", "the fault status: the cause", EXCEPTION_CAUSE, None),
    *_coprocessor(0x59, "dfar", "the fault address: the detail", EXCEPTION_DETAIL, None),
    Instruction(
        "mcr-tlbiall",
        "",
        0x5A,
        "Make the processor forget all translations of before.",
        Behaviour({STALE: 0}),
        TRAPS,
        _CP15,
    ),
    Instruction(
        "smc",
        "uimm",
        0x5B,
        "Secure monitor call: an exception, in USR undefined.",
        Behaviour(traps=[Trap(TRUE, Cause.SVC, imm)]),
        TRAPS,
        f"{_SYSTEM}, SMC",
    ),
    Instruction(
        "ldr-io",
        "ra",
        0x5C,
        "Load from the console's register: the next word typed, all ones at the end.",
        reads(),
        TRAPS,
        f"{_ARM}, section B3.7, access permissions: no access at PL0",
    ),
    Instruction(
        "str-io",
        "ra",
        0x5D,
        "Store to the console's register: it prints.",
        prints(),
        TRAPS,
        f"{_ARM}, section B3.7, access permissions: no access at PL0",
    ),
)
"""CP15, SMC and the devices: all privileged."""

_PENNEMAN = (
    "Penneman, Kudinskas, Rawsthorne, De Sutter, De Bosschere, Formal virtualization requirements for the ARM "
    "architecture, Journal of Systems Architecture 59(3), 2013"
)

ARMV7 = Isa(
    name="armv7",
    title="ARMv7-A",
    doc="USR is a program's, and the kernel's code runs through without a trap when it is put there: it reads the "
    "mode, CPS and MSR change nothing, returns from exceptions return nowhere. KVM for ARM patched such instructions "
    "at first (2010), others translated; then came the Virtualization Extensions.",
    year=2008,
    story="KVM for ARM patches the 24 instructions that do not trap (2010)",
    instructions=INNOCUOUS + STATUS_REGISTERS + LOADS_AND_RETURNS + COPROCESSOR,
    slots=(*SLOTS, FLAGS, SP_USR, STALE),
    sources=(
        _ARM,
        f"{_KVM} (Christoffer Dall)",
        "Dall and Nieh, KVM for ARM, Proceedings of the Ottawa Linux Symposium, 2010",
        _PENNEMAN,
        (
            "year: Texas Instruments' OMAP3530 in the BeagleBoard, sold by October 2008 (slideum.com, Beagle Board, "
            "Embedded Systems Conference); ARM had announced its core, the Cortex-A8, in 2005 (hubbry.com)"
        ),
    ),
)

VE = evolve(
    ARMV7,
    name="armv7-ve",
    title="ARMv7-A with the Virtualization Extensions",
    doc="A mode Hyp below the others, a second stage of translation, and a virtual timer. In a guest, everything that "
    "was critical works on the guest's own mode and mask; WFI and SMC can be made to trap to Hyp, and devices are not "
    "mapped. Outside of it nothing has changed: the theorem's condition fails as before, and nobody needs it.",
    year=2012,
    story="a mode for hypervisors, and a guest mode: KVM on ARM (2013)",
    extends="armv7",
    guest=GuestMode(
        copies=(MODE, BASE, BOUND, IE, TIMER, TIMER_PENDING, DISK_PENDING, SP_USR, STALE),
        exits=("wfi", "smc", "ldr-io", "str-io"),
    ),
    sources=(
        f"{_ARM}, sections B1.14 (traps to Hyp: HCR.TWI, HCR.TSC) and B3.6 (second stage of translation)",
        "year: Cortex-A15 in Samsung's Exynos 5 Dual, in the Nexus 10 (theverge.com, 29 October 2012)",
    ),
)

ISAS = (ARMV7, VE)

_PATCHED = (
    *("mrs-cpsr", "mrs-spsr", "msr-cpsr", "msr-spsr", "cps", "cpsie", "cpsid"),
    *("subs-pc-lr", "ldm-exception-return", "ldm-user", "stm-user", "ldrt", "strt"),
)

LITERATURE = (
    Statement(
        "armv7",
        False,
        None,
        _PATCHED,
        "Christoffer Dall",
        f"{_KVM}, kvm_emulate_sensitive: what is patched and emulated, since it does not trap",
        verified=True,
        explained="rfe and srs are not handled there, and probably not met in the kernel that was run; in USR they "
        "are as UNPREDICTABLE as the rest. wfi changes the run state, a resource in popek; there it was handled as a "
        "coprocessor's operation, as it was on ARMv6, where USR makes it undefined.",
    ),
    Statement(
        "armv7",
        False,
        None,
        (*_PATCHED, "rfe", "srs"),
        "Dall and Nieh",
        "KVM for ARM, 2010: 24 instructions, and 28 with Thumb-2",
        verified=False,
        explained="The list is inferred from the number: twelve data-processing instructions, MRS, MSR, CPS, RFE, "
        "SRS, two forms of LDM, one of STM, LDRT, LDRBT, STRT, STRBT. wfi is not in it: it changes the run state, "
        "which is a resource in popek and was none there.",
    ),
    Statement(
        "armv7",
        False,
        None,
        None,
        "Penneman and others",
        f"{_PENNEMAN}, abstract: ARMv7-A is not classically virtualizable",
        verified=True,
    ),
    Statement("armv7-ve", None, None, None, "ARM", f"{_ARM}, section B1.7, Hyp mode", verified=False),
)
