"""Direct steps: one instruction on the real and on the bare machine, small states side by side, and what went wrong.

Where the real machine completes, the bare one must, and recovery must give its result; the real resources must be the
monitor's as before. Where the real machine traps, or the instruction is not run directly, the dispatcher's answer and
the interpreter routine must do to the virtual state what the bare machine does.
"""

from attrs import define, evolve, field

from popek.isa.behaviour import Behaviour
from popek.isa.instruction import Instruction
from popek.isa.slot import (
    BOUND,
    MEMORY,
    MODE,
    PC,
    TIMER,
    TIMER_PENDING,
    USER,
    Array,
    Role,
    Slot,
)
from popek.prove.small.frames import Map, confined, controlled
from popek.prove.small.machine import Outcome, Run, Small, runner
from popek.prove.small.rows import TRAP_WORDS, Row, Rows
from popek.vmm.monitor import Action


@define
class Findings:
    """What came up in the rows of one instruction in one virtual mode."""

    direct: set[str] = field(factory=set)
    """Properties that fail where it is run directly."""
    wrong: bool = False
    """Whether the interpreter routine differs from the bare machine, anywhere."""
    missed: bool = False
    """Whether it completes on the bare machine and the real one traps."""
    completes: bool = False
    """Whether it ever completes on the bare machine."""
    stepped: int = 0
    exhaustive: bool = True


