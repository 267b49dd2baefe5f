"""SPARC version 8, with the memory management unit of its reference MMU.

Modelled: the PSR with S and PS (mode and previous mode) and ET (traps enabled, here the interrupt enable), the TBR, the
WIM, RETT, and loads and stores in alternate spaces: the MMU's registers (ASI 4, here base and bound of R), the flush of
its translations (ASI 3), physical memory (ASI 0x20), and the console's registers, which are reached through the latter.

Left out: register windows. There is one window of sixteen registers, the WIM is a word that nothing looks at, SAVE and
RESTORE are not modelled, and RETT takes the pc alone (in the machine, JMPL and RETT are a pair); condition codes in the
PSR, the processor's interrupt level PIL, the floating-point unit, paging, version 7's and 9's differences. Traps with
ET at 0 stop a real processor in error mode; here they are taken. Version 8 has no instruction that halts and no timer
of its own: `wrasr-19` is the LEON3's power-down, and the timer that this machine has cannot be set.
"""

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Put, Trap
from popek.isa.catalogue._devices import prints, reads
from popek.isa.catalogue._exceptions import (
    PREVIOUS_IE,
    PREVIOUS_MODE,
    STALE,
    VECTOR,
    WAITS,
    previous,
    returns,
    writes_word,
)
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import INNOCUOUS, sets
from popek.isa.cycle import NEW_PC
from popek.isa.expression import Expr, as_expr, element, eq, lshr, shl
from popek.isa.instruction import INSTRUCTION_WORD, TRAPS, A, Instruction, imm, ra, rb
from popek.isa.slot import BASE, BOUND, IE, MEMORY, MODE, SLOTS, Slot

WIM = Slot("wim", "The window invalid mask.", kind="windows")

_MANUAL = "The SPARC Architecture Manual, version 8 (SAV080SI9308)"
_QEMU = "qemu/qemu, target/sparc/translate.c"
_PRIVILEGED = f"appendix B: privileged_instruction if S is 0; {_QEMU}, do_rd_special and do_wr_special, supervisor(dc)"
_ASI = f"{_MANUAL}, appendix B, loads and stores in alternate space; {_QEMU}, resolve_asi: privileged before version 9"

PSR = shl(IE, 5) | shl(as_expr(1) - PREVIOUS_MODE, 6) | shl(as_expr(1) - MODE, 7)
"""The PSR: ET in bit 5, PS in bit 6, S in bit 7 (1: supervisor)."""


def _bit(number: int) -> Expr:
    return lshr(ra, number) & 1


REGISTERS_OF_STATE = (
    Instruction("rdpsr", "ra", 0x40, "Read the PSR.", sets(A, PSR), TRAPS, f"{_MANUAL}, RDPSR, {_PRIVILEGED}"),
    Instruction(
        "wrpsr",
        "ra",
        0x41,
        "Write the PSR.",
        Behaviour({IE: _bit(5), MODE: _bit(7) ^ 1}, [previous(_bit(6) ^ 1, PREVIOUS_IE)]),
        TRAPS,
        f"{_MANUAL}, WRPSR, {_PRIVILEGED}",
    ),
    Instruction("rdtbr", "ra", 0x42, "Read the trap base.", sets(A, VECTOR), TRAPS, f"{_MANUAL}, RDTBR, {_PRIVILEGED}"),
    Instruction(
        "wrtbr", "ra", 0x43, "Write the trap base.", writes_word(NEW_PC), TRAPS, f"{_MANUAL}, WRTBR, {_PRIVILEGED}"
    ),
    Instruction("rdwim", "ra", 0x44, "Read the window mask.", sets(A, WIM), TRAPS, f"{_MANUAL}, RDWIM, {_PRIVILEGED}"),
    Instruction(
        "wrwim",
        "ra",
        0x45,
        "Write the window mask.",
        Behaviour({WIM: ra}),
        TRAPS,
        f"{_MANUAL}, WRWIM, {_PRIVILEGED}",
    ),
    Instruction(
        "rett",
        "imm(rb)",
        0x46,
        "Return from a trap to the pc `rb` + `imm` and the mode of before, traps enabled. With traps enabled already: "
        "a trap.",
        Behaviour({**returns(rb + imm), IE: 1}, traps=[Trap(eq(IE, 1), Cause.ILLEGAL, INSTRUCTION_WORD)]),
        TRAPS,
        f"{_MANUAL}, RETT, appendix B: privileged_instruction if S is 0; unverified in the text itself",
    ),
    Instruction(
        "wrasr-19",
        "ra",
        0x47,
        "Power the processor down until an interrupt.",
        WAITS,
        TRAPS,
        "qemu/qemu, target/sparc/translate.c, do_wrpowerdown: supervisor only",
    ),
)
"""What reads and writes the state registers."""

