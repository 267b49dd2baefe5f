"""DEC PDP-10 with the KA10 processor, the paper's counterexample, and the KS10, which decodes JRST otherwise.

Modelled: the flags word with the USER bit; the whole JRST family; the jumps that leave the flags (PUSHJ, JSR, JSP);
the processor's and the interrupt system's conditions; relocation by DATAO APR; the console teletype.

The KA10 reads JRST's AC field as four bits: 10 dismisses the interrupt in progress, 4 halts, 2 restores the flags, 1
enters user mode; each number is the sum of what it does. The names here are DEC's where there are any (`jrstf` is
JRST 2, `jen` 12) and else the number in octal. In user mode with user I/O off, which is fixed here, whatever halts or
dismisses traps as an unassigned code, and so do all I/O instructions.

Left out: 36-bit words and half words: a flags word has the five program flags in bits 31 to 27, USER in bit 26, user
I/O (always 0) in bit 25, and the address in bits 23 to 0. An address is written `imm(rb)`; JRST with flags takes them
from `rb`, as the real one does from the index register. DATAO APR takes base and bound from two words, where the real
one has both in one, and on the real KA10 they hold in user mode alone. An interrupt in progress holds off all others:
the interrupt enable stands for the seven channels, and dismissing sets it. Pushdown overflow, the line clock and the
console's switches are left out. The KI10 is not modelled: there JRST 1 leaves public mode instead, and PUSHJ, JSR and
JSP leave another flag in the executive's words.
"""

from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Put, Store
from popek.isa.catalogue._devices import prints, reads, transfers
from popek.isa.catalogue._literature import Statement
from popek.isa.classic import INNOCUOUS, sets
from popek.isa.expression import Expr, as_expr, eq, ite, load, lshr, ne, shl
from popek.isa.instruction import EXECUTES, TRAPS, A, Instruction, InUser, imm, ra, rb
from popek.isa.slot import BASE, BOUND, DISK_WAIT, HALTED, IE, MODE, PC, REGISTERS, RUN, SLOTS, USER, Role, Slot

FLAGS = Slot("flags", "Overflow, carries 0 and 1, floating overflow, byte increment suppression.", Role.PROGRAM, bits=5)
APR = Slot("apr", "Conditions of the arithmetic processor: what may interrupt, and on which channel.", bits=18)

_FLAGS_LOW, _USER_BIT = 27, 26
_BYTE_SUPPRESSION = 1
_RIGHT = 0xFFFFFF
_ADDRESS = rb + imm
_EFFECTIVE = _ADDRESS & _RIGHT
_NEXT = (as_expr(PC) + 1) & _RIGHT
_WORD = shl(as_expr(FLAGS), _FLAGS_LOW) | shl(as_expr(MODE), _USER_BIT) | _NEXT
"""The flags word that PUSHJ, JSR and JSP leave: the USER bit is in it."""

_LEAVING: dict[Slot, Expr | Slot | int] = {FLAGS: as_expr(FLAGS) & (31 - _BYTE_SUPPRESSION)}
"""They clear byte increment suppression as well."""

_KA = "simh/simh, PDP10/kx10_cpu.c"
_KS = "simh/simh, PDP10/pdp10_cpu.c"
_JRST = f"{_KA}, case 0254, the part for PDP6, KA and KI"
_PG = "Popek and Goldberg, 1974"

Writes = dict[Slot, Expr | Slot | int]


def _restoring(word: Expr) -> tuple[Writes, Writes]:
    """Return the writes of restoring flags, in executive and in user mode: from there USER cannot be cleared."""
    flags: Writes = {FLAGS: lshr(word, _FLAGS_LOW)}
    return {**flags, MODE: lshr(word, _USER_BIT)}, flags


_HALTS: Writes = {RUN: HALTED}
_DISMISSES: Writes = {IE: 1}
_ENTERS: Writes = {MODE: USER}
_RESTORES, _RESTORES_IN_USER = _restoring(rb)
_GOES: Writes = {PC: _EFFECTIVE}


def _jrst(name: str, opcode: int, doc: str, does: Writes, in_user: InUser | Behaviour = TRAPS) -> Instruction:
    return Instruction(name, "imm(rb)", opcode, doc, Behaviour({**_GOES, **does}), in_user, _JRST)


