"""PowerPC: the operating environment architecture of the 32-bit implementations.

Modelled: the MSR with PR (the mode), EE (the interrupt enable) and POW (which stops the processor for a rest), SRR0,
SRR1, DAR and DSISR (the trap's words), SPRG0, the decrementer, SDR1 and a BAT register (base and bound of R), a segment
register, TLBIE. Each special-purpose register has its own `mtspr-` and `mfspr-`; the MSR's bits lie where a trap's
status has them, POW in bit 2.

Left out: 32-bit paging, the other BATs and segments, power-saving modes but one, HID registers, PVR (it reads what does
not change), the cache operations, POWER's and 64-bit instructions. The time base is a wall clock and left out: MFTB
reads it in any mode, and a monitor can do nothing about it. The decrementer stops at zero here. PowerPC has no I/O
instructions: `lwz-io` and `stw-io` stand for loads and stores to a page with the console's registers that problem state
may not reach.

Fixed: HID0 lets POW take effect.
"""

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour
from popek.isa.catalogue._devices import prints, reads
from popek.isa.catalogue._exceptions import (
    EXCEPTION_CAUSE,
    EXCEPTION_DETAIL,
    EXCEPTION_PC,
    STALE,
    returns,
    sets_timer,
    writes_word,
)
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import INNOCUOUS, sets
from popek.isa.cycle import OLD_PC, OLD_STATUS, STATUS
from popek.isa.expression import Expr, element, lshr
from popek.isa.instruction import TRAPS, A, Instruction, ra
from popek.isa.slot import BASE, BOUND, IE, MEMORY, MODE, RUN, SLOTS, TIMER, Slot

SPRG0 = Slot("sprg0", "SPRG0: a word for the exception handler.", kind="scratch")
SEGMENT = Slot("segment", "A segment register.", kind="translations")

_ENVIRONMENTS = "PowerPC Microprocessor Family: The Programming Environments (MPCFPE32B)"
_LIST = (
    "IBM PowerPC 750GX and 750GL User's Manual, page 91 (instruction-related exceptions: what makes a privileged "
    "instruction exception at user level)"
)
_SPR = "IBM PowerPC 405GP User's Manual, section 3.9.3: all SPRs are privileged but LR, CTR, XER and a few"


def _register(number: int, name: str, doc: str, read: Expr | Slot, write: Behaviour) -> tuple[Instruction, ...]:
    """Return MFSPR and MTSPR of one register."""
    source = f"{_ENVIRONMENTS}, section 2.3, supervisor registers; {_LIST}; {_SPR}"
    return (
        Instruction(f"mfspr-{name}", "ra", number, f"Read {doc}.", sets(A, read), TRAPS, source),
        Instruction(f"mtspr-{name}", "ra", number + 1, f"Write {doc}.", write, TRAPS, source),
    )


