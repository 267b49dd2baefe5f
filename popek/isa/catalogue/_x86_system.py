"""x86's system registers: what shows them to any program, and what loads them in ring 0.

Privilege that depends on configuration is fixed: IOPL is 0, and there is no I/O permission bitmap.
"""

from attrs import evolve

from popek.isa.behaviour import Behaviour, Cause, Put, Trap
from popek.isa.catalogue._x86_segments import GDTR, SDM2, undefined_unless
from popek.isa.classic import CLASSIC, sets
from popek.isa.expression import TRUE, as_expr, element, eq, ite
from popek.isa.instruction import TRAPS, A, B, Instruction, imm, ra, rb
from popek.isa.slot import (
    BASE,
    BOUND,
    CONSOLE_INPUT,
    CONSOLE_READ,
    HALTED,
    IE,
    REGISTERS,
    RUN,
    TIMER,
    TIMER_PENDING,
    Slot,
)

IDTR = Slot("idtr", "Interrupt descriptor table register: the linear address of the table.")
LDTR = Slot("ldtr", "Local descriptor table register: its selector.", bits=16)
TR = Slot("tr", "Task register: the selector of the task state segment.", bits=16)
CR0 = Slot("cr0", "Control register 0, the machine status word in its lower half.", reset=0x11)
DR7 = Slot("dr7", "Debug control register; it stands for all debug registers.", kind="debug")
MSR = Slot("msr", "A model-specific register; it stands for all.")
CACHE = Slot("cache", "Whether the caches hold words that memory has not.", bits=1)
TLB = Slot("tlb", "Whether the translation look-aside buffer holds anything.", bits=1)

_TS, _LMSW, _WORD = 8, 0xE, 0xFFFF
_CR0, _CR3 = 0, 3
_TIMER_PORT = 0x40

_CR = as_expr(CR0)
_TIMED = eq(imm, _TIMER_PORT)
_FROM_CONSOLE = eq(imm, 0)
_OUT = CLASSIC["out"].does


def _stores(name: str, opcode: int, slot: Slot, what: str) -> Instruction:
    return Instruction(name, "ra", opcode, f"Store {what}. Any program may.", sets(A, slot), source=_of(name))


def _loads(name: str, opcode: int, slot: Slot, what: str) -> Instruction:
    return Instruction(name, "ra", opcode, f"Load {what}.", Behaviour({slot: ra}), TRAPS, source=_of(name))


def _of(name: str) -> str:
    return f"{SDM2}, {name.upper()}"


STORES = (
    _stores("sgdt", 0x50, GDTR, "the address of the global descriptor table"),
    _stores("sidt", 0x51, IDTR, "the address of the interrupt descriptor table"),
    _stores("sldt", 0x52, LDTR, "the selector of the local descriptor table"),
    _stores("str", 0x53, TR, "the selector of the task"),
    Instruction(
        "smsw",
        "ra",
        0x54,
        "Store the machine status word, CR0's lower half. Any program may.",
        sets(A, _CR & _WORD),
        source=_of("smsw"),
    ),
)
"""What shows system registers to any program, until UMIP."""

INT_N = Instruction(
    "int-n",
    "uimm",
    0x55,
    "Interrupt: always a trap, through the gate or because the ring may not use it.",
    Behaviour(traps=[Trap(TRUE, Cause.SVC, imm)]),
    source=f"{SDM2}, INT n",
)

