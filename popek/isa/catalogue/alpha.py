"""Alpha with DEC OSF/1 PALcode: privileged PALcode calls, and a few instructions that no mode hinders.

Modelled: the PALcode calls of OSF/1 that matter, by their names without CALL_PAL; the processor's status with mode and
priority level, levels 0 and 7 alone (0 lets interrupts in); the context (HWPCB) with the mapping, the process's share
of the cycle counter and the user's stack pointer; RS and RC on the interrupt flag; RPCC.

Left out: 64 bits, paging, levels 1 to 6, machine checks, the words that a PALcode puts on the kernel's stack (an
exception leaves its state in the trap's words), the unprivileged PALcode calls that only program state is in (rdunique,
wrunique, imb), urti and clrfen. PALcode is software that a monitor may replace, so that any call can be made to trap;
the instructions RS, RC, RPCC, AMASK and IMPLVER are hardware. AMASK and IMPLVER tell the model of the processor; a
virtual machine is compared with a bare one of the same model, so that they are constants here. Alpha has no I/O
instructions: `ldl-io` and `stl-io` stand for loads and stores to a console's register in a superpage that kernel mode
alone reaches. The interval clock is outside of the processor and is left out, and RPCC counts what the timer has
counted down.

Fixed: the PALcode is that of OSF/1 (OpenVMS's reads the status in any mode, by RD_PS), the processor an EV5.
"""

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Put
from popek.isa.catalogue._devices import prints, reads
from popek.isa.catalogue._exceptions import STALE, counts, returns, writes_word
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import INNOCUOUS, sets
from popek.isa.cycle import NEW_PC
from popek.isa.expression import Expr, as_expr, element, eq, ite, shl
from popek.isa.instruction import TRAPS, A, Instruction, ra, rb
from popek.isa.slot import BASE, BOUND, HALTED, IE, MEMORY, MODE, REGISTERS, RUN, SLOTS, USER, Slot

INTR_FLAG = Slot("intr_flag", "The interrupt flag of RS and RC, which returns from exceptions clear.", bits=1)
CONTEXT = Slot("context", "PCBB: the physical address of the hardware context.", kind="context")
USP = Slot("usp", "The user's stack pointer, as kernel mode reaches it.", kind="context")
PCC = Slot("pcc", "The process's offset of the cycle counter, from its context.", kind="counter")
SYSVAL = Slot("sysval", "The system value: a word for the kernel, one a processor.", kind="scratch")

_HANDBOOK = "Alpha Architecture Reference Manual (DEC; Handbook EC-QD2KC-TE)"
_CPU = "simh/simh, alpha/alpha_cpu.c"
_PAL = "simh/simh, alpha/old_pal/alpha_pal_unix.c, pal_proc_inst_unix: calls below 0x40 are refused outside kernel mode"
_TLB = "simh/simh, alpha/alpha_ev5_tlb.c, trans_d: an access violation outside kernel mode"
_CALLS = f"{_HANDBOOK}, OSF/1 PALcode instruction descriptions; {_PAL}"
_HIGHEST = 7

PS = shl(MODE, 3) | ite(eq(IE, 1), 0, _HIGHEST)
"""The processor status: mode in bit 3 (1: user), priority level in bits 2..0."""

_RETURN = Behaviour({**returns(), INTR_FLAG: 0})


def _context(word: int) -> Expr:
    return element(MEMORY, ra + word)


