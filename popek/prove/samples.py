"""Samples: a few states, each a value for every unknown, in which a question is tried before the solver is asked.

A sample that meets all assumptions and breaks the goal is a proof that the claim fails: it has been evaluated over the
integers, as the engines do it. A sample that does not says nothing, and the solver is asked.
"""

from collections.abc import Mapping
from functools import cache

from attrs import define, field, frozen

from popek.isa.domain import Evaluation, integers
from popek.isa.expression import Expr
from popek.isa.slot import Array, Slot
from popek.prove.terms import WIDTH

W = 64
PATTERNS = (0, 0xAAAAAAAA, 0x55555555, (1 << WIDTH) - 1)
"""Words that differ in many bits, for tables in memory."""

_TABLE = (*PATTERNS, 0xF3F3F3F3, 0xB3B3B3B3)
"""What a table in the guest's memory holds."""

_ALWAYS: Mapping[str, int] = {
    "k": 64, "w": W, "q": 192, "quantum": 9, "quantum'": 11, "v.run": 0, "timer": 4, "timer'": 5, "v.timer": 0,
    "pc": 16, "now.pc": 16, "operand.a": 1, "operand.b": 2, "operand.c": 3, "operand.word": 0, "offset": 66,
}  # fmt: skip
_OTHERS = {"host": 7000, "host'": 8000, "vector": 1, "vector'": 4, "guest": 2000}


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
    enabled: int | None = None
    """The virtual interrupt enable, where it is not as `flags` has it."""
    host: int = 1
    """What the real machine's registers hold that no map loads."""
    patterns: bool = False
    """Whether the guest's memory holds patterns of bits."""
    immediate: int | None = None
    """The immediate operand, where it is not as `flags` has it."""
    word: int | None = None
    """The word of memory that is looked at, where it is not as `looked_at` has it."""

    @property
    def words(self) -> Mapping[str, int]:
        """The unknown words that it says something about."""
        return {
            **{f"{whose}.mode": self.mode for whose in ("v", "guest")},
            **{f"{whose}.base": self.base for whose in ("v", "guest")},
            **{f"{whose}.bound": self.bound for whose in ("v", "guest")},
            "bound": self.real_bound,
            "operand.imm": self.flags if self.immediate is None else self.immediate,
            "element": self.looked_at,
            "word": 20 + self.looked_at if self.word is None else self.word,
            "v.ie": self.flags if self.enabled is None else self.enabled,
            **_ALWAYS,
        }


@define(eq=False)
class Sample:
    """A value for every unknown, by its name."""

    shape: Shape
    _value: "Evaluation[int]" = field(init=False, repr=False)

    _words: Mapping[str, int] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._value = Evaluation(integers(WIDTH), self)
        self._words = self.shape.words

    def holds(self, claim: Expr) -> bool:
        """Say whether a claim is so in this state."""
        return bool(self._value(claim))

    @property
    def size(self) -> int:
        """Questions have no size of memory but an unknown word."""
        raise AssertionError("a question does not mention the size of memory")

    def operand(self, name: str) -> int:
        """Return an unknown word."""
        known = self._words.get(name)
        return (self.shape.host if name.startswith("host.") else self.shape.flags) if known is None else known

    def element(self, array: Array, index: int) -> int:
        """Return a word of an unknown function."""
        first, step = self.shape.registers
        if self.shape.patterns and array.name == "guest":
            return _TABLE[index % len(_TABLE)]
        if array.name in _OTHERS:
            return (_OTHERS[array.name] + index) % (1 << WIDTH)
        return (first + step * index) % (1 << WIDTH)

    def legal(self, address: int) -> bool:
        """Say whether an address is legal, by relocation and bounds."""
        within = min(self.shape.real_bound, self.shape.bound)
        return address < within and self.shape.base + address < W

    def slot(self, slot: Slot) -> int:
        """Questions have unknowns in the place of slots."""
        raise AssertionError(f"a question does not mention the slot {slot}")

    load = real = legal


_WINDOWS = ((0, 64, 64), (8, 40, 40), (8, 100, 56))


@cache
def further() -> tuple[Sample, ...]:
    """Return samples for questions that are settled by none of the others: they are tried just before the solver."""
    shapes = (
        (False, 1, (17, 1), 0, 1), (False, 0, (17, 1), 1, 0), (False, 2, (16, 0), 0, 1),
        (True, 1, (17, 1), 0, 0), (True, 1, (34, 1), 0, 0), (True, 1, (34, 1), 1, 0), (True, 0, (42, 1), 1, 0),
        (True, 1, ((1 << WIDTH) - 1, 0), 0, 1),
    )  # fmt: skip
    immediates = (
        ((17, 1), True, 4, 0), ((20, 0), False, 16, None), ((17, 1), False, 2, None),
    )  # fmt: skip
    return tuple(
        Sample(shape)
        for shape in (
            *(
                Shape(mode, *_WINDOWS[0], registers, flags, 1, enabled, host, patterns)
                for patterns, host, registers, flags, enabled in shapes
                for mode in (0, 1)
            ),
            *(
                Shape(mode, *_WINDOWS[0], registers, 0, 1, patterns=patterns, immediate=immediate, word=word)
                for registers, patterns, immediate, word in immediates
                for mode in (0, 1)
            ),
        )
    )


@cache
def samples() -> tuple[Sample, ...]:
    """Return the samples, in the order in which they are tried."""
    plain, far, zero, high = (17, 1), (40, 24), (0, 0), (1 << 31, 7)
    shapes = (
        *((window, plain, flags, 1) for flags in (0, 1) for window in _WINDOWS),
        *((_WINDOWS[0], registers, 0, 1) for registers in (zero, far, high)),
        *((window, registers, 0, 2) for window in _WINDOWS[:2] for registers in (plain, high)),
    )
    return tuple(
        Sample(Shape(mode, *window, registers, flags, looked_at))
        for window, registers, flags, looked_at in shapes
        for mode in (0, 1)
    )
