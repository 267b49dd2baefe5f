"""What happens around instructions in guest mode, stepped: entry, ticks, two translations, the guest's own traps."""

from collections.abc import Iterator

from popek.isa.behaviour import Cause
from popek.isa.expression import operand
from popek.isa.slot import BASE, BOUND, MEMORY, TIMER, TIMER_PENDING, Role
from popek.prove.small.around import Found, addresses, blamed_clock, devices_kept, dispatched
from popek.prove.small.choices import contents, edges
from popek.prove.small.frames import Frame, confined, controlled
from popek.prove.small.guest import GuestMap
from popek.prove.small.machine import Small, closure, runner
from popek.prove.small.walk import Walk
from popek.prove.values import PROPERTIES


def guest_around(table: GuestMap) -> tuple[set[Found], int]:
    """Return which properties fail, by event; and how many cases were stepped."""
    found: set[Found] = set()
    cases = 0
    for checks in (dispatched, _entered, _ticks, _translated, _trapped):
        for each in checks(table):
            cases += 1
            found |= {each} if each is not None else set()
    return found, cases


def _entered(table: GuestMap) -> Iterator[Found | None]:
    """Check that what is entered is recovered; R is all of the allotment, and the timer within the quantum."""
    for where, when, user in Walk((table.relocations, table.times, (False, True)), 2500):
        kept, own = table.kept(where, when, user=user), table.own(0)
        sizes = {"k": where.k, "w": where.w, "q": where.q, "quantum": when.quantum}
        real = table.enter(kept, own, sizes)
        copies = {s: kept[s] for s in table.guest.copies}
        recovered = table.recover(real, table.values(kept, copies, {**sizes, "loaded": real[TIMER]}))
        program = all(real[s] == kept[s] for s in table.isa.slots if s.role is Role.PROGRAM)
        right = recovered == kept and program and real[TIMER_PENDING] == 0
        yield None if right else ("equivalence", "event:initial")
        whole = (real[BASE], real[BOUND]) == (where.k, where.w) and 0 < real[TIMER] <= when.quantum
        inside = whole and confined(real, where.k, where.w) and controlled(real)
        for prop in ("resource_control", "isolation"):
            yield None if inside else (prop, "event:initial")
        yield from devices_kept(table, real, own)


def _frames(table: GuestMap) -> Iterator[Frame]:
    for where, when, user in Walk((table.relocations[::3], table.times, (False, True)), 400):
        frame = table.frame(where, when, len(table.frames) % 5, user=user)
        if frame is not None:
            yield frame


def _ticks(table: GuestMap) -> Iterator[Found | None]:
    """Check that virtual clocks tick, nothing else does; and that interrupts are taken when the bare machine does."""
    for frame in _frames(table):
        if table.deliverable(frame.real) is not None:
            continue  # the real interrupt comes first, and the monitor sets the guest's line
        hosted = {**frame.real, **frame.copies}
        for ready, _ in table.interrupts:
            states = (Small(0, dict(s), {}) for s in (hosted, frame.virtual))
            there, here = (bool(ready(s, {})) for s in states)
            yield None if there == here else ("equivalence", "event:timer")
        real, expected = table.ticked(frame.real), table.ticked(frame.virtual)
        copies = table.ticked_copies(frame.real, frame.copies)
        recovered = table.recover(real, {**frame.values, **{f"guest.{s.name}": v for s, v in copies.items()}})
        for slot in table.isa.slots:
            yield None if recovered[slot] == expected[slot] else ("equivalence", blamed_clock(table.isa, slot))
        told = bool(real[TIMER_PENDING]) == (real[TIMER] == 0)
        yield None if told else ("equivalence", "event:timer")


def _translated(table: GuestMap) -> Iterator[Found | None]:
    """Check that a reference, a fetch included, faults as on the bare machine, and means the same word."""
    isa, width = table.isa, table.width
    address = operand("address")
    legal, real = closure(isa.translation.legal(address), width), closure(isa.translation.real(address), width)
    for frame in list(_frames(table))[::8]:
        there = Small(frame.w, {**frame.real, **frame.copies}, {})
        here = Small(frame.w, dict(frame.virtual), {})
        for a in addresses(width):
            values = {"address": a}
            right = bool(legal(there, values)) == bool(legal(here, values))
            if right and legal(here, values):
                right = real(there, values) == real(here, values) < frame.w <= frame.q - frame.k
            for prop in PROPERTIES:
                yield None if right else (prop, "event:fetch")


def _trapped(table: GuestMap) -> Iterator[Found | None]:
    """Check that a trap in guest mode swaps the guest's PSW in its own memory, and leaves alone the monitor's."""
    isa, width = table.isa, table.width
    swap = runner(isa.cycle.swap, isa.translation, width)
    for frame, pc, cause in Walk((list(_frames(table)), edges(width), tuple(Cause)), 1500):
        arrays = {a: list(contents(width, 64)[0]) for a in isa.arrays if a is not MEMORY}
        memory = contents(width, frame.w)[int(cause)]
        real, virtual = Small(frame.q, dict(frame.real), arrays), Small(frame.w, dict(frame.virtual), arrays)
        virtual.arrays = {**arrays, MEMORY: memory}
        hosted = table.hosted(frame, real, memory)
        values = {"pc": pc, "cause": int(cause), "detail": 5}
        run, bare = (swap(s, values) for s in (hosted, virtual))
        yield None if table.same(frame, real, virtual, run, bare) else ("equivalence", "event:illegal")
        yield None if table.spares(hosted, run) else ("resource_control", "event:illegal")
