"""From a solver's model to concrete states, replayed on the reference engine.

A model that does not replay as it promises is a mistake of ours, and ends the run.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from attrs import evolve, frozen

from popek.engine.compiled import closure
from popek.engine.reference import apply
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.encoding import OPCODE_LOW
from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, BOUND, MEMORY, REGISTERS, Array, Role, Slot
from popek.language.phrase import say
from popek.language.words import word
from popek.prove.solver import Model
from popek.prove.symbolic import StateSpace, SymbolicState
from popek.prove.terms import constant
from popek.prove.values import Snapshot, StateWitness


@frozen(eq=False)
class Case:
    """A symbolic state, the meaning that was executed on it, and what the machine does, privilege traps included."""

    state: SymbolicState
    behaviour: Behaviour
    actual: Behaviour


class Concrete(ABC):
    """A concrete case of a symbolic state; array elements are looked up as they are needed."""

    def __init__(self, symbolic: SymbolicState, size: int, slots: dict[Slot, int]) -> None:
        self.symbolic = symbolic
        self.size = size
        self.slots = slots
        self.elements: dict[tuple[Array, int], int] = {}
        self.touched: list[tuple[Array, int]] = []

    @abstractmethod
    def operands(self) -> dict[str, int]:
        """Return the operands' values."""

    @abstractmethod
    def look_up(self, array: Array, index: int) -> int:
        """Return an element as it was in the beginning."""

    def slot(self, slot: Slot) -> int:
        """Return a slot's value."""
        return self.slots[slot]

    def set_slot(self, slot: Slot, value: int) -> None:
        """Write a slot."""
        self.slots[slot] = value

    def element(self, array: Array, index: int) -> int:
        """Return an element, memory by physical address."""
        key = array, index
        if key not in self.touched:
            self.touched.append(key)
        if key not in self.elements:
            self.elements[key] = self.look_up(array, index)
        return self.elements[key]

    def put(self, array: Array, index: int, value: int) -> None:
        """Write an element; memory beyond its end swallows it."""
        self.element(array, index)
        if array is not MEMORY or index < self.size:
            self.elements[array, index] = value

    def snapshot(self, space: StateSpace, elements: Sequence[tuple[Array, int]]) -> Snapshot:
        """Return the slots, and those elements, by name."""
        named = {s.name: self.slots[s] for s in space.slots}
        return Snapshot({**named, **{_name(a, i): self.element(a, i) for a, i in elements}})


class ModelState(Concrete):
    """The concrete state that a solver's model describes."""

    def __init__(self, model: Model, symbolic: SymbolicState) -> None:
        self.model = model
        super().__init__(symbolic, self._number(symbolic.size), {s: self._number(t) for s, t in symbolic.slots.items()})

    def _number(self, term: Any) -> int:
        return int(self.model.value(term))

    def operands(self) -> dict[str, int]:
        """Return the operands' values."""
        return {name: self._number(term) for name, term in self.symbolic.operands.items()}

    def look_up(self, array: Array, index: int) -> int:
        """Return an element as the model has it."""
        return self._number(self.symbolic.element(array, constant(index)))


def _name(array: Array, index: int) -> str:
    return f"r{index}" if array is REGISTERS else f"{array.name}[{index}]"


def state_witness(model: Any, instruction: Instruction, kind: str, cases: Sequence[Case]) -> StateWitness:
    """Return the witness in a solver's model, replayed."""
    found = _replayed(model, instruction, kind, cases)
    if found.differs == "privilege trap":  # the meaning is the same: the difference is who may
        found = _replayed(model, instruction, kind, [evolve(c, behaviour=c.actual) for c in cases])
        assert found.outcomes.count("privilege trap") == 1, (
            f"a model of `{instruction}` as {kind} does not replay: please report this"
        )
    return found


def _replayed(model: Any, instruction: Instruction, kind: str, cases: Sequence[Case]) -> StateWitness:
    before = [ModelState(model, c.state) for c in cases]
    after = [ModelState(model, c.state) for c in cases]
    found = witness_of(instruction, kind, cases, before, after, privilege=True)
    assert found is not None, f"a model of `{instruction}` as {kind} does not replay: please report this"
    return found


def witness_of(
    instruction: Instruction,
    kind: str,
    cases: Sequence[Case],
    before: Sequence[Concrete],
    after: Sequence[Concrete],
    *,
    privilege: bool = False,
) -> StateWitness | None:
    """Replay concrete cases and return the witness that they are, or nothing; `after` is the same states again.

    `privilege`: where nothing else differs it is known that a privilege trap does, which the meaning does not show.
    """
    space = cases[0].state.space
    outcomes = [replay(space, c.behaviour, s) for c, s in zip(cases, after, strict=True)]
    shown: list[tuple[Array, int]] = []
    for state in after:
        shown += [t for t in state.touched if t not in shown]
    differs = _difference(space, kind, before, after, outcomes)
    if not differs or (differs == "privilege trap" and not privilege):
        return None
    if differs.startswith("mem["):
        shown += [t for s in before if (t := (MEMORY, s.slot(BASE) + int(differs[4:-1]))) not in shown]
    operands = before[0].operands()
    return StateWitness(
        kind,
        _says(instruction, kind, differs, outcomes),
        _written(instruction, operands),
        tuple(s.snapshot(space, shown) for s in before),
        tuple(s.snapshot(space, shown) for s in after),
        tuple(outcomes),
        differs,
    )


