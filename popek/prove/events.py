"""What happens around instructions, as obligations: entry, translation, the clocks' tick, exits, the quantum.

All of them are facts about the VM map, so they are proved once for a map, not once for an instruction.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.behaviour import Cause
from popek.isa.cycle import NEW_BASE, NEW_BOUND, NEW_PC, NEW_STATUS, TRAP_WORDS, Interrupt
from popek.isa.domain import Evaluation
from popek.isa.expression import FALSE, TRUE, Expr, as_expr
from popek.isa.slot import (
    BASE,
    BOUND,
    IE,
    MEMORY,
    MODE,
    PC,
    RUN,
    RUNNING,
    SUPERVISOR,
    TIMER,
    TIMER_PENDING,
    USER,
    Role,
    Slot,
)
from popek.language.phrase import say
from popek.prove.guest_mode import GuestPair, guest_events
from popek.prove.inside import Pair, Side, inside
from popek.prove.obligation import Obligation, Query, Question
from popek.prove.smtlib import Over
from popek.prove.squares import MODES, others_memory_same
from popek.prove.structure import asks_whether
from popek.prove.symbolic import Execution
from popek.prove.terms import EXPRESSIONS, every, iff, implies, less, negated, same, unequal, unknown
from popek.prove.values import PROPERTIES
from popek.vmm import vm_map
from popek.vmm.monitor import Action, Monitor


def events(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """Give the obligations that are not about an instruction."""
    if monitor.in_guest_mode and isa.guest is not None:
        yield from guest_events(isa, monitor)
        yield from _met(partial(GuestPair, isa, monitor))
        yield from _own_devices(isa, partial(GuestPair, isa, monitor))
        yield from _dispatch(isa, monitor)
        return
    yield from _initial(isa, monitor)
    yield from _met(partial(inside, isa, monitor))
    yield from _own_devices(isa, partial(Pair, isa, monitor, lemma=False))
    yield from _translation(isa, monitor)
    yield from _ticks(isa, monitor)
    yield from _exits(isa, monitor)
    yield from _gives_control(isa, monitor)
    yield from _dispatch(isa, monitor)


def _make(blame: str, says: str, query: Query | None, prop: str = "equivalence", name: str = "") -> Obligation:
    return Obligation(name or f"{blame}, {prop}", says, prop, blame, query, why=say("by the dispatcher's table"))


def _claimed(given: list[Expr], goal: Expr) -> Question:
    return Question(tuple(given), goal, Over.INTEGERS)


def _met(make: Callable[[], Pair]) -> Iterator[Obligation]:
    """State, of each virtual mode, that there are states in it: else whatever is claimed of that mode says nothing.

    The goal is always so. What is asked is whether the assumptions of all claims about the mode can be met.
    """

    def query(*, user: bool) -> Question:
        pair = make()
        in_mode = same(pair.virtual.slots[MODE], SUPERVISOR)
        return Question((*pair.given(), negated(in_mode) if user else in_mode), TRUE)

    sentences = say("there are states in virtual supervisor mode"), say("there are states in virtual user mode")
    for (user, mode), says in zip(MODES, sentences, strict=True):
        for prop in PROPERTIES:
            yield _make("event:initial", says, partial(query, user=user), prop, f"event:initial, {mode}, {prop}, met")


def _entered(pair: Pair) -> Side:
    """Return the real state just after the guest was entered."""
    return evolve(pair.real, slots={s: pair.loaded.get(s, pair.real.slots[s]) for s in pair.isa.slots})


def _initial(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """State that entering keeps the virtual state, and gives the guest nothing that is not its own."""

    def keeps() -> Question:
        pair = Pair(isa, monitor, lemma=False)
        entered = _entered(pair).slots
        recovered = pair.recover(entered)
        program = [same(entered[s], pair.kept[s]) for s in isa.slots if s.role is Role.PROGRAM]
        return _claimed(pair.given(), every(*program, *(same(recovered[s], pair.kept[s]) for s in isa.slots)))

    def confines() -> Question:
        pair = Pair(isa, monitor, lemma=False)
        return _claimed(pair.given(), every(*(holds for _, holds in pair.invariant(_entered(pair)))))

    def stays() -> Question:
        pair = Pair(isa, monitor, lemma=False)
        return _claimed(pair.given(), every(*(holds for _, holds in pair.invariant(pair.real))))

    def runs() -> Question:
        pair = Pair(isa, monitor, lemma=False)
        slots, wanted = _entered(pair).slots, {MODE: USER, IE: 1, RUN: RUNNING, TIMER_PENDING: 0}
        return _claimed(
            pair.given(), every(unequal(slots[TIMER], 0), *(same(slots[s], value) for s, value in wanted.items()))
        )

    yield _make("event:initial", say("what is entered is what is recovered"), keeps)
    says = say("the real machine runs, in user mode, with interrupts on and the timer running")
    yield _make("event:initial", says, runs, name="event:initial, entered")
    says = say("on entry R is inside the allotment, the mode user, the processor running and interruptible")
    yield _make("event:initial", says, confines, "resource_control")
    yield _make("event:initial", say("R inside the allotment may only shrink"), stays, "resource_control", "R, inside")
    yield _make("event:initial", says, confines, "isolation", "event:initial, isolation")


def _own_devices(isa: Isa, make: Callable[[], Pair]) -> Iterator[Obligation]:
    """State that entering loads nothing of the guest's, nor anything else, into the real devices."""

    def kept(pair: Pair, slots: Iterable[Slot]) -> Question:
        loaded = (s for s in slots if s in pair.loaded and s is not TIMER_PENDING)
        return _claimed(pair.given(), every(*(same(pair.loaded[s], unknown(f"host.{s.name}")) for s in loaded)))

    lines = [i.pending for i in isa.cycle.interrupts]

    def undisturbed() -> Question:
        return kept(make(), lines)

    def closed() -> Question:
        return kept(make(), (s for s in isa.slots if s.kind == "device" or s in lines))

    says = say("no interrupt of the guest's devices is pending in the real machine")
    yield _make("event:device", says, undisturbed, name="pending")
    says = say("the real devices keep the monitor's own state")
    yield _make("event:initial", says, closed, "resource_control", "event:initial, devices")


