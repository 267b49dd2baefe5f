"""Relocation-bounds: when a virtual address is legal, and where it leads, exhaustively on a small machine."""

from itertools import product
from types import SimpleNamespace

import pytest

from popek.isa.behaviour import Behaviour, Store
from popek.isa.domain import Evaluation, integers
from popek.isa.expression import Expr, Op, as_expr, element, legal, load, operand, real, subtrees
from popek.isa.slot import BASE, BOUND, MEMORY
from popek.isa.translation import RELOCATION_BOUNDS

A = operand("a")


def test_every_address_of_a_machine_of_three_bits() -> None:
    """All a, base, bound and q: legal iff a < bound and base + a, not wrapped, is below q; and then it is base + a."""
    lowered = RELOCATION_BOUNDS.lower(legal(A)), RELOCATION_BOUNDS.lower(real(A))
    for a, base, bound, size in product(range(8), repeat=4):
        slots = {BASE: base, BOUND: bound}
        reader = SimpleNamespace(size=size, slot=slots.__getitem__, operand={"a": a}.__getitem__)
        value = Evaluation(integers(3), reader)
        allowed = a < bound and base + a < size
        assert value(lowered[0]) is allowed, (a, base, bound, size)
        if allowed:
            assert value(lowered[1]) == base + a


@pytest.mark.parametrize("expr", [load(A), real(A), load(load(A) + 1)], ids=str)
def test_lowering_leaves_no_reference_abstract(expr: Expr) -> None:
    """Loads become elements of physical memory, at base + address, from the inside out."""
    lowered = RELOCATION_BOUNDS.lower(expr)
    assert not {Op.LOAD, Op.REAL, Op.LEGAL} & {e.op for e in subtrees(lowered)}


def test_what_lowering_gives_is_written_down() -> None:
    """The word at a virtual address is the physical one at base + address."""
    assert RELOCATION_BOUNDS.lower(load(A)) is element(MEMORY, as_expr(BASE) + A)
    assert RELOCATION_BOUNDS.lower(load(load(A))) is element(MEMORY, as_expr(BASE) + element(MEMORY, as_expr(BASE) + A))
    (put,) = Behaviour({}, [Store(A, BOUND)]).lower(RELOCATION_BOUNDS).effects
    assert put == Behaviour({}, [put]).effects[0]
    assert getattr(put, "index", None) is as_expr(BASE) + A
