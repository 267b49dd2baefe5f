"""One guest under all techniques: what the table says is what was run."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from popek.errors import PopekError
from popek.library import running, techniques
from popek.report.rendering import html
from popek.vmm.cost_table import PRIMITIVES
from popek.vmm.monitor import MONITORS


def test_every_technique_has_a_row() -> None:
    """All monitors on an ISA with guest mode, all but one on others; blocks where something is translated."""
    done = techniques.compare_all("hello", isa="classic-vt")
    assert [c.monitor for c in done.each] == list(MONITORS)
    assert done.equivalent
    assert done.not_applicable == ()
    assert {c.monitor for c in done.each if c.cost and c.cost.blocks} == {"translation", "translation-full"}
    without = techniques.compare_all("hello")
    assert "hardware-assisted" not in [c.monitor for c in without.each]
    assert without.not_applicable == ("hardware-assisted",)


def test_a_row_is_what_the_technique_does_alone() -> None:
    """Instructions, what ran directly, exits and hypercalls are those of a run under that monitor."""
    done = techniques.compare_all("probe-popf", isa="popf")
    for one in done.each:
        alone = running.run("probe-popf", isa="popf", monitor=one.monitor)
        assert one.cost is not None
        assert (one.virtual.instructions, one.direct, one.exits) == (
            alone.result.instructions,
            alone.direct,
            alone.exits,
        )
        assert one.cost.hypercalls == alone.treated.get("hypercall", 0)
        assert one.cost.cycles == done.costs.price(one.cost.counts)
        assert one.cost.seconds >= 0
        assert one.cost.bare_cycles == done.each[0].cost.bare_cycles  # type: ignore[union-attr]


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    """From a file: the same counts at other prices."""
    path = tmp_path / "free.toml"
    path.write_text("[cycles]\n" + "\n".join(f"{n} = {7 if n == 'exit' else 0}" for n in PRIMITIVES), "utf-8")
    done = techniques.compare_all("hello", costs=str(path))
    assert [c.cost.cycles for c in done.each if c.cost] == [7 * sum(c.exits.values()) for c in done.each]
    path.write_text("[cycles]\nexit = 7\n", "utf-8")
    with pytest.raises(PopekError, match="`step` has no price"):
        techniques.compare_all("hello", costs=str(path))
    assert techniques.costs(done.costs) is done.costs


def test_it_is_drawn() -> None:
    """As a table, for a notebook too."""
    assert "the same" in html(techniques.compare_all("hello"))


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_table_fits(width: int) -> None:
    """No line is wider than there is room, no technique is cut, and every column is there, in one table or more."""
    done = techniques.compare_all("hello", isa="classic-vt" if width > 60 else "classic")
    console = Console(file=StringIO(), width=width, highlight=False)
    console.print(done)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert all(any(line.split()[:1] == [m] for line in lines) for m in MONITORS)
    assert all(
        h in text
        for h in ("bare and virtual", "instr", "direct", "exits by cause", "blocks", "hypercalls", "cycles", "seconds")
    )
    assert ("needs a guest mode" in text) == (width == 60)


@pytest.mark.parametrize(("guest", "isa", "said"), [
    ("hello", "classic", "the port has replaced nothing: the guest has no critical instruction"),
    ("probe-popf", "popf", "the port has replaced 1 word of the guest's"),
])  # fmt: skip
def test_it_says_what_a_port_has_changed(guest: str, isa: str, said: str) -> None:
    """So that nobody wonders why a paravirtual guest without critical instructions makes no hypercall."""
    console = Console(file=StringIO(), width=400)
    console.print(techniques.compare_all(guest, isa=isa))
    assert said in console.file.getvalue()  # type: ignore[attr-defined]
