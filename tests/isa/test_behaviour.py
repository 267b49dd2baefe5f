"""Behaviours: the order of traps, simultaneous writes, and what a behaviour is seen to depend on."""

import pytest

from popek.engine.reference import Event, Kind, execute
from popek.isa.architecture import Decoded, Isa
from popek.isa.behaviour import Behaviour, Cause, Copy, Put, Store, Trap
from popek.isa.classic import CLASSIC
from popek.isa.expression import (
    FALSE,
    TRUE,
    Expr,
    Word,
    as_expr,
    element,
    eq,
    ite,
    legal,
    load,
    not_,
    operand,
    real,
)
from popek.isa.instruction import PRIVILEGE_TRAP, Instruction
from popek.isa.slot import BASE, BOUND, DISK, IE, MEMORY, MODE, PC, REGISTERS, TIMER
from popek.isa.translation import RELOCATION_BOUNDS
from popek.testing.states import contents, made

A, B = operand("a"), operand("b")


def details(behaviour: Behaviour) -> list[Expr]:
    """Return the details of all guards in order."""
    return [t.detail for t in behaviour.guards()]


def run(behaviour: Behaviour, **registers: int) -> tuple[Event, dict[str, object], dict[str, object]]:
    """Execute a behaviour once, in 32 words of which 8 may be referred to: event, state before, state after."""
    isa = Isa("one", (Instruction("it", "", 1, "Try it.", behaviour),))
    state = made(isa, 32, slots={BOUND: 8, BASE: 16}, registers={int(n[1:]): v for n, v in registers.items()})
    before = contents(state)
    event = execute(isa, state, Decoded(isa["it"], {}, 1 << 24))
    return event, before, contents(state)


def test_guards_are_tried_in_the_order_in_which_references_are_made() -> None:
    """Before each written trap the references in it, after the last one those in the writes, stores last."""
    behaviour = Behaviour(
        {TIMER: load(4)},
        [Store(load(5), load(6)), Put(REGISTERS, 1, real(7))],
        [Trap(eq(load(1), 0), Cause.SVC, load(2)), Trap(FALSE, Cause.ARITHMETIC, load(3))],
    )
    numbers = [2 if d is load(2) else 3 if d is load(3) else d.payload for d in details(behaviour)]
    assert numbers == [1, 2, 2, 3, 3, 4, 5, 6, 7, None]
    assert details(behaviour)[-1] is load(5)


def test_an_address_is_checked_once() -> None:
    """The same address, however often it is referred to, has one guard; an inner reference comes before an outer."""
    twice = Behaviour({TIMER: load(A) + load(A), BASE: real(A)}, [Store(A, 0)])
    assert details(twice) == [A]
    nested = Behaviour({TIMER: load(load(A))})
    assert details(nested) == [A, load(A)]


def test_the_first_trap_that_holds_happens_and_nothing_else() -> None:
    """A later trap, or any write, is not seen; the old state is whole but for the PSW swap."""
    event, before, after = run(
        Behaviour(
            {TIMER: 9},
            [Put(REGISTERS, 1, 7), Store(3, 5), Store(9, 5)],
            [Trap(FALSE, Cause.SVC), Trap(eq(1, 1), Cause.ARITHMETIC, 77), Trap(TRUE, Cause.ILLEGAL)],
        )
    )
    assert (event.kind, event.cause, event.detail, event.privilege) == (Kind.TRAP, Cause.ARITHMETIC, 77, False)
    assert after["registers"] == before["registers"]
    assert after["timer"] == 0
    assert after["phys"][16:] == before["phys"][16:]  # type: ignore[index]


@pytest.mark.parametrize("last", [8, 16, 0xFFFFFFFF])
def test_a_fault_in_the_last_store_undoes_the_first(last: int) -> None:
    """Of several stores of which one faults, none is done, and no slot is written."""
    event, before, after = run(Behaviour({TIMER: 9}, [Store(3, 5), Store(last, 5)]))
    assert (event.cause, event.detail) == (Cause.MEMORY, last)
    assert after["phys"][16:] == before["phys"][16:]  # type: ignore[index]
    assert after["timer"] == 0


def test_an_address_must_be_legal_even_if_nothing_is_stored() -> None:
    """A store under a condition that does not hold stores nothing, and still faults."""
    assert run(Behaviour({}, [Store(8, 5, when=FALSE)]))[0].cause is Cause.MEMORY
    event, before, after = run(Behaviour({}, [Store(7, 5, when=FALSE)]))
    assert event.kind is Kind.EXECUTED
    assert after["phys"] == before["phys"]


def test_writes_are_simultaneous() -> None:
    """All values are of the state before: two slots, or two registers, can be swapped."""
    _, before, after = run(Behaviour({BASE: BOUND, BOUND: BASE}))
    assert (after["base"], after["bound"]) == (before["bound"], before["base"])
    r1, r2 = element(REGISTERS, 1), element(REGISTERS, 2)
    _, _, after = run(Behaviour({}, [Put(REGISTERS, 1, r2), Put(REGISTERS, 2, r1)]), r1=5, r2=6)
    assert after["registers"][1:3] == [6, 5]  # type: ignore[index]


