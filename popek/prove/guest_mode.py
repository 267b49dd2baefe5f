"""Guest mode, as obligations: the hardware's step on the guest's copies is the bare machine's on the virtual state.

The pair of states is the one of `inside.py`, but for what the hardware keeps: the guest's copies stand for the virtual
resources as they are, and R is the monitor's own, the whole allotment. What an instruction touches and the guest has
no copy of is the real machine's, on one side, and what the monitor keeps for the guest, on the other; there is where a
guest mode with too few copies or exits fails.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any

from attrs import define, evolve, field

from popek.isa.architecture import GuestMode, Isa
from popek.isa.behaviour import Behaviour, Copy, Put
from popek.isa.cycle import tick
from popek.isa.domain import Evaluation
from popek.isa.expression import Expr, as_expr
from popek.isa.slot import (
    BASE,
    BOUND,
    MEMORY,
    MODE,
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
from popek.prove.inside import Pair, Side
from popek.prove.obligation import Obligation, Query, Question
from popek.prove.smtlib import Over
from popek.prove.squares import MODES, NEVER_COMPLETES, Square, never_completes
from popek.prove.symbolic import Execution, encodable
from popek.prove.terms import EXPRESSIONS, choose, every, iff, implies, less, negated, now, same, unequal, unknown
from popek.prove.values import Status
from popek.vmm.monitor import Monitor, Treatment

_SAME = say("it touches program state and the guest's copies alone, which are the same words on both sides")


def guest_of(isa: Isa) -> GuestMode:
    """Return an ISA's guest mode, which it must have."""
    assert isa.guest is not None, f"{isa.name} has no guest mode"
    return isa.guest


@define(eq=False)
class GuestPair(Pair):
    """The real state in guest mode (`hosted`: as the hardware works on it), and the virtual state recovered."""

    lemma: bool = False
    copies: Mapping[Slot, Any] = field(init=False)
    operands: Mapping[str, Any] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        Pair.__attrs_post_init__(self)
        self.copies = {s: unknown(f"guest.{s.name}") for s in guest_of(self.isa).copies}

    @cached_property
    def real(self) -> Side:
        """The real state now: nothing in it but program state and the timer has moved."""
        slots = {}
        for slot in self.isa.slots:
            if slot.role is Role.PROGRAM:
                slots[slot] = now(slot)
            else:
                slots[slot] = self.loaded.get(slot, unknown(f"host.{slot.name}"))
        slots[TIMER] = self.timer
        slots[TIMER_PENDING] = choose(same(self.timer, 0), 1, 0)
        return Side(self, slots, self._arrays("host."), self.q, virtual=False)

    @property
    def hosted(self) -> Side:
        """The real state as the hardware works on it in guest mode: memory is the allotment, and ends with it."""
        return Side(self, {**self.real.slots, **self.copies}, self.real.arrays, self.w, virtual=True)

    def recover(self, real: Mapping[Slot, Any], copies: Mapping[Slot, Any] | None = None) -> dict[Slot, Any]:
        """Return the virtual slots that the map recovers from the real ones and the copies."""
        kept = {f"v.{s.name}": term for s, term in self.kept.items()}
        guest = {f"guest.{s.name}": term for s, term in (copies or self.copies).items()}
        operands = {**kept, **guest, "k": self.k, "w": self.w, "loaded": self.loaded[TIMER]}
        value = Evaluation(EXPRESSIONS, Side(self, real, {}, self.q, virtual=False, operands=operands))
        return {s: value(e) for s, e in self.table.recovery.items()}

    def given(self) -> list[Any]:
        """Return what is so of every such pair."""
        return [*Pair.given(self), *(less(t, 1 << s.bits) for s, t in self.copies.items() if s.bits is not None)]

    def undisturbed(self) -> list[Any]:
        """Say that the guest was running; an interrupt may be deliverable, since the hardware delivers it."""
        return [same(self.kept[RUN], RUNNING)]

    def recovered(self, run: Execution) -> dict[Slot, Any]:
        """Return the virtual slots after a step in guest mode."""
        after = {s: self.real.slots[s] if s in self.copies else run.slot(s) for s in self.isa.slots}
        return self.recover(after, {s: run.slot(s) for s in self.copies})

    def others_own(self, run: Execution) -> Iterator[Any]:
        """State that a step in guest mode leaves alone what the guest has no copy of."""
        index = unknown("element")
        for slot in self.isa.slots:
            if slot.role is Role.RESOURCE and slot not in self.copies:
                yield same(run.slot(slot), self.real.slots[slot])
        for array in self.isa.arrays:
            if array.role is Role.RESOURCE and array is not MEMORY:
                yield same(run.element(array, index), self.real.element(array, index))

    def same(self, run: Execution, bare: Execution) -> Iterator[Any]:
        """State that what is recovered after a step in guest mode is what the bare machine's step comes to."""
        index, after = unknown("element"), self.recovered(run)
        for slot in self.isa.slots:
            yield same(after[slot], bare.slot(slot))
        for array in self.isa.arrays:
            shared = array is MEMORY or array.role is Role.PROGRAM
            here = run.element(array, index) if shared else self.virtual.element(array, index)
            yield same(here, bare.element(array, index))


