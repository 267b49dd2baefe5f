"""Laws of the disassembler: what it writes assembles to the same words again."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.disassembler import disassemble, disassemble_word
from popek.isa.encoding import Operand
from popek.isa.instruction import Instruction

EDGES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF8000, 0x01000000, 0x01000001, 0x40000000, 0x15008000)
WORDS = st.integers(0, (1 << 32) - 1) | st.sampled_from(EDGES)
NEAR_INSTRUCTIONS = st.builds(
    lambda i, rest: i.opcode << 24 | rest, st.sampled_from(CLASSIC.instructions), st.integers(0, (1 << 24) - 1)
)
PROGRAMS = st.dictionaries(
    st.integers(0, 60) | st.sampled_from([65535, (1 << 24) - 1]), WORDS | NEAR_INSTRUCTIONS, max_size=20
)

SOURCE = """
start:  li      sp, 0x4000
        li      r1, message
loop:   ld      r2, 0(r1)
        beq     r2, r0, done
        out     r2, 0
        inc     r1
        jmp     loop
done:   halt
message: .string "hello, world"
        .space  20
table:  .space  5, 0xdeadbeef
        .org    200
        .word   -1, start, table - message
        nop
"""


def again(word: int, address: int | None) -> int:
    """Disassemble a word, assemble the text at the same address, or elsewhere, and return the word."""
    text = disassemble_word(word, CLASSIC, address)
    at = 1234 if address is None else address
    return assemble(f".org {at}\n{text}", CLASSIC).words[at]


def edges(operand: Operand) -> list[int]:
    """Return the least, the largest and the middle values of an operand's field."""
    span = operand.field.span
    return sorted({span.start, span.start + 1, 0, 1, span.stop - 2, span.stop - 1})


@pytest.mark.parametrize("instruction", CLASSIC.instructions, ids=str)
def test_edges(instruction: Instruction) -> None:
    """Every instruction, with the edge values of each operand, survives the way to text and back."""
    lists = [edges(o) for o in instruction.format]
    for i in range(max(map(len, lists), default=1)):
        values = {
            o.field.name: v[(i + k) % len(v)] for k, (o, v) in enumerate(zip(instruction.format, lists, strict=True))
        }
        word = instruction.encode(values)
        assert disassemble_word(word, CLASSIC).split()[0] == instruction.name
        assert again(word, None) == again(word, 40_000) == again(word, 16) == word


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_values(data: st.DataObject) -> None:
    """Any instruction with any operands survives the way to text and back."""
    instruction = data.draw(st.sampled_from(CLASSIC.instructions))
    values = {o.field.name: data.draw(st.sampled_from(o.field.span)) for o in instruction.format}
    word = instruction.encode(values)
    assert again(word, data.draw(st.none() | st.integers(0, (1 << 24) - 1))) == word


@given(WORDS | NEAR_INSTRUCTIONS, st.none() | st.integers(0, (1 << 24) - 1))
@example(0x15008000, 0)
@example(0x15007FFF, (1 << 24) - 1)
@settings(max_examples=150, deadline=None)
def test_any_word(word: int, address: int | None) -> None:
    """Any word whatever survives the way to text and back, wherever it is."""
    assert again(word, address) == word


def test_illegal() -> None:
    """A word that is no instruction's exact encoding is written as a number, all digits."""
    assert disassemble_word(0, CLASSIC) == ".word 0x00000000"
    assert disassemble_word(0x01000001, CLASSIC) == ".word 0x01000001"


def test_target() -> None:
    """A target is an address if the instruction's own is known and it is in memory, else a distance."""
    back = CLASSIC["jal"].encode({"a": 1, "imm": -20})
    assert disassemble_word(back, CLASSIC) == "jal r1, .-20"
    assert disassemble_word(back, CLASSIC, 30) == "jal r1, 10"
    assert disassemble_word(back, CLASSIC, 10) == "jal r1, .-20"


@given(PROGRAMS)
@example({16: 0, 17: 0, 18: 0, 19: 0, 20: 0, 21: 5, 22: 5, 23: 5, 24: 5})
@example({})
@settings(max_examples=100, deadline=None)
def test_any_memory(table: dict[int, int]) -> None:
    """Any words at any addresses survive the way to text and back."""
    assert assemble(disassemble(table, CLASSIC), CLASSIC).words == table


def test_program() -> None:
    """A whole program survives the way to words, to text, and back to words."""
    program = assemble(SOURCE, CLASSIC)
    text = disassemble(program, CLASSIC)
    assert assemble(text, CLASSIC).words == program.words
    assert disassemble(assemble(text, CLASSIC), CLASSIC) == text
    assert ".space 21 " in text
    assert ".space 5, 0xdeadbeef" in text


def test_form() -> None:
    """A text has a line for each word, with its address and value in a comment."""
    assert disassemble({16: 0x01000000, 20: 7}, CLASSIC) == (
        "        .org 16\n"
        "        nop                         ;    16: 01000000\n"
        "        .org 20\n"
        "        .word 0x00000007            ;    20: 00000007\n"
    )
