"""MIPS: coprocessor 0, from the R2000 to MIPS32.

Modelled: the registers of coprocessor 0 that matter, each with its own `mfc0-` and `mtc0-`; Status has the R2000's
form, current and previous mode and enable in four bits; the exception's registers are the trap's words. The translation
buffer has one entry, and that is R: EntryLo gives the base and EntryHi the bound, Index and Random always mean that
entry. The timer counts down to Compare. A `wait` waits for an interrupt. `cache` is the operation Index Store Tag on a
cache of one line.

Left out: 32 and 64 bits, the levels ERL and supervisor, ASIDs, delay slots, RDHWR (traps with HWREna at 0, and reads
what does not change), read-only registers (PRId, Config). ERET, WAIT and CACHE are of MIPS III and MIPS32; the R2000
returns by a jump and RFE. MIPS has no I/O instructions: devices lie in kseg1, an unmapped window on physical memory
that makes an address error in user mode, and `lw-kseg1`, `sw-kseg1` stand for loads and stores to the console there;
`lw-kseg0` and `sw-kseg0` go to physical memory itself.

Fixed: Status.CU0 is 0: with it at 1 a program may use coprocessor 0.
"""

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Put
from popek.isa.catalogue._devices import prints, reads
from popek.isa.catalogue._exceptions import (
    EXCEPTION_CAUSE,
    EXCEPTION_DETAIL,
    EXCEPTION_PC,
    PREVIOUS_IE,
    PREVIOUS_MODE,
    VECTOR,
    WAITS,
    previous,
    returns,
    sets_timer,
    writes_word,
)
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import INNOCUOUS, sets
from popek.isa.cycle import NEW_PC, OLD_CAUSE, OLD_PC
from popek.isa.expression import Expr, as_expr, element, eq, ite, lshr, shl
from popek.isa.instruction import TRAPS, A, Instruction, ra, rb
from popek.isa.slot import BASE, BOUND, IE, MEMORY, MODE, SLOTS, TIMER, Slot

ENTRY_HI = Slot("entry_hi", "EntryHi: the virtual side of the entry that is written or sought.", kind="translations")
ENTRY_LO = Slot("entry_lo", "EntryLo: the physical side of the entry that is written.", kind="translations")
INDEX = Slot("index", "Index: where a probe has found the entry; its top bit if nowhere.", kind="translations")
TAG_LO = Slot("tag_lo", "TagLo: the tag to be stored in a cache line.", kind="cache")
CACHE_TAG = Slot("cache_tag", "The tag of the cache's line.", kind="cache")

_ARCHITECTURE = "MIPS32 Architecture for Programmers, volume III: The MIPS32 Privileged Resource Architecture (MD00090)"
_SET = "MIPS32 Architecture for Programmers, volume II: The MIPS32 Instruction Set (MD00086)"
_UNUSABLE = "Toshiba TX39 Architecture manual, sections 3.8 and 6.3.5: Coprocessor Unusable in user mode if CU0 is 0"
_ADDRESS_ERROR = "qemu/qemu, target/mips/tcg/system/tlb_helper.c, raise_mmu_exception: an address error in user mode"

STATUS = as_expr(IE) | shl(MODE, 1) | shl(PREVIOUS_IE, 2) | shl(PREVIOUS_MODE, 3)
"""Status: IEc and KUc (1: user) in bits 0 and 1, IEp and KUp in bits 2 and 3."""

_ABSENT = 1 << 31


def _bit(number: int) -> Expr:
    return lshr(ra, number) & 1


def _register(number: int, name: str, doc: str, read: Expr | Slot, write: Behaviour) -> tuple[Instruction, ...]:
    """Return MFC0 and MTC0 of one register."""
    source = f"{_ARCHITECTURE}, {doc.split(':', maxsplit=1)[0]} register; {_SET}, MFC0 and MTC0; {_UNUSABLE}"
    return (
        Instruction(f"mfc0-{name}", "ra", number, f"Read {doc}.", sets(A, read), TRAPS, source),
        Instruction(f"mtc0-{name}", "ra", number + 1, f"Write {doc}.", write, TRAPS, source),
    )


REGISTERS_OF_CP0 = (
    *_register(
        0x40,
        "status",
        "Status: mode and interrupt enable, current and previous",
        STATUS,
        Behaviour({IE: _bit(0), MODE: _bit(1)}, [previous(_bit(3), _bit(2))]),
    ),
    *_register(0x42, "epc", "EPC: the pc of the exception", EXCEPTION_PC, writes_word(OLD_PC)),
    *_register(0x44, "cause", "Cause: why there was an exception", EXCEPTION_CAUSE, writes_word(OLD_CAUSE)),
    *_register(0x46, "ebase", "EBase: the base of the exception vectors", VECTOR, writes_word(NEW_PC)),
    *_register(0x48, "entryhi", "EntryHi: the virtual side of an entry", ENTRY_HI, Behaviour({ENTRY_HI: ra})),
    *_register(0x4A, "entrylo", "EntryLo: the physical side of an entry", ENTRY_LO, Behaviour({ENTRY_LO: ra})),
    *_register(0x4C, "index", "Index: which entry", INDEX, Behaviour({INDEX: ra})),
    *_register(
        0x4E, "compare", "Compare: here how long it is until the timer's interrupt", TIMER, Behaviour(sets_timer())
    ),
    Instruction(
        "mfc0-badvaddr",
        "ra",
        0x50,
        "Read BadVAddr: the address that faulted.",
        sets(A, EXCEPTION_DETAIL),
        TRAPS,
        f"{_ARCHITECTURE}, BadVAddr register; {_UNUSABLE}",
    ),
    Instruction(
        "mtc0-taglo",
        "ra",
        0x51,
        "Write TagLo: the tag to be stored in a cache line.",
        Behaviour({TAG_LO: ra}),
        TRAPS,
        f"{_ARCHITECTURE}, TagLo register; {_UNUSABLE}",
    ),
)
"""Moves from and to coprocessor 0."""

