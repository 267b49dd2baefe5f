"""What happens around instructions, as obligations: entry, translation, the clocks' tick, exits, the quantum.

All of them are facts about the VM map, so they are proved once for a map, not once for an instruction.
"""

from collections.abc import Callable, Iterator
from typing import Any

import z3
from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.behaviour import Cause
from popek.isa.cycle import Interrupt
from popek.isa.domain import Evaluation
from popek.isa.slot import IE, MEMORY, MODE, PC, RUN, RUNNING, TIMER, TIMER_PENDING, USER, Role, Slot
from popek.prove.guest_mode import guest_events
from popek.prove.inside import Pair, Side, over_bits, over_integers
from popek.prove.obligation import Obligation, Query
from popek.prove.symbolic import Execution
from popek.vmm import vm_map
from popek.vmm.monitor import Action, Monitor


def events(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """Give the obligations that are not about an instruction."""
    if monitor.in_guest_mode and isa.guest is not None:
        yield from guest_events(isa, monitor)
        yield from _dispatch(isa, monitor)
        return
    yield from _initial(isa, monitor)
    yield from _translation(isa, monitor)
    yield from _ticks(isa, monitor)
    yield from _exits(isa, monitor)
    yield from _dispatch(isa, monitor)


def _make(blame: str, says: str, query: Query | None, prop: str = "equivalence", name: str = "") -> Obligation:
    return Obligation(name or f"{blame}, {prop}", says, prop, blame, query, why="by the dispatcher's table")


def _entered(pair: Pair) -> Side:
    """Return the real state just after the guest was entered."""
    return evolve(pair.real, slots={s: pair.loaded.get(s, pair.real.slots[s]) for s in pair.isa.slots})


def _initial(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """State that entering keeps the virtual state, and gives the guest nothing that is not its own."""

    def keeps() -> tuple[list[Any], Any]:
        pair = Pair(isa, monitor, over_integers(), lemma=False)
        entered = _entered(pair).slots
        recovered = pair.recover(entered)
        program = [entered[s] == pair.kept[s] for s in isa.slots if s.role is Role.PROGRAM]
        return pair.given(), z3.And(*program, *(recovered[s] == pair.kept[s] for s in isa.slots))

    def confines() -> tuple[list[Any], Any]:
        pair = Pair(isa, monitor, over_integers(), lemma=False)
        return pair.given(), z3.And(*(holds for _, holds in pair.invariant(_entered(pair))))

    def stays() -> tuple[list[Any], Any]:
        pair = Pair(isa, monitor, over_integers(), lemma=False)
        return pair.given(), z3.And(*(holds for _, holds in pair.invariant(pair.real)))

    def runs() -> tuple[list[Any], Any]:
        pair = Pair(isa, monitor, over_integers(), lemma=False)
        slots, wanted = _entered(pair).slots, {MODE: USER, IE: 1, RUN: RUNNING, TIMER_PENDING: 0}
        return pair.given(), z3.And(slots[TIMER] != 0, *(slots[s] == value for s, value in wanted.items()))

    def undisturbed() -> tuple[list[Any], Any]:
        pair = Pair(isa, monitor, over_integers(), lemma=False)
        pending = [
            i.pending for i in isa.cycle.interrupts if i.pending in pair.loaded and i.pending is not TIMER_PENDING
        ]
        return pair.given(), z3.And(*(pair.loaded[s] == pair.terms.unknown(f"host.{s.name}") for s in pending))

    def closed() -> tuple[list[Any], Any]:
        pair = Pair(isa, monitor, over_integers(), lemma=False)
        devices = [s for s in isa.slots if s.kind == "device" and s in pair.loaded]
        return pair.given(), z3.And(*(pair.loaded[s] == pair.terms.unknown(f"host.{s.name}") for s in devices))

    yield _make("event:initial", "what is entered is what is recovered", keeps)
    says = "the real machine runs, in user mode, with interrupts on and the timer running"
    yield _make("event:initial", says, runs, name="event:initial, entered")
    yield _make(
        "event:device",
        "no interrupt of the guest's devices is pending in the real machine",
        undisturbed,
        name="pending",
    )
    says = "the real devices keep the monitor's own state"
    yield _make("event:initial", says, closed, "resource_control", "event:initial, devices")
    says = "on entry R is inside the allotment, the mode user, the processor running and interruptible"
    yield _make("event:initial", says, confines, "resource_control")
    yield _make("event:initial", "R inside the allotment may only shrink", stays, "resource_control", "R, inside")
    yield _make("event:initial", says, confines, "isolation", "event:initial, isolation")


def _translation(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """State the translation lemma: the same faults, and a real address is the allotment's base plus the virtual one."""

    def query() -> tuple[list[Any], Any]:
        pair = Pair(isa, monitor, over_integers(), lemma=False)
        address = pair.terms.unknown("address")
        legal = [pair.real.legal(address), pair.virtual.legal(address)]
        real = [pair.real.real(address), pair.virtual.real(address)]
        within = z3.And(real[0] == pair.k + real[1], real[1] < pair.w)
        given = [*pair.given(), pair.terms.word(address)]
        return given, z3.And(legal[0] == legal[1], z3.Implies(legal[1], within))

    says = "a reference, a fetch included, faults on both machines or on neither, and means the same word"
    yield _make("event:fetch", says, query)
    for prop in ("resource_control", "isolation"):
        yield _make("event:fetch", "a reference that does not fault stays inside the allotment", query, prop)
    yield _make("event:fetch", "a reference that the bare machine can make needs no monitor", query, "efficiency")


def _ticks(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """State that the virtual clocks tick with the real timer, and nothing else does; none runs out unnoticed."""
    for clock in isa.clocks:
        blame = "event:timer" if clock is TIMER else "event:device"
        yield _make(blame, f"the virtual {clock} ticks with the real timer", _tick(isa, monitor, (clock, clock.clock)))
    rest = tuple(s for s in isa.slots if not any(s in (c, c.clock) for c in isa.clocks))
    yield _make(
        "event:timer", "nothing but the virtual clocks moves", _tick(isa, monitor, rest), name="event:timer, rest"
    )
    for interrupt in isa.cycle.interrupts:
        blame = "event:timer" if interrupt.cause is Cause.TIMER else "event:device"
        says = f"no virtual {interrupt.cause.name.lower()} interrupt waits while the guest goes on"
        yield _make(blame, says, _noticed(isa, monitor, interrupt), name=f"{blame}, noticed")


def _tick(isa: Isa, monitor: Monitor, slots: tuple[Slot | None, ...]) -> Callable[[], tuple[list[Any], Any]]:
    def query() -> tuple[list[Any], Any]:
        pair, ticked = _ticking(isa, monitor)
        recovered, expected = pair.recover(ticked.slots), _after_tick(isa, pair.virtual)
        goal = [recovered[s] == expected.slots[s] for s in slots if s is not None]
        goal.append((ticked.slots[TIMER_PENDING] == 1) == (ticked.slots[TIMER] == 0))
        return [*pair.given(), pair.timer != 0], z3.And(*goal)

    return query


def _noticed(isa: Isa, monitor: Monitor, interrupt: Interrupt) -> Callable[[], tuple[list[Any], Any]]:
    def query() -> tuple[list[Any], Any]:
        pair, ticked = _ticking(isa, monitor)
        after = evolve(pair.virtual, slots=pair.recover(ticked.slots))
        ready = Evaluation(pair.terms.domain, after)(interrupt.ready)
        return [*pair.given(), pair.timer != 0], z3.Implies(ready, ticked.slots[TIMER_PENDING] == 1)

    return query


def _ticking(isa: Isa, monitor: Monitor) -> tuple[Pair, Side]:
    """Return a pair in which the real timer runs, and the real side one tick later."""
    pair = Pair(isa, monitor, over_integers(), lemma=False)
    before = evolve(pair.real, slots={**pair.real.slots, TIMER_PENDING: pair.terms.domain.const(0)})
    return pair, _after_tick(isa, before)


def _after_tick(isa: Isa, side: Side) -> Side:
    value = Evaluation(side.pair.terms.domain, side)
    return evolve(side, slots={**side.slots, **{s: value(e) for s, e in isa.tick.writes.items()}})


def _exits(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """State that what a real trap stores is enough to recover the state before, and loses nothing of the guest's."""

    def query() -> tuple[list[Any], Any]:
        pair = Pair(isa, monitor, over_bits())
        operands = {n: pair.terms.unknown(n) for n in ("pc", "cause", "detail", "old_pc")}
        side = evolve(pair.real, operands=operands)
        swapped = Execution(side, isa.cycle.swap)
        after = Stored(side, swapped)
        value = Evaluation(pair.terms.domain, after)  # type: ignore[arg-type]
        back = {s: value(e) for s, e in vm_map.stored().items()}
        before = {**pair.real.slots, PC: operands["pc"] - operands["old_pc"]}
        guest = pair.terms.unknown("word")
        same = swapped.element(MEMORY, pair.k + guest) == pair.real.element(MEMORY, pair.k + guest)
        goal = [back[s] == before[s] for s in back]
        goal.append(z3.Implies(pair.terms.less(guest, pair.w), same))
        goal += [swapped.slot(s) == before[s] for s in isa.slots if s.role is Role.PROGRAM and s is not PC]
        index = pair.terms.unknown("element")
        for array in isa.arrays:
            if array.role is Role.PROGRAM:
                goal.append(swapped.element(array, index) == pair.real.element(array, index))
        return pair.given(), z3.And(*goal)

    yield _make("event:illegal", "the trap words hold what is needed to recover the state", query, name="exit")


class Stored:
    """The real state after a trap, as what reads the trap words sees it."""

    def __init__(self, side: Side, swapped: Execution) -> None:
        self.size, self.operand, self._swapped = side.size, side.operand, swapped
        self.slot, self.element = swapped.slot, swapped.element


def _dispatch(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """State that traps of no instruction are interpreted, and that interrupts are the monitor's own business."""
    fails = z3.BoolVal(val=False)

    def broken() -> tuple[list[Any], Any]:
        return [], fails

    for cause, blame in ((Cause.MEMORY, "event:fetch"), (Cause.ILLEGAL, "event:illegal")):
        right = monitor.dispatcher[cause] is Action.INTERPRET
        says = f"the {cause.name.lower()} trap of a fetch is interpreted"
        yield _make(blame, says, None if right else broken, name=f"{blame}, dispatched")
    for interrupt in isa.cycle.interrupts:
        blame = "event:quantum" if interrupt.pending is TIMER_PENDING else "event:device"
        right = monitor.dispatcher[interrupt.cause] is Action.RESUME
        name = interrupt.cause.name.lower()
        says = f"a real {name} interrupt does nothing to the guest but what its clocks have come to"
        yield _make(blame, says, None if right else broken, name=f"{blame}, dispatched")
    told = None if any(i.pending is TIMER_PENDING for i in isa.cycle.interrupts) else broken
    says = "the real timer interrupts the guest when it runs out"
    for prop in ("equivalence", "resource_control"):
        yield _make("event:quantum", says, told, prop, f"event:quantum, {prop}, interrupts")
    believed = monitor.believes(isa)
    same = believed.cycle.swap == isa.cycle.swap
    yield _make("event:timer", "a virtual interrupt is delivered as on the bare machine", None if same else broken)

    def regained() -> tuple[list[Any], Any]:
        pair = Pair(isa, monitor, over_integers(), lemma=False)
        timer = pair.loaded[TIMER]
        return pair.given(), z3.And(timer != 0, timer <= pair.quantum)

    says = "the monitor has the processor again when the quantum is over"
    yield _make("event:quantum", says, regained, "resource_control")
    renewed = broken if monitor.renews else None
    yield _make(
        "event:quantum", "an exit does not renew the quantum", renewed, "resource_control", "event:quantum, kept"
    )
