"""The simplifier: what can be seen of a question without asking anybody.

Each rule holds at every width of 8 bits or more, so constants are compared only where they are small. It is part of
what has to be trusted; it is tested against the integers, and `structural=False` does without it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from popek.isa.expression import FALSE, TRUE, Expr, Op, as_expr, subtrees, unchecked

_SMALL = range(1 << 8)
_ZERO = as_expr(0)
_known: dict[Expr, Expr] = {}


def simplified(expr: Expr) -> Expr:
    """Return an expression that means the same; an expression that was seen before is not looked at again."""
    found = _known.get(expr)
    if found is not None:
        return found
    args = tuple(simplified(a) for a in expr.args)
    same = args == expr.args or not args
    rule = _RULES.get(expr.op)
    found = rule(*args) if rule else None
    if found is None:
        found = expr if same else expr.with_args(args)
    _known[expr] = found
    return found


def _number(expr: Expr) -> int | None:
    """Return the number that a constant is at any width; nothing if it depends on the width, or is no constant."""
    return expr.payload if expr.op is Op.CONST and expr.payload in _SMALL else None  # type: ignore[return-value]


def _not(a: Expr) -> Expr | None:
    if a is TRUE:
        return FALSE
    if a is FALSE:
        return TRUE
    return a.args[0] if a.op is Op.NOT else None


def _opposite(a: Expr, b: Expr) -> bool:
    return (a.op is Op.NOT and a.args[0] is b) or (b.op is Op.NOT and b.args[0] is a)


def _both(a: Expr, b: Expr) -> Expr | None:
    if a is FALSE or b is FALSE or _opposite(a, b):
        return FALSE
    if a is TRUE or a is b:
        return b
    return a if b is TRUE else None


def _either(a: Expr, b: Expr) -> Expr | None:
    if a is TRUE or b is TRUE or _opposite(a, b):
        return TRUE
    if a is FALSE or a is b:
        return b
    if b is FALSE:
        return a
    return TRUE if b.op is Op.EITHER and any(_opposite(a, c) for c in b.args) else None


def _eq(a: Expr, b: Expr) -> Expr | None:
    if a is b:
        return TRUE
    one, other = _number(a), _number(b)
    if one is not None and other is not None:
        return FALSE  # equal constants are one object
    if a.op is Op.CONST and b.op is not Op.CONST:
        return simplified(unchecked(Op.EQ, b, a))  # so that what is the same is said the same way
    if a.op is Op.ADD and b.op is Op.ADD and a.args[0] is b.args[0]:
        return simplified(unchecked(Op.EQ, a.args[1], b.args[1]))
    found = _chosen(a, b) if other is not None and a.op is Op.ITE else None
    found = _one_of(a, b) if found is None else found
    return _one_of(b, a) if found is None else found


def _chosen(choice: Expr, number: Expr) -> Expr | None:
    """Say when a choice between two constants is a third."""
    when, then, otherwise = choice.args
    if _number(then) is None or _number(otherwise) is None:
        return None
    if (then is number) == (otherwise is number):
        return TRUE if then is number else FALSE
    return when if then is number else simplified(unchecked(Op.NOT, when))


def _one_of(choice: Expr, one: Expr) -> Expr | None:
    """Say when a choice between a word and another is the one word: when it is chosen, or both are the same."""
    if choice.op is not Op.ITE:
        return None
    when, then, otherwise = choice.args
    if then is one:
        return simplified(unchecked(Op.EITHER, when, unchecked(Op.EQ, otherwise, one)))
    if otherwise is one:
        unless = simplified(unchecked(Op.NOT, when))
        return simplified(unchecked(Op.EITHER, unless, unchecked(Op.EQ, then, one)))
    return None


def _ult(a: Expr, b: Expr) -> Expr | None:
    if a is b or b is _ZERO:
        return FALSE
    one, other = _number(a), _number(b)
    if one is not None and other is not None:
        return TRUE if one < other else FALSE
    return None


def _ite(when: Expr, then: Expr, otherwise: Expr) -> Expr | None:
    if when is TRUE or then is otherwise:
        return then
    if when is FALSE:
        return otherwise
    return unchecked(Op.ITE, when.args[0], otherwise, then) if when.op is Op.NOT else None


def _add(a: Expr, b: Expr) -> Expr | None:
    if b is _ZERO:
        return a
    return b if a is _ZERO else None


def _sub(a: Expr, b: Expr) -> Expr | None:
    if a is b:
        return _ZERO
    if b is _ZERO:
        return a
    return a.args[1] if a.op is Op.ADD and a.args[0] is b else None


_BITWISE = frozenset((Op.AND, Op.OR, Op.XOR))


def _and(a: Expr, b: Expr) -> Expr | None:
    mask = _number(b)
    if mask is None:
        return None
    if mask == 0:
        return _ZERO
    looked_at = _low(a, mask)
    if isinstance(looked_at.payload, int) and looked_at.op is Op.CONST:
        return as_expr(looked_at.payload & mask)
    return simplified(unchecked(Op.AND, looked_at, b)) if looked_at is not a else None


def _low(word: Expr, mask: int) -> Expr:
    """Return a word that is the same in the low bits of a mask, and says less of the others."""
    if word.op is Op.CONST and isinstance(word.payload, int):
        return as_expr(word.payload & mask)
    if word.op is Op.SHL and word.args[1].op is Op.CONST:
        places = word.args[1].payload
        return _ZERO if isinstance(places, int) and places >= 0 and not mask >> places else word
    if word.op in _BITWISE:
        return simplified(word.with_args(tuple(_low(a, mask) for a in word.args)))
    if word.op is Op.ITE:
        when, then, otherwise = word.args
        return simplified(unchecked(Op.ITE, when, _low(then, mask), _low(otherwise, mask)))
    return word


def _or(a: Expr, b: Expr) -> Expr | None:
    if a is _ZERO or a is b:
        return b
    return a if b is _ZERO else None


def _xor(a: Expr, b: Expr) -> Expr | None:
    if a is _ZERO:
        return b
    return a if b is _ZERO else None


_RULES: dict[Op, Callable[..., Expr | None]] = {
    Op.NOT: _not, Op.BOTH: _both, Op.EITHER: _either, Op.EQ: _eq, Op.ULT: _ult, Op.ITE: _ite, Op.ADD: _add,
    Op.SUB: _sub, Op.AND: _and, Op.OR: _or, Op.XOR: _xor,
}  # fmt: skip


# Several at once -----------------------------------------------------------------------------------------------------

_ROUNDS = 4


def together(claims: Iterable[Expr]) -> tuple[Expr, ...]:
    """Return claims that hold together iff the given ones do: what one of them says, no other says again.

    If one of them is false, that is all there is to say.
    """
    said = tuple(dict.fromkeys(_parts(claims)))
    for _ in range(_ROUNDS):
        known = dict.fromkeys(said, TRUE) | {c.args[0]: FALSE for c in said if c.op is Op.NOT}
        less = tuple(dict.fromkeys(_parts(_without(c, known) for c in said)))
        if FALSE in less:
            return (FALSE,)
        if less == said:
            break
        said = less
    return said


def _parts(claims: Iterable[Expr]) -> Iterator[Expr]:
    """Give what claims come down to: none of them says two things."""
    left = [*claims][::-1]
    while left:
        claim = simplified(left.pop())
        if claim.op is Op.BOTH:
            left += claim.args[::-1]
        elif claim.op is Op.NOT and claim.args[0].op is Op.EITHER:
            left += [unchecked(Op.NOT, a) for a in claim.args[0].args[::-1]]
        elif claim is not TRUE:
            yield claim


def _without(claim: Expr, known: Mapping[Expr, Expr]) -> Expr:
    """Return a claim with what is known put in for the truths in it, but for itself."""
    itself = (claim, claim.args[0]) if claim.op is Op.NOT else (claim,)
    done: dict[Expr, Expr] = {}
    for here in subtrees(claim):
        found = known.get(here) if here not in itself else None
        if found is None:
            args = tuple([done[a] for a in here.args])
            found = here if args == here.args else here.with_args(args)
        done[here] = found
    return done[claim]
