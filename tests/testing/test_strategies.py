"""The strategies give what they say, and what other people's suites can use as it is."""

from hypothesis import given, settings

from popek.isa.classic import CLASSIC
from popek.isa.expression import Expr, Op, Sort, subtrees
from popek.testing.lockstep import lock_step
from popek.testing.programs import Guest
from popek.testing.strategies import expressions, guests, words


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
