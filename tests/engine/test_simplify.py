"""A simplified expression has the value that it had, wherever what was assumed holds."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from popek.engine.compiled import closure
from popek.engine.simplify import Known, value
from popek.isa.classic import CLASSIC
from popek.isa.expression import FALSE, TRUE, Expr, Sort, as_expr, both, eq, ite, legal, not_, operand, rewrite, ult
from popek.isa.slot import BASE, BOUND, MODE
from popek.isa.translation import RELOCATION_BOUNDS
from popek.testing.states import any_state, made
from popek.testing.strategies import expressions, words
from popek.testing.words import EDGES

X = operand("a")


@given(
    st.one_of(expressions(CLASSIC), expressions(CLASSIC, sort=Sort.TRUTH)),
    st.integers(0, 1 << 30),
    words(),
    words(),
)
def test_a_simplified_expression_has_the_same_value(expr: Expr, seed: int, a: int, imm: int) -> None:
    """On any state; and no limit that is known of it is exceeded."""
    state = any_state(Random(seed), CLASSIC)  # noqa: S311
    values = {"a": a, "imm": imm}
    small = Known().simplify(expr)
    expected = closure(expr)(state, values)
    assert closure(small)(state, values) == expected
    if expr.sort is Sort.WORD:
        assert expected <= Known().upper(expr)
        assert expected <= Known().upper(small)


@given(expressions(CLASSIC, 2, sort=Sort.TRUTH), expressions(CLASSIC, 3), st.integers(0, 1 << 30), words(), words())
def test_what_is_assumed_may_be_used(given_: Expr, expr: Expr, seed: int, a: int, imm: int) -> None:
    """Where the assumption holds, the value is the same, and within its limit."""
    state = any_state(Random(seed), CLASSIC)  # noqa: S311
    values = {"a": a, "imm": imm}
    known = Known()
    known.assume(given_)
    if closure(given_)(state, values):
        found = closure(expr)(state, values)
        assert closure(known.simplify(expr))(state, values) == found
        assert found <= known.upper(expr)


@pytest.mark.parametrize("size", [17, 64, 65_536])
def test_relocation_at_a_fixed_r_is_one_comparison(size: int) -> None:
    """For every R at an edge, "legal" is decided, or the address is compared with one constant; and rightly so."""
    lowered = RELOCATION_BOUNDS.lower(legal(X))
    for base in (*EDGES, size - 1, size, size + 1):
        for bound in (*EDGES, size - 1, size, size + 1):
            numbers = {as_expr(BASE): base, as_expr(BOUND): bound}

            def fix(here: Expr, numbers: dict[Expr, int] = numbers) -> Expr:
                return as_expr(numbers.get(here, here))

            sized = rewrite(rewrite(lowered, fix), lambda e: as_expr(size) if e.op.value == "size" else e)
            small = Known().simplify(sized)
            limit = value(small.args[1]) if small not in (TRUE, FALSE) else None
            assert small in (TRUE, FALSE) or small == ult(X, limit or 0)
            state = made(CLASSIC, size, slots={BASE: base, BOUND: bound})
            for a in (0, 1, bound - 1, bound, size - base - 1, size - base, -base, -base - 1, 0xFFFF_FFFF):
                values = {"a": a & 0xFFFF_FFFF}
                assert closure(small)(state, values) == closure(lowered)(state, values), (base, bound, a)


@pytest.mark.parametrize(
    ("expr", "small"),
    [
        (ite(not_(eq(X, 0)), 5, 6), ite(eq(X, 0), 6, 5)),
        (ite(eq(X, 0), X, X), X),
        (both(ult(X, 9), ult(X, 5)), ult(X, 5)),
        (both(ult(X, 5), ult(X, 9)), ult(X, 5)),
        (both(ult(X, 5), FALSE), FALSE),
        (as_expr(MODE) & 1, as_expr(MODE)),
        (X & 0, as_expr(0)),
        (eq(MODE, 2), FALSE),
        (ult(X, 0), FALSE),
        (ult(0xFFFF_FFFF, X), FALSE),
        (ult(as_expr(MODE) + 3, 2), FALSE),
        (ult(as_expr(MODE) + 3, 4), ult(MODE, 1)),
        (X - 1, X + 0xFFFF_FFFF),
        (as_expr(1) + X, X + 1),
    ],
)
def test_what_is_known_is_used(expr: Expr, small: Expr) -> None:
    """Each of the rules, once."""
    assert Known().simplify(expr) == small
