"""`classic`: the base ISA, a third-generation machine as the paper has it.

Innocuous instructions first, then the system instructions, which are all privileged. `r0` is a register like the
others. Arithmetic is modulo 2^32; `slt` and `blt` compare as two's complement, `sltu` and `bltu` unsigned.
"""

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Copy, Put, Store, Trap
from popek.isa.cycle import OLD_BASE, OLD_BOUND, STATUS, psw_from
from popek.isa.expression import (
    SIZE,
    TRUE,
    Expr,
    Word,
    as_expr,
    ashr,
    both,
    element,
    eq,
    ite,
    load,
    lshr,
    ne,
    not_,
    real,
    shl,
    slt,
    udiv,
    ult,
    urem,
)
from popek.isa.instruction import TRAPS, A, B, Instruction, imm, ra, rb, rc
from popek.isa.slot import (
    BASE,
    BOUND,
    CONSOLE_INPUT,
    CONSOLE_OUTPUT,
    CONSOLE_READ,
    CONSOLE_WRITTEN,
    DISK,
    DISK_WAIT,
    HALTED,
    IE,
    MEMORY,
    MODE,
    PC,
    REGISTERS,
    RUN,
    TIMER,
    TIMER_PENDING,
    USER,
    Slot,
)

CONSOLE_PORT, DISK_PORT = 0, 1
"""Port 0 reads and writes the console. Port 1 reads how long the disk is still busy. Others read 0, swallow writes."""

SECTOR = 16
"""Words that one disk transfer moves."""

DISK_LATENCY = 40
"""Instructions from the start of a transfer to its interrupt."""


def sets(register: Expr, value: Word, writes: dict[Slot, Word] | None = None) -> Behaviour:
    """Return the behaviour that puts a value in the register that an operand names, and writes some slots."""
    return Behaviour(writes or {}, [Put(REGISTERS, register, value)])


def branches(condition: Expr) -> Behaviour:
    """Return the behaviour that goes `imm` words on, from the instruction's own address, if the condition holds."""
    return Behaviour({PC: ite(condition, as_expr(PC) + imm, as_expr(PC) + 1)})


DIVIDES_BY_ZERO = Trap(eq(rc, 0), Cause.ARITHMETIC)

