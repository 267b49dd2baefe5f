"""What holds of all machines from System/360 to the virtual VAX: verdicts, literature, witnesses, guests, sources."""

from functools import cache

import pytest

from popek.guests import library
from popek.isa.assembler import assemble
from popek.isa.catalogue import pdp10, pdp11, s360, s370, sigma7, vax, vax_rings
from popek.isa.classic import INNOCUOUS
from popek.isa.shipped import find
from popek.prove.decide import verdict
from popek.prove.values import PROPERTIES, IsaVerdict, Status
from popek.vmm.allotment import Allotment
from popek.vmm.compare import Comparison, LockStep
from popek.vmm.monitor import MONITORS

MODULES = (s360, s370, pdp10, pdp11, vax, vax_rings, sigma7)
ISAS = {isa.name: isa for module in MODULES for isa in module.ISAS}

TABLE = """
# name       year  theorems  to blame for theorem 1                          for theorem 3
s360         1965  1 2 3     -                                               -
s360-67      1966  1 2 3     -                                               -
s370         1971  1 2 3     -                                               -
sigma7       1966  1 2 3     -                                               -
pdp10        1967  - - 3     jrst-1,jrstf,jrst-3,pushj,jsr,jsp               -
pdp10-ks     1978  - - 3     jrstf,jrst-5,pushj,jsr,jsp                      -
pdp11-45     1972  - - -     wait,reset,spl,rti,rtt,mfpi,mtpi                wait
vax          1977  - - -     movpsl,rei,prober,probew                        prober,probew
vax-virtual  1989  1 2 3     -                                               -
vax-rings    1989  1 2 3     -                                               -
"""
ROWS = {row.split()[0]: row.split()[1:] for row in TABLE.splitlines() if row and not row.startswith("#")}

GUESTS = {
    ("s360-problem-state", "s360"): "trap-and-emulate",
    ("s360-problem-state", "s360-67"): "trap-and-emulate",
    ("s360-problem-state", "s370"): "trap-and-emulate",
    ("sigma7-master-slave", "sigma7"): "trap-and-emulate",
    ("pdp10-jrst", "pdp10"): "hybrid",
    ("pdp10-ks-jrstf", "pdp10-ks"): "hybrid",
    ("pdp11-silence", "pdp11-45"): "translation-full",
    ("vax-psl", "vax"): "hybrid",
    ("vax-psl", "vax-virtual"): "trap-and-emulate",
    ("vax-rings", "vax-rings"): "trap-and-emulate",
}
"""A guest, a machine that it runs on, and a monitor that is proved to be equivalent for that machine."""


@cache
def decided(name: str) -> IsaVerdict:
    """Return the verdict on a machine, made once."""
    return verdict(ISAS[name]).only


@cache
def compared(guest_name: str, name: str, monitor: str) -> Comparison:
    """Run a guest on a machine, bare and under a monitor."""
    guest, known = library.find(guest_name), decided(name).instructions
    return LockStep(
        ISAS[name],
        assemble(guest.source, ISAS[guest.isa], file=guest.file).words,
        monitor=MONITORS[monitor],
        sensitive={c.name for c in known if c.sensitive},
        critical={c.name for c in known if c.critical},
        allotment=Allotment(64, guest.memory),
    ).run(guest.max_steps)


def names(cell: str) -> tuple[str, ...]:
    """Return the instructions in a cell of the table."""
    return () if cell == "-" else tuple(cell.split(","))


def test_the_table_is_complete() -> None:
    """Every machine has a row, a guest, and a name under which it is found."""
    assert ROWS.keys() == ISAS.keys() == {isa for _, isa in GUESTS}
    assert all(find(name) is isa for name, isa in ISAS.items())


@pytest.mark.parametrize("name", ROWS)
def test_the_theorems_are_as_the_table_has_them(name: str) -> None:
    """Whether the premises hold, who is to blame, and the year."""
    year, *cells, first, third = ROWS[name]
    found = decided(name)
    assert ISAS[name].year == int(year)
    assert [found.theorem(n).holds for n in (1, 2, 3)] == [c != "-" for c in cells]
    assert found.theorem(1).blame == names(first)
    assert found.theorem(3).blame == names(third)


@pytest.mark.parametrize("name", ROWS)
def test_every_property_is_proved_or_refuted_by_a_program(name: str) -> None:
    """Nothing is left unknown, and each refutation comes with a program that was run."""
    for monitor in decided(name).monitors:
        for each in PROPERTIES:
            found = getattr(monitor, each)
            assert found.status in (Status.PROVED, Status.REFUTED, Status.NOT_APPLICABLE), (monitor.name, each)
            assert (found.status is Status.REFUTED) == (found.witness is not None)


@pytest.mark.parametrize("name", ROWS)
def test_what_is_to_blame_is_what_the_theorem_blames(name: str) -> None:
    """Under trap-and-emulate equivalence fails by the critical instructions, and holds where there are none."""
    found = decided(name)["trap-and-emulate"].equivalence
    assert found.holds == decided(name).theorem(1).holds
    assert found.blame == decided(name).theorem(1).blame
    if found.witness is not None:
        assert {*found.witness.program.split()} & {*found.blame}


@pytest.mark.parametrize(("guest", "name"), GUESTS)
def test_a_guest_cannot_tell_under_a_monitor_that_is_proved(guest: str, name: str) -> None:
    """The same on the bare machine and under the monitor, step by step, and as its header says."""
    monitor = GUESTS[guest, name]
    assert decided(name)[monitor].equivalence.holds
    assert decided(name)[monitor].resource_control.holds
    found = compared(guest, name, monitor)
    assert found.equivalent
    assert found.violation is None
    assert found.bare.output == found.virtual.output == library.find(guest).expected.output


@pytest.mark.parametrize(("guest", "name"), [g for g in GUESTS if ROWS[g[1]][1] == "-"])
def test_a_guest_can_tell_under_trap_and_emulate_where_theorem_1_fails(guest: str, name: str) -> None:
    """Each guest uses what its machine has that is critical, and prints something else."""
    found = compared(guest, name, "trap-and-emulate")
    assert not found.equivalent
    assert found.virtual.output != found.bare.output


@pytest.mark.parametrize("name", ROWS)
def test_every_behaviour_has_a_source(name: str) -> None:
    """Whoever doubts a behaviour can look it up."""
    isa = ISAS[name]
    assert isa.sources
    assert isa.doc
    assert all(i.source and i.doc.endswith(".") for i in isa.instructions if i not in INNOCUOUS)
