"""Rows: both machines before an instruction, one choice after the other of all that it may depend on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from popek.isa.behaviour import Behaviour
from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, BOUND, IE, MEMORY, MODE, REGISTERS, RUN, Array, Role, Slot
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
)
from popek.prove.small.fields import Source, register
from popek.prove.small.frames import Frame, Map
from popek.prove.small.machine import Small
from popek.prove.small.walk import Walk

TRAP_WORDS = 16


@frozen(eq=False)
class Row:
    """Both machines before an instruction; `stranger` is the real one with other words in others' memory."""

    frame: Frame
    operands: Mapping[str, int]
    real: Small
    virtual: Small
    stranger: Small


@frozen
class Fill:
    """What memory and arrays hold, and the words at fixed places that are chosen apart."""

    guest: list[int]
    host: list[int]
    other: int
    fixed: Mapping[tuple[Array, int], int | None]


class Rows:
    """The rows of one instruction in one virtual mode; `behaviours` is all that is run on them."""

    def __init__(
        self, table: Map, instruction: Instruction, behaviours: list[Behaviour], most: int, *, user: bool
    ) -> None:
        self.map, self.instruction, self.behaviours, self.most, self.user = table, instruction, behaviours, most, user
        self.isa, self.width = table.isa, table.width
        self.known = dependence(behaviours, table.isa.translation, table.width)
        self.exhaustive = False

    def _parts(self, source: Source) -> tuple[int, ...]:
        return self.known.fields.get(source, ())

    def __iter__(self) -> Iterator[Row]:
        known = self.known
        used = registers_used(self.instruction)
        programs = [s for s in self.isa.slots if s.role is Role.PROGRAM]
        fixed = known.places
        rest = range(7 + len(programs), 7 + len(programs) + len(used) + len(fixed))
        named = set(rest) if REGISTERS in known.arrays else set(rest[len(used) :])
        vital = {3, *(7 + n for n, s in enumerate(programs) if s in known.slots)}
        vital |= {0} if known.relocated else set()
        vital |= {1} if any(s.role is Role.RESOURCE for s in known.slots) else set()
        walk = Walk(self._dimensions(known), self.most, frozenset(vital | named))
        self.exhaustive = walk.exhaustive
        for where, when, other, operands, guest, host, arrays, *others in walk:
            frame = self.map.frame(where, when, other, user=self.user)
            if frame is None:
                continue
            taken = iter(others)
            slots = {s: next(taken) for s in programs}
            registers = [next(taken) for _ in used]
            yield self._row(
                frame, operands, slots, registers, Fill(guest, host, arrays, {f: next(taken) for f in fixed})
            )

    def _dimensions(self, known: Dependence) -> list[Any]:
        width = self.width
        names = [o.field.name for o in self.instruction.format if o.register]
        used = registers_used(self.instruction) if REGISTERS in known.arrays else ()
        resources = [s for s in known.slots if s.role is Role.RESOURCE]
        few = width <= SHORT and len(used) <= FEW and not known.relocated and not resources and not known.fixed
        near = (*known.constants, 16, 17, 20, 24, 33)
        words = every(width) if few else edges(width, *near)
        programs = [s for s in self.isa.slots if s.role is Role.PROGRAM]
        held = contents(width, len(reach(width)), self._parts(MEMORY))
        clocked = {IE, MODE, BASE, BOUND, RUN, *(s for c in self.isa.clocks for s in (c, c.clock))}
        others = range(3) if clocked.issuperset(resources) else range(53)
        choices: list[Any] = [
            self.map.relocations, self.map.times, others, operand_values(self.instruction, known, width),
            held, held[1:-1], (0, 1, 2),
            *(self._program(s) for s in programs),
            *(covering(words, self._parts(register(n))) if used else (3, 50) for n in names),
            *([None, *covering(edges(width, *near), self._parts(a))] for a, _ in known.places),
        ]  # fmt: skip
        return choices

    def _program(self, slot: Slot) -> Sequence[int]:
        """Return what a slot of program state holds: everything, if that is little."""
        if slot.bits is not None and slot.bits <= min(self.width, SHORT):
            return range(1 << slot.bits)
        most = (1 << min(slot.bits or self.width, self.width)) - 1
        near = edges(self.width, 16, 40, *(self.known.constants if slot.bits is not None else ()))
        return [*dict.fromkeys(w & most for w in covering(near, self._parts(slot)))]

    def _row(
        self, frame: Frame, operands: Mapping[str, int], slots: Mapping[Slot, int], registers: list[int], fill: Fill
    ) -> Row:
        k, w, q = frame.k, frame.w, frame.q
        sides = self._arrays(registers, fill)
        guest, host = list(fill.guest[:w]), list(fill.host[:q])
        for n, ((array, index), value) in enumerate(fill.fixed.items()):
            if value is not None and array is MEMORY:
                if index < w and n % 2 == fill.other % 2:
                    guest[index] = value
                if index < q:
                    host[index] = value
        mask = (1 << self.width) - 1
        strange = [word ^ mask for word in host]
        strange[k : k + w] = guest
        host[k : k + w] = guest
        changed = {s for s, v in slots.items() if v != frame.real[s]}
        real = {**frame.real, **slots}
        virtual = self.map.again(frame, real, dict(frame.virtual), changed)
        return Row(
            frame,
            operands,
            Small(q, real, {**sides[False], MEMORY: host}),
            Small(w, virtual, {**sides[True], MEMORY: guest}),
            Small(q, real, {**sides[False], MEMORY: strange}),
        )

    def _arrays(self, registers: list[int], fill: Fill) -> dict[bool, dict[Array, list[int]]]:
        """Return the arrays other than memory, of the real machine and of the virtual one: program state is shared."""
        sides: dict[bool, dict[Array, list[int]]] = {False: {}, True: {}}
        for array in self.isa.arrays:
            if array is not MEMORY:
                filled = contents(self.width, length_of(array, self.width, 0), self._parts(array))
                sides[True][array] = list(filled[fill.other % len(filled)])
                shared = array.role is Role.PROGRAM
                sides[False][array] = sides[True][array] if shared else filled[(fill.other + 1) % len(filled)]
        if REGISTERS in sides[True]:
            sides[True][REGISTERS][1 : 1 + len(registers)] = registers
        for (array, index), value in fill.fixed.items():
            if value is not None and array is not MEMORY and index < len(sides[True][array]):
                sides[True][array][index] = value
        return sides
