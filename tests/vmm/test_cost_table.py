"""Cost tables: complete, with a source for each price, and refused with a place where they are not."""

import pytest

from popek.engine.machine import Machine
from popek.errors import PopekError
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT
from popek.vmm.cost_table import (
    DEFAULT,
    PRIMITIVES,
    CostTable,
    HardwareTraps,
    find,
    names,
    parse,
    tally,
    tally_bare,
)
from popek.vmm.monitor import HARDWARE_ASSISTED, INTERPRETER, TRAP_AND_EMULATE
from popek.vmm.virtual_machine import VirtualMachine

COMPLETE = "[cycles]\n" + "\n".join(f"{name} = {n}" for n, name in enumerate(PRIMITIVES))

PROGRAM = assemble(
    """
        .org    8
        .word   0, handler, 0, -1
        .org    16
        ldi     r0, 0
        getie   r1
        svc     1
        halt
handler:
        lpsw    0(r0)
""",
    CLASSIC,
)


@pytest.mark.parametrize("name", names())
def test_a_shipped_table_prices_everything_and_says_why(name: str) -> None:
    """Each price has a source, which says whether it was measured or is assumed; a trap and an exit cost something."""
    table = find(name)
    assert table.name == name
    assert table.cycles.keys() == table.source.keys() == PRIMITIVES.keys()
    assert all(s.startswith(("measured: ", "assumed: ", "the unit")) for s in table.source.values())
    assert any(s.startswith("measured: ") for s in table.source.values())
    assert min(table.cycles["exit"], table.cycles["guest-exit"], table.cycles["trap"]) > table.cycles["step"]


def test_a_price_times_a_count() -> None:
    """Cycles are nothing else."""
    table = parse(COMPLETE, "mine.toml")
    assert table.price({"step": 10, "trap": 3, "exit": 2}) == 0 * 10 + 1 * 3 + 2 * 2
    assert (table.name, table.title, table.source["step"]) == ("mine.toml", "mine.toml", "not said")
    assert CostTable("a", "b", table.cycles, table.source).to_dict()["cycles"] == table.cycles


@pytest.mark.parametrize("primitive", PRIMITIVES)
def test_a_missing_price_is_refused(primitive: str) -> None:
    """With the place of the table, the primitive's name, and what it is."""
    text = "\n".join(line for line in COMPLETE.splitlines() if not line.startswith(f"{primitive} "))
    with pytest.raises(PopekError, match=f"mine.toml:1:2: `{primitive}` has no price"):
        parse(text, "mine.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (COMPLETE + "\ntarp = 3", "there is no primitive `tarp`"),
        (COMPLETE + "\n[source]\nsetp = 'x'", "there is no primitive `setp`"),
        ("price = 1\n" + COMPLETE, "there is no key `price`"),
        (COMPLETE.replace("exit = 2", "exit = -2"), "`exit` takes a number of cycles"),
        (COMPLETE.replace("exit = 2", "exit = true"), "not the boolean true"),
        (COMPLETE.replace("exit = 2", "exit = 2.5"), "not the number 2.5"),
        ("cycles = 3", "`cycles` takes a table"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, message: str) -> None:
    """A name that there is not, a price that is none, a table that is none."""
    with pytest.raises(PopekError, match=message) as caught:
        parse(text, "mine.toml")
    assert all(p.place for p in caught.value.problems)


def test_a_table_that_is_not_shipped_is_refused() -> None:
    """With the nearest name."""
    with pytest.raises(PopekError, match="there is no cost table `core3`"):
        find("core3")
    assert DEFAULT in names()


def test_what_is_counted_bare() -> None:
    """Instructions that complete, and the processor's own traps."""
    seen = HardwareTraps()
    result = Machine(CLASSIC, PROGRAM.words, memory=128, sink=seen).run()
    assert tally_bare(result.instructions, seen) == {"step": 4, "trap": 1}


def test_what_is_counted_under_a_monitor() -> None:
    """Trap-and-emulate exits for what traps; in guest mode only for what must; the interpreter never."""
    counts = {}
    for isa, monitor in ((CLASSIC, TRAP_AND_EMULATE), (CLASSIC_VT, HARDWARE_ASSISTED), (CLASSIC, INTERPRETER)):
        seen = HardwareTraps()
        vm = VirtualMachine(isa, PROGRAM.words, monitor=monitor, memory=128, sink=seen)
        vm.run()
        counts[monitor.name] = {n: c for n, c in tally(vm, seen).items() if c}
    assert counts == {
        "trap-and-emulate": {"step": 1, "exit": 4, "emulate": 4},
        "hardware-assisted": {"step": 3, "trap": 1, "guest-exit": 1, "emulate": 1},
        "interpreter": {"emulate": 5},
    }
