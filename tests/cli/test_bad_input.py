"""Whatever is wrong with what a user gives: status 2, a clear message on standard error, never a traceback."""

from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]

TOML: Mapping[str, tuple[str, str]] = {
    "empty": ("", "sets nothing"),
    "only a comment": ("# nothing\n", "sets nothing"),
    "not TOML": ("this is not\n", "not TOML"),
    "a value without quotes": ("[user]\njsu = executes\n", "quotes"),
    "a key twice": ('[user]\njsu = "traps"\njsu = "traps"\n', "already"),
    "an instruction that is not there": ('[user]\njsuu = "traps"\n', "did you mean `jsu`"),
    "a value that is none of the three": ('[user]\njsu = "executed"\n', "did you mean `executes`"),
    "a value of the wrong type": ("[user]\njsu = 3\n", "executes"),
    "a list for a value": ('[user]\njsu = ["traps"]\n', "traps"),
    "a table for a value": ('[user.jsu]\na = "traps"\n', "traps"),
    "user is no table": ('user = "jsu"\n', "user"),
    "an unknown key": ('nmae = "x"\n', "did you mean `name`"),
    "an instruction at the top": ('jsu = "executes"\n', "[user]"),
    "a name that is a number": ('name = 3\n[user]\njsu = "traps"\n', "name"),
    "an empty name": ('name = ""\n[user]\njsu = "traps"\n', "name"),
    "extends what is not there": ('extends = "clasic"\n', "did you mean `classic`"),
    "extends a missing file": ('extends = "gone.toml"\n', "gone.toml: there is no such file"),
    "a text without end": ('name = "x\n', "a text does not end"),
    "extends itself": ('extends = "bad.toml"\n', "extends itself"),
    "expects an unknown theorem": ("[expect]\ntheorem-4 = true\n", "did you mean"),
    "expects a truth in words": ('[expect]\ntheorem-1 = "yes"\n', "theorem-1"),
    "expects of an unknown instruction": ('[expect]\ncritical = ["jsuu"]\n', "did you mean `jsu`"),
    "expects of an unknown property": ("[expect.hybrid]\nequivalenze = true\n", "did you mean `equivalence`"),
    "nested too deeply": ("a = " + "[" * 5000 + "]" * 5000 + "\n", ""),
    "a very long line": ("a" * 100_000 + "\n", ""),
}

SOURCE: Mapping[str, tuple[str, str]] = {
    "empty": ("", "no words in this program"),
    "only a comment": ("; nothing\n", "no words in this program"),
    "labels and no words": ("start:\n.equ x, 3\n.org 64\n", "no words in this program"),
    "no commas": ("add r1 r2 r3\n", "`,` is missing before `r2`"),
    "two letters exchanged": ("lid r1, 2\n", "did you mean `ldi`"),
    "an instruction that is not there": ("lid r1, 2\n", "no instruction `lid`"),
    "a label that is not there": ("jmp nowhere\n", "nowhere"),
    "too few operands": ("add r1, r2\n", "add"),
    "too many operands": ("halt r1\n", "halt"),
    "a register too high": ("ldi r16, 1\n", "r16"),
    "an immediate too large": ("ldi r1, 1000000\n", "range"),
    "a label twice": ("a: nop\na: nop\n", "a"),
    "a string without end": ('.string "abc\n', ""),
    "a directive that is not there": (".wrod 3\n", ".word"),
    "one word over another": (".org 16\nnop\n.org 16\nnop\n", ""),
    "beyond any memory": (".org 99999999\nnop\n", ""),
    "larger than the memory": (".org 70000\nnop\n", "the machine has 65536"),
    "a header key that is not there": (";@ tilte: x\nhalt\n", "did you mean `title`"),
    "a header value that is no number": (";@ memory: much\nhalt\n", "number"),
    "a header with an unknown ISA": (";@ isa: clasic\nhalt\n", "classic"),
    "a header with an unknown outcome": (";@ outcome: stopped\nhalt\n", "outcome"),
    "a macro that calls itself": (".macro m\nm\n.endm\nm\n", "m"),
    "a division by zero": (".word 1 / 0\n", ""),
}

PYTHON: Mapping[str, tuple[str, str]] = {
    "empty": ("", "isa"),
    "does not bind isa": ("x = 1\n", "isa"),
    "binds something else": ("isa = 3\n", "isa"),
    "is no Python": ("isa = (\n", ""),
    "raises": ("raise ValueError('mine')\n", "mine"),
    "exits": ("import sys\nsys.exit(3)\n", ""),
    "raises what is no exception": ("class E(BaseException): pass\nraise E('x')\n", "bad.py:2:1: E: x"),
    "imports what is not there": ("import nothing_of_that_name\n", "nothing_of_that_name"),
    "a callback for a behaviour": (
        "from popek.isa.classic import CLASSIC\nisa = CLASSIC.vary('x', add=lambda s: s)\n",
        "Behaviour",
    ),
}