# An instruction -----------------------------------------------------------------------------------------------------


def in_guest_mode(square: Square) -> Iterator[Obligation]:
    """Give what has to be proved of one instruction, in one virtual mode, that runs in guest mode."""
    yield _obligation(square, "equivalence", say("in guest mode it does to the copies what it does bare"), _equivalence)
    says = say("in guest mode it leaves alone what is the monitor's: devices, real timer, run state, other memory")
    yield _obligation(square, "resource_control", says, _resource_control)
    says = say("in guest mode it neither changes nor reads a word of another virtual machine's")
    why = say("in guest mode all of memory is the allotment, whatever the address")
    name = f"{_name(square)}, isolation"
    yield Obligation(name, says, "isolation", square.instruction.name, user=square.user, why=why)


def _name(square: Square) -> str:
    return f"{square.instruction.name}, {MODES[square.user][1]}, {Treatment.GUEST.value}"


@define(eq=False)
class GuestSquare(Square):
    """One instruction that leaves guest mode, in one virtual mode."""

    def blank(self, tag: str = "", time: str = "") -> Pair:
        """Return the states before, the guest having been in guest mode."""
        return GuestPair(self.isa, self.monitor, tag=tag, time=time)


def leaving(square: Square) -> Square:
    """Return the square of an instruction that leaves guest mode, if its monitor uses guest mode at all."""
    if not square.monitor.in_guest_mode:
        return square
    return GuestSquare(square.isa, square.monitor, square.instruction, square.user, square.structural)


def efficiency_in_guest_mode(square: Square) -> Obligation:
    """State that an innocuous instruction that completes on the bare machine completes in guest mode."""
    says = say("what completes on the bare machine completes in guest mode")
    found = _obligation(square, "efficiency", says, _completes)
    if any(square.barely.guards()):
        found = evolve(found, query=partial(_completes, square))
    if square.structural and never_completes(square.barely):
        return evolve(found, query=None, settled=Status.VACUOUS, why=NEVER_COMPLETES)
    return found


def _obligation(square: Square, prop: str, says: str, query: Callable[[Square], Any]) -> Obligation:
    plain = square.structural and not square.monitor.recovery and touches_own(square.isa, square.barely)
    asked = None if plain else partial(query, square)
    return Obligation(_name(square), says, prop, square.instruction.name, asked, user=square.user, why=_SAME)


def touches_own(isa: Isa, behaviour: Behaviour) -> bool:
    """Say whether a behaviour touches program state and plain copies alone, memory in whatever way.

    The pending line of a clock that the guest has no copy of is no plain copy: the monitor sets it, after an exit.
    """
    guest = guest_of(isa)
    injected = {c.clock for c in isa.clocks if c not in guest.copies}
    parts = (
        behaviour.reads | behaviour.writes.keys() | {e.array for e in behaviour.effects if isinstance(e, Put | Copy)}
    )
    return all(p is MEMORY or p.role is Role.PROGRAM or (p in guest.copies and p not in injected) for p in parts)


