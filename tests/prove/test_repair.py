"""The smallest sets of instructions to change: what they promise is proved again, and nothing in them is idle."""

import pytest

from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.instruction import TRAPS
from popek.prove.claim import THEOREM_1, read
from popek.prove.classes import Showing, classify
from popek.prove.properties import prove
from popek.prove.repair import Remedy, Repair, repair
from popek.prove.theorems import theorem_1, theorem_3
from popek.prove.values import Status
from popek.vmm.monitor import TRAP_AND_EMULATE

NAMES = [i.name for i in shipped.variants()]


def named(name: str) -> Isa:
    """Return a shipped ISA."""
    found = shipped.find(name)
    assert found
    return found


def one(isa: Isa, goal: str) -> Repair:
    """Return the repair for one goal."""
    return repair(isa, [read(goal)]).repairs[0]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_critical_is_to_be_privileged(name: str) -> None:
    """For theorem 1 the set is that of the critical instructions, for theorem 3 of the user-critical ones."""
    isa = named(name)
    classes = classify(isa, showing=Showing.NOTHING)
    first, third = one(isa, "theorem-1"), one(isa, "theorem-3")
    assert first.instructions == tuple(c.name for c in classes if c.critical)
    assert third.instructions == tuple(c.name for c in classes if c.user_critical)
    for found, theorem in ((first, theorem_1), (third, theorem_3)):
        assert found.status is Status.PROVED
        assert found.minimal
        assert found.instructions is not None
        mended = isa.vary("mended", dict.fromkeys(found.instructions, TRAPS))
        assert theorem(classify(mended, showing=Showing.NOTHING)).holds


@pytest.mark.parametrize("name", NAMES)
def test_repaired_properties_are_proved(name: str) -> None:
    """Whoever is blamed under trap-and-emulate is made privileged, and then equivalence and control are proved."""
    isa = named(name)
    found = repair(isa).repairs[2]
    before = prove(isa, TRAP_AND_EMULATE, classify(isa))
    blame = {*before.verdict("equivalence").blame, *before.verdict("resource_control").blame}
    assert found.instructions is not None
    assert set(found.instructions) == blame
    mended = isa.vary("mended", dict.fromkeys(found.instructions, TRAPS))
    proof = prove(mended, TRAP_AND_EMULATE, classify(mended, showing=Showing.NOTHING))
    assert all(proof.verdict(p).holds for p in ("equivalence", "resource_control"))


def test_a_behaviour_of_its_own_becomes_a_trap() -> None:
    """To make an instruction privileged replaces whatever user mode made of it; to ignore it would not do."""
    found = one(named("setb"), "theorem-1")
    assert found.instructions == ("setb",)
    assert found.alternatives == {"setb": ("traps",)}
    assert found.after[THEOREM_1] is Status.PROVED


def test_what_does_no_harm_needs_no_repair() -> None:
    """A bound that may only shrink is critical, and needs neither trap nor hypercall nor translation."""
    found = repair(named("setb")).repairs
    assert [r.instructions for r in found[2:]] == [(), (), (), ()]


def test_hypercalls_and_translation() -> None:
    """What fails in virtual user mode is not mended by translating virtual supervisor code."""
    by_remedy = {r.remedy: r.instructions for r in repair(named("spill")).repairs[2:]}
    assert by_remedy == {
        Remedy.TRAP: ("st",),
        Remedy.HYPERCALL: ("st",),
        Remedy.TRANSLATE: None,
        Remedy.TRANSLATE_FULL: ("st",),
    }
    assert {r.remedy: r.instructions for r in repair(named("jrst1")).repairs[2:]}[Remedy.TRANSLATE] == ("jsu",)


def test_there_may_be_none() -> None:
    """No trap makes an innocuous instruction that traps efficient; to let it execute does."""
    found = one(named("add-traps"), "efficiency")
    assert found.instructions is None
    assert found.in_the_way == ("add",)
    assert "executes" in found.alternatives["add"]
    assert found.to_dict()["sets"] == []


def test_nothing_to_repair() -> None:
    """What holds already is repaired by the empty set."""
    for found in repair(named("classic")).repairs:
        assert found.before is found.status is Status.PROVED
        assert found.instructions == ()
