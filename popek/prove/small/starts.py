"""Starts: states before an instruction, one choice after the other, each with another value for what is varied."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import define, frozen

from popek.isa.behaviour import Behaviour
from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, BOUND, MEMORY, MODE, REGISTERS, SUPERVISOR, Array, Slot
from popek.isa.translation import Translation
from popek.prove.small.choices import (
    FEW,
    SHORT,
    Dependence,
    contents,
    covering,
    dependence,
    edges,
    every,
    length_of,
    operand_values,
    reach,
    registers_used,
    slot_values,
)
from popek.prove.small.fields import register
from popek.prove.small.machine import Small
from popek.prove.small.walk import Walk

FEWER = 30
"""States that are stepped through where the behaviour does not mention what is varied."""

SIZES = (33, 63, 17)

_PLACES = (14, 16, 17, 20, 31, 33, 61)
"""Where relocation may make a difference."""

Space = tuple[tuple[Slot, ...], tuple[Array, ...], Translation]
"""What instructions work on."""


@frozen
class Start:
    """One row of choices: slots and operands, memory seen through the window and outside it, other arrays."""

    size: int
    slots: Mapping[Slot, int]
    operands: Mapping[str, int]
    window: list[int]
    outside: list[int]
    arrays: Mapping[Array, list[int]]

    def state(self, changed: Mapping[Slot | Array, Any], widest: int) -> Small:
        """Return the state, some resources changed; the window is `widest` words from the base on."""
        slots = {s: changed.get(s, v) for s, v in self.slots.items()}
        outside: list[int] = changed.get(MEMORY, self.outside)
        memory = outside[: self.size]
        low, high = slots[BASE], min(slots[BASE] + widest, self.size)
        if low < high:
            memory[low:high] = self.window[: high - low]
        arrays = {a: changed.get(a, words) for a, words in self.arrays.items()}
        return Small(self.size, slots, {**arrays, MEMORY: memory})


@define(eq=False, slots=False)
class Starts:
    """The states before an instruction of which some behaviours are to be run, with another value for what is varied.

    `exhaustive` is whether every combination of what matters is among them.
    """

    instruction: Instruction
    space: Space
    width: int
    most: int
    behaviours: Sequence[Behaviour]
    varied: Slot | Array | None = None

    def __attrs_post_init__(self) -> None:
        instruction, width = self.instruction, self.width
        self.slots, self.arrays, translation = self.space
        self.known = dependence(self.behaviours, translation, width)
        self.operands = operand_values(instruction, self.known, width)
        self.names = [o.field.name for o in instruction.format if o.register]
        self.used = registers_used(instruction)
        self.free = [s for s in self.slots if s is not MODE]
        self.fixed = self.known.places
        self.others = [a for a in self.arrays if a is not MEMORY]
        dimensions = self._dimensions()
        vital = {
            1,
            *range(4, 4 + len(self.used)),
            *(n for n, s in enumerate(self.free, 4 + len(self.used)) if s in self.known.slots),
            len(dimensions) - 2,
        }
        self.walk = Walk(dimensions, self.most if self._mentioned(self.known) else FEWER, frozenset(vital))
        self.exhaustive = self.walk.exhaustive

    def _mentioned(self, known: Dependence) -> bool:
        varied = self.varied
        mentioned = varied is None or varied in known.slots or varied in known.arrays
        chooses = varied is MODE and len(set(self.behaviours)) > 1
        return mentioned or chooses or (known.relocated and varied in (BASE, BOUND))

    def _dimensions(self) -> list[Any]:
        known, width = self.known, self.width
        count = len(known.slots) + len(known.fixed) + (len(self.used) if REGISTERS in known.arrays else 0)
        few = width <= SHORT and count <= FEW and not known.relocated
        near = (*known.constants, *(_PLACES if known.relocated else ()))
        words = every(width) if few else edges(width, *near)
        length = len(reach(width))

        def parts(source: Any) -> tuple[int, ...]:
            return known.fields.get(source, ())

        held = contents(width, length, parts(MEMORY))
        depends = known.slots | ({BASE, BOUND} if known.memory else set())
        dimensions: list[Any] = [
            SIZES, self.operands, held, held[1:],
            *(covering(words, parts(register(n))) if REGISTERS in known.arrays else (3, 50) for n in self.names),
            *(
                slot_values(s, width, depends=s in depends, few=few, constants=near, parts=parts(s))
                for s in self.free
            ),
            *(self._in_array(a) for a in self.others),
            *([None, *covering(words, parts(a))] for a, _ in self.fixed),
        ]  # fmt: skip
        values, others_values = self._variation()
        return [*dimensions, values, others_values if self.fixed else (None,)]

    def _in_array(self, array: Array) -> list[list[int]]:
        parts = self.known.fields.get(array, ())
        held = contents(self.width, length_of(array, self.width, 0), parts)
        return held[:3] + held[-len(held) // 2 :] if parts else held[:3]

    def _variation(self) -> tuple[Any, Any]:
        varied, width, constants = self.varied, self.width, self.known.constants
        if varied is None or varied is MODE:
            return (None,), (None,)
        parts = self.known.fields.get(varied, ())
        if isinstance(varied, Array):
            length = length_of(varied, width, len(reach(width)))
            return contents(width, length, parts), (None, *covering(edges(width, *constants), parts))
        near = (*constants, 14, 17, 20, 31, 61)
        return slot_values(varied, width, depends=True, few=False, constants=near, parts=parts), (None,)

    def __iter__(self) -> Iterator[tuple[Start, Any]]:
        for size, operands, window, outside, *rest in self.walk:
            taken = iter(rest)
            registers = [next(taken) for _ in self.used]
            slots = {s: next(taken) for s in self.free}
            arrays = {a: list(next(taken)) for a in self.others}
            at = [(place, next(taken)) for place in self.fixed]
            seen, rest_of_memory = self._placed(at, slots[BASE], list(window), list(outside), arrays)
            if REGISTERS in arrays:
                arrays[REGISTERS][: len(self.used) + 1] = [arrays[REGISTERS][0], *registers]
            another = self._another(next(taken), next(taken))
            yield Start(size, {**slots, MODE: SUPERVISOR}, operands, seen, rest_of_memory, arrays), another

    @staticmethod
    def _placed(
        at: list[tuple[tuple[Array, int], int | None]],
        base: int,
        window: list[int],
        outside: list[int],
        arrays: dict[Array, list[int]],
    ) -> tuple[list[int], list[int]]:
        """Put words at fixed places, those of memory seen through the window as well."""
        for (array, index), value in at:
            if value is not None and array is MEMORY:
                outside[index] = value
                if 0 <= index - base < len(window):
                    window[index - base] = value
            elif value is not None and index < len(arrays[array]):
                arrays[array][index] = value
        return window, outside

    def _another(self, another: Any, at_fixed: int | None) -> Any:
        if at_fixed is None or not isinstance(another, list):
            return another
        another = list(another)
        for array, index in self.fixed:
            if array is self.varied and index < len(another):
                another[index] = at_fixed
        return another
