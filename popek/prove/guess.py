"""A guess before the solver is asked: a few concrete states that usually show what an instruction is sensitive to.

A guess that shows it is a proof, since it has been replayed; one that does not says nothing, and the solver is asked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from attrs import evolve, frozen

from popek.isa.expression import Expr, Op, subtrees
from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, BOUND, MEMORY, MODE, REGISTERS, SUPERVISOR, USER, Array, Slot
from popek.prove.samples import PATTERNS
from popek.prove.symbolic import SymbolicState
from popek.prove.terms import WIDTH
from popek.prove.values import StateWitness
from popek.prove.witness import Case, Concrete, witness_of

SIZE = 1024
_WORDS = 1 << WIDTH
_HALF = 64
_BOUNDS = (128, 96)
_TABLE = (
    *PATTERNS, *(n * 0x01010101 for n in (0xF3, 0xB3, 0x9C, 0xDC, 0xF8, 0x90, 0x72, 0x52, 0x9A, 0x92, 0xFA, 0xF2)),
)  # fmt: skip
"""What a table in the window holds: bytes of which this or that bit is set, as in what describes memory or devices."""
_OUTSIDE = (1, 300, 70, 200, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
"""What the trap words hold: among others, an old R that overlaps the window."""


class Guess(Concrete):
    """A state with everything in it told apart: `other` is the one of two in which the resource is varied."""

    def __init__(self, symbolic: SymbolicState, twin: SymbolicState, mode: int, kind: "Kind", *, other: bool) -> None:
        slots = dict(_slots(tuple(symbolic.slots), kind))
        if other:
            varied = [s for s, term in symbolic.slots.items() if term is not twin.slots[s]]
            slots.update((s, _value(s, kind, other=True)) for s in varied)
        slots[MODE] = mode
        super().__init__(symbolic, SIZE, slots)
        self._base = slots[BASE]
        self._other = {a for a in symbolic.arrays if other and symbolic.arrays[a] is not twin.arrays[a]}
        self._kind = kind
        vary_bound = symbolic.slots[BOUND] is not twin.slots[BOUND]
        self._bound = max(_BOUNDS) if vary_bound else slots[BOUND]

    def again(self) -> "Guess":
        """Return the same state, of which nothing has been looked up or written."""
        other = Guess.__new__(Guess)
        other.__dict__.update(self.__dict__, slots=dict(self.slots), elements={}, touched=[])
        return other

    def operands(self) -> dict[str, int]:
        """Return the operands' values: registers 1, 2 and 3, and the immediate."""
        return {**dict.fromkeys(self.symbolic.operands, 0), "a": 1, "b": 2, "c": 3, "imm": self._kind.immediate}

    def look_up(self, array: Array, index: int) -> int:
        """Return an element as it was in the beginning."""
        salt = 23 if array in self._other else 0
        if array is not MEMORY:
            if array.size != REGISTERS.size:
                return 1000 + index + salt
            return (self._kind.registers + self._kind.step * index + salt) % _WORDS
        offset = index - self._base
        if 0 <= offset < self._bound:
            if not self._kind.patterns:
                return 2000 + offset
            return _TABLE[offset % len(_TABLE)] if offset < _HALF else offset - _HALF
        return (_OUTSIDE[index] if index < len(_OUTSIDE) else 3000 + index if index < self.size else 0) + salt


@frozen
class Kind:
    """What tells one guess from another.

    `registers` is what register 0 holds, and the others `step` more each; `bases` are a base and its other; `flags` is
    what narrow slots hold, and `slots` what wide ones do.
    `patterns`: the window has a table of patterns of bits, and then small numbers.
    """

    registers: int
    bases: tuple[int, int] = (64, 80)
    flags: int = 0
    immediate: int = 0
    step: int = 1
    slots: int = 50
    patterns: bool = False


KINDS = (Kind(90), Kind(0), Kind(90, flags=1), Kind(90, bases=(8, 0)), Kind(0, flags=1), Kind(1))
FURTHER = (
    Kind(107), Kind(90, bases=(1000, 8)), Kind(150), Kind(151), Kind(208), Kind(88, step=0, immediate=4, patterns=True),
    Kind(55, step=0, immediate=2, patterns=True), Kind(32, step=0, immediate=2, patterns=True),
    Kind(8, step=0, immediate=2, patterns=True), Kind(_WORDS - 1, step=0), Kind(0, slots=_WORDS - 2), Kind(0, slots=0),
    Kind(89, flags=1), Kind(155, step=-5, flags=1), Kind(90, bases=(0, 80)),
)  # fmt: skip
"""What is tried after that: addresses that are legal in one state only, tables in memory, all bits, none."""


@cache
def kinds(instruction: Instruction) -> tuple[Kind, ...]:
    """Return what is guessed of one instruction after `KINDS`, by what it compares."""
    spans = [o.field.span for o in instruction.format if o.field.name == "imm"]
    constants = [n for n in _compared(instruction, _is_immediate) for s in spans if (n - s.start) % _WORDS < len(s)]
    immediates = dict.fromkeys((*constants, *(s.stop - 1 for s in spans)))
    chosen = [evolve(k, immediate=n % _WORDS) for n in immediates for k in (Kind(90, slots=0), KINDS[2])]
    numbers = dict.fromkeys(_compared(instruction, _has_register))
    return (*FURTHER, *chosen, *(Kind(n, step=0, flags=flags) for n in numbers for flags in (0, 1)))


def _compared(instruction: Instruction, what: Callable[[Expr], bool]) -> Iterator[int]:
    """Give the constants with which an instruction compares some expressions."""
    for behaviour in (instruction.user, instruction.supervisor):
        for whole in (*(t.when for t in behaviour.traps), *behaviour.values()):
            for each in subtrees(whole):
                if each.op is Op.EQ:
                    for one, other in (each.args, reversed(each.args)):
                        if isinstance(one.payload, int) and one.op is Op.CONST and what(other):
                            yield one.payload


def _is_immediate(expr: Expr) -> bool:
    return not expr.mentions and any(e.op is Op.OPERAND and e.payload == "imm" for e in subtrees(expr))


def _has_register(expr: Expr) -> bool:
    return REGISTERS in expr.mentions


def _value(slot: Slot, kind: Kind, *, other: bool) -> int:
    if slot is BASE:
        return kind.bases[other]
    if slot is BOUND:
        return _BOUNDS[other]
    if slot.name == "pc":
        return 16
    return int(other) ^ kind.flags if slot.bits is not None else kind.slots + other


@cache
def _slots(slots: tuple[Slot, ...], kind: Kind) -> Mapping[Slot, int]:
    return {s: _value(s, kind, other=False) for s in slots}


def guesses(
    instruction: Instruction, kind: str, cases: Sequence[Case], *, user: bool, further: bool = False
) -> Iterator[StateWitness]:
    """Give witnesses that were guessed and have been replayed, if any; `further`: those tried when no other will do."""
    modes = (SUPERVISOR, USER) if kind == MODE.kind and not user else (int(user), int(user))
    for each in kinds(instruction) if further else KINDS:
        after = _sides(cases, modes, each)
        before = [g.again() for g in after]
        found = witness_of(instruction, kind, cases, before, after)
        if found is not None:
            yield found


def _sides(cases: Sequence[Case], modes: Sequence[int], kind: Kind) -> list[Guess]:
    return [
        Guess(case.state, twin.state, mode, kind, other=number == 1)
        for number, (case, twin, mode) in enumerate(zip(cases, reversed(cases), modes, strict=False))
    ]
