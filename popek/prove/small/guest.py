"""Guest mode, stepped: the hardware works on the guest's copies, in the allotment, and the bare machine beside it.

In guest mode a processor holds the monitor's slots and the guest's copies of some of them. An instruction reads and
writes the copy where there is one, and otherwise the slot itself; memory is the allotment, and ends with it. A tick is
one of the real timer and one of each clock that the guest has a copy of.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from attrs import define

from popek.isa.architecture import GuestMode
from popek.isa.behaviour import Cause
from popek.isa.cycle import tick
from popek.isa.slot import MEMORY, TIMER, Role, Slot
from popek.prove.small.frames import Frame, Map, Relocation, Time
from popek.prove.small.machine import Outcome, Small, runner
from popek.prove.small.rows import Rows
from popek.prove.small.steps import Findings, Steps


@define(eq=False)
class GuestMap(Map):
    """The VM map of a monitor that uses guest mode, ready to be applied to small machines."""

    @property
    def guest(self) -> GuestMode:
        """The ISA's guest mode."""
        assert self.isa.guest is not None
        return self.isa.guest

    def admits(self, flags: Mapping[Slot, int]) -> bool:  # noqa: ARG002 - not on the flags does it depend here
        """Say whether a guest may be entered with these flags: with all of them, the hardware delivers interrupts."""
        return True

    @cached_property
    def own_tick(self) -> Any:
        """One tick of the clocks that the guest has a copy of."""
        clocks = tick(c for c in self.isa.clocks if c in self.guest.copies)
        return runner(clocks, self.isa.translation, self.width)

    def ticked_copies(self, real: Mapping[Slot, int], copies: Mapping[Slot, int]) -> dict[Slot, int]:
        """Return the copies one tick later."""
        moved = self.own_tick(Small(0, {**real, **copies}, {}), {}).slots
        return {s: moved.get(s, v) for s, v in copies.items()}

    def values(self, kept: Mapping[Slot, int], copies: Mapping[Slot, int], sizes: Mapping[str, int]) -> dict[str, int]:
        """Return the operands of the map."""
        return {
            **sizes, **{f"v.{s.name}": v for s, v in kept.items()}, **{f"guest.{s.name}": v for s, v in copies.items()}
        }  # fmt: skip

    def walked(self, where: Relocation, when: Time, other: int, *, user: bool) -> Frame | None:
        """Walk from the entry to a frame: by now the guest has its copies other than they were, clocks aside."""
        places = self.relocations
        before = places[(places.index(where) * 7 + 1) % len(places)]
        kept = self.kept(before, when, user=bool(other % 2), other=other + 1)
        sizes = {"k": where.k, "w": where.w, "q": where.q, "quantum": when.quantum}
        real = self.enter(kept, self.own(other), sizes)
        loaded, clocked = real, {s for c in self.isa.clocks for s in (c, c.clock)}
        now = self.kept(where, when, user=user, other=other)
        copies = {s: kept[s] if s in clocked else now[s] for s in self.guest.copies}
        for _ in range(real[TIMER] if when.ticks is None else when.ticks):
            if self.deliverable(real) is not None:
                return None
            copies = self.ticked_copies(real, copies)
            real = self.ticked(real)
        values = self.values(kept, copies, {**sizes, "loaded": loaded[TIMER]})
        virtual = self.recover(real, values)
        return Frame(where.k, where.w, where.q, kept, loaded, real, virtual, values, copies)

    def hosted(self, frame: Frame, real: Small, allotment: list[int]) -> Small:
        """Return the real state as the hardware works on it."""
        return Small(frame.w, {**real.slots, **frame.copies}, {**real.arrays, MEMORY: allotment})

    def spares(self, hosted: Small, run: Outcome) -> bool:
        """Say whether a step in guest mode leaves alone what is the monitor's."""
        others = [s for s in run.slots if s.role is Role.RESOURCE and s not in self.guest.copies]
        return all(run.slots[s] == hosted.slots[s] for s in others) and all(
            value == hosted.arrays[array][index]
            for (array, index), value in run.words.items()
            if array is not MEMORY and array.role is Role.RESOURCE
        )

    def same(self, frame: Frame, real: Small, virtual: Small, run: Outcome, bare: Outcome) -> bool:
        """Say whether what is recovered after a step in guest mode is what the bare machine's step comes to."""
        copies = {s: run.slots.get(s, v) for s, v in frame.copies.items()}
        after = {s: v if s in copies else run.slots.get(s, v) for s, v in real.slots.items()}
        recovered = self.recover(after, {**frame.values, **{f"guest.{s.name}": v for s, v in copies.items()}})
        if any(recovered[s] != bare.slots.get(s, virtual.slots[s]) for s in self.isa.slots):
            return False
        before = virtual.arrays
        words = {p: before[p[0]][p[1]] for p in (*run.words, *bare.words)}
        shared = {p for p in words if p[0] is MEMORY or p[0].role is Role.PROGRAM}
        return all(
            bare.words.get(p, words[p]) == (run.words.get(p, words[p]) if p in shared else words[p]) for p in words
        )


class GuestSteps(Steps):
    """One instruction in one virtual mode, in guest mode."""

    map: GuestMap

    def findings(self) -> Findings:
        """Step through all rows."""
        found = Findings()
        rows = Rows(self.map, self.instruction, [self.instruction.behaviour(self.mode)], self.most, user=self.user)
        for row in rows:
            found.stepped += 1
            hosted = self.map.hosted(row.frame, row.real, row.virtual.arrays[MEMORY])
            run, bare = (self.barely(state, row.operands) for state in (hosted, row.virtual))
            found.completes |= bare.completes
            found.missed |= bare.completes and not run.completes
            same = self.same_routine(row, bare)
            found.wrong |= not same
            mine = self.map.spares(hosted, run)
            if not mine:
                found.direct.add("resource_control")
            leaves = run.cause is not None and self._controlled(run.cause)
            alike = (run.cause, run.detail) == (bare.cause, bare.detail) and (same or not leaves)
            if not alike or (
                run.completes and not (mine and self.map.same(row.frame, row.real, row.virtual, run, bare))
            ):
                found.direct.add("equivalence")
        found.exhaustive = rows.exhaustive
        return found

    def _controlled(self, cause: Cause) -> bool:
        return cause.name.lower() in self.map.monitor.controls
