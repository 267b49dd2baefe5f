"""IBM System/370: System/360 with control registers, timers and address translation.

Modelled, besides what System/360 has (`s360.py`): LCTL and STCTL, LRA and PTLB, the masks of MONITOR CALL, the CPU
timer and the clock comparator, the PSW key, reference bits, the CPU's identification.

Left out, besides what System/360 leaves out: STORE CLOCK, which shows a wall clock to anybody, and SET CLOCK; the
extended control mode's masks and program-event recording; multiprocessing (SIGP, prefixing); the dual-address-space
instructions. Of the control registers there are three words: two for R and one for the monitor masks.
"""

from attrs import evolve

from popek.isa.behaviour import Behaviour, Cause, Put, Store, Trap
from popek.isa.catalogue._literature import Statement
from popek.isa.catalogue.s360 import (
    ADDRESS,
    BLOCK_BITS,
    CC,
    LRA,
    PSW_KEY,
    S360,
    STORAGE_KEYS,
    emulator,
    in_storage,
)
from popek.isa.classic import sets
from popek.isa.expression import as_expr, element, load, lshr, ne, shl
from popek.isa.instruction import TRAPS, Instruction, imm, ra, rb
from popek.isa.slot import BASE, BOUND, IE, REGISTERS, TIMER, TIMER_PENDING, Role, Slot

MONITOR_MASKS = Slot("monitor_masks", "Control register 8: which monitor calls interrupt.", Role.PROGRAM, bits=16)
CLOCK_COMPARATOR = Slot("clock_comparator", "Clock comparator.", kind="timer")
TLB = Slot("tlb", "Translations that the lookaside buffer holds; how they get there is left out.", kind="location")
CPU_ID = Slot("cpu_id", "CPU identification.", kind="identity")

_370 = "IBM System/370 Principles of Operation, GA22-7000-4"
_CONTROL = f"{_370}, the instruction's own description"
_CP = "VM/370 CP program logic, SY20-0886-1, page 1-189, simulates it"
_KEY = element(STORAGE_KEYS, lshr(ra, BLOCK_BITS))


def _control(name: str) -> str:
    return f"{_CONTROL}; {emulator(name)}; {_CP}"


def _b2(code: str) -> str:
    return f"{_CONTROL}; rcornwell/sims, IBM360/ibm360_cpu.c, case OP_370, {code}; {_CP}"


_MONITOR_CALL = ne(lshr(MONITOR_MASKS, as_expr(15) - (imm & 15)) & 1, 0)