def _pair(square: Square) -> tuple[GuestPair, list[Any]]:
    pair = GuestPair(square.isa, square.monitor)
    names = [o.field.name for o in square.instruction.format]
    pair.operands = {n: unknown(f"operand.{n}") for n in (*names, "word")}
    in_mode = same(pair.copies[MODE], USER if square.user else SUPERVISOR)
    hosted = evolve(pair.hosted, operands=pair.operands)
    return pair, [*pair.given(), in_mode, *encodable(square.instruction, hosted)]


def _runs(square: Square, pair: GuestPair) -> tuple[Execution, Execution]:
    """Return the step in guest mode, and the bare one."""
    sides = pair.hosted, pair.virtual
    run, bare = (Execution(evolve(s, operands=pair.operands), square.barely) for s in sides)
    return run, bare


def _equivalence(square: Square) -> Question:
    pair, given = _pair(square)
    run, bare = _runs(square, pair)
    agree = every(same(run.cause, bare.cause), same(run.detail, bare.detail))
    alike = every(*pair.same(run, bare), *pair.others_own(run))
    return Question(tuple(given), every(agree, implies(run.completes, alike)))


def _resource_control(square: Square) -> Question:
    pair, given = _pair(square)
    run, _ = _runs(square, pair)
    return Question(tuple(given), implies(run.completes, every(*pair.others_own(run))))


def _completes(square: Square) -> Question:
    pair, given = _pair(square)
    run, bare = _runs(square, pair)
    return Question((*given, bare.completes), implies(bare.completes, run.completes))


# What is about no instruction ---------------------------------------------------------------------------------------


