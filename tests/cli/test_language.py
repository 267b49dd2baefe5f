"""The program speaks another language where it is asked to, and in nothing else does that change what it says."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from popek.cli.main import main
from popek.language.speaking import language
from tests.cli.conftest import Call

CHINESE = ("--lang", "zh-TW")


@pytest.mark.parametrize("before", [True, False], ids=["before the command", "behind it"])
def test_the_language_may_stand_anywhere(call: Call, before: bool) -> None:
    """`--lang` is an option of the program and of every command, and the next call speaks English again."""
    command = ["verdict", "jrst1"]
    found = call(*CHINESE, *command) if before else call(*command, *CHINESE)
    assert (found.status, "定理 1" in found.out, "敏感而非特權：jsu" in found.out) == (0, True, True)
    assert language() == "en"
    assert "sensitive, not privileged: jsu" in call(*command).out


def test_json_is_english_in_every_language(call: Call) -> None:
    """What machines read depends on no language."""
    for command in (["explain", "jrst1", "jsu"], ["quiz", "verdict", "-s", "1", "-c"], ["run", "hello"]):
        assert call(*command, "--json", *CHINESE).out == call(*command, "--json").out
        assert json.loads(call(*command, "--json", *CHINESE).out)["ok"] is True


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "nope"], "沒有客戶機 `nope`"),
        (["verdict", "--nope"], "`popek verdict --help` 會顯示用法"),
        (["run", "hello", "--max-steps", "x"], "`x` 不是數字"),
        (["nope"], "沒有命令 `nope`"),
    ],
    ids=lambda v: v if isinstance(v, str) else " ".join(v),
)
def test_mistakes_are_told_in_it(call: Call, arguments: list[str], told: str) -> None:
    """What is wrong is said in the language that was asked for, popek's own messages and click's."""
    found = call(*CHINESE, *arguments)
    assert (found.status, found.out) == (2, "")
    assert told in found.err
    assert found.err.startswith("錯誤：")


def test_a_language_that_is_not_spoken(call: Call) -> None:
    """An unknown tag is one clear error."""
    assert call("--lang", "fr", "run", "hello").status == 2
    assert "`fr`" in call("--lang", "fr", "run", "hello").err


def test_help_is_translated(call: Call) -> None:
    """Help has its headings, its options and its paragraphs in the language."""
    found = call("run", "--help", *CHINESE)
    assert all(w in found.out for w in ("用法：", "選項", "顯示這段說明後結束", "步數上限"))
    assert all(cell_len(line) <= 100 for line in found.out.splitlines())


def test_a_configuration_is_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A user's file says which language is meant, unless the command line does; what is wrong in it has its place."""
    file = tmp_path / "config.toml"
    file.write_text('lang = "zh_TW"\n', encoding="utf-8")
    assert main(["run", "hello"], file) == 0
    assert "機器" in capsys.readouterr().out
    assert main(["run", "hello", "--lang", "en"], file) == 0
    assert "machine" in capsys.readouterr().out
    file.write_text('\nlang = "zz"\n', encoding="utf-8")
    assert main(["run", "hello"], file) == 2
    assert f"{file}:2:" in capsys.readouterr().err
    file.write_text('language = "en"\n', encoding="utf-8")
    assert main(["run", "hello"], file) == 2
    assert "`language`" in capsys.readouterr().err


@pytest.mark.parametrize(("encoding", "told"), [("ascii", "machine"), ("latin-1", "machine"), ("cp950", "機器")])
def test_streams_without_its_characters(
    start: Callable[..., subprocess.CompletedProcess[bytes]], encoding: str, told: str
) -> None:
    """Where a stream cannot take Chinese, English is spoken rather than question marks."""
    done = start("run", "hello", *CHINESE, env={"PYTHONIOENCODING": encoding})
    assert done.returncode == 0
    assert told in done.stdout.decode(encoding)


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize(
    "command",
    ["verdict jrst1", "explain jrst1 jsu", "classify jrst1", "compare probe-jrst1 --isa jrst1", "repair jrst1"],
)
def test_lines_fit(call: Call, monkeypatch: pytest.MonkeyPatch, command: str, columns: int) -> None:
    """A Chinese character takes two columns: no line is longer than the terminal, and none begins with a full stop."""
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = call(*command.split(), *CHINESE).out.splitlines()
    assert [
        line for line in lines if cell_len(line) > columns and not line.startswith(("next", "接著", "  popek"))
    ] == []
    assert not any(re.match(r"\s*[，。、；：」）]", line) for line in lines)
