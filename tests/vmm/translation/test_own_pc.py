"""What is a branch, and what a copy does, is read off the behaviour alone."""

import pytest

from popek.engine.compiled import closure
from popek.engine.state import State
from popek.isa.behaviour import Behaviour, Cause, Put, Trap
from popek.isa.classic import CLASSIC
from popek.isa.expression import TRUE, Op, as_expr, eq, ite, load, subtrees
from popek.isa.instruction import imm, ra, rb
from popek.isa.shipped import every
from popek.isa.slot import BASE, BOUND, IE, MODE, PC, REGISTERS
from popek.vmm.translation.own_pc import OWN_PC, copied


def exits(name: str) -> tuple[int, int]:
    """Return how many exits an instruction of `classic` has that are settled, and that are computed."""
    found = copied(CLASSIC[name].user).exits
    settled = sum(e.settled for e in found)
    return settled, len(found) - settled


def test_what_does_not_write_the_pc_falls_through() -> None:
    """Arithmetic and stores go on; what they do is what they did."""
    for name in ("add", "ld", "st", "nop", "divu"):
        meaning = copied(CLASSIC[name].user)
        assert meaning.falls
        assert PC not in meaning.behaviour.writes
        assert meaning.behaviour.effects == CLASSIC[name].user.effects


@pytest.mark.parametrize(("name", "expected"), [("beq", (2, 0)), ("bltu", (2, 0)), ("jal", (1, 0)), ("jalr", (0, 1))])
def test_exits_are_what_is_written_to_the_pc(name: str, expected: tuple[int, int]) -> None:
    """A branch has two exits that are known when it is translated, a jump one, a computed jump one that is not."""
    assert exits(name) == expected
    assert not copied(CLASSIC[name].user).falls


def test_a_choice_between_the_same_target_is_one_exit() -> None:
    """Exits are counted by target."""
    nested = ite(eq(ra, 0), as_expr(PC) + imm, ite(eq(rb, 0), rb, as_expr(PC) + imm))
    meaning = copied(Behaviour({PC: nested}))
    assert [e.settled for e in meaning.exits] == [True, False]


def test_the_exit_taken_is_where_the_instruction_goes() -> None:
    """For each side of a branch, the number of the exit and its target are those of the bare machine."""
    meaning = copied(CLASSIC["blt"].user)
    state = State(CLASSIC, 64)
    state.set_slot(PC, 7)
    for a, b, goes_to in ((1, 2, 35), (2, 1, 41), (0xFFFF_FFFF, 0, 35)):
        state.put(REGISTERS, 1, a)
        state.put(REGISTERS, 2, b)
        values = {"a": 1, "b": 2, "imm": -5, "word": 0, "own.pc": 40}
        taken = closure(meaning.taken)(state, values)
        assert closure(meaning.exits[taken].target)(state, values) == goes_to


def test_no_copy_mentions_the_pc() -> None:
    """In no shipped ISA does a copy read or write the real pc; where it wants the guest's, that is an operand."""
    for isa in every():
        for instruction in isa.instructions:
            for behaviour in (instruction.supervisor, instruction.user):
                meaning = copied(behaviour)
                assert PC not in meaning.behaviour.reads | meaning.behaviour.writes.keys()
                targets = [e for x in (meaning.taken, *(w.target for w in meaning.exits)) for e in subtrees(x)]
                assert as_expr(PC) not in targets


def test_its_own_pc_is_an_operand_in_traps_and_effects() -> None:
    """Details of traps and what is left in registers are the guest's."""
    behaviour = Behaviour({}, [Put(REGISTERS, 1, as_expr(PC) + 1)], [Trap(eq(PC, 3), Cause.ARITHMETIC, as_expr(PC))])
    meaning = copied(behaviour.advancing())
    (put,) = meaning.behaviour.effects
    assert isinstance(put, Put)
    assert put.value is OWN_PC + 1
    assert meaning.behaviour.traps == (Trap(eq(OWN_PC, 3), Cause.ARITHMETIC, OWN_PC),)


def test_the_memory_trap_of_a_computed_target_stays() -> None:
    """A jump through memory faults where its target cannot be read, though the target is no longer written."""
    behaviour = Behaviour({PC: load(rb), IE: 1}, (), [Trap(eq(ra, 0), Cause.ARITHMETIC)])
    meaning = copied(behaviour)
    assert list(meaning.behaviour.guards()) == list(behaviour.guards())
    assert not meaning.exits[0].settled


def test_what_changes_the_meaning_of_code_is_seen() -> None:
    """Writing mode or R is told from writing anything else."""
    context = (MODE, BASE, BOUND)
    assert copied(CLASSIC["setr"].supervisor).writes(context)
    assert copied(CLASSIC["jsu"].supervisor).writes(context)
    assert not copied(CLASSIC["setie"].supervisor).writes(context)


def test_what_always_traps_is_copied_as_it_is() -> None:
    """A supervisor call traps in the cache as well."""
    meaning = copied(CLASSIC["svc"].user)
    assert meaning.behaviour.traps[0].when is TRUE
    assert all(e.op is not Op.LOAD for t in meaning.behaviour.traps for e in subtrees(t.when))
