"""What says nothing is called vacuous, and neither proved nor refuted: by its assumptions, or by what it is about.

Configurations that mean nothing at all (an opcode that no word has, two instructions with one opcode) are refused
before: `tests/isa/test_wellformed.py`.
"""

from itertools import product

import pytest
from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Trap
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.expression import eq, not_
from popek.isa.instruction import Instruction, ra
from popek.isa.slot import MODE, USER
from popek.prove.claim import of_monitor
from popek.prove.classes import Showing, classify
from popek.prove.decide import decide
from popek.prove.lattice import lattice
from popek.prove.obligation import Discharged
from popek.prove.properties import Proof, prove
from popek.prove.values import PROPERTIES, Status
from popek.vmm.monitor import HARDWARE_ASSISTED, HYBRID, MONITORS, TRAP_AND_EMULATE, Monitor

NEVER_USER = TRAP_AND_EMULATE.vary("never-user", recovery={MODE: 0})
NEVER_SUPERVISOR = TRAP_AND_EMULATE.vary("never-supervisor", recovery={MODE: USER})


def some(*names: str, base: Isa = CLASSIC) -> Isa:
    """Return an ISA of a few instructions."""
    guest = base.guest and evolve(base.guest, exits=tuple(n for n in base.guest.exits if n in names))
    return evolve(base, name="few", instructions=tuple(base[n] for n in names), guest=guest)


def proof_of(isa: Isa, monitor: Monitor, *, structural: bool = True) -> Proof:
    """Return what becomes of everything."""
    return prove(isa, monitor, classify(isa, showing=Showing.NOTHING), structural=structural)


def statuses(isa: Isa, monitor: Monitor, *, structural: bool = True) -> dict[str, Status]:
    """Return how each property stands."""
    proof = proof_of(isa, monitor, structural=structural)
    return {p: proof.verdict(p).status for p in PROPERTIES}


def of(isa: Isa, monitor: Monitor, instruction: str, prop: str) -> list[Discharged]:
    """Return what became of a property's obligations about an instruction."""
    return [d for d in proof_of(isa, monitor).of(prop) if d.obligation.blame == instruction]


# By assumptions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("structural", [True, False])
@pytest.mark.parametrize("monitor", [NEVER_USER, NEVER_SUPERVISOR], ids=lambda m: m.name)
def test_a_virtual_mode_that_never_is_proves_nothing(monitor: Monitor, *, structural: bool) -> None:
    """If nothing is recovered in a virtual mode, what is claimed of it is vacuous, structure or not.

    Equivalence is refuted besides: what is entered in that mode is not recovered.
    """
    found = statuses(some("nop", "add"), monitor, structural=structural)
    assert found == {
        "equivalence": Status.REFUTED,
        "resource_control": Status.VACUOUS,
        "efficiency": Status.VACUOUS,
        "isolation": Status.VACUOUS,
    }


@pytest.mark.parametrize("monitor", MONITORS.values(), ids=lambda m: m.name)
def test_the_shipped_monitors_have_both_modes(monitor: Monitor) -> None:
    """Under none of them is anything vacuous for want of a state."""
    isa = CLASSIC_VT if monitor.in_guest_mode else CLASSIC
    met = [d for d in proof_of(isa, monitor).discharged if d.obligation.name.endswith("met")]
    assert len(met) == 2 * len(PROPERTIES)
    assert {d.status for d in met} == {Status.PROVED}


# By what it is about ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("monitor", [m for m in MONITORS.values() if not m.in_guest_mode], ids=lambda m: m.name)
def test_an_isa_without_instructions_has_no_properties(monitor: Monitor) -> None:
    """No theorem says anything of it, and no monitor is proved on it."""
    verdict = decide(some(), monitors=[monitor])
    assert {t.status for t in verdict.theorems.values()} == {Status.VACUOUS}
    assert {getattr(verdict[monitor.name], p).status for p in PROPERTIES} == {Status.VACUOUS}
    assert verdict[monitor.name].equivalence.reason == "the ISA has no instructions"


@pytest.mark.parametrize("monitor", [TRAP_AND_EMULATE, HYBRID, HARDWARE_ASSISTED], ids=lambda m: m.name)
def test_efficiency_is_about_innocuous_instructions_that_complete(monitor: Monitor) -> None:
    """Where all instructions are sensitive, or always trap, no monitor is efficient, or the contrary.

    Not even a monitor that interprets. With one more instruction the question has an answer.
    """
    base = CLASSIC_VT if monitor.in_guest_mode else CLASSIC
    few = ("svc", "halt", "lpsw", "getmode")
    for structural in (True, False):
        found = statuses(some(*few, base=base), monitor, structural=structural)
        assert found == {**dict.fromkeys(PROPERTIES, Status.PROVED), "efficiency": Status.VACUOUS}
    slow = monitor is HYBRID
    more = statuses(some(*few, "nop", base=base), monitor)["efficiency"]
    assert more is (Status.REFUTED if slow else Status.PROVED)


def test_what_always_traps_is_asked_for_no_efficiency() -> None:
    """A supervisor call never completes, whatever the monitor; so nothing is asked of it, and nothing is proved."""
    for monitor in (TRAP_AND_EMULATE, HYBRID):
        assert [d.status for d in of(CLASSIC, monitor, "svc", "efficiency")] == [Status.VACUOUS] * 2
        assert {d.status for d in of(CLASSIC, monitor, "svc", "equivalence")} == {Status.PROVED}


def test_what_traps_for_one_reason_or_another_completes_never_either() -> None:
    """Two traps of which one always comes: that is not seen from the structure, and the solver finds no state."""
    traps = [Trap(eq(ra, 0), Cause.ARITHMETIC), Trap(not_(eq(ra, 0)), Cause.SVC)]
    isa = Isa("odd", (Instruction("odd", "ra", 0x60, "Trap, somehow.", Behaviour(traps=traps)),))
    for monitor, structural in product((TRAP_AND_EMULATE, HYBRID), (True, False)):
        assert [d.status for d in of(isa, monitor, "odd", "efficiency")] == [Status.VACUOUS] * 2, monitor
        assert statuses(isa, monitor, structural=structural)["efficiency"] is Status.VACUOUS


def test_composition_says_the_same() -> None:
    """A lattice puts instructions together one by one, and comes to the same efficiency, or none."""
    (claim,) = of_monitor("trap-and-emulate", "efficiency")
    for names, status in ((("svc", "halt"), Status.VACUOUS), (("svc", "halt", "nop"), Status.PROVED)):
        outcomes = lattice(some(*names), monitors=[TRAP_AND_EMULATE]).outcomes
        assert {o.statuses[claim] for o in outcomes} == {status}
