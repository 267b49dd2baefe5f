"""x86's protected mode as far as programs meet it: flags, selectors, descriptors, and the checks against the ring.

A descriptor is reduced to its second doubleword, in IA-32's own layout: type in bits 11..8, S in bit 12, DPL in bits
14..13, P in bit 15, the limit's upper bits in 19..16; one word each, from the linear address in `gdtr` on. A linear
address is translated like all others, so a table that is not mapped makes a memory trap, and the table is read with
the program's own rights. What is not a code or data segment (gates, task state, local tables) is refused everywhere.

The check of a descriptor's ring against the current one is the processor's decision about a *mode*, not about an
address. Its #GP is therefore no memory trap in the sense of the definitions; nor is it a privilege trap, since it is
the operand that is refused, in either mode. It has the same cause as a privilege trap, as on the processor, and the
selector as its detail.
"""

from attrs import evolve, frozen

from popek.isa.behaviour import Behaviour, Cause, Put, Trap
from popek.isa.classic import sets
from popek.isa.expression import Expr, as_expr, both, either, eq, ite, load, lshr, ne, not_, shl, ult
from popek.isa.instruction import INSTRUCTION_WORD, A, B, Instruction, imm, ra, rb, rc
from popek.isa.slot import IE, MODE, PC, REGISTERS, SUPERVISOR, USER, Role, Slot

GDTR = Slot("gdtr", "Global descriptor table register: the linear address of the table.")
FLAGS = Slot("eflags", "EFLAGS as far as it is a program's: CF, PF, AF, ZF, SF, DF, OF.", Role.PROGRAM, bits=12)
CS = Slot("cs", "Code segment selector; its low bits read as the CPL.", Role.PROGRAM, bits=16, reset=0x08)
SS = Slot("ss", "Stack segment selector; its low bits read as the CPL.", Role.PROGRAM, bits=16, reset=0x10)
DS = Slot("ds", "Data segment selector; it stands for ES and GS as well.", Role.PROGRAM, bits=16, reset=0x10)
FS = Slot("fs", "Another data segment selector.", Role.PROGRAM, bits=16)

CPL = ite(eq(MODE, SUPERVISOR), 0, 3)
"""The current privilege level: ring 0 or ring 3."""

_ALL_FLAGS, _ZF, _ALWAYS, _IF = 0xCD5, 0x40, 0x02, 9
_CS, _SS, _DS, _FS = 1, 2, 3, 4
SDM2 = "Intel SDM (325462) vol. 2"
SDM3 = "Intel SDM (325462) vol. 3A"


def _bit(value: Expr, number: int) -> Expr:
    return eq(lshr(value, number) & 1, 1)


def flags_image() -> Expr:
    """Return EFLAGS as it is stored: the program's flags, IF in bit 9, IOPL 0."""
    return as_expr(FLAGS) | shl(IE, _IF) | _ALWAYS


def load_flags(value: Expr, *, interrupt: bool) -> dict[Slot, Expr]:
    """Return the writes that load EFLAGS, with IF or without it."""
    loaded = {FLAGS: value & _ALL_FLAGS}
    return {**loaded, IE: lshr(value, _IF) & 1} if interrupt else loaded


@frozen
class Segment:
    """A selector, and the descriptor in the table that it names."""

    selector: Expr

    @property
    def descriptor(self) -> Expr:
        """The descriptor; the table's limit is left out."""
        return load(as_expr(GDTR) + (lshr(self.selector, 3) & 0x1FFF))

    @property
    def rpl(self) -> Expr:
        """The requested privilege level."""
        return self.selector & 3

    @property
    def dpl(self) -> Expr:
        """The descriptor's privilege level."""
        return lshr(self.descriptor, 13) & 3

    @property
    def null(self) -> Expr:
        """Whether this is the null selector."""
        return eq(self.selector & 0xFFFC, 0)

    @property
    def code(self) -> Expr:
        """Whether this is a code segment."""
        return both(_bit(self.descriptor, 12), _bit(self.descriptor, 11))

    @property
    def data(self) -> Expr:
        """Whether this is a data segment."""
        return both(_bit(self.descriptor, 12), not_(_bit(self.descriptor, 11)))

    @property
    def writable(self) -> Expr:
        """Whether this is a data segment that may be written."""
        return both(self.data, _bit(self.descriptor, 9))

    @property
    def readable(self) -> Expr:
        """Whether this is a data segment, or a code segment that may be read."""
        return either(self.data, both(self.code, _bit(self.descriptor, 9)))

    @property
    def conforming(self) -> Expr:
        """Whether this is a conforming code segment."""
        return both(self.code, _bit(self.descriptor, 10))

    @property
    def present(self) -> Expr:
        """Whether the segment is in memory."""
        return _bit(self.descriptor, 15)

    @property
    def visible(self) -> Expr:
        """Whether neither the CPL nor the RPL is less privileged than the descriptor."""
        return either(self.conforming, not_(either(ult(self.dpl, CPL), ult(self.dpl, self.rpl))))

    def refused(self, *allowed: Expr) -> Trap:
        """Return the trap that is made unless all of this is so."""
        return Trap(not_(both(*allowed)), Cause.PRIVILEGED, self.selector)

    def entered(self) -> Trap:
        """Return the trap of a far jump or call here: it may not change the ring."""
        same_ring = both(not_(ult(CPL, self.rpl)), eq(self.dpl, CPL))
        reachable = either(both(self.conforming, not_(ult(CPL, self.dpl))), both(not_(self.conforming), same_ring))
        return self.refused(not_(self.null), self.code, reachable, self.present)

    def returned(self) -> Trap:
        """Return the trap of a far return here: it may only go outwards, to ring 3 or the ring where it is."""
        fits = either(both(self.conforming, not_(ult(self.rpl, self.dpl))), eq(self.dpl, self.rpl))
        outwards = both(not_(ult(self.rpl, CPL)), either(eq(self.rpl, 0), eq(self.rpl, 3)))
        return self.refused(not_(self.null), self.code, outwards, fits, self.present)


