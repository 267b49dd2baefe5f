"""Whatever the streams are: any encoding, any width, a pipe, a closed pipe, a full disk, a terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from popek.cli.terminal import ASCII, fit

Call = Callable[..., Any]
Start = Callable[..., subprocess.CompletedProcess[bytes]]

ROOT = Path(__file__).parents[2]
LINES = (
    "",
    "--help",
    "run hello --monitor trap-and-emulate --stats",
    "compare probe-jrst1 --isa jrst1",
    "compare probe-jrst1 --isa jrst1 --all",
    "verdict jrst1",
    "classify r-readable --instruction getr",
    "isa",
    "guests",
)
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and pipes of another kind")


@pytest.mark.parametrize(
    ("encoding", "line"),
    [
        *(("cp950", line) for line in LINES),
        *(("ascii", line) for line in LINES[2:6]),
        *((other, LINES[3]) for other in ("cp437", "latin-1", "utf-8", "utf-16")),
    ],
)
def test_any_encoding(start: Start, encoding: str, line: str) -> None:
    """No encoding makes the program fail; where only ASCII can be trusted, what we draw with is ASCII."""
    done = start(*line.split(), env={"PYTHONIOENCODING": encoding})
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr == b""
    text = done.stdout.decode(encoding)
    assert text
    assert encoding.startswith("utf") or text.isascii()


@pytest.mark.parametrize("encoding", ["cp950", "ascii"])
def test_a_guests_own_output(start: Start, tmp_path: Path, encoding: str) -> None:
    """What a guest prints may be any bytes."""
    source, typed = tmp_path / "cat.s", tmp_path / "typed"
    source.write_text("ldi r2, -1\nnext: in r1, 0\nbeq r1, r2, end\nout r1, 0\njmp next\nend: halt\n", "utf-8")
    typed.write_bytes("✓ é 中 ".encode() + bytes(range(256)))
    done = start("run", str(source), "--input", str(typed), env={"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout
    assert b"\x07" not in done.stdout
    answer = start("run", str(source), "--input", str(typed), "--json", env={"PYTHONIOENCODING": encoding})
    assert json.loads(answer.stdout)["output"].startswith("✓ é 中 ")


@pytest.mark.parametrize("encoding", ["cp950", "ascii"])
def test_errors_too(start: Start, encoding: str) -> None:
    """A complaint gets through any stream as well."""
    done = start("run", "é中✓.s", env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "1"})
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: ")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("columns", ["1", "60", "80", "200", "many"])
@pytest.mark.parametrize("line", ["verdict jrst1", "classify classic", "compare hello", "compare hello --all", "isa"])
def test_any_width(call: Call, monkeypatch: pytest.MonkeyPatch, columns: str, line: str) -> None:
    """Lines are as long as there is room."""
    monkeypatch.setenv("COLUMNS", columns)
    room = {"1": 40, "many": 80}.get(columns) or int(columns)
    lines = call(*line.split()).out.splitlines()
    assert max(map(len, lines)) <= room
    assert not any(text != text.rstrip() for text in lines)


def test_no_colour_in_a_pipe(start: Start) -> None:
    """A pipe gets text and nothing else, whatever the environment asks for."""
    for line in LINES[2:5]:
        done = start(*line.split(), env={"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "TTY_COMPATIBLE": "1"})
        assert b"\x1b" not in done.stdout


@POSIX
@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal(variables: dict[str, str]) -> None:
    """A terminal gets colour, unless it or its user wants none."""
    import pty  # noqa: PLC0415 - not everywhere

    master, slave = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    env |= {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **variables}
    with subprocess.Popen(
        [sys.executable, "-m", "popek", "verdict", "jrst1"], stdout=slave, stderr=slave, env=env
    ) as process:
        os.close(slave)
        read = b""
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:
                break
            if not part:
                break
            read += part
    os.close(master)
    assert process.returncode == 0
    assert "✗ refuted".encode() in read
    assert (b"\x1b[" in read) == (not variables)


@POSIX
@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("line", ["", "--help", "run hello", "isa", "guests --json", "disasm {}"])
def test_closed_pipe(tmp_path: Path, call: Call, line: str, early: bool) -> None:
    """Whoever reads no further is left in peace: no traceback, no message, at the end of the interpreter neither."""
    words = tmp_path / "words"
    call("asm", "os", "-o", str(words))
    command = [sys.executable, "-m", "popek", *(part.format(words) for part in line.split())]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        pytest.skip("interrupts are ignored here, and so they are by what is started here")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
        assert process.stdout
        assert process.stderr
        if not early:
            process.stdout.read(1)
        process.stdout.close()
        error = process.stderr.read()
    assert error == b""
    assert process.returncode in (0, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
@pytest.mark.parametrize("line", ["run hello", "--help", "isa --json", "run hello --trace /dev/full"])
def test_full_disk(line: str) -> None:
    """An answer that cannot be written is told, in one line."""
    command = [sys.executable, "-m", "popek", *line.split()]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=env, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: ")
    assert done.stderr.count(b"\n") == 1


@POSIX
def test_interrupted(tmp_path: Path) -> None:
    """An interrupt from the keyboard ends the program with 130 and no traceback."""
    source, trace = tmp_path / "ever.s", tmp_path / "trace"
    source.write_text("here: jmp here\n", "utf-8")
    command = [sys.executable, "-m", "popek", "run", str(source), "--max-steps", "3000000", "--trace", str(trace)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        pytest.skip("interrupts are ignored here, and so they are by what is started here")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
        deadline = time.monotonic() + 30
        while not (trace.exists() and trace.stat().st_size > 1000) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=30)
    assert (process.returncode, out, error) == (130, b"", b"")


def test_our_bug(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a mistake of ours ends with 70, its traceback, and a word on what to do."""

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("popek.library.running.run", fails)
    answer = call("run", "hello")
    assert answer.status == 70
    assert "Traceback" in answer.err
    assert "a bug in popek" in answer.err


def test_streams_that_are_not_there(start: Start) -> None:
    """A program started without streams does its work."""
    code = (
        "import sys; sys.stdout = sys.stderr = None; from popek.cli.main import main; sys.exit(main(['run', 'hello']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0
    del start


def test_fit_keeps_columns() -> None:
    """What stands for a sign is as wide as the sign, so that tables stay tables."""
    drawn = "".join(map(chr, ASCII))
    assert len(fit(drawn, "ascii")) == len(drawn)
    assert fit(drawn, "ascii").isascii()
    assert fit("é", "ascii") == "?"
    assert fit("\udcff", "utf-8") == "?"


def test_module_and_program_are_the_same(start: Start) -> None:
    """`python -m popek` is the program."""
    assert start("--version").stdout.startswith(b"popek ")
