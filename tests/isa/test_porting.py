"""Porting: what the assembler knows to be code, word for word."""

import pytest

from popek.errors import PopekError
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.hypercall import hypercall
from popek.isa.instruction import EXECUTES, Instruction
from popek.isa.porting import port, port_program

TEXT = """
        getmode r1
        .word   0x45200000              ; getmode r2, says the machine; a number, says the text
twice:  twice_it r3
        halt
.macro  twice_it ra
        getmode \\ra
        getmode \\ra
.endm
"""


def test_code_is_ported_and_data_is_listed() -> None:
    """Instructions become hypercalls where they stand, macros' included; a word that only looks like one is left."""
    program = assemble(TEXT, CLASSIC)
    ported, done = port_program(program, CLASSIC, {"getmode"})
    assert [c.address for c in done.changed] == [16, 18, 19]
    assert [(c.address, c.instruction) for c in done.left] == [(17, "getmode")]
    assert {a: w for a, w in ported.words.items() if w != program.words[a]} == {
        c.address: hypercall(program.words[c.address]) for c in done.changed
    }
    assert (ported.symbols, ported.lines, ported.code) == (program.symbols, program.lines, program.code)


def test_without_knowledge_of_code_whatever_looks_like_it_is_ported() -> None:
    """Words alone do not say what they are."""
    done = port(assemble(TEXT, CLASSIC).words, CLASSIC, {"getmode"})
    assert [c.address for c in done.changed] == [16, 17, 18, 19]
    assert not done.left


def test_a_ported_word_stands_for_the_one_that_was_there() -> None:
    """There, and for that word alone."""
    done = port({16: 0x45100000, 17: 0x45100000}, CLASSIC, {"getmode"}, {16})
    assert done.stands_for(16, 0x45100000, 0xC5100000)
    assert not done.stands_for(16, 0x45200000, 0xC5100000)
    assert not done.stands_for(17, 0x45100000, 0xC5100000)


def test_an_isa_without_room_for_hypercalls_is_refused() -> None:
    """The instruction that is in the way is named."""
    odd = Instruction("odd", "", 0xC5, "In the way.", CLASSIC["nop"].does, EXECUTES)
    with pytest.raises(PopekError, match="`odd` of crowded has opcode 0xC5"):
        port({}, CLASSIC.vary("crowded", odd=odd), ())
