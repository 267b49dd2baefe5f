"""Pages with examples, the README first: their commands are run, and what they print stands below them."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from attrs import evolve, frozen

README = Path(__file__).parents[1] / "README.md"
README_IN_CHINESE = Path(__file__).parents[1] / "README.zh-TW.md"
OWN_MONITOR = Path(__file__).parent / "own-monitor.md"
EXERCISES = Path(__file__).parent / "exercises.md"
CONTROL_PROGRAM = Path(__file__).parent / "control-program.md"
STRUCTURES = Path(__file__).parent / "structures.md"
HOW_TO = Path(__file__).parent / "how-to.md"
TESTING = Path(__file__).parent / "testing.md"
STATUS_ASKED = "$ echo $?"
_CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^```\w+\n([#;] ([\w-]+\.\w+)\n.*?)^```$", re.MULTILINE | re.DOTALL)


@frozen
class Session:
    """A command, what it prints (nothing: that is not shown), and its exit status (nothing: 0, and not shown)."""

    line: str
    output: str = ""
    status: int | None = None

    def written(self) -> str:
        """Return it as the page has it."""
        asked = "" if self.status is None else f"{STATUS_ASKED}\n{self.status}\n"
        return f"$ {self.line}\n{self.output}{asked}"

    def run(self, directory: Path) -> "Session":
        """Return what really happens in a directory, a terminal being 80 columns wide."""
        program, *arguments = shlex.split(self.line)
        assert program == "popek", f"only popek's own commands can be run, not {self.line}"
        done = subprocess.run(  # noqa: S603 - the pages' own commands
            [sys.executable, "-m", "popek", *arguments],
            cwd=directory,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "80", "PYTHONPATH": str(README.parent)},
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
        )
        output = done.stdout + done.stderr if self.output else ""
        status = None if self.status is None and done.returncode == 0 else done.returncode
        return evolve(self, output=output, status=status)


def blocks(language: str, text: str) -> list[str]:
    """Return a page's blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def sessions(block: str) -> Iterator[Session]:
    """Give the commands of a `console` block."""
    entries = [part.partition("\n") for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE) if part]
    for (line, _, output), (after, _, status) in zip(entries, [*entries[1:], ("", "", "")], strict=True):
        if line != STATUS_ASKED:
            yield Session(line.removeprefix("$ "), output, int(status) if after == STATUS_ASKED else None)


def files(text: str) -> list[tuple[str, str]]:
    """Return the files that a page shows, each with its name in a comment on top: content and name."""
    return _FILE.findall(text)


def write_files(text: str, directory: Path) -> None:
    """Write the files that a page shows."""
    for content, name in files(text):
        (directory / name).write_text(content, encoding="utf-8")


def page(path: Path) -> str:
    """Return a page with what its commands print now."""
    text = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_files(text, directory)
        return _CONSOLE.sub(lambda m: "".join(s.run(directory).written() for s in sessions(m[0])), text)


def readme() -> str:
    """Return the README with what its commands print now."""
    return page(README)
