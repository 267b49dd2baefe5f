"""Closures mean what the domain of integers says, on any expression and state."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from popek.engine.compiled import closure
from popek.engine.state import State
from popek.isa.classic import CLASSIC
from popek.isa.domain import Evaluation, integers
from popek.isa.expression import Expr, Sort, operand
from popek.isa.slot import Array, Slot
from popek.testing.states import any_state
from popek.testing.strategies import expressions, words


class Reading:
    """A state and operands, as `Evaluation` wants them."""

    def __init__(self, state: State, values: dict[str, int]) -> None:
        self.state, self.values, self.size = state, values, state.size

    def slot(self, slot: Slot) -> int:
        """Return a slot's value."""
        return self.state.slot(slot)

    def element(self, array: Array, index: int) -> int:
        """Return an element."""
        return self.state.element(array, index)

    def operand(self, name: str) -> int:
        """Return an operand as a word."""
        return self.values[name] & 0xFFFFFFFF

    def load(self, address: int) -> int:
        """Refuse: there is no abstract reference in these expressions."""
        raise AssertionError(address)

    real = legal = load


@given(
    st.one_of(expressions(CLASSIC), expressions(CLASSIC, sort=Sort.TRUTH)),
    st.integers(0, 1 << 30),
    words(),
    st.integers(-0x8000, 0x7FFF),
)
def test_a_closure_is_the_evaluation_over_integers(expr: Expr, seed: int, a: int, imm: int) -> None:
    """The same number, or the same truth."""
    state = any_state(Random(seed), CLASSIC)  # noqa: S311
    values = {"a": a, "imm": imm}
    expected = Evaluation(integers(32), Reading(state, values))(expr)
    found = closure(expr)(state, values)
    assert found == expected
    assert type(found) is type(expected)


def test_a_closure_is_made_once() -> None:
    """The same tree gives the same function; negative operands are words."""
    expr = operand("imm") + 1
    assert closure(expr) is closure(operand("imm") + 1)
    assert closure(operand("imm"))(any_state(Random(0), CLASSIC), {"imm": -1}) == 0xFFFFFFFF  # noqa: S311
