"""The classes of instructions on a small machine, by stepping states and pairs of states.

The definitions are the design's, to the letter: a trap is an outcome; sensitivity is judged with privilege traps taken
out; pairs of which one makes a memory trap are set aside; two traps never differ.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from attrs import field, frozen

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, BOUND, MEMORY, MODE, Array, Role, Slot
from popek.prove.small.machine import Outcome, Run, Small, runner
from popek.prove.small.starts import Space, Start, Starts

MOST = 800
"""Pairs of states that one question steps through, where the behaviour depends on what is varied."""


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
        self.space = space
        self.slots, self.arrays, translation = space
        self.behaviours = {False: instruction.supervisor, True: instruction.user}
        self.actual = {u: runner(b, translation, width) for u, b in self.behaviours.items()}
        self.meaning = {u: runner(b.unprivileged(), translation, width) for u, b in self.behaviours.items()}
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

    def _starts(self, behaviours: list[Behaviour], varied: Slot | Array | None) -> Iterator[tuple[Start, Any]]:
        """Give states, each with another value for what is varied."""
        starts = Starts(self.instruction, self.space, self.width, self.most, behaviours, varied)
        self.exhaustive &= starts.exhaustive
        for start in starts:
            self.stepped += 1
            yield start

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
