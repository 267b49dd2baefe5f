"""RISC-V: its privileged architecture, with counters disabled and enabled, WFI trapping and not, and the H extension.

Modelled: the control and status registers that matter, each with an instruction of its own (`csrrw-satp`): CSRRW gives
the old value to `ra` and takes the new one from `rb`. Whoever is deprivileged is so into U: mode 0 stands for M and S
alike, mode 1 for U, and a CSR of either is the same word. mepc, mtvec, mcause and mtval are the trap's words; MIE and
MPP are where they belong in mstatus; satp gives the base of R and pmpaddr its bound; the timer counts down to stimecmp.

Left out: XLEN 32 or 64, paging, the delegation of traps to S, PMP but for one bound, everything that is read-only and
the same on every hart compared (mhartid, misa), CSRs that exist only with extensions. RISC-V has no I/O instructions:
`lw-io` and `sw-io` stand for loads and stores to the page with the console's registers, which the tables and PMP give
to the kernel alone, so that in U they make a page fault. Wall clocks and memory-mapped timers (mtime) are left out but
for `rdtime` and its like, which count what the timer has counted down.

Fixed: mcounteren and scounteren are 0 (else `riscv-counters`), WFI traps in U (else `riscv-wfi`), TVM, TW and TSR are
0.
"""

from attrs import evolve

from popek.isa.architecture import GuestMode, Isa
from popek.isa.behaviour import Behaviour, Put
from popek.isa.catalogue._devices import prints, reads
from popek.isa.catalogue._exceptions import (
    EXCEPTION_CAUSE,
    EXCEPTION_DETAIL,
    EXCEPTION_PC,
    PREVIOUS_IE,
    PREVIOUS_MODE,
    STALE,
    VECTOR,
    WAITS,
    counts,
    previous,
    returns,
    sets_timer,
)
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import INNOCUOUS
from popek.isa.cycle import NEW_PC, OLD_CAUSE, OLD_DETAIL, OLD_PC
from popek.isa.expression import Expr, as_expr, eq, ite, lshr, shl
from popek.isa.instruction import EXECUTES, IGNORED, TRAPS, A, Instruction, rb
from popek.isa.slot import (
    BASE,
    BOUND,
    DISK_PENDING,
    IE,
    MEMORY,
    MODE,
    REGISTERS,
    SLOTS,
    TIMER,
    TIMER_PENDING,
    USER,
    Slot,
)

SCRATCH = Slot("scratch", "mscratch: a word for the trap handler.", kind="scratch")
COUNT = Slot("count", "What cycle, time and instret show while the timer stands still.", kind="counter")

_MACHINE = "RISC-V Instruction Set Manual, volume II (riscv/riscv-isa-manual, src/priv/machine.adoc)"
_SUPERVISOR = "RISC-V Instruction Set Manual, volume II (riscv/riscv-isa-manual, src/priv/supervisor.adoc)"
_CSRS = "src/priv/csrs.adoc, norm:Zicsr_illegal_mode"


def _bits(enabled: int, before: int, user: Expr, place: int) -> Expr:
    return shl(IE, enabled) | shl(PREVIOUS_IE, before) | shl(user, place)


MSTATUS = _bits(3, 7, ite(eq(PREVIOUS_MODE, USER), 0, 3), 11)
"""mstatus: MIE in bit 3, MPIE in bit 7, MPP in bits 12..11 (0: user, 3: machine)."""

SSTATUS = _bits(1, 5, ite(eq(PREVIOUS_MODE, USER), 0, 1), 8)
"""sstatus: SIE in bit 1, SPIE in bit 5, SPP in bit 8 (0: user, 1: supervisor)."""


def _bit(number: int) -> Expr:
    return lshr(rb, number) & 1


def swaps(old: Expr | Slot, writes: dict[Slot, Expr | Slot | int], *effects: Put) -> Behaviour:
    """Return the behaviour of CSRRW: the old value goes to `ra`, and the register is written."""
    return Behaviour(writes, [Put(REGISTERS, A, old), *effects])


def _word(old: Expr, word: int) -> Behaviour:
    return swaps(old, {}, Put(MEMORY, word, rb))


def _csr(number: int, name: str, doc: str, does: Behaviour, source: str) -> Instruction:
    """Return CSRRW of one register."""
    return Instruction(f"csrrw-{name}", "ra, rb", number, f"Swap {doc}.", does, TRAPS, f"{source}; {_CSRS}")


def _to_less_privileged() -> Behaviour:
    """Return the behaviour of MRET and SRET; afterwards the previous mode is user and the previous enable is 1."""
    return Behaviour(returns(), [previous(USER, 1)])


