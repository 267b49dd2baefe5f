"""Instructions: what user mode makes of them, derived from one record."""

from collections.abc import Callable

import pytest

from popek.isa.behaviour import Behaviour, Cause
from popek.isa.classic import CLASSIC
from popek.isa.expression import TRUE, as_expr
from popek.isa.instruction import (
    EXECUTES,
    IGNORED,
    INSTRUCTION_WORD,
    NOTHING,
    TRAPS,
    Instruction,
    InUser,
    imm,
    ra,
)
from popek.isa.slot import PC, SUPERVISOR, TIMER, USER

SET = Instruction("set", "ra", 0x70, "Set the timer.", Behaviour({TIMER: ra}))
NEXT = as_expr(PC) + 1


def test_supervisor_mode_does_what_the_record_says() -> None:
    """The behaviour, going on to the next word, whatever user mode makes of it."""
    for in_user in InUser:
        assert SET.with_user(in_user).supervisor == Behaviour({TIMER: ra, PC: NEXT})


def test_a_text_is_no_behaviour_and_the_error_names_what_is_meant() -> None:
    """Files and flags say it in words; in Python it has a name, that a checker of types knows."""
    with pytest.raises(TypeError, match=r"or popek\.EXECUTES, not the text 'executes'"):
        CLASSIC.vary("x", jsu="executes")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"or popek\.TRAPS or popek\.EXECUTES or popek\.IGNORED, not"):
        CLASSIC.vary("x", jsu="trap")  # type: ignore[arg-type]


def test_executes_is_the_default_and_the_same_in_both_modes() -> None:
    """An instruction of which nothing is said is not privileged."""
    assert SET.in_user is EXECUTES
    assert SET.user == SET.supervisor == SET.behaviour(USER) == SET.behaviour(SUPERVISOR)


def test_ignored_is_a_silent_no_op() -> None:
    """Only the pc goes on."""
    assert SET.with_user(IGNORED).user == NOTHING == Behaviour({PC: NEXT})


def test_traps_is_a_privilege_trap_before_anything_else() -> None:
    """The trap always holds, is tagged, tells the instruction word, and comes before the instruction's own."""
    first, *others = CLASSIC["divu"].with_user(TRAPS).user.traps
    assert (first.when, first.cause, first.detail, first.privilege) == (TRUE, Cause.PRIVILEGED, INSTRUCTION_WORD, True)
    assert [t.cause for t in others] == [Cause.ARITHMETIC]
    assert not any(t.privilege for t in CLASSIC["divu"].with_user(TRAPS).supervisor.traps)


def test_user_mode_may_have_a_behaviour_of_its_own() -> None:
    """It advances like any other, and supervisor mode does not know of it."""
    own = SET.with_user(Behaviour({TIMER: 0}))
    assert own.user == Behaviour({TIMER: 0, PC: NEXT})
    assert own.supervisor == SET.supervisor
    assert own.behaviour(USER) is own.user


@pytest.mark.parametrize(
    "callback", [lambda state: state, print, "traps", None], ids=("lambda", "function", "text", "nothing")
)
def test_what_is_no_data_is_refused(callback: Callable[..., object]) -> None:
    """A Python callback could not be proved, and is refused where it is given."""
    with pytest.raises(TypeError, match="a Behaviour was expected"):
        Instruction("bad", "", 1, "Bad.", callback)
    with pytest.raises(TypeError, match="a Behaviour was expected"):
        SET.with_user(callback)  # type: ignore[arg-type]


def test_the_format_is_read_off_the_syntax() -> None:
    """Operands in the order in which they are written; encoding and extraction go by field."""
    instruction = Instruction("x", "ra, imm(rb)", 0x71, "X.", Behaviour({TIMER: imm}))
    assert [o.token for o in instruction.format] == ["ra", "imm", "rb"]
    word = instruction.encode({"a": 1, "b": 2, "imm": -3})
    assert word == 0x7112FFFD
    assert instruction.extract(word) == {"a": 1, "b": 2, "imm": -3}
    assert str(instruction) == "x"
