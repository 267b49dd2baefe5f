"""The systems of history: a sourced table, held against what popek proves of each technique on each architecture."""

from functools import cache

import pytest

from popek.errors import PopekError
from popek.isa.shipped import find
from popek.library.systems import ShownSystem, SystemList, systems
from popek.library.systems_table import SYSTEMS, System
from popek.prove.decide import decide
from popek.prove.values import MonitorVerdict
from popek.vmm import rings
from popek.vmm.structure import STRUCTURES

PAIRS = [(s, isa) for s in SYSTEMS for isa in s.isas]


@cache
def proved(isa: str, technique: str) -> MonitorVerdict:
    """Return what is proved of an architecture under a monitor."""
    found = find(isa)
    assert found is not None
    return decide(found, monitors=[rings.find(technique, found)])[technique]


@pytest.mark.parametrize(("system", "isa"), PAIRS, ids=lambda v: getattr(v, "name", v))
def test_what_a_system_did_is_proved_or_the_difference_is_explained(system: System, isa: str) -> None:
    """Equivalence and resource control under the technique; where they are refuted, the data says what was accepted."""
    found = proved(isa, system.technique)
    assert bool(found.equivalence.holds and found.resource_control.holds) is not bool(system.but)


def test_the_table_is_in_order_and_complete() -> None:
    """By year; each with a sentence and a source; every structure, and all that a lecture names, is there."""
    assert [s.year for s in SYSTEMS] == sorted(s.year for s in SYSTEMS)
    assert all(s.how.endswith(".") and s.sources and s.isas for s in SYSTEMS)
    assert {s.structure for s in SYSTEMS} == {*STRUCTURES}
    assert {"KVM", "Xen", "Hyper-V", "VMware Workstation", "VirtualBox", "bhyve"} <= {s.name for s in SYSTEMS}


def test_no_system_is_older_than_its_machine() -> None:
    """But for the software that was ready before there was a processor with the extension, and says so."""
    early = {s.name for s, isa in PAIRS if s.year < (getattr(find(isa), "year", None) or 0)}
    assert early == {"KVM on RISC-V"}


def test_a_system_is_found_by_the_beginning_of_its_name() -> None:
    """Whatever its case; several, or none, is an error that names what there is."""
    shown = systems("hyper")
    assert isinstance(shown, ShownSystem)
    assert shown.system.name == "Hyper-V"
    assert systems("kvm").to_dict()["systems"][0]["name"] == "KVM"
    assert isinstance(systems(), SystemList)
    for name, hint in (("vm", "`VM/370`"), ("zzz", "lists them")):
        with pytest.raises(PopekError, match=hint):
            systems(name)
