"""IBM System/360 and its model 67: the machines on which virtual machines were invented.

Modelled: the PSW with problem state, wait bit, key and one bit of system mask; condition code and program mask, which
are program state; storage keys; starting, testing and halting I/O; direct control; on the model 67 LRA and the
control registers of address translation. System/370 has a module of its own.

Left out: bytes, halfwords and the instruction-length code but for its bits in BALR's link; the base System/360 has no
relocation, only storage keys, so R stands for both, and a PSW is four words as the machine's trap has them: status,
pc, base, bound. The status holds the mode in bit 0, the interrupt enable in bit 1, for the whole system mask, wait in
bit 2 and the key in bits 8 to 11; a trap stores neither key nor condition code, which a handler gets by BALR. Storage
keys can be set and read, but it is R that protects. SIO takes a word from a register instead of a channel program
from storage. A wait PSW stops for good. The interval timer lies in main storage, and is left out.
"""

from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Put, Store, Trap
from popek.isa.catalogue._devices import prints, reads, transfers
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import INNOCUOUS, sets
from popek.isa.cycle import psw_from
from popek.isa.expression import (
    SIZE,
    Expr,
    as_expr,
    element,
    eq,
    ite,
    legal,
    load,
    lshr,
    not_,
    shl,
    ult,
)
from popek.isa.instruction import TRAPS, A, B, Instruction, imm, ra, rb
from popek.isa.slot import (
    ARRAYS,
    BASE,
    BOUND,
    DISK_WAIT,
    IE,
    PC,
    RUN,
    SLOTS,
    Array,
    Role,
    Slot,
)

CC = Slot("cc", "Condition code.", Role.PROGRAM, bits=2)
PROGRAM_MASK = Slot("program_mask", "Program mask: which arithmetic exceptions interrupt.", Role.PROGRAM, bits=4)
PSW_KEY = Slot("psw_key", "Protection key of the PSW.", kind="key", bits=4)
STORAGE_KEYS = Array("storage_keys", "Storage keys, one for each block of 512 words.", kind="key")
DIAGNOSTIC = Slot("diagnostic", "State that DIAGNOSE leaves the machine in.")
DIRECT_OUT = Slot("direct_out", "Direct control: the signals out.", kind="device", bits=8)
DIRECT_IN = Slot("direct_in", "Direct control: the signals in.", kind="device", bits=8)

ADDRESS = rb + imm
_LINK = shl(1, 30) | shl(CC, 28) | shl(PROGRAM_MASK, 24) | ((as_expr(PC) + 1) & 0xFFFFFF)
"""What BALR and BAL leave: instruction length, condition code, program mask, address. No mode, no mask, no key."""

BLOCK_BITS = 9
_360 = "IBM System/360 Principles of Operation, GA22-6821"
_STATUS = f"{_360}, Status Switching"
_IO = f"{_360}, Input/Output Operations"


def emulator(name: str) -> str:
    """Return where the emulator has an operation."""
    return f"rcornwell/sims, IBM360/ibm360_cpu.c, case OP_{name}"


def _loads_psw(at: Expr) -> Behaviour:
    status = load(at)
    psw = psw_from(status, load(at + 1), load(at + 2), load(at + 3))
    return Behaviour({**psw, RUN: lshr(status, 2) & 1, PSW_KEY: lshr(status, 8)})


def in_storage(address: Expr) -> Trap:
    """Return the addressing exception of a real address that is not in storage."""
    return Trap(not_(ult(address, SIZE)), Cause.MEMORY, address)


_BUSY = ite(eq(imm, 1), ite(eq(DISK_WAIT, 0), 0, 2), 0)
"""The condition code that TIO and TCH set: device 1 is the disk, and may be busy; all others are available."""

