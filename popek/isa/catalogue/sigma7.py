"""Scientific Data Systems (later Xerox) Sigma 7: a third-generation machine that was virtualizable, and was not asked.

Modelled: the program status doubleword with its master/slave bit, interrupt inhibits, condition code and floating
controls; the register pointer; the memory map's control; direct and channel I/O; waiting.

Left out: bytes, halfwords and the register blocks themselves (the register pointer is kept, and changes no
registers); page maps, access protection and write locks, for which R stands; the three inhibits are one interrupt
enable, and arming single interrupts is left out. A program status is four words: status, pc, base, bound, the status
with the mode in bit 0 (1 is slave), the interrupt enable in bit 1, the condition code in bits 4 to 7, the floating
controls in bits 8 to 10. In the real one the map's contents are not part of it, only whether it is used. SIO takes a
word from a register instead of a command doubleword from memory. WAIT stops for good, as it does when no interrupt
can come. LRA, LMS, PSS and PLS came with later models.
"""

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Store
from popek.isa.catalogue._devices import prints, reads, transfers
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import INNOCUOUS
from popek.isa.cycle import STATUS, psw_from
from popek.isa.expression import Expr, as_expr, both, eq, ite, load, lshr, ne, shl
from popek.isa.instruction import TRAPS, Instruction, imm, ra, rb
from popek.isa.slot import BASE, BOUND, DISK_WAIT, HALTED, IE, PC, RUN, SLOTS, Role, Slot

CC = Slot("cc", "Condition code.", Role.PROGRAM, bits=4)
FLOAT = Slot("float_controls", "Floating significance, zero and normalize controls.", Role.PROGRAM, bits=3)
REGISTER_POINTER = Slot("register_pointer", "Which block of general registers is used.", bits=5)
SENSE = Slot("sense_switches", "Sense switches on the control panel.", kind="device", bits=4)
ALARM = Slot("alarm", "Alarm on the control panel.", kind="device", bits=1)

_ADDRESS = rb + imm
_WORDS = 4
_EMULATOR = "simh/simh, sigma/sigma_cpu.c"
_IO = "simh/simh, sigma/sigma_io.c"
_PSD = STATUS | shl(as_expr(CC), 4) | shl(as_expr(FLOAT), 8)
_FUNCTION = imm & 0xFF0
_INHIBITS = ne(imm & 7, 0)
_BUSY = ite(eq(imm, 1), ite(eq(DISK_WAIT, 0), 0, 4), 0)


def _loads_psd(at: Expr) -> dict[Slot, Expr | Slot | int]:
    status = load(at)
    psw = psw_from(status, load(at + 1), load(at + 2), load(at + 3))
    return {**psw, CC: lshr(status, 4), FLOAT: lshr(status, 8)}


