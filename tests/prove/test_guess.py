"""What is guessed before the solver is asked."""

import pytest

from popek.library import naming
from popek.prove.guess import KINDS, Guess, kinds
from popek.prove.symbolic import StateSpace, any_state


@pytest.mark.parametrize("name", ["classic", "s370", "vax", "m68000", "x86", "armv7"])
def test_a_guess_is_a_state_that_the_question_is_about(name: str) -> None:
    """Slots hold what fits in them, and the operands are ones that can be encoded."""
    isa = naming.isa(name)
    space = StateSpace(isa.slots, isa.arrays, isa.translation)
    for instruction in isa.instructions:
        state = any_state(space, instruction)
        for kind in (*KINDS, *kinds(instruction)):
            for mode in (0, 1):
                guess = Guess(state, state, mode, kind, other=mode == 1)
                given = guess.operands()
                for operand in instruction.format:
                    span = operand.field.span
                    assert (given[operand.field.name] - span.start) % (1 << 32) < len(span), (instruction, kind)
                assert all(0 <= value < 1 << (slot.bits or 32) for slot, value in guess.slots.items())


def test_what_an_instruction_compares_its_immediate_with_is_guessed() -> None:
    """So an instruction that picks a register by number is seen to write one, without the solver."""
    tried = {kind.immediate for kind in kinds(naming.isa("vax")["mtpr"])}
    assert {8, 9, 16, 17, 18, 25, 35} <= tried
