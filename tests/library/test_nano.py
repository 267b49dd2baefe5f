"""The nanobenchmarks: counted exactly, priced by a table that knows none of them, and honest about the shape."""

import pytest

from popek.isa.classic_vt import CLASSIC_VT
from popek.library import nano as module
from popek.library.nano import NANOS, WAYS, NanoReport, Way, nano
from popek.vmm.cost_table import names
from popek.vmm.monitor import HARDWARE_ASSISTED
from popek.vmm.translation import code


@pytest.fixture(scope="module")
def report() -> NanoReport:
    """Return the benchmarks at the usual prices."""
    return nano()


def test_they_are_the_seven_in_the_order_of_the_paper(report: NanoReport) -> None:
    """With a figure for each way, here and there."""
    order = ["syscall", "in", "cr8wr", "call/return", "pgfault", "divzero", "ptemod"]
    assert [r.nano.name for r in report.rows] == [n.name for n in NANOS] == order
    for row in report.rows:
        assert row.cycles.keys() == row.nano.published.keys() == row.counts.keys() == WAYS.keys() == set(Way)
        assert all(c > 0 for c in row.cycles.values())


def test_what_one_operation_counts_is_exact(report: NanoReport) -> None:
    """A trap natively and in guest mode, an exit under translation; an exit for a port in guest mode alone."""
    counts = {r.nano.name: r.counts for r in report.rows}
    assert counts["syscall"][Way.NATIVE] == counts["syscall"][Way.HARDWARE] == {"step": 3, "trap": 1}
    assert counts["syscall"][Way.TRANSLATION]["exit"] == 1
    assert counts["in"][Way.NATIVE] == {"step": 1}
    assert counts["in"][Way.HARDWARE] == {"guest-exit": 1, "emulate": 1}
    assert counts["cr8wr"][Way.HARDWARE] == counts["cr8wr"][Way.NATIVE] == {"step": 1}
    assert counts["cr8wr"][Way.TRANSLATION]["call"] == 1
    assert counts["call/return"][Way.NATIVE] == {"step": 2}
    assert counts["divzero"][Way.NATIVE]["trap"] == 1
    assert counts["ptemod"][Way.TRANSLATION]["word"] > 1
    assert counts["ptemod"][Way.HARDWARE] == {"step": 1}


def test_the_model_shows_the_papers_point(report: NanoReport) -> None:
    """No technique wins everywhere: a port is cheaper to translate, a system call cheaper in guest mode."""
    cycles = {r.nano.name: r.cycles for r in report.rows}
    assert cycles["in"][Way.TRANSLATION] < cycles["in"][Way.HARDWARE]
    assert cycles["syscall"][Way.HARDWARE] < cycles["syscall"][Way.TRANSLATION]


def test_where_the_shape_differs_it_says_why(report: NanoReport) -> None:
    """And where it does not, it says nothing."""
    for row in report.rows:
        assert bool(row.to_dict()["why"]) == bool(row.differs)
    assert {r.nano.name for r in report.rows if not r.differs} == {"syscall", "call/return"}


@pytest.mark.parametrize("name", names())
def test_counts_do_not_depend_on_prices(name: str, report: NanoReport) -> None:
    """Another table changes cycles alone."""
    other = nano(name)
    assert [r.counts for r in other.rows] == [r.counts for r in report.rows]
    for row in other.rows:
        for way in Way:
            counted = sum(other.costs.cycles[n] * c for n, c in row.counts[way].items())
            assert row.cycles[way] == pytest.approx(counted, abs=0.01)


def test_no_figure_has_an_exit_in_it_that_is_not_the_operations(report: NanoReport) -> None:
    """The ends of quanta are left out: natively and in guest mode, all counts are whole numbers."""
    for row in report.rows:
        for way in (Way.NATIVE, Way.HARDWARE):
            assert all(count == int(count) for count in row.counts[way].values()), row.nano.name


def test_the_reasons_are_the_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what they say the shape is the paper's: with a translator that does not adapt, and faults that exit."""
    monkeypatch.setattr(code, "OFTEN", 10**9)
    exiting = HARDWARE_ASSISTED.vary("faults exit", controls=("memory",), quantum=module.UNINTERRUPTED)
    monkeypatch.setattr(module, "WAYS", {**WAYS, Way.HARDWARE: (CLASSIC_VT, exiting)})
    rows = {r.nano.name: r for r in nano().rows}
    assert not rows["divzero"].differs
    assert not rows["pgfault"].differs