def _tells(ok: Expr, value: Expr | None = None) -> Behaviour:
    """Return the behaviour that sets ZF to a truth and, if it holds, `ra` to a value."""
    flags = as_expr(FLAGS)
    zero = ite(ok, (flags - (flags & _ZF)) | _ZF, flags - (flags & _ZF))
    return Behaviour({FLAGS: zero}, [] if value is None else [Put(REGISTERS, A, value, when=ok)])


def undefined_unless(*numbers: int) -> Trap:
    """Return the trap of an immediate that names no register."""
    return Trap(not_(either(*(eq(imm, n) for n in numbers))), Cause.ILLEGAL, INSTRUCTION_WORD)


def stores_segment(*numbers: int) -> Behaviour:
    """Return the behaviour that gives `ra` the selector that the immediate names, of those allowed."""
    own_ring = {_CS: as_expr(CS), _SS: as_expr(SS)}
    value = ite(eq(imm, _DS), DS, FS)
    for number, selector in own_ring.items():
        value = ite(eq(imm, number), (selector - (selector & 3)) | CPL, value)
    return sets(A, value).trapping(undefined_unless(*numbers))


def loads_segment(*numbers: int) -> Behaviour:
    """Return the behaviour that loads the selector that the immediate names from `ra`, of those allowed."""
    to = Segment(ra)
    stack = both(not_(to.null), to.writable, eq(to.rpl, CPL), eq(to.dpl, CPL), to.present)
    data = either(to.null, both(to.readable, to.visible, to.present))
    writes = {s: ite(eq(imm, n), ra & 0xFFFF, s) for n, s in ((_SS, SS), (_DS, DS), (_FS, FS)) if n in numbers}
    checks = to.refused(either(both(eq(imm, _SS), stack), both(ne(imm, _SS), data)))
    return Behaviour(writes, traps=[undefined_unless(*numbers), checks])


_CALLED, _LEFT = Segment(rb), Segment(rb)
_GOES = {PC: ra, CS: rb & 0xFFFC}
_RETURNS = {**_GOES, MODE: ite(eq(_LEFT.rpl, 0), SUPERVISOR, USER)}
_POPS_FLAGS = load_flags(rc, interrupt=False)
_POPS_ALL = {**_POPS_FLAGS, IE: ite(eq(CPL, 0), lshr(rc, _IF) & 1, IE)}
_HERE = (as_expr(CS) - (as_expr(CS) & 3)) | CPL