SYSTEM = (
    Instruction(
        "lpsd",
        "imm(rb)",
        0x40,
        "Load the program status.",
        Behaviour(_loads_psd(_ADDRESS)),
        TRAPS,
        source=f"{_EMULATOR}, case OP_LPSD",
    ),
    Instruction(
        "xpsd",
        "imm(rb)",
        0x41,
        "Exchange program status: store it in four words, and load it from the next four.",
        Behaviour(
            _loads_psd(_ADDRESS + _WORDS),
            [
                Store(_ADDRESS, _PSD),
                Store(_ADDRESS + 1, as_expr(PC) + 1),
                Store(_ADDRESS + 2, BASE),
                Store(_ADDRESS + 3, BOUND),
            ],
        ),
        TRAPS,
        source=f"{_EMULATOR}, case OP_XPSD, cpu_xpsd",
    ),
    Instruction(
        "lrp",
        "imm(rb)",
        0x42,
        "Load the register pointer.",
        Behaviour({REGISTER_POINTER: lshr(load(_ADDRESS), 4)}),
        TRAPS,
        source=f"{_EMULATOR}, case OP_LRP",
    ),
    Instruction(
        "mmc",
        "ra, rb",
        0x43,
        "Move to memory control: load the memory map; here R, base `ra` and bound `rb`.",
        Behaviour({BASE: ra, BOUND: rb}),
        TRAPS,
        source=f"{_EMULATOR}, case OP_MMC",
    ),
    Instruction(
        "wait",
        "",
        0x44,
        "Wait for an interrupt.",
        Behaviour({RUN: HALTED}),
        TRAPS,
        source=f"{_EMULATOR}, case OP_WAIT",
    ),
    Instruction(
        "rd",
        "uimm",
        0x45,
        "Read direct: the internal read of the sense switches, into the condition code, whatever the address.",
        Behaviour({CC: SENSE}),
        TRAPS,
        source=f"{_EMULATOR}, case OP_RD; {_IO}, io_rwd_m0",
    ),
    Instruction(
        "wd",
        "uimm",
        0x46,
        "Write direct: address X'2n' lets interrupts in, X'3n' inhibits them, X'40' and X'41' are the alarm.",
        Behaviour(
            {
                IE: ite(
                    both(eq(_FUNCTION, 0x20), _INHIBITS),
                    1,
                    ite(both(eq(_FUNCTION, 0x30), _INHIBITS), 0, IE),
                ),
                ALARM: ite(eq(imm, 0x40), 0, ite(eq(imm, 0x41), 1, ALARM)),
            }
        ),
        TRAPS,
        source=f"{_EMULATOR}, case OP_WD; {_IO}, io_rwd_m0",
    ),
    Instruction(
        "sio-write",
        "ra",
        0x47,
        "Start I/O on the typewriter, with a write order: print the character in `ra`.",
        prints(writes={CC: as_expr(0)}),
        TRAPS,
        source=f"{_EMULATOR}, case OP_SIO",
    ),
    Instruction(
        "sio-read",
        "ra",
        0x48,
        "Start I/O on the typewriter, with a read order: take what was typed.",
        reads(writes={CC: as_expr(0)}),
        TRAPS,
        source=f"{_EMULATOR}, case OP_SIO",
    ),
    Instruction(
        "sio-disk",
        "ra, rb, uimm",
        0x49,
        "Start I/O on a disk: a sector moves to or from real memory, and an interrupt follows.",
        transfers({CC: as_expr(0)}),
        TRAPS,
        source=f"{_EMULATOR}, case OP_SIO",
    ),
    Instruction(
        "hio",
        "uimm",
        0x4A,
        "Halt I/O: the disk, device 1, gives up reporting.",
        Behaviour({DISK_WAIT: ite(eq(imm, 1), 0, DISK_WAIT), CC: _BUSY}),
        TRAPS,
        source=f"{_EMULATOR}, case OP_HIO",
    ),
    Instruction(
        "tio",
        "uimm",
        0x4B,
        "Test I/O: the condition code says whether a device is busy.",
        Behaviour({CC: _BUSY}),
        TRAPS,
        source=f"{_EMULATOR}, case OP_TIO",
    ),
    Instruction(
        "tdv",
        "uimm",
        0x4C,
        "Test device: the condition code says whether a device is busy.",
        Behaviour({CC: _BUSY}),
        TRAPS,
        source=f"{_EMULATOR}, case OP_TDV",
    ),
    Instruction(
        "aio",
        "",
        0x4D,
        "Acknowledge an I/O interrupt: the condition code says whether the disk is still at work.",
        Behaviour({CC: ite(eq(DISK_WAIT, 0), 0, 4)}),
        TRAPS,
        source=f"{_EMULATOR}, case OP_AIO",
    ),
)
"""What traps in slave mode."""

PROGRAMS = (
    Instruction(
        "lcfi",
        "uimm",
        0x50,
        "Load condition code and floating controls, immediate.",
        Behaviour({CC: lshr(imm, 4), FLOAT: imm}),
        source=f"{_EMULATOR}, case OP_LCFI",
    ),
    Instruction(
        "lcf",
        "imm(rb)",
        0x51,
        "Load condition code and floating controls.",
        Behaviour({CC: lshr(load(_ADDRESS), 4), FLOAT: load(_ADDRESS)}),
        source=f"{_EMULATOR}, case OP_LCF",
    ),
    Instruction(
        "stcf",
        "imm(rb)",
        0x52,
        "Store condition code and floating controls.",
        Behaviour({}, [Store(_ADDRESS, shl(as_expr(CC), 4) | FLOAT)]),
        source=f"{_EMULATOR}, case OP_STCF",
    ),
)
"""What reads and writes the part of the program status that is the program's own."""

SIGMA7 = Isa(
    name="sigma7",
    title="SDS Sigma 7",
    doc="All that loads or shows the program status, the map or the devices traps in slave mode; what a program may "
    "read and set is its condition code and floating controls. By this list the machine is virtualizable. Whether "
    "anybody wrote a monitor for it is not known to us.",
    year=1966,
    story="virtualizable, and nobody is known to have tried",
    sources=(
        "simh/simh, sigma/sigma_cpu.c and sigma/sigma_io.c",
        "Introduced in 1966: gunkies.org, SDS Sigma series; first delivery unverified",
    ),
    aliases=("sigma-7", "sds-sigma7", "xds-sigma7"),
    instructions=INNOCUOUS + SYSTEM + PROGRAMS,
    slots=(*SLOTS, CC, FLOAT, REGISTER_POINTER, SENSE, ALARM),
)

ISAS = (SIGMA7,)

LITERATURE: tuple[Statement, ...] = ()
"""No verdict on the Sigma 7 was found in the literature; the one computed here is popek's own."""
