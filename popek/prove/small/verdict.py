"""The verdict on a small machine: classes, and who is to blame for what under each monitor."""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from popek.isa.architecture import Isa
from popek.isa.instruction import Instruction
from popek.prove.small.around import around
from popek.prove.small.choices import SHORT
from popek.prove.small.classes import MOST, SmallClasses, small_classes
from popek.prove.small.frames import Map
from popek.prove.small.guest import GuestMap, GuestSteps
from popek.prove.small.guest_around import guest_around
from popek.prove.small.steps import Findings, Steps
from popek.prove.values import PROPERTIES
from popek.vmm.monitor import Monitor, Treatment

Blame = Mapping[tuple[str, str], frozenset[str]]
"""For a monitor's name and a property: the instructions and events that refute it; none if it holds."""


@frozen
class SmallVerdict:
    """What was found; `coverage` says what was enumerated for it."""

    isa: str
    width: int
    classes: tuple[SmallClasses, ...]
    blame: Blame = field(repr=False)
    coverage: str


def small_verdict(isa: Isa, monitors: Iterable[Monitor], width: int = 6, most: int = MOST) -> SmallVerdict:
    """Decide classes, equivalence, resource control, efficiency and isolation, with words of so many bits.

    `most` is the number of states, or pairs of them, that one question, or one square, steps through.
    """
    classes = small_classes(isa, width, most)
    blame: dict[tuple[str, str], set[str]] = {}
    events: dict[int, int] = {}
    squares: dict[int, Findings] = {}
    for monitor in monitors:
        blame |= {(monitor.name, p): set() for p in PROPERTIES}
        found = _events(isa, monitor, width)
        events[id(found)] = found[1]
        for prop, event in found[0]:
            blame[monitor.name, prop].add(event)
        for known in classes:
            for user in (False, True):
                findings = _findings(isa, monitor, isa[known.name], width, most, user=user)
                squares[id(findings)] = findings
                for prop in _broken(isa, monitor, known, findings, user=user):
                    blame[monitor.name, prop].add(known.name)
    coverage = _coverage(classes, squares.values(), sum(events.values())) + _words(width)
    return SmallVerdict(isa.name, width, classes, {k: frozenset(v) for k, v in blame.items()}, coverage)


def _coverage(classes: Iterable[SmallClasses], squares: Iterable[Findings], events: int) -> str:
    classes, squares = list(classes), list(squares)
    return (
        f"classes of {len(classes)} instructions in {sum(c.stepped for c in classes)} states and pairs of states, "
        f"{len(squares)} squares in {sum(s.stepped for s in squares)} pairs, {events} cases of events. For "
        f"{sum(c.exhaustive for c in classes)} of the instructions and {sum(s.exhaustive for s in squares)} of the "
        "squares every combination of the values chosen for what they depend on was stepped; for the others every two "
        "of these values together, and more of them together among the first few. Words that are only copied, and the "
        "contents of memory, are drawn from a few that differ."
    )


def _words(width: int) -> str:
    if width <= SHORT:
        return ""
    return (
        f" A word of {width} bits takes edges of its range, those of the constants it meets, and words in which the "
        "fields are set that an instruction looks into."
    )


def _broken(isa: Isa, monitor: Monitor, known: SmallClasses, findings: Findings, *, user: bool) -> Iterable[str]:
    """Return the properties that an instruction breaks, as the monitor runs it."""
    treatment = monitor.plan(user=user).treatment(sensitive=known.sensitive, critical=known.critical)
    stays = treatment is Treatment.DIRECT
    if treatment is Treatment.GUEST:
        assert isa.guest is not None
        stays = known.name not in (*isa.guest.exits, *monitor.controls)
    broken = set(findings.direct) if stays else set()
    if findings.wrong and not stays:
        broken.add("equivalence")
    missed = findings.missed if stays else findings.completes
    if missed and not known.sensitive:
        broken.add("efficiency")
    return broken


_stepped: dict[Any, Findings] = {}
_around: dict[Any, tuple[set[tuple[str, str]], int]] = {}
_maps: dict[Any, Map] = {}


def _about(isa: Isa, monitor: Monitor, width: int) -> tuple[Any, ...]:
    """Return what the VM map and the traps of a monitor depend on."""
    tables = (monitor.entry, monitor.recovery, monitor.dispatcher)
    parts = (isa.slots, isa.arrays, isa.translation, isa.cycle, isa.rings, monitor.reflection, monitor.renews)
    guest = (isa.guest, monitor.controls) if monitor.in_guest_mode else None
    return (width, guest, *parts, *(frozenset(t.items()) for t in tables), *((isa.name,) if width > SHORT else ()))


def _map(isa: Isa, monitor: Monitor, width: int) -> Map:
    return (GuestMap if monitor.in_guest_mode else Map)(isa, monitor, width)


def _events(isa: Isa, monitor: Monitor, width: int) -> tuple[set[tuple[str, str]], int]:
    key = _about(isa, monitor, width)
    if key not in _around:
        table = _map(isa, monitor, width)
        _around[key] = guest_around(table) if isinstance(table, GuestMap) else around(table)
    return _around[key]


def _findings(isa: Isa, monitor: Monitor, instruction: Instruction, width: int, most: int, *, user: bool) -> Findings:
    about = _about(isa, monitor, width)
    key = (*about, instruction, monitor.routines.get(instruction.name), most, user)
    if key not in _stepped:
        known = _maps.get(about)
        table = _map(isa, monitor, width)
        if known is not None:
            table.frames = known.frames
        _maps[about] = table
        steps = GuestSteps if isinstance(table, GuestMap) else Steps
        _stepped[key] = steps(table, instruction, most, user=user).findings()
    return _stepped[key]
