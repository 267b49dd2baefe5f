"""Behaviours as LLVM instructions: guards that leave, then all values, then all writes."""

from collections.abc import Callable, Container, Mapping

from attrs import evolve

from popek.engine.native.expressions import Emission, View
from popek.engine.native.text import Text
from popek.isa.behaviour import Behaviour, Put, Trap
from popek.isa.expression import TRUE, Expr, as_expr, subtrees
from popek.isa.slot import MEMORY, PC, Array, Slot

NEXT = as_expr(PC) + 1
"""What a behaviour that goes on to the next word writes to the pc."""

OnTrap = Callable[[Trap, str], None]
"""Writes what is done about a trap, given its detail's value; must end the block."""


def effective(behaviour: Behaviour) -> Behaviour:
    """Return a behaviour without what can never happen: all that comes after a trap that always does."""
    for n, trap in enumerate(behaviour.traps):
        if trap.when == TRUE:
            return Behaviour(traps=behaviour.traps[: n + 1])
    return behaviour


def compilable(behaviour: Behaviour, seen: Container[Array] = ()) -> bool:
    """Say whether compiled code can do all of a behaviour: whether all arrays in it are buffers, or are `seen`.

    Devices' are no buffers; there may be windows to see them by.
    """
    arrays = {e.payload for e in mentioned(behaviour) if isinstance(e.payload, Array)}
    arrays |= {e.array for e in behaviour.effects if isinstance(e, Put)}
    words = all(isinstance(e, Put) for e in behaviour.effects)
    return words and all(a.size is not None or a in seen for a in arrays)


def mentioned(behaviour: Behaviour) -> set[Expr]:
    """Return every distinct expression in a behaviour."""
    roots = (*behaviour.values(), *(e for t in behaviour.traps for e in (t.when, t.detail)))
    return {e for root in roots for e in subtrees(root)}


def stores(behaviour: Behaviour) -> bool:
    """Say whether a behaviour may write memory."""
    return any(isinstance(e, Put) and e.array is MEMORY for e in behaviour.effects)


def sequential(behaviour: Behaviour) -> bool:
    """Say whether a behaviour goes on to the next word, if it completes."""
    return behaviour.writes.get(PC) == NEXT


def guards(emission: Emission, behaviour: Behaviour, on_trap: OnTrap) -> None:
    """Write the traps, each of which leaves if its guard holds."""
    text = emission.text
    for trap in behaviour.traps:
        when, detail = emission(trap.when), emission(trap.detail)
        trapping, on = text.fresh("trap"), text.fresh("on")
        text.branch(when, trapping, on, seldom=True)
        text.label(trapping)
        on_trap(trap, detail)
        text.label(on)
        emission.rule_out(trap.when)


def commit(emission: Emission, behaviour: Behaviour, begin: Callable[[], None] = lambda: None) -> None:
    """Write all the values, and then all the writes; `begin` is written between: from there on all is done."""
    text, view = emission.text, emission.view
    slots: list[tuple[Slot, str]] = [(s, emission(e)) for s, e in behaviour.writes.items() if e != as_expr(s)]
    words: list[tuple[Put, str, str, str]] = []
    for effect in behaviour.effects:
        assert isinstance(effect, Put), f"{effect} was not lowered"
        words.append((effect, emission(effect.when), emission(effect.index), emission(effect.value)))
    for effect, when, index, _ in words:
        emission.reach(effect.array, index, when)
    begin()
    if stores(behaviour):
        view.watch(text)
    for slot, value in slots:
        view.set_slot(text, slot, value)
    for put, when, index, value in words:
        inside = emission.inside(put.array, put.index)
        if put.when == TRUE:
            view.put(text, put.array, index, value, inside=inside)
        else:
            with text.only_if(when):
                view.put(text, put.array, index, value, inside=inside)


def apply(text: Text, view: View, behaviour: Behaviour, operands: Mapping[str, str] | None = None) -> None:
    """Write a behaviour that has no traps."""
    commit(Emission(text, view, operands or {}), evolve(behaviour, traps=()))