SYSTEM = (
    _csr(
        0x40,
        "mstatus",
        "mstatus: MIE, MPIE and MPP",
        swaps(MSTATUS, {IE: _bit(3)}, previous(ite(eq(lshr(rb, 11) & 3, 0), 1, 0), _bit(7))),
        f"{_MACHINE}, section mstatus",
    ),
    _csr(
        0x41,
        "sstatus",
        "sstatus: SIE, SPIE and SPP",
        swaps(SSTATUS, {IE: _bit(1)}, previous(_bit(8) ^ 1, _bit(5))),
        f"{_SUPERVISOR}, section sstatus",
    ),
    _csr(0x42, "mtvec", "the trap vector of M", _word(VECTOR, NEW_PC), f"{_MACHINE}, norm:mtvec_sz_warl_acc"),
    _csr(0x43, "stvec", "the trap vector of S", _word(VECTOR, NEW_PC), f"{_SUPERVISOR}, norm:stvec_op"),
    _csr(0x44, "mepc", "the pc of the exception, M's", _word(EXCEPTION_PC, OLD_PC), f"{_MACHINE}, section mepc"),
    _csr(0x45, "sepc", "the pc of the exception, S's", _word(EXCEPTION_PC, OLD_PC), f"{_SUPERVISOR}, norm:sepc"),
    _csr(
        0x46, "mcause", "the cause of the exception", _word(EXCEPTION_CAUSE, OLD_CAUSE), f"{_MACHINE}, section mcause"
    ),
    _csr(
        0x47,
        "mtval",
        "what the exception says besides",
        _word(EXCEPTION_DETAIL, OLD_DETAIL),
        f"{_MACHINE}, section mtval",
    ),
    _csr(
        0x48, "mscratch", "the handler's scratch word", swaps(SCRATCH, {SCRATCH: rb}), f"{_MACHINE}, section mscratch"
    ),
    _csr(
        0x49,
        "satp",
        "the root of translation, here the base of R; old translations may be held until the next fence",
        swaps(BASE, {BASE: rb, STALE: 1}),
        f"{_SUPERVISOR}, norm:satp and norm:satp_op_sfence_vma",
    ),
    _csr(
        0x4A,
        "pmpaddr",
        "the limit of physical memory protection, here the bound of R",
        swaps(BOUND, {BOUND: rb}),
        f"{_MACHINE}, section on physical memory protection CSRs",
    ),
    _csr(
        0x4B,
        "stimecmp",
        "the time of the next timer interrupt, here how long it is until then",
        swaps(TIMER, sets_timer(rb)),
        f"{_MACHINE}, norm:mcounteren_tm_clr; src/priv/sstc.adoc",
    ),
    Instruction(
        "mret",
        "",
        0x4C,
        "Return from a trap to the mode, interrupt enable and pc of before it.",
        _to_less_privileged(),
        TRAPS,
        f"{_MACHINE}, norm:xret_in_lower_mode, norm:xret_op, norm:mstatus_xret_op",
    ),
    Instruction(
        "sret",
        "",
        0x4D,
        "Return from a trap that S has handled.",
        _to_less_privileged(),
        TRAPS,
        f"{_MACHINE}, norm:xret_in_lower_mode, norm:xret_op, norm:mstatus_xret_op",
    ),
    Instruction(
        "sfence-vma",
        "",
        0x4E,
        "Make the hart forget translations of before.",
        Behaviour({STALE: 0}),
        TRAPS,
        f"{_SUPERVISOR}, norm:sfence_vma_invalidation; src/priv/hypervisor.adoc, norm:H_virtinst_vu_sret_sfence; "
        "mit-pdos/RVirt, README (trap and emulate of SFENCE.VMA)",
    ),
    Instruction(
        "wfi",
        "",
        0x4F,
        "Wait for an interrupt.",
        WAITS,
        TRAPS,
        f"{_MACHINE}, norm:wfi_op and norm:mstatus_tw_umode_op",
    ),
    Instruction(
        "rdcycle",
        "ra",
        0x50,
        "Read the cycle counter.",
        counts(COUNT),
        TRAPS,
        f"{_MACHINE}, norm:mcounteren_clr_ill_inst_exc",
    ),
    Instruction(
        "rdtime",
        "ra",
        0x51,
        "Read the time.",
        counts(COUNT),
        TRAPS,
        f"{_MACHINE}, norm:mcounteren_clr_ill_inst_exc",
    ),
    Instruction(
        "rdinstret",
        "ra",
        0x52,
        "Read the counter of instructions.",
        counts(COUNT),
        TRAPS,
        f"{_MACHINE}, norm:mcounteren_clr_ill_inst_exc",
    ),
    Instruction(
        "csrrw-minstret",
        "ra, rb",
        0x53,
        "Swap the counter of instructions, the writable one of M.",
        swaps(as_expr(COUNT) - TIMER, {COUNT: rb + TIMER}),
        TRAPS,
        f"{_MACHINE}, section on the hardware performance monitor",
    ),
    Instruction(
        "lw-io",
        "ra",
        0x54,
        "Load from the console's register: the next word typed, all ones at the end.",
        reads(),
        TRAPS,
        f"{_SUPERVISOR}, Sv32: a page without the U bit; {_MACHINE}, physical memory protection",
    ),
    Instruction(
        "sw-io",
        "ra",
        0x55,
        "Store to the console's register: it prints.",
        prints(),
        TRAPS,
        f"{_SUPERVISOR}, Sv32: a page without the U bit; {_MACHINE}, physical memory protection",
    ),
)
"""The system instructions, all privileged as the configuration stands."""

