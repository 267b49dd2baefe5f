"""Generated source means what the domain of integers says."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from popek.engine.compiled import closure
from popek.engine.generated.source import Writer
from popek.engine.state import State
from popek.isa.classic import CLASSIC
from popek.isa.domain import integers
from popek.isa.expression import OPERATORS, Expr, Op, Sort, as_expr, ite, node, operand, slt, ult
from popek.isa.slot import Array, Slot
from popek.testing.states import any_state
from popek.testing.strategies import expressions, words
from popek.testing.words import EDGES

A, B = operand("a"), operand("b")


class _Names:
    """Everything is asked of the state."""

    def slot(self, slot: Slot) -> str:
        return f"S.slot(N[{slot.name!r}])"

    def operand(self, name: str) -> str:
        return name

    def element(self, array: Array, index: Expr, text: str, limit: int) -> str:
        del index, limit
        return f"S.element(N[{array.name!r}], {text})"


def evaluated(lines: list[str], state: State | None, **values: int) -> Any:
    """Run statements, and return what they have put in `out`."""
    names: dict[str, Any] = {s.name: s for s in CLASSIC.slots} | {a.name: a for a in CLASSIC.arrays}
    scope: dict[str, Any] = {"S": state, "N": names, **values}
    exec("\n".join(lines), scope)  # noqa: S102 - what is tested
    return scope["out"]


def written(expr: Expr, *, assigned: bool = False) -> list[str]:
    """Return the statements that compute an expression."""
    writer = Writer(_Names(), "S.size", depth=0)
    writer.begin((expr,))
    if assigned:
        writer.assign("out", expr)
    else:
        writer.line(f"out = {writer.text(expr)}")
    return writer.lines


@pytest.mark.parametrize("assigned", [False, True])
@pytest.mark.parametrize("op", OPERATORS, ids=lambda o: o.value)
def test_every_operator_at_every_pair_of_edges(op: Op, *, assigned: bool) -> None:
    """The same as the domain's operator; likewise where one side, or both, are constants."""
    truths = [s is Sort.TRUTH for s in OPERATORS[op][0]]
    meaning = integers(32).operators[op]
    if not truths:
        assert evaluated(written(node(op)), None) == meaning()
        return
    if truths[0]:
        sides = (ult(A, B), slt(A, B), A, B)[: len(truths)] if op is not Op.ITE else (ult(A, B), A, B)
        for a in EDGES:
            for b in EDGES:
                numbers = [closure(s)(any_state(Random(0), CLASSIC), {"a": a, "b": b}) for s in sides]  # noqa: S311
                assert evaluated(written(node(op, *sides), assigned=assigned), None, a=a, b=b) == meaning(*numbers)
        return
    general = compile("\n".join(written(node(op, A, B), assigned=assigned)), "general", "exec")
    for b in EDGES:
        left = compile("\n".join(written(node(op, as_expr(b), A), assigned=assigned)), "left", "exec")
        right = compile("\n".join(written(node(op, A, as_expr(b)), assigned=assigned)), "right", "exec")
        for a in EDGES:
            for code, expected in ((general, meaning(a, b)), (left, meaning(b, a)), (right, meaning(a, b))):
                scope: dict[str, Any] = {"a": a, "b": b}
                exec(code, scope)  # noqa: S102 - what is tested
                assert scope["out"] == expected, (op, a, b)


@given(
    st.one_of(expressions(CLASSIC), expressions(CLASSIC, sort=Sort.TRUTH)),
    st.integers(0, 1 << 30),
    words(),
    words(),
)
def test_source_is_the_evaluation_over_integers(expr: Expr, seed: int, a: int, imm: int) -> None:
    """Any expression, on any state."""
    state = any_state(Random(seed), CLASSIC)  # noqa: S311
    assert evaluated(written(expr, assigned=seed % 2 == 0), state, a=a, imm=imm) == closure(expr)(
        state, {"a": a, "imm": imm}
    )


def test_what_is_used_twice_is_computed_once() -> None:
    """A shared node gets a variable, also one that is shared by two expressions."""
    shared = A * B
    lines = written(ite(ult(shared, 5), shared, shared + 1))
    assert "\n".join(lines).count("*") == 1


@pytest.mark.parametrize("addend", [5, 0xFFFF_FFFB, None])
def test_leaving_too_often_is_allowed_too_seldom_is_not(addend: int | None) -> None:
    """Below the limit, the variable holds the node; not below it, the condition holds."""
    expr = A + (B if addend is None else addend)
    for a in EDGES:
        for b in EDGES:
            for limit in (1, 16, 1 << 31, 0xFFFF_FFFF):
                writer = Writer(_Names(), "S.size", depth=0)
                writer.begin((expr,))
                condition = writer.unless_below(expr, limit)
                writer.line(f"out = ({condition}), {writer.text(expr)}")
                leaves, found = evaluated(writer.lines, None, a=a, b=b)
                value = (a + (b if addend is None else addend)) & 0xFFFF_FFFF
                assert leaves or found == value < limit
