"""DEC PDP-11/45: three modes, a mapped address space for each, and instructions that say nothing when they do nothing.

Modelled: kernel and user mode; the processor status with current and previous mode, priority and condition codes; RTI
and RTT, RESET, SPL, WAIT, HALT, MFPI and MTPI; the I/O page, in which all else lies.

Left out: 16-bit words and bytes; supervisor mode, which is to kernel mode as user mode is (what loads it here loads
user mode); separate instruction and data spaces, so that MFPD and MTPD are MFPI and MTPI; the second register set and
the stack pointers by mode: r14 is the stack pointer. Priority 7 keeps interrupts out, all others let them in. R
stands for the page registers of the mode that runs. A trap stores the machine's own old PSW in fixed words, and not
on the stack; it sets the previous mode, and the user's R is then found in those words.

The configuration is fixed as every system must have it: who goes to user mode has user as the previous mode there. (A
kernel that left it at kernel would let user programs read kernel memory by MFPI.) So in user mode MFPI and MTPI are a
load and a store, and RTI has nothing to set.

The I/O page is memory on the PDP-11. Here it is reached by `mov-to-io` and `mov-from-io`, which traps in user mode:
the configuration is fixed to an I/O page that the kernel maps for itself alone. WAIT leaves a mark that an interrupt
takes away, and goes on: time spent idle is no time here. So it is seen that the wait ends with a real interrupt
instead of a virtual one, and a monitor still gets the processor back, as it does on the real machine.
"""

from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Put, Store, Trap
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import INNOCUOUS, sets
from popek.isa.cycle import CYCLE, OLD_BASE, OLD_BOUND, SWAP
from popek.isa.expression import (
    SIZE,
    Expr,
    as_expr,
    both,
    either,
    element,
    eq,
    ite,
    load,
    lshr,
    not_,
    ult,
)
from popek.isa.instruction import EXECUTES, IGNORED, TRAPS, A, Instruction, imm, ra
from popek.isa.slot import (
    BASE,
    BOUND,
    CONSOLE_INPUT,
    CONSOLE_OUTPUT,
    CONSOLE_READ,
    CONSOLE_WRITTEN,
    DISK_PENDING,
    DISK_WAIT,
    HALTED,
    IE,
    MEMORY,
    MODE,
    PC,
    REGISTERS,
    RUN,
    SLOTS,
    TIMER,
    TIMER_PENDING,
    Role,
    Slot,
)

CC = Slot("cc", "Condition codes N, Z, V, C in bits 3..0.", Role.PROGRAM, bits=4)
PREVIOUS = Slot("previous_mode", "Previous mode: 0 kernel, 1 user.", bits=1)
WAITING = Slot("waiting", "Waiting for an interrupt, as the console shows.", kind="run", bits=1)

_EMULATOR = "simh/simh, PDP11/pdp11_cpu.c"
_SP = 14
_TOP = element(REGISTERS, _SP)
_POPPED, _STATUS = load(_TOP), load(_TOP + 1)
_USER_MODE, _HIGHEST = 3, 7
_CM, _PM, _PRIORITY = 14, 12, 5


def _mode(status: Expr, low: int) -> Expr:
    """Return a mode field of a processor status: whatever is not kernel is user."""
    return ite(eq(lshr(status, low) & 3, 0), 0, 1)


def _enable(status: Expr) -> Expr:
    return ite(eq(lshr(status, _PRIORITY) & _HIGHEST, _HIGHEST), 0, 1)


def _loads_status(status: Expr) -> dict[Slot, Expr]:
    """Return the writes that load a processor status; into user mode, the previous mode becomes user as well."""
    previous = _mode(status, _CM) | _mode(status, _PM)
    return {MODE: _mode(status, _CM), PREVIOUS: previous, IE: _enable(status), CC: status}


def _negative_zero(value: Expr) -> Expr:
    """Return the condition codes of a word moved: C stays."""
    return (as_expr(CC) & 1) | ite(eq(lshr(value, 31), 1), 8, 0) | ite(eq(value, 0), 4, 0)


def _returns() -> tuple[Behaviour, Behaviour]:
    """Return RTI in kernel mode and elsewhere: there, mode bits may be set but not cleared, and the priority stays."""
    popped = [Put(REGISTERS, _SP, _TOP + 2)]
    return Behaviour({PC: _POPPED, **_loads_status(_STATUS)}, popped), Behaviour({PC: _POPPED, CC: _STATUS}, popped)


