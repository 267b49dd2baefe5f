"""Guest mode: proved where the hardware keeps enough for the guest, refuted with a guest where it does not."""

import pytest
from attrs import evolve

from popek.errors import PopekError
from popek.guests import library
from popek.isa.architecture import GuestMode, Isa
from popek.isa.behaviour import Behaviour
from popek.isa.classic_vt import CLASSIC_VT, GUEST_MODE
from popek.isa.slot import BASE, IE, MODE, TIMER, TIMER_PENDING, Slot
from popek.isa.variants import VARIANTS
from popek.library import running
from popek.prove.classes import classify
from popek.prove.decide import decide
from popek.prove.properties import prove, silent
from popek.prove.values import PROPERTIES, Status
from popek.testing.lockstep import lock_step, told
from popek.testing.programs import guest
from popek.vmm.monitor import HARDWARE_ASSISTED

GIVEN = (CLASSIC_VT, *(evolve(v, guest=GUEST_MODE) for v in VARIANTS))
GUESTS = [n for n in library.names() if library.find(n).isa == "classic"]


@pytest.mark.parametrize("isa", GIVEN, ids=lambda i: i.name)
def test_whatever_the_isa_guest_mode_virtualizes_it(isa: Isa) -> None:
    """With a guest mode all four properties hold on `classic` and on every variant, critical instructions and all."""
    proof = prove(isa, HARDWARE_ASSISTED, classify(isa))
    assert {p: proof.verdict(p).status for p in PROPERTIES} == dict.fromkeys(PROPERTIES, Status.PROVED)


def test_the_solver_says_the_same_as_structure() -> None:
    """Without the structural shortcut the solver is asked everything, and answers alike."""
    proof = prove(CLASSIC_VT, HARDWARE_ASSISTED, classify(CLASSIC_VT), structural=False)
    assert sum(d.how == "solver" for d in proof.discharged) > 200
    assert {d.status for d in proof.discharged if not silent(d.obligation, d.status)} == {Status.PROVED}


@pytest.mark.parametrize("name", GUESTS)
def test_every_guest_gives_the_same_under_it(name: str) -> None:
    """Every shipped guest for classic runs as expected in guest mode, with the output of the bare machine."""
    found = running.run(name, isa=CLASSIC_VT, monitor=HARDWARE_ASSISTED)
    assert found.as_expected
    assert found.direct + found.exits.get("guest-exit", 0) == found.result.instructions
    compared = running.compare(name, isa=CLASSIC_VT, monitor=HARDWARE_ASSISTED)
    assert compared.equivalent
    assert compared.violation is None


def test_random_guests_cannot_tell() -> None:
    """Nor can guests that nobody has written."""
    for seed in range(40_000, 40_120):
        drawn = guest(CLASSIC_VT, seed)
        comparison = lock_step(drawn, CLASSIC_VT, monitor=HARDWARE_ASSISTED)
        assert comparison.equivalent, told(drawn, comparison)
        assert comparison.violation is None, told(drawn, comparison)


def lacking(*, copy: Slot | None = None, exit_: str = "") -> Isa:
    """Return classic-vt with a guest mode that has a copy or an exit too few."""
    copies = tuple(s for s in GUEST_MODE.copies if s is not copy)
    exits = tuple(e for e in GUEST_MODE.exits if e != exit_)
    return evolve(CLASSIC_VT, name="lacking", guest=GuestMode(copies, exits))


@pytest.mark.parametrize("name", GUEST_MODE.exits)
def test_an_exit_too_few_is_refuted_by_a_guest(name: str) -> None:
    """What touches a device or the run state must exit, or the guest gets at the real one."""
    (found,) = decide(lacking(exit_=name), monitors=[HARDWARE_ASSISTED]).monitors
    assert found.equivalence.status is Status.REFUTED
    assert found.resource_control.status is Status.REFUTED
    assert found.equivalence.blame == (name,)
    assert name in found.equivalence.witness.program


@pytest.mark.parametrize("copy", [IE, TIMER, TIMER_PENDING], ids=lambda s: s.name)
def test_a_copy_too_few_is_refuted_by_a_guest(copy: Slot) -> None:
    """What the processor has and the guest has no copy of is the monitor's, and the guest can tell."""
    (found,) = decide(lacking(copy=copy), monitors=[HARDWARE_ASSISTED]).monitors
    assert found.equivalence.status is Status.REFUTED
    assert found.equivalence.witness is not None


def test_an_innocuous_exit_costs_efficiency_alone() -> None:
    """An instruction that exits without need is emulated: equivalence stays."""
    isa = evolve(CLASSIC_VT, name="slow", guest=GuestMode(GUEST_MODE.copies, (*GUEST_MODE.exits, "add")))
    (found,) = decide(isa, monitors=[HARDWARE_ASSISTED]).monitors
    assert found.equivalence.status is found.resource_control.status is Status.PROVED
    assert (found.efficiency.status, found.efficiency.blame) == (Status.REFUTED, ("add",))


def test_a_wrong_routine_is_refuted_where_it_is_used() -> None:
    """Only what exits is interpreted: a wrong routine for anything else never runs."""
    classes = classify(CLASSIC_VT)
    used = prove(CLASSIC_VT, HARDWARE_ASSISTED.vary("used", routines={"out": Behaviour()}), classes)
    unused = prove(CLASSIC_VT, HARDWARE_ASSISTED.vary("unused", routines={"setie": Behaviour()}), classes)
    assert used.verdict("equivalence").status is Status.REFUTED
    assert unused.verdict("equivalence").status is Status.PROVED


@pytest.mark.parametrize(
    ("guest_mode", "sentence"),
    [
        (GuestMode((BASE, MODE), ()), "no copy of `bound`"),
        (GuestMode((*GUEST_MODE.copies, Slot("odd", "")), ()), "copies `odd`"),
        (GuestMode(GUEST_MODE.copies, ("hatl",)), "did you mean `halt`"),
    ],
)
def test_a_guest_mode_that_is_none_is_refused(guest_mode: GuestMode, sentence: str) -> None:
    """Mode and R at least, slots that there are, instructions that there are."""
    with pytest.raises(PopekError, match=sentence):
        evolve(CLASSIC_VT, guest=guest_mode)