SYSTEM = (
    Instruction(
        "lpsw",
        "imm(rb)",
        0x40,
        "Load the PSW from four words, its wait bit and key included.",
        _loads_psw(ADDRESS),
        TRAPS,
        source=f"{_STATUS}; {emulator('LPSW')}",
    ),
    Instruction(
        "ssm",
        "imm(rb)",
        0x41,
        "Set the system mask from storage: bit 0 of the word lets interrupts in.",
        Behaviour({IE: load(ADDRESS)}),
        TRAPS,
        source=f"{_STATUS}; {emulator('SSM')}",
    ),
    Instruction(
        "ssk",
        "ra, rb",
        0x42,
        "Set the storage key of the block at real address `rb` to bits 4 to 7 of `ra`.",
        Behaviour({}, [Put(STORAGE_KEYS, lshr(rb, BLOCK_BITS), ra & 0xF0)], [in_storage(rb)]),
        TRAPS,
        source=f"{_STATUS}; {emulator('SSK')}",
    ),
    Instruction(
        "isk",
        "ra, rb",
        0x43,
        "Insert the storage key of the block at real address `rb` in the low byte of `ra`.",
        sets(A, (ra & 0xFFFFFF00) | element(STORAGE_KEYS, lshr(rb, BLOCK_BITS))).trapping(in_storage(rb)),
        TRAPS,
        source=f"{_STATUS}; {emulator('ISK')}",
    ),
    Instruction(
        "diagnose",
        "uimm",
        0x44,
        "Put the machine in a diagnostic state, which depends on the model.",
        Behaviour({DIAGNOSTIC: imm}),
        TRAPS,
        source=f"{_STATUS}; {emulator('DIAG')}",
    ),
    Instruction(
        "wrd",
        "ra",
        0x45,
        "Write direct: put a byte on the direct control signals.",
        Behaviour({DIRECT_OUT: ra}),
        TRAPS,
        source=f"{_STATUS}; unverified: the emulator has no direct control",
    ),
    Instruction(
        "rdd",
        "ra",
        0x46,
        "Read direct: take a byte from the direct control signals.",
        sets(A, DIRECT_IN),
        TRAPS,
        source=f"{_STATUS}; unverified: the emulator has no direct control",
    ),
    Instruction(
        "sio-write",
        "ra",
        0x47,
        "Start I/O on the console typewriter, with a write command: print the character in `ra`.",
        prints(writes={CC: as_expr(0)}),
        TRAPS,
        source=f"{_IO}; {emulator('SIO')}",
    ),
    Instruction(
        "sio-read",
        "ra",
        0x48,
        "Start I/O on the console typewriter, with a read command: take what was typed.",
        reads(writes={CC: as_expr(0)}),
        TRAPS,
        source=f"{_IO}; {emulator('SIO')}",
    ),
    Instruction(
        "sio-disk",
        "ra, rb, uimm",
        0x49,
        "Start I/O on a disk: a sector moves to or from real storage, and an interruption follows.",
        transfers({CC: as_expr(0)}),
        TRAPS,
        source=f"{_IO}; {emulator('SIO')}",
    ),
    Instruction(
        "tio",
        "uimm",
        0x4A,
        "Test I/O: the condition code says whether a device is busy; device 1 is the disk.",
        Behaviour({CC: _BUSY}),
        TRAPS,
        source=f"{_IO}; {emulator('TIO')}",
    ),
    Instruction(
        "tch",
        "uimm",
        0x4B,
        "Test channel: the condition code says whether a channel is busy; channel 1 has the disk.",
        Behaviour({CC: _BUSY}),
        TRAPS,
        source=f"{_IO}; {emulator('TCH')}",
    ),
    Instruction(
        "hio",
        "uimm",
        0x4C,
        "Halt I/O: the disk, if it is meant, gives up reporting.",
        Behaviour({DISK_WAIT: ite(eq(imm, 1), 0, DISK_WAIT), CC: _BUSY}),
        TRAPS,
        source=f"{_IO}; {emulator('HIO')}",
    ),
)
"""What is privileged in System/360: all that touches the PSW's left half, keys, channels and lines."""

PROGRAMS = (
    Instruction(
        "balr",
        "ra, rb",
        0x50,
        "Leave condition code, program mask and the next address in `ra`, and branch to `rb`, unless that is r0.",
        sets(A, _LINK, {PC: ite(eq(B, 0), as_expr(PC) + 1, rb & 0xFFFFFF)}),
        source=f"{_360}, Branching; {emulator('BALR')}",
    ),
    Instruction(
        "bal",
        "ra, imm(rb)",
        0x51,
        "Leave condition code, program mask and the next address in `ra`, and branch.",
        sets(A, _LINK, {PC: ADDRESS & 0xFFFFFF}),
        source=f"{_360}, Branching; {emulator('BAL')}",
    ),
    Instruction(
        "spm",
        "ra",
        0x52,
        "Set condition code and program mask from where BALR leaves them.",
        Behaviour({CC: lshr(ra, 28), PROGRAM_MASK: lshr(ra, 24)}),
        source=f"{_STATUS}; {emulator('SPM')}",
    ),
)
"""What reads and writes the PSW's right half, and may do so in the problem state: that half is program state."""

