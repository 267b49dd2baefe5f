"""Every --json answer is one object that its shipped schema describes."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from popek import __version__
from popek.report.answer import schema

Call = Callable[..., Any]

CALLS = (
    "quiz",
    "quiz exits -s 3",
    "quiz classify -s 1 -c",
    "quiz guest -c",
    "grade docs/course-suite/answers.toml",
    "run hello",
    "run os --monitor trap-and-emulate --dump 0:4 --stats",
    "run os --monitor translation",
    "run os timer --vms 3 --monitor trap-and-emulate,translation --shares 1,2,3 --dump 0:4 --stats",
    "run os hello --quantum 20",
    "run timer --depth 3 --stats",
    "run probe-jrst1 --isa jrst1 --depth 2",
    "run trap-loop",
    "run probe-jrst1 --isa jrst1 --monitor trap-and-emulate",
    "run demo-open-halt --isa open-halt --monitor trap-and-emulate",
    "compare hello",
    "compare probe-jrst1 --isa jrst1",
    "compare demo-spill --isa spill",
    "compare probe-popf --isa popf --all",
    "compare os --structures --monitor hybrid --costs visionfive2",
    "verdict classic",
    "verdict jrst1 setb --literal",
    "verdict classic --check --require theorem-1",
    "classify classic",
    "classify jrst1 --instruction jsu",
    "classify r-readable --instruction getr --literal",
    "isa",
    "isa classic",
    "isa jrst1 --toml",
    "isa armv7",
    "guests",
    "guests hello",
    "systems",
    "systems xen",
    "asm hello",
    "asm probe-popf --isa popf --port",
    "bench nano",
)


def check(command: str, text: str) -> None:
    """Hold an answer against its schema."""
    answer = json.loads(text)
    assert list(answer)[:3] == ["schema", "popek", "ok"]
    assert answer["schema"] == f"popek.{command}/1"
    assert answer["popek"] == __version__
    jsonschema.validate(answer, schema(command))


@pytest.mark.parametrize("line", CALLS)
def test_answers_match_their_schemas(call: Call, line: str) -> None:
    """An answer is ASCII, one object, its schema's; `ok` says what the exit status says."""
    answer = call(*line.split(), "--json")
    assert answer.err == ""
    assert answer.out.isascii()
    check(line.split(maxsplit=1)[0], answer.out)
    assert json.loads(answer.out)["ok"] == (answer.status == 0)


def test_disasm(call: Call, tmp_path: Path) -> None:
    """The disassembler's too."""
    path = tmp_path / "words.hex"
    call("asm", "hello", "-o", str(path))
    check("disasm", call("disasm", str(path), "--json").out)


def test_trace_lines(call: Call, tmp_path: Path) -> None:
    """Each line of a trace is described as well, bare and virtual."""
    path = tmp_path / "trace.jsonl"
    for monitor in ([], ["--monitor", "trap-and-emulate"], ["--vms", "2"], ["--depth", "2"]):
        call("run", "timer", "--trace", str(path), *monitor)
        for line in path.read_text("utf-8").splitlines()[:60]:
            jsonschema.validate(json.loads(line), schema("trace"))


def test_schemas_are_schemas() -> None:
    """Every shipped schema is valid, and named by its file."""
    shipped = [f.name for f in files("popek.report").joinpath("schemas").iterdir()]
    assert len(shipped) >= 9
    for name in shipped:
        found = schema(name.removesuffix(".json"))
        jsonschema.Draft202012Validator.check_schema(found)
        assert found["$id"] == f"popek.{name.removesuffix('.json')}/1"


def test_registers_are_unsigned(call: Call, tmp_path: Path) -> None:
    """A register of all ones is 4294967295."""
    source = tmp_path / "ones.s"
    source.write_text("ldi r1, -1\nhalt\n", "utf-8")
    assert json.loads(call("run", str(source), "--json").out)["registers"][1] == 0xFFFFFFFF
