"""Motorola 68000 and 68010: the same machine but for one instruction, MOVE from SR.

Modelled: the status register with its supervisor bit S (the mode, inverted), its interrupt mask and its condition
codes; the user stack pointer as far as MOVE USP reaches it; RESET and STOP.

Left out: 16-bit words, the trace bit and trace exceptions, the two banks of A7 (r14 is one register in both modes;
`usp` is reached by MOVE USP alone), exception vectors and stacked frames (a trap is popek's, `rte` pops two words),
and on the 68010 MOVEC, MOVES and the vector base register, which are privileged, RTD, which is innocuous, and the
frame that a bus error leaves. The mask has eight levels; here there is one source, which level 0 lets through and any
other holds back, so that the interrupt enable stands for it, and it reads as 0 or 7. STOP waits for an interrupt;
here it stops for good.

The 68000 has neither I/O instructions nor a memory management unit of its own: devices and the unit beside it (the
MC68451) have their registers in memory that only the supervisor reaches, and MOVEP is made for such registers. So
`movep-to-device`, `movep-to-mmu` and their like stand for that access, and trap in user mode as the bus error does.
"""

from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Put, Trap
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import CLASSIC, INNOCUOUS, sets
from popek.isa.expression import Expr, as_expr, element, eq, ite, load, lshr, shl
from popek.isa.instruction import INSTRUCTION_WORD, TRAPS, A, B, Instruction, imm, ra, rb
from popek.isa.slot import (
    BASE,
    BOUND,
    DISK_PENDING,
    DISK_WAIT,
    HALTED,
    IE,
    MODE,
    PC,
    REGISTERS,
    RUN,
    SLOTS,
    Role,
    Slot,
)

CCR = Slot("ccr", "Condition code register: X, N, Z, V, C in bits 4..0.", Role.PROGRAM, bits=5)
USP = Slot("usp", "User stack pointer, as the supervisor reaches it.", kind="stack pointer")

_PRM = "M68000 Family Programmer's Reference Manual (M68000PM/AD)"
_UM = "M68000 8-/16-/32-Bit Microprocessors User's Manual (M68000UM)"
_PERIPHERAL = f"{_PRM}, section 4, MOVEP; {_UM}, bus error. unverified: that no board gave devices to user mode"
_MMU = "unverified: MC68451 Memory Management Unit, its registers in the supervisor's memory"
_CODES = 0x1F
_S, _MASK = 13, 8
_SP = 14

SR = shl(as_expr(1) - MODE, _S) | ite(eq(IE, 1), 0, 7 << _MASK) | CCR
"""The status register: S in bit 13, the interrupt mask in bits 10..8, the condition codes in bits 4..0."""


def loads_sr(value: Expr) -> dict[Slot, Expr | Slot | int]:
    """Return the writes that load the status register."""
    mask = lshr(value, _MASK) & 7
    return {MODE: (lshr(value, _S) & 1) ^ 1, IE: ite(eq(mask, 0), 1, 0), CCR: value & _CODES}


_TO_USER = Trap(eq(lshr(imm, _S) & 1, 0), Cause.PRIVILEGED, INSTRUCTION_WORD)
_TOP = element(REGISTERS, _SP)

SYSTEM = (
    Instruction(
        "move-from-sr",
        "ra",
        0x40,
        "Read the status register: supervisor bit, interrupt mask, condition codes. Any program may.",
        sets(A, SR),
        source=f"{_PRM}, MOVE from SR (not privileged on the MC68000)",
    ),
    Instruction(
        "move-to-sr",
        "ra",
        0x41,
        "Load the status register.",
        Behaviour(loads_sr(ra)),
        TRAPS,
        source=f"{_PRM}, section 6, MOVE to SR; {_UM}, 6.3.7 has it as privileged on the 68010 only, against that",
    ),
    Instruction(
        "andi-to-sr",
        "uimm",
        0x42,
        "And the immediate to the status register.",
        Behaviour(loads_sr(SR & imm)),
        TRAPS,
        source=f"{_PRM}, section 6, ANDI to SR",
    ),
    Instruction(
        "ori-to-sr",
        "uimm",
        0x43,
        "Or the immediate to the status register.",
        Behaviour(loads_sr(SR | imm)),
        TRAPS,
        source=f"{_PRM}, section 6, ORI to SR",
    ),
    Instruction(
        "eori-to-sr",
        "uimm",
        0x44,
        "Exclusive-or the immediate to the status register.",
        Behaviour(loads_sr(SR ^ imm)),
        TRAPS,
        source=f"{_PRM}, section 6, EORI to SR",
    ),
    Instruction(
        "move-to-ccr",
        "ra",
        0x45,
        "Load the condition codes.",
        Behaviour({CCR: ra & _CODES}),
        source=f"{_PRM}, section 4, MOVE to CCR",
    ),
    Instruction(
        "move-to-usp",
        "ra",
        0x46,
        "Load the user stack pointer.",
        Behaviour({USP: ra}),
        TRAPS,
        source=f"{_PRM}, section 6, MOVE USP",
    ),
    Instruction(
        "move-from-usp",
        "ra",
        0x47,
        "Read the user stack pointer.",
        sets(A, USP),
        TRAPS,
        source=f"{_PRM}, section 6, MOVE USP",
    ),
    Instruction(
        "rte",
        "",
        0x48,
        "Return from an exception: pop status register and pc.",
        Behaviour(
            {**loads_sr(load(_TOP)), PC: load(_TOP + 1)},
            [Put(REGISTERS, as_expr(_SP), _TOP + 2)],
        ),
        TRAPS,
        source=f"{_PRM}, section 6, RTE",
    ),
    Instruction(
        "stop",
        "uimm",
        0x49,
        "Load the status register and stop. An immediate without the supervisor bit is refused in either mode.",
        Behaviour({**loads_sr(imm), RUN: HALTED}, traps=[_TO_USER]),
        TRAPS,
        source=f"{_PRM}, section 6, STOP",
    ),
    Instruction(
        "reset",
        "",
        0x4A,
        "Reset all devices: a disk transfer that is under way is forgotten.",
        Behaviour({DISK_WAIT: 0, DISK_PENDING: 0}),
        TRAPS,
        source=f"{_PRM}, section 6, RESET",
    ),
    Instruction(
        "movep-to-device",
        "ra, uimm",
        0x4B,
        "Write `ra` to a device's register: 0 is the console's.",
        CLASSIC["out"].does,
        TRAPS,
        source=_PERIPHERAL,
    ),
    Instruction(
        "movep-from-device",
        "ra, uimm",
        0x4C,
        "Read a device's register: 0 is the console's.",
        CLASSIC["in"].does,
        TRAPS,
        source=_PERIPHERAL,
    ),
    Instruction(
        "movep-to-mmu",
        "ra, rb",
        0x4D,
        "Set the memory management unit's registers: base `ra`, bound `rb`.",
        Behaviour({BASE: ra, BOUND: rb}),
        TRAPS,
        source=_MMU,
    ),
    Instruction(
        "movep-from-mmu",
        "ra, rb",
        0x4E,
        "Read the memory management unit's registers: the base to `ra`, the bound to `rb`.",
        Behaviour({}, [Put(REGISTERS, A, BASE), Put(REGISTERS, B, BOUND)]),
        TRAPS,
        source=_MMU,
    ),
)
"""The 68000's system instructions; all are privileged but the first, and what concerns the condition codes alone."""

