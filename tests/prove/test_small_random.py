"""Random instructions: what a small machine finds, the prover finds; no theorem holds where its monitor is refuted."""

from collections.abc import Iterator

import pytest

from popek.isa.architecture import Isa
from popek.prove.classes import classify
from popek.prove.properties import prove
from popek.prove.small.verdict import SmallVerdict, small_verdict
from popek.prove.theorems import theorem_1, theorem_3
from popek.prove.values import PROPERTIES, Classes, Status
from popek.testing.behaviours import faults_alike, random_instruction
from popek.vmm.monitor import HYBRID, MONITORS, TRAP_AND_EMULATE

TECHNIQUES = [m for m in MONITORS.values() if m.name != "hardware-assisted"]
WIDTH = 7
"""So that a memory of 63 words is less than half of what words can address: `-1` is then no legal address."""

SOUND = ("equivalence", "resource_control")


def _differences(isa: Isa, small: SmallVerdict, proved: Classes) -> Iterator[tuple[bool, str]]:
    """Give every difference, and whether the small machine found what the prover says is not so."""
    (stepped,) = small.classes
    kinds = (stepped.kinds, set(proved.kinds)), (stepped.user_kinds, set(proved.user_kinds))
    for found, claimed in kinds:
        if found != claimed:
            yield not found <= claimed, f"kinds {set(found)}, proved {claimed}"
    if stepped.privileged != proved.privileged:
        yield not stepped.privileged, "privileged"
    for monitor in TECHNIQUES:
        proof = prove(isa, monitor, [proved])
        for prop in PROPERTIES:
            verdict, blame = proof.verdict(prop), small.blame[monitor.name, prop]
            if verdict.status is not Status.UNKNOWN and set(verdict.blame) != blame:
                yield verdict.status is Status.PROVED, f"{monitor.name}, {prop}: {verdict.status.value}"


def _theorems(isa: Isa, small: SmallVerdict, proved: Classes) -> Iterator[str]:
    """Give every theorem whose premise is met while its monitor is refuted."""
    (stepped,) = small.classes
    user_critical = stepped.user_sensitive and not stepped.privileged
    for number, monitor, critical, theorem in (
        (1, TRAP_AND_EMULATE, stepped.critical, theorem_1),
        (3, HYBRID, user_critical, theorem_3),
    ):
        if theorem([proved]).holds:
            proof = prove(isa, monitor, [proved])
            yield from (f"theorem {number}, proved" for p in SOUND if proof.verdict(p).status is Status.REFUTED)
        if not critical:
            yield from (f"theorem {number}, stepped" for p in SOUND if small.blame[monitor.name, p])


def _check(seeds: range, *, wild: bool) -> list[str]:
    """Return what the prover refutes and no small machine was seen to break."""
    unseen = []
    for seed in seeds:
        isa = Isa(f"random {seed}", (random_instruction(seed, wild=wild),))
        small, (proved,) = small_verdict(isa, TECHNIQUES, WIDTH, 1000), classify(isa)
        for wrong, says in _differences(isa, small, proved):
            assert not wrong, f"seed {seed}: {says}: {isa.instructions[0]}"
            unseen.append(f"{seed}: {says}")
        if not wild and (faults_alike(isa["random"]) or proved.sensitive):
            assert not list(_theorems(isa, small, proved)), seed
    return unseen


def test_random_instructions() -> None:
    """Both ways agree on a few instructions, but for a rare state that no small machine came across."""
    assert len({u.split(":")[0] for u in _check(range(15), wild=False)}) <= 1


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, 1000, 100))
def test_many_random_instructions(start: int) -> None:
    """On a thousand, nothing that was stepped is proved impossible; a few rare states are not come across."""
    unseen = _check(range(start, start + 100), wild=False)
    assert len({u.split(":")[0] for u in unseen}) <= 8


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, 300, 100))
def test_wild_instructions(start: int) -> None:
    """The same of instructions to which the theorems do not apply, since traps may show what no class has."""
    unseen = _check(range(start, start + 100), wild=True)
    assert len({u.split(":")[0] for u in unseen}) <= 8
