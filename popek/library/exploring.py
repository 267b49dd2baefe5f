"""Lattice, repair, explain: what lies around an ISA, what would mend it, and why it is as it is."""

from popek.library import naming
from popek.library.naming import NamedIsa
from popek.prove import claim as claims
from popek.prove import explain as explaining
from popek.prove import lattice as lattices
from popek.prove import repair as repairing
from popek.prove.explanation import Explanation, Overview
from popek.prove.lattice import Lattice
from popek.prove.repair import Repairs


def lattice(isa: NamedIsa, *, literal: bool = False) -> Lattice:
    """Decide and count every configuration of an ISA's system instructions."""
    return lattices.lattice(naming.isa(isa), literal=literal)


def repair(isa: NamedIsa, *goals: str, literal: bool = False) -> Repairs:
    """Find the smallest sets of instructions to change so that something holds, each proved again after the change.

    A goal is "theorem-1", "theorem-3", or a property, such as "hybrid.equivalence" or "equivalence" (under
    trap-and-emulate): then by making instructions privileged. Without goals: all usual goals, hypercalls and
    translation included.
    """
    return repairing.repair(naming.isa(isa), [claims.read(g) for g in goals], literal=literal)


def explain(
    isa: NamedIsa, instruction: str | None = None, claim: str | None = None, *, literal: bool = False
) -> Explanation | Overview:
    """Explain an instruction in words, with the states that show it, or one claim on it; without one: who is to blame.

    A claim is a class ("privileged", "control", "location", "innocuous", ...), "theorem-1", "theorem-3", a monitor, or
    a property under a monitor ("hybrid.equivalence").
    """
    found = naming.isa(isa)
    if instruction is None:
        return explaining.overview(found, literal=literal)
    return explaining.explain(found, instruction, claim, literal=literal)
