"""Hypercalls: a bit in the instruction's word, an illegal opcode to every machine."""

import pytest
from attrs import evolve

from popek.errors import PopekError
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.hypercall import BATCH, as_batch, batch, check, hypercall, may_be_batched, meant
from popek.isa.instruction import Instruction

ISAS = [isa for n in shipped.names() if (isa := shipped.find(n))]


def any_word(instruction: Instruction) -> int:
    """Return an encoding of an instruction."""
    return instruction.encode({o.field.name: n for n, o in enumerate(instruction.format, start=1)})


@pytest.mark.parametrize("isa", ISAS, ids=lambda i: i.name)
def test_every_instruction_has_a_hypercall_that_is_an_illegal_opcode(isa: Isa) -> None:
    """On every shipped ISA the word means the instruction to a monitor, and nothing to the machine."""
    check(isa)
    for instruction in isa.instructions:
        word = any_word(instruction)
        found, decoded = meant(isa, hypercall(word)), isa.decode(word)
        assert found is not None
        assert decoded is not None
        assert (found.instruction, found.values, found.word) == (instruction, decoded.values, word)
        assert isa.decode(hypercall(word)) is None
        assert meant(isa, word) is None


def test_an_unknown_number_means_nothing() -> None:
    """Nor does a known one with bits that its instruction does not use."""
    assert meant(CLASSIC, hypercall(0x7F << 24)) is None
    assert meant(CLASSIC, hypercall(any_word(CLASSIC["halt"]) | 1)) is None


def test_the_batch_is_number_zero() -> None:
    """It has two operands, and is no instruction's hypercall."""
    assert as_batch(batch(3, 2)) == {"a": 3, "b": 2}
    assert meant(CLASSIC, batch(3, 2)) is None
    assert as_batch(hypercall(any_word(CLASSIC["out"]))) is None
    assert as_batch(batch(3, 2) | 1) is None


def test_what_goes_elsewhere_or_changes_the_list_is_not_batched() -> None:
    """No jump, no change of mode, R or run state, and no trap that is returned from behind the batch."""
    refused = {i.name for i in CLASSIC.instructions if not may_be_batched(i)}
    jumps = {"beq", "bne", "blt", "bltu", "jal", "jalr"}
    assert refused == jumps | {"svc", "halt", "lpsw", "setr", "jsu"}


def test_an_isa_that_leaves_no_room_is_refused() -> None:
    """Its opcodes take the bit, or the number of the batch."""
    for opcode in (BATCH.opcode, 0xFF, 0):
        crowded = CLASSIC.vary("crowded", nop=evolve(CLASSIC["nop"], opcode=opcode))
        with pytest.raises(PopekError, match="`nop` of crowded has opcode"):
            check(crowded)