_JUMPS = Behaviour(_GOES)
_JUMPS_WITH_FLAGS = Behaviour({**_GOES, **_RESTORES_IN_USER})

JRST = (
    _jrst("jrst", 0x40, "JRST 0: jump.", {}, EXECUTES),
    evolve(
        _jrst("jrst-1", 0x41, "JRST 1: jump, and enter user mode. In user mode: jump.", _ENTERS, _JUMPS),
        source=f"{_JRST}; {_PG}, section 3",
    ),
    _jrst(
        "jrstf",
        0x42,
        "JRST 2: jump, and restore the flags in `rb`: in executive mode USER with them, in user mode all others.",
        _RESTORES,
        _JUMPS_WITH_FLAGS,
    ),
    _jrst(
        "jrst-3",
        0x43,
        "JRST 3: jump, restore the flags in `rb`, and enter user mode.",
        {**_RESTORES, **_ENTERS},
        _JUMPS_WITH_FLAGS,
    ),
    _jrst("jrst-halt", 0x44, "JRST 4: halt; the pc is the address.", _HALTS),
    _jrst("jrst-5", 0x45, "JRST 5: halt, in user mode.", {**_HALTS, **_ENTERS}),
    _jrst("jrst-6", 0x46, "JRST 6: halt, the flags restored from `rb`.", {**_HALTS, **_RESTORES}),
    _jrst(
        "jrst-7", 0x47, "JRST 7: halt, the flags restored from `rb`, in user mode.", {**_HALTS, **_RESTORES, **_ENTERS}
    ),
    _jrst("jrst-10", 0x48, "JRST 10: dismiss the interrupt in progress, and jump.", _DISMISSES),
    _jrst(
        "jrst-11",
        0x49,
        "JRST 11: dismiss the interrupt in progress, jump, and enter user mode.",
        {**_DISMISSES, **_ENTERS},
    ),
    _jrst(
        "jen",
        0x4A,
        "JRST 12: jump and enable: dismiss the interrupt in progress, and restore the flags in `rb`.",
        {**_DISMISSES, **_RESTORES},
    ),
    _jrst(
        "jrst-13",
        0x4B,
        "JRST 13: dismiss the interrupt in progress, jump, restore the flags in `rb`, and enter user mode.",
        {**_DISMISSES, **_RESTORES, **_ENTERS},
    ),
    _jrst("jrst-14", 0x4C, "JRST 14: dismiss the interrupt in progress, and halt.", {**_DISMISSES, **_HALTS}),
    _jrst(
        "jrst-15",
        0x4D,
        "JRST 15: dismiss the interrupt in progress, and halt, in user mode.",
        {**_DISMISSES, **_HALTS, **_ENTERS},
    ),
    _jrst(
        "jrst-16",
        0x4E,
        "JRST 16: dismiss the interrupt in progress, and halt, the flags restored from `rb`.",
        {**_DISMISSES, **_HALTS, **_RESTORES},
    ),
    _jrst(
        "jrst-17",
        0x4F,
        "JRST 17: dismiss the interrupt in progress, and halt, the flags restored from `rb`, in user mode.",
        {**_DISMISSES, **_HALTS, **_RESTORES, **_ENTERS},
    ),
)
"""JRST by its AC field, all sixteen."""

JUMPS = (
    Instruction(
        "pushj",
        "ra, imm(rb)",
        0x50,
        "Push the flags and the next address on the stack whose pointer is `ra`, and jump.",
        Behaviour({**_LEAVING, **_GOES}, [Put(REGISTERS, A, ra + 1), Store(ra + 1, _WORD)]),
        source=f"{_KA}, case 0260; {_KS}, case 0260",
    ),
    Instruction(
        "popj",
        "ra",
        0x51,
        "Pop an address from the stack whose pointer is `ra`, and jump there; the flags stay.",
        sets(A, ra - 1, {PC: load(ra) & _RIGHT}),
        source=f"{_KA}, case 0263",
    ),
    Instruction(
        "jsr",
        "imm(rb)",
        0x52,
        "Store the flags and the next address where the address says, and jump to the word after it.",
        Behaviour({**_LEAVING, PC: (_ADDRESS + 1) & _RIGHT}, [Store(_EFFECTIVE, _WORD)]),
        source=f"{_KA}, case 0264; {_KS}, case 0264",
    ),
    Instruction(
        "jsp",
        "ra, imm(rb)",
        0x53,
        "Leave the flags and the next address in `ra`, and jump.",
        sets(A, _WORD, {**_LEAVING, **_GOES}),
        source=f"{_KA}, case 0265; {_KS}, case 0265",
    ),
    Instruction(
        "jfcl",
        "ra, target",
        0x54,
        "Jump if one of the flags that `ra` names is set, and clear those; the flags are its low five bits.",
        Behaviour(
            {
                PC: ite(ne(as_expr(FLAGS) & ra, 0), as_expr(PC) + imm, as_expr(PC) + 1),
                FLAGS: as_expr(FLAGS) & (ra ^ 0xFFFFFFFF),
            }
        ),
        source=f"{_KA}, case 0255",
    ),
)
"""Jumps that leave, or look at, the flags. All of them run in every mode."""

