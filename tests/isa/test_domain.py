"""Domains: every operator has a meaning, and over the integers it is SMT-LIB's."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from attrs import evolve

from popek.isa.domain import Domain, Evaluation, integers
from popek.isa.expression import FALSE, OPERATORS, TRUE, Op, Sort, as_expr, element, ite, legal, node, operand, real
from popek.isa.slot import PC, REGISTERS, Array, Slot
from popek.testing.words import EDGES, edges


def bits(value: int, width: int) -> list[bool]:
    """Return a word's bits, the lowest first."""
    return [bool(value // 2**n % 2) for n in range(width)]


def number(word: list[bool]) -> int:
    """Return the word that has these bits."""
    return sum(2**n for n, b in enumerate(word) if b)


def signed(value: int, width: int) -> int:
    """Return a word's value in two's complement."""
    return value - 2**width if value >= 2 ** (width - 1) else value


def bitwise(of: Callable[[bool, bool], bool]) -> Callable[[int, int, int], int]:
    """Return the operation that works on each pair of bits by itself."""
    return lambda w, a, b: number([of(x, y) for x, y in zip(bits(a, w), bits(b, w), strict=True)])


SMT_LIB: dict[Op, Callable[..., Any]] = {
    Op.ADD: lambda w, a, b: (a + b) % 2**w,
    Op.SUB: lambda w, a, b: (a + 2**w - b) % 2**w,
    Op.MUL: lambda w, a, b: a * b % 2**w,
    Op.UDIV: lambda w, a, b: 2**w - 1 if b == 0 else (a - a % b) // b,
    Op.UREM: lambda _, a, b: a if b == 0 else a % b,
    Op.AND: bitwise(lambda x, y: x and y),
    Op.OR: bitwise(lambda x, y: x or y),
    Op.XOR: bitwise(lambda x, y: x != y),
    Op.SHL: lambda w, a, b: number(([False] * min(b, w) + bits(a, w))[:w]),
    Op.LSHR: lambda w, a, b: number(bits(a, w)[min(b, w) :]),
    Op.ASHR: lambda w, a, b: number((bits(a, w) + [bits(a, w)[-1]] * w)[min(b, w) : min(b, w) + w]),
    Op.EQ: lambda w, a, b: bits(a, w) == bits(b, w),
    Op.ULT: lambda _, a, b: b - a > 0,
    Op.SLT: lambda w, a, b: signed(b, w) - signed(a, w) > 0,
    Op.TRUE: lambda _: True,
    Op.FALSE: lambda _: False,
    Op.NOT: lambda _, a: (True, False)[a],
    Op.BOTH: lambda _, a, b: (a, b) == (True, True),
    Op.EITHER: lambda _, a, b: (a, b) != (False, False),
    Op.ITE: lambda _, c, a, b: {True: a, False: b}[c],
}
"""The operators again, by other means: bit lists and unbounded integers."""


@pytest.mark.parametrize("op", OPERATORS, ids=lambda o: o.value)
def test_an_operator_at_width_4_for_all_operands(op: Op) -> None:
    """Exhaustively: each operator over the 4-bit integers is what SMT-LIB says."""
    spaces = [range(16) if s is Sort.WORD else (False, True) for s in OPERATORS[op][0]]
    for values in product(*spaces):
        assert integers(4).operators[op](*values) == SMT_LIB[op](4, *values), values


@pytest.mark.parametrize("op", OPERATORS, ids=lambda o: o.value)
def test_an_operator_at_width_32_on_the_edges(op: Op) -> None:
    """At the machine's own width, on every pair of edge values."""
    spaces = [EDGES if s is Sort.WORD else (False, True) for s in OPERATORS[op][0]]
    for values in product(*spaces):
        assert integers(32).operators[op](*values) == SMT_LIB[op](32, *values), values


@pytest.mark.parametrize("width", [1, 3, 4, 32])
def test_a_constant_is_cut_to_the_width(width: int) -> None:
    """Negative constants are two's complement; the width is the domain's."""
    assert integers(width).const(-1) == 2**width - 1
    assert integers(width).const(2**width + 1) == 1
    assert max(edges(width)) < 2**width


@pytest.mark.parametrize("op", OPERATORS, ids=lambda o: o.value)
def test_a_domain_without_an_operator_is_refused(op: Op) -> None:
    """Each missing operator alone is enough, and is named; so is one that does not exist."""
    whole = integers(4)
    with pytest.raises(TypeError, match=rf"no meaning for.*{op.value}"):
        evolve(whole, operators={o: f for o, f in whole.operators.items() if o is not op})
    with pytest.raises(TypeError, match=r"no such operator as .*load"):
        Domain("more", 4, whole.const, {**whole.operators, Op.LOAD: whole.const})


class Counting:
    """A reader that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.size = 9

    def slot(self, slot: Slot) -> int:
        """Return 5 for each slot."""
        self.asked.append(slot)
        return 5

    def element(self, array: Array, index: int) -> int:
        """Return the index and 100."""
        self.asked.append((array, index))
        return index + 100

    def operand(self, name: str) -> int:
        """Return the length of the name."""
        return len(name)

    def load(self, address: int) -> int:
        """Return the address and 50."""
        return address + 50

    def real(self, address: int) -> int:
        """Return the address and 30."""
        return address + 30

    def legal(self, address: int) -> bool:
        """Say whether the address is even."""
        return address % 2 == 0


def test_evaluation_reads_what_the_expression_names_and_shares_work() -> None:
    """Each leaf comes from the reader, and a shared part is asked for once."""
    reader = Counting()
    value = Evaluation(integers(32), reader)
    shared = element(REGISTERS, as_expr(PC) + operand("abc"))
    assert value(shared * shared + node(Op.LOAD, 1) + node(Op.SIZE)) == 108 * 108 + 51 + 9
    assert reader.asked == [PC, (REGISTERS, 8)]
    assert value(ite(legal(2), real(1), 2)) == 31
    assert value(ite(legal(1), real(1), 2)) == 2
    assert value(ite(TRUE, 1, 2)) == 1
    assert value(ite(FALSE, 1, 2)) == 2
