"""What happens around instructions, stepped: entry, translation, ticks, interrupts, traps and the quantum."""

from collections.abc import Iterator, Mapping
from itertools import product

from popek.isa.architecture import Isa
from popek.isa.behaviour import Cause
from popek.isa.expression import operand
from popek.isa.slot import MEMORY, PC, TIMER, TIMER_PENDING, Role, Slot
from popek.prove.small.choices import SHORT, contents, edges, reach
from popek.prove.small.frames import Frame, Map, confined, controlled
from popek.prove.small.machine import Small, closure, runner
from popek.prove.small.walk import Walk
from popek.vmm import vm_map
from popek.vmm.monitor import Action

Found = tuple[str, str]
"""A property, and the event that breaks it."""


def around(table: Map) -> tuple[set[Found], int]:
    """Return which properties fail, by event; and how many cases were stepped."""
    found: set[Found] = set()
    cases = 0
    for checks in (dispatched, _reflected, _entered, _ticks, _translated, _exited):
        for each in checks(table):
            cases += 1
            found |= {each} if each is not None else set()
    return found, cases


def dispatched(table: Map) -> Iterator[Found | None]:
    """Check the answers to traps of no instruction and to real interrupts, and that no exit renews a quantum."""
    right = {
        Cause.MEMORY: (Action.INTERPRET, "event:fetch"),
        Cause.ILLEGAL: (Action.INTERPRET, "event:illegal"),
        Cause.TIMER: (Action.RESUME, "event:quantum"),
        Cause.DISK: (Action.RESUME, "event:device"),
    }
    for cause, (action, event) in right.items():
        yield None if table.monitor.dispatcher[cause] is action else ("equivalence", event)
    yield ("resource_control", "event:quantum") if table.monitor.renews else None


def _reflected(table: Map) -> Iterator[Found | None]:
    """Check that a trap or interrupt is delivered to the guest as the bare machine would take it."""
    isa = table.isa
    bare, believed = (
        runner(c.swap, isa.translation, table.width) for c in (isa.cycle, table.monitor.believes(isa).cycle)
    )
    for where, when in Walk((table.relocations, table.times), 400):
        frame = table.frame(where, when, 0, user=bool(where.base % 2))
        if frame is not None:
            state = Small(frame.w, dict(frame.virtual), {MEMORY: contents(table.width, frame.w)[0]})
            values = {"pc": 21, "cause": int(Cause.TIMER), "detail": 0}
            same = bare(state, values) == believed(state, values)
            yield None if same else ("equivalence", "event:timer")


def _entered(table: Map) -> Iterator[Found | None]:
    """Check that what is entered is recovered; R is inside the allotment, and the timer within the quantum."""
    for where, when, user in Walk((table.relocations, table.times, (False, True)), 2500):
        kept = table.kept(where, when, user=user)
        yield from _entry(table, kept, _sizes(where.k, where.w, where.q, when.quantum))


def devices_kept(table: Map, real: Mapping[Slot, int], own: Mapping[Slot, int]) -> Iterator[Found | None]:
    """Check that entering leaves the real devices, and their lines, as they were."""
    lines = {i.pending for _, i in table.interrupts} - {TIMER_PENDING}
    for slot in table.isa.slots:
        if slot in lines:
            yield None if real[slot] == own[slot] else ("equivalence", "event:device")
        if slot.kind == "device":
            yield None if real[slot] == own[slot] else ("resource_control", "event:initial")


def _sizes(k: int, w: int, q: int, quantum: int) -> dict[str, int]:
    return {"k": k, "w": w, "q": q, "quantum": quantum}


def _entry(table: Map, kept: Mapping[Slot, int], values: dict[str, int]) -> Iterator[Found | None]:
    own = table.own(0)
    real = table.enter(kept, own, values)
    after = {**values, "loaded": real[TIMER], **{f"v.{s.name}": v for s, v in kept.items()}}
    recovered = table.recover(real, after)
    program = all(real[s] == kept[s] for s in table.isa.slots if s.role is Role.PROGRAM)
    yield None if recovered == kept and program else ("equivalence", "event:initial")
    inside = confined(real, values["k"], values["w"]) and controlled(real)
    for prop in ("resource_control", "isolation"):
        yield None if inside else (prop, "event:initial")
    yield None if 0 < real[TIMER] <= values["quantum"] else ("resource_control", "event:quantum")
    yield from devices_kept(table, real, own)


