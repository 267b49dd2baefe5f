"""Behaviours: a total function from state to state, as data.

A behaviour is an ordered list of guarded traps and a set of simultaneous writes. If a trap's guard holds, only the
trap happens, and nothing else is committed. Every reference to virtual memory adds a guard of its own: the address
must be legal, or the instruction makes a memory trap. `guards` gives them all, in the order in which they are tried:
before each written trap the references in its own guard, and after the last one those in the writes.

All expressions are over the state *before*. Where two writes name the same element, the later one stands.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum, unique
from functools import cache, cached_property

from attrs import evolve, field, frozen

from popek.isa.expression import TRUE, Expr, Op, Sort, Word, as_expr, legal, not_
from popek.isa.slot import MEMORY, PC, Array, Slot
from popek.isa.translation import Translation


@unique
class Cause(IntEnum):
    """Why a trap happened. The number is what the hardware stores in the cause word."""

    MEMORY = 1
    ILLEGAL = 2
    PRIVILEGED = 3
    SVC = 4
    ARITHMETIC = 5
    TIMER = 6
    DISK = 7

    @property
    def old_pc(self) -> int:
        """How far the old PSW's pc is past the instruction: 1 for a supervisor call, which is not tried again."""
        return 1 if self is Cause.SVC else 0


def _words(values: Mapping[Slot, Word]) -> dict[Slot, Expr]:
    return {s: _fit(s, as_expr(v)) for s, v in values.items()}


def _fit(slot: Slot, value: Expr) -> Expr:
    assert isinstance(slot, Slot), f"a slot was expected, not {slot!r}"
    assert value.sort is Sort.WORD, f"{slot} takes a word, not the truth {value}"
    if slot.bits is None or narrow(value, slot.bits):
        return value
    return value & ((1 << slot.bits) - 1)


def _told_apart(writes: Mapping[Slot, Expr]) -> tuple[Mapping[Slot, Expr], tuple[Expr, ...]]:
    """Return what tells writes from others: what they are, and in which order their addresses are tried."""
    return writes, tuple(a for e in writes.values() for a in e.references)


def _effects(effects: "Iterable[Effect]") -> "tuple[Effect, ...]":
    return tuple(effects)


def _traps(traps: "Iterable[Trap]") -> "tuple[Trap, ...]":
    return tuple(traps)


def narrow(value: Expr, bits: int) -> bool:
    """Say whether a value is seen to fit in so many bits."""
    if value.op is Op.CONST:
        return isinstance(value.payload, int) and 0 <= value.payload < 1 << bits
    if value.op is Op.SLOT:
        return isinstance(value.payload, Slot) and value.payload.bits is not None and value.payload.bits <= bits
    if value.op is Op.AND:
        return any(a.op is Op.CONST and narrow(a, bits) for a in value.args)
    return value.op is Op.ITE and all(narrow(a, bits) for a in value.args[1:])


@frozen
class Trap:
    """If `when` holds: a trap with this cause and detail. `privilege` tags it as a privilege trap."""

    when: Expr
    cause: Cause
    detail: Expr = field(default=as_expr(0), converter=as_expr)
    privilege: bool = False


@frozen
class Put:
    """`array[index] := value`, if `when`. For memory the index is a physical address."""

    array: Array
    index: Expr = field(converter=as_expr)
    value: Expr = field(converter=as_expr)
    when: Expr = TRUE


@frozen
class Store:
    """The word at a virtual address := value, if `when`; the address must be legal in any case."""

    address: Expr = field(converter=as_expr)
    value: Expr = field(converter=as_expr)
    when: Expr = TRUE


MOST_COPIED = 1 << 24
"""Words of the largest memory."""


def _counted(count: int) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_COPIED:
        raise ValueError(f"a transfer has 0 to {MOST_COPIED} words, not {count!r}")
    return count


@frozen
class Copy:
    """A device's transfer: `array[index + i] := source[start + i]` for all 0 <= i < count, at once, if `when`."""

    array: Array
    index: Expr = field(converter=as_expr)
    source: Array
    start: Expr = field(converter=as_expr)
    count: int = field(converter=_counted)
    when: Expr = TRUE


Effect = Put | Store | Copy


