"""Encoding: one table of operands, read in both directions."""

from random import Random

import pytest

from popek.isa.classic import CLASSIC
from popek.isa.encoding import OPERANDS, SIGNED, UNSIGNED, Field, encode, extract, operands, tokens
from popek.isa.instruction import Instruction

SYNTAXES = sorted({i.operands for i in CLASSIC.instructions})


def values_of(syntax: str, pick: int) -> dict[str, int]:
    """Return values for all fields: the least, the greatest or one in between."""
    spans = {o.field.name: o.field.span for o in operands(syntax)}
    return {n: (s[0], s[-1], s[len(s) // 3])[pick] for n, s in spans.items()}


@pytest.mark.parametrize("syntax", SYNTAXES, ids=repr)
@pytest.mark.parametrize("pick", [0, 1, 2], ids=["least", "greatest", "between"])
def test_what_is_encoded_is_extracted(syntax: str, pick: int) -> None:
    """The values that went in come out, signs included, beside the opcode."""
    values = values_of(syntax, pick)
    word = encode(0xA5, syntax, values)
    assert word >> 24 == 0xA5
    assert extract(syntax, word) == values


@pytest.mark.parametrize("syntax", SYNTAXES, ids=repr)
def test_a_bit_that_is_not_used_must_be_zero(syntax: str) -> None:
    """Each of the 24 bits below the opcode is in a field, or makes the word no encoding at all."""
    used = sum(o.field.mask for o in operands(syntax))
    for bit in range(24):
        assert (extract(syntax, 1 << bit) is not None) == bool(used >> bit & 1)


@pytest.mark.parametrize("instruction", CLASSIC.instructions, ids=str)
def test_what_decodes_encodes_to_the_same_word(instruction: Instruction) -> None:
    """Decoding is exact: whatever decodes is the one encoding of what it decodes to."""
    random = Random(instruction.name)  # noqa: S311
    decoded = 0
    for _ in range(300):
        word = instruction.opcode << 24 | random.getrandbits(24) & random.choice(
            (0xFFFFFF, 0xFFFF00, 0xFF0000, 0xF000, 0)
        )
        found = CLASSIC.decode(word)
        if found is not None:
            decoded += 1
            assert found.instruction is instruction
            assert instruction.encode(found.values) == found.word == word
    assert decoded


@pytest.mark.parametrize("value", [-0x8001, 0x8000])
def test_a_value_that_does_not_fit_is_our_own_mistake(value: int) -> None:
    """The assembler checks what users write; a value that gets here and does not fit ends the run."""
    with pytest.raises(AssertionError, match="does not fit"):
        SIGNED.insert(value)
    with pytest.raises(AssertionError, match="does not fit"):
        UNSIGNED.insert(-1)


@pytest.mark.parametrize("field", [o.field for o in OPERANDS.values()], ids=list(OPERANDS))
def test_a_field_holds_exactly_its_span(field: Field) -> None:
    """As many values as its bits can tell apart, and each is kept."""
    assert len(field.span) == 1 << field.width
    for value in (*field.span[:3], *field.span[-3:]):
        assert field.extract(field.insert(value)) == value
        assert field.insert(value) & ~field.mask == 0


@pytest.mark.parametrize("syntax", ["rc, imm", "imm, uimm", "ra, ra"])
def test_operands_that_share_bits_are_refused(syntax: str) -> None:
    """An instruction cannot have both a third register and an immediate."""
    with pytest.raises(AssertionError, match="overlap"):
        operands(syntax)


def test_a_syntax_splits_into_operands_and_punctuation() -> None:
    """Parentheses and commas stand for themselves; anything else is our own mistake."""
    assert tokens("ra, imm(rb)") == ("ra", ",", "imm", "(", "rb", ")")
    assert tokens("") == ()
    with pytest.raises(AssertionError, match="operand syntax"):
        tokens("ra; rb")
