"""Small numbers for a witness: the solver's own model is as good as any, but nobody can read it.

After a question has been answered with "some state does", preferences are added one after the other: memory of 1,024
words, pc 16, operands r1, r2, r3, small registers, clocks at rest. Each is kept if the question can still be answered
with yes. The number of preferences is bounded, and so is what each may cost.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from popek.isa.encoding import OPERANDS
from popek.isa.slot import BASE, BOUND, PC, REGISTERS, Array, Slot
from popek.prove.solver import Dialog, Model
from popek.prove.symbolic import SymbolicState
from popek.prove.terms import constant, less, same
from popek.prove.witness import Case, ModelState, replay

SIZES = (1024, 4096)
REGISTER_FIELDS = frozenset(o.field.name for o in OPERANDS.values() if o.register)
WISHES: Mapping[Slot, tuple[int, ...]] = {PC: (16, 20), BASE: (64, 256, 0), BOUND: (64, 128, 256, 0)}
REST = (0, 5, 9, 1)
"""What is wished of a slot, the first that is possible; where two states differ in it, the second takes another."""

REGISTER_WORDS = ((20, 5, 0), (40, 24, 1, 0), (7, 3, 0))
OTHER_WORDS = (0, 7, 64, 100, 1)
"""What is wished of r1, r2, r3 and of other elements of arrays: small, and as different as can be."""

SMALL = 1024
MOST_WORDS = 80
"""So many elements of arrays are made small, twice: most of them are so already, which costs nothing."""


def nicer(asked: Dialog, cases: Sequence[Case]) -> Model:
    """Return a model that is easier to read. The solver has just said that there is one; what is added stays in it."""
    wish = _Wish(asked)
    wish.one_of(cases[0].state.size, SIZES)
    for slot, term in _slots(cases):
        wish.one_of(term, WISHES.get(slot, REST))
    for case in cases:
        wish.keep(_fetchable(case.state))
    for name, values in _operands(cases[0].state):
        wish.one_of(cases[0].state.operands[name], values)
    for registers in (True, False, False):  # which words come up depends on what others hold
        for term, values in _elements(wish, cases, registers=registers):
            wish.one_of(term, values)
    return wish.model


def _slots(cases: Sequence[Case]) -> Iterator[tuple[Slot, Any]]:
    """Give each slot's term, and where the states differ in a slot, both."""
    for slot in cases[0].state.slots:
        terms = [c.state.slots[slot] for c in cases]
        yield slot, terms[0]
        if terms[-1] is not terms[0]:
            yield slot, terms[-1]


def _fetchable(state: SymbolicState) -> Any:
    """State that the instruction could have been fetched."""
    return state.legal(state.slots[PC])


def _operands(state: SymbolicState) -> Iterator[tuple[str, tuple[int, ...]]]:
    registers = count(1)
    for name in state.operands:
        if name in REGISTER_FIELDS:
            number = next(registers)
            yield name, (number, 0)
        elif name != "word":
            yield name, (0, 1)


def _elements(wish: "_Wish", cases: Sequence[Case], *, registers: bool) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Give the elements of arrays that come up when the witness is replayed: the registers, or all others."""
    found: list[tuple[Case, Array, int]] = []
    for case in cases:
        state = ModelState(wish.model, case.state)
        replay(case.state.space, case.behaviour, state)
        found += [(case, a, i) for a, i in state.touched if (a is REGISTERS) == registers]
    for case, array, index in found[:MOST_WORDS]:
        given = registers and 1 <= index <= len(REGISTER_WORDS)
        values = REGISTER_WORDS[index - 1] if given else OTHER_WORDS
        yield case.state.element(array, constant(index)), values


class _Wish:
    """A solver that has answered yes, and the model that it has answered with last."""

    def __init__(self, asked: Dialog) -> None:
        self.asked, self.model = asked, asked.model()

    def keep(self, preferred: Any) -> bool:
        """Add a preference if the answer stays yes."""
        if self.model.value(preferred):
            self.asked.add(preferred)
            return True
        self.asked.push()
        self.asked.add(preferred)
        possible = self.asked.check() is True
        if possible:
            self.model = self.asked.model()
        self.asked.pop()
        if possible:
            self.asked.add(preferred)
        return possible

    def one_of(self, term: Any, values: Sequence[int]) -> None:
        """Prefer one of some values for a term, the first that is possible; else any that is small; and settle it."""
        if not any(self.keep(same(term, value)) for value in values):
            self.keep(less(term, SMALL))
            self.keep(same(term, self.model.value(term)))