def replay(space: StateSpace, behaviour: Behaviour, state: Concrete) -> str:
    """Execute a behaviour on the engine's integers; return the outcome in a word or two."""
    values = state.operands()
    lowered = behaviour.lower(space.translation)
    for trap in lowered.traps:
        if closure(trap.when)(state, values):
            return say("privilege trap") if trap.privilege else say("{cause} trap", cause=word(trap.cause.name.lower()))
    apply(lowered, state, values)
    return "completes"


def _difference(
    space: StateSpace, kind: str, before: Sequence[Concrete], after: Sequence[Concrete], outcomes: Sequence[str]
) -> str:
    """Return the name of what shows the claim in the replay, or nothing if it does not show."""
    if len(after) == 1:
        return _changed(space, kind, before[0], after[0], outcomes[0])
    completed = [o == "completes" for o in outcomes]
    if f"{Cause.MEMORY.name.lower()} trap" in outcomes:
        return ""
    if completed[0] != completed[1]:
        return "outcome"
    if not any(completed):
        return say("privilege trap")
    return next(_visible_differences(space, before, after), "") or say("privilege trap")


def _changed(space: StateSpace, kind: str, before: Concrete, after: Concrete, outcome: str) -> str:
    if kind == "not privileged":
        return "outcome"
    if kind == "trap":
        return "mode" if outcome.endswith("trap") else ""
    if outcome != "completes":
        return ""
    slots = [s.name for s in space.slots if s.role is Role.RESOURCE and before.slot(s) != after.slot(s)]
    words = [
        _name(a, i)
        for a, i in after.touched
        if a.role is Role.RESOURCE and before.element(a, i) != after.element(a, i) and not _in_window(before, a, i)
    ]
    return next(iter(slots + words), "")


def _in_window(state: Concrete, array: Array, index: int) -> bool:
    base, bound = state.slot(BASE), state.slot(BOUND)
    return array is MEMORY and base <= index < base + bound


def _visible_differences(space: StateSpace, before: Sequence[Concrete], after: Sequence[Concrete]) -> Any:
    one, other = after
    for slot in space.slots:
        if slot.role is Role.PROGRAM and one.slot(slot) != other.slot(slot):
            yield slot.name
    for array, index in [*one.touched, *other.touched]:
        if array.role is Role.PROGRAM and one.element(array, index) != other.element(array, index):
            yield _name(array, index)
        if array is MEMORY:
            for state in before:
                yield from _window_difference(before, after, index - state.slot(BASE))


def _window_difference(before: Sequence[Concrete], after: Sequence[Concrete], address: int) -> Any:
    """Give a word of the window by its virtual address, by the R before, if it differs."""
    places = [s.slot(BASE) + address for s in before]
    seen = 0 <= address < max(s.slot(BOUND) for s in before) and max(places) < before[0].size
    if seen and len({s.element(MEMORY, p) for s, p in zip(after, places, strict=True)}) > 1:
        yield f"mem[{address}]"


def _written(instruction: Instruction, operands: dict[str, int]) -> str:
    """Write the instruction with its operands as assembly."""
    text = instruction.operands
    for operand in instruction.format:
        value = operands[operand.field.name]
        signed = value - (1 << 32) if operand.field.signed and value >> 31 else value
        text = text.replace(operand.token, f"r{value}" if operand.register else str(signed), 1)
    assert 0 <= instruction.opcode < 1 << (32 - OPCODE_LOW)
    return f"{instruction.name} {text}".strip()


def _says(instruction: Instruction, kind: str, differs: str, outcomes: Sequence[str]) -> str:
    if kind == "not privileged":
        return say("`{instruction}` {outcome} here", instruction=instruction, outcome=outcomes[0])
    if kind == "control":
        return say("`{instruction}` completes and has changed {differs}", instruction=instruction, differs=differs)
    if kind == "trap":
        return say(
            "`{instruction}` makes a {outcome}, which changes the mode (the paper read to the letter)",
            instruction=instruction,
            outcome=outcomes[0],
        )
    shows = say("`{instruction}` leaves a different {differs}", instruction=instruction, differs=differs)
    if differs in ("outcome", "privilege trap"):
        shows = say(
            "`{instruction}`: {one} in one, {other} in the other",
            instruction=instruction,
            one=outcomes[0],
            other=outcomes[1],
        )
    return say("two states that differ in their {kind} alone: {shows}", kind=word(kind), shows=shows)
