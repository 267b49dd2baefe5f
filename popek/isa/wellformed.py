"""What may be wrong with an ISA that somebody has declared, told in a sentence each; what is refused here is no ISA.

An encoding that no word has, state that could be taken for other state, a behaviour that uses what nobody declares:
none of it could be run, and of some of it something wrong could be proved.
"""

import re
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from popek.errors import PopekError, Problem, nearest
from popek.isa.behaviour import Behaviour
from popek.isa.encoding import OPCODE_LOW, WORD_BITS
from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, BOUND, MODE, Role, Slot
from popek.language.phrase import say

if TYPE_CHECKING:
    from popek.isa.architecture import GuestMode, Isa

_MNEMONIC = re.compile(r"[A-Za-z_.][^\s,:;#\"'()=\\]*")
"""What the assembler can read as one."""

_OPCODES = range(1 << (WORD_BITS - OPCODE_LOW))
_OF_TRAPS = frozenset(("pc", "cause", "detail"))
"""The operands of a machine's trap."""


def check(isa: "Isa") -> None:
    """Raise `PopekError` unless an ISA means one thing, and everything in it can happen."""
    for what in ("name", "opcode"):
        values = [getattr(i, what) for i in isa.instructions]
        double = ", ".join(sorted({str(v) for v in values if values.count(v) > 1}))
        if double:
            raise PopekError(
                say("ISA {isa}: two instructions have the {what} {double}", isa=isa.name, what=what, double=double)
            )
    _check_names(isa)
    _check_slots(isa)
    for instruction in isa.instructions:
        _check_encoding(isa, instruction)
        _check_state(isa, instruction)
    _check_operands(isa, "trap", isa.cycle.swap, _OF_TRAPS)
    if isa.guest is not None:
        _check_guest(isa, isa.guest)


def _check_names(isa: "Isa") -> None:
    """Refuse state that could be taken for other state."""
    names = [*(s.name for s in isa.slots), *(a.name for a in isa.arrays)]
    for name in names:
        if not name.isidentifier() or not name.isascii():
            message = say("ISA {isa}: `{name}` cannot be the name of a slot or an array", isa=isa.name, name=name)
            raise PopekError(Problem(message, hint=say("take letters, digits and `_`, a letter first")))
        if names.count(name) > 1:
            raise PopekError(say("ISA {isa}: two slots or arrays are called `{name}`", isa=isa.name, name=name))


def _check_slots(isa: "Isa") -> None:
    """Refuse a slot of no width, or that begins with more than it holds, and one that is used and not declared."""
    for slot in isa.slots:
        if slot.bits is not None:
            _check_width(isa, slot, slot.bits)
        if slot.clock is not None and slot.clock not in isa.slots:
            raise _undeclared(isa, slot.clock, say("`{s}` sets when it runs out", s=slot))
    for interrupt in isa.cycle.interrupts:
        if interrupt.pending not in isa.slots:
            why = say("asks for the {cause} interrupt", cause=interrupt.cause.name.lower())
            raise _undeclared(isa, interrupt.pending, why)
    for array in isa.arrays:
        if array.size == "q" and array.role is Role.PROGRAM:
            message = say(
                "ISA {isa}: `{array}` is program state, and as large as physical memory", isa=isa.name, array=array
            )
            hint = say("a virtual machine has less memory: give a number, or make it a resource")
            raise PopekError(Problem(message, hint=hint))


def _check_width(isa: "Isa", slot: Slot, bits: int) -> None:
    if bits not in range(1, WORD_BITS):
        message = say("ISA {isa}: `{slot}` has {bits} bits", isa=isa.name, slot=slot, bits=bits)
        hint = say("1 to {most}; one that is a whole word has no `bits`", most=WORD_BITS - 1)
        raise PopekError(Problem(message, hint=hint))
    if not (isinstance(slot.reset, int) and 0 <= slot.reset < 1 << bits):
        message = say(
            "ISA {isa}: `{slot}` has {bits} bits, and is {reset} at reset",
            isa=isa.name,
            slot=slot,
            bits=bits,
            reset=slot.reset,
        )
        raise PopekError(message)


def _undeclared(isa: "Isa", slot: Slot, why: str) -> PopekError:
    message = say("ISA {isa}: `{slot}`, which {why}, is not declared", isa=isa.name, slot=slot, why=why)
    return PopekError(Problem(message, hint=say("add it to the ISA's slots")))


def _check_encoding(isa: "Isa", instruction: Instruction) -> None:
    """Refuse an instruction that no word is (of what never runs everything holds), and one that nobody can write."""
    if instruction.opcode not in _OPCODES:
        message = say(
            "ISA {isa}: `{instruction}` has the opcode {opcode}, which no word has",
            isa=isa.name,
            instruction=instruction,
            opcode=instruction.opcode,
        )
        raise PopekError(Problem(message, hint=say("opcodes are 0 to {most}", most=_OPCODES.stop - 1)))
    if not _MNEMONIC.fullmatch(instruction.name):
        message = say(
            "ISA {isa}: `{instruction}` cannot be the name of an instruction", isa=isa.name, instruction=instruction
        )
        hint = say("a letter first, and none of the signs that the assembler has a use for")
        raise PopekError(Problem(message, hint=hint))


def _check_state(isa: "Isa", instruction: Instruction) -> None:
    """Refuse a behaviour that uses state, or operands, which there are not."""
    declared = {*isa.slots, *isa.arrays}
    operands = {"word", *(o.field.name for o in instruction.format)}
    for behaviour in (instruction.supervisor, instruction.user):
        used = behaviour.reads | behaviour.writes.keys() | {getattr(e, "array", None) for e in behaviour.effects}
        strange = sorted(str(s) for s in used - declared - {None})
        if strange:
            message = say(
                "ISA {isa}: `{instruction}` uses {strange}, which the ISA does not declare",
                isa=isa.name,
                instruction=instruction,
                strange=", ".join(strange),
            )
            raise PopekError(Problem(message, hint=say("add it to the ISA's slots or arrays")))
        _check_operands(isa, instruction.name, behaviour, operands)


def _check_operands(isa: "Isa", name: str, behaviour: Behaviour, operands: AbstractSet[str]) -> None:
    strange = sorted(behaviour.operands - operands)
    if strange:
        message = say(
            "ISA {isa}: `{name}` uses the operand `{strange}`, which it does not have",
            isa=isa.name,
            name=name,
            strange=strange[0],
        )
        raise PopekError(Problem(message, hint=say("it has: {operands}", operands=", ".join(sorted(operands)))))


def _check_guest(isa: "Isa", guest: "GuestMode") -> None:
    names = [s.name for s in isa.slots]
    for slot in (*guest.copies, MODE, BASE, BOUND):
        if slot not in isa.slots:
            message = say(
                "ISA {isa}: guest mode copies `{slot}`, which the ISA does not declare", isa=isa.name, slot=slot
            )
            raise PopekError(Problem(message, hint=nearest(slot.name, names)))
        if slot not in guest.copies:
            message = say("ISA {isa}: guest mode has no copy of `{slot}`", isa=isa.name, slot=slot)
            raise PopekError(Problem(message, hint=say("of mode and R it must have one")))
    strange = [n for n in guest.exits if n not in isa.by_name]
    if strange:
        message = say(
            "ISA {isa}: `{strange}` leaves guest mode, and is no instruction", isa=isa.name, strange=strange[0]
        )
        raise PopekError(Problem(message, hint=nearest(strange[0], isa.by_name)))
