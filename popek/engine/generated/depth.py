"""How deep expressions may be that become source: Python reads some 200 brackets within each other, and no more."""

from functools import lru_cache

from popek.isa.architecture import Isa
from popek.isa.expression import Expr, subtrees
from popek.isa.slot import SUPERVISOR, USER

DEEPEST = 60
"""Operators within each other; each has up to three brackets. No shipped ISA comes near it."""


@lru_cache(maxsize=64)
def shallow(isa: Isa) -> bool:
    """Say whether source can be made of all that an ISA does."""
    found = [isa.lowered(i, mode) for i in isa.instructions for mode in (SUPERVISOR, USER)]
    found += [isa.tick, isa.cycle.swap]
    roots = {e for b in found for e in (*b.values(), *(e for t in b.traps for e in (t.when, t.detail)))}
    return all(depth(root) <= DEEPEST for root in roots)


def depth(root: Expr) -> int:
    """Return how many operators are within each other at the most."""
    known: dict[Expr, int] = {}
    for expr in subtrees(root):
        known[expr] = 1 + max((known[a] for a in expr.args), default=0)
    return known[root]
