"""Each command does what it says, and says no more than is needed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from popek.cli.main import COMMANDS
from popek.cli.main import popek as program

Call = Callable[..., Any]


def test_tour(call: Call) -> None:
    """Without arguments the program shows what there is to try, in some ten lines that fit anywhere."""
    answer = call()
    assert answer.status == 0
    assert 8 <= len(answer.out.splitlines()) <= 14
    assert all(len(line) <= 80 for line in answer.out.splitlines())


def test_tour_is_true(call: Call) -> None:
    """What the tour shows can be run."""
    lines = [line.strip().split("  ")[0] for line in call().out.splitlines() if line.startswith("  popek")]
    assert len(lines) >= 6
    for line in lines:
        answer = call(*line.split()[1:])
        assert answer.status in (0, 1), line
        assert answer.err == ""


def test_help_names_every_command_and_exit_status(call: Call) -> None:
    """Help lists the commands, and each command has help of its own that is plain ASCII."""
    answer = call("--help")
    assert answer.status == 0
    assert all(f"\n  {name} " in answer.out for name in COMMANDS)
    for name in COMMANDS:
        help_ = call(name, "--help")
        assert help_.status == 0
        assert help_.out.isascii()
        assert f"Usage: popek {name}" in help_.out


def test_version(call: Call) -> None:
    """The version is one line."""
    assert call("--version").out.startswith("popek 0.")


def test_run_prints_the_output_first(call: Call) -> None:
    """A run shows what the guest printed, then how it ended."""
    answer = call("run", "hello")
    assert answer.status == 0
    assert answer.out.startswith("Hello from a third-generation machine.\n")
    assert "halted, after 200 instructions" in answer.out
    assert "as expected" in answer.out


def test_run_under_a_monitor_says_what_it_cost(call: Call) -> None:
    """Under a monitor a run says how much ran directly, and with --stats why it left direct execution."""
    answer = call("run", "os", "--monitor", "trap-and-emulate", "--stats")
    assert answer.status == 0
    assert "direct" in answer.out
    assert "exits by cause" in answer.out
    assert "privileged" in answer.out


def test_unexpected_result_is_status_1(call: Call) -> None:
    """A guest whose result is not the expected one fails, and says in what."""
    answer = call("run", "probe-jrst1", "--isa", "jrst1", "--monitor", "trap-and-emulate")
    assert answer.status == 1
    assert "not as expected" in answer.out


def test_other_terms_are_not_held_against_the_guest(call: Call, tmp_path: Path) -> None:
    """With another input, nobody knows what to expect."""
    typed = tmp_path / "typed"
    typed.write_bytes(b"something else")
    answer = call("run", "echo", "--input", str(typed))
    assert answer.status == 0
    assert "something else" in answer.out
    assert "expected" not in answer.out


def test_run_a_file(call: Call, tmp_path: Path) -> None:
    """A guest may be a file."""
    source = tmp_path / "mine.s"
    source.write_text("ldi r1, 'x'\nout r1, 0\nhalt\n", "utf-8")
    assert call("run", str(source)).out.startswith("x\n")


def test_changes_go_wherever_an_isa_goes(call: Call) -> None:
    """An instruction that is ignored is: the guest never stops."""
    answer = call("run", "hello", "--ignore", "out", "--execute", "halt", "--json")
    assert json.loads(answer.out)["isa"] == "classic --execute halt --ignore out"


def test_budget(call: Call) -> None:
    """The step budget is an outcome with a name."""
    answer = json.loads(call("run", "hello", "--max-steps", "10", "--json").out)
    assert (answer["outcome"], answer["steps"]) == ("budget", 10)


def test_dump(call: Call) -> None:
    """A dump shows memory as the guest addresses it, bare and virtual alike."""
    bare = json.loads(call("run", "hello", "--dump", "16:3", "--json").out)["dump"]
    virtual = json.loads(
        call(
            "run", "hello", "--dump", "0x10:3", "--monitor", "trap-and-emulate", "--allotment", "5000:300", "--json"
        ).out
    )["dump"]
    assert bare == virtual
    assert bare[0]["address"] == 16
    assert len(bare[0]["words"]) == 3
    assert "16:" in call("run", "hello", "--dump", "16:3").out


def test_trace_is_complete(call: Call, tmp_path: Path) -> None:
    """A trace has one line for each step, after the one that says what it is."""
    path = tmp_path / "trace"
    answer = call("run", "hello", "--monitor", "trap-and-emulate", "--trace", str(path), "--json")
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert lines[0]["schema"] == "popek.trace/1"
    assert len(lines) == 1 + json.loads(answer.out)["steps"]
    assert [line["step"] for line in lines[1:]] == list(range(1, len(lines)))


def test_disk_is_what_the_assembler_writes(call: Call, tmp_path: Path) -> None:
    """A file of words is a disk."""
    source, words = tmp_path / "disk.s", tmp_path / "disk.hex"
    source.write_text(".org 0\n.word 1, 2, 3\n", "utf-8")
    assert call("asm", str(source), "-o", str(words)).status == 0
    assert call("run", "disk-read", "--disk", str(words)).status == 0


def test_compare_same(call: Call) -> None:
    """No divergence: status 0, and no claim of a proof."""
    answer = call("compare", "hello")
    assert answer.status == 0
    assert "the same" in answer.out
    assert "no proof" in answer.out


def test_compare_diverges(call: Call) -> None:
    """A divergence: status 1, what differs, the instruction that it happened at, and what to ask next."""
    answer = call("compare", "probe-jrst1", "--isa", "jrst1", "--monitor", "trap-and-emulate")
    assert answer.status == 1
    assert "mode" in answer.out
    assert "jsu r1" in answer.out
    assert "next:" in answer.out


def test_compare_shows_lost_control(call: Call) -> None:
    """Equivalence without resource control: the run is the same, and the loss is shown."""
    answer = call("compare", "demo-spill", "--isa", "spill")
    assert answer.status == 0
    assert "lost control" in answer.out


def test_compare_all(call: Call) -> None:
    """One table for all techniques: hybrid runs what trap-and-emulate cannot."""
    answer = call("compare", "probe-jrst1", "--isa", "jrst1", "--all", "--json")
    found = {c["monitor"]: c["equivalent"] for c in json.loads(answer.out)["comparisons"]}
    assert answer.status == 1
    assert found["hybrid"]
    assert not found["trap-and-emulate"]


def test_asm_and_disasm_are_inverse(call: Call, tmp_path: Path) -> None:
    """What was disassembled assembles to the same words."""
    first, second, source = tmp_path / "a.hex", tmp_path / "b.hex", tmp_path / "again.s"
    assert call("asm", "os", "-o", str(first)).out == ""
    source.write_text(call("disasm", str(first)).out, "utf-8")
    assert call("asm", str(source), "-o", str(second)).status == 0
    assert first.read_text("utf-8").splitlines()[1:] == second.read_text("utf-8").splitlines()[1:]


def test_isa_toml_is_a_file_to_start_from(call: Call, tmp_path: Path) -> None:
    """What --toml prints can be loaded again."""
    path = tmp_path / "mine.toml"
    path.write_text(call("isa", "jrst1", "--toml").out, "utf-8")
    answer = json.loads(call("isa", str(path), "--json").out)
    assert next(i["user"] for i in answer["instructions"] if i["name"] == "jsu") == "executes"


def test_lists(call: Call) -> None:
    """The lists name what is shipped, and what to do with it."""
    assert "jrst1" in call("isa").out
    assert "probe-jrst1" in call("guests").out
    shown = call("guests", "probe-jrst1").out
    assert "popek compare probe-jrst1 --isa jrst1" in shown


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(call: Call, shell: str) -> None:
    """A script for each shell."""
    answer = call("completion", shell)
    assert answer.status == 0
    assert "_POPEK_COMPLETE" in answer.out


def test_completion_completes(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell asks, and gets names."""
    monkeypatch.setenv("_POPEK_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "popek run hel")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert "hello" in call().out


def test_verdict(call: Call) -> None:
    """A verdict: status and words for each theorem, who is to blame, and what to ask next."""
    answer = call("verdict", "jrst1")
    assert answer.status == 0
    assert "refuted" in answer.out
    assert "popek classify jrst1 --instruction jsu" in answer.out


def test_verdict_of_several(call: Call) -> None:
    """Several ISAs are one table."""
    answer = call("verdict", "classic", "jrst1")
    assert answer.status == 0
    assert {"classic", "jrst1"} <= set(answer.out.split())


def test_verdict_of_one_monitor(call: Call) -> None:
    """--monitor leaves one."""
    (isa,) = json.loads(call("verdict", "classic", "--monitor", "hybrid", "--json").out)["isas"]
    assert [m["name"] for m in isa["monitors"]] == ["hybrid"]


def test_literal(call: Call) -> None:
    """Read to the letter, no machine with a supervisor call is virtualizable."""
    (isa,) = json.loads(call("verdict", "classic", "--literal", "--json").out)["isas"]
    assert isa["theorems"]["1"]["holds"] is False
    assert "svc" in isa["theorems"]["1"]["blame"]


def test_the_options_of_an_isa_go_wherever_an_isa_goes() -> None:
    """A command that takes an ISA takes changes to it and `--literal`; the others take none of these."""
    everywhere = {"execute", "ignore", "trap", "literal"}
    group = click.Context(program)
    commands = {name: program.get_command(group, name) for name in COMMANDS}
    taking = {name: {p.name for p in c.params} & {*everywhere, "isa", "isas"} for name, c in commands.items() if c}
    assert {n for n, found in taking.items() if found & {"isa", "isas"}} | {"isa"} == {n for n in taking if taking[n]}
    assert [n for n, found in taking.items() if found and not everywhere <= found] == []


def test_literal_where_a_theorem_is_decided_on_the_way(call: Call, tmp_path: Path) -> None:
    """What `prove --check` requires, the premise of theorem 2 below nested monitors, and a file's expectations."""
    required = ["prove", "classic", "--property", "efficiency", "--check", "--require", "theorem-1"]
    assert [call(*required, *more).status for more in ((), ("--literal",))] == [0, 1]
    nested = ["run", "hello", "--depth", "2", "--json"]
    told = [json.loads(call(*nested, *more).out)["theorem_2"] for more in ((), ("--literal",))]
    assert [(t["holds"], t["blame"]) for t in told] == [(True, []), (False, ["svc"])]
    path = tmp_path / "mine.toml"
    path.write_text("[user]\nadd = 'executes'\n[expect]\ntheorem-1 = true\n", "utf-8")
    assert [call("grade", str(path), *more).status for more in ((), ("--literal",))] == [0, 1]


@pytest.mark.parametrize("line", ["isa jrst1", "asm hello", "asm probe-popf --port --isa popf", "compare hello"])
def test_literal_where_nothing_depends_on_it(call: Call, line: str) -> None:
    """It is taken, and the answer is the same."""
    assert call(*line.split(), "--literal") == call(*line.split())


def test_classify_one(call: Call) -> None:
    """One instruction comes with the states that show its classes."""
    answer = call("classify", "jrst1", "--instruction", "jsu")
    assert answer.status == 0
    assert "completes" in answer.out
    assert "mode" in answer.out


def test_check_exit_statuses(call: Call, tmp_path: Path) -> None:
    """1 if something required is refuted, else 0 if all of it is proved; a file's [expect] goes before the list."""
    assert call("verdict", "jrst1", "--check", "--require", "theorem-1").status == 1
    assert call("verdict", "jrst1", "--check", "--require", "theorem-3").status == 0
    assert call("verdict", "jrst1").status == 0
    right, wrong = tmp_path / "right.toml", tmp_path / "wrong.toml"
    text = 'name = "mine"\n[user]\njsu = "executes"\n[expect]\ntheorem-1 = {}\ncritical = ["jsu"]\n'
    right.write_text(text.format("false"), "utf-8")
    wrong.write_text(text.format("true"), "utf-8")
    assert call("verdict", str(right), "--check").status == 0
    answer = call("verdict", str(wrong), "--check", "--json")
    assert answer.status == 1
    assert json.loads(answer.out)["ok"] is False