OPERATIONS = (
    Instruction(
        "eret",
        "",
        0x52,
        "Return from an exception to the mode, interrupt enable and pc of before it.",
        Behaviour(returns()),
        TRAPS,
        f"{_SET}, ERET; {_UNUSABLE}",
    ),
    Instruction(
        "tlbwi",
        "",
        0x53,
        "Write the entry that Index names from EntryHi and EntryLo.",
        Behaviour({BASE: ENTRY_LO, BOUND: ENTRY_HI}),
        TRAPS,
        f"{_SET}, TLBWI; {_UNUSABLE}",
    ),
    Instruction(
        "tlbwr",
        "",
        0x54,
        "Write the entry that Random names from EntryHi and EntryLo.",
        Behaviour({BASE: ENTRY_LO, BOUND: ENTRY_HI}),
        TRAPS,
        f"{_SET}, TLBWR; {_UNUSABLE}",
    ),
    Instruction(
        "tlbr",
        "",
        0x55,
        "Read the entry that Index names into EntryHi and EntryLo.",
        Behaviour({ENTRY_LO: BASE, ENTRY_HI: BOUND}),
        TRAPS,
        f"{_SET}, TLBR; {_UNUSABLE}",
    ),
    Instruction(
        "tlbp",
        "",
        0x56,
        "Look for the entry that EntryHi describes, and leave in Index where it is.",
        Behaviour({INDEX: ite(eq(ENTRY_HI, BOUND), 0, _ABSENT)}),
        TRAPS,
        f"{_SET}, TLBP; {_UNUSABLE}",
    ),
    Instruction(
        "wait",
        "",
        0x57,
        "Wait for an interrupt.",
        WAITS,
        TRAPS,
        f"{_SET}, WAIT; {_UNUSABLE}",
    ),
    Instruction(
        "cache",
        "",
        0x58,
        "Store TagLo in the tag of a cache line.",
        Behaviour({CACHE_TAG: TAG_LO}),
        TRAPS,
        f"{_SET}, CACHE, Index Store Tag; {_UNUSABLE}",
    ),
    Instruction(
        "lw-kseg0",
        "ra, rb",
        0x59,
        "Load the physical word at `rb`, through the unmapped window kseg0.",
        sets(A, element(MEMORY, rb)),
        TRAPS,
        f"{_ARCHITECTURE}, virtual address spaces, kseg0; {_ADDRESS_ERROR}",
    ),
    Instruction(
        "sw-kseg0",
        "ra, rb",
        0x5A,
        "Store `ra` in the physical word at `rb`, through the unmapped window kseg0.",
        Behaviour({}, [Put(MEMORY, rb, ra)]),
        TRAPS,
        f"{_ARCHITECTURE}, virtual address spaces, kseg0; {_ADDRESS_ERROR}",
    ),
    Instruction(
        "lw-kseg1",
        "ra",
        0x5B,
        "Load from the console's register in kseg1: the next word typed, all ones at the end.",
        reads(),
        TRAPS,
        f"{_ARCHITECTURE}, virtual address spaces, kseg1; {_ADDRESS_ERROR}",
    ),
    Instruction(
        "sw-kseg1",
        "ra",
        0x5C,
        "Store to the console's register in kseg1: it prints.",
        prints(),
        TRAPS,
        f"{_ARCHITECTURE}, virtual address spaces, kseg1; {_ADDRESS_ERROR}",
    ),
)
"""The other instructions of coprocessor 0, and the unmapped windows."""

MIPS = Isa(
    name="mips",
    title="MIPS (R2000 to MIPS32)",
    doc="Every instruction of coprocessor 0 traps in user mode, so the theorem's condition holds. What hindered "
    "monitors was the map of addresses: a kernel is linked to run in kseg0, which user mode cannot reach, so that "
    "each of its fetches traps. Disco (1997) had its guest relinked; later the VZ extension gave guests segments of "
    "their own.",
    year=1986,
    story="Disco brings virtual machines back (1997)",
    instructions=INNOCUOUS + REGISTERS_OF_CP0 + OPERATIONS,
    slots=(*SLOTS, ENTRY_HI, ENTRY_LO, INDEX, TAG_LO, CACHE_TAG),
    sources=(
        _ARCHITECTURE,
        _SET,
        "year: R2000, January 1986 (imgtec.com, Thirty years of MIPS: R2000; cgw.com, MIPS Turns 30)",
    ),
)

ISAS = (MIPS,)

LITERATURE = (
    Statement(
        "mips",
        False,
        None,
        (),
        "thechauhan.dev, MIPS: non-virtualizable architecture (Part 1), April 2011",
        "thechauhan.dev/2011/04: all system registers are in coprocessor 0 and fault from user space; the address "
        "space is what is not virtualizable",
        verified=True,
        explained="It names no instruction: accesses through kseg0 and kseg1 do trap in user mode, and the theorem "
        "asks no more (lw-kseg0 and sw-kseg0 are privileged). A kernel whose every fetch traps is equivalent, and not "
        "efficient; here a kernel's code lies in mapped memory.",
    ),
)
