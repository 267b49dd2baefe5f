"""Hypothesis strategies: words that meet the edges, operators' arguments, expressions, guests. Needs `hypothesis`."""

from hypothesis import strategies as st

from popek.isa.architecture import Isa
from popek.isa.encoding import WORD_MASK
from popek.isa.expression import (
    OPERATORS,
    SIZE,
    Expr,
    Sort,
    as_expr,
    element,
    node,
    operand,
)
from popek.isa.slot import MEMORY, REGISTERS
from popek.testing.programs import Guest, guest
from popek.testing.words import EDGES


def words() -> st.SearchStrategy[int]:
    """Draw a word: an edge as often as any other."""
    return st.one_of(st.sampled_from(EDGES), st.integers(0, WORD_MASK))


_WORDS = tuple(op for op, (_, gives) in OPERATORS.items() if gives is Sort.WORD)
_TRUTHS = tuple(op for op, (_, gives) in OPERATORS.items() if gives is Sort.TRUTH)


@st.composite
def expressions(draw: st.DrawFn, isa: Isa, depth: int = 4, sort: Sort = Sort.WORD) -> Expr:
    """Draw an expression over an ISA's state and the operands `a` and `imm`, without abstract references."""
    if sort is Sort.WORD and (depth == 0 or draw(st.integers(0, 4)) == 0):
        return draw(_leaves(isa))
    leafless = [op for op in (_WORDS if sort is Sort.WORD else _TRUTHS) if depth or not OPERATORS[op][0]]
    op = draw(st.sampled_from(leafless))
    if sort is Sort.WORD and draw(st.integers(0, 6)) == 0:
        return element(draw(st.sampled_from((MEMORY, REGISTERS))), draw(expressions(isa, depth - 1)))
    return node(op, *(draw(expressions(isa, depth - 1, s)) for s in OPERATORS[op][0]))


def _leaves(isa: Isa) -> st.SearchStrategy[Expr]:
    return st.one_of(
        words().map(as_expr),
        st.sampled_from(isa.slots).map(as_expr),
        st.sampled_from(("a", "imm")).map(operand),
        st.just(SIZE),
    )


def guests(isa: Isa) -> st.SearchStrategy[Guest]:
    """Draw a random guest of an ISA, by its seed."""
    return st.integers(0, 1 << 32).map(lambda seed: guest(isa, seed))


__all__ = ["expressions", "guests", "words"]