MOVE_FROM_CCR = Instruction(
    "move-from-ccr",
    "ra",
    0x4F,
    "Read the condition codes: what programs had read the status register for.",
    sets(A, CCR),
    source=f"{_PRM}, section 4, MOVE from CCR (not on the MC68000)",
)

M68000 = Isa(
    name="m68000",
    title="Motorola 68000",
    doc="A clean supervisor and user mode, and one instruction too few that is privileged: any program may read the "
    "status register, and in it the supervisor bit and the interrupt mask. The successor made that one privileged.",
    year=1979,
    story="one instruction short: MOVE from SR",
    instructions=INNOCUOUS + SYSTEM,
    slots=(*SLOTS, CCR, USP),
    sources=(
        f"Motorola, {_PRM}, section 6, supervisor instructions",
        f"Motorola, {_UM}, 6.3.7 Privilege Violations",
        "Musashi (github.com/kstenerud/Musashi), m68k_in.c: an emulator in which MOVE from SR asks for the processor",
        "year: Wikipedia, Motorola 68000 series (introduced 1979)",
    ),
    aliases=("68000", "mc68000"),
)

M68010 = evolve(
    M68000.vary(
        "m68010",
        {"move-from-sr": TRAPS, "move-from-ccr": MOVE_FROM_CCR},
        title="Motorola 68010",
        doc="The 68000 with MOVE from SR privileged, and with MOVE from CCR for the programs that had only wanted the "
        "condition codes. Nothing sensitive is unprivileged any more.",
    ),
    year=1982,
    story="that instruction traps: virtualizable",
    sources=(
        f"Motorola, {_PRM}, MOVE from SR (privileged from the MC68010 on)",
        f"Motorola, {_UM}, 6.3.7 Privilege Violations",
        "year: Wikipedia, Motorola 68010 (introduced 1982)",
    ),
    aliases=("68010", "mc68010"),
)

ISAS = (M68000, M68010)

LITERATURE = (
    Statement(
        "m68000",
        theorem_1=False,
        theorem_3=None,
        critical=("move-from-sr",),
        who="Motorola",
        where="M68000 User's Manual, 6.3.7: MOVE from SR is among the privileged instructions of the 68010 only",
        verified=True,
    ),
    Statement(
        "m68000",
        theorem_1=False,
        theorem_3=True,
        critical=("move-from-sr",),
        who="Popek and Goldberg's definitions to the letter, whose state is mode, pc, R and memory",
        where="Formal requirements for virtualizable third generation architectures, 1974, section 3",
        verified=False,
        explained="In the paper's state two user-mode states show the same supervisor bit, and theorem 3 holds. But "
        "the status register has the interrupt mask as well: with interrupts in the state the instruction is "
        "user-sensitive, and a program in virtual user mode reads the mask that its monitor has set.",
    ),
    Statement(
        "m68010",
        theorem_1=True,
        theorem_3=True,
        critical=(),
        who="Wikipedia, after Motorola",
        where="Motorola 68010: MOVE from SR traps in user mode, so that the requirements of Popek and Goldberg are met",
        verified=True,
    ),
)
"""What is said of them. T. Lyon (net.micro.68k, 14 March 1983) adds that a monitor cannot check the undocumented frame
which the 68010's RTE takes after a bus error; the frame is left out here."""
