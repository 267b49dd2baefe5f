"""Behaviours with some of their leaves known: what is left to compute when a word is compiled."""

from collections.abc import Mapping

from attrs import evolve

from popek.engine.simplify import Known, value
from popek.isa.behaviour import Behaviour, Put, Trap
from popek.isa.encoding import WORD_MASK
from popek.isa.expression import FALSE, Expr, Op, as_expr, rewrite
from popek.isa.slot import Slot

constant = value
"""Returns the word that an expression is, if it is a constant."""


def behaviour(general: Behaviour, given: Mapping[Slot | str, int], size: int | None = None) -> Behaviour:
    """Return a behaviour with the values of some slots, of operands by name, and perhaps the size of memory.

    Traps that never happen are left out.

    What is left relies on the traps before it: where their guards hold, it may have any other value.
    """
    known = Known()

    def change(here: Expr) -> Expr:
        if isinstance(here.payload, Slot | str) and here.payload in given:
            return as_expr(given[here.payload] & WORD_MASK)
        return as_expr(size) if here.op is Op.SIZE and size is not None else here

    def down(expr: Expr) -> Expr:
        return known.simplify(rewrite(expr, change))

    traps = []
    for trap in general.traps:
        when = down(trap.when)
        if when is FALSE:
            continue
        traps.append(Trap(when, trap.cause, down(trap.detail), trap.privilege))
        if when.op is Op.NOT:
            known.assume(when.args[0])
    effects = (
        evolve(e, index=down(e.index), value=down(e.value), when=down(e.when))
        for e in general.effects
        if isinstance(e, Put)
    )
    return Behaviour(
        {s: down(e) for s, e in general.writes.items()}, tuple(e for e in effects if e.when is not FALSE), tuple(traps)
    )