PUSHF = Instruction(
    "pushf",
    "ra",
    0x40,
    "Store EFLAGS, the interrupt flag included.",
    sets(A, flags_image()),
    source=f"{SDM2}, PUSHF",
)
POPF = Instruction(
    "popf",
    "ra",
    0x41,
    "Load EFLAGS; outside ring 0 the interrupt flag stays as it is, and nobody is told.",
    Behaviour(load_flags(ra, interrupt=True)),
    Behaviour(load_flags(ra, interrupt=False)),
    source=f"{SDM2}, POPF, table on the effect of CPL and IOPL",
)
PUSH_SEG = Instruction(
    "push-seg",
    "ra, uimm",
    0x42,
    "Store a segment register: 1 CS, 2 SS, 3 DS, 4 FS. Those of code and stack show the ring.",
    stores_segment(_CS, _SS, _DS, _FS),
    source=f"{SDM2}, PUSH; {SDM3}, Segment Selectors (CPL in the low bits of CS and SS)",
)
POP_SEG = Instruction(
    "pop-seg",
    "ra, uimm",
    0x43,
    "Load a segment register but CS; its descriptor is checked against the ring.",
    loads_segment(_SS, _DS, _FS),
    source=f"{SDM2}, POP",
)
MOV_FROM_SEG = Instruction(
    "mov-from-seg",
    "ra, uimm",
    0x44,
    "Store a segment register: as `push-seg` does.",
    stores_segment(_CS, _SS, _DS, _FS),
    source=f"{SDM2}, MOV",
)
MOV_TO_SEG = Instruction(
    "mov-to-seg",
    "ra, uimm",
    0x45,
    "Load a segment register but CS: as `pop-seg` does.",
    loads_segment(_SS, _DS, _FS),
    source=f"{SDM2}, MOV",
)
LAR = Instruction(
    "lar",
    "ra, rb",
    0x46,
    "Load the access rights of the segment that selector `rb` names, if the ring may see it; ZF says whether.",
    _tells(
        both(not_(Segment(rb).null), _bit(Segment(rb).descriptor, 12), Segment(rb).visible),
        Segment(rb).descriptor & 0x00F0FF00,
    ),
    source=f"{SDM2}, LAR",
)
LSL = Instruction(
    "lsl",
    "ra, rb",
    0x47,
    "Load the limit of the segment that selector `rb` names, if the ring may see it; ZF says whether.",
    _tells(
        both(not_(Segment(rb).null), _bit(Segment(rb).descriptor, 12), Segment(rb).visible),
        lshr(Segment(rb).descriptor, 16) & 0xF,
    ),
    source=f"{SDM2}, LSL",
)
VERR = Instruction(
    "verr",
    "ra",
    0x48,
    "Say in ZF whether the segment that selector `ra` names can be read from this ring.",
    _tells(both(not_(Segment(ra).null), Segment(ra).readable, Segment(ra).visible)),
    source=f"{SDM2}, VERR/VERW",
)
VERW = Instruction(
    "verw",
    "ra",
    0x49,
    "Say in ZF whether the segment that selector `ra` names can be written from this ring.",
    _tells(both(not_(Segment(ra).null), Segment(ra).writable, Segment(ra).visible)),
    source=f"{SDM2}, VERR/VERW",
)
CALL_FAR = Instruction(
    "call-far",
    "ra, rb",
    0x4A,
    "Go to offset `ra` in code segment `rb`, which must be one of this ring, and leave the way back in them.",
    Behaviour(
        _GOES,
        [Put(REGISTERS, A, as_expr(PC) + 1), Put(REGISTERS, B, _HERE)],
        [_CALLED.entered()],
    ),
    source=f"{SDM2}, CALL; {SDM3}, Accessing Nonconforming Code Segments",
)
JMP_FAR = Instruction(
    "jmp-far",
    "ra, rb",
    0x4B,
    "Go to offset `ra` in code segment `rb`, which must be one of this ring.",
    Behaviour(_GOES, traps=[_CALLED.entered()]),
    source=f"{SDM2}, JMP; {SDM3}, Accessing Nonconforming Code Segments",
)
RET_FAR = Instruction(
    "ret-far",
    "ra, rb",
    0x4C,
    "Return to offset `ra` in code segment `rb`, in the ring that the selector asks for: outwards only.",
    Behaviour(_RETURNS, traps=[_LEFT.returned()]),
    source=f"{SDM2}, RET",
)
IRET = Instruction(
    "iret",
    "ra, rb, rc",
    0x4D,
    "Return as `ret-far` does and load EFLAGS from `rc`; outside ring 0 the interrupt flag stays as it is.",
    Behaviour({**_RETURNS, **_POPS_ALL}, traps=[_LEFT.returned()]),
    source=f"{SDM2}, IRET",
)

SEGMENTS = (
    PUSHF, POPF, PUSH_SEG, POP_SEG, MOV_FROM_SEG, MOV_TO_SEG, LAR, LSL, VERR, VERW, CALL_FAR, JMP_FAR, RET_FAR, IRET,
)  # fmt: skip
"""What any program may execute, and what shows, or obeys, the ring that it is in."""

PUSH_FS = evolve(PUSH_SEG, doc="Store a segment register; in 64-bit mode FS (4) alone.", does=stores_segment(_FS))
POP_FS = evolve(POP_SEG, doc="Load a segment register; in 64-bit mode FS (4) alone.", does=loads_segment(_FS))
"""PUSH and POP in 64-bit mode, where those of CS, SS, DS and ES are invalid opcodes."""