def guest_events(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """Give the obligations of guest mode that are not about an instruction: entry, translation, clocks, traps."""

    def pair() -> GuestPair:
        return GuestPair(isa, monitor)

    def entered() -> Question:
        here = pair()
        program = {s: t for s, t in here.kept.items() if s.role is Role.PROGRAM}
        slots = {**here.real.slots, **here.loaded, **{s: here.loaded.get(s, t) for s, t in program.items()}}
        recovered = here.recover(slots, {s: here.kept[s] for s in here.copies})
        rested = same(here.loaded[TIMER_PENDING], 0)
        return _claimed(here.given(), every(rested, *(same(recovered[s], here.kept[s]) for s in isa.slots)))

    def kept() -> Question:
        here = pair()
        inside = [holds for _, holds in here.invariant(here.real)]
        timer = here.loaded[TIMER]
        whole = same(here.loaded[BASE], here.k), same(here.loaded[BOUND], here.w)
        soon = unequal(timer, 0), negated(less(here.quantum, timer))
        return _claimed(here.given(), every(*inside, *whole, *soon))

    def translated() -> Question:
        here = pair()
        address = unknown("address")
        legal = [side.legal(address) for side in (here.hosted, here.virtual)]
        there = [side.real(address) for side in (here.hosted, here.virtual)]
        within = every(same(*there), less(there[0], here.w), less(here.k + there[0], here.q))
        return _claimed(here.given(), every(iff(*legal), implies(legal[1], within)))

    yield _event("event:initial", say("what is entered in guest mode is what is recovered"), "equivalence", entered)
    for prop in ("resource_control", "isolation"):
        says = say("in guest mode the allotment is all that there is, interrupts are on, and the real timer runs")
        yield _event("event:initial", says, prop, kept)
    says = say("a reference in guest mode, a fetch included, faults as on the bare machine, and means the same word")
    yield _event("event:fetch", says, "equivalence", translated)
    for prop in ("resource_control", "isolation"):
        yield _event("event:fetch", say("what is translated twice lies in the allotment"), prop, translated)
    says = say("a reference that the bare machine can make completes in guest mode")
    yield _event("event:fetch", says, "efficiency", translated)
    yield from _clocks(isa, pair)
    yield from _traps(isa, monitor)


def _claimed(given: list[Expr], goal: Expr) -> Question:
    return Question(tuple(given), goal, Over.INTEGERS)


def _event(blame: str, says: str, prop: str, query: Query | None, name: str = "") -> Obligation:
    return Obligation(name or f"{blame}, {Treatment.GUEST.value}, {prop}", says, prop, blame, query, why=_SAME)


def _clocks(isa: Isa, make: Callable[[], GuestPair]) -> Iterator[Obligation]:
    """State that a tick, of the guest's own clocks and of the real timer, is one of every virtual clock."""
    for clock in isa.clocks:
        blame = "event:timer" if clock is TIMER else "event:device"
        says = say("the virtual {clock} ticks in guest mode as it does on the bare machine", clock=clock)
        name = f"{blame}, {Treatment.GUEST.value}, tick"
        yield _event(blame, says, "equivalence", partial(_tick, isa, make, (clock, clock.clock)), name)
    rest = tuple(s for s in isa.slots if not any(s in (c, c.clock) for c in isa.clocks))
    says, name = (
        say("nothing but the virtual clocks moves by itself in guest mode"),
        "event:timer, guest mode, rest",
    )
    yield _event("event:timer", says, "equivalence", partial(_tick, isa, make, rest), name)


def _tick(isa: Isa, make: Callable[[], GuestPair], moving: Iterable[Slot | None]) -> Question:
    pair = make()
    before = {**pair.real.slots, TIMER_PENDING: as_expr(0)}
    ticking = set(pair.copies)
    own = tick(c for c in isa.clocks if c in ticking)
    real = Evaluation(EXPRESSIONS, evolve(pair.real, slots=before))
    hosted = Evaluation(EXPRESSIONS, pair.hosted)
    slots = {**before, **{s: real(e) for s, e in isa.tick.writes.items()}}
    copies = {**pair.copies, **{s: hosted(e) for s, e in own.writes.items() if s in ticking}}
    bare = Evaluation(EXPRESSIONS, pair.virtual)
    recovered = pair.recover(slots, copies)
    goal = [same(recovered[s], bare(isa.tick.writes.get(s, as_expr(s)))) for s in moving if s is not None]
    out = iff(same(slots[TIMER_PENDING], 1), same(slots[TIMER], 0))
    return _claimed([*pair.given(), unequal(pair.timer, 0)], every(*goal, out))


def _traps(isa: Isa, monitor: Monitor) -> Iterator[Obligation]:
    """State that traps and interrupts of the guest, which the hardware takes in guest mode, are the bare machine's."""
    swap = isa.cycle.swap

    def runs() -> tuple[GuestPair, Execution, Execution]:
        pair = GuestPair(isa, monitor)
        operands = {n: unknown(n) for n in ("pc", "cause", "detail")}
        run, bare = (Execution(evolve(s, operands=operands), swap) for s in (pair.hosted, pair.virtual))
        return pair, run, bare

    def equal() -> Question:
        pair, run, bare = runs()
        return Question(tuple(pair.given()), every(*pair.same(run, bare)))

    def harmless() -> Question:
        pair, run, _ = runs()
        return Question(tuple(pair.given()), every(*pair.others_own(run)))

    def ready() -> Question:
        pair = GuestPair(isa, monitor)
        hosted, virtual = (Evaluation(EXPRESSIONS, s) for s in (pair.hosted, pair.virtual))
        alike = [iff(hosted(i.ready), virtual(i.ready)) for i in isa.cycle.interrupts]
        return Question((*pair.given(), unequal(pair.timer, 0)), every(*alike))

    own = touches_own(isa, swap) and not monitor.recovery
    says = say("a trap in guest mode swaps the guest's PSW, in the guest's memory")
    yield _event("event:illegal", says, "equivalence", None if own else equal, "event:illegal, guest mode, trap")
    says = say("a trap in guest mode leaves alone what is the monitor's")
    yield _event("event:illegal", says, "resource_control", None if own else harmless)
    says = say("a virtual interrupt is taken in guest mode when it is taken on the bare machine")
    yield _event("event:timer", says, "equivalence", ready, "event:timer, guest mode, interrupt")