ALTERNATE_SPACES = (
    Instruction(
        "lda-context",
        "ra",
        0x48,
        "Read the MMU's context table pointer, here the base of R.",
        sets(A, BASE),
        TRAPS,
        _ASI,
    ),
    Instruction(
        "sta-context",
        "ra",
        0x49,
        "Write the MMU's context table pointer, here the base of R.",
        Behaviour({BASE: ra, STALE: 1}),
        TRAPS,
        _ASI,
    ),
    Instruction("lda-bound", "ra", 0x4A, "Read the bound of R, from the MMU's tables.", sets(A, BOUND), TRAPS, _ASI),
    Instruction(
        "sta-bound",
        "ra",
        0x4B,
        "Write the bound of R, in the MMU's tables.",
        Behaviour({BOUND: ra, STALE: 1}),
        TRAPS,
        _ASI,
    ),
    Instruction(
        "sta-flush",
        "",
        0x4C,
        "Make the MMU forget translations of before.",
        Behaviour({STALE: 0}),
        TRAPS,
        _ASI,
    ),
    Instruction("lda", "ra, rb", 0x4D, "Load the physical word at `rb`.", sets(A, element(MEMORY, rb)), TRAPS, _ASI),
    Instruction(
        "sta",
        "ra, rb",
        0x4E,
        "Store `ra` in the physical word at `rb`.",
        Behaviour({}, [Put(MEMORY, rb, ra)]),
        TRAPS,
        _ASI,
    ),
    Instruction(
        "lda-io",
        "ra",
        0x4F,
        "Load from the console's register: the next word typed, all ones at the end.",
        reads(),
        TRAPS,
        _ASI,
    ),
    Instruction("sta-io", "ra", 0x50, "Store to the console's register: it prints.", prints(), TRAPS, _ASI),
)
"""Loads and stores in alternate spaces."""

SPARC = Isa(
    name="sparc",
    title="SPARC (version 8)",
    doc="State registers and alternate address spaces are privileged without exception, so that the theorem's "
    "condition holds for what is modelled. The window mask is why a monitor of it is no pleasure: windows spill by "
    "traps, and each belongs to the guest's kernel. Sun built none; its later machines (sun4v, 2005) have a mode for "
    "a hypervisor.",
    year=1992,
    story="its condition holds; a mode for hypervisors comes with sun4v (2005)",
    instructions=INNOCUOUS + REGISTERS_OF_STATE + ALTERNATE_SPACES,
    slots=(*SLOTS, WIM, STALE),
    sources=(
        _MANUAL,
        (
            "year: SuperSPARC, version 8, 1992 (genisyscorp.com, SuperSPARC), in Sun's SPARCstation 10 of May 1992 "
            "(apfelklassik.de, Die SPARCstation 10); version 7 came in 1987"
        ),
    ),
)

ISAS = (SPARC,)

LITERATURE = (
    Statement(
        "sparc",
        True,
        None,
        (),
        "SPARC International",
        f"{_MANUAL}, appendix B: the instructions that make a privileged_instruction trap",
        verified=False,
        explained="The manual lists what is privileged; that nothing sensitive is missing from the list is what popek "
        "computes for this model, which has no register windows.",
    ),
)
