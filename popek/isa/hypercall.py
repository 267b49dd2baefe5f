"""Hypercalls: how a ported guest asks its monitor to do an instruction's work.

The hypercall for an instruction is the instruction's own word with bit 31 set. So its number, bits 30..24, is the
instruction's opcode, and operands and results are where the instruction has them; a guest is ported word for word, and
no address in it moves. No instruction has an opcode of 0x80 or more, so that a hypercall is an illegal opcode to the
real machine, in both modes, and no supervisor call: it always traps into the monitor.

Hypercall number 0 is the batch: `ra` entries from virtual address `rb` on, of four words each. An entry has a
hypercall's word and then the values of its operands ra, rb and rc, where results are put as well. It may ask for
whatever goes on to the next word and changes neither mode nor R. One entry is done in each step of the virtual machine;
`ra` then is one less, and `rb` four more. So an interrupt may come between two of them, and a trap, which an entry
makes as its instruction would, finds in `rb` whose it is. At 0 entries the guest goes on behind the batch.

A word with bit 31 set that is no such word is what it is on a machine without a monitor: an illegal opcode.
"""

from popek.errors import PopekError, Problem
from popek.isa.architecture import Decoded, Isa
from popek.isa.behaviour import Behaviour
from popek.isa.encoding import OPCODE_LOW, encode
from popek.isa.expression import as_expr
from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, BOUND, MODE, PC, RUN
from popek.language.phrase import Phrase, say

HYPERCALL = 1 << 31
"""The bit that makes an instruction's word a hypercall's."""

BATCH = Instruction("batch", "ra, rb", HYPERCALL >> OPCODE_LOW, "Do a list of hypercalls.", Behaviour())
"""Hypercall number 0. What it does is no behaviour but a loop over a list; monitors know it (`vmm/hypercall.py`)."""

ENTRY = 4
"""Words of an entry: the hypercall, and the values of ra, rb and rc."""

_NOT_IN_A_BATCH = (MODE, BASE, BOUND, RUN)


def hypercall(word: int) -> int:
    """Return the hypercall that stands for an instruction word."""
    return word | HYPERCALL


def meant(isa: Isa, word: int) -> Decoded | None:
    """Return the instruction that a hypercall's word stands for; nothing if the word is no such hypercall."""
    return isa.decode(word & ~HYPERCALL) if word & HYPERCALL else None


def batch(count: int, where: int) -> int:
    """Return the word of the batch whose operands are these registers."""
    return encode(BATCH.opcode, BATCH.operands, {"a": count, "b": where})


def as_batch(word: int) -> dict[str, int] | None:
    """Return the operands of the batch, if the word is one."""
    return BATCH.extract(word) if word >> OPCODE_LOW == BATCH.opcode else None


def may_be_batched(instruction: Instruction) -> bool:
    """Say whether an instruction goes on to the next word and leaves mode, R and run state alone, in either mode.

    Nor may it make a trap from which a program returns behind it: the rest of the batch would be forgotten.
    """
    behaviours = instruction.supervisor, instruction.user
    return all(
        b.writes[PC] == as_expr(PC) + 1
        and b.writes.keys().isdisjoint(_NOT_IN_A_BATCH)
        and not any(t.cause.old_pc for t in b.traps)
        for b in behaviours
    )


def no_room(isa: Isa) -> Phrase | None:
    """Return why an ISA leaves no room for hypercalls; nothing if it does."""
    taken = [i for i in isa.instructions if i.opcode >= BATCH.opcode or i.opcode == 0]
    if not taken:
        return None
    return say(
        "`{taken}` of {isa} has opcode 0x{opcode:02X}, and leaves no room for hypercalls",
        taken=taken[0],
        isa=isa.name,
        opcode=taken[0].opcode,
    )


def check(isa: Isa) -> None:
    """Raise `PopekError` if an ISA leaves no room for hypercalls."""
    what = no_room(isa)
    if what is not None:
        raise PopekError(Problem(what, hint=say("opcodes from 0x01 to 0x7F leave bit 31 of the word to them")))