INNOCUOUS = (
    Instruction("nop", "", 0x01, "Do nothing.", Behaviour()),
    Instruction("ldi", "ra, imm", 0x02, "Set `ra` to the signed immediate.", sets(A, imm)),
    Instruction(
        "ldih",
        "ra, uimm",
        0x03,
        "Replace the upper half of `ra` by the immediate.",
        sets(A, (ra & 0xFFFF) | shl(imm, 16)),
    ),
    Instruction("mov", "ra, rb", 0x04, "Copy `rb` to `ra`.", sets(A, rb)),
    Instruction("add", "ra, rb, rc", 0x05, "Add.", sets(A, rb + rc)),
    Instruction("addi", "ra, rb, imm", 0x06, "Add a signed immediate.", sets(A, rb + imm)),
    Instruction("sub", "ra, rb, rc", 0x07, "Subtract `rc` from `rb`.", sets(A, rb - rc)),
    Instruction("mul", "ra, rb, rc", 0x08, "Multiply; the lower word of the product.", sets(A, rb * rc)),
    Instruction(
        "divu",
        "ra, rb, rc",
        0x09,
        "Divide, unsigned; an arithmetic trap if `rc` is zero.",
        sets(A, udiv(rb, rc)).trapping(DIVIDES_BY_ZERO),
    ),
    Instruction(
        "remu",
        "ra, rb, rc",
        0x0A,
        "Remainder, unsigned; an arithmetic trap if `rc` is zero.",
        sets(A, urem(rb, rc)).trapping(DIVIDES_BY_ZERO),
    ),
    Instruction("and", "ra, rb, rc", 0x0B, "Bitwise and.", sets(A, rb & rc)),
    Instruction("or", "ra, rb, rc", 0x0C, "Bitwise or.", sets(A, rb | rc)),
    Instruction("xor", "ra, rb, rc", 0x0D, "Bitwise exclusive or.", sets(A, rb ^ rc)),
    Instruction("shl", "ra, rb, rc", 0x0E, "Shift `rb` left by `rc`; by 32 or more: 0.", sets(A, shl(rb, rc))),
    Instruction("shr", "ra, rb, rc", 0x0F, "Shift right, filling with zeros.", sets(A, lshr(rb, rc))),
    Instruction("sar", "ra, rb, rc", 0x10, "Shift right, filling with the sign.", sets(A, ashr(rb, rc))),
    Instruction(
        "slt",
        "ra, rb, rc",
        0x11,
        "Set `ra` to 1 if `rb` < `rc`, signed, else 0.",
        sets(A, ite(slt(rb, rc), 1, 0)),
    ),
    Instruction(
        "sltu",
        "ra, rb, rc",
        0x12,
        "Set `ra` to 1 if `rb` < `rc`, unsigned, else 0.",
        sets(A, ite(ult(rb, rc), 1, 0)),
    ),
    Instruction("ld", "ra, imm(rb)", 0x13, "Load the word at `rb` + `imm`.", sets(A, load(rb + imm))),
    Instruction("st", "ra, imm(rb)", 0x14, "Store `ra` at `rb` + `imm`.", Behaviour({}, [Store(rb + imm, ra)])),
    Instruction("beq", "ra, rb, target", 0x15, "Branch if equal.", branches(eq(ra, rb))),
    Instruction("bne", "ra, rb, target", 0x16, "Branch if not equal.", branches(ne(ra, rb))),
    Instruction("blt", "ra, rb, target", 0x17, "Branch if `ra` < `rb`, signed.", branches(slt(ra, rb))),
    Instruction("bltu", "ra, rb, target", 0x18, "Branch if `ra` < `rb`, unsigned.", branches(ult(ra, rb))),
    Instruction(
        "jal",
        "ra, target",
        0x19,
        "Jump to the target, and leave the address of the next word in `ra`.",
        sets(A, as_expr(PC) + 1, {PC: as_expr(PC) + imm}),
    ),
    Instruction(
        "jalr",
        "ra, rb",
        0x1A,
        "Jump to the address in `rb`, and leave the address of the next word in `ra`.",
        sets(A, as_expr(PC) + 1, {PC: rb}),
    ),
    Instruction(
        "svc",
        "uimm",
        0x1B,
        "Supervisor call: always a trap, its detail the immediate; the old pc is that of the next word.",
        Behaviour(traps=[Trap(TRUE, Cause.SVC, imm)]),
    ),
)
"""What is innocuous in `classic`, and in every architecture that shares its core."""

_PREVIOUS_BASE, _PREVIOUS_BOUND = element(MEMORY, OLD_BASE), element(MEMORY, OLD_BOUND)
_PREVIOUS_REAL = _PREVIOUS_BASE + rb
_PREVIOUS_FAULT = Trap(
    not_(both(ult(rb, _PREVIOUS_BOUND), not_(ult(_PREVIOUS_REAL, _PREVIOUS_BASE)), ult(_PREVIOUS_REAL, SIZE))),
    Cause.MEMORY,
    rb,
)
_TO_CONSOLE = eq(imm, CONSOLE_PORT)
_SECTOR_START = rb * SECTOR
_FITS = both(ult(ra, SIZE), not_(ult(SIZE, ra + SECTOR)), not_(ult(ra + SECTOR, ra)))