def _ticks(table: Map) -> Iterator[Found | None]:
    """Check that virtual clocks tick with the real timer, nothing else does, and no virtual interrupt waits."""
    for where, when in Walk((table.relocations[::9], table.times), 250):
        kept = table.kept(where, when, user=bool(where.bound % 2))
        values = _sizes(where.k, where.w, where.q, when.quantum)
        real = table.enter(kept, table.own(0), values)
        values |= {"loaded": real[TIMER], **{f"v.{s.name}": v for s, v in kept.items()}}
        yield from _until_exit(table, real, values)


def _until_exit(table: Map, real: dict[Slot, int], values: Mapping[str, int]) -> Iterator[Found | None]:
    for _ in reach(table.width):
        virtual = table.recover(real, values)
        waiting, taken = table.deliverable(virtual), table.deliverable(real)
        if taken is not None:
            return
        if waiting is not None:
            yield "equivalence", "event:timer" if waiting.cause is Cause.TIMER else "event:device"
            return
        real, expected = table.ticked(real), table.ticked(virtual)
        recovered = table.recover(real, values)
        for slot in table.isa.slots:
            yield None if recovered[slot] == expected[slot] else ("equivalence", blamed_clock(table.isa, slot))
    yield "resource_control", "event:quantum"


def blamed_clock(isa: Isa, slot: Slot) -> str:
    """Return the event that is to blame if a slot does not move with the clocks as it should."""
    device = any(slot in (c, c.clock) for c in isa.clocks if c is not TIMER)
    return "event:device" if device else "event:timer"


def addresses(width: int) -> Iterator[int]:
    """Give the virtual addresses that are tried: all, in short words; in long ones small ones and the edges."""
    yield from reach(width)
    if width > SHORT:
        yield from edges(width)


def _translated(table: Map) -> Iterator[Found | None]:
    """Check that a reference, a fetch included, faults on both machines or on neither, and means the same word."""
    isa, width = table.isa, table.width
    address = operand("address")
    legal, real = closure(isa.translation.legal(address), width), closure(isa.translation.real(address), width)
    for frame in _relocated(table):
        there, here = Small(frame.q, dict(frame.real), {}), Small(frame.w, dict(frame.virtual), {})
        for a in addresses(width):
            values = {"address": a}
            if bool(legal(there, values)) != bool(legal(here, values)):
                yield "equivalence", "event:fetch"
            if legal(there, values):
                physical = real(there, values)
                yield None if physical == frame.k + real(here, values) else ("equivalence", "event:fetch")
                if not frame.k <= physical < frame.k + frame.w:
                    yield "resource_control", "event:fetch"
                    yield "isolation", "event:fetch"


def _relocated(table: Map) -> Iterator[Frame]:
    """Give frames in every case of relocation, in one virtual mode and the other, with other slots besides."""
    for n, (where, when) in enumerate(product(table.relocations, table.times[::50])):
        frame = table.frame(where, when, n % 13, user=bool(n % 2))
        if frame is not None:
            yield frame


def _exited(table: Map) -> Iterator[Found | None]:
    """Check that what a real trap stores is enough to recover the state before it, and is no word of the guest's."""
    isa, width = table.isa, table.width
    swap = runner(isa.cycle.swap, isa.translation, width)
    stored = {s: closure(e, width) for s, e in vm_map.stored().items()}
    mask = (1 << width) - 1
    for frame, pc, cause in Walk((list(_relocated(table)), edges(width), tuple(Cause)), 1500):
        memory = list(contents(width, frame.q)[0])
        before = {**frame.real, PC: pc}
        values = {"pc": (pc + cause.old_pc) & mask, "cause": int(cause), "detail": 5}
        after = swap(Small(frame.q, before, {MEMORY: memory}), values)
        for (_, index), word in after.words.items():
            if frame.k <= index < frame.k + frame.w:
                yield "equivalence", "event:illegal"
            memory[index] = word
        state = Small(frame.q, {}, {MEMORY: memory})
        back = {s: g(state, {"old_pc": cause.old_pc}) for s, g in stored.items()}
        yield None if all(before[s] == v for s, v in back.items()) else ("equivalence", "event:illegal")
