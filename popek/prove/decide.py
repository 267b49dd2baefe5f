"""Verdicts: everything that is decided of an ISA, computed here and now."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import evolve

from popek.isa.architecture import Isa
from popek.language.phrase import say
from popek.prove.classes import classify
from popek.prove.guest_witness import Witness, search
from popek.prove.hints import hints
from popek.prove.obligation import Discharged
from popek.prove.pools import Variant
from popek.prove.properties import Proof, prove
from popek.prove.solver import identity
from popek.prove.theorems import theorem_1, theorem_2, theorem_3
from popek.prove.values import PROPERTIES, Classes, IsaVerdict, MonitorVerdict, PropertyVerdict, Status, Verdict
from popek.vmm.monitor import TRAP_AND_EMULATE, Monitor
from popek.vmm.rings import available

ASSUMPTIONS = (
    say("words have 32 bits; physical memory has 17 to 2^24 words"),
    say(
        "R is active in both modes and for every reference that an instruction makes, except those "
        "to fixed physical words"
    ),
    say("a trap is an outcome, not a change of state; a pair of states of which one makes a memory trap is set aside"),
    say("two states that differ in R share the window that R gives, and all memory that is outside both windows"),
    say("a halted processor executes nothing; what a device does by itself is part of the step, not of an instruction"),
    say("the bare machine compared has as much memory as the allotment, and devices with the same contents"),
    say("the monitor itself is not a guest: it runs in supervisor mode and keeps its tables where no guest reaches"),
    say("efficiency is of innocuous instructions; exits for interrupts and for first translations are set aside"),
)
"""What the verdicts rest on, whatever the monitor; a monitor's own assumptions come with it."""


def verdict(
    *isas: Isa,
    literal: bool = False,
    monitors: Iterable[Monitor] | None = None,
    told: Callable[[str], None] | None = None,
) -> Verdict:
    """Decide classes, theorems and the properties under each monitor, for some ISAs.

    `told` is called with the name of each before it is decided.
    """
    chosen = None if monitors is None else tuple(monitors)
    decided = []
    for isa in isas:
        if told is not None:
            told(isa.name)
        decided.append(decide(isa, literal=literal, monitors=chosen))
    asked = dict.fromkeys(m for isa in isas for m in (available(isa) if chosen is None else chosen))
    return Verdict(tuple(decided), identity(), assumptions(*asked))


def assumptions(*monitors: Monitor) -> tuple[str, ...]:
    """Return what verdicts under some monitors rest on."""
    return (
        *ASSUMPTIONS,
        *(say("{monitor}: {assumption}", monitor=m.name, assumption=a) for m in monitors for a in m.rests_on),
    )


def decide(isa: Isa, *, literal: bool = False, monitors: Iterable[Monitor] | None = None) -> IsaVerdict:
    """Decide one ISA."""
    classes = classify(isa, literal=literal)
    chosen = available(isa) if monitors is None else monitors
    first = theorem_1(classes)
    independence = prove(isa, TRAP_AND_EMULATE, classes).verdict("independence")
    theorems = {1: first, 2: theorem_2(first, independence), 3: theorem_3(classes)}
    return IsaVerdict(
        isa.name,
        isa.title,
        isa.year,
        isa.extends,
        isa.sources,
        classes,
        theorems,
        tuple(under(isa, m, classes) for m in chosen),
        isa.story,
    )


def under(isa: Isa, monitor: Monitor, classes: Sequence[Classes]) -> MonitorVerdict:
    """Decide the properties of an ISA under a monitor."""
    unsuited = monitor.unsuited(isa)
    if unsuited is not None:
        none = PropertyVerdict(Status.NOT_APPLICABLE, reason=unsuited)
        return MonitorVerdict(monitor.name, none, none, none, none)
    proof = prove(isa, monitor, classes)
    return MonitorVerdict(monitor.name, *(_shown(isa, monitor, classes, proof, p) for p in PROPERTIES))


def _shown(isa: Isa, monitor: Monitor, classes: Sequence[Classes], proof: Proof, name: str) -> PropertyVerdict:
    """Return a verdict; if it is a refutation, with a witness that has been run, or else it is not known.

    One witness is enough for a refutation. Whoever was tried before, in vain, is not to blame; who would come after is
    blamed by the proof alone. `popek prove` looks for a program for each.
    """
    found = proof.verdict(name)
    if found.status is not Status.REFUTED:
        return found
    for number, blame in enumerate(found.blame):
        refuted = [d for d in proof.of(name) if d.status is Status.REFUTED and d.obligation.blame == blame]
        witness = find_witness(isa, monitor, classes, refuted)
        if witness is not None:
            blamed, unseen = found.blame[number:], found.blame[:number]
            return evolve(found, blame=blamed, reason="", witness=witness, unseen=unseen)
    reason = say("the proof fails, and no short guest program was found that shows it ({reason})", reason=found.reason)
    return PropertyVerdict(Status.UNKNOWN, found.blame, reason)


def find_witness(
    isa: Isa, monitor: Monitor, classes: Sequence[Classes], refuted: Sequence[Discharged]
) -> Witness | None:
    """Return a guest program that shows some refuted obligations of one blame."""
    about = refuted[0].obligation
    modes = {d.obligation.user for d in refuted}
    user = False if False in modes else (True if True in modes else None)

    def suggested() -> Iterator[Variant]:
        for each in refuted:
            yield from hints(isa, each.obligation)

    return search(isa, monitor, about.property, about.blame, classes, user=user, hints=suggested)