_SIFIVE = (
    "year: SiFive's Freedom U540 in the HiFive Unleashed, with M, S and U, launched early in 2018 (en.wikipedia.org, "
    "Freedom U540)"
)

RISCV = Isa(
    name="riscv",
    title="RISC-V (M/S/U; counters disabled, WFI trapping)",
    doc="The manual means the base architecture to be virtualizable in the classic way: a guest's kernel in U, its few "
    "privileged instructions trapping. As it is configured here it is; each step away from that configuration is a "
    "variant. Miralis (2025) does the same to firmware, M-mode in U.",
    year=2018,
    story="virtualizable by design: RVirt (2019), and Miralis for firmware (2025)",
    instructions=INNOCUOUS + SYSTEM,
    slots=(*SLOTS, SCRATCH, COUNT, STALE),
    sources=(_MACHINE, _SUPERVISOR, _SIFIVE),
)

COUNTERS = evolve(
    RISCV.vary(
        "riscv-counters",
        title="RISC-V with counters enabled (mcounteren = 7)",
        doc="Any program may read cycle, time and instret. They are the machine's and not the guest's: a guest sees "
        "how long its monitor takes, and a hybrid monitor fails as well. The H extension adds htimedelta for the time.",
        rdcycle=EXECUTES,
        rdtime=EXECUTES,
        rdinstret=EXECUTES,
    ),
    year=2018,
    story="a configuration: time shows, or it is an exception",
    sources=(_MACHINE + ", norm:mcounteren_set_nxt_priv", _SIFIVE),
)

WFI = evolve(
    RISCV.vary(
        "riscv-wfi",
        title="RISC-V with a WFI that may complete in U",
        doc="In U, WFI traps only if it does not complete within a bounded time, and an implementation may always "
        "complete it. Then a guest's kernel that waits for an interrupt does not wait, and its monitor does not learn "
        "of it; the program in U should not have waited anyway, so a hybrid monitor works.",
        wfi=IGNORED,
    ),
    year=2018,
    story="a configuration: waiting may be ignored",
    sources=(_MACHINE + ", norm:mstatus_tw_umode_op and norm:wfi_resume_reason", _SIFIVE),
)

_HYPERVISOR = "RISC-V Instruction Set Manual, volume II (riscv/riscv-isa-manual, src/priv/hypervisor.adoc)"

H = evolve(
    RISCV,
    name="riscv-h",
    title="RISC-V with the hypervisor extension",
    doc="VS and VU mode with their own copies of the supervisor's CSRs (vsstatus, vsepc, vsatp, vstimecmp), and a "
    "second stage of translation. With VTW a WFI in a guest exits, and so do the devices, which are not mapped. The "
    "same software runs with and without H; the extension only saves exits.",
    year=2024,
    story="a guest mode that only saves exits; KVM (2022) was ready before it",
    extends="riscv",
    guest=GuestMode(
        copies=(MODE, BASE, BOUND, IE, TIMER, TIMER_PENDING, DISK_PENDING, SCRATCH, STALE),
        exits=("wfi", "rdcycle", "rdtime", "rdinstret", "csrrw-minstret", "lw-io", "sw-io"),
    ),
    sources=(
        _HYPERVISOR + ", norm:hstatus_vtw_op and section vsstatus",
        "ratified in December 2021 (unverified: from memory)",
        (
            "year: SiFive's P550, the first processor with it that can be had (IBM/ACE-RISCV, pull request 86); "
            "reviews.freebsd.org, D45553, 2024: the first hardware should have just reached the market"
        ),
    ),
)

ISAS = (RISCV, COUNTERS, WFI, H)

_NO_LIST = "It is said in general and without a list."

LITERATURE = (
    Statement(
        "riscv",
        True,
        None,
        (),
        "The RISC-V manual's authors",
        "riscv/riscv-isa-manual, src/priv/hypervisor.adoc and machine.adoc (note on TVM: classically virtualizing in "
        "U)",
        verified=True,
    ),
    Statement(
        "riscv",
        True,
        None,
        (),
        "RVirt's authors",
        "mit-pdos/RVirt, README: RISC-V is classically virtualizable",
        verified=True,
    ),
    Statement(
        "riscv-counters",
        True,
        None,
        None,
        "RVirt's authors",
        "mit-pdos/RVirt, README, which makes no difference for mcounteren",
        verified=True,
        explained="rdcycle, rdtime and rdinstret show the monitor's time. Whoever counts them as the exception that "
        "Popek and Goldberg make for timing finds the theorem's condition met; popek counts a timer as a resource. "
        + _NO_LIST,
    ),
    Statement(
        "riscv-wfi",
        True,
        None,
        None,
        "RVirt's authors",
        "mit-pdos/RVirt, README, which makes no difference for WFI",
        verified=True,
        explained="wfi changes the run state, and popek counts that as a resource. In the paper the processor is none "
        "(footnote 3), and then a WFI that completes is innocuous.",
    ),
    Statement(
        "riscv-h",
        True,
        None,
        None,
        "The RISC-V manual's authors",
        "riscv/riscv-isa-manual, src/priv/hypervisor.adoc",
        verified=True,
    ),
)
