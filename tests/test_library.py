"""The library: each command as a function, typed, lazy, and on names as well as on values."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError
from rich.console import Console

import popek

ROOT = Path(__file__).parents[1]
SOURCE = "ldi r1, 'x'\nout r1, 0\nhalt\n"


def test_example_of_the_design() -> None:
    """What the documentation shows works as it is written."""
    isa = popek.load("classic")
    mine = isa.vary("mine", jsu=popek.EXECUTES)
    v = popek.verdict(mine)
    assert v.theorem(1).holds is False
    assert v.theorem(3).holds is True
    assert v["trap-and-emulate"].equivalence.status is not None
    assert v.to_dict()["isas"][0]["name"] == "mine"
    m = popek.machine(isa, popek.assemble(SOURCE))
    assert m.run(max_steps=10_000).output == "x"
    m.back()
    assert m.step() is not None
    vm = popek.virtual(isa, popek.assemble(SOURCE), monitor="trap-and-emulate")
    assert vm.run().output == "x"


def test_everything_public_is_there() -> None:
    """Every name that is promised can be had, and no other."""
    for name in popek.__all__:
        assert getattr(popek, name) is not None
        assert name in dir(popek)
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = popek.no_such_thing


def test_import_is_cheap() -> None:
    """`import popek` imports nothing of weight, and running a guest needs no solver."""
    code = "import sys, popek; assert not {'attrs', 'rich', 'click', 'z3'} & set(sys.modules), 1;"
    code += "popek.run('hello'); assert 'z3' not in sys.modules and 'rich' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_help_needs_no_machine() -> None:
    """`popek --help` imports neither machine nor solver."""
    code = "import sys; from popek.cli.main import main; main(['--help']);"
    code += "assert not {'rich', 'z3', 'popek.isa', 'popek.engine'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def test_names_and_values() -> None:
    """A guest is a name, a guest, a program or a file; an ISA is a name, a file or an ISA."""
    program = popek.assemble(SOURCE, file="mine.s")
    for guest in ("hello", program):
        for isa in ("jrst1", popek.load("jrst1")):
            run = popek.run(guest, isa=isa, monitor="hybrid")
            assert (run.isa, run.monitor) == ("jrst1", "hybrid")
    assert popek.run(program).output == "x"
    assert popek.run(program).guest == "mine"
    assert popek.compare(program).equivalent


def test_run_knows_what_was_expected() -> None:
    """A run is held against its guest's header, if it was on the header's terms."""
    assert popek.run("hello").mismatches == ()
    assert popek.run("hello", max_steps=5).mismatches is None
    assert popek.run(popek.assemble(SOURCE)).mismatches is None
    assert not popek.run("probe-jrst1", isa="jrst1", monitor="trap-and-emulate").as_expected


def test_input_and_disk() -> None:
    """Input is bytes, a disk is words."""
    assert popek.run("echo", input=b"abc").output == "abc"
    m = popek.machine("classic", popek.assemble("in r1, 0\nhalt\n"), input=b"A", disk=[1, 2, 3])
    assert m.run().registers[1] == 65


def test_classify() -> None:
    """The classes are a sequence, and can be asked for by name."""
    classes = popek.classify("jrst1")
    assert len(classes) == len(popek.load("jrst1").instructions)
    assert classes["jsu"].critical
    assert [c.name for c in classes if c.critical] == ["jsu"]
    assert popek.classify("jrst1", "jsu")[0].critical
    with pytest.raises(popek.PopekError, match="did you mean `jsu`"):
        _ = classes["jsuu"]


def test_verdict_of_a_group() -> None:
    """Groups stand for their members."""
    assert {i.name for i in popek.verdict("classic", "jrst1").isas} == {"classic", "jrst1"}
    assert [m.name for m in popek.verdict("classic", monitor="hybrid").only.monitors] == ["hybrid"]


def test_disassemble() -> None:
    """Words become the text that gives the same words."""
    program = popek.assemble(SOURCE)
    assert popek.assemble(popek.disassemble(program)).words == program.words
    assert "ldi r1, 120" in popek.disassemble([program.words[16]])


VALUES: dict[str, Callable[[], Any]] = {
    "verdict": lambda: popek.verdict("jrst1"),
    "several verdicts": lambda: popek.verdict("classic", "jrst1"),
    "an ISA's verdict": lambda: popek.verdict("jrst1").only,
    "a monitor's": lambda: popek.verdict("jrst1")["hybrid"],
    "classes": lambda: popek.classify("jrst1"),
    "an instruction's classes": lambda: popek.classify("jrst1", "jsu")[0],
    "run": lambda: popek.run("hello", monitor="trap-and-emulate"),
    "result": lambda: popek.machine("classic", popek.assemble(SOURCE)).run(),
    "comparison": lambda: popek.compare("probe-jrst1", isa="jrst1"),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_show_themselves(name: str) -> None:
    """A result is frozen, short in a prompt, text in a terminal, HTML in a notebook, and a dict."""
    value: Any = VALUES[name]()
    with pytest.raises((FrozenInstanceError, AttributeError)):
        value.name = "other"
    console = Console(width=80, record=True, quiet=True)
    console.print(value)
    html = value._repr_html_()
    assert html.startswith("<div")
    assert "<script" not in html
    assert isinstance(value.to_dict(), dict)


@pytest.mark.parametrize(
    "call",
    [
        lambda: popek.load("clasic"),
        lambda: popek.verdict("clasic"),
        lambda: popek.run("helo"),
        lambda: popek.run("hello", monitor="no-such"),
        lambda: popek.run("hello", engine="fast"),
        lambda: popek.run("hello", allotment=(1024, 256)),
        lambda: popek.run("hello", monitor="hybrid", allotment=(8, 256)),
        lambda: popek.run("hello", max_steps=-1),
        lambda: popek.run("hello", dump=[(70000, 1)]),
        lambda: popek.machine("classic", "ldi r1, 2"),  # type: ignore[arg-type]
        lambda: popek.machine("classic", {}, memory=3),
        lambda: popek.assemble("lid r1, 2"),
        lambda: popek.verdict("classic").theorem(4),
        lambda: popek.verdict("classic")["vmware"],
        lambda: popek.verdict("classic", "jrst1").theorem(1),
    ],
)
def test_mistakes(call: Any) -> None:
    """What a user does wrong is a `PopekError`."""
    with pytest.raises(popek.PopekError):
        call()


def test_answers_can_be_kept_and_copied() -> None:
    """A verdict with its witnesses, which are shrunk for it, comes back as the same value."""
    answer = popek.verdict("jrst1")
    again = copy.deepcopy(answer)
    assert again == answer
    assert again.to_dict() == answer.to_dict()
    assert again["trap-and-emulate"].equivalence.witness is not answer["trap-and-emulate"].equivalence.witness
