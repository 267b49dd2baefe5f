"""Expressions: trees that are one object when they are equal, and that say themselves what they are."""

import copy
import pickle

import pytest
from hypothesis import given

from popek.isa.classic import CLASSIC
from popek.isa.expression import (
    FALSE,
    OPERATORS,
    SIGNATURES,
    SIZE,
    STATEFUL,
    TRUE,
    Expr,
    Op,
    Sort,
    as_expr,
    ashr,
    both,
    either,
    element,
    eq,
    ite,
    legal,
    load,
    lshr,
    ne,
    node,
    not_,
    operand,
    real,
    rewrite,
    shl,
    show,
    slt,
    subtrees,
    udiv,
    ult,
    urem,
)
from popek.isa.slot import BASE, MEMORY, PC, REGISTERS
from popek.testing.strategies import expressions

A = operand("a")


@given(expressions(CLASSIC))
def test_equal_trees_are_one_object(expr: Expr) -> None:
    """Hash-consing: a tree that is built again, copied or unpickled is the same object."""
    assert rewrite(expr, lambda e: e) is expr
    assert node(expr.op, *expr.args, payload=expr.payload) is expr
    assert pickle.loads(pickle.dumps(expr.args)) == expr.args  # noqa: S301 - our own
    assert copy.copy(expr) is expr
    assert copy.deepcopy(expr) is expr


def test_slots_and_arrays_survive_a_copy_within_the_process() -> None:
    """A deep copy of a tree has the very same slots in it: they are named by identity."""
    expr = element(REGISTERS, as_expr(PC) + A)
    assert copy.deepcopy(expr) is expr
    assert element(MEMORY, as_expr(PC) + A) is not expr


def test_every_operator_has_exactly_one_signature() -> None:
    """What a domain must define and what comes from the state are all there is, and nothing is both."""
    assert OPERATORS.keys() | STATEFUL.keys() == SIGNATURES.keys() == set(Op)
    assert not OPERATORS.keys() & STATEFUL.keys()


@pytest.mark.parametrize("op", SIGNATURES, ids=lambda o: o.value)
def test_arguments_are_checked_against_the_signature(op: Op) -> None:
    """Too many arguments, or one of the wrong sort, are refused with both signatures."""
    takes, gives = SIGNATURES[op]
    right = [A if s is Sort.WORD else TRUE for s in takes]
    assert node(op, *right).sort is gives
    with pytest.raises(TypeError, match=op.value):
        node(op, *right, A)
    for n, sort in enumerate(takes):
        wrong = [*right]
        wrong[n] = TRUE if sort is Sort.WORD else A
        with pytest.raises(TypeError, match="takes"):
            node(op, *wrong)


@pytest.mark.parametrize("value", [True, 1.5, "pc", None])
def test_what_is_no_word_is_refused(value: object) -> None:
    """A Python truth, a float, a name: none of them is a word."""
    with pytest.raises(TypeError, match="an expression was expected"):
        as_expr(value)  # type: ignore[arg-type]


def test_an_expression_has_no_truth_of_its_own() -> None:
    """`if a < b` in Python would be decided when the tree is built; it is an error instead."""
    with pytest.raises(TypeError, match="not known before"):
        bool(eq(A, 1))


def test_nothing_is_simplified() -> None:
    """`x + 0` stays as it was written, and joins are nested to the left."""
    assert show(A + 0) == "(a + 0)"
    assert both() is TRUE
    assert either() is FALSE
    assert both(TRUE) is TRUE
    assert both(TRUE, FALSE, TRUE) is node(Op.BOTH, node(Op.BOTH, TRUE, FALSE), TRUE)


def test_a_shared_part_is_walked_once_and_before_its_users() -> None:
    """`subtrees` gives every distinct node once, arguments first."""
    twice = (A + 1) * (A + 1)
    walked = list(subtrees(twice))
    assert len(walked) == 4
    assert [walked.index(a) < walked.index(twice) for a in walked[:-1]] == [True] * 3
    assert walked[-1] is twice


def test_a_deep_tree_needs_no_recursion_to_be_walked_and_rewritten() -> None:
    """Ten thousand nested additions are no problem for `subtrees` and `rewrite`."""
    deep = A
    for _ in range(10_000):
        deep = deep + 1
    assert sum(1 for _ in subtrees(deep)) == 10_002
    assert rewrite(rewrite(deep, lambda e: as_expr(PC) if e is A else e), lambda e: A if e.payload is PC else e) is deep


def test_rewriting_sees_arguments_already_rewritten() -> None:
    """The change is applied from the leaves up."""
    doubled = rewrite(A + 1, lambda e: e + e if e.op in (Op.ADD, Op.OPERAND) else e)
    assert doubled is ((A + A) + 1) + ((A + A) + 1)


SHOWN = [
    (element(REGISTERS, A), "ra"),
    (element(REGISTERS, A + 1), "registers[(a + 1)]"),
    (element(MEMORY, 5), "phys[5]"),
    (load(A), "mem[a]"),
    (real(A), "real(a)"),
    (legal(A), "legal(a)"),
    (as_expr(BASE) + SIZE, "(base + q)"),
    (ite(both(TRUE, not_(FALSE)), A - 1, -1), "(if (true and not(false)) then (a - 1) else -1)"),
    (udiv(A, 2), "(a / 2)"),
    (urem(A, 2), "(a % 2)"),
    (shl(A, 2) | lshr(A, 2) ^ ashr(A, 2), "((a << 2) | ((a >> 2) ^ (a >>s 2)))"),
    (either(slt(A, 0), ult(A, 1), ne(A & 1, 1)), "(((a <s 0) or (a < 1)) or not(((a & 1) = 1)))"),
    (A * 2, "(a * 2)"),
]


@pytest.mark.parametrize(("expr", "text"), SHOWN, ids=[t for _, t in SHOWN])
def test_an_expression_is_shown_as_people_write_it(expr: Expr, text: str) -> None:
    """`show`, `str` and `repr` agree."""
    assert show(expr) == str(expr) == repr(expr) == text
