"""A guess before the solver is asked: a few concrete states that usually show what an instruction is sensitive to.

A guess that shows it is a proof, since it has been replayed; one that does not says nothing, and the solver is asked.
"""

from collections.abc import Iterator, Sequence

from attrs import frozen

from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, BOUND, MEMORY, MODE, SUPERVISOR, USER, Array, Slot
from popek.prove.symbolic import SymbolicState
from popek.prove.values import StateWitness
from popek.prove.witness import Case, Concrete, witness_of

SIZE = 1024
_BOUNDS = (128, 96)
_OUTSIDE = (1, 300, 70, 200, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
"""What the trap words hold: among others, an old R that overlaps the window."""


class Guess(Concrete):
    """A state with everything in it told apart: `other` is the one of two in which the resource is varied."""

    def __init__(self, symbolic: SymbolicState, twin: SymbolicState, mode: int, kind: "Kind", *, other: bool) -> None:
        varied = {s for s in symbolic.slots if symbolic.slots[s] is not twin.slots[s]} if other else set()
        slots = {s: _value(s, kind, other=s in varied) for s in symbolic.slots}
        slots[MODE] = mode
        super().__init__(symbolic, SIZE, slots)
        self._base = slots[BASE]
        self._other = {a for a in symbolic.arrays if other and symbolic.arrays[a] is not twin.arrays[a]}
        self._registers = kind.registers
        vary_bound = symbolic.slots[BOUND] is not twin.slots[BOUND]
        self._bound = max(_BOUNDS) if vary_bound else slots[BOUND]

    def operands(self) -> dict[str, int]:
        """Return the operands' values: registers 1, 2 and 3, no immediate."""
        return {**dict.fromkeys(self.symbolic.operands, 0), "a": 1, "b": 2, "c": 3}

    def look_up(self, array: Array, index: int) -> int:
        """Return an element as it was in the beginning."""
        salt = 17 if array in self._other else 0
        if array is not MEMORY:
            return (self._registers + index if array.size == 16 else 1000 + index) + salt
        offset = index - self._base
        if 0 <= offset < self._bound:
            return 2000 + offset
        return (_OUTSIDE[index] if index < len(_OUTSIDE) else 3000 + index if index < self.size else 0) + salt


@frozen
class Kind:
    """What tells one guess from another: register 0, base and its other, and whether narrow slots are 1 or 0."""

    registers: int
    bases: tuple[int, int] = (64, 80)
    flags: int = 0


KINDS = (Kind(90), Kind(0), Kind(90, flags=1), Kind(90, bases=(8, 0)), Kind(0, flags=1), Kind(1))


def _value(slot: Slot, kind: Kind, *, other: bool) -> int:
    if slot is BASE:
        return kind.bases[other]
    if slot is BOUND:
        return _BOUNDS[other]
    if slot.name == "pc":
        return 16
    return int(other) ^ kind.flags if slot.bits is not None else 50 + other


def guesses(instruction: Instruction, kind: str, cases: Sequence[Case], *, user: bool) -> Iterator[StateWitness]:
    """Give witnesses that were guessed and have been replayed, if any."""
    modes = (SUPERVISOR, USER) if kind == MODE.kind and not user else (int(user), int(user))
    for each in KINDS:
        before, after = (_sides(cases, modes, each) for _ in range(2))
        found = witness_of(instruction, kind, cases, before, after)
        if found is not None:
            yield found


def _sides(cases: Sequence[Case], modes: Sequence[int], kind: Kind) -> list[Guess]:
    return [
        Guess(case.state, twin.state, mode, kind, other=number == 1)
        for number, (case, twin, mode) in enumerate(zip(cases, reversed(cases), modes, strict=False))
    ]
