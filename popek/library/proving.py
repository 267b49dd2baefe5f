"""Verdicts and classes: what is proved of an ISA."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from popek import files
from popek.library import naming, obligations
from popek.library.classification import Classification
from popek.library.naming import Chosen, NamedIsa
from popek.library.obligations import Obligations
from popek.library.required import DEFAULT_MONITOR, Check, Checked, checked, monitors_of
from popek.prove import classes, decide
from popek.prove.values import Verdict
from popek.shown import Shown
from popek.vmm.monitor import Monitor

NamedMonitor = Monitor | str | Path


def classify(isa: NamedIsa, instruction: str | None = None, *, literal: bool = False) -> Classification:
    """Decide the classes of an ISA's instructions, or of one, each with the states that show it."""
    found = naming.isa(isa)
    if instruction is None:
        decided = classes.classify(found, literal=literal)
    else:
        decided = (classes.classify_instruction(found, found[instruction], literal=literal),)
    return Classification(found.name, found.title, decided, literal)


def verdict(
    *isas: NamedIsa,
    literal: bool = False,
    monitor: NamedMonitor | None = None,
    told: Callable[[str], None] | None = None,
) -> Verdict:
    """Decide the theorems, and the properties under each monitor or under one, for ISAs or groups of them.

    Without an ISA: `classic`, then the catalogue by year. "variants" and "catalogue" are groups. A monitor is a name,
    a .py file that binds `monitor`, or a value. `told` is called with the name of each ISA before it is decided.
    """
    asked = [c.isa for c in naming.every(isas)]
    chosen = None if monitor is None else [naming.monitor(monitor, *asked)]
    return decide.verdict(*asked, literal=literal, monitors=chosen, told=told)


def check(
    asked: Iterable[Chosen],
    *,
    literal: bool = False,
    monitor: NamedMonitor | None = None,
    require: Iterable[str] = (),
) -> Checked:
    """Decide, and hold the verdicts against what is required: by each file's [expect], else `require`, else default."""
    asked, require = tuple(asked), tuple(require)
    isas, expectations = [c.isa for c in asked], [c.expectation for c in asked]
    named = None if monitor is None else naming.monitor(monitor, *isas)
    if named is None:
        decided = decide.verdict(*isas, literal=literal)
        return Checked(decided, checked(decided, expectations, require, None))
    needed = [m for m in monitors_of(expectations, require, named.name) if m != named.name]
    every = [named, *(naming.monitor(m, *isas) for m in needed)]
    decided = decide.verdict(*isas, literal=literal, monitors=every)
    found = checked(decided, expectations, require, named.name)
    shown = (evolve(i, monitors=(i[named.name],)) for i in decided.isas)
    return Checked(evolve(decided, isas=tuple(shown)), found)


def prove(isa: NamedIsa, monitor: NamedMonitor = DEFAULT_MONITOR, *properties: str, full: bool = False) -> Obligations:
    """Discharge, one by one, everything that has to be proved of an ISA under a monitor.

    `properties` are the ones asked for, such as "equivalence", or else all; `full` shows on a terminal also what is
    summarised there otherwise.
    """
    on = naming.isa(isa)
    under = naming.monitor(monitor, on)
    return obligations.obligations(on, under, obligations.chosen(properties), full=full)


@frozen
class CheckedProof(Shown):
    """A proof, and how it stands against what was required."""

    proof: Obligations
    check: Check

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {**self.proof.to_dict(), "check": self.check.to_dict()}


def export(proof: Obligations, directory: str | Path) -> tuple[str, ...]:
    """Write one SMT-LIB 2 file for each obligation that the solver decided, into a directory; return their names."""
    texts = proof.smt2()
    files.make_directory(directory)
    for name, text in texts.items():
        files.write_text(Path(directory) / name, text)
    return tuple(texts)
