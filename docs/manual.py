"""The ISA manual and the list of guests, written from the records that everything else is made of."""

import re
from collections.abc import Iterable, Iterator, Sequence

from notation import lines

from popek.engine.machine import LARGEST, MEMORY_SIZE, SMALLEST
from popek.guests import library
from popek.guests.guest import Guest
from popek.isa import control_block, cycle, encoding, hypercall, shipped
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.classic import CLASSIC, INNOCUOUS, SYSTEM
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.encoding import OPERANDS, Operand
from popek.isa.instruction import Instruction, InUser
from popek.isa.macros import PRELUDE
from popek.isa.slot import Array, Slot

GENERATED = "<!-- Written by `python docs/generate.py`; do not edit. -->"

CAUSES = {
    Cause.MEMORY: ("a virtual address is not legal, or a transfer does not fit in memory", "the address"),
    Cause.ILLEGAL: ("the word is no instruction's encoding", "the word"),
    Cause.PRIVILEGED: ("user mode, and the instruction traps there", "the instruction word"),
    Cause.SVC: ("a supervisor call", "its immediate"),
    Cause.ARITHMETIC: ("a division by zero", "0"),
    Cause.TIMER: ("the timer has run out (an interrupt)", "0"),
    Cause.DISK: ("a disk transfer is complete (an interrupt)", "0"),
}
"""When each happens, and its detail word."""