SYSTEM = (
    Instruction("halt", "", 0x40, "Stop the processor.", Behaviour({RUN: HALTED}), TRAPS),
    Instruction(
        "lpsw",
        "imm(rb)",
        0x41,
        "Load the PSW from four words at `rb` + `imm`: status, pc, base, bound.",
        Behaviour(psw_from(load(rb + imm), load(rb + imm + 1), load(rb + imm + 2), load(rb + imm + 3))),
        TRAPS,
    ),
    Instruction(
        "spsw",
        "imm(rb)",
        0x42,
        "Store the PSW in four words at `rb` + `imm`: status, the address of the next word, base, bound.",
        Behaviour(
            {},
            [
                Store(rb + imm, STATUS),
                Store(rb + imm + 1, as_expr(PC) + 1),
                Store(rb + imm + 2, BASE),
                Store(rb + imm + 3, BOUND),
            ],
        ),
        TRAPS,
    ),
    Instruction(
        "setr",
        "ra, rb",
        0x43,
        "Set the relocation-bounds register to base `ra`, bound `rb`.",
        Behaviour({BASE: ra, BOUND: rb}),
        TRAPS,
    ),
    Instruction(
        "getr",
        "ra, rb",
        0x44,
        "Read the relocation-bounds register: the base to `ra`, the bound to `rb` (to one register: the bound).",
        Behaviour({}, [Put(REGISTERS, A, BASE), Put(REGISTERS, B, BOUND)]),
        TRAPS,
    ),
    Instruction("getmode", "ra", 0x45, "Read the mode: 0 supervisor, 1 user.", sets(A, MODE), TRAPS),
    Instruction("lra", "ra, rb", 0x46, "Load the real address of virtual address `rb`.", sets(A, real(rb)), TRAPS),
    Instruction(
        "jsu",
        "ra",
        0x47,
        "Jump to `ra` in user mode; nothing but mode and pc changes.",
        Behaviour({MODE: USER, PC: ra}),
        TRAPS,
    ),
    Instruction("getie", "ra", 0x48, "Read the interrupt enable.", sets(A, IE), TRAPS),
    Instruction("setie", "ra", 0x49, "Set the interrupt enable to bit 0 of `ra`.", Behaviour({IE: ra}), TRAPS),
    Instruction("gettimer", "ra", 0x4A, "Read the timer.", sets(A, TIMER), TRAPS),
    Instruction(
        "settimer",
        "ra",
        0x4B,
        "Set the timer to `ra`, 0 to stop it; no timer interrupt is pending any more.",
        Behaviour({TIMER: ra, TIMER_PENDING: 0}),
        TRAPS,
    ),
    Instruction(
        "in",
        "ra, uimm",
        0x4C,
        "Read from a port: 0 the next word typed (all ones at the end), 1 how long the disk is busy, others 0.",
        sets(
            A,
            ite(
                _TO_CONSOLE,
                element(CONSOLE_INPUT, CONSOLE_READ),
                ite(eq(imm, DISK_PORT), DISK_WAIT, 0),
            ),
            {CONSOLE_READ: ite(_TO_CONSOLE, as_expr(CONSOLE_READ) + 1, CONSOLE_READ)},
        ),
        TRAPS,
    ),
    Instruction(
        "out",
        "ra, uimm",
        0x4D,
        "Write `ra` to a port: 0 the console, others swallow it.",
        Behaviour(
            {CONSOLE_WRITTEN: ite(_TO_CONSOLE, as_expr(CONSOLE_WRITTEN) + 1, CONSOLE_WRITTEN)},
            [Put(CONSOLE_OUTPUT, CONSOLE_WRITTEN, ra, when=_TO_CONSOLE)],
        ),
        TRAPS,
    ),
    Instruction(
        "disk",
        "ra, rb, uimm",
        0x4E,
        "Transfer disk sector `rb` (16 words) to physical memory at `ra`, or, if `imm` is odd, from it to the disk. "
        "The words move at once; the interrupt follows 40 instructions later. A memory trap if they do not fit.",
        Behaviour(
            {DISK_WAIT: DISK_LATENCY},
            [
                Copy(MEMORY, ra, DISK, _SECTOR_START, SECTOR, when=eq(imm & 1, 0)),
                Copy(DISK, _SECTOR_START, MEMORY, ra, SECTOR, when=eq(imm & 1, 1)),
            ],
            [Trap(not_(_FITS), Cause.MEMORY, ra)],
        ),
        TRAPS,
    ),
    Instruction(
        "mfpi",
        "ra, rb",
        0x4F,
        "Load through the previous mode's address space: the R in the old PSW's words, bounded by it.",
        sets(A, element(MEMORY, _PREVIOUS_REAL)).trapping(_PREVIOUS_FAULT),
        TRAPS,
    ),
    Instruction(
        "mtpi",
        "ra, rb",
        0x50,
        "Store `ra` through the previous mode's address space: the R in the old PSW's words, bounded by it.",
        Behaviour({}, [Put(MEMORY, _PREVIOUS_REAL, ra)], [_PREVIOUS_FAULT]),
        TRAPS,
    ),
)
"""The system instructions, all privileged."""

CLASSIC = Isa(
    name="classic",
    title="classic, a third-generation machine",
    doc="The base ISA: every sensitive instruction is privileged.",
    instructions=INNOCUOUS + SYSTEM,
    sources=("Popek and Goldberg, Formal requirements for virtualizable third generation architectures, 1974",),
)