_IOT = f"{_KA}, case 0700 to 0777"
_ON, _OFF = 0o200, 0o400

DEVICES = (
    Instruction(
        "datao-apr",
        "imm(rb)",
        0x60,
        "Load relocation and protection: base and bound from two words.",
        Behaviour({BASE: load(_ADDRESS), BOUND: load(_ADDRESS + 1)}),
        TRAPS,
        source=f"{_IOT} and dev_apr for the KA10; {_PG}, section 3",
    ),
    Instruction(
        "cono-apr",
        "uimm",
        0x61,
        "Set the conditions of the arithmetic processor.",
        Behaviour({APR: imm}),
        TRAPS,
        source=f"{_IOT} and dev_apr for the KA10",
    ),
    Instruction(
        "coni-apr",
        "ra",
        0x62,
        "Read the conditions of the arithmetic processor.",
        sets(A, APR),
        TRAPS,
        source=f"{_IOT} and dev_apr for the KA10",
    ),
    Instruction(
        "cono-pi",
        "uimm",
        0x63,
        "Turn the priority interrupt system on (bit 200) or off (bit 400).",
        Behaviour({IE: ite(ne(imm & _OFF, 0), 0, ite(ne(imm & _ON, 0), 1, IE))}),
        TRAPS,
        source=f"{_IOT} and dev_pi",
    ),
    Instruction(
        "coni-pi",
        "ra",
        0x64,
        "Read whether the priority interrupt system is on (bit 200).",
        sets(A, shl(as_expr(IE), 7)),
        TRAPS,
        source=f"{_IOT} and dev_pi",
    ),
    Instruction(
        "datao-tty",
        "ra",
        0x65,
        "Print the character in `ra` on the console teletype.",
        prints(),
        TRAPS,
        source=f"{_IOT}",
    ),
    Instruction(
        "datai-tty",
        "ra",
        0x66,
        "Take what was typed on the console teletype.",
        reads(),
        TRAPS,
        source=f"{_IOT}",
    ),
    Instruction(
        "datao-dsk",
        "ra, rb, uimm",
        0x67,
        "Start a disk transfer: a sector moves to or from real memory, and an interrupt follows.",
        transfers(),
        TRAPS,
        source=f"{_IOT}",
    ),
    Instruction(
        "coni-dsk",
        "ra",
        0x68,
        "Read whether the disk is busy.",
        sets(A, ite(eq(DISK_WAIT, 0), 0, 1)),
        TRAPS,
        source=f"{_IOT}",
    ),
)
"""I/O instructions: in user mode, with user I/O off, they trap."""

PDP10 = Isa(
    name="pdp10",
    title="DEC PDP-10 (KA10)",
    doc="The paper's counterexample: JRST 1 enters user mode without a trap, so a monitor never learns of it. It is "
    "not alone: JRST 2 and 3 do the same by restoring flags, and PUSHJ, JSR and JSP leave the USER bit for any "
    "program to read. None of this shows between user programs, so a hybrid monitor works: the paper cites Galley's, "
    "of 1969.",
    year=1967,
    story="JRST 1 is the paper's counterexample (1974), Galley's monitor (1969) its hybrid",
    sources=(
        "simh/simh, PDP10/kx10_cpu.c, the parts for the KA10",
        "Popek and Goldberg, Formal requirements for virtualizable third generation architectures, 1974",
        "Galley, PDP-10 virtual machines, 1969, as cited there",
        "PDP-10 introduced in 1967 (first delivery unverified): inwap.com, Timeline for 36-bit computers",
    ),
    aliases=("pdp-10", "ka10"),
    instructions=INNOCUOUS + JRST + JUMPS + DEVICES,
    slots=(*SLOTS, FLAGS, APR),
)

