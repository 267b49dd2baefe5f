"""Samples: a few states, each a value for every unknown, in which a question is tried before the solver is asked.

A sample that meets all assumptions and breaks the goal is a proof that the claim fails: it has been evaluated over the
integers, as the engines do it. A sample that does not says nothing, and the solver is asked.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import product

from attrs import define, field, frozen

from popek.isa.domain import Evaluation, integers
from popek.isa.expression import Expr
from popek.isa.slot import Array, Slot
from popek.prove.terms import WIDTH

_ALLOTMENT: Mapping[str, int] = {"k": 64, "w": 64, "q": 192, "quantum": 9, "quantum'": 11}
_OPERANDS: Mapping[str, int] = {"operand.a": 1, "operand.b": 2, "operand.c": 3}
_LOOKED_AT: Mapping[str, int] = {"element": 1, "word": 20, "offset": 66, "somewhere": 5, "address": 3}
_OTHERS = {"host": 7000, "host'": 8000, "vector": 1, "guest": 2000}


@frozen
class Shape:
    """What tells one sample from another. `flags`: what everything is that the monitor keeps and nothing else says."""

    mode: int
    base: int
    bound: int
    real_bound: int
    registers: tuple[int, int]
    flags: int
    looked_at: int
    offset: int = 66


@define(eq=False)
class Sample:
    """A value for every unknown, by its name."""

    shape: Shape
    _value: "Evaluation[int]" = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._value = Evaluation(integers(WIDTH), self)

    def holds(self, claim: Expr) -> bool:
        """Say whether a claim is so in this state."""
        return bool(self._value(claim))

    @property
    def size(self) -> int:
        """Questions have no size of memory but an unknown word."""
        raise AssertionError("a question does not mention the size of memory")

    def operand(self, name: str) -> int:
        """Return an unknown word."""
        shape = self.shape
        known = {
            "v.mode": shape.mode,
            "guest.mode": shape.mode,
            "v.base": shape.base,
            "guest.base": shape.base,
            "v.bound": shape.bound,
            "guest.bound": shape.bound,
            "bound": shape.real_bound,
            "v.run": 0,
            "timer": 4,
            "timer'": 5,
            "v.timer": 0,
            "pc": 16,
            "element": shape.looked_at,
            "word": 20 + shape.looked_at,
            "offset": shape.offset,
            "operand.imm": shape.flags,
            "operand.word": 0,
        }
        for table in (known, _ALLOTMENT, _OPERANDS, _LOOKED_AT):
            if name in table:
                return table[name]
        if name.startswith("host."):
            return 1
        return shape.flags

    def element(self, array: Array, index: int) -> int:
        """Return a word of an unknown function."""
        first, step = self.shape.registers
        if array.name in _OTHERS:
            return _OTHERS[array.name] + index
        return (first + step * index) % (1 << WIDTH)

    def legal(self, address: int) -> bool:
        """Say whether an address is legal, by relocation and bounds."""
        within = min(self.shape.real_bound, self.shape.bound)
        return address < within and self.shape.base + address < _ALLOTMENT["w"]

    def slot(self, slot: Slot) -> int:
        """Questions have unknowns in the place of slots."""
        raise AssertionError(f"a question does not mention the slot {slot}")

    load = real = legal


_WINDOWS = ((0, 64, 64), (8, 40, 40), (8, 100, 56))
_REGISTERS = ((17, 1), (0, 0), (40, 24), (1 << 31, 7))


@cache
def samples() -> tuple[Sample, ...]:
    """Return the samples, in the order in which they are tried."""
    return tuple(
        Sample(Shape(mode, *window, registers, flags, looked_at))
        for flags, window, registers, looked_at, mode in product((0, 1), _WINDOWS, _REGISTERS, (1, 2), (0, 1))
    )


def meeting(assumptions: Iterable[Expr]) -> "list[Sample]":
    """Return the samples that meet all assumptions."""
    asked = list(assumptions)
    return [s for s in samples() if all(s.holds(a) for a in asked)]