_IS_CURRENT = eq(PREVIOUS, 0)
_BASE = ite(_IS_CURRENT, BASE, element(MEMORY, OLD_BASE))
_BOUND = ite(_IS_CURRENT, BOUND, element(MEMORY, OLD_BOUND))
_REAL = _BASE + ra
_FAULT = Trap(not_(both(ult(ra, _BOUND), not_(ult(_REAL, _BASE)), ult(_REAL, SIZE))), Cause.MEMORY, ra)
"""In kernel mode: where word `ra` of the previous mode's space is, and the fault if there is none."""


def _mfpi(value: Expr) -> Behaviour:
    return Behaviour({CC: _negative_zero(value)}, [Put(REGISTERS, _SP, _TOP - 1), Store(_TOP - 1, value)])


def _mtpi(into: Put | Store) -> Behaviour:
    return Behaviour({CC: _negative_zero(_POPPED)}, [into, Put(REGISTERS, _SP, _TOP + 1)])


_KERNEL_RETURN, _USER_RETURN = _returns()

SYSTEM = (
    Instruction(
        "halt",
        "",
        0x40,
        "Stop the processor.",
        Behaviour({RUN: HALTED}),
        TRAPS,
        source=f"{_EMULATOR}, HALT",
    ),
    Instruction(
        "wait",
        "",
        0x41,
        "Wait for an interrupt, in every mode.",
        Behaviour({WAITING: 1}),
        EXECUTES,
        source=f"{_EMULATOR}, WAIT",
    ),
    Instruction(
        "reset",
        "",
        0x42,
        "Reset devices and address mapping. Outside kernel mode: nothing.",
        Behaviour({DISK_WAIT: 0, DISK_PENDING: 0, TIMER: 0, TIMER_PENDING: 0, BASE: 0, BOUND: SIZE}),
        IGNORED,
        source=f"{_EMULATOR}, RESET",
    ),
    Instruction(
        "spl",
        "uimm",
        0x43,
        "Set the priority. Outside kernel mode: nothing.",
        Behaviour({IE: ite(eq(imm & _HIGHEST, _HIGHEST), 0, 1)}),
        IGNORED,
        source=f"{_EMULATOR}, SPL",
    ),
    Instruction(
        "rti",
        "",
        0x44,
        "Pop pc and status. Outside kernel mode the mode bits may be set but not cleared, and priority stays.",
        _KERNEL_RETURN,
        _USER_RETURN,
        source=f"{_EMULATOR}, RTI and put_PSW",
    ),
    Instruction(
        "rtt",
        "",
        0x45,
        "Like `rti`; they differ in when a trace trap comes.",
        _KERNEL_RETURN,
        _USER_RETURN,
        source=f"{_EMULATOR}, RTT and put_PSW",
    ),
    Instruction(
        "mfpi",
        "ra",
        0x46,
        "Push the word at address `ra` of the previous mode's space.",
        _mfpi(element(MEMORY, _REAL)).trapping(_FAULT),
        _mfpi(load(ra)),
        source=f"{_EMULATOR}, MFPI; Popek and Goldberg, 1974, section 3",
    ),
    Instruction(
        "mtpi",
        "ra",
        0x47,
        "Pop a word into address `ra` of the previous mode's space.",
        _mtpi(Put(MEMORY, _REAL, _POPPED)).trapping(_FAULT),
        _mtpi(Store(ra, _POPPED)),
        source=f"{_EMULATOR}, MTPI",
    ),
)

PS, UIPAR, UIPDR = 0o177776, 0o177640, 0o177600
TKB, TPB, CLOCK = 0o177562, 0o177566, 0o172542
_REGISTERS_OF_THE_IO_PAGE = (PS, UIPAR, UIPDR, TKB, TPB, CLOCK)
_PAGE = f"{_EMULATOR}, PSW_wr, PSW_rd, APR_wr; simh/simh, PDP11/pdp11_stddev.c and PDP11/pdp11_pclk.c"
_NOBODY = Trap(not_(either(*(eq(imm, a) for a in _REGISTERS_OF_THE_IO_PAGE))), Cause.MEMORY, imm)
_STATUS_NOW = (
    ite(eq(MODE, 0), 0, _USER_MODE << _CM)
    | ite(eq(PREVIOUS, 0), 0, _USER_MODE << _PM)
    | ite(eq(IE, 1), 0, _HIGHEST << _PRIORITY)
    | CC
)


def _if(address: int, value: Expr | int, otherwise: Expr | Slot) -> Expr:
    return ite(eq(imm, address), value, otherwise)