_DOUBLE, _DOUBLE_IN_USER = _restoring(load(_ADDRESS))
_TO_SECOND: Writes = {PC: load(_ADDRESS + 1) & _RIGHT}
_KS_JRST = f"{_KS}, case 0254 and jrst_tab"


def _ks(name: str, opcode: int, doc: str, does: Behaviour, in_user: InUser | Behaviour) -> Instruction:
    return Instruction(name, "imm(rb)", opcode, doc, does, in_user, _KS_JRST)


_KS10_JRST = {
    i.name: i
    for i in (
        _ks(
            "jrst-1",
            0x41,
            "JRST 1: jump. There is no public mode to leave, and user mode is not entered.",
            _JUMPS,
            EXECUTES,
        ),
        _ks(
            "jrst-5",
            0x45,
            "JRST 5, XJRSTF: restore flags and pc from two words; in user mode USER stays.",
            Behaviour({**_DOUBLE, **_TO_SECOND}),
            Behaviour({**_DOUBLE_IN_USER, **_TO_SECOND}),
        ),
        _ks(
            "jrst-6",
            0x46,
            "JRST 6, XJEN: dismiss the interrupt in progress, and restore flags and pc from two words.",
            Behaviour({**_DOUBLE, **_TO_SECOND, **_DISMISSES}),
            TRAPS,
        ),
        _ks(
            "jrst-7",
            0x47,
            "JRST 7, XPCW: store flags and pc in two words, and restore them from the next two.",
            Behaviour(
                {**_restoring(load(_ADDRESS + 2))[0], PC: load(_ADDRESS + 3) & _RIGHT},
                [
                    Store(_ADDRESS, shl(as_expr(FLAGS), _FLAGS_LOW) | shl(as_expr(MODE), _USER_BIT)),
                    Store(_ADDRESS + 1, _NEXT),
                ],
            ),
            TRAPS,
        ),
        _ks(
            "jrst-14",
            0x4C,
            "JRST 14, SFM: store the flags.",
            Behaviour({}, [Store(_ADDRESS, shl(as_expr(FLAGS), _FLAGS_LOW) | shl(as_expr(MODE), _USER_BIT))]),
            TRAPS,
        ),
        _ks(
            "jrst-15",
            0x4D,
            "JRST 15, XJRST: jump to the address in a word.",
            Behaviour({PC: load(_ADDRESS) & _RIGHT}),
            EXECUTES,
        ),
    )
}

_UNASSIGNED = ("jrst-3", "jrst-11", "jrst-13", "jrst-16", "jrst-17")
"""What traps in every mode on the KS10, as an illegal opcode does."""

PDP10_KS = evolve(
    PDP10.vary(
        "pdp10-ks",
        _KS10_JRST,
        title="DEC PDP-10 (KS10)",
        doc="The last PDP-10 reads JRST's field as a number. JRST 1 is a plain jump now, so the paper's example is "
        "gone; but JRSTF and XJRSTF still enter user mode without a trap, and PUSHJ, JSR and JSP still leave the USER "
        "bit. One instruction repaired is not an architecture repaired.",
    ),
    instructions=tuple(i for i in PDP10.vary("pdp10-ks", _KS10_JRST).instructions if i.name not in _UNASSIGNED),
    year=1978,
    story="JRST 1 is repaired, and the rest is not",
    sources=(
        "simh/simh, PDP10/pdp10_cpu.c",
        "DECsystem-2020 introduced in 1978: inwap.com, Timeline for 36-bit computers (Digital's own)",
    ),
    aliases=("ks10",),
)

ISAS = (PDP10, PDP10_KS)

LITERATURE = (
    Statement(
        "pdp10",
        theorem_1=False,
        theorem_3=True,
        critical=("jrst-1",),
        who=_PG,
        where="sections 3 and 6: JRST 1 is supervisor control sensitive and not privileged; all user-sensitive "
        "instructions are privileged",
        verified=True,
        explained="The paper gives one example. By the same definitions JRST 2 (jrstf) and 3 (jrst-3) are "
        "control-sensitive as well, since in executive mode they may set the USER flag, and pushj, jsr and jsp are "
        "mode-sensitive, since the word that they leave has it.",
    ),
)
