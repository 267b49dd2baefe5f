"""The properties of an ISA under a monitor: all obligations, discharged and put together."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial

from attrs import evolve, frozen

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour
from popek.language.phrase import in_turn, say
from popek.prove.copies import copy
from popek.prove.events import events
from popek.prove.guest_mode import efficiency_in_guest_mode, in_guest_mode, leaving
from popek.prove.obligation import Discharged, Obligation, called, discharge, discharge_together, filename, smt2
from popek.prove.squares import (
    MODES,
    Square,
    confidentiality,
    controlled,
    dispatched,
    efficiency,
    emulation,
    equivalence,
    independence,
    integrity,
    resource_control,
)
from popek.prove.structure import asks_whether
from popek.prove.terms import WIDTH
from popek.prove.values import Classes, PropertyVerdict, Status
from popek.vmm.monitor import Monitor, Treatment


def treatment(monitor: Monitor, isa: Isa, classes: Classes, *, user: bool) -> Treatment:
    """Return how a monitor runs an instruction of these classes in a virtual mode."""
    plan = monitor.plan(user=user)
    chosen = plan.treatment(sensitive=classes.sensitive is not False, critical=classes.critical is not False)
    if chosen is Treatment.GUEST and isa.guest is not None and classes.name in (*isa.guest.exits, *monitor.controls):
        return Treatment.EMULATED
    return chosen


def obligations(
    isa: Isa, monitor: Monitor, classes: Sequence[Classes], *, structural: bool = True
) -> Iterator[Obligation]:
    """Give everything that has to be proved of an ISA under a monitor."""
    yield from events(isa, monitor)
    for known in classes:
        for user, _ in MODES:
            yield from _of_one(
                isa, monitor, known, treatment(monitor, isa, known, user=user), user=user, structural=structural
            )


def _of_one(
    isa: Isa, monitor: Monitor, known: Classes, how: Treatment, *, user: bool, structural: bool
) -> Iterator[Obligation]:
    square = Square(isa, monitor, isa[known.name], user, structural)
    mine = [*of_instruction(square, how), *efficient(square, how, innocuous=known.innocuous)]
    yield from mine


def of_instruction(square: Square, how: Treatment) -> Iterator[Obligation]:
    """Give what has to be proved of one instruction, in one virtual mode, efficiency aside."""
    if how is Treatment.GUEST:
        yield from in_guest_mode(square)
        if controlled(square):
            yield emulation(leaving(square), how)
        return
    yield emulation(leaving(square), how)
    if how is Treatment.DIRECT:
        yield equivalence(square)
        yield resource_control(square)
        yield integrity(square)
        yield confidentiality(square)
        yield independence(square)
        yield from dispatched(square)
        if square.monitor.plan(user=square.user).translates:
            yield copy(square)


def efficient(square: Square, how: Treatment, *, innocuous: bool | None) -> Iterator[Obligation]:
    """Give what efficiency demands of one instruction, in one virtual mode: nothing if it is known to be sensitive."""
    found = efficiency_in_guest_mode(square) if how is Treatment.GUEST else efficiency(leaving(square), how)
    if innocuous is None:
        yield evolve(found, query=None, settled=Status.UNKNOWN, why=say("it is not known whether it is innocuous"))
    elif innocuous:
        yield found


Key = tuple[object, ...]
_known: dict[Key, Discharged] = {}


def decided(
    isa: Isa, monitor: Monitor, obligation: Obligation, seed: int = 0, *, structural: bool = True, width: int = WIDTH
) -> Discharged:
    """Discharge an obligation, once for all ISAs and monitors that share what it is about."""
    if obligation.query is None:
        return discharge(obligation)
    key = _key(isa, monitor, obligation, (seed, structural, width))
    if key not in _known:
        _known[key] = discharge(obligation, seed, structural=structural, width=width)
    found = _known[key]
    return Discharged(obligation, found.status, found.how, found.reason)


def _key(isa: Isa, monitor: Monitor, obligation: Obligation, how: tuple[int, ...]) -> Key:
    about: object = isa.by_name.get(obligation.blame)
    routine: Behaviour | None = monitor.routines.get(obligation.blame)
    what = obligation.name, obligation.says, obligation.property
    return (*what, about, routine, how, *_frame(isa, monitor))


def _frame(isa: Isa, monitor: Monitor) -> Key:
    """Return everything but an instruction, and its routine, that an obligation is about."""
    machine = isa.slots, isa.arrays, isa.translation, isa.cycle, isa.rings, isa.guest if monitor.in_guest_mode else None
    tables = (frozenset(t.items()) for t in (monitor.entry, monitor.recovery, monitor.dispatcher))
    return (*machine, asks_whether(isa), monitor.reflection, monitor.renews, monitor.controls, *tables)


_shared: dict[Key, tuple[Discharged, ...]] = {}
"""What was discharged before, of an instruction, run in one way in one virtual mode, or of the events."""

_frames: dict[Key, int] = {}
"""A number for each frame, since frames are long."""


def is_event(obligation: Obligation) -> bool:
    """Say whether an obligation is about no instruction."""
    return obligation.blame.startswith("event:")


def silent(obligation: Obligation, status: Status) -> bool:
    """Say whether what became of an obligation says nothing of its property.

    Efficiency is about innocuous instructions that complete: of one that never does, it asks nothing, and that
    addresses are translated without a monitor is no such instruction.
    """
    nothing = Status.PROVED if is_event(obligation) else Status.VACUOUS
    return obligation.property == "efficiency" and status is nothing


@frozen
class Proof:
    """All obligations of an ISA under a monitor, with what became of them."""

    isa: str
    monitor: str
    discharged: tuple[Discharged, ...]

    def of(self, name: str) -> tuple[Discharged, ...]:
        """Return the obligations of one property."""
        return self._by_property.get(name, ())

    @cached_property
    def _by_property(self) -> Mapping[str, tuple[Discharged, ...]]:
        found: dict[str, list[Discharged]] = {}
        for each in self.discharged:
            found.setdefault(each.obligation.property, []).append(each)
        return {name: tuple(these) for name, these in found.items()}

    def verdict(self, name: str) -> PropertyVerdict:
        """Return the verdict on one property; whoever finds witnesses adds them."""
        if self.discharged and all(is_event(d.obligation) for d in self.discharged):
            return PropertyVerdict(Status.VACUOUS, reason=say("the ISA has no instructions"))
        return _together([d for d in self.of(name) if not silent(d.obligation, d.status)])


def prove(
    isa: Isa,
    monitor: Monitor,
    classes: Sequence[Classes],
    *,
    structural: bool = True,
    seed: int = 0,
    width: int = WIDTH,
) -> Proof:
    """Discharge every obligation of an ISA under a monitor.

    Without `structural` every one is put to the solver as it is stated: nothing is settled by structure, simplified or
    tried on samples. `width` is that of a word, in bits; at a width other than the machine's the solver is asked, too.
    """
    key = _frame(isa, monitor)
    frame, how = _frames.setdefault(key, len(_frames)), (seed, structural, width)

    def settle(
        key: Key, every: Callable[[], Iterable[Obligation]], *, together: bool = False
    ) -> tuple[Discharged, ...]:
        if key not in _shared and together and structural and width == WIDTH:
            _shared[key] = discharge_together(every(), seed)
        elif key not in _shared:
            settled = (decided(isa, monitor, o, seed, structural=structural, width=width) for o in every())
            _shared[key] = tuple(settled)
        return _shared[key]

    done = list(settle((frame, how, monitor.in_guest_mode), partial(events, isa, monitor), together=True))
    plans = [(user, monitor.plan(user=user).translates) for user, _ in MODES]
    for known in classes:
        about = isa[known.name], monitor.routines.get(known.name), known.innocuous
        for user, translates in plans:
            way = treatment(monitor, isa, known, user=user)
            key = (frame, how, about, user, way, monitor.in_guest_mode, translates)
            done += settle(key, partial(_of_one, isa, monitor, known, way, user=user, structural=structural))
    return Proof(isa.name, monitor.name, tuple(done))


def export(isa: Isa, monitor: Monitor, classes: Sequence[Classes]) -> Iterator[tuple[str, str]]:
    """Give every question that is put to the solver as SMT-LIB 2: a file's name, and its text."""
    for number, obligation in enumerate(obligations(isa, monitor, classes), start=1):
        text = smt2(obligation)
        if text is not None:
            yield filename(number, obligation), text


def _together(discharged: Iterable[Discharged]) -> PropertyVerdict:
    by_status: Mapping[Status, list[Discharged]] = {s: [] for s in Status}
    for each in discharged:
        by_status[each.status].append(each)
    for status in (Status.REFUTED, Status.UNKNOWN, Status.VACUOUS):
        if by_status[status]:
            blame = tuple(dict.fromkeys(d.obligation.blame for d in by_status[status]))
            first = by_status[status][0]
            reason = say(
                "not proved: {says} ({obligation})",
                says=first.obligation.says,
                obligation=called(first.obligation.name),
            )
            return PropertyVerdict(status, blame, in_turn((reason, first.reason)) if first.reason else reason)
    if not by_status[Status.PROVED]:
        return PropertyVerdict(Status.VACUOUS, reason=say("there is no instruction that it is about"))
    return PropertyVerdict(Status.PROVED)