def _loaded() -> Expr:
    """Return the register of the I/O page that the immediate names, or what was typed."""
    value = element(CONSOLE_INPUT, CONSOLE_READ)
    known = {PS: _STATUS_NOW, UIPAR: as_expr(BASE), UIPDR: as_expr(BOUND), CLOCK: as_expr(TIMER)}
    for address, there in known.items():
        value = ite(eq(imm, address), there, value)
    return ite(eq(imm, TPB), 0, value)


IO_PAGE = (
    Instruction(
        "mov-to-io",
        "ra, uimm",
        0x50,
        "Store in the I/O page: processor status, the page registers for R, the teletype's and the clock's buffers.",
        Behaviour(
            {
                **{s: _if(PS, e, s) for s, e in _loads_status(ra).items() if s is not CC},
                CC: _if(PS, ra & 15, _negative_zero(ra)),
                BASE: _if(UIPAR, ra, BASE),
                BOUND: _if(UIPDR, ra, BOUND),
                TIMER: _if(CLOCK, ra, TIMER),
                TIMER_PENDING: _if(CLOCK, 0, TIMER_PENDING),
                CONSOLE_WRITTEN: _if(TPB, as_expr(CONSOLE_WRITTEN) + 1, CONSOLE_WRITTEN),
            },
            [Put(CONSOLE_OUTPUT, CONSOLE_WRITTEN, ra, when=eq(imm, TPB))],
            [_NOBODY],
        ),
        TRAPS,
        source=_PAGE,
    ),
    Instruction(
        "mov-from-io",
        "ra, uimm",
        0x51,
        "Load from the I/O page.",
        sets(
            A,
            _loaded(),
            {CONSOLE_READ: _if(TKB, as_expr(CONSOLE_READ) + 1, CONSOLE_READ)},
        ).trapping(_NOBODY),
        TRAPS,
        source=_PAGE,
    ),
)
"""MOV to and from the I/O page."""

PDP11_45 = Isa(
    name="pdp11-45",
    title="DEC PDP-11/45",
    doc="Only HALT traps. RESET and SPL do nothing outside kernel mode and say nothing; RTI and RTT keep mode and "
    "priority, and say nothing; WAIT waits for anybody; MFPI and MTPI, the paper's example, go through whatever mode "
    "was the previous one. UCLA had the hardware changed before its virtual machine system could work.",
    year=1972,
    story="UCLA has the hardware changed before its virtual machines run (1975)",
    sources=(
        "simh/simh, PDP11/pdp11_cpu.c",
        "Popek and Goldberg, Formal requirements for virtualizable third generation architectures, 1974",
        "Popek and Kline, The PDP-11 virtual machine architecture: a case study, SOSP 1975 (abstract)",
        "First delivery in 1972: unverified",
    ),
    aliases=("pdp-11/45", "pdp11"),
    instructions=INNOCUOUS + SYSTEM + IO_PAGE,
    slots=(*SLOTS, CC, PREVIOUS, WAITING),
    cycle=evolve(CYCLE, swap=evolve(SWAP, writes={**SWAP.writes, PREVIOUS: as_expr(MODE), WAITING: as_expr(0)})),
)

ISAS = (PDP11_45,)

LITERATURE = (
    Statement(
        "pdp11-45",
        theorem_1=False,
        theorem_3=None,
        critical=("mfpi",),
        who="Popek and Goldberg, 1974",
        where="section 3: MFPI is the example of an instruction whose result depends on the mode",
        verified=True,
        explained="One example of a class: mtpi is its mirror image, and reset, spl, rti, rtt and wait, which are "
        "about other things, do not trap either.",
    ),
    Statement(
        "pdp11-45",
        theorem_1=False,
        theorem_3=None,
        critical=None,
        who="Popek and Kline, The PDP-11 virtual machine architecture: a case study, SOSP 1975",
        where="abstract: hardware changes were necessary, some to overcome basic inadequacies",
        verified=False,
        explained="",
    ),
    Statement(
        "pdp11-45",
        theorem_1=False,
        theorem_3=None,
        critical=("rti", "rtt", "reset"),
        who="Chiappa, cctalk mailing list",
        where="mail-archive.com, cctalk, msg34413: ignoring instead of trapping makes the PDP-11 non-virtualizable",
        verified=True,
        explained="Named as examples of what ignores instead of trapping; spl is another, and wait, mfpi and mtpi do "
        "not trap for other reasons.",
    ),
)