def _translation(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """State the translation lemma: the same faults, and a real address is the allotment's base plus the virtual one."""
    address = unknown("address")

    def sides() -> tuple[Pair, Expr, Expr, Expr]:
        pair = Pair(isa, monitor, lemma=False)
        real, virtual = pair.real.real(address), pair.virtual.real(address)
        within = every(same(real, pair.k + virtual), less(virtual, pair.w))
        return pair, pair.real.legal(address), pair.virtual.legal(address), within

    def query() -> Question:
        pair, really, virtually, within = sides()
        return _claimed(pair.given(), every(iff(really, virtually), implies(virtually, within)))

    def confined() -> Question:
        pair, really, _, within = sides()
        return _claimed(pair.given(), implies(really, within))

    def unhindered() -> Question:
        pair, really, virtually, within = sides()
        return _claimed(pair.given(), implies(virtually, every(really, within)))

    says = say("a reference, a fetch included, faults on both machines or on neither, and means the same word")
    yield _make("event:fetch", says, query)
    for prop in ("resource_control", "isolation"):
        yield _make("event:fetch", say("a reference that does not fault stays inside the allotment"), confined, prop)
    says = say("a reference that the bare machine can make needs no monitor")
    yield _make("event:fetch", says, query if asks_whether(isa) else unhindered, "efficiency")


def _ticks(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """State that the virtual clocks tick with the real timer, and nothing else does; none runs out unnoticed."""
    for clock in isa.clocks:
        blame = "event:timer" if clock is TIMER else "event:device"
        yield _make(
            blame,
            say("the virtual {clock} ticks with the real timer", clock=clock),
            _tick(isa, monitor, (clock, clock.clock)),
        )
    rest = tuple(s for s in isa.slots if not any(s in (c, c.clock) for c in isa.clocks))
    yield _make(
        "event:timer", say("nothing but the virtual clocks moves"), _tick(isa, monitor, rest), name="event:timer, rest"
    )
    for interrupt in isa.cycle.interrupts:
        blame = "event:timer" if interrupt.cause is Cause.TIMER else "event:device"
        says = say("no virtual {cause} interrupt waits while the guest goes on", cause=interrupt.cause.name.lower())
        name = f"{blame}, {interrupt.pending} noticed"
        yield _make(blame, says, _noticed(isa, monitor, interrupt), name=name)


def _tick(isa: Isa, monitor: Monitor, slots: tuple[Slot | None, ...]) -> Callable[[], Question]:
    def query() -> Question:
        pair, ticked = _ticking(isa, monitor)
        recovered, expected = pair.recover(ticked.slots), _after_tick(isa, pair.virtual)
        goal = [same(recovered[s], expected.slots[s]) for s in slots if s is not None]
        goal.append(iff(same(ticked.slots[TIMER_PENDING], 1), same(ticked.slots[TIMER], 0)))
        return _claimed([*pair.given(), unequal(pair.timer, 0)], every(*goal))

    return query


def _noticed(isa: Isa, monitor: Monitor, interrupt: Interrupt) -> Callable[[], Question]:
    def query() -> Question:
        pair, ticked = _ticking(isa, monitor)
        after = evolve(pair.virtual, slots=pair.recover(ticked.slots))
        ready = Evaluation(EXPRESSIONS, after)(interrupt.ready)
        return _claimed([*pair.given(), unequal(pair.timer, 0)], implies(ready, same(ticked.slots[TIMER_PENDING], 1)))

    return query


def _ticking(isa: Isa, monitor: Monitor) -> tuple[Pair, Side]:
    """Return a pair in which the real timer runs, and the real side one tick later."""
    pair = Pair(isa, monitor, lemma=False)
    before = evolve(pair.real, slots={**pair.real.slots, TIMER_PENDING: as_expr(0)})
    return pair, _after_tick(isa, before)


def _after_tick(isa: Isa, side: Side) -> Side:
    value = Evaluation(EXPRESSIONS, side)
    return evolve(side, slots={**side.slots, **{s: value(e) for s, e in isa.tick.writes.items()}})


def _exits(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """State that what a real trap stores is enough to recover the state before, and loses nothing of the guest's."""

    def query() -> Question:
        pair = Pair(isa, monitor)
        operands = {n: unknown(n) for n in ("pc", "cause", "detail", "old_pc")}
        side = evolve(pair.real, operands=operands)
        swapped = Execution(side, isa.cycle.swap)
        after = Stored(side, swapped)
        value = Evaluation(EXPRESSIONS, after)  # type: ignore[arg-type]
        back = {s: value(e) for s, e in vm_map.stored().items()}
        before = {**pair.real.slots, PC: operands["pc"] - operands["old_pc"]}
        guest = unknown("word")
        alike = same(swapped.element(MEMORY, pair.k + guest), pair.real.element(MEMORY, pair.k + guest))
        recovered = pair.recover({s: back.get(s, swapped.slot(s)) for s in before}), pair.recover(before)
        goal = [same(back[s], before[s]) for s in back]
        goal += [same(*(r[s] for r in recovered)) for s in isa.slots]
        goal.append(implies(less(guest, pair.w), alike))
        goal += [same(swapped.slot(s), before[s]) for s in isa.slots if s.role is Role.PROGRAM and s is not PC]
        index = unknown("element")
        for array in isa.arrays:
            if array.role is Role.PROGRAM:
                goal.append(same(swapped.element(array, index), pair.real.element(array, index)))
        return Question(tuple(pair.given()), every(*goal))

    yield _make("event:illegal", say("the trap words hold what is needed to recover the state"), query, name="exit")


def _gives_control(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """State that a real trap gives the monitor its machine, and spoils nothing of the monitor's or another's."""

    def trapped() -> tuple[Pair, Execution]:
        pair = Pair(isa, monitor)
        operands = {n: unknown(n) for n in ("pc", "cause", "detail")}
        return pair, Execution(evolve(pair.real, operands=operands), isa.cycle.swap)

    def regains() -> Question:
        pair, after = trapped()
        vector = NEW_STATUS, NEW_PC, NEW_BASE, NEW_BOUND
        status, *rest = (pair.real.element(MEMORY, as_expr(word)) for word in vector)
        wanted = {MODE: SUPERVISOR, IE: 0, RUN: RUNNING, **dict(zip((PC, BASE, BOUND), rest, strict=True))}
        entered = every(*(same(after.slot(s), v) for s, v in wanted.items()))
        return Question(tuple(pair.given()), implies(same(status, SUPERVISOR), entered))

    def spares() -> Question:
        pair, after = trapped()
        lines = {i.pending for i in isa.cycle.interrupts} - {TIMER_PENDING}
        index = unknown("element")
        goal = [same(after.slot(s), pair.real.slot(s)) for s in isa.slots if s.kind == "device" or s in lines]
        goal += [
            same(after.element(a, index), pair.real.element(a, index))
            for a in isa.arrays
            if a.role is Role.RESOURCE and a is not MEMORY
        ]
        return _claimed(pair.given(), every(*goal, others_memory_same(pair, after, first=TRAP_WORDS)))

    def walled() -> Question:
        pair, after = trapped()
        return _claimed(pair.given(), others_memory_same(pair, after, first=TRAP_WORDS))

    control, blame = "resource_control", "event:illegal"
    yield _make(
        blame, say("a real trap gives the monitor the processor, by the new PSW"), regains, control, "trap, entered"
    )
    yield _make(
        blame,
        say("a real trap writes to no device, and to no word but the trap words"),
        spares,
        control,
        "trap, spared",
    )
    yield _make(
        blame, say("a real trap writes to no word of another virtual machine's"), walled, "isolation", "trap, walled"
    )


class Stored:
    """The real state after a trap, as what reads the trap words sees it."""

    def __init__(self, side: Side, swapped: Execution) -> None:
        self.size, self.operand, self._swapped = side.size, side.operand, swapped
        self.slot, self.element = swapped.slot, swapped.element


def _dispatch(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """State that traps of no instruction are interpreted, and that interrupts are the monitor's own business."""

    def broken() -> Question:
        return Question((), FALSE)

    for cause, blame in ((Cause.MEMORY, "event:fetch"), (Cause.ILLEGAL, "event:illegal")):
        right = monitor.dispatcher[cause] is Action.INTERPRET
        says = say("the {cause} trap of a fetch is interpreted", cause=cause.name.lower())
        yield _make(blame, says, None if right else broken, name=f"{blame}, dispatched")
    for interrupt in isa.cycle.interrupts:
        blame = "event:quantum" if interrupt.pending is TIMER_PENDING else "event:device"
        right = monitor.dispatcher[interrupt.cause] is Action.RESUME
        name = interrupt.cause.name.lower()
        says = say("a real {name} interrupt does nothing to the guest but what its clocks have come to", name=name)
        yield _make(blame, says, None if right else broken, name=f"{blame}, dispatched")
    told = None if any(i.pending is TIMER_PENDING for i in isa.cycle.interrupts) else broken
    says = say("the real timer interrupts the guest when it runs out")
    for prop in ("equivalence", "resource_control"):
        yield _make("event:quantum", says, told, prop, f"event:quantum, {prop}, interrupts")
    believed = monitor.believes(isa)
    unchanged = believed.cycle.swap == isa.cycle.swap
    yield _make(
        "event:timer", say("a virtual interrupt is delivered as on the bare machine"), None if unchanged else broken
    )

    def regained() -> Question:
        pair = Pair(isa, monitor, lemma=False)
        timer = pair.loaded[TIMER]
        return _claimed(pair.given(), every(unequal(timer, 0), negated(less(pair.quantum, timer))))

    says = say("the monitor has the processor again when the quantum is over")
    yield _make("event:quantum", says, regained, "resource_control")
    renewed = broken if monitor.renews else None
    yield _make(
        "event:quantum",
        say("an exit does not renew the quantum"),
        renewed,
        "resource_control",
        "event:quantum, kept",
    )