BYTES: Mapping[str, bytes] = {
    "binary": b"\x7fELF\x02\x01\x01\x00\x00",
    "not UTF-8": b"ldi r1, 1 ; \xff\xfe\xfd\n",
    "UTF-16": "halt\n".encode("utf-16"),
    "cut in the middle of a character": "halt ; é".encode()[:-1],
}

WORDS: Mapping[str, tuple[str, str]] = {
    "empty": ("", "no words"),
    "not hexadecimal": ("@10\n0200zz00\n", "0200zz00"),
    "too large": ("1ffffffff\n", "too large"),
    "an address too large": ("@1000000 0\n", "too large"),
    "an address without number": ("@ 0\n", "address"),
    "two words at one address": ("@10 1\n@10 2\n", "already"),
    "prose": ("hello there, this is a text\n", "not a word"),
}

LINES: Mapping[str, str] = {
    # what is on the command line, and what the message has
    "frobnicate": "there is no command `frobnicate`",
    "verdcit": "did you mean `verdict`",
    "--frob": "--frob",
    "run": "GUEST",
    "run helo": "did you mean `hello`",
    "run hello extra": "extra",
    "run hello --frob": "--frob",
    "run hello --memory": "--memory",
    "run hello --memory much": "`much` is not a number",
    "run hello --memory 1.5": "not a number",
    "run hello --memory -1": "not within",
    "run hello --json --memry 3": "did you mean `--memory`",
    "run hello --dump": "`popek run --help`",
    "run hello --isa=": "there is no ISA",
    "run hello --monitor=": "there is no monitor",
    "run hello --trace=": "name one",
    "run hello --input=": "name is missing",
    "asm hello --output=": "name is missing",
    "run hello --memory 16": "not possible",
    "run hello --memory 30": "at least 64 words",
    "run hello --memory 99999999": "not possible",
    "run hello --max-steps many": "not a number",
    "run hello --max-steps -5": "not within",
    "run hello --max-steps 99999999999999": "not within",
    "run hello --monitor trap-and-emulat": "did you mean `trap-and-emulate`",
    "run hello --monitor vmware": "there is no monitor",
    "run hello --engine natve": "no engine",
    "run hello --engine fast": "no engine",
    "run hello --allotment 1024:256": "name a monitor",
    "run hello --monitor hybrid --allotment 8:256": "begin at word 8",
    "run hello --monitor hybrid --allotment 1024:8": "too small",
    "run hello --monitor hybrid --allotment 1024:20": "at least 64 words",
    "run hello --monitor hybrid --allotment 65000:1000": "does not fit",
    "run hello --monitor hybrid --allotment 1024": "is not BASE:SIZE",
    "run hello --monitor hybrid --allotment a:b": "is not BASE:SIZE",
    "run hello --dump 16": "is not A:N",
    "run hello --dump 70000:4": "cannot be shown",
    "run hello --dump 16:-4": "cannot be shown",
    "run hello --isa clasic": "did you mean `classic`",
    "run hello --execute jsuu": "did you mean `jsu`",
    "run hello --execute jsu,,halt": "a name is missing",
    "run hello --execute jsu --trap jsu": "--trap",
    "run hello --input /no/such/file": "no such file",
    "run hello --input /": "directory",
    "run hello --disk /no/such/file": "no such file",
    "run hello --trace /no/such/directory/trace": "cannot be written",
    "run hello --trace /": "cannot be written",
    "run hello --trace -": "name one",
    "run /no/such/file.s": "no such file",
    "run .": "there is no guest",
    "run pyproject.toml": "there is no guest",
    "compare hello --monitor no-such-monitor": "there is no monitor",
    "compare hello --all=3": "--all",
    "compare hello --all --monitor hybrid": "leave --monitor out",
    "compare hello --costs core2": "a cost table is for",
    "verdict clasic": "did you mean `classic`",
    "verdict no-such-isa-at-all": "there is no ISA",
    "verdict /no/such.toml": "no such file",
    "verdict classic --monitor nonsense": "there is no monitor",
    "verdict classic --require theorem-1": "--check",
    "verdict classic --check --require theorem-9": "did you mean",
    "verdict classic --check --require equivalence,": "a name is missing",
    "verdict classic --check --require nonsense.equivalence": "there is no monitor",
    "classify": "ISA",
    "classify classic jrst1": "jrst1",
    "classify classic --instruction jsuu": "did you mean `jsu`",
    "isa clasic": "did you mean `classic`",
    "isa --toml": "NAME",
    "isa --execute jsu": "NAME",
    "guests helo": "did you mean `hello`",
    "asm /no/such.s": "no such file",
    "asm hello -o /no/such/directory/file": "cannot be written",
    "asm hello -o /": "cannot be written",
    "disasm": "FILE",
    "disasm /no/such/file": "no such file",
    "completion": "SHELL",
    "completion tcsh": "not one of bash, zsh, fish",
}


