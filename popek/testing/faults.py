"""Planted faults: a prover that would prove a wrong monitor proves nothing, so be wrong on purpose.

A fault counts as noticed only if a claim is refuted and a guest program shows it, run once more here.
"""

from functools import cache

from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC, SYSTEM
from popek.prove.checks import Search
from popek.prove.classes import Showing, classify
from popek.prove.decide import find_witness
from popek.prove.guest_witness import Witness
from popek.prove.properties import prove
from popek.prove.values import Classes, Status
from popek.vmm.monitor import Monitor

_ENOUGH = ("nop", "ldi", "ldih", "addi", "divu", "ld", "st", "jal", "jalr", "svc")

FEW = evolve(
    CLASSIC, name="few", instructions=tuple(i for i in CLASSIC.instructions if i in SYSTEM or i.name in _ENOUGH)
)
"""A part of `classic` with one innocuous instruction of each kind: what a fault of a monitor needs to show."""


@cache
def classes_of(isa: Isa) -> tuple[Classes, ...]:
    """Return the classes of an ISA's instructions, made once and without witnesses."""
    return classify(isa, showing=Showing.NOTHING)


def noticed(isa: Isa, monitor: Monitor, prop: str) -> Witness | None:
    """Return a witness that a property is refuted, replayed; nothing if it is not refuted or no program shows it."""
    classes = classes_of(isa)
    proof = prove(isa, monitor, classes)
    verdict = proof.verdict(prop)
    if verdict.status is not Status.REFUTED:
        return None
    for blame in verdict.blame:
        refuted = [d for d in proof.of(prop) if d.status is Status.REFUTED and d.obligation.blame == blame]
        witness = find_witness(isa, monitor, classes, refuted)
        if witness is not None and replays(isa, monitor, witness):
            return witness
    return None


def replays(isa: Isa, monitor: Monitor, witness: Witness) -> bool:
    """Say whether a witness's program, assembled and run again, shows what it was found to show."""
    sensitive = frozenset(c.name for c in classes_of(isa) if c.sensitive is not False)
    critical = frozenset(c.name for c in classes_of(isa) if c.critical is not False)
    again = Search(isa, monitor, witness.property, witness.blame, sensitive, critical)
    shown = again.run(assemble(witness.program, isa).words)
    return shown is not None and shown.says == witness.says