PRIVILEGED = (
    _loads("lgdt", 0x60, GDTR, "the address of the global descriptor table"),
    _loads("lidt", 0x61, IDTR, "the address of the interrupt descriptor table"),
    _loads("lldt", 0x62, LDTR, "the selector of the local descriptor table"),
    _loads("ltr", 0x63, TR, "the selector of the task"),
    Instruction(
        "lmsw",
        "ra",
        0x64,
        "Load the low four bits of CR0, of which PE can be set only.",
        Behaviour({CR0: (_CR - (_CR & _LMSW)) | (ra & 0xF)}),
        TRAPS,
        source=_of("lmsw"),
    ),
    Instruction(
        "mov-to-cr",
        "ra, rb, uimm",
        0x65,
        "Load control register 0 from `ra`, or 3: R is then base `ra`, bound `rb`, and the TLB is empty.",
        Behaviour(
            {
                CR0: ite(eq(imm, _CR0), ra | 1, CR0),
                BASE: ite(eq(imm, _CR3), ra, BASE),
                BOUND: ite(eq(imm, _CR3), rb, BOUND),
                TLB: ite(eq(imm, _CR3), 0, TLB),
            },
            traps=[undefined_unless(_CR0, _CR3)],
        ),
        TRAPS,
        source=f"{SDM2}, MOV (control registers)",
    ),
    Instruction(
        "mov-from-cr",
        "ra, rb, uimm",
        0x66,
        "Store control register 0 to `ra`, or 3: R's base to `ra` and its bound to `rb`.",
        Behaviour(
            {},
            [
                Put(REGISTERS, A, ite(eq(imm, _CR0), CR0, BASE)),
                Put(REGISTERS, B, BOUND, when=eq(imm, _CR3)),
            ],
            [undefined_unless(_CR0, _CR3)],
        ),
        TRAPS,
        source=f"{SDM2}, MOV (control registers)",
    ),
    Instruction(
        "mov-to-dr",
        "ra",
        0x67,
        "Load the debug register.",
        Behaviour({DR7: ra}),
        TRAPS,
        source=f"{SDM2}, MOV (debug registers)",
    ),
    Instruction(
        "mov-from-dr",
        "ra",
        0x68,
        "Store the debug register.",
        sets(A, DR7),
        TRAPS,
        source=f"{SDM2}, MOV (debug registers)",
    ),
    Instruction(
        "clts", "", 0x69, "Clear CR0's task-switched flag.", Behaviour({CR0: _CR - (_CR & _TS)}), TRAPS, _of("clts")
    ),
    Instruction("hlt", "", 0x6A, "Stop the processor.", Behaviour({RUN: HALTED}), TRAPS, _of("hlt")),
    Instruction(
        "invd", "", 0x6B, "Empty the caches, and forget what they held.", Behaviour({CACHE: 0}), TRAPS, _of("invd")
    ),
    Instruction(
        "wbinvd", "", 0x6C, "Write the caches back and empty them.", Behaviour({CACHE: 0}), TRAPS, _of("wbinvd")
    ),
    Instruction("invlpg", "ra", 0x6D, "Forget a page's translation.", Behaviour({TLB: 0}), TRAPS, _of("invlpg")),
    _loads("wrmsr", 0x6E, MSR, "the model-specific register"),
    Instruction("rdmsr", "ra", 0x6F, "Store the model-specific register.", sets(A, MSR), TRAPS, _of("rdmsr")),
    Instruction("cli", "", 0x70, "Clear the interrupt flag.", Behaviour({IE: 0}), TRAPS, f"{_of('cli')} (IOPL 0)"),
    Instruction("sti", "", 0x71, "Set the interrupt flag.", Behaviour({IE: 1}), TRAPS, f"{_of('sti')} (IOPL 0)"),
    Instruction(
        "in",
        "ra, uimm",
        0x72,
        "Read from a port: 0 the console, 0x40 the timer.",
        sets(
            A,
            ite(_FROM_CONSOLE, element(CONSOLE_INPUT, CONSOLE_READ), ite(_TIMED, TIMER, 0)),
            {CONSOLE_READ: ite(_FROM_CONSOLE, as_expr(CONSOLE_READ) + 1, CONSOLE_READ)},
        ),
        TRAPS,
        f"{_of('in')} (IOPL 0, no I/O permission bitmap); the timer's port is the PC's",
    ),
    Instruction(
        "out",
        "ra, uimm",
        0x73,
        "Write `ra` to a port: 0 the console, 0x40 the timer.",
        evolve(
            _OUT,
            writes={
                **_OUT.writes,
                TIMER: ite(_TIMED, ra, TIMER),
                TIMER_PENDING: ite(_TIMED, 0, TIMER_PENDING),
            },
        ),
        TRAPS,
        f"{_of('out')} (IOPL 0, no I/O permission bitmap); the timer's port is the PC's",
    ),
)
"""What traps outside ring 0."""
