"""Obligations: a claim with a sentence, whom it blames, and how it is discharged.

An obligation is settled by *structure* (both sides are the same expressions of the same words), or asked of the solver:
under the assumptions, can the goal fail? An obligation whose assumptions nothing can meet is vacuous, never proved.
"""

from collections.abc import Callable
from typing import Any

import z3
from attrs import field, frozen

from popek.prove import terms
from popek.prove.terms import solver
from popek.prove.values import Status

Query = Callable[[], tuple[list[Any], Any]]
"""Builds assumptions and a goal, when they are needed."""


@frozen
class Obligation:
    """One claim. `query` is nothing where structure has settled it."""

    name: str
    says: str
    property: str
    blame: str
    query: Query | None = field(default=None, repr=False, eq=False)
    settled: Status = Status.PROVED
    user: bool | None = None
    why: str = "both sides are the same expressions of the same words"


@frozen
class Discharged:
    """An obligation and what became of it; `how` is "structure" or "solver"."""

    obligation: Obligation
    status: Status
    how: str
    reason: str = ""


def discharge(obligation: Obligation, seed: int = 0) -> Discharged:
    """Decide an obligation."""
    if obligation.query is None:
        return Discharged(obligation, obligation.settled, "structure", obligation.why)
    assumptions, goal = obligation.query()
    answer = _answer(assumptions, z3.Not(goal), seed)
    if answer == z3.sat:
        return Discharged(obligation, Status.REFUTED, "solver")
    if answer == z3.unknown:
        return Discharged(obligation, Status.UNKNOWN, "solver", "the solver reached its limit")
    possible = _answer(assumptions, z3.BoolVal(val=True), seed)
    if possible == z3.unsat:
        return Discharged(obligation, Status.VACUOUS, "solver", "nothing meets its assumptions")
    if possible == z3.unknown:
        return Discharged(obligation, Status.UNKNOWN, "solver", "it is not known whether its assumptions can be met")
    return Discharged(obligation, Status.PROVED, "solver")


_answers: dict[tuple[int, ...], tuple[tuple[Any, ...], Any]] = {}


def _answer(assumptions: list[Any], negated: Any, seed: int) -> Any:
    """Return whether some state meets all assumptions and a negated goal; the same question is asked once."""
    asserted = (*assumptions, negated)
    key = seed, terms.RESOURCES, *(t.get_id() for t in asserted)
    if key not in _answers:
        asked = solver(seed)
        asked.add(*asserted)
        _answers[key] = asserted, asked.check()  # the terms are kept, so that their numbers stay theirs
    return _answers[key][1]


def smt2(obligation: Obligation) -> str | None:
    """Write the question as SMT-LIB 2, to be answered "unsat" where it is proved; nothing if structure settles it."""
    if obligation.query is None:
        return None
    assumptions, goal = obligation.query()
    asked = z3.Solver()
    known: dict[int, Any] = {}
    asked.add(*(_standard(claim, known) for claim in (*assumptions, z3.Not(goal))))
    head = f"; {obligation.name}\n; {obligation.property}: {obligation.says}\n; unsat: the claim is proved\n"
    return f"{head}(set-logic ALL)\n{asked.to_smt2()}"


def filename(number: int, obligation: Obligation) -> str:
    """Return what the file of an exported obligation is called."""
    words = "".join(c if c.isalnum() else "-" for c in obligation.name).split("-")
    return f"{number:03}-{obligation.property}-{'-'.join(w for w in words if w)}.smt2"


def _standard(term: Any, known: dict[int, Any]) -> Any:
    """Return the same term as the standard has it: no "and" of fewer than two, no apostrophe in a name.

    The solver that we ask writes, and reads, both; others refuse them.
    """
    found = known.get(term.get_id())
    if found is None:
        args = [_standard(a, known) for a in term.children()]
        kind = term.decl().kind()
        if kind in _JOINS and len(args) < 2:
            found = args[0] if args else z3.BoolVal(val=_JOINS[kind])
        elif kind == z3.Z3_OP_UNINTERPRETED:
            declared = term.decl()
            sorts = [declared.domain(n) for n in range(declared.arity())]
            found = z3.Function(declared.name().replace("'", "~"), *sorts, declared.range())(*args)
        else:
            found = term.decl()(*args) if args else term
        known[term.get_id()] = found
    return found


_JOINS = {z3.Z3_OP_AND: True, z3.Z3_OP_OR: False}
