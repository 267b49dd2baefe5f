"""Each critical instruction of the catalogue is shown by a program, in its machine's own mnemonics, that was run."""

from functools import cache

import pytest

from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.shipped import find
from popek.prove import decide, guest_witness
from popek.prove.classes import Showing, classify
from popek.prove.guest_witness import Witness
from popek.prove.properties import Proof, prove
from popek.prove.values import Classes, Status
from popek.vmm.monitor import HARDWARE_ASSISTED, TRAP_AND_EMULATE

PROPERTIES = ("equivalence", "resource_control", "isolation")


@cache
def classes_of(isa: Isa) -> tuple[Classes, ...]:
    """Return the classes of an ISA's instructions, made once."""
    return classify(isa, showing=Showing.NOTHING)


@cache
def proof_of(isa: Isa) -> Proof:
    """Return what is proved of an ISA under trap-and-emulate, and what is refuted."""
    return prove(isa, TRAP_AND_EMULATE, classes_of(isa))


def _own(isa: Isa) -> list[Isa]:
    base = find(isa.extends) if isa.extends else None
    return [base] if base is not None and base.year is not None else []


def refuted() -> list[tuple[Isa, str]]:
    """Return each ISA with each critical instruction that is not the same on what it is a delta on."""
    return [
        (isa, c.name)
        for isa in shipped.catalogue()
        for c in classes_of(isa)
        if c.critical and not any(base.by_name.get(c.name) == isa[c.name] for base in _own(isa))
    ]


def witnesses(isa: Isa, name: str) -> dict[str, Witness | None]:
    """Return, for each property that an instruction refutes, the program that was found."""
    found = {}
    for prop in PROPERTIES:
        those = [d for d in proof_of(isa).of(prop) if d.status is Status.REFUTED and d.obligation.blame == name]
        if those:
            found[prop] = decide.find_witness(isa, TRAP_AND_EMULATE, classes_of(isa), those)
    return found


@pytest.mark.parametrize(("isa", "name"), refuted(), ids=str)
def test_a_critical_instruction_is_shown_by_a_program(isa: Isa, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each property that it refutes, without the solver's hints; it is in the program, which shows it again."""
    monkeypatch.setattr(decide, "hints", lambda *_: [])
    for prop, witness in witnesses(isa, name).items():
        assert witness is not None, prop
        assert name in witness.program.split()
        shown = guest_witness.shows(
            witness.program, isa, TRAP_AND_EMULATE, prop=prop, blame=name, classes=classes_of(isa)
        )
        assert shown is not None


@pytest.mark.parametrize("name", ["sgdt", "popf", "lar", "ret-far"])
def test_in_guest_mode_the_same_programs_show_nothing(name: str) -> None:
    """What shows it in user mode is the guest's own there."""
    base = find("x86")
    assert base is not None
    (witness,) = witnesses(base, name).values()
    assert witness is not None
    for guest in ("x86-vtx", "x86-svm"):
        isa = find(guest)
        assert isa is not None
        known = classes_of(isa)
        asked = (witness.program, isa, HARDWARE_ASSISTED)
        assert guest_witness.shows(*asked, prop="equivalence", blame=name, classes=known) is None


@pytest.mark.parametrize("name", ["sgdt", "sidt", "sldt", "smsw", "str"])
def test_under_umip_five_programs_show_nothing_any_more(name: str) -> None:
    """What traps is emulated."""
    base, umip = find("x86"), find("x86-umip")
    assert base is not None
    assert umip is not None
    (witness,) = witnesses(base, name).values()
    assert witness is not None
    asked = (witness.program, umip, TRAP_AND_EMULATE)
    assert guest_witness.shows(*asked, prop="equivalence", blame=name, classes=classes_of(umip)) is None


def test_what_is_shown_only_in_company_says_so() -> None:
    """Nobody but `rs` sets the flag that `rc` reads: it is shown where `rs` traps, and the sentence names it."""
    isa = find("alpha")
    assert isa is not None
    found = witnesses(isa, "rc")["equivalence"]
    assert found is not None
    assert found.says.endswith("where `rs` is privileged")
    assert "rs" in found.program.split()
