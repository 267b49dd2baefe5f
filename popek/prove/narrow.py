"""Questions about words of another width than the machine's, such as 8 bits: the same expressions, with two changes.

A bound that no word of the width reaches says nothing, instead of wrapping around; and the largest memory is less than
half of what a word can count, as 2^24 words are at 32 bits, so that no sum of sizes wraps. Other constants mean what
the width makes of them.
"""

from popek.isa.expression import TRUE, Expr, Op, as_expr, rewrite, unchecked
from popek.prove.symbolic import LARGEST_MEMORY


def narrowed(expr: Expr, width: int) -> Expr:
    """Return what an expression says of words of a width."""

    def change(here: Expr) -> Expr:
        if here.op is not Op.ULT:
            return here
        value, bound = here.args
        limit = bound.payload if bound.op is Op.CONST else None
        if limit == LARGEST_MEMORY + 1:
            return unchecked(Op.ULT, value, as_expr(1 << (width - 1)))
        return TRUE if isinstance(limit, int) and limit >= 1 << width else here

    return rewrite(expr, change)
