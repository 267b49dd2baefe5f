"""The catalogue, by proof and state by state: both ways to decide agree on every architecture, guest mode included.

Words are as long as the machines' own here, so that no field of a status word is cut off; memory is as small as always.
What long words hold is drawn from a covering set: the edges, and the fields that an instruction looks into, set one way
and another. So a state that is rare may not be come across; what is not would be said in `UNSEEN`, architecture by
architecture, where it cannot grow unseen. There is nothing in it now.
"""

from collections.abc import Iterator, Mapping

import pytest
from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.shipped import catalogue
from popek.isa.slot import MEMORY
from popek.prove.classes import Showing, classify
from popek.prove.properties import prove
from popek.prove.small.classes import small_classes
from popek.prove.small.verdict import small_verdict
from popek.prove.values import PROPERTIES, Classes
from popek.vmm.monitor import Monitor
from popek.vmm.rings import available

WIDTH = 32
MOST = 1500
"""States, or pairs of them, for each question."""

UNSEEN: Mapping[str, Mapping[str, str]] = {}
"""By architecture: the instructions of which something is proved that is not come across, and why."""

STEPPED = ("m68000",)
"""What is stepped under every technique in each run; the rest in soak runs."""

SLICE = [pytest.param(i, marks=[] if i.name in STEPPED else pytest.mark.soak, id=i.name) for i in catalogue()]


def techniques(isa: Isa) -> list[Monitor]:
    """Return the monitors that make sense for an architecture: that of guest mode, and of rings, where it has them."""
    return [m for m in available(isa) if not m.in_guest_mode or isa.guest is not None]


def _differences(isa: Isa, proved: tuple[Classes, ...]) -> Iterator[tuple[str, str]]:
    """Give, for every class that differs, the instruction, and what differs."""
    small = small_classes(isa, WIDTH, MOST)
    assert [s.name for s in small] == [p.name for p in proved]
    for one, other in zip(small, proved, strict=True):
        assert one.kinds <= set(other.kinds), f"{one.name}: stepped, and proved impossible"
        assert one.user_kinds <= set(other.user_kinds), f"{one.name}: stepped, and proved impossible"
        assert one.privileged >= bool(other.privileged), f"{one.name}: stepped, and proved impossible"
        here: object = one.kinds, one.user_kinds, one.privileged
        there: object = set(other.kinds), set(other.user_kinds), other.privileged
        if here != there:
            yield one.name, f"stepped {here}, proved {there}"


def refers_to_memory(isa: Isa, name: str) -> bool:
    """Say whether an instruction has a virtual address."""
    low = (isa[name].behaviour(m).lower(isa.translation) for m in (0, 1))
    return any(MEMORY in b.reads or any(getattr(e, "array", None) is MEMORY for e in b.effects) for b in low)


@pytest.mark.parametrize("isa", catalogue(), ids=str)
def test_the_classes_of_what_is_critical_agree(isa: Isa) -> None:
    """Every instruction that is sensitive and not privileged is so where it is stepped, and in the same way."""
    proved = classify(isa, showing=Showing.NOTHING)
    critical = tuple(c for c in proved if c.critical)
    few = _only(isa, [c.name for c in critical])
    assert {n for n, _ in _differences(few, critical)} == UNSEEN.get(isa.name, {}).keys() & {c.name for c in critical}


def _only(isa: Isa, names: list[str]) -> Isa:
    return evolve(isa, instructions=tuple(i for i in isa.instructions if i.name in names), guest=None)


@pytest.mark.parametrize("isa", SLICE)
def test_everything_agrees(isa: Isa) -> None:
    """Classes, and whom every property blames, under every technique: what is stepped is what is proved.

    Where references to memory are not translated alike (ring compression), the prover blames the translation, and a
    machine that is stepped also the instructions that refer to memory.
    """
    proved = classify(isa, showing=Showing.NOTHING)
    unseen = {n for n, _ in _differences(isa, proved)}
    small = small_verdict(isa, techniques(isa), WIDTH, MOST)
    assert "A word of 32 bits takes edges" in small.coverage
    for monitor in techniques(isa):
        proof = prove(isa, monitor, proved)
        for prop in PROPERTIES:
            found, blamed = {*small.blame[monitor.name, prop]}, {*proof.verdict(prop).blame}
            more = found - blamed
            if "event:fetch" in blamed:
                more = {n for n in more if n in isa.by_name and not refers_to_memory(isa, n)}
            assert not more, (monitor.name, prop)
            unseen |= blamed - found
    assert unseen == UNSEEN.get(isa.name, {}).keys()