class Steps:
    """One instruction in one virtual mode, under one monitor's map, dispatcher and routines."""

    def __init__(self, table: Map, instruction: Instruction, most: int, *, user: bool) -> None:
        self.map, self.instruction, self.user, self.most = table, instruction, user, most
        isa, width = table.isa, table.width
        self.isa, self.width = isa, width
        believed = table.monitor.believes(isa)

        def run(behaviour: Behaviour) -> Run:
            return runner(behaviour, isa.translation, width)

        self.mode = int(user)
        self.really = {m: run(instruction.behaviour(m)) for m in (0, 1)}
        self.barely = run(instruction.behaviour(self.mode))
        routine = believed[instruction.name].behaviour(self.mode)
        bare = instruction.behaviour(self.mode), isa.cycle.swap
        self.own_routine = (routine, believed.cycle.swap) != bare
        self.emulated = run(routine)
        self.swaps = run(isa.cycle.swap), run(believed.cycle.swap)
        self.behaviours = [instruction.behaviour(m) for m in (0, 1)] + [routine]

    def findings(self) -> Findings:
        """Step through all rows."""
        found = Findings()
        rows = Rows(self.map, self.instruction, self.behaviours, self.most, user=self.user)
        for row in rows:
            found.stepped += 1
            bare = self.barely(row.virtual, row.operands)
            real = self.really[min(row.frame.real[MODE], 1)](row.real, row.operands)
            found.completes |= bare.completes
            found.missed |= bare.completes and not real.completes
            same = self.same_routine(row, bare)
            found.wrong |= not same
            if not real.completes:
                if not self._answered(row, real, bare, same=same):
                    found.direct.add("equivalence")
                continue
            if "equivalence" not in found.direct and not self._equivalent(row, real, bare):
                found.direct.add("equivalence")
            if confined(row.frame.real, row.frame.k, row.frame.w):
                self._guard(row, real, found.direct)
        found.exhaustive = rows.exhaustive
        return found

    # What is asked of a row ---------------------------------------------------------------------------------------

    def _equivalent(self, row: Row, real: Outcome, bare: Outcome) -> bool:
        frame = row.frame
        if not bare.completes:
            return False
        changed = {s for s, v in real.slots.items() if v != row.real.slots[s]}
        after = {**row.real.slots, **real.slots}
        if any(s in self.map.entry and s.role is Role.RESOURCE and s is not BOUND for s in changed):
            return False
        if after[BOUND] > frame.loaded[BOUND]:
            return False
        recovered = self.map.again(frame, after, row.virtual.slots, changed) if changed else row.virtual.slots
        if any(recovered[s] != bare.slots.get(s, row.virtual.slots[s]) for s in self.isa.slots):
            return False
        return self._same_words(row, real, bare)

    def _same_words(self, row: Row, real: Outcome, bare: Outcome) -> bool:
        """Say whether arrays and the guest's memory are the same afterwards; the real devices are not the guest's."""
        k, w = row.frame.k, row.frame.w
        guests = {i - k for array, i in real.words if array is MEMORY and k <= i < k + w}
        guests |= {i for array, i in bare.words if array is MEMORY}
        if any(_after(row.real, real, MEMORY, k + i) != _after(row.virtual, bare, MEMORY, i) for i in guests):
            return False
        others = {(a, i) for a, i in (*real.words, *bare.words) if a is not MEMORY}
        return all(
            _after(row.virtual, bare, a, i)
            == (_after(row.real, real, a, i) if a.role is Role.PROGRAM else row.virtual.arrays[a][i])
            for a, i in others
        )

    def _guard(self, row: Row, real: Outcome, broken: set[str]) -> None:
        """Note where resource control or isolation fails."""
        frame = row.frame
        after = {**row.real.slots, **real.slots}
        trespassed = {
            i
            for (array, i), value in real.words.items()
            if array is MEMORY and not frame.k <= i < frame.k + frame.w and value != row.real.arrays[MEMORY][i]
        }
        inside = confined(after, frame.k, frame.w)
        if "resource_control" not in broken and not (
            inside and controlled(after) and not trespassed and self._untouched(row, real)
        ):
            broken.add("resource_control")
        if "isolation" not in broken and not (
            inside and after[MODE] == USER and all(i < TRAP_WORDS for i in trespassed) and self._deaf(row, real)
        ):
            broken.add("isolation")

    def _untouched(self, row: Row, real: Outcome) -> bool:
        for slot, value in real.slots.items():
            own = slot in (TIMER, TIMER_PENDING) or slot.kind == "device" or slot not in self.map.entry
            if slot.role is Role.RESOURCE and own and value != row.real.slots[slot]:
                return False
        return all(
            value == row.real.arrays[array][index]
            for (array, index), value in real.words.items()
            if array is not MEMORY and array.role is Role.RESOURCE
        )

    def _deaf(self, row: Row, real: Outcome) -> bool:
        """Say whether the step is the same whatever other virtual machines hold."""
        other = self.really[min(row.frame.real[MODE], 1)](row.stranger, row.operands)
        if not other.completes or {**row.real.slots, **real.slots} != {**row.real.slots, **other.slots}:
            return False
        k, w = row.frame.k, row.frame.w
        return all(
            _after(row.real, real, array, i) == _after(row.stranger, other, array, i)
            for array, i in {*real.words, *other.words}
            if array is not MEMORY or k <= i < k + w
        )

    # What the monitor does itself ---------------------------------------------------------------------------------

    def same_routine(self, row: Row, bare: Outcome) -> bool:
        """Say whether the interpreter routine does what the bare machine does, its reflection included."""
        if not self.own_routine:
            return True  # it is the same function
        theirs = self.emulated(row.virtual, row.operands)
        if (theirs.cause, theirs.detail) != (bare.cause, bare.detail):
            return False
        if theirs.completes:
            return _effect(row.virtual, theirs) == _effect(row.virtual, bare)
        assert bare.cause is not None
        mask = (1 << self.width) - 1
        pc = (row.virtual.slots[PC] + bare.cause.old_pc) & mask
        values = {"pc": pc, "cause": bare.cause, "detail": bare.detail}
        one, other = (swap(row.virtual, values) for swap in self.swaps)
        return _effect(row.virtual, one) == _effect(row.virtual, other)

    def _answered(self, row: Row, real: Outcome, bare: Outcome, *, same: bool) -> bool:
        """Say whether what the dispatcher does about a real trap is what the bare machine does."""
        assert real.cause is not None
        action = self.map.monitor.dispatcher[real.cause]
        if action is Action.INTERPRET:
            return same
        if action is Action.SKIP:
            skipped = {PC: (row.virtual.slots[PC] + 1) & ((1 << self.width) - 1)}
            return bare.completes and _effect(row.virtual, bare) == _effect(
                row.virtual, evolve(bare, slots=skipped, words={})
            )
        return False  # the guest would attempt the same again, for ever


def _after(state: Small, outcome: Outcome, array: Array, index: int) -> int:
    return outcome.words.get((array, index), state.arrays[array][index])


def _effect(state: Small, outcome: Outcome) -> tuple[dict[Slot, int], dict[tuple[Array, int], int]]:
    """Return what has changed."""
    slots = {s: v for s, v in outcome.slots.items() if v != state.slots[s]}
    return slots, {(a, i): v for (a, i), v in outcome.words.items() if v != state.arrays[a][i]}
