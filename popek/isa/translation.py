"""What translates a virtual address: a property of the machine, not of its instructions.

Relocation-bounds, as in the paper, active in both modes and for every reference. A virtual address a is legal iff
a < bound and base + a < q, where base + a does not wrap. (The paper defines b as the *size* of the virtual memory.)
"""

from collections.abc import Callable

from attrs import frozen

from popek.isa.expression import SIZE, Expr, Op, as_expr, both, element, not_, rewrite, ult
from popek.isa.slot import BASE, BOUND, MEMORY

_ABSTRACT = frozenset((Op.LOAD, Op.REAL, Op.LEGAL))


@frozen(cache_hash=True)
class Translation:
    """From a virtual address to a physical one: when it is legal, and what it is then."""

    name: str
    doc: str
    legal: Callable[[Expr], Expr]
    real: Callable[[Expr], Expr]

    def lower(self, expr: Expr) -> Expr:
        """Replace every abstract reference (`load`, `real`, `legal`) by what it means on this machine."""
        return expr if expr.ops.isdisjoint(_ABSTRACT) else rewrite(expr, self._lower_node)

    def _lower_node(self, expr: Expr) -> Expr:
        if expr.op is Op.LEGAL:
            return self.legal(expr.args[0])
        if expr.op is Op.REAL:
            return self.real(expr.args[0])
        if expr.op is Op.LOAD:
            return element(MEMORY, self.real(expr.args[0]))
        return expr


def _within(address: Expr) -> Expr:
    physical = as_expr(BASE) + address
    return both(ult(address, BOUND), not_(ult(physical, BASE)), ult(physical, SIZE))


RELOCATION_BOUNDS = Translation(
    name="relocation-bounds",
    doc="a is legal iff a < bound and base + a < q without wrapping; it is then physical address base + a.",
    legal=_within,
    real=lambda address: as_expr(BASE) + address,
)
