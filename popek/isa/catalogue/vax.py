"""DEC VAX, on which REI, MOVPSL and PROBE are for everybody, and the VAX that DEC's security kernel modified.

Modelled: kernel and user mode; the processor status longword with current and previous mode, interrupt priority and
the program's own half; REI, MOVPSL, CHMx, PROBER and PROBEW; LDPCTX and SVPCTX; processor registers by MTPR and MFPR.

Left out: executive and supervisor mode (what asks for them is a reserved operand), the interrupt stack and the stack
pointers by mode (r14 is the stack pointer), compatibility mode, condition handlers, asynchronous system traps.
Interrupt priority 0 lets interrupts in, all others keep them out. R stands for the page tables, and what a mode may
access is what its R gives: there are no protection codes, and reading and writing are not told apart. So PROBE on
behalf of user mode consults, in kernel mode, the R that the last exception stored, and PROBER and PROBEW answer
alike. An exception sets the previous mode; in user mode it is always user, and the priority 0, as REI sees to. A
memory trap, an arithmetic one and the like have popek's causes; a reserved operand has that of an illegal opcode. The
modify bits in page table entries are not there, and so the faults on them, which the virtual VAX has besides, are not
either.
"""

from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Put, Store, Trap
from popek.isa.catalogue._devices import prints
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import INNOCUOUS, sets
from popek.isa.cycle import CYCLE, OLD_BASE, OLD_BOUND, SWAP
from popek.isa.expression import (
    SIZE,
    TRUE,
    Expr,
    as_expr,
    both,
    either,
    element,
    eq,
    ite,
    legal,
    load,
    lshr,
    ne,
    not_,
    shl,
    ult,
)
from popek.isa.instruction import TRAPS, A, Instruction, imm, ra, rb
from popek.isa.slot import (
    BASE,
    BOUND,
    CONSOLE_INPUT,
    CONSOLE_OUTPUT,
    CONSOLE_READ,
    CONSOLE_WRITTEN,
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

PSW = Slot("psw", "The program's own half of the PSL: DV, FU, IV, T, N, Z, V, C in bits 7..0.", Role.PROGRAM, bits=8)
PREVIOUS = Slot("previous_mode", "PSL<PRV>: previous mode, 0 kernel to 3 user.", bits=2)
SCBB = Slot("scbb", "System control block base.")
PCBB = Slot("pcbb", "Process control block base, a physical address.")

_CPU, _CPU1 = "simh/simh, VAX/vax_cpu.c", "simh/simh, VAX/vax_cpu1.c"
_SP = 14
_TOP = element(REGISTERS, _SP)
_NEW_PC, NEW_PSL = load(_TOP), load(_TOP + 1)
KERNEL, _USER = 0, 3
_CUR, _PRV, _IPL = 24, 22, 16
_HIGHEST = 31
_ZERO = 4


def current(psl: Expr) -> Expr:
    """Return a PSL's current mode."""
    return lshr(psl, _CUR) & 3


def previous(psl: Expr) -> Expr:
    """Return a PSL's previous mode."""
    return lshr(psl, _PRV) & 3


def priority(psl: Expr) -> Expr:
    """Return a PSL's interrupt priority."""
    return lshr(psl, _IPL) & _HIGHEST


def reserved(when: Expr, detail: Expr) -> Trap:
    """Return a reserved operand fault."""
    return Trap(when, Cause.ILLEGAL, detail)


PRIORITY_NOW = ite(eq(IE, 1), 0, _HIGHEST)
_PSL = shl(as_expr(PREVIOUS), _PRV) | shl(PRIORITY_NOW, _IPL) | PSW
"""The PSL in kernel mode."""

_PSL_IN_USER = as_expr(_USER << _CUR | _USER << _PRV) | PSW
"""The PSL in user mode: current and previous mode user, priority 0."""

_POPPED = [Put(REGISTERS, _SP, _TOP + 2)]
_TO_USER = eq(current(NEW_PSL), _USER)
_BAD_FOR_USER = either(ne(priority(NEW_PSL), 0), ne(previous(NEW_PSL), _USER))
_REI = Behaviour(
    {
        PC: _NEW_PC,
        MODE: ite(_TO_USER, 1, 0),
        PREVIOUS: previous(NEW_PSL),
        IE: ite(eq(priority(NEW_PSL), 0), 1, 0),
        PSW: NEW_PSL,
    },
    _POPPED,
    [
        reserved(not_(either(_TO_USER, eq(current(NEW_PSL), KERNEL))), NEW_PSL),
        reserved(both(_TO_USER, _BAD_FOR_USER), NEW_PSL),
        reserved(ult(PRIORITY_NOW, priority(NEW_PSL)), NEW_PSL),
    ],
)
_REI_IN_USER = Behaviour(
    {PC: _NEW_PC, PSW: NEW_PSL}, _POPPED, [reserved(either(not_(_TO_USER), _BAD_FOR_USER), NEW_PSL)]
)


_CALLERS_BASE, _CALLERS_BOUND = element(MEMORY, OLD_BASE), element(MEMORY, OLD_BOUND)
_CALLERS_REAL = _CALLERS_BASE + rb
CALLERS = both(ult(rb, _CALLERS_BOUND), not_(ult(_CALLERS_REAL, _CALLERS_BASE)), ult(_CALLERS_REAL, SIZE))
"""Whether address `rb` is in the R of the mode that the last exception came from."""

AS_KERNEL = eq((ra & 3) | PREVIOUS, KERNEL)
"""Whether PROBE asks for kernel mode: the mode in `ra` and the previous one are both kernel."""


def probe(allowed: Expr) -> Behaviour:
    """Return PROBE: Z says that the address may not be accessed."""
    return Behaviour({PSW: (as_expr(PSW) & 0xF0) | ite(allowed, 0, _ZERO)})


_PROBE = probe(either(both(AS_KERNEL, legal(rb)), both(not_(AS_KERNEL), CALLERS)))
_PROBE_IN_USER = probe(legal(rb))


_MODES = ("kernel", "executive", "supervisor", "user")


def _change_mode(name: str, opcode: int, mode: int) -> Instruction:
    return Instruction(
        name,
        "uimm",
        opcode,
        f"Change mode to {_MODES[mode]}: always an exception, the detail is mode and code.",
        Behaviour(traps=[Trap(TRUE, Cause.SVC, imm | (mode << 16))]),
        source=f"{_CPU1}, op_chm: through the system control block, in every mode",
    )


UNPRIVILEGED = (
    Instruction(
        "movpsl",
        "ra",
        0x40,
        "Read the processor status longword, modes and priority included.",
        sets(A, _PSL),
        sets(A, _PSL_IN_USER),
        source=f"{_CPU}, case MOVPSL",
    ),
    Instruction(
        "rei",
        "",
        0x41,
        "Return from exception or interrupt: pop pc and PSL; a fault if that would raise privilege or priority.",
        _REI,
        _REI_IN_USER,
        source=f"{_CPU1}, op_rei, rules 1 to 9",
    ),
    Instruction(
        "prober",
        "ra, rb",
        0x42,
        "Probe whether address `rb` may be read in mode `ra`, or in the previous mode if that has less privilege.",
        _PROBE,
        _PROBE_IN_USER,
        source=f"{_CPU1}, op_probe",
    ),
    Instruction(
        "probew",
        "ra, rb",
        0x43,
        "Probe whether address `rb` may be written in mode `ra`, or in the previous mode if that has less privilege.",
        _PROBE,
        _PROBE_IN_USER,
        source=f"{_CPU1}, op_probe",
    ),
    _change_mode("chmk", 0x44, 0),
    _change_mode("chme", 0x45, 1),
    _change_mode("chms", 0x46, 2),
    _change_mode("chmu", 0x47, 3),
    Instruction(
        "bispsw",
        "uimm",
        0x48,
        "Set bits of the program's own half of the PSL.",
        Behaviour({PSW: as_expr(PSW) | imm}),
        source=f"{_CPU}, case BISPSW",
    ),
    Instruction(
        "bicpsw",
        "uimm",
        0x49,
        "Clear bits of the program's own half of the PSL.",
        Behaviour({PSW: as_expr(PSW) & (imm ^ 0xFF)}),
        source=f"{_CPU}, case BICPSW",
    ),
)
"""What every mode may execute."""

P0BR, P0LR, PCBB_NUMBER, SCBB_NUMBER, IPL, NICR, RXDB, TXDB = 8, 9, 16, 17, 18, 25, 33, 35
_WRITABLE = (P0BR, P0LR, PCBB_NUMBER, SCBB_NUMBER, IPL, NICR, TXDB)
_READABLE = (P0BR, P0LR, PCBB_NUMBER, SCBB_NUMBER, IPL, NICR, RXDB)


def _none_of(numbers: tuple[int, ...]) -> Trap:
    return reserved(not_(either(*(eq(imm, n) for n in numbers))), imm)


def _if(number: int, value: Expr | int, otherwise: Expr | Slot) -> Expr:
    return ite(eq(imm, number), value, otherwise)


_READ: dict[int, Expr] = {
    P0BR: as_expr(BASE),
    P0LR: as_expr(BOUND),
    PCBB_NUMBER: as_expr(PCBB),
    SCBB_NUMBER: as_expr(SCBB),
    IPL: PRIORITY_NOW,
    NICR: as_expr(TIMER),
}


def _register() -> Expr:
    """Return the processor register that the immediate names, or what was typed."""
    value = element(CONSOLE_INPUT, CONSOLE_READ)
    for number, expr in _READ.items():
        value = _if(number, expr, value)
    return value


PRIVILEGED = (
    Instruction(
        "halt",
        "",
        0x50,
        "Stop the processor.",
        Behaviour({RUN: HALTED}),
        TRAPS,
        source=f"{_CPU}, case HALT",
    ),
    Instruction(
        "mtpr",
        "ra, uimm",
        0x51,
        "Move to processor register: 8 and 9 R, 16 and 17 control blocks, 18 priority, 25 timer, 35 console.",
        Behaviour(
            {
                BASE: _if(P0BR, ra, BASE),
                BOUND: _if(P0LR, ra, BOUND),
                PCBB: _if(PCBB_NUMBER, ra, PCBB),
                SCBB: _if(SCBB_NUMBER, ra, SCBB),
                IE: _if(IPL, ite(eq(ra & _HIGHEST, 0), 1, 0), IE),
                TIMER: _if(NICR, ra, TIMER),
                TIMER_PENDING: _if(NICR, 0, TIMER_PENDING),
                CONSOLE_WRITTEN: _if(TXDB, prints().writes[CONSOLE_WRITTEN], CONSOLE_WRITTEN),
            },
            [Put(CONSOLE_OUTPUT, CONSOLE_WRITTEN, ra, when=eq(imm, TXDB))],
            [_none_of(_WRITABLE)],
        ),
        TRAPS,
        source=f"{_CPU1}, op_mtpr",
    ),
    Instruction(
        "mfpr",
        "ra, uimm",
        0x52,
        "Move from processor register; 33 is what was typed on the console.",
        sets(A, _register(), {CONSOLE_READ: _if(RXDB, as_expr(CONSOLE_READ) + 1, CONSOLE_READ)}).trapping(
            _none_of(_READABLE)
        ),
        TRAPS,
        source=f"{_CPU1}, op_mfpr",
    ),
    Instruction(
        "ldpctx",
        "",
        0x53,
        "Load process context from the process control block: R, and pc and PSL, which go on the stack for `rei`.",
        Behaviour(
            {BASE: element(MEMORY, PCBB), BOUND: element(MEMORY, as_expr(PCBB) + 1)},
            [
                Put(REGISTERS, _SP, _TOP - 2),
                Store(_TOP - 2, element(MEMORY, as_expr(PCBB) + 2)),
                Store(_TOP - 1, element(MEMORY, as_expr(PCBB) + 3)),
            ],
        ),
        TRAPS,
        source=f"{_CPU1}, op_ldpctx",
    ),
    Instruction(
        "svpctx",
        "",
        0x54,
        "Save process context: pop pc and PSL into the process control block.",
        Behaviour(
            {},
            [
                Put(MEMORY, as_expr(PCBB) + 2, _NEW_PC),
                Put(MEMORY, as_expr(PCBB) + 3, NEW_PSL),
                Put(REGISTERS, _SP, _TOP + 2),
            ],
        ),
        TRAPS,
        source=f"{_CPU1}, op_svpctx",
    ),
)
"""What faults as a reserved instruction outside kernel mode."""

VAX = Isa(
    name="vax",
    title="DEC VAX",
    doc="HALT, process context and processor registers are privileged; the PSL is not. MOVPSL shows in which mode a "
    "program is, REI changes it, and PROBE answers by the previous mode and the real page tables. DEC's "
    "security kernel needed new microcode for its virtual machines.",
    year=1977,
    story="too much shows: DEC's virtual machines will need microcode of their own",
    sources=(
        "simh/simh, VAX/vax_cpu.c and VAX/vax_cpu1.c",
        "Hall and Robinson, Virtualizing the VAX architecture, ISCA 1991 (abstract and introduction)",
        "VAX-11/780 introduced on 25 October 1977: en.wikipedia.org, VAX; first delivery unverified",
    ),
    aliases=("vax-11",),
    instructions=INNOCUOUS + UNPRIVILEGED + PRIVILEGED,
    slots=(*SLOTS, PSW, PREVIOUS, SCBB, PCBB),
    cycle=evolve(CYCLE, swap=evolve(SWAP, writes={**SWAP.writes, PREVIOUS: ite(eq(MODE, 0), KERNEL, _USER)})),
)

_UNVERIFIED = "Hall and Robinson, 1991; unverified: only its abstract and introduction were read"

VAX_VIRTUAL = evolve(
    VAX.vary(
        "vax-virtual",
        {
            i: evolve(VAX[i], in_user=TRAPS, source=f"{VAX[i].source}; with PSL<VM>: {_UNVERIFIED}")
            for i in ("movpsl", "rei", "prober", "probew")
        },
        title="Virtual VAX (DEC's VAX security kernel)",
        doc="A bit in the PSL says that a virtual machine runs, and then every sensitive instruction traps to the "
        "monitor, in this model all of them without exception. It was microcode for a VAX 8800, tried by customers in "
        "1989 and never sold. User mode here is the mode that the machine has with that bit set.",
    ),
    year=1989,
    story="DEC's security kernel: a bit for virtual machines, field-tested, never sold",
    sources=(
        "Hall and Robinson, Virtualizing the VAX architecture, ISCA 1991 (abstract and introduction)",
        "Karger, Leonard, Mason, Computer with virtual machine mode and multiple protection rings, US patent 4787031",
        "Field test in 1989 on the VAX 8800, never sold: mail-archive.com, simh mailing list, July and November 2012",
    ),
    aliases=("vvax",),
)

ISAS = (VAX, VAX_VIRTUAL)

LITERATURE = (
    Statement(
        "vax",
        theorem_1=False,
        theorem_3=None,
        critical=None,
        who="Hall and Robinson, Virtualizing the VAX architecture, ISCA 1991",
        where="abstract: several instructions are sensitive but not privileged",
        verified=True,
        explained="",
    ),
    Statement(
        "vax",
        theorem_1=False,
        theorem_3=None,
        critical=("chmk", "chme", "chms", "chmu", "movpsl", "prober", "probew", "rei"),
        who="Hall and Robinson, Virtualizing the VAX architecture, ISCA 1991",
        where="its list of sensitive instructions, CHM, REI, MOVPSL and PROBE, which was not read",
        verified=False,
        explained="chmk, chme, chms and chmu always make an exception, which goes through the monitor's own system "
        "control block: a trap is an outcome and no change of state, so they are innocuous here, as a supervisor call "
        "is.",
    ),
    Statement(
        "vax-virtual",
        theorem_1=True,
        theorem_3=None,
        critical=(),
        who="Hall and Robinson, Virtualizing the VAX architecture, ISCA 1991",
        where="abstract: the VAX architecture was modified to support virtual machines",
        verified=True,
        explained="",
    ),
)