S360 = Isa(
    name="s360",
    title="IBM System/360",
    doc="Everything that shows or changes the PSW's system half, storage keys or channels is privileged; what a "
    "program may read and set is a half of its own. So the architecture held a theorem that nobody had stated yet. "
    "The Cambridge Scientific Center's CP-40 ran virtual System/360s on a modified model 40 before CP-67 did on the "
    "67.",
    year=1965,
    story="CP-40 runs virtual System/360s (1967): the first virtual machines",
    sources=(
        _360,
        "rcornwell/sims, IBM360/ibm360_cpu.c",
        "First deliveries in 1965: en.wikipedia.org, IBM System/360",
        "Popek and Goldberg, Formal requirements for virtualizable third generation architectures, 1974",
    ),
    aliases=("system/360", "ibm360"),
    instructions=INNOCUOUS + SYSTEM + PROGRAMS,
    slots=(*SLOTS, CC, PROGRAM_MASK, PSW_KEY, DIAGNOSTIC, DIRECT_OUT, DIRECT_IN),
    arrays=(*ARRAYS, STORAGE_KEYS),
)

_67 = "IBM System/360 Model 67 Functional Characteristics, GA27-2719"

LRA = Instruction(
    "lra",
    "ra, imm(rb)",
    0x60,
    "Load the real address of a virtual one; the condition code says whether it has one.",
    sets(
        A,
        ite(legal(ADDRESS), as_expr(BASE) + ADDRESS, 0),
        {CC: ite(legal(ADDRESS), 0, 1)},
    ),
    TRAPS,
    source=f"{_67}; {emulator('LRA')}",
)

S360_67 = evolve(
    S360.vary(
        "s360-67",
        {
            "lra": LRA,
            "lmc": Instruction(
                "lmc",
                "imm(rb)",
                0x61,
                "Load multiple control: the registers that address translation works with, two words for R.",
                Behaviour({BASE: load(ADDRESS), BOUND: load(ADDRESS + 1)}),
                TRAPS,
                source=f"{_67}; {emulator('LMC')}",
            ),
            "stmc": Instruction(
                "stmc",
                "imm(rb)",
                0x62,
                "Store multiple control: the registers that address translation works with, two words for R.",
                Behaviour({}, [Store(ADDRESS, BASE), Store(ADDRESS + 1, BOUND)]),
                TRAPS,
                source=f"{_67}; {emulator('STMC')}",
            ),
        },
        title="IBM System/360 Model 67",
        doc="System/360 with address translation, and LRA, the paper's example of location sensitivity: what it loads "
        "depends on where the program lies. It is privileged, so nothing is lost; CP-67, which the paper gives as the "
        "proof that its conditions can be met, emulated it for its guests.",
    ),
    year=1966,
    story="CP-67 (1967): the paper's proof that its condition can be met",
    sources=(
        _67,
        "rcornwell/sims, IBM360/ibm360_cpu.c",
        "First shipped in May 1966: michigan-terminal-system.org, discussion of the model 67's early designations",
        "Popek and Goldberg, Formal requirements for virtualizable third generation architectures, 1974",
    ),
    aliases=("cp-67", "360/67"),
)

ISAS = (S360, S360_67)

_PG = "Popek and Goldberg, 1974"

LITERATURE = (
    Statement(
        "s360-67",
        theorem_1=True,
        theorem_3=True,
        critical=(),
        who=_PG,
        where="CP-67 is named as a virtual machine monitor that exists; LRA is the example of location sensitivity",
        verified=True,
        explained="",
    ),
    Statement(
        "s360",
        theorem_1=True,
        theorem_3=True,
        critical=(),
        who="Adair, Bayles, Comeau and Creasy, A virtual machine system for the 360/40, 1966",
        where="CP-40 ran on a modified model 40, so that nothing of System/360 stood in its way",
        verified=False,
        explained="",
    ),
)