CALLS = (
    Instruction("halt", "", 0x40, "Stop the processor.", Behaviour({RUN: HALTED}), TRAPS, f"{_CALLS}, halt"),
    Instruction(
        "swpipl",
        "ra, rb",
        0x41,
        "Set the priority level to `rb`, 0 or else 7, and give the old one.",
        Behaviour({IE: ite(eq(rb, 0), 1, 0)}, [Put(REGISTERS, A, ite(eq(IE, 1), 0, _HIGHEST))]),
        TRAPS,
        f"{_CALLS}, swpipl",
    ),
    Instruction("rdps", "ra", 0x42, "Read the processor status.", sets(A, PS), TRAPS, f"{_CALLS}, rdps"),
    Instruction(
        "rti",
        "",
        0x43,
        "Return from a trap or interrupt, and clear the interrupt flag.",
        _RETURN,
        TRAPS,
        f"{_CALLS}, rti",
    ),
    Instruction(
        "retsys",
        "",
        0x44,
        "Return from a system call, to user mode, and clear the interrupt flag.",
        Behaviour({**returns(), MODE: USER, INTR_FLAG: 0}),
        TRAPS,
        f"{_CALLS}, retsys",
    ),
    Instruction(
        "swpctx",
        "ra",
        0x45,
        "Load the context at physical address `ra`: base, bound, cycle counter, user's stack pointer; give the old "
        "address.",
        Behaviour(
            {BASE: _context(0), BOUND: _context(1), PCC: _context(2), USP: _context(3), CONTEXT: ra, STALE: 1},
            [Put(REGISTERS, A, CONTEXT)],
        ),
        TRAPS,
        f"{_CALLS}, swpctx",
    ),
    Instruction(
        "tbi",
        "",
        0x46,
        "Make the processor forget translations of before.",
        Behaviour({STALE: 0}),
        TRAPS,
        f"{_CALLS}, tbi",
    ),
    Instruction(
        "wrent",
        "ra",
        0x47,
        "Set the entry point for exceptions.",
        writes_word(NEW_PC),
        TRAPS,
        f"{_CALLS}, wrent",
    ),
    Instruction("rdusp", "ra", 0x48, "Read the user's stack pointer.", sets(A, USP), TRAPS, f"{_CALLS}, rdusp"),
    Instruction(
        "wrusp", "ra", 0x49, "Write the user's stack pointer.", Behaviour({USP: ra}), TRAPS, f"{_CALLS}, wrusp"
    ),
    Instruction("rdval", "ra", 0x4A, "Read the system value.", sets(A, SYSVAL), TRAPS, f"{_CALLS}, rdval"),
    Instruction("wrval", "ra", 0x4B, "Write the system value.", Behaviour({SYSVAL: ra}), TRAPS, f"{_CALLS}, wrval"),
    Instruction(
        "ldl-io",
        "ra",
        0x4C,
        "Load from the console's register: the next word typed, all ones at the end.",
        reads(),
        TRAPS,
        f"{_HANDBOOK}, superpages; {_TLB}",
    ),
    Instruction(
        "stl-io",
        "ra",
        0x4D,
        "Store to the console's register: it prints.",
        prints(),
        TRAPS,
        f"{_HANDBOOK}, superpages; {_TLB}",
    ),
)
"""The privileged PALcode calls, and the devices."""

IN_ANY_MODE = (
    Instruction(
        "rs",
        "ra",
        0x50,
        "Read the interrupt flag and set it.",
        sets(A, INTR_FLAG, {INTR_FLAG: 1}),
        source=f"{_CPU}, sim_instr, RS; {_HANDBOOK}, VAX compatibility instructions",
    ),
    Instruction(
        "rc",
        "ra",
        0x51,
        "Read the interrupt flag and clear it.",
        sets(A, INTR_FLAG, {INTR_FLAG: 0}),
        source=f"{_CPU}, sim_instr, RC; {_HANDBOOK}, VAX compatibility instructions",
    ),
    Instruction(
        "rpcc",
        "ra",
        0x52,
        "Read the process's cycle counter.",
        counts(PCC),
        source=f"{_CPU}, sim_instr, RPCC; {_HANDBOOK}, miscellaneous instructions",
    ),
    Instruction(
        "amask",
        "ra, rb",
        0x53,
        "Clear in `rb` the bits of the extensions that the processor has: none on an EV5.",
        sets(A, rb),
        source=f"{_CPU}, sim_instr, AMASK; {_HANDBOOK}, miscellaneous instructions",
    ),
    Instruction(
        "implver",
        "ra",
        0x54,
        "Read which implementation this is: 1 for EV5.",
        sets(A, as_expr(1)),
        source=f"{_CPU}, sim_instr, IMPLVER; {_HANDBOOK}, miscellaneous instructions",
    ),
)
"""What runs unchecked in any mode."""

ALPHA = Isa(
    name="alpha",
    title="Alpha (OSF/1 PALcode)",
    doc="Almost all that is privileged goes through PALcode, which a monitor could have brought along. What is left "
    "is a flag for programs translated from the VAX, and the cycle counter: any program may read both and change the "
    "former, so that the theorem's condition fails by little.",
    year=1992,
    story="PALcode could be the monitor's own; a flag for VAX programs is in the way",
    instructions=INNOCUOUS + CALLS + IN_ANY_MODE,
    slots=(*SLOTS, INTR_FLAG, CONTEXT, USP, PCC, SYSVAL, STALE),
    sources=(
        _HANDBOOK,
        f"{_CPU} (Robert Supnik, from the manuals)",
        "simh/simh, alpha/old_pal/alpha_pal_unix.c",
        (
            "year: DEC 3000 AXP models 400 and 500, with the DECchip 21064, introduced in November 1992 "
            "(en.wikipedia.org, DEC 3000 AXP)"
        ),
    ),
)

ISAS = (ALPHA,)

LITERATURE = (
    Statement(
        "alpha",
        None,
        None,
        ("rpcc", "rs", "rc", "amask", "implver"),
        "Robert Supnik, simh",
        f"{_CPU}, sim_instr: the instructions that are not checked against the mode",
        verified=True,
        explained="amask and implver read no state: which processor it is does not change, and a virtual machine is "
        "compared with a bare one of the same kind. A monitor that wants to show another kind cannot, on this "
        "hardware.",
    ),
)