@frozen
class Behaviour:
    """Traps, in order, and writes, all at once: `writes` to slots, `effects` on arrays and memory."""

    writes: Mapping[Slot, Expr] = field(factory=dict, converter=_words, eq=_told_apart)
    effects: tuple[Effect, ...] = field(default=(), converter=_effects)
    traps: tuple[Trap, ...] = field(default=(), converter=_traps)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((frozenset(self.writes.items()), self.effects, self.traps))

    def advancing(self) -> "Behaviour":
        """Return the same, going on to the next word unless it writes the pc itself."""
        if PC in self.writes:
            return self
        return evolve(self, writes={**self.writes, PC: as_expr(PC) + 1})

    def trapping(self, *first: Trap) -> "Behaviour":
        """Return the same with these traps tried first."""
        return evolve(self, traps=(*first, *self.traps))

    def unprivileged(self) -> "Behaviour":
        """Return the meaning: the same with privilege traps taken out."""
        if not any(t.privilege for t in self.traps):
            return self
        return evolve(self, traps=tuple(t for t in self.traps if not t.privilege))

    def values(self) -> Iterator[Expr]:
        """Give every expression of the writes, in order."""
        yield from self.writes.values()
        for effect in self.effects:
            yield from _parts(effect)

    def guards(self) -> Iterator[Trap]:
        """Give every trap in the order in which it is tried, those of the memory references included."""
        checked: set[Expr] = set()
        for trap in self.traps:
            yield from _references((trap.when, trap.detail), checked)
            yield trap
        yield from _references(self.values(), checked)
        for effect in self.effects:
            if isinstance(effect, Store):
                yield from _faults(effect.address, checked)

    @cached_property
    def reads(self) -> frozenset[Slot | Array]:
        """Every slot and array that a guard or a write mentions."""
        return self.guard_reads | _mentioned(self.values()) | {e.source for e in self.effects if isinstance(e, Copy)}

    @cached_property
    def guard_reads(self) -> frozenset[Slot | Array]:
        """Every slot and array on which it depends whether, and how, the behaviour traps."""
        return _mentioned(e for t in self.guards() for e in (t.when, t.detail))

    @cached_property
    def operands(self) -> frozenset[str]:
        """The name of every operand that a guard or a write mentions."""
        guards = (e for t in self.guards() for e in (t.when, t.detail))
        return frozenset().union(*(e.operands for e in (*guards, *self.values())))

    def lower(self, translation: Translation) -> "Behaviour":
        """Return the same with memory references made explicit: their faults as traps, their words as elements."""
        return _lowered(self, translation)

    def _lower(self, translation: Translation) -> "Behaviour":
        down = translation.lower
        traps = [evolve(t, when=down(t.when), detail=down(t.detail)) for t in self.guards()]
        return Behaviour(
            {s: down(e) for s, e in self.writes.items()},
            tuple(_lower_effect(e, translation) for e in self.effects),
            tuple(traps),
        )


@cache
def _lowered(behaviour: Behaviour, translation: Translation) -> Behaviour:
    return behaviour._lower(translation)  # noqa: SLF001 - its own, kept for all who are equal


def _mentioned(exprs: Iterable[Expr]) -> frozenset[Slot | Array]:
    return frozenset().union(*(e.mentions for e in exprs))


def _parts(effect: Effect) -> tuple[Expr, ...]:
    if isinstance(effect, Put):
        return effect.when, effect.index, effect.value
    if isinstance(effect, Store):
        return effect.when, effect.address, effect.value
    return effect.when, effect.index, effect.start


def _references(exprs: Iterable[Expr], checked: set[Expr]) -> Iterator[Trap]:
    for expr in exprs:
        for address in expr.references:
            yield from _faults(address, checked)


def _faults(address: Expr, checked: set[Expr]) -> Iterator[Trap]:
    if address not in checked:
        checked.add(address)
        yield Trap(when=not_(legal(address)), cause=Cause.MEMORY, detail=address)


def _lower_effect(effect: Effect, translation: Translation) -> Effect:
    down = translation.lower
    if isinstance(effect, Store):
        return Put(MEMORY, translation.real(down(effect.address)), down(effect.value), down(effect.when))
    if isinstance(effect, Put):
        return evolve(effect, index=down(effect.index), value=down(effect.value), when=down(effect.when))
    return evolve(effect, index=down(effect.index), start=down(effect.start), when=down(effect.when))
