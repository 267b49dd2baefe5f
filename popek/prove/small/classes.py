"""The classes of instructions on a small machine, by stepping states and pairs of states.

The definitions are the design's, to the letter: a trap is an outcome; sensitivity is judged with privilege traps taken
out; pairs of which one makes a memory trap are set aside; two traps never differ.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from attrs import field, frozen

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, BOUND, MEMORY, MODE, REGISTERS, SUPERVISOR, Array, Role, Slot
from popek.isa.translation import Translation
from popek.prove.small.choices import (
    FEW,
    contents,
    dependence,
    edges,
    every,
    length_of,
    operand_values,
    registers_used,
    slot_values,
)
from popek.prove.small.machine import Outcome, Run, Small, runner
from popek.prove.small.walk import Walk

MOST = 800
"""Pairs of states that one question steps through, where the behaviour depends on what is varied."""

FEWER = 30
"""Where it does not mention what is varied."""

SIZES = (33, 63, 17)


Space = tuple[tuple[Slot, ...], tuple[Array, ...], Translation]
"""What instructions work on."""


@frozen
class SmallClasses:
    """The classes of one instruction; `kinds` are "control" and the resources on which it depends."""

    name: str
    privileged: bool
    kinds: frozenset[str]
    user_kinds: frozenset[str]
    stepped: int = field(eq=False)
    exhaustive: bool = field(eq=False)

    @property
    def sensitive(self) -> bool:
        """Whether it is control- or behaviour-sensitive."""
        return bool(self.kinds)

    @property
    def user_sensitive(self) -> bool:
        """Whether it is sensitive with all states in user mode."""
        return bool(self.user_kinds)

    @property
    def critical(self) -> bool:
        """Whether it is sensitive and not privileged."""
        return self.sensitive and not self.privileged


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


def small_classes(isa: Isa, width: int = 6, most: int = MOST) -> tuple[SmallClasses, ...]:
    """Decide the classes of every instruction of an ISA, with words of so many bits (6 at least).

    `most` is the number of states, or pairs of them, that one question steps through.
    """
    space = isa.slots, isa.arrays, isa.translation
    return tuple(_classes(i, space, width, most) for i in isa.instructions)


@cache
def _classes(instruction: Instruction, space: Space, width: int, most: int) -> SmallClasses:
    return _Classifier(instruction, space, width, most).classes()


class _Classifier:
    """All questions about one instruction."""

    def __init__(self, instruction: Instruction, space: Space, width: int, most: int) -> None:
        self.instruction, self.width, self.most = instruction, width, most
        self.slots, self.arrays, translation = space
        self.translation = translation
        self.behaviours = {False: instruction.supervisor, True: instruction.user}
        self.actual = {u: runner(b, translation, width) for u, b in self.behaviours.items()}
        self.meaning = {u: runner(b.unprivileged(), translation, width) for u, b in self.behaviours.items()}
        self.operands = operand_values(instruction, width)
        self.stepped, self.exhaustive = 0, True

    def classes(self) -> SmallClasses:
        """Decide."""
        kinds: dict[bool, set[str]] = {False: set(), True: set()}
        for user in (False, True):
            if self._changes_resource(user=user):
                kinds[user].add("control")
            parts: tuple[Slot | Array, ...] = (*self.slots, *self.arrays)
            for part in parts:
                wanted = part.role is Role.RESOURCE and part is not MODE and part.kind not in kinds[user]
                if wanted and self._depends(part, user, user):
                    kinds[user].add(part.kind)
        if self._depends(MODE, False, True):
            kinds[False].add(MODE.kind)
        return SmallClasses(
            self.instruction.name,
            self._privileged(),
            frozenset(kinds[False] | kinds[True]),
            frozenset(kinds[True]),
            self.stepped,
            self.exhaustive,
        )

    # States -------------------------------------------------------------------------------------------------------

    def _starts(self, behaviours: list[Behaviour], varied: Slot | Array | None) -> Iterator[tuple[Start, Any]]:
        """Give states, each with another value for what is varied."""
        known = dependence(behaviours, self.translation, self.width)
        used = registers_used(self.instruction)
        count = len(known.slots) + len(known.fixed) + (len(used) if REGISTERS in known.arrays else 0)
        few = count <= FEW and not known.relocated
        others = (14, 16, 17, 20, 31, 33, 61) if known.relocated else ()
        near = (*known.constants, *others)
        words = every(self.width) if few else edges(self.width, *near)
        length = 1 << self.width
        free = [s for s in self.slots if s is not MODE]
        fixed = sorted(known.fixed, key=lambda f: (f[0].name, f[1]))
        names = [a for a in self.arrays if a is not MEMORY]
        dimensions: list[Any] = [
            SIZES, self.operands, contents(self.width, length), contents(self.width, length)[1:],
            *(words if REGISTERS in known.arrays else (3, 50) for _ in used),
            *(slot_values(s, self.width, depends=s in known.slots, few=few, constants=near) for s in free),
            *(contents(self.width, length_of(a, self.width, 0))[:3] for a in names),
            *([None, *words] for _ in fixed),
        ]  # fmt: skip
        mentioned = varied is None or varied in known.slots or varied in known.arrays
        mentioned = mentioned or (known.relocated and varied in (BASE, BOUND))
        values, others_values = self._variation(varied, known.constants)
        dimensions += [values, others_values if fixed else (None,)]
        vital = {
            1,
            *range(4, 4 + len(used)),
            *(n for n, s in enumerate(free, 4 + len(used)) if s in known.slots),
            len(dimensions) - 2,
        }
        walk = Walk(dimensions, self.most if mentioned else FEWER, frozenset(vital))
        self.exhaustive &= walk.exhaustive
        for row in walk:
            self.stepped += 1
            size, operands, window, outside, *rest = row
            taken = iter(rest)
            registers = [next(taken) for _ in used]
            slots = {s: next(taken) for s in free}
            arrays = {a: list(next(taken)) for a in names}
            outside = list(outside)
            for array, index in fixed:
                value = next(taken)
                if value is not None and array is MEMORY:
                    outside[index] = value
                    if 0 <= index - slots[BASE] < length:
                        window = list(window)
                        window[index - slots[BASE]] = value
                elif value is not None and index < len(arrays[array]):
                    arrays[array][index] = value
            if REGISTERS in arrays:
                arrays[REGISTERS][: len(used) + 1] = [arrays[REGISTERS][0], *registers]
            another, at_fixed = next(taken), next(taken)
            if at_fixed is not None and isinstance(another, list):
                another = list(another)
                for array, index in fixed:
                    if array is varied and index < len(another):
                        another[index] = at_fixed
            yield Start(size, {**slots, MODE: SUPERVISOR}, operands, window, outside, arrays), another

    def _variation(self, varied: Slot | Array | None, constants: frozenset[int]) -> tuple[Any, Any]:
        if varied is None or varied is MODE:
            return (None,), (None,)
        if isinstance(varied, Array):
            return contents(self.width, length_of(varied, self.width, 1 << self.width)), (
                None,
                *edges(self.width, *constants),
            )
        return slot_values(varied, self.width, depends=True, few=False, constants=(*constants, 14, 17, 20, 31, 61)), (
            None,
        )

    # Questions ----------------------------------------------------------------------------------------------------

    def _privileged(self) -> bool:
        """In user mode always a privilege trap, in supervisor mode never one, memory traps aside."""
        ever = False
        for user in (True, False):
            for start, _ in self._starts([self.behaviours[user]], None):
                outcome = self.actual[user](start.state({MODE: int(user)}, start.slots[BOUND]), start.operands)
                if outcome.privilege != user and outcome.cause is not Cause.MEMORY:
                    return False
                ever |= user and outcome.privilege
        return ever

    def _changes_resource(self, *, user: bool) -> bool:
        for start, _ in self._starts([self.behaviours[user].unprivileged()], None):
            state = start.state({MODE: int(user)}, start.slots[BOUND])
            outcome = self.meaning[user](state, start.operands)
            if outcome.completes and any(_resource_changes(state, outcome)):
                return True
        return False

    def _depends(self, varied: Slot | Array, first: bool, second: bool) -> bool:
        """Say whether two states that are equal but for one resource come to different program states."""
        sides = [self.behaviours[first], self.behaviours[second]]
        within_user = first and second
        for start, another in self._starts(sides if within_user else [b.unprivileged() for b in sides], varied):
            changed: dict[Slot | Array, Any] = {varied: int(second) if varied is MODE else another}
            widest = max(start.slots[BOUND], changed.get(BOUND, 0))
            one = start.state({MODE: int(first)}, widest)
            other = start.state({MODE: int(second), **changed}, widest)
            a, b = self.meaning[first](one, start.operands), self.meaning[second](other, start.operands)
            if Cause.MEMORY in (a.cause, b.cause):
                continue
            if a.completes != b.completes or (a.completes and _visible(one, a, other, b, widest)):
                return True
            if within_user and varied is not MODE and self._privilege_shows(one, other, start):
                return True
        return False

    def _privilege_shows(self, one: Small, other: Small, start: Start) -> bool:
        run: Run = self.actual[True]
        outcomes = [run(state, start.operands) for state in (one, other)]
        aside = any(o.cause is Cause.MEMORY for o in outcomes)
        return not aside and outcomes[0].privilege != outcomes[1].privilege


def _resource_changes(state: Small, outcome: Outcome) -> Iterator[bool]:
    for slot, value in outcome.slots.items():
        yield slot.role is Role.RESOURCE and value != state.slots[slot]
    low = state.slots[BASE]
    high = low + state.slots[BOUND]
    for (array, index), value in outcome.words.items():
        outside = array is not MEMORY or not low <= index < high
        yield array.role is Role.RESOURCE and outside and value != state.arrays[array][index]


def _visible(one: Small, a: Outcome, other: Small, b: Outcome, widest: int) -> bool:
    """Say whether two results differ in program state: slots, arrays, and the words of the window."""
    for slot in {*a.slots, *b.slots}:
        if slot.role is Role.PROGRAM and a.slots.get(slot, one.slots[slot]) != b.slots.get(slot, other.slots[slot]):
            return True
    for array, index in {*a.words, *b.words}:
        if array.role is Role.PROGRAM and _after(one, a, array, index) != _after(other, b, array, index):
            return True
    bases = one.slots[BASE], other.slots[BASE]
    addresses = {i - bases[0] for r, i in a.words if r is MEMORY} | {i - bases[1] for r, i in b.words if r is MEMORY}
    for address in addresses:
        if 0 <= address < widest and max(bases) + address < one.size:
            there = [_after(s, o, MEMORY, c + address) for s, o, c in ((one, a, bases[0]), (other, b, bases[1]))]
            if there[0] != there[1]:
                return True
    return False


def _after(state: Small, outcome: Outcome, array: Array, index: int) -> int:
    return outcome.words.get((array, index), state.arrays[array][index])