SYSTEM = (
    Instruction(
        "mfmsr",
        "ra",
        0x40,
        "Read the MSR: mode in bit 0, interrupt enable in bit 1.",
        sets(A, STATUS),
        TRAPS,
        f"{_ENVIRONMENTS}, mfmsr; {_LIST}",
    ),
    Instruction(
        "mtmsr",
        "ra",
        0x41,
        "Write the MSR: mode in bit 0, interrupt enable in bit 1, and bit 2 stops the processor.",
        Behaviour({MODE: ra & 1, IE: lshr(ra, 1) & 1, RUN: lshr(ra, 2) & 1}),
        TRAPS,
        f"{_ENVIRONMENTS}, mtmsr and the MSR's bit POW; {_LIST}",
    ),
    Instruction(
        "rfi",
        "",
        0x42,
        "Return from interrupt to the mode, interrupt enable and pc of before it.",
        Behaviour(returns()),
        TRAPS,
        f"{_ENVIRONMENTS}, rfi; {_LIST}",
    ),
    *_register(0x43, "srr0", "SRR0: the pc of the exception", EXCEPTION_PC, writes_word(OLD_PC)),
    *_register(
        0x45, "srr1", "SRR1: the status of before it", element(MEMORY, OLD_STATUS), writes_word(OLD_STATUS, ra & 3)
    ),
    *_register(0x47, "sprg0", "SPRG0: a word for the handler", SPRG0, Behaviour({SPRG0: ra})),
    *_register(0x49, "dec", "the decrementer", TIMER, Behaviour(sets_timer())),
    *_register(0x4B, "sdr1", "SDR1: the page table, here the base of R", BASE, Behaviour({BASE: ra, STALE: 1})),
    *_register(0x4D, "bat", "a BAT: a block's length, here the bound of R", BOUND, Behaviour({BOUND: ra})),
    Instruction(
        "mfspr-dsisr",
        "ra",
        0x4F,
        "Read DSISR: the cause of the exception.",
        sets(A, EXCEPTION_CAUSE),
        TRAPS,
        f"{_ENVIRONMENTS}, DSISR; {_SPR}",
    ),
    Instruction(
        "mfspr-dar",
        "ra",
        0x50,
        "Read DAR: the address of the exception.",
        sets(A, EXCEPTION_DETAIL),
        TRAPS,
        f"{_ENVIRONMENTS}, DAR; {_SPR}",
    ),
    Instruction(
        "mfsr",
        "ra",
        0x51,
        "Read a segment register.",
        sets(A, SEGMENT),
        TRAPS,
        f"{_ENVIRONMENTS}, mfsr; {_LIST}",
    ),
    Instruction(
        "mtsr",
        "ra",
        0x52,
        "Write a segment register.",
        Behaviour({SEGMENT: ra, STALE: 1}),
        TRAPS,
        f"{_ENVIRONMENTS}, mtsr; {_LIST}",
    ),
    Instruction(
        "tlbie",
        "",
        0x53,
        "Make the processor forget a translation of before.",
        Behaviour({STALE: 0}),
        TRAPS,
        f"{_ENVIRONMENTS}, tlbie; {_LIST}",
    ),
    Instruction(
        "lwz-io",
        "ra",
        0x54,
        "Load from the console's register: the next word typed, all ones at the end.",
        reads(),
        TRAPS,
        f"{_ENVIRONMENTS}, chapter 7, page protection: no access in problem state",
    ),
    Instruction(
        "stw-io",
        "ra",
        0x55,
        "Store to the console's register: it prints.",
        prints(),
        TRAPS,
        f"{_ENVIRONMENTS}, chapter 7, page protection: no access in problem state",
    ),
)
"""The system instructions, all privileged."""

POWERPC = Isa(
    name="powerpc",
    title="PowerPC",
    doc="Supervisor-level registers are reached by supervisor-level instructions, and all of them trap in problem "
    "state: the theorem's condition holds, wall clock aside. Mac-on-Linux and KVM's book3s_pr ran guests so, before "
    "and besides the hypervisor mode that IBM's servers have had since POWER4.",
    year=1993,
    story="a kernel in problem state: Mac-on-Linux, and KVM (2010)",
    instructions=INNOCUOUS + SYSTEM,
    slots=(*SLOTS, SPRG0, SEGMENT, STALE),
    sources=(
        _ENVIRONMENTS,
        _LIST,
        _SPR,
        (
            "year: PowerPC 601 in IBM's RS/6000, October 1993 (en.wikipedia.org, PowerPC 600; computinghistory.org.uk, "
            "IBM RISC System/6000 250)"
        ),
    ),
)

ISAS = (POWERPC,)

LITERATURE = (
    Statement(
        "powerpc",
        True,
        None,
        (),
        "IBM",
        f"{_LIST}; {_SPR}",
        verified=True,
        explained="The manuals list what is privileged; that nothing sensitive is missing from the list, mftb aside, "
        "is what popek computes for this model.",
    ),
)
