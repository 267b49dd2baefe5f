"""Whatever way the solver is asked, the verdicts are the same: other seeds, without structure, in narrow words.

A slice of this is in `test_verdicts.py` and `test_narrow.py`; here it is asked of every shipped ISA, under every
technique that makes sense there.
"""

from functools import cache

import pytest

from popek.isa.architecture import Isa
from popek.isa.shipped import catalogue, every
from popek.prove.classes import Showing, classify
from popek.prove.properties import prove
from popek.prove.values import PROPERTIES, Classes, Status
from popek.vmm.rings import available

SEEDS = (1, 7, 2026)

Answers = dict[tuple[str, str], tuple[Status, tuple[str, ...]]]


@cache
def classes_of(isa: Isa) -> tuple[Classes, ...]:
    """Return the classes of an ISA's instructions, made once."""
    return classify(isa, showing=Showing.NOTHING)


def answers(isa: Isa, *, seed: int = 0, structural: bool = True) -> Answers:
    """Return status and blame of each property, under each monitor that makes sense."""
    found: Answers = {}
    for monitor in available(isa):
        if not monitor.in_guest_mode or isa.guest is not None:
            proof = prove(isa, monitor, classes_of(isa), seed=seed, structural=structural)
            verdicts = {p: proof.verdict(p) for p in PROPERTIES}
            found |= {(monitor.name, p): (v.status, v.blame) for p, v in verdicts.items()}
    return found


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("isa", every(), ids=lambda i: i.name)
def test_the_solvers_seed_matters_nowhere(isa: Isa, seed: int) -> None:
    """Another order of the search gives the same answers, of every ISA under every technique."""
    assert answers(isa, seed=seed) == answers(isa)


@pytest.mark.soak
@pytest.mark.parametrize("isa", catalogue(), ids=lambda i: i.name)
def test_structure_matters_nowhere(isa: Isa) -> None:
    """Nor does the structural shortcut: the solver, asked everything, gives the same statuses and blames the same."""
    asked, short = answers(isa, structural=False, seed=SEEDS[0]), answers(isa)
    assert {k: (s, {*b}) for k, (s, b) in asked.items()} == {k: (s, {*b}) for k, (s, b) in short.items()}


@pytest.mark.soak
@pytest.mark.parametrize("isa", catalogue(), ids=lambda i: i.name)
def test_classes_need_no_structure(isa: Isa) -> None:
    """So it is with the classes."""
    asked = classify(isa, structural=False, showing=Showing.NOTHING)
    kinds = [(c.name, c.privileged, {*c.kinds}, {*c.user_kinds}) for c in asked]
    assert kinds == [(c.name, c.privileged, {*c.kinds}, {*c.user_kinds}) for c in classes_of(isa)]