def test_of_two_writes_to_one_element_the_later_one_stands() -> None:
    """In the order in which they are listed, whatever they are."""
    _, _, after = run(Behaviour({}, [Put(REGISTERS, 1, 5), Put(REGISTERS, 1, 6)]))
    assert after["registers"][1] == 6  # type: ignore[index]
    _, _, after = run(Behaviour({}, [Store(3, 5), Put(MEMORY, 19, 6), Store(4, 1), Put(MEMORY, 20, 2, when=FALSE)]))
    assert after["phys"][19:21] == [6, 1]  # type: ignore[index]


def test_a_copy_is_of_the_state_before() -> None:
    """A transfer that overlaps what is written beside it moves the old words."""
    copy = Copy(MEMORY, 20, MEMORY, 19, 3)
    _, before, after = run(Behaviour({}, [Store(3, 5), copy]))
    assert before["phys"][19] == 0  # type: ignore[index]
    assert after["phys"][19:23] == [5, 0, 0, 0]  # type: ignore[index]


@pytest.mark.parametrize("value", [as_expr(TIMER), as_expr(2), as_expr(-1), A, ite(TRUE, 2, 1), A & 3])
def test_a_narrow_slot_takes_its_bits_only(value: Expr) -> None:
    """What might not fit is masked."""
    assert Behaviour({MODE: value}).writes[MODE] is value & 1


@pytest.mark.parametrize("value", [IE, 0, 1, A & 1, ite(eq(A, 0), 1, IE)])
def test_what_fits_a_narrow_slot_is_left_alone(value: Word) -> None:
    """A mask is not added where it is seen to be needless."""
    assert Behaviour({MODE: value}).writes[MODE] is as_expr(value)


def test_a_truth_is_no_value_of_a_slot() -> None:
    """A slot takes words; our own mistake ends the run."""
    with pytest.raises(AssertionError, match="takes a word"):
        Behaviour({TIMER: TRUE})
    with pytest.raises(AssertionError, match="a slot was expected"):
        Behaviour({"timer": 1})  # type: ignore[dict-item]


def test_behaviours_are_values() -> None:
    """Equal ones are equal and hash alike, in whatever order their slots were named."""
    one = Behaviour({BASE: 1, BOUND: 2}, [Store(A, 1)], [PRIVILEGE_TRAP])
    other = Behaviour({BOUND: 2, BASE: 1}, (Store(A, 1),), (PRIVILEGE_TRAP,))
    assert one == other
    assert hash(one) == hash(other)
    assert one != other.unprivileged()


def test_behaviours_that_try_their_addresses_in_another_order_differ() -> None:
    """Which address a memory trap tells of is the first that is not legal."""
    one, other = {BASE: load(A), BOUND: load(B)}, {BOUND: load(B), BASE: load(A)}
    assert Behaviour(one) != Behaviour(other)
    assert [t.detail for t in Behaviour(other).guards()] == [B, A]
    assert Behaviour(one) == Behaviour({BASE: load(A), BOUND: load(B)})


def test_going_on_to_the_next_word_is_the_default() -> None:
    """A behaviour that does not write the pc advances it; one that does is left alone."""
    assert Behaviour().advancing() == Behaviour({PC: as_expr(PC) + 1})
    jump = Behaviour({PC: A})
    assert jump.advancing() is jump


def test_the_meaning_is_what_is_left_without_privilege_traps() -> None:
    """`unprivileged` takes out the traps with the tag, and no others."""
    fault = Trap(eq(A, 0), Cause.PRIVILEGED)
    behaviour = Behaviour({TIMER: 1}).trapping(fault).trapping(PRIVILEGE_TRAP)
    assert behaviour.traps == (PRIVILEGE_TRAP, fault)
    assert behaviour.unprivileged() == Behaviour({TIMER: 1}, (), [fault])


def test_what_a_behaviour_reads() -> None:
    """`reads` has guards, values, conditions and a copy's source; `guard_reads` only what decides about traps."""
    behaviour = Behaviour(
        {TIMER: BASE},
        [Copy(MEMORY, A, DISK, 0, 4, when=eq(IE, 1))],
        [Trap(eq(MODE, 1), Cause.SVC, as_expr(BOUND))],
    )
    assert behaviour.guard_reads == {MODE, BOUND}
    assert behaviour.reads == {MODE, BOUND, BASE, IE, DISK}


def test_lowering_makes_every_fault_a_written_trap() -> None:
    """Lowered, a behaviour has the same guards in the same order, none of them implied."""
    behaviour = CLASSIC["lpsw"].supervisor
    lowered = behaviour.lower(RELOCATION_BOUNDS)
    assert len(lowered.traps) == len(list(behaviour.guards())) == 4
    assert list(lowered.guards()) == list(lowered.traps)
    assert lowered.traps[0].when is RELOCATION_BOUNDS.lower(not_(legal(element(REGISTERS, B) + operand("imm"))))
    assert lowered.writes[PC] is RELOCATION_BOUNDS.lower(behaviour.writes[PC])


def test_the_old_pc_of_every_cause() -> None:
    """The old PSW's pc is the instruction's own, to be tried again, but for a supervisor call: the next word's."""
    assert {c: c.old_pc for c in Cause} == {c: int(c is Cause.SVC) for c in Cause}
    assert [c.value for c in Cause] == [1, 2, 3, 4, 5, 6, 7]
