"""A symbolic state of one machine, as the classification needs it: all states at once.

Memory is seen as the paper sees it: the window that R gives, by *virtual* address, and everything outside it, by
physical address. Two states that are relocated against each other then simply share the window. Physical memory is the
two together: a physical address inside the window is a word of the window.

What an instruction does to such a state is an `Execution`: when it completes, when it makes which kind of trap, and
every part of the state afterwards.
"""

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any

from attrs import define, evolve, field, frozen

from popek.isa.behaviour import Behaviour, Cause, Copy, Put, Store, Trap
from popek.isa.domain import Evaluation
from popek.isa.expression import Expr, operand
from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, BOUND, MEMORY, Array, Slot
from popek.isa.translation import Translation
from popek.prove.terms import (
    EXPRESSIONS,
    choose,
    constant,
    every,
    function,
    less,
    negated,
    now,
    same,
    some,
    unknown,
    unknown_array,
)

LARGEST_MEMORY = 1 << 24
SMALLEST_MEMORY = 17


@frozen
class StateSpace:
    """What instructions work on: the state and the translation of an ISA."""

    slots: tuple[Slot, ...]
    arrays: tuple[Array, ...]
    translation: Translation


_ADDRESS = "address"


def translated(rule: Callable[[Expr], Expr], state: Any, address: Expr) -> Any:
    """Return what a rule of the translation says of an address in a symbolic state."""
    return Evaluation(EXPRESSIONS, _At(state, address))(rule(operand(_ADDRESS)))


@frozen(eq=False)
class _At:
    """A state, with an address as its only operand."""

    state: Any
    address: Any

    @property
    def size(self) -> Any:
        return self.state.size

    def slot(self, slot: Slot) -> Any:
        return self.state.slot(slot)

    def operand(self, name: str) -> Any:
        assert name == _ADDRESS
        return self.address

    def element(self, array: Array, index: Any) -> Any:
        return self.state.element(array, index)

    def load(self, address: Any) -> Any:
        raise AssertionError(f"a translation that refers to memory at {address} is not modelled")

    real = legal = load


@frozen(eq=False)
class SymbolicState:
    """One state: a term for each slot, a function for each array; the window is memory by virtual address."""

    space: StateSpace
    slots: Mapping[Slot, Any]
    arrays: Mapping[Array, Any]
    window: Any
    size: Any
    operands: Mapping[str, Any]
    widest: Any = None
    """The bound that tells window from outside, where it is not the state's own (two states that differ in it)."""

    def slot(self, slot: Slot) -> Any:
        """Return a slot's term."""
        return self.slots[slot]

    def operand(self, name: str) -> Any:
        """Return an operand's term."""
        return self.operands[name]

    def load(self, address: Any) -> Any:
        """Return the window's word at a virtual address."""
        return self.window(address)

    def real(self, address: Any) -> Any:
        """Return the physical address of a virtual one."""
        return translated(self.space.translation.real, self, address)

    def legal(self, address: Any) -> Any:
        """Say whether a virtual address may be referred to."""
        return translated(self.space.translation.legal, self, address)

    def element(self, array: Array, index: Any) -> Any:
        """Return an array's word; memory is indexed by physical address, and is 0 beyond its end."""
        if array is not MEMORY:
            return self.arrays[array](index)
        inside = self.window(index - self.slots[BASE])
        outside = choose(less(index, self.size), self.arrays[MEMORY](index), 0)
        return choose(self.inside(index), inside, outside)

    def inside(self, physical: Any) -> Any:
        """Say whether a physical address is in the window that R gives."""
        base, bound = self.slots[BASE], self.slots[BOUND] if self.widest is None else self.widest
        return every(negated(less(physical, base)), less(physical - base, bound), less(physical, self.size))

    def vary(self, slot: Slot, term: Any) -> "SymbolicState":
        """Return the same state but for one slot."""
        return evolve(self, slots={**self.slots, slot: term})

    def possible(self) -> list[Any]:
        """Return what is so in every state: sizes, and slots that are narrower than a word."""
        return [
            less(self.size, LARGEST_MEMORY + 1),
            negated(less(self.size, SMALLEST_MEMORY)),
            *(less(term, 1 << s.bits) for s, term in self.slots.items() if s.bits is not None),
        ]


def any_state(space: StateSpace, instruction: Instruction) -> SymbolicState:
    """Return a state of which nothing is known, before an instruction of which the operands are not known."""
    return _any_state(space, tuple(o.field.name for o in instruction.format))


