"""The strategies give what they say, and what other people's suites can use as it is."""

from hypothesis import given, settings
from hypothesis.vendor.pretty import pretty

from popek.engine.reference import step
from popek.engine.state import State
from popek.isa.architecture import Decoded, Isa
from popek.isa.classic import CLASSIC
from popek.isa.expression import Expr, Op, Sort, subtrees
from popek.isa.instruction import Instruction
from popek.testing.lockstep import lock_step
from popek.testing.programs import Guest
from popek.testing.strategies import (
    behaviours,
    expressions,
    guests,
    instructions,
    isas,
    monitors,
    programs,
    states,
    words,
    wrong_monitors,
)
from popek.vmm.monitor import MONITORS, Monitor


@given(words())
def test_a_word_is_a_word(drawn: int) -> None:
    """Unsigned, of 32 bits."""
    assert 0 <= drawn < 1 << 32


@given(expressions(CLASSIC), expressions(CLASSIC, sort=Sort.TRUTH, depth=2))
def test_an_expression_is_of_the_sort_that_is_asked_for(word: Expr, truth: Expr) -> None:
    """And has no abstract reference in it."""
    assert (word.sort, truth.sort) == (Sort.WORD, Sort.TRUTH)
    assert not {e.op for e in subtrees(word)} & {Op.LOAD, Op.REAL, Op.LEGAL}


@settings(max_examples=20)
@given(guests(CLASSIC))
def test_a_guest_runs_on_either_machine(drawn: Guest) -> None:
    """As it comes."""
    assert lock_step(drawn, CLASSIC).equivalent


@given(states(CLASSIC, 40))
def test_a_state_can_be_stepped(drawn: State) -> None:
    """It is one of the ISA, of the size that is asked for, and anything may follow from it."""
    assert (drawn.size, set(drawn.slots)) == (40, set(CLASSIC.slots))
    step(CLASSIC, drawn)


@given(instructions(CLASSIC))
def test_an_instruction_is_its_own_encoding(drawn: Decoded) -> None:
    """What is decoded from its word is what was drawn."""
    assert CLASSIC.decode(drawn.word) == drawn


@given(behaviours())
def test_a_random_instruction_can_be_added(drawn: Instruction) -> None:
    """To an ISA that has none of its name."""
    assert CLASSIC.vary("more", {"random": drawn})["random"] is drawn


@given(isas())
def test_an_isa_differs_in_user_mode_alone(drawn: Isa) -> None:
    """And in nothing but what was privileged."""
    changed = [i for i in CLASSIC.instructions if drawn[i.name].in_user is not i.in_user]
    assert all(drawn[i.name].does is i.does for i in CLASSIC.instructions)
    assert bool(changed) == (drawn is not CLASSIC)


@given(monitors(), wrong_monitors())
def test_a_monitor_is_right_or_wrong(right: Monitor, wrong: Monitor) -> None:
    """The right ones are shipped and need no guest mode that `classic` has not; the wrong ones are named for it."""
    assert right in MONITORS.values()
    assert not right.in_guest_mode
    assert wrong.name not in MONITORS
    wrong.check(CLASSIC)


def test_what_is_drawn_is_printed_briefly() -> None:
    """Hypothesis would spell out an ISA to its last expression otherwise."""
    for strategy in (programs(CLASSIC), isas(), monitors(), wrong_monitors(), behaviours(), instructions(CLASSIC)):
        assert len(repr(strategy)) < 4000
    for value in (CLASSIC, CLASSIC["add"], CLASSIC["add"].does, MONITORS["hybrid"]):
        assert len(pretty(value)) < 300
