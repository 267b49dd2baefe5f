"""Frames: the resources of the real and of the virtual machine while a guest runs directly.

Not assumed but walked to: a virtual state is loaded by the map's `entry`, the real machine ticks some times, the real
bound may have shrunk, and the virtual state is what `recovery` makes of that. A frame stands between the tick and the
attempt of one step.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from attrs import define, field, frozen

from popek.isa.architecture import Isa
from popek.isa.expression import Expr, subtrees
from popek.isa.slot import BASE, BOUND, IE, MODE, PC, RUN, RUNNING, TIMER, USER, Slot
from popek.prove.small.choices import covering, dependence, edges, reach
from popek.prove.small.fields import Fields
from popek.prove.small.machine import Small, closure, runner
from popek.vmm.monitor import Monitor

GEOMETRIES = ((16, 17, 33), (16, 17, 63), (20, 24, 50), (30, 33, 63))
"""Allotments and real memories: k, w and q."""

TICKS = (1, 2, None)
"""Ticks since the guest was entered; none stands for as many as the timer allows."""


@frozen
class Relocation:
    """Sizes, virtual R at entry, and how far the real bound has shrunk since: to that part of what was loaded."""

    k: int
    w: int
    q: int
    base: int
    bound: int
    shrunk: str


@frozen
class Time:
    """Virtual clocks at entry, interrupt enable and pending interrupts then, what is left of the quantum, ticks."""

    clocks: tuple[int, ...]
    flags: tuple[int, ...]
    quantum: int
    ticks: int | None


@frozen(eq=False)
class Frame:
    """The slots of both machines, and what the real ones were loaded with."""

    k: int
    w: int
    q: int
    kept: Mapping[Slot, int]
    loaded: Mapping[Slot, int]
    real: Mapping[Slot, int]
    virtual: Mapping[Slot, int]
    values: Mapping[str, int]
    copies: Mapping[Slot, int] = field(factory=dict)
    """What the hardware keeps for a guest in guest mode."""


_SHRINK: Mapping[str, Any] = {
    "not": lambda b: b,
    "by one": lambda b: max(b - 1, 0),
    "half": lambda b: b // 2,
    "to one": lambda b: min(b, 1),
    "to nothing": lambda _: 0,
}


def confined(slots: Mapping[Slot, int], k: int, w: int) -> bool:
    """Say whether R lies inside the allotment, or gives no word at all."""
    base, bound = slots[BASE], slots[BOUND]
    return bound == 0 or (k <= base and base + bound <= k + w)


def controlled(slots: Mapping[Slot, int]) -> bool:
    """Say whether the real machine is in user mode, running, and can be interrupted."""
    return slots[MODE] == USER and slots[IE] == 1 and slots[RUN] == RUNNING


@define(eq=False)
class Map:
    """A monitor's VM map, ready to be applied to small machines."""

    isa: Isa
    monitor: Monitor
    width: int
    frames: dict[Any, Frame | None] = field(factory=dict, init=False)

    @cached_property
    def entry(self) -> dict[Slot, Any]:
        """What is loaded, as closures."""
        return {s: closure(e, self.width) for s, e in self.monitor.table(self.isa).entry.items()}

    @cached_property
    def recovery(self) -> dict[Slot, Any]:
        """What is recovered, as closures."""
        return {s: closure(e, self.width) for s, e in self.monitor.table(self.isa).recovery.items()}

    @cached_property
    def readers(self) -> dict[Slot, list[Slot]]:
        """For each real slot, the virtual slots whose recovery reads it."""
        reads = {v: _slots(e) for v, e in self.monitor.table(self.isa).recovery.items()}
        return {s: [v for v, read in reads.items() if s in read] for s in self.isa.slots}

    @cached_property
    def tick(self) -> Any:
        """One tick of every clock."""
        return runner(self.isa.tick, self.isa.translation, self.width)

    @cached_property
    def interrupts(self) -> list[tuple[Any, Any]]:
        """Whether each interrupt is taken, as a closure; and the interrupt."""
        return [(closure(i.ready, self.width), i) for i in self.isa.cycle.interrupts]

    def deliverable(self, slots: Mapping[Slot, int]) -> Any:
        """Return the interrupt that would be taken now, if there is one."""
        state = Small(0, dict(slots), {})
        return next((i for ready, i in self.interrupts if ready(state, {})), None)

    def enter(self, kept: Mapping[Slot, int], own: Mapping[Slot, int], values: Mapping[str, int]) -> dict[Slot, int]:
        """Return the real slots after entry: what the map loads, and the host's own."""
        state = Small(values["w"], dict(kept), {})
        return {**own, **{s: e(state, values) for s, e in self.entry.items()}}

    def recover(self, real: Mapping[Slot, int], values: Mapping[str, int]) -> dict[Slot, int]:
        """Return the virtual slots."""
        state = Small(values["q"], dict(real), {})
        return {s: g(state, values) for s, g in self.recovery.items()}

    def again(
        self, frame: Frame, real: Mapping[Slot, int], virtual: dict[Slot, int], changed: set[Slot]
    ) -> dict[Slot, int]:
        """Return the virtual slots once more, after some real ones have changed."""
        state, after = Small(frame.q, dict(real), {}), dict(virtual)
        for slot in {v for s in changed for v in self.readers[s]}:
            after[slot] = self.recovery[slot](state, frame.values)
        return after

    def ticked(self, slots: Mapping[Slot, int]) -> dict[Slot, int]:
        """Return slots one tick later."""
        return {**slots, **self.tick(Small(0, dict(slots), {}), {}).slots}

    # What is enumerated -------------------------------------------------------------------------------------------

    @cached_property
    def relocations(self) -> list[Relocation]:
        """The cases of relocation."""
        found: list[Relocation] = []
        for k, w, q in GEOMETRIES:
            for base in (0, 1, 5, w - 1, w, (1 << self.width) - 1):
                for bound in (0, 2, max(w - base, 1), w, (1 << self.width) - 1):
                    other = list(_SHRINK)[1 + len(found) // 2 % (len(_SHRINK) - 1)]
                    found += [Relocation(k, w, q, base, bound, s) for s in ("not", other)]
        return list(dict.fromkeys(found))

    @cached_property
    def times(self) -> list[Time]:
        """The cases of time: no virtual interrupt is deliverable at entry."""
        mask = (1 << self.width) - 1
        clocks = [(0, 0), (1, 0), (0, 1), (2, 2), (5, 3), (3, 40), (40, 3), (0, 0), (mask, mask), (7, 9)]
        flags = [row for row in bits(len(self.flagged)) if self.admits(dict(zip(self.flagged, row, strict=True)))]
        found: list[Time] = []
        for n, pair in enumerate(clocks):
            wide = (pair * len(self.isa.clocks))[: len(self.isa.clocks)]
            for quantum in (1, 2, 7, len(reach(self.width)) - 1):
                for ticks in TICKS:
                    found.append(Time(wide, flags[(n + quantum + len(found)) % len(flags)], quantum, ticks))
        return found

    @cached_property
    def flagged(self) -> list[Slot]:
        """Interrupt enable, and the lines of pending interrupts."""
        return [IE, *(c.clock for c in self.isa.clocks if c.clock is not None)]

    def admits(self, flags: Mapping[Slot, int]) -> bool:
        """Say whether a guest may be entered with these flags: no virtual interrupt is deliverable."""
        return self.deliverable({**dict.fromkeys(self.isa.slots, 0), **flags}) is None

    def kept(self, where: Relocation, when: Time, *, user: bool, other: int = 0) -> dict[Slot, int]:
        """Return a virtual state at entry."""
        slots = {s: self._plain(s, other) for s in self.isa.slots}
        slots |= dict(zip(self.flagged, when.flags, strict=True))
        slots |= dict(zip(self.isa.clocks, when.clocks, strict=True))
        return {**slots, MODE: int(user), BASE: where.base, BOUND: where.bound, RUN: RUNNING, PC: 16 + other % 8}

    @cached_property
    def fields(self) -> Fields:
        """The fields of words that some instruction looks into."""
        behaviours = [b for i in self.isa.instructions for b in (i.supervisor, i.user)]
        return dependence((*behaviours, self.isa.cycle.swap), self.isa.translation, self.width).fields

    def _plain(self, slot: Slot, other: int, further: int = 0) -> int:
        place = self.isa.slots.index(slot)
        values = covering(edges(self.width, 40), self.fields.get(slot, ()))
        value = values[(other * (2 * place + 1) + place + further) % len(values)]
        return value & ((1 << (slot.bits or self.width)) - 1)

    def own(self, other: int) -> dict[Slot, int]:
        """Return the host's own slots: in most cases other words than the guest's."""
        pending = [c.clock for c in self.isa.clocks]
        return {s: 0 if s in pending else self._plain(s, other, 1 + other % 3) for s in self.isa.slots}

    def frame(self, where: Relocation, when: Time, other: int, *, user: bool) -> Frame | None:
        """Return a frame; nothing where the guest does not get so far."""
        key = where, when, other, user
        if key not in self.frames:
            self.frames[key] = self.walked(where, when, other, user=user)
        return self.frames[key]

    def walked(self, where: Relocation, when: Time, other: int, *, user: bool) -> Frame | None:
        """Walk from the entry to a frame."""
        kept = self.kept(where, when, user=user, other=other)
        values = {"k": where.k, "w": where.w, "q": where.q, "quantum": when.quantum}
        real = loaded = self.enter(kept, self.own(other), values)
        for _ in range(loaded[TIMER] if when.ticks is None else when.ticks):
            if self.deliverable(real) is not None:
                return None
            real = self.ticked(real)
        real = {**real, BOUND: _SHRINK[where.shrunk](loaded[BOUND])}
        values |= {"loaded": loaded[TIMER], **{f"v.{s.name}": v for s, v in kept.items()}}
        return Frame(where.k, where.w, where.q, kept, loaded, real, self.recover(real, values), values)


def bits(count: int) -> Iterator[tuple[int, ...]]:
    """Give every row of so many bits."""
    for number in range(1 << count):
        yield tuple(number >> n & 1 for n in range(count))


def _slots(expr: Expr) -> frozenset[Slot]:
    return frozenset(n.payload for n in subtrees(expr) if isinstance(n.payload, Slot))