@cache
def _any_state(space: StateSpace, operands: tuple[str, ...]) -> SymbolicState:
    return SymbolicState(
        space,
        {s: now(s) for s in space.slots},
        {a: unknown_array(a) for a in space.arrays},
        function("window"),
        unknown("q"),
        {n: unknown(f"operand.{n}") for n in (*operands, "word")},
    )


def encodable(instruction: Instruction, state: Any) -> list[Any]:
    """Return what is so of the operands of any encoded instruction: each fits in its field."""
    facts = []
    for given in instruction.format:
        term, span = state.operands[given.field.name], given.field.span
        facts.append(less(term - constant(span.start), len(span)))
    return facts


@define(eq=False)
class Execution:
    """One behaviour on one symbolic state: a `SymbolicState`, or a side of a pair (`inside.py`)."""

    state: Any
    behaviour: Behaviour
    _value: Evaluation[Any] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._value = Evaluation(EXPRESSIONS, self.state)

    def value(self, expr: Expr) -> Any:
        """Return the term of an expression over the state before."""
        return self._value(expr)

    @cached_property
    def _traps(self) -> list[tuple[Any, Cause, bool]]:
        """Each trap with the condition that it is the one made."""
        earlier: list[Any] = []
        found = []
        for trap in self.behaviour.guards():
            when = self.value(trap.when)
            found.append((every(when, *(negated(e) for e in earlier)), trap.cause, trap.privilege))
            earlier.append(when)
        return found

    @cached_property
    def completes(self) -> Any:
        """Whether no trap is made."""
        return every(*(negated(self.value(t.when)) for t in self.behaviour.guards()))

    @cached_property
    def memory_trap(self) -> Any:
        """Whether a memory trap is made."""
        return some(*(when for when, cause, _ in self._traps if cause is Cause.MEMORY))

    @cached_property
    def privilege_trap(self) -> Any:
        """Whether a privilege trap is made."""
        return some(*(when for when, _, privilege in self._traps if privilege))

    @cached_property
    def deliberate_trap(self) -> Any:
        """Whether a trap is made that is neither a memory nor an arithmetic one."""
        set_aside = (Cause.MEMORY, Cause.ARITHMETIC)
        return some(*(when for when, cause, _ in self._traps if cause not in set_aside))

    @cached_property
    def cause(self) -> Any:
        """The code of the trap that is made; 0 if none is."""
        return self._of_trap(lambda trap: constant(trap.cause))

    @cached_property
    def detail(self) -> Any:
        """The detail of the trap that is made; 0 if none is."""
        return self._of_trap(lambda trap: self.value(trap.detail))

    def _of_trap(self, part: Callable[[Trap], Any]) -> Any:
        result = constant(0)
        for trap in reversed(list(self.behaviour.guards())):
            result = choose(self.value(trap.when), part(trap), result)
        return result

    def slot(self, slot: Slot) -> Any:
        """Return a slot's term after the instruction has completed."""
        written = self.behaviour.writes.get(slot)
        return self.state.slot(slot) if written is None else self.value(written)

    def element(self, array: Array, index: Any) -> Any:
        """Return an array's word after the instruction has completed; memory by physical address."""
        return self._after(self.state.element(array, index), array, index)

    def in_window(self, address: Any) -> Any:
        """Return the word at a virtual address, by the R before, after the instruction has completed."""
        return self._after(self.state.window(address), MEMORY, address + self.state.slots[BASE])

    def _after(self, before: Any, array: Array, index: Any) -> Any:
        now = before
        for effect in self.behaviour.effects:
            if isinstance(effect, Store):
                if array is MEMORY:
                    hit = same(index, self.state.real(self.value(effect.address)))
                    now = choose(every(self.value(effect.when), hit), self.value(effect.value), now)
            elif effect.array is array:
                now = self._written(effect, index, now)
        return now

    def _written(self, effect: Put | Copy, index: Any, before: Any) -> Any:
        if isinstance(effect, Put):
            hit = same(index, self.value(effect.index))
            return choose(every(self.value(effect.when), hit), self.value(effect.value), before)
        offset = index - self.value(effect.index)
        moved = self.state.element(effect.source, self.value(effect.start) + offset)
        return choose(every(self.value(effect.when), less(offset, effect.count)), moved, before)