IN_USER = {
    InUser.TRAPS: "privilege trap",
    InUser.EXECUTES: "executes",
    InUser.IGNORED: "ignored (goes on to the next word, and does nothing else)",
}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Write a table in Markdown."""
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(re.sub(r"\s+", " ", str(cell)).replace("|", "\\|") for cell in row) + " |"
    yield ""


def prose(*paragraphs: str) -> Iterator[str]:
    """Write paragraphs, headings among them."""
    for paragraph in paragraphs:
        yield from (paragraph, "")


def code(text: Iterable[str]) -> Iterator[str]:
    """Write a block as it stands."""
    yield from ("```text", *text, "```", "")


def isa_manual() -> str:
    """Return the manual of `classic` and its variants."""
    parts = (
        _introduction(),
        _state(),
        _step(),
        _traps(),
        _encoding(),
        _assembly(),
        _hypercalls(),
        _root_mode(),
        _instructions(),
        _variants(),
    )
    return "\n".join(line for part in parts for line in part)


def _introduction() -> Iterator[str]:
    yield from prose(
        "# The machine and its instructions",
        GENERATED,
        "This page is written from the records that the interpreter runs and the prover reasons about, so it cannot "
        "say anything else than they do. A test fails when it is out of date.",
        f"Words have {encoding.WORD_BITS} bits. Physical memory has q words, {SMALLEST} to {LARGEST:,}, and "
        f"{MEMORY_SIZE:,} unless somebody says otherwise; it is addressed by the word. A *virtual* address is "
        f"translated by the {CLASSIC.translation.name} register R, in both modes and for every reference: "
        f"{CLASSIC.translation.doc} Where it is not legal, the instruction makes a memory trap.",
        "Notation: `mem[a]` is the word at a virtual address, `phys[a]` at a physical one; `legal(a)` says whether a "
        "virtual address may be referred to, and `real(a)` is its physical address. `ra`, `rb`, `rc` are the registers "
        "that the fields a, b, c name; `imm` is the immediate. Arithmetic is modulo 2^32. `<`, `/`, `%` and `>>` are "
        "unsigned; `<s` and `>>s` are signed. A shift by 32 or more shifts everything out. All writes happen at "
        "once, computed from the state before; if two of them name the same word, the later one stands. If a trap "
        "is made, nothing else happens.",
    )


def _size(array: Array) -> str:
    return "any index" if array.size is None else str(array.size)


def _part(part: Slot | Array) -> tuple[str, str, str]:
    return f"`{part}`", part.role.value, part.kind if part.role.value == "resource" else ""


def _state() -> Iterator[str]:
    yield from prose(
        "## State",
        "Program state is what a program is meant to see. A resource is what a control program must own; its kind "
        "names the sub-kind of sensitivity.",
    )
    rows = ((*_part(s), s.bits or encoding.WORD_BITS, s.reset, s.doc) for s in CLASSIC.slots)
    yield from table(("slot", "role", "kind", "bits", "at reset", "meaning"), rows)
    arrays = ((*_part(a), _size(a), "all ones" if a.default else 0, a.doc) for a in CLASSIC.arrays)
    yield from table(("array", "role", "kind", "elements", "at reset", "meaning"), arrays)
    yield from prose("Beyond its size an array reads as at reset, and a write vanishes.")


def _step() -> Iterator[str]:
    pending = ", then ".join(f"`{i.pending}`" for i in CLASSIC.cycle.interrupts)
    yield from prose(
        "## A step",
        "One step of the machine is either the entry of an interrupt or an attempt at one instruction.",
        f"1. If `ie` is 1 and an interrupt is pending ({pending}), it is no longer pending, and a trap with its cause "
        "is taken: nothing else happens in this step.",
        "2. Otherwise every running clock ticks, also if the attempt then traps:",
    )
    yield from code(lines(CLASSIC.tick))
    yield from prose(
        "3. The word at the virtual address `pc` is fetched (or a memory trap is made), decoded (or an illegal-opcode "
        "trap) and executed (or its own trap). What user mode makes of it is what it does when `mode` is not 0.",
        "A halted processor does not step.",
    )


def _names(prefix: str) -> list[tuple[int, str]]:
    named = {n: v for n, v in vars(cycle).items() if n.startswith(prefix)}
    return [(v, n.removeprefix(prefix).lower()) for n, v in sorted(named.items(), key=lambda item: item[1])]


def _traps() -> Iterator[str]:
    yield from prose(
        "## Traps",
        f"Physical words 0..{cycle.TRAP_WORDS - 1} belong to the trap mechanism. A trap stores the old PSW, cause, "
        "detail and timer, and loads the new PSW:",
    )
    rows = [(word, f"old {name}") for word, name in _names("OLD_")]
    rows += [(word, f"new {name}") for word, name in _names("NEW_")]
    yield from table(("word", "holds"), rows)
    yield from prose(
        "A status word has the mode in bit 0 and the interrupt enable in bit 1; its other bits are written as 0 and "
        "ignored when read. As writes, `cause` and `detail` being the trap's own and the stored `pc` the old one:",
    )
    yield from code(lines(CLASSIC.cycle.swap))
    places = ("the instruction's own", "the next word's")
    causes = ((int(c), c.name.lower(), CAUSES[c][0], CAUSES[c][1], places[c.old_pc]) for c in Cause)
    yield from table(("cause", "name", "when", "detail", "old pc"), causes)
    yield from prose(
        "For an interrupt, the old pc is that of the instruction that was about to be attempted. A *privilege trap* is "
        "a trap that is tagged as one, whatever its cause; in `classic` its cause is always `privileged`.",
    )


def _bits(operand: Operand) -> str:
    field = operand.field
    return f"{field.low + field.width - 1}..{field.low}"


def _meaning(operand: Operand) -> str:
    if operand.register:
        return f"a register, r0..r{(1 << operand.field.width) - 1}; sp is r14, lr is r15"
    span = operand.field.span
    if operand.relative:
        return f"an address, encoded as its distance from the instruction, {span.start}..{span.stop - 1}"
    return f"a number, {span.start}..{span.stop - 1}"


def _encoding() -> Iterator[str]:
    yield from prose("## Encoding", "", f"The opcode is in bits {encoding.WORD_BITS - 1}..{encoding.OPCODE_LOW}.")
    rows = ((f"`{o.token}`", _bits(o), o.field.name, _meaning(o)) for o in OPERANDS.values())
    yield from table(("operand", "bits", "field", "is"), rows)
    yield from prose(
        "Bits that an instruction does not use must be zero: a word that is no instruction's exact encoding is an "
        "illegal opcode, and so is the word 0. The operand syntaxes in use:",
    )
    syntaxes = dict.fromkeys(i.operands for i in sorted(CLASSIC.instructions, key=lambda i: i.opcode))
    used = (
        (f"`{s}`" if s else "none", ", ".join(f"`{i.name}`" for i in CLASSIC.instructions if i.operands == s))
        for s in syntaxes
    )
    yield from table(("operands", "instructions"), used)


def _assembly() -> Iterator[str]:
    yield from prose(
        "## Assembly",
        "A statement is `label: mnemonic operands ; comment`; `#` starts a comment as well. The first word goes to "
        "address 16, where the machine starts. Formulas have C's operators and 64 bits; `lo(x)` and `hi(x)` are the "
        "halves of a word for `ldi` and `ldih`, and `.` is the address of the statement. Directives: `.org`, `.word`, "
        "`.space`, `.ascii`, `.string` (one character a word, ended by 0), `.equ name, value`, `.macro` to `.endm`. "
        "These macros are there from the start:",
    )
    yield from code(PRELUDE.strip().splitlines())


def _hypercalls() -> Iterator[str]:
    yield from prose(
        "## Hypercalls",
        "A guest that is ported (`popek asm GUEST --isa ISA --port`) asks the monitor `paravirtual` for what is "
        "critical on its ISA. The hypercall for an instruction is the instruction's own word with bit 31 set: its "
        f"number, in bits 30..{encoding.OPCODE_LOW}, is the opcode, and operands and results are where the instruction "
        "has them. So no address changes. To every machine it is an illegal opcode, in both modes, so it always traps; "
        "it is no supervisor call. The monitor does what the instruction means in the current virtual mode, its traps "
        "included, with the instruction's word as their detail. It looks ahead before it gives the processor back: "
        "hypercalls that follow one another are one exit. An unknown number is in the guest what it is without a "
        "monitor: an illegal opcode.",
        f"Hypercall number 0 is the batch, `{hypercall.BATCH.operands}`: `ra` entries from virtual address `rb` on, of "
        f"{hypercall.ENTRY} words each.",
    )
    yield from table(
        ("word of an entry", "holds"),
        (
            (0, "a hypercall's word"),
            (1, "the value of its operand `ra`, or its result there"),
            (2, "the value of its operand `rb`, or its result there"),
            (3, "the value of its operand `rc`"),
        ),
    )
    refused = ", ".join(f"`{i}`" for i in CLASSIC.instructions if not hypercall.may_be_batched(i))
    yield from prose(
        "If an instruction names a register twice, the first word is meant. Each step of the virtual machine does one "
        "entry, with its tick: `ra` is one less afterwards, and `rb` is the next entry. At 0 entries the guest goes on "
        "behind the batch. An interrupt may come between two entries; the trap of an entry has the batch's pc, and "
        "`rb` says which entry it is. What goes elsewhere, changes mode, R or run state, or is returned from behind "
        f"the batch, is an illegal opcode in an entry: {refused}.",
    )


def _root_mode() -> Iterator[str]:
    guest = CLASSIC_VT.guest
    assert guest is not None
    always = ", ".join(f"`{n}`" for n in guest.exits)
    yield from prose(
        "## Root mode and guest mode",
        f"`{CLASSIC_VT.name}` has a guest mode. In it the processor works on copies of its own resources, and "
        "translates twice: by the guest's R, and then into the guest's memory, which is all that there is. The general "
        "registers are the real ones. A machine begins in root mode, where a program may enter guest mode with a "
        "control block in physical memory. The hardware reads the block on entry, and stores the copies and the "
        "reason on exit; what is written to it meanwhile does nothing. Leaving puts the block's address into the "
        "register that named it, and the guest's value of that register into the block.",
        f"{always} always leave, in whatever mode the guest believes to be, and so do the two instructions below; "
        "others, and traps of the guest's, if the block asks for it, before anything is done, but after the tick. A "
        "real interrupt that is pending leaves first of all, whatever the interrupt enable is, and stays pending. The "
        "real timer ticks on in guest mode. A virtual machine has no root mode: it is compared with a machine without "
        "it, on which both instructions are illegal.",
    )
    fields = (
        (f.offset if f.words == 1 else f"{f.offset}..{f.offset + f.words - 1}", f"`{f.name}`", f.doc)
        for f in control_block.layout(guest)
    )
    yield from table(("word", "name", "holds"), fields)
    for instruction in control_block.root_instructions(guest):
        yield from _one(instruction)


def _one(instruction: Instruction, level: str = "###") -> Iterator[str]:
    yield from prose(f"{level} `{f'{instruction.name} {instruction.operands}'.strip()}`")
    user = instruction.in_user
    in_user = IN_USER[user] if isinstance(user, InUser) else "a behaviour of its own"
    yield from prose(f"{instruction.doc} Opcode 0x{instruction.opcode:02X}; in user mode: {in_user}.")
    if instruction.does != Behaviour():
        yield from code(lines(instruction.does))
    if isinstance(instruction.in_user, Behaviour):
        yield from prose("In user mode:")
        yield from code(lines(instruction.in_user))


def _instructions() -> Iterator[str]:
    yield from prose(
        "## Instructions",
        "An instruction that does not write `pc` goes on: `pc := pc + 1`. Classes are not listed here, because they "
        "are derived and not declared: `popek classify classic` computes them.",
    )
    for title, group in (("General", INNOCUOUS), ("System", SYSTEM)):
        yield from prose(f"## {title} instructions")
        for instruction in group:
            yield from _one(instruction)


def _changes(isa: Isa) -> Iterator[Instruction]:
    return (i for i in isa.instructions if CLASSIC.by_name.get(i.name) != i)


def _variants() -> Iterator[str]:
    yield from prose(
        "## Textbook variants",
        "Each is `classic` with one instruction changed. What follows from it is computed: `popek verdict variants`.",
    )
    for isa in shipped.variants():
        yield from prose(f"### `{isa.name}`", "", f"**{isa.title}.** {isa.doc}")
        for instruction in _changes(isa):
            before = CLASSIC.by_name.get(instruction.name)
            if before is not None and before.with_user(instruction.in_user) == instruction:
                assert isinstance(instruction.in_user, InUser)
                yield from prose(f"`{instruction.name}` in user mode: {IN_USER[instruction.in_user]}.")
            else:
                yield from _one(instruction, "####")


def _result(guest: Guest) -> str:
    expected = guest.expected
    parts = [] if expected.outcome in (None, "halted") else [expected.outcome]
    parts += [] if expected.output is None else [f"prints `{expected.output!r}`"]
    parts += [f"r{n} = {value}" for n, value in expected.registers.items()]
    parts += [f"word {where} = {value}" for where, value in expected.words.items()]
    return ", ".join(parts)


def guest_list() -> str:
    """Return the list of the guests."""
    text = prose(
        "# Guest programs",
        GENERATED,
        "`popek run NAME` runs one; `popek guests NAME` shows its text. Each states in its header what it teaches and "
        "what is expected of it, and the tests hold it to that on the bare machine and under a monitor. A *probe* "
        "finds out that it is in a virtual machine if the ISA lets it: its result is the one on the bare machine. A "
        "*demo* takes what is its monitor's.",
        "`vmm:NAME` is the monitor `vmm` with that guest in its virtual machine, `vmm:NAME,NAME` with two, and "
        "`vmm:vmm:NAME` with itself, to any depth up to 16.",
    )
    guests = [library.find(n) for n in library.names()]
    rows = ((f"`{g.name}`", g.title, g.teaches, g.detects or g.demonstrates, _result(g)) for g in guests)
    return "\n".join((*text, *table(("guest", "title", "teaches", "on", "expected"), rows)))
