"""Encoding: one table of operands, read in both directions.

A word is an 8-bit opcode, three 4-bit register fields a, b and c, and a 16-bit immediate that overlaps c:

    31      24 23  20 19  16 15  12 11           0
    | opcode  |  a   |  b   |  c   |             |
    | opcode  |  a   |  b   |      imm           |

Bits that an instruction does not use must be zero; a word that is no instruction's exact encoding is an illegal
opcode. So decoding is total, and what is disassembled assembles to the same word.
"""

import re
from collections.abc import Mapping
from functools import cache

from attrs import frozen

WORD_BITS = 32
WORD_MASK = (1 << WORD_BITS) - 1
OPCODE_LOW = 24


@frozen
class Field:
    """Some bits of an instruction word: `width` bits from bit `low` up, read as signed or not."""

    name: str
    low: int
    width: int
    signed: bool = False

    @property
    def mask(self) -> int:
        """The bits of the word that belong to the field."""
        return ((1 << self.width) - 1) << self.low

    @property
    def span(self) -> range:
        """The values that fit."""
        half = 1 << (self.width - 1)
        return range(-half, half) if self.signed else range(2 * half)

    def insert(self, value: int) -> int:
        """Return the field's bits for a value within `span`."""
        assert value in self.span, f"{value} does not fit in field {self.name}"
        return (value << self.low) & self.mask

    def extract(self, word: int) -> int:
        """Return the field's value, negative if it is signed and its top bit is set."""
        raw = (word & self.mask) >> self.low
        return raw - (1 << self.width) if self.signed and raw >> (self.width - 1) else raw


A, B, C = Field("a", 20, 4), Field("b", 16, 4), Field("c", 12, 4)
SIGNED, UNSIGNED = Field("imm", 0, 16, signed=True), Field("imm", 0, 16)


@frozen
class Operand:
    """One operand as it is written: the field it is in, and whether it names a register or an address.

    A `relative` operand is written as an address and encoded as its distance from the instruction.
    """

    token: str
    field: Field
    register: bool = False
    relative: bool = False


OPERANDS: dict[str, Operand] = {
    o.token: o
    for o in (
        Operand("ra", A, register=True),
        Operand("rb", B, register=True),
        Operand("rc", C, register=True),
        Operand("imm", SIGNED),
        Operand("uimm", UNSIGNED),
        Operand("target", SIGNED, relative=True),
    )
}
"""What an instruction's operand syntax may name. Punctuation in the syntax, `,` `(` `)`, stands for itself."""

_TOKEN = re.compile(r"\s*([a-z]+|[(),])")


def tokens(syntax: str) -> tuple[str, ...]:
    """Split an operand syntax such as `ra, imm(rb)` into operands and punctuation."""
    found = tuple(_TOKEN.findall(syntax))
    assert "".join(found) == syntax.replace(" ", ""), f"operand syntax {syntax!r}"
    return found


@cache
def operands(syntax: str) -> tuple[Operand, ...]:
    """Return the operands of a syntax, in the order in which they are written."""
    found = tuple(OPERANDS[t] for t in tokens(syntax) if t not in "(),")
    used = 0
    for operand in found:
        assert not used & operand.field.mask, f"the operands of {syntax!r} overlap"
        used |= operand.field.mask
    return found


def encode(opcode: int, syntax: str, values: Mapping[str, int]) -> int:
    """Return the word for an opcode and the value of each field, by field name."""
    word = opcode << OPCODE_LOW
    for operand in operands(syntax):
        word |= operand.field.insert(values[operand.field.name])
    return word


def extract(syntax: str, word: int) -> dict[str, int] | None:
    """Return the value of each field by name, or nothing if a bit is set that the syntax does not use."""
    used = 0xFF << OPCODE_LOW
    for operand in operands(syntax):
        used |= operand.field.mask
    if word & ~used & WORD_MASK:
        return None
    return {o.field.name: o.field.extract(word) for o in operands(syntax)}
