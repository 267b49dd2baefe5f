"""Files are marked by proof and by running, whatever is in them."""

import re
from pathlib import Path

import pytest

from popek.errors import PopekError
from popek.exercises import confined
from popek.exercises.graded import Kind
from popek.exercises.grading import grade
from popek.exercises.topics import TOPICS
from popek.language.speaking import CHINESE, speaking, told
from popek.library.required import Grade

RIGHT = TOPICS["trap"].question(7).answer
WRONG_TIMER = "routines={'settimer': Behaviour({TIMER: ra})}"
RIGHT_TIMER = "routines={'settimer': Behaviour({TIMER: ra, TIMER_PENDING: 0})}"
MONITOR = """
from popek.isa.behaviour import Behaviour
from popek.isa.instruction import ra
from popek.isa.slot import TIMER, TIMER_PENDING
from popek.vmm.monitor import TRAP_AND_EMULATE
monitor = TRAP_AND_EMULATE.vary("mine", {parts})
"""


def _file(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_answers(tmp_path: Path) -> None:
    """A point for each that is right; others are told why not."""
    text = f"""
student = "somebody"
[[answer]]
topic = "trap"
seed = 7
answer = "{RIGHT}"
[[answer]]
topic = "exits"
seed = 1
answer = "1000"
"""
    found = grade(_file(tmp_path, "mine.toml", text))
    assert (found.kind, found.points, found.passed, found.status) == (Kind.ANSWERS, 1, False, 1)
    assert [i.what for i in found.items] == ["trap 7", "exits 1"]
    assert found.items[1].says == "not 1000"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("answer = 3", "answers are tables"),
        ('[[answer]]\ntopic = "exits"\nseed = 1', "answer 1 has no `answer`"),
        ('[[answer]]\ntopic = "exit"\nseed = 1\nanswer = ""', "did you mean `exits`"),
        ('[[answer]]\ntopic = "exits"\nseed = "1"\nanswer = ""', "a seed is a whole number"),
        ('[[answer]]\ntopic = "exits"\nseed = 1\nanswer = 3', "`answer` is a text"),
        ('[[answer]]\ntopic = "exits"\nseed = 1\nanswer = ""\nnote = 1', "there is no key `note`"),
        ('marks = 1\n[[answer]]\ntopic = "exits"\nseed = 1\nanswer = ""', "there is no key `marks`"),
        ('name = "x"', "there is nothing to grade"),
    ],
)
def test_a_file_of_answers_that_is_none(tmp_path: Path, text: str, says: str) -> None:
    """It is refused at its place, and what to do is said."""
    with pytest.raises(PopekError, match=says) as caught:
        grade(_file(tmp_path, "mine.toml", text))
    assert "mine.toml" in str(caught.value)


def test_an_isa_is_held_against_the_proof(tmp_path: Path) -> None:
    """Each thing that it expects is a point."""
    text = '[user]\njsu = "executes"\n[expect]\ntheorem-1 = false\ntheorem-3 = false\ncritical = ["jsu"]\n'
    found = grade(_file(tmp_path, "cpu.toml", text))
    assert found.kind is Kind.ISA
    assert [i.grade for i in found.items] == [Grade.MET, Grade.NOT_MET, Grade.MET]


@pytest.mark.parametrize(
    ("line", "isa", "right"), [("getmode r1", "mode-readable", True), ("getmode r1", "classic", False)]
)
def test_a_guest_has_to_notice(tmp_path: Path, line: str, isa: str, *, right: bool) -> None:
    """Whoever cannot be told from the bare machine is told whether anybody can."""
    found = grade(_file(tmp_path, "guest.s", f"{line}\nhalt\n"), isa=isa)
    assert (found.kind, found.passed) == (Kind.GUEST, right)
    assert right or "nobody can" in found.items[0].says


def test_an_endless_guest_is_stopped(tmp_path: Path) -> None:
    """It gets so many steps, whatever its header asks for."""
    found = grade(_file(tmp_path, "guest.s", ";@ max-steps: 1000000000\nagain: jal r1, again\n"), isa="classic")
    assert "for all of 20000 steps" in found.items[0].says


@pytest.mark.parametrize(("parts", "right"), [(WRONG_TIMER, False), (RIGHT_TIMER, True)])
def test_a_monitor_is_proved(tmp_path: Path, parts: str, *, right: bool) -> None:
    """All its properties, in a process of its own."""
    found = grade(_file(tmp_path, "mine.py", MONITOR.format(parts=parts)))
    assert (found.kind, found.passed) == (Kind.MONITOR, right)
    assert [i.what for i in found.items] == ["equivalence", "resource control", "efficiency", "isolation"]
    assert right or "settimer" in found.items[0].says


def test_a_monitor_that_is_none_is_refused(tmp_path: Path) -> None:
    """With the place in the student's file, in whatever language is spoken."""
    with pytest.raises(PopekError, match=r"mine\.py") as raised:
        grade(_file(tmp_path, "mine.py", "monitor = 3\n"))
    with speaking(CHINESE):
        assert not re.search("[a-z]+ [a-z]+", re.sub(r"`.*?`|/\S+|int|Monitor", "", raised.value.problems[0].told()))


def test_marks_come_from_another_process_as_phrases(tmp_path: Path) -> None:
    """They are English as values, and can be said in another language here."""
    found = grade(_file(tmp_path, "mine.py", MONITOR.format(parts=WRONG_TIMER)))
    with speaking(CHINESE):
        assert [told(i.what) for i in found.items] == ["等價性", "資源控制", "效率性", "隔離性"]
        assert told(found.items[0].given) == "已否證"
        assert told(found.items[0].says).startswith("settimer：")
        assert not re.search("[a-z]+ [a-z]+", told(found.items[0].says))


@pytest.mark.parametrize("text", ["import os\nos._exit(9)\n", "while True:\n    pass\n"])
def test_a_file_that_ends_or_never_ends_is_stopped(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it longer than the limit says, and the grader goes on."""
    monkeypatch.setattr(confined, "SECONDS", 2)
    found = grade(_file(tmp_path, "mine.py", text))
    assert not found.passed
    assert "stopped" in found.items[0].says


def test_other_files_are_refused(tmp_path: Path) -> None:
    """And it is said what can be graded; a file that is not there is told like everywhere."""
    with pytest.raises(PopekError, match="answers and ISAs end in"):
        grade(_file(tmp_path, "mine.txt", ""))
    with pytest.raises(PopekError, match="no such file"):
        grade(tmp_path / "nobody.py")