ONCE: Mapping[str, str] = {
    # what reads standard input twice, and what can be read there the first time
    "run - --input -": "halt\n",
    "run - --disk -": "10\n",
    "run - -": "halt\n",
    "verdict - -": '[user]\njsu = "executes"\n',
}


def refused(call: Call, *arguments: str, message: str = "") -> str:
    """Call the program, and hold what it says against the rules; return that."""
    answer = call(*arguments)
    assert answer.status == 2, answer
    assert answer.out == "", answer
    assert answer.err.startswith("error: "), answer
    assert "Traceback" not in answer.err
    assert "\n\n" not in answer.err
    assert message in answer.err, answer.err
    return str(answer.err)


@pytest.mark.parametrize("line", LINES)
def test_lines(call: Call, line: str) -> None:
    """Commands, options and names."""
    refused(call, *line.split(), message=LINES[line])


@pytest.mark.parametrize("what", TOML)
def test_toml(call: Call, tmp_path: Path, what: str) -> None:
    """ISA files: the message names the file."""
    path = tmp_path / "bad.toml"
    text, message = TOML[what]
    path.write_text(text, "utf-8")
    assert "bad.toml" in refused(call, "isa", str(path), message=message)


@pytest.mark.parametrize("what", SOURCE)
def test_source(call: Call, tmp_path: Path, what: str) -> None:
    """Guest files."""
    path = tmp_path / "bad.s"
    text, message = SOURCE[what]
    path.write_text(text, "utf-8")
    refused(call, "run", str(path), message=message)


@pytest.mark.parametrize("what", PYTHON)
def test_python(call: Call, tmp_path: Path, what: str) -> None:
    """ISA files that are code: what goes wrong in them is the user's, not ours."""
    path = tmp_path / "bad.py"
    text, message = PYTHON[what]
    path.write_text(text, "utf-8")
    refused(call, "isa", str(path), message=message)


@pytest.mark.parametrize("what", WORDS)
def test_words(call: Call, tmp_path: Path, what: str) -> None:
    """Files of words, to disassemble or as a disk."""
    path = tmp_path / "bad.hex"
    text, message = WORDS[what]
    path.write_text(text, "utf-8")
    refused(call, "disasm", str(path), message=message)
    refused(call, "run", "hello", "--disk", str(path), message=message)


@pytest.mark.parametrize("what", BYTES)
@pytest.mark.parametrize("command", ["run bad.s", "isa bad.toml", "isa bad.py", "disasm bad.hex", "asm bad.s"])
def test_bytes(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, command: str) -> None:
    """Files that are no text."""
    monkeypatch.chdir(tmp_path)
    Path(command.split()[1]).write_bytes(BYTES[what])
    assert "bad." in refused(call, *command.split())


@pytest.mark.parametrize("command", ["run huge.s", "isa huge.toml", "disasm huge.hex", "run hello --input huge.s"])
def test_huge(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """A file larger than any that makes sense is not read to its end."""
    monkeypatch.chdir(tmp_path)
    with Path(command.rsplit(maxsplit=1)[-1]).open("wb") as file:
        file.truncate(1 << 40)
    refused(call, *command.split(), message="larger than")


@pytest.mark.parametrize("line", ONCE)
def test_standard_input_twice(call: Call, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Only one thing can come from standard input."""
    monkeypatch.setattr("sys.stdin", StringIO(ONCE[line]))
    refused(call, *line.split(), message="read already")


def test_a_circle_of_files(call: Call, tmp_path: Path) -> None:
    """Files that extend one another in a circle."""
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{one}.toml").write_text(f'extends = "{other}.toml"\n', "utf-8")
    refused(call, "verdict", str(tmp_path / "a.toml"), message="circle")


def test_all_problems_at_once(call: Call, tmp_path: Path) -> None:
    """Every problem of a file is told, each with its line."""
    path = tmp_path / "bad.s"
    path.write_text("lid r1, 2\nnop\nstt r1, 0(r2)\n", "utf-8")
    error = refused(call, "asm", str(path))
    assert "bad.s:1" in error
    assert "bad.s:3" in error


def test_a_name_that_does_not_print(call: Call) -> None:
    """What does not print is told in a form that does."""
    assert "\x1b" not in refused(call, "verdict", "\x1b[31mred")
    assert "\x1b" not in refused(call, "run", "\x1b[31mred")
    assert "\x1b" not in refused(call, "\x1b[31mred")


def test_surrogates(call: Call) -> None:
    """Nor does a name that is no text break the telling of it."""
    refused(call, "run", "\udcff")
    refused(call, "verdict", "\udcff.toml")
    refused(call, "run", "hello", "--input", "\udcff")
    refused(call, "run", "hello", "--trace", "a\0b")
    refused(call, "run", "a\0b.s")


def test_there_are_many() -> None:
    """Sixty kinds at the least."""
    assert sum(map(len, (LINES, TOML, SOURCE, PYTHON, WORDS, BYTES))) >= 60
