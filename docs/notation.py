"""How the manual writes behaviours: traps in order, then writes, as a textbook would."""

import re
from collections.abc import Iterator

from popek.isa.behaviour import Behaviour, Effect, Put, Store, Trap
from popek.isa.expression import TRUE, Expr, Op, element

_OPENING, _CLOSING = "([", ")]"


def _partner(text: str, start: int) -> int:
    """Return where the bracket that opens at `start` closes."""
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] in _OPENING) - (text[index] in _CLOSING)
        if depth == 0:
            return index
    raise AssertionError(f"unbalanced: {text}")


def bare(text: str) -> str:
    """Take away the parentheses that nobody needs: around all of a text, and just inside other brackets."""
    text = f"[{text}]"
    for opening in [m.start() + 1 for m in re.finditer(r"[\[(](?=\()", text)][::-1]:
        end = _partner(text, opening)
        if text[end + 1] in _CLOSING:
            text = text[:opening] + text[opening + 1 : end] + text[end + 1 :]
    return text[1:-1]


def written(expr: Expr) -> str:
    """Write an expression."""
    return bare(repr(expr))


def _trap(guarded: Trap) -> str:
    kind = "privilege trap" if guarded.privilege else f"{guarded.cause.name.lower()} trap"
    line = f"{kind}, detail {written(guarded.detail)}"
    if guarded.when is TRUE:
        return line
    if guarded.when.op is Op.NOT:
        return f"{line}, unless {written(guarded.when.args[0])}"
    return f"{line}, if {written(guarded.when)}"


def _effect(effect: Effect) -> str:
    condition = "" if effect.when is TRUE else f", if {written(effect.when)}"
    if isinstance(effect, Store):
        return f"mem[{written(effect.address)}] := {written(effect.value)}{condition}"
    if isinstance(effect, Put):
        return f"{bare(repr(element(effect.array, effect.index)))} := {written(effect.value)}{condition}"
    target = bare(f"{effect.array}[({effect.index} + n)]")
    source = bare(f"{effect.source}[({effect.start} + n)]")
    return f"{target} := {source} for n = 0..{effect.count - 1}{condition}"


def lines(behaviour: Behaviour) -> Iterator[str]:
    """Write a behaviour: its traps in the order in which they are tried, then its writes, which happen all at once."""
    yield from (_trap(t) for t in behaviour.guards())
    yield from (f"{slot} := {written(value)}" for slot, value in behaviour.writes.items())
    yield from (_effect(e) for e in behaviour.effects)
