"""`popek run` with several virtual machines, and with several monitors: what it shows, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import popek
from popek.engine.stepper import Outcome
from popek.library.hosting import Shared
from popek.library.nests import Deep

Call = Callable[..., Any]
SPIN = "here: jmp here\n"
THREE = ("--vms", "3", "--quantum", "40")


def test_there_is_one_object_for_each_virtual_machine(call: Call) -> None:
    """With its own result, allotment and account; what is at the top is the first one's."""
    answer = json.loads(call("run", "os", "timer", *THREE, "--json").out)
    names = [(v["name"], v["guest"], v["outcome"], v["expected"]) for v in answer["vms"]]
    assert names == [(f"vm{n}", g, "halted", True) for n, g in enumerate(("os", "timer", "os"))]
    assert answer["output"] == answer["vms"][0]["output"] == answer["vms"][2]["output"]
    ends = [v["allotment"]["base"] + v["allotment"]["size"] for v in answer["vms"]]
    assert ends[:2] == [v["allotment"]["base"] for v in answer["vms"][1:]]
    assert answer["host"]["clock"] == sum(v["account"]["used"] for v in answer["vms"])
    alone = json.loads(call("run", "os", "--monitor", "trap-and-emulate", "--json").out)
    assert answer["vms"][0]["instructions"] == alone["instructions"]


def test_an_endless_neighbour_ends_with_its_budget_and_nobody_waits_for_that(call: Call, tmp_path: Path) -> None:
    """It has its share, the others come to their ends."""
    path = tmp_path / "spin.s"
    path.write_text(";@ max-steps: 5000\n" + SPIN, "utf-8")
    answer = json.loads(call("run", "timer", str(path), "--vms", "4", "--quantum", "25", "--json").out)
    assert [v["outcome"] for v in answer["vms"]] == ["halted", "budget", "halted", "budget"]
    assert [v["instructions"] for v in answer["vms"]] == [576, 5000, 576, 5000]
    assert max(v["account"]["longest_wait"] for v in answer["vms"]) <= 75


def test_shares_are_kept(call: Call, tmp_path: Path) -> None:
    """Whoever names them wants the scheduler that heeds them."""
    path = tmp_path / "spin.s"
    path.write_text(SPIN, "utf-8")
    line = ("run", str(path), "--vms", "2", "--shares", "1,3", "--max-steps", "900", "--quantum", "10", "--json")
    answer = json.loads(call(*line).out)
    assert answer["host"]["scheduler"] == "proportional"
    slow, fast = (v["account"] for v in answer["vms"])
    assert fast["present"] == 1200
    assert slow["used"] == fast["used"] == 900


def test_long_runs_are_fast_whoever_shares_the_machine(call: Call, tmp_path: Path) -> None:
    """The steps by engine are told, and are all the steps; the reference comes to the same."""
    path = tmp_path / "spin.s"
    path.write_text(SPIN, "utf-8")
    line = ("run", str(path), "timer", "--vms", "2", "--max-steps", "4000", "--json", "--engine")
    fast, slow = (json.loads(call(*line, engine).out) for engine in ("python", "reference"))
    assert fast["engines"]["python"] > 3000
    assert sum(fast["engines"].values()) == slow["engines"]["reference"] == sum(v["steps"] for v in fast["vms"])
    assert fast["vms"] == slow["vms"]


@pytest.mark.parametrize("columns", ["60", "80", "200"])
@pytest.mark.parametrize("line", ["run os timer hello --vms 4 --stats", "run timer --depth 3 --stats --dump 0:9"])
def test_tables_fit(call: Call, monkeypatch: pytest.MonkeyPatch, columns: str, line: str) -> None:
    """On narrow and wide terminals, no line is longer."""
    monkeypatch.setenv("COLUMNS", columns)
    answer = call(*line.split())
    assert answer.status == 0
    assert max(map(len, answer.out.splitlines())) <= int(columns)
    assert "as expected" in answer.out


def test_nested_levels_are_shown_with_their_exits(call: Call) -> None:
    """And what theorem 2 says of the ISA."""
    answer = call("run", "timer", "--depth", "2")
    assert "the premise of theorem 2 holds" in answer.out
    found = json.loads(call("run", "timer", "--depth", "3", "--stats", "--json").out)
    totals = [sum(level["exits"].values()) for level in found["levels"]]
    assert found["at_depths"][-1] == totals
    assert [len(exits) for exits in found["at_depths"]] == [1, 2, 3]
    refuted = call("run", "probe-jrst1", "--isa", "jrst1", "--depth", "2")
    assert refuted.status == 1
    assert "the premise of theorem 2 fails (jsu)" in refuted.out


