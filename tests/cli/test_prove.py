"""`popek prove`, and monitors of one's own wherever a monitor is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from popek.library import proving
from popek.prove.decide import ASSUMPTIONS
from popek.report.answer import schema

Call = Callable[..., Any]

FORGETS = """\
from popek.isa.behaviour import Behaviour
from popek.isa.instruction import ra
from popek.isa.slot import TIMER
from popek.vmm.monitor import TRAP_AND_EMULATE

monitor = TRAP_AND_EMULATE.vary("forgets", routines={"settimer": Behaviour({TIMER: ra})})
"""


@pytest.fixture(name="forgets")
def _forgets(tmp_path: Path) -> str:
    """Return a file with a monitor that forgets the pending interrupt."""
    path = tmp_path / "forgets.py"
    path.write_text(FORGETS, "utf-8")
    return str(path)


@pytest.mark.parametrize(
    "line",
    [
        "classic",
        "jrst1 --property equivalence",
        "spill --check",
        "classic --monitor hybrid --property efficiency,independence",
        "classic --monitor hardware-assisted",
        "classic-vt --monitor hardware-assisted",
    ],
)
def test_answers_match_the_schema(call: Call, line: str) -> None:
    """One object, with every obligation, its sentence, its status and how it was settled."""
    answer = call("prove", *line.split(), "--json")
    found = json.loads(answer.out)
    jsonschema.validate(found, schema("prove"))
    assert found["ok"] == (answer.status == 0)
    assert found["counts"]["obligations"] == len(found["obligations"])
    assert list(ASSUMPTIONS) == found["assumptions"][: len(ASSUMPTIONS)]


def test_a_proof_on_a_terminal(call: Call) -> None:
    """Counts, the solver, the assumptions; what is innocuous and settled by structure is one line, or all of it."""
    answer = call("prove", "classic")
    assert answer.status == 0
    assert "equivalence  ✓ proved" in answer.out
    assert "27 innocuous instructions" in answer.out
    assert "add, virtual user" not in answer.out
    assert "what it rests on" in answer.out
    assert "add, virtual user" in call("prove", "classic", "--all").out


def test_what_is_refuted_comes_with_its_guest(call: Call) -> None:
    """The program, and the first divergence side by side."""
    out = call("prove", "jrst1", "--property", "equivalence").out
    assert "✗ refuted  jsu, virtual supervisor, direct" in out
    assert "jsu: a guest that shows it" in out
    assert "the last steps of both" in out


def test_check(call: Call) -> None:
    """The exit status is that of what is required."""
    assert call("prove", "classic", "--check").status == 0
    assert call("prove", "jrst1", "--check").status == 1
    assert call("prove", "jrst1", "--monitor", "hybrid", "--check", "--require", "equivalence").status == 0


def test_smt2(call: Call, tmp_path: Path) -> None:
    """One file for each question that the solver was asked; the directory is made."""
    directory = tmp_path / "deep" / "down"
    found = json.loads(call("prove", "jrst1", "--smt2", str(directory), "--json").out)
    assert sorted(p.name for p in directory.iterdir()) == sorted(found["exported"])
    assert len(found["exported"]) == found["counts"]["questions"]
    assert all("(check-sat)" in p.read_text("utf-8") for p in directory.iterdir())


def test_a_monitor_of_ones_own_is_refuted_and_shown(call: Call, forgets: str) -> None:
    """Wherever a monitor is named, a file may be named."""
    verdict = json.loads(call("verdict", "classic", "--monitor", forgets, "--json").out)["isas"][0]
    assert [m["name"] for m in verdict["monitors"]] == ["forgets"]
    found = json.loads(call("prove", "classic", "--monitor", forgets, "--json").out)
    assert found["properties"]["equivalence"]["blame"] == ["settimer"]
    assert found["properties"]["resource_control"]["status"] == "proved"
    assert call("prove", "classic", "--monitor", forgets, "--check").status == 1
    assert call("verdict", "classic", "--monitor", forgets, "--check").status == 1
    assert call("run", "hello", "--monitor", forgets).status == 0
    assert call("compare", "hello", "--monitor", forgets).status == 0


def test_a_required_monitor_is_decided_though_another_is_shown(call: Call) -> None:
    """What is required of other monitors is decided too, and not shown."""
    line = ("verdict", "jrst1", "--monitor", "trap-and-emulate", "--check", "--require", "hybrid.equivalence", "--json")
    found = json.loads(call(*line).out)
    assert [m["name"] for m in found["isas"][0]["monitors"]] == ["trap-and-emulate"]
    assert found["check"]["grade"] == "met"


WRONG = {
    "monitor = TRAP_AND_EMULATE.vary('m', routines={'setie': lambda s: s})": (3, "must be a Behaviour"),
    "monitor = TRAP_AND_EMULATE.vary('m', routines={'setei': Behaviour()})": (0, "did you mean `setie`"),
    "monitor = TRAP_AND_EMULATE.vary('m', dispatcher={'svc': 1})": (3, "did you mean `Cause.SVC`"),
    "monitor = 3": (3, "must be a Monitor"),
    "mine = TRAP_AND_EMULATE": (0, "does not bind `monitor`"),
}


@pytest.mark.parametrize("line", WRONG)
@pytest.mark.parametrize("command", ["verdict classic", "prove classic", "run hello", "compare hello"])
def test_what_is_wrong_in_a_file_is_told_with_its_place(call: Call, tmp_path: Path, line: str, command: str) -> None:
    """Status 2, one message, the file and, where there is one, the line."""
    path = tmp_path / "wrong.py"
    head = "from popek.isa.behaviour import Behaviour\nfrom popek.vmm.monitor import TRAP_AND_EMULATE\n"
    path.write_text(f"{head}{line}\n", "utf-8")
    answer = call(*command.split(), "--monitor", str(path))
    number, sentence = WRONG[line]
    assert answer.status == 2
    assert answer.out == ""
    assert answer.err.count("error:") == 1
    assert sentence.lower() in answer.err.lower()
    assert f"wrong.py:{number}" in answer.err if number else "wrong.py" in answer.err


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("prove classic --property equivalenc", "did you mean `equivalence`"),
        ("prove clasic", "did you mean `classic`"),
        ("prove classic --monitor trap", "there is no monitor `trap`"),
        ("prove classic --monitor nowhere.py", "there is no such file"),
        ("prove classic --require theorem-1", "give --check"),
        ("run hello --monitor hardware-assisted", "classic has none"),
        ("compare hello --monitor hardware-assisted", "classic has none"),
    ],
)
def test_bad_input(call: Call, line: str, sentence: str) -> None:
    """Status 2, and what to do."""
    answer = call(*line.split())
    assert answer.status == 2
    assert sentence in answer.err


def test_all_techniques_that_can(call: Call) -> None:
    """Hardware assists only where there is a guest mode."""
    names = {
        isa: [
            c["monitor"]
            for c in json.loads(call("compare", "hello", "--isa", isa, "--all", "--json").out)["comparisons"]
        ]
        for isa in ("classic", "classic-vt")
    }
    assert "hardware-assisted" not in names["classic"]
    assert "hardware-assisted" in names["classic-vt"]


def test_the_library_proves() -> None:
    """The function that the command calls: what is refuted, of whom, how it was settled."""
    proof = proving.prove("spill", "trap-and-emulate", "resource-control")
    assert proof.properties["resource_control"].blame == ("st",)
    assert {d.obligation.property for d in proof.discharged} == {"resource_control"}
    assert proof.witnesses[0].blame == "st"
    assert len(proof.smt2()) == proof.counts["questions"]
