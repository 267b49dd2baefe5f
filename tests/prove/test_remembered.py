"""What was found for one search is not believed of another, and nobody is blamed of whom it was sought in vain."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from attrs import evolve, fields

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.instruction import EXECUTES
from popek.isa.slot import BASE, TIMER
from popek.library.obligations import obligations
from popek.prove import checks, decide, guest_witness
from popek.prove.checks import Search
from popek.prove.guest_witness import Witness
from popek.prove.values import PropertyVerdict, Status
from popek.testing.faults import FEW, classes_of
from popek.vmm.monitor import (
    DISPATCHER,
    HARDWARE_ASSISTED,
    HYBRID,
    TRANSLATION,
    TRANSLATION_FULL,
    TRAP_AND_EMULATE,
    Action,
    Monitor,
)
from popek.vmm.vm_map import K, kept


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    """Forget what was found before, and afterwards what was found with a fault."""
    guest_witness._found.clear()
    yield
    guest_witness._found.clear()


WRONG_DIVISION = HARDWARE_ASSISTED.vary("wrong", routines={"divu": Behaviour()})
_LEAVES = {"leaves": ("arithmetic",), "stays": ()}


def found(isa: Isa, monitor: Monitor, blame: str = "divu") -> bool:
    """Say whether a program is found that shows of an instruction that equivalence is refuted."""
    return guest_witness.search(isa, monitor, "equivalence", blame, classes_of(isa)) is not None


def test_a_witness_is_not_believed_of_a_monitor_that_lets_other_things_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong routine shows where its trap leaves guest mode alone; a key that forgets what leaves is noticed."""
    isa = evolve(CLASSIC_VT, instructions=tuple(CLASSIC_VT[i.name] for i in FEW.instructions))
    both = [WRONG_DIVISION.vary(name, controls=controls) for name, controls in _LEAVES.items()]
    assert [found(isa, monitor) for monitor in both] == [True, False]
    monkeypatch.setattr(checks, "_TELLING", tuple(n for n in checks._TELLING if n != "controls"))
    for order, answer in ((both, True), (both[::-1], False)):
        guest_witness._found.clear()
        assert [found(isa, monitor) for monitor in order] == [answer, answer]


OTHERWISE: Mapping[str, Mapping[str, Any]] = {
    "supervisor": {"supervisor": TRANSLATION.supervisor},
    "user": {"user": TRANSLATION_FULL.user},
    "dispatcher": {"dispatcher": {**DISPATCHER, Cause.ILLEGAL: Action.SKIP}},
    "entry": {"entry": {BASE: K}},
    "recovery": {"recovery": {TIMER: kept(TIMER)}},
    "routines": {"routines": {"divu": Behaviour()}},
    "reflection": {"reflection": Behaviour()},
    "renews": {"renews": True},
    "controls": {"controls": ("svc",)},
    "cache": {"cache": TRAP_AND_EMULATE.cache + 1},
}


def test_what_was_found_is_kept_by_every_part_of_a_monitor() -> None:
    """By all that makes a difference to a run, and not by its name."""
    asked = Search(FEW, TRAP_AND_EMULATE, "equivalence", "divu", frozenset(), frozenset())
    keys = {evolve(asked, monitor=evolve(TRAP_AND_EMULATE, **part)).key for part in OTHERWISE.values()}
    assert len({asked.key, *keys}) == 1 + len(OTHERWISE)
    assert OTHERWISE.keys() == {*checks._TELLING}
    assert asked.key == evolve(asked, monitor=evolve(TRAP_AND_EMULATE, name="other", doc="Another.")).key


def test_what_was_found_is_kept_by_every_part_of_what_is_sought() -> None:
    """By all but the hints, which are asked for if all else fails."""
    asked = Search(FEW, TRAP_AND_EMULATE, "equivalence", "divu", frozenset(), frozenset())
    others: Mapping[str, Any] = {
        "isa": CLASSIC_VT,
        "monitor": HYBRID,
        "prop": "isolation",
        "blame": "nop",
        "sensitive": frozenset({"divu"}),
        "critical": frozenset({"divu"}),
        "user": True,
    }
    assert len({asked.key, *(evolve(asked, **{n: v}).key for n, v in others.items())}) == 1 + len(others)
    assert {*others, "hints"} == {a.name for a in fields(Search)}


# Whom a verdict blames ----------------------------------------------------------------------------------------------

THREE = FEW.vary("three", dict.fromkeys(("jsu", "getmode", "setie"), EXECUTES))


def unseen(monkeypatch: pytest.MonkeyPatch, *names: str) -> PropertyVerdict:
    """Return the verdict on equivalence where no program is found of some instructions."""

    def blind(isa: Isa, monitor: Monitor, prop: str, blame: str, *rest: Any, **more: Any) -> Witness | None:
        return None if blame in names else guest_witness.search(isa, monitor, prop, blame, *rest, **more)

    monkeypatch.setattr(decide, "search", blind)
    return decide.under(THREE, TRAP_AND_EMULATE, classes_of(THREE)).equivalence


def test_whom_no_program_shows_is_not_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict stops at the first that a program shows; of those before it was sought in vain, and it says so."""
    every = unseen(monkeypatch)
    first, *others = every.blame
    assert {first, *others} == {"jsu", "getmode", "setie"}
    assert (every.witness.blame, every.unseen) == (first, ())
    found = unseen(monkeypatch, first)
    assert (found.status, found.blame, found.unseen) == (Status.REFUTED, tuple(others), (first,))
    assert found.witness.blame == found.to_dict()["witness"]["blame"] == others[0]
    assert found.to_dict()["unseen"] == [first]
    assert found.reason.endswith(f"no short guest program was found that shows it of `{first}`")


def test_where_no_program_shows_anybody_nothing_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not known."""
    assert unseen(monkeypatch, "jsu", "getmode", "setie").status is Status.UNKNOWN


def test_a_proof_looks_for_a_program_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes after the first is blamed only if a program shows it, too."""
    unseen(monkeypatch, "setie")
    proof = obligations(THREE, TRAP_AND_EMULATE, ("equivalence",))
    found = proof.properties["equivalence"]
    assert ({*found.blame}, found.unseen) == ({"jsu", "getmode"}, ("setie",))
    assert {w.blame for w in proof.witnesses} == {"jsu", "getmode"}
    assert {d.status for d in proof.discharged if d.obligation.blame == "setie"} >= {Status.UNKNOWN}
