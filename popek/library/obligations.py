"""A proof, obligation by obligation, as one value: what is claimed, how it was settled, and what shows it false.

An obligation that the solver refutes is called refuted only if a guest program shows it; else it is not known.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve, field, frozen

from popek.errors import PopekError, Problem, nearest
from popek.isa.architecture import Isa
from popek.language.phrase import say
from popek.prove import decide
from popek.prove.classes import classify
from popek.prove.guest_witness import Witness
from popek.prove.obligation import HOWS, Discharged, filename, smt2
from popek.prove.properties import Proof, prove
from popek.prove.solver import identity
from popek.prove.values import PROPERTIES, Classes, MonitorVerdict, PropertyVerdict, Status
from popek.shown import Shown
from popek.vmm.monitor import Monitor

INDEPENDENCE = "independence"
"""What theorem 2 demands of a monitor, besides the four properties."""

EVERY = (*PROPERTIES, INDEPENDENCE)
NO_PROGRAM = say("it fails in the solver's model, and no short guest program was found that shows it")


@frozen
class Obligations(Shown):
    """The obligations of an ISA under a monitor, discharged; those of the properties that were asked for.

    `witnesses` are guest programs that show what is refuted, one for each property and blame. `full`: a terminal shows
    every obligation by itself.
    """

    isa: str
    title: str
    monitor: str
    doc: str
    properties: Mapping[str, PropertyVerdict]
    discharged: tuple[Discharged, ...]
    witnesses: tuple[Witness, ...]
    innocuous: frozenset[str] = field(repr=False)
    solver: Mapping[str, str] = field(repr=False)
    assumptions: tuple[str, ...] = field(repr=False)
    way: str = field(default="", repr=False)
    full: bool = field(default=False, repr=False)
    exported: tuple[str, ...] | None = field(default=None, repr=False)
    saved: tuple[str, ...] | None = field(default=None, repr=False)

    def of(self, name: str) -> tuple[Discharged, ...]:
        """Return the obligations of one property."""
        return tuple(d for d in self.discharged if d.obligation.property == name)

    @property
    def counts(self) -> dict[str, int]:
        """How many obligations there are, how many are questions, how they were settled, and how they stand."""
        statuses = Counter(d.status.value for d in self.discharged)
        hows = Counter(dict.fromkeys(HOWS, 0))
        hows.update(d.how for d in self.discharged)
        questions = sum(d.obligation.query is not None for d in self.discharged)
        known = {s.value: statuses[s.value] for s in Status if statuses[s.value]}
        return {"obligations": len(self.discharged), "questions": questions, **hows, **known}

    def smt2(self) -> dict[str, str]:
        """Return the questions as SMT-LIB 2 texts, by file name: all but what is settled by structure at once."""
        texts: dict[str, str] = {}
        for number, each in enumerate(self.discharged, start=1):
            text = smt2(each.obligation)
            if text is not None:
                texts[filename(number, each.obligation)] = text
        return texts

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "isa": self.isa,
            "title": self.title,
            "monitor": self.monitor,
            "solver": dict(self.solver),
            "assumptions": list(self.assumptions),
            "properties": {n: p.to_dict() for n, p in self.properties.items()},
            "counts": self.counts,
            "obligations": [_to_dict(d) for d in self.discharged],
            "witnesses": [{"property": w.property, **w.to_dict()} for w in self.witnesses],
            **({} if self.exported is None else {"exported": list(self.exported)}),
            **({} if self.saved is None else {"saved": list(self.saved)}),
        }


def _to_dict(one: Discharged) -> dict[str, Any]:
    about = one.obligation
    return {
        "name": about.name,
        "says": about.says,
        "property": about.property,
        "blame": about.blame,
        "status": one.status.value,
        "how": one.how,
        "reason": one.reason,
    }


def chosen(properties: Iterable[str]) -> tuple[str, ...]:
    """Return properties by their names, each a name or several with commas; all of them if none is given."""
    names = [item.strip().replace("-", "_") for text in properties for item in text.split(",")]
    strange = [n for n in names if n not in EVERY]
    if strange:
        hint = nearest(strange[0].replace("_", "-"), [p.replace("_", "-") for p in EVERY])
        raise PopekError(
            Problem(say("there is no property `{strange}`", strange=strange[0].replace("_", "-")), hint=hint)
        )
    return tuple(p for p in EVERY if not names or p in names)


def obligations(isa: Isa, monitor: Monitor, properties: Sequence[str], *, full: bool = False) -> Obligations:
    """Discharge the obligations of some properties, and look for what shows the refuted ones."""
    classes = classify(isa)
    decided = decide.under(isa, monitor, classes)
    proof = prove(isa, monitor, classes) if monitor.unsuited(isa) is None else Proof(isa.name, monitor.name, ())
    wanted = Proof(proof.isa, proof.monitor, tuple(d for d in proof.discharged if d.obligation.property in properties))
    found = _witnesses(isa, monitor, classes, wanted)
    shown = {(w.property, w.blame) for w in found}
    return Obligations(
        isa.name,
        isa.title,
        monitor.name,
        monitor.doc,
        {p: v for p in properties if (v := _verdict(decided, wanted, p, shown)) is not None},
        tuple(_honest(d, shown) for d in wanted.discharged),
        found,
        frozenset(c.name for c in classes if c.innocuous),
        identity(),
        decide.assumptions(monitor),
        monitor.way,
        full,
    )


def _verdict(decided: MonitorVerdict, proof: Proof, name: str, shown: set[tuple[str, str]]) -> PropertyVerdict | None:
    """Return the verdict on a property; to blame for a refutation is whom a program shows it of."""
    if name == INDEPENDENCE:
        return proof.verdict(name) if proof.of(name) else None
    found: PropertyVerdict = getattr(decided, name)
    if found.status is not Status.REFUTED:
        return found
    unseen = tuple(b for b in found.blame if (name, b) not in shown)
    return evolve(found, blame=tuple(b for b in found.blame if b not in unseen), unseen=(*found.unseen, *unseen))


def _witnesses(isa: Isa, monitor: Monitor, classes: Sequence[Classes], proof: Proof) -> tuple[Witness, ...]:
    by_blame: dict[tuple[str, str], list[Discharged]] = {}
    for each in proof.discharged:
        if each.status is Status.REFUTED and each.obligation.property in PROPERTIES:
            by_blame.setdefault((each.obligation.property, each.obligation.blame), []).append(each)
    found = (decide.find_witness(isa, monitor, classes, refuted) for refuted in by_blame.values())
    return tuple(w for w in found if w is not None)


def _honest(one: Discharged, shown: set[tuple[str, str]]) -> Discharged:
    about = one.obligation
    unseen = about.property in PROPERTIES and (about.property, about.blame) not in shown
    return evolve(one, status=Status.UNKNOWN, reason=NO_PROGRAM) if one.status is Status.REFUTED and unseen else one