_NEW_IN_370 = (
    LRA,
    Instruction(
        "lctl",
        "imm(rb)",
        0x61,
        "Load control registers: three words, two for R and one for the monitor masks.",
        Behaviour({BASE: load(ADDRESS), BOUND: load(ADDRESS + 1), MONITOR_MASKS: load(ADDRESS + 2)}),
        TRAPS,
        source=_control("LCTL"),
    ),
    Instruction(
        "stctl",
        "imm(rb)",
        0x62,
        "Store control registers: three words, two for R and one for the monitor masks.",
        Behaviour({}, [Store(ADDRESS, BASE), Store(ADDRESS + 1, BOUND), Store(ADDRESS + 2, MONITOR_MASKS)]),
        TRAPS,
        source=_control("STCTL"),
    ),
    Instruction(
        "stnsm",
        "ra, imm(rb)",
        0x63,
        "Store the system mask, and then AND it with `ra`.",
        Behaviour({IE: as_expr(IE) & ra}, [Store(ADDRESS, IE)]),
        TRAPS,
        source=_control("STNSM"),
    ),
    Instruction(
        "stosm",
        "ra, imm(rb)",
        0x64,
        "Store the system mask, and then OR it with `ra`.",
        Behaviour({IE: as_expr(IE) | ra}, [Store(ADDRESS, IE)]),
        TRAPS,
        source=_control("STOSM"),
    ),
    Instruction(
        "spka",
        "imm(rb)",
        0x65,
        "Set the PSW key from bits 4 to 7 of the address.",
        Behaviour({PSW_KEY: lshr(ADDRESS, 4)}),
        TRAPS,
        source=_b2("SPKA"),
    ),
    Instruction(
        "ipk",
        "",
        0x66,
        "Insert the PSW key in the low byte of r2.",
        sets(as_expr(2), (element(REGISTERS, 2) & 0xFFFFFF00) | shl(PSW_KEY, 4)),
        TRAPS,
        source=_b2("IPK"),
    ),
    Instruction(
        "spt",
        "imm(rb)",
        0x67,
        "Set the CPU timer.",
        Behaviour({TIMER: load(ADDRESS), TIMER_PENDING: 0}),
        TRAPS,
        source=_b2("SPT"),
    ),
    Instruction(
        "stpt",
        "imm(rb)",
        0x68,
        "Store the CPU timer.",
        Behaviour({}, [Store(ADDRESS, TIMER)]),
        TRAPS,
        source=_b2("STPT"),
    ),
    Instruction(
        "sckc",
        "imm(rb)",
        0x69,
        "Set the clock comparator.",
        Behaviour({CLOCK_COMPARATOR: load(ADDRESS)}),
        TRAPS,
        source=_b2("SCKC"),
    ),
    Instruction(
        "stckc",
        "imm(rb)",
        0x6A,
        "Store the clock comparator.",
        Behaviour({}, [Store(ADDRESS, CLOCK_COMPARATOR)]),
        TRAPS,
        source=_b2("STCKC"),
    ),
    Instruction(
        "stidp",
        "imm(rb)",
        0x6B,
        "Store the CPU's identification.",
        Behaviour({}, [Store(ADDRESS, CPU_ID)]),
        TRAPS,
        source=_b2("STIDP"),
    ),
    Instruction(
        "ptlb",
        "",
        0x6C,
        "Purge the translation-lookaside buffer.",
        Behaviour({TLB: 0}),
        TRAPS,
        source=_b2("PTLB"),
    ),
    Instruction(
        "rrb",
        "ra",
        0x6D,
        "Reset the reference bit of the block at real address `ra`; the condition code has reference and change bit.",
        Behaviour({CC: lshr(_KEY, 1)}, [Put(STORAGE_KEYS, lshr(ra, BLOCK_BITS), _KEY & 0xFB)], [in_storage(ra)]),
        TRAPS,
        source=f"{_CONTROL}; rcornwell/sims, IBM360/ibm360_cpu.c, case OP_370, RRB",
    ),
    Instruction(
        "ssk",
        "ra, rb",
        0x42,
        "Set the storage key of the block at real address `rb`, its reference and change bits included.",
        Behaviour({}, [Put(STORAGE_KEYS, lshr(rb, BLOCK_BITS), ra & 0xFE)], [in_storage(rb)]),
        TRAPS,
        source=_control("SSK"),
    ),
    Instruction(
        "mc",
        "uimm",
        0x6E,
        "Monitor call: an interruption if the mask of the class, the immediate's low 4 bits, is one; else nothing.",
        Behaviour(traps=[Trap(_MONITOR_CALL, Cause.SVC, imm)]),
        source=f"GA22-7000-10, Monitor Event; {emulator('MC')}, which counts the masks from the other end",
    ),
)

S370 = evolve(
    evolve(S360, slots=(*S360.slots, MONITOR_MASKS, CLOCK_COMPARATOR, TLB, CPU_ID)).vary(
        "s370",
        {i.name: i for i in _NEW_IN_370},
        title="IBM System/370",
        doc="System/360 with control registers, a CPU timer and, from 1972, address translation; what is new and "
        "sensitive is privileged again, and VM/370 was a product. MONITOR CALL depends on masks that only LCTL loads; "
        "as with the program mask a monitor can leave a guest its own, so they count as the guest's program state.",
    ),
    year=1971,
    story="VM/370 (1972): virtual machines become a product",
    sources=(
        _370,
        "VM/370 CP program logic, SY20-0886-1 (March 1979), page 1-189: the privileged instructions that CP simulates",
        "rcornwell/sims, IBM360/ibm360_cpu.c",
        "Model 155 first shipped in January 1971: en.wikipedia.org, IBM System/370",
    ),
    aliases=("system/370", "ibm370"),
)

ISAS = (S370,)

LITERATURE = (
    Statement(
        "s370",
        theorem_1=True,
        theorem_3=True,
        critical=(),
        who="IBM, VM/370 CP program logic, SY20-0886-1",
        where="page 1-189: CP simulates the privileged instructions, and lists no others",
        verified=True,
        explained="",
    ),
)