REFUSED = {
    "os --vms 0": "0 virtual machines are not possible: 1 to 1000 are",
    "os timer --vms 1": "2 guests do not run in 1 virtual machines",
    "os --vms 2 --depth 2": "many virtual machines cannot be nested as well",
    "os --scheduler proportional": "`--scheduler` is for several virtual machines",
    "os --shares 1,2": "say how many with `--vms N`",
    "os --vms 3 --shares 1,2": "there are shares for 2 virtual machines, and 3 of those",
    "os --vms 2 --shares 1,x": "`x` is not a number",
    "os --vms 2 --shares 1,0": "a number of shares of 0 is not possible",
    "os --vms 2 --shares 1,1 --scheduler round-robin": "shares are for `proportional`",
    "os --vms 2 --scheduler fair": "there is no scheduler `fair`",
    "os --vms 2 --quantum 0": "a quantum of 0 is not possible",
    "os --vms 2 --memory 40": "give the real machine at least",
    "os --vms 2 --allotment 16:40000": "does not fit in 65536 words of real memory",
    "os --vms 2 --allotment 16:60": "the program needs",
    "os --vms 2 --monitor hybird": "did you mean `hybrid`",
    "os --depth 2 --engine python": "the engine `python` does not run nested monitors",
    "os --vms 2 --engine pyton": "did you mean `python`",
    "os --monitor hybrid,interpreter": "one virtual machine has one monitor, and 2 are named",
    "os --depth 0": "a depth of 0 is not possible: 1 to 12 are",
    "os --depth 13": "a depth of 13 is not possible: 1 to 12 are",
    "os --depth 3 --memory 200": "each level keeps 64 words",
    "os --depth 3 --monitor hybrid,interpreter": "2 monitors cannot be 3 levels deep",
    "os --isa classic-vt --depth 2 --monitor trap-and-emulate,hardware-assisted": "it can be the first one alone",
    "os --depth 2 --monitor hardware-assisted": "needs a guest mode, and classic has none",
    "os --vms 2 --dump 70000:4": "the memory has",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_is_refused_with_a_hint(call: Call, line: str) -> None:
    """With exit status 2, and nothing on standard output."""
    answer = call("run", *line.split())
    assert (answer.status, answer.out) == (2, "")
    assert REFUSED[line] in answer.err


def test_guests_of_every_monitor_side_by_side(call: Call) -> None:
    """All techniques that `classic-vt` has, mixed, and each guest comes to what it should."""
    names = "trap-and-emulate,hybrid,interpreter,translation,translation-full,paravirtual,hardware-assisted"
    answer = json.loads(
        call("run", "timer", "--isa", "classic-vt", "--vms", "7", "--monitor", names, "--quantum", "30", "--json").out
    )
    assert [v["monitor"] for v in answer["vms"]] == names.split(",")
    assert {v["instructions"] for v in answer["vms"]} == {576}
    assert answer["ok"]


def test_the_library_has_the_same() -> None:
    """`popek.run` and `popek.host`, whose values show themselves."""
    shared = popek.run("timer", "hello", vms=2, monitor=["hybrid", "interpreter"])
    assert isinstance(shared, Shared)
    assert [t.run.monitor for t in shared.tenants] == ["hybrid", "interpreter"]
    assert "round-robin" in shared._repr_html_()
    host = popek.host("classic", scheduler="proportional", quantum=10)
    host.start(popek.assemble("ldi r1, 7\nhalt").words, name="one", allotment=64, monitor="translation", shares=3)
    host.run()
    assert (host["one"].result.outcome, host["one"].result.registers[1]) == (Outcome.HALTED, 7)


def test_a_picture_shows_how_exits_multiply() -> None:
    """Against depth; with one depth there is nothing to draw."""
    deep = popek.run("timer", depth=3, stats=True)
    assert isinstance(deep, Deep)
    picture = deep._repr_svg_()
    assert picture is not None
    assert "26 at depth 1, 78 at depth 2, 236 at depth 3" in picture
    alone = popek.run("timer", depth=1, stats=True)
    assert isinstance(alone, Deep)
    assert alone._repr_svg_() is None
    assert "level by level" in deep._repr_html_()


def test_who_stops_the_real_processor_is_named(call: Call) -> None:
    """Where the ISA lets a guest do that: whoever is through first."""
    answer = call("run", "demo-open-halt", "timer", "--isa", "open-halt", "--vms", "2")
    assert answer.status == 1
    assert "vm1 has stopped the real processor, and with it all the others" in " ".join(answer.out.split())
