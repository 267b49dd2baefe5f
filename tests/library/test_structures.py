"""One run in each structure: the counts are the run's, and cycles are counts times prices."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from popek.library import running
from popek.library.structures import structures
from popek.vmm.cost_table import PRIMITIVES
from popek.vmm.structure import OF_THE_EXIT, STRUCTURES, Service


@pytest.mark.parametrize("monitor", ["trap-and-emulate", "hybrid", "translation"])
def test_the_run_is_the_same_in_each_structure(monitor: str) -> None:
    """What it is wanted for is what the run's exits say, and a monolithic one crosses nothing but the exits."""
    found = structures("os", monitor=monitor)
    alone = running.run("os", monitor=monitor)
    assert (found.run.result, found.run.exits) == (alone.result, alone.exits)
    exits = sum(alone.exits.values())
    assert sum(found.served.exited.values()) == exits
    assert found.served.total(Service.DEVICE) == len(alone.output)  # nothing is read, and no disk used
    whole = found.each[0]
    assert whole.structure.name == "monolithic"
    assert (whole.crossed.modes, whole.crossed.worlds) == (OF_THE_EXIT * exits, 0)
    assert [e.structure for e in found.each] == list(STRUCTURES.values())


def test_cycles_are_counts_times_prices(tmp_path: Path) -> None:
    """A table that prices one thing alone shows how often it occurred; the exit's own switches are in its own price."""
    path = tmp_path / "one.toml"
    for only in ("mode", "world", "exit"):
        path.write_text("[cycles]\n" + "\n".join(f"{n} = {int(n == only)}" for n in PRIMITIVES), "utf-8")
        found = structures("os", costs=str(path))
        exits = sum(found.run.exits.values())
        for one in found.each:
            wanted = {"mode": one.crossed.modes - OF_THE_EXIT * exits, "world": one.crossed.worlds, "exit": exits}
            assert one.cycles == wanted[only]


def test_with_a_price_for_everything_a_monolithic_one_is_the_cheapest() -> None:
    """It crosses least; and whoever serves every exit in a process crosses most."""
    found = {e.structure.name: e.cycles for e in structures("os", monitor="trap-and-emulate").each}
    assert min(found, key=found.__getitem__) == "monolithic"
    assert max(found, key=found.__getitem__) == "microhypervisor"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_it_fits(width: int) -> None:
    """No line is wider than there is room, and no structure is cut."""
    console = Console(file=StringIO(), width=width, highlight=False)
    console.print(structures("hello"))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= width
    assert all(any(line.split()[:1] == [name] for line in lines) for name in STRUCTURES)
