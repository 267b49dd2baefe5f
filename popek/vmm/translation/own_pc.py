"""What a copied instruction means in the translation cache, where the machine's pc is the cache's and not the guest's.

Its own pc, that of the guest, is a value that was known when it was translated: the operand `own.pc`. Wherever its
behaviour reads the pc, it reads that. What it writes to the pc is taken out, as its *exits*: the addresses, as the
guest has them, where it may go on, and which of them it takes. So what is a branch, what a computed jump, and what
simply goes on to the next word, is read off what a behaviour writes to the pc, and off nothing else.
"""

from collections.abc import Callable, Iterable
from functools import cache

from attrs import evolve, field, frozen

from popek.isa.behaviour import Behaviour, Copy, Effect, Put, Store
from popek.isa.expression import Expr, Op, as_expr, ite, operand, rewrite, subtrees
from popek.isa.slot import PC, Slot

OWN_PC = operand("own.pc")
"""The guest's own pc, of an instruction in the cache."""

_NEXT = OWN_PC + 1
_OF_STATE = frozenset((Op.SLOT, Op.ELEMENT, Op.LOAD, Op.REAL, Op.LEGAL, Op.SIZE))


@frozen
class Exit:
    """Where a copied instruction may go on: the guest's address. `settled`: it is known when it is translated."""

    target: Expr
    settled: bool


@frozen
class Copied:
    """A behaviour that neither reads nor writes the pc, the exits, and which of them is taken, by number."""

    behaviour: Behaviour = field(repr=False)
    exits: tuple[Exit, ...]
    taken: Expr

    @property
    def falls(self) -> bool:
        """Whether it always goes on to the next word."""
        return len(self.exits) == 1 and self.exits[0].target is _NEXT

    def writes(self, slots: Iterable[Slot]) -> bool:
        """Say whether it writes one of some slots."""
        return not self.behaviour.writes.keys().isdisjoint(slots)


@cache
def copied(behaviour: Behaviour) -> Copied:
    """Return what an instruction of this behaviour does in the cache."""
    own = changed(behaviour, _own)
    flow = own.writes[PC]
    targets = tuple(dict.fromkeys(_leaves(flow)))
    exits = tuple(Exit(t, settled=not any(e.op in _OF_STATE for e in subtrees(t))) for t in targets)
    return Copied(_without_pc(own), exits, _numbered(flow, targets))


def _without_pc(behaviour: Behaviour) -> Behaviour:
    """Return a behaviour that does not write the pc, and makes the memory traps that the pc's new value is good for."""
    rest = evolve(behaviour, writes={s: e for s, e in behaviour.writes.items() if s is not PC})
    guards = tuple(behaviour.guards())
    return rest if tuple(rest.guards()) == guards else evolve(rest, traps=guards)


def _own(expr: Expr) -> Expr:
    return OWN_PC if expr is as_expr(PC) else expr


def _leaves(flow: Expr) -> list[Expr]:
    """Return what a choice comes down to in the end, in order."""
    return [leaf for arm in flow.args[1:] for leaf in _leaves(arm)] if flow.op is Op.ITE else [flow]


def _numbered(flow: Expr, targets: tuple[Expr, ...]) -> Expr:
    """Return the same choice, between the numbers of the exits."""
    if flow.op is not Op.ITE:
        return as_expr(targets.index(flow))
    condition, then, otherwise = flow.args
    return ite(condition, _numbered(then, targets), _numbered(otherwise, targets))


def changed(behaviour: Behaviour, change: Callable[[Expr], Expr]) -> Behaviour:
    """Return a behaviour with every expression in it rewritten."""

    def to(expr: Expr) -> Expr:
        return rewrite(expr, change)

    return Behaviour(
        {s: to(e) for s, e in behaviour.writes.items()},
        [_effect(e, to) for e in behaviour.effects],
        [evolve(t, when=to(t.when), detail=to(t.detail)) for t in behaviour.traps],
    )


def _effect(effect: Effect, to: Callable[[Expr], Expr]) -> Effect:
    if isinstance(effect, Store):
        return Store(to(effect.address), to(effect.value), to(effect.when))
    if isinstance(effect, Put):
        return evolve(effect, index=to(effect.index), value=to(effect.value), when=to(effect.when))
    assert isinstance(effect, Copy)
    return evolve(effect, index=to(effect.index), start=to(effect.start), when=to(effect.when))
