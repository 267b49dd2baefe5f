"""Files that users name: read whole or refused with one clear error, and written whole or not at all."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from popek import files
from popek.errors import PopekError
from popek.isa import shipped
from popek.isa.classic import CLASSIC
from popek.isa.configuration import Expectation
from popek.isa.instruction import EXECUTES, TRAPS

BINDING = "from popek.isa.classic import CLASSIC\nisa = CLASSIC\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """Put bytes on standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def refused(name: str | Path, act: Callable[[str | Path], object] = files.load_isa) -> str:
    """Return how something is refused, as the user sees it."""
    with pytest.raises(PopekError) as caught:
        act(name)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"a\nb\n", "a\nb\n"),
        (b"a\r\nb\rc", "a\nb\nc"),
        (b"\xef\xbb\xbfa", "a"),
        ("h\u00f6\U0001f600\n".encode(), "h\u00f6\U0001f600\n"),
    ],
)
def test_a_text_is_utf_8_with_or_without_a_mark(data: bytes, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte order mark is no part of the text, and every line ends in a newline, in a file as on standard input."""
    Path("x").write_bytes(data)
    typed(monkeypatch, data)
    assert files.read_text("x") == files.read_text(Path("x")) == files.read_text("-") == text


def make_directory(path: Path) -> None:
    """Make what is no file."""
    path.mkdir()


def contents(data: bytes) -> Callable[[Path], object]:
    """Return what makes a file with that in it."""
    return lambda path: path.write_bytes(data)


UNREADABLE: list[tuple[str, Callable[[Path], object], list[str]]] = [
    ("bad.txt", make_directory, ["bad.txt: this is a directory", "name a file in it"]),
    ("bad.txt", contents(b"a\nb\xffc"), ["bad.txt:2: not UTF-8: byte 0xff at offset 3", "save it as UTF-8"]),
    ("bad.txt", contents(b"\xef\xbb\xbf\xe4"), ["bad.txt:1: not UTF-8: byte 0xe4 at offset 3"]),
    ("bad.txt", contents("a".encode("utf-16")), ["looks like UTF-16"]),
    ("bad.txt", contents(b"\x7fELF\x02\0\0"), ["not a text: there is a zero byte at offset 5"]),
    ("bad.txt", contents(b"x" * (files.LIMIT + 1)), ["larger than 4,194,304 bytes"]),
    ("bda.txt", lambda _: Path("bad.txt").touch(), ["bda.txt: there is no such file", "did you mean `bad.txt`"]),
    ("no/such.txt", lambda _: None, ["there is no such file", "there is no directory `no`"]),
    ("bad/x.txt", lambda _: Path("bad").touch(), ["there is no such file"]),
    ("", lambda _: None, ["a file's name is missing"]),
    ("a\0b", lambda _: None, ["a\\x00b: ", "null"]),
    ("x" * 5000, lambda _: None, ["xxx...: cannot be read: ", "too long"]),
    ("\x1b[31m", lambda _: None, ["\\x1b[31m: there is no such file"]),
]


@pytest.mark.parametrize(("name", "prepare", "said"), UNREADABLE, ids=[f"{u[0][:8]!r}-{u[2][0]}" for u in UNREADABLE])
def test_what_is_no_text_is_one_clear_error(
    name: str, prepare: Callable[[Path], object], said: list[str], here: Path
) -> None:
    """Whatever is wrong with a file: one `PopekError` that names it and says what to do."""
    prepare(here / "bad.txt")
    message = refused(name, files.read_text)
    for words in said:
        assert words in message


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read and write all")
def test_without_permission_there_is_a_clear_error() -> None:
    """A file that may not be read, or written, is named."""
    Path("secret").write_text("x", encoding="utf-8")
    Path("secret").chmod(0)
    assert "secret: no permission to read this file" in refused("secret", files.read_text)
    assert "write-protected" in refused("secret", lambda p: files.write_text(p, "y"))


def test_a_permission_that_is_denied_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operating system's refusal becomes a `PopekError`, whoever runs this test."""

    def deny(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files, "_regular", deny)
    assert refused("x", files.read_text) == "x: no permission to read this file"


def test_reading_ends_at_the_limit() -> None:
    """What never ends is refused all the same; exactly the limit is still read."""
    Path("x").write_bytes(b"12345")
    assert files.read_bytes("x", limit=5) == b"12345"
    assert "larger than 4 bytes" in refused("x", lambda p: files.read_bytes(p, limit=4))
    if Path("/dev/zero").exists():
        assert "larger than" in refused("/dev/zero", files.read_bytes)


def test_standard_input_may_be_missing_or_text_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a program has no standard input that is an error like any other."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("h\u00f6"))
    assert files.read_text("-") == "h\u00f6"
    monkeypatch.setattr(sys, "stdin", None)
    assert refused("-") == "standard input: cannot be read: there is no standard input"


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two things cannot come from there: the second would be empty, and nobody would know why."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("halt\n"))
    assert files.read_text("-") == "halt\n"
    assert "read already" in refused("-")


def test_what_is_written_is_read_back() -> None:
    """A text is written as UTF-8 with its newlines as they are, over what was there, and leaves nothing beside it."""
    for text in ("first\r\n", "h\u00f6\n"):
        files.write_text("x", text)
        assert Path("x").read_bytes() == text.encode()
    assert os.listdir() == ["x"]  # noqa: PTH208 - hidden files too


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "a file's name is missing"),
        ("-", "a file's name was expected"),
        ("no/such/x", "there is no directory `no/such`"),
        (".", "this is a directory"),
        ("a\0b", "cannot be written"),
        ("x" * 5000, "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_one_clear_error(name: str, said: str) -> None:
    """An output that cannot be written is named, and nothing is left behind."""
    assert said in refused(name, lambda p: files.write_text(p, "x"))
    assert not list(Path().iterdir())


def test_a_failure_half_way_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the old file is still there, whole."""
    Path("x").write_text("old", encoding="utf-8")

    def fail(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    assert "x: cannot be written: No space left on device" in refused("x", lambda p: files.write_text(p, "new"))
    assert Path("x").read_text(encoding="utf-8") == "old"
    assert len(list(Path().iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="modes and symbolic links are POSIX's")
def test_writing_keeps_modes_and_links() -> None:
    """Writing over a file keeps its mode, and over a symbolic link writes where that leads; a device stays one."""
    Path("x").touch(mode=0o640)
    Path("link").symlink_to("x")
    files.write_text("link", "new")
    assert Path("link").is_symlink()
    assert Path("x").read_text(encoding="utf-8") == "new"
    assert Path("x").stat().st_mode & 0o777 == 0o640
    files.write_text(os.devnull, "gone")
    assert Path(os.devnull).is_char_device()


def test_an_isa_is_found_by_name_and_by_file() -> None:
    """A shipped name, a TOML file and a Python file each give an ISA; a file's stem is its default name."""
    Path("mine.toml").write_text("[user]\njsu = 'executes'\n[expect]\ntheorem-1 = false\n", encoding="utf-8")
    Path("mine.py").write_text(BINDING, encoding="utf-8")
    assert files.load("Classic") is files.load(Path("mine.py")) is CLASSIC
    isa, expected = files.load_isa("mine.toml")
    assert (isa.name, expected) == ("mine", Expectation(theorems={1: False}))
    jrst1 = shipped.find("jrst1")
    assert jrst1
    assert [i.user for i in isa.instructions] == [i.user for i in jrst1.instructions]


def test_standard_input_is_toml(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` reads a configuration; files that it extends are looked for where the user is."""
    Path("base.toml").write_text("[user]\nadd = 'traps'\n", encoding="utf-8")
    typed(monkeypatch, b"extends = 'base.toml'")
    isa, _ = files.load_isa("-")
    assert (isa.name, isa.extends) == ("stdin", "base")
    typed(monkeypatch, b"extends = 'clasic'")
    assert refused("-").startswith("standard input:1:11: there is no ISA `clasic`")
    typed(monkeypatch, b"extends = '-'")
    assert refused("-").startswith("standard input:1:11: there is no ISA `-`")


def test_extends_is_relative_to_the_file_that_says_so(here: Path) -> None:
    """A file extends its neighbours, TOML or Python, from wherever it is read; so may its neighbours' neighbours."""
    (here / "sub" / "deep").mkdir(parents=True)
    (here / "sub" / "a.toml").write_text("extends = 'deep/b.py'\n[user]\njsu = 'executes'", encoding="utf-8")
    (here / "sub" / "deep" / "b.py").write_text(
        "from helper import BASE\nfrom popek.isa.instruction import TRAPS\nisa = BASE.vary('b', add=TRAPS)\n",
        encoding="utf-8",
    )
    (here / "sub" / "deep" / "helper.py").write_text(HELPER, encoding="utf-8")
    isa, _ = files.load_isa("sub/a.toml")
    assert (isa.name, isa.extends) == ("a", "b")
    assert (isa["add"].in_user, isa["jsu"].in_user) == (TRAPS, EXECUTES)
    assert str(here / "sub" / "deep") not in sys.path


HELPER = "from popek.isa.classic import CLASSIC as BASE\n"

BAD: list[tuple[str, dict[str, str], list[str]]] = [
    ("clasic", {}, ["there is no ISA `clasic`", "did you mean `classic`"]),
    ("zzzzzz", {}, ["there is no ISA `zzzzzz`", "popek isa"]),
    ("", {}, ["there is no ISA ``", "popek isa"]),
    ("x" * 5000, {}, ["there is no ISA `xxx", "popek isa"]),
    ("a\0b", {}, ["there is no ISA `a\\x00b`", "popek isa"]),
    ("a\0b.toml", {}, ["a\\x00b.toml: cannot be read"]),
    ("x" * 5000 + ".py", {}, ["too long"]),
    ("mine", {"mine.toml": "name = 'x'"}, ["there is a file `mine.toml`: give its whole name"]),
    ("mine", {"mine.py": BINDING}, ["there is a file `mine.py`"]),
    ("mine.txt", {"mine.txt": "x"}, ["a shipped name, a .toml file or a .py file"]),
    ("./mine", {}, ["a shipped name, a .toml file or a .py file"]),
    ("mine.toml", {}, ["mine.toml: there is no such file"]),
    ("mnie.toml", {"mine.toml": "name = 'x'"}, ["mnie.toml: there is no such file", "did you mean `mine.toml`"]),
    ("mine.py", {"mine.toml": "name = 'x'"}, ["mine.py: there is no such file", "did you mean `mine.toml`"]),
    ("mine.toml", {"mine.toml": ""}, ["mine.toml: this sets nothing"]),
    ("mine.toml", {"mine.toml": "extends = 'mine.toml'"}, ["mine.toml:1:11: this file extends itself", "classic"]),
    (
        "a.toml",
        {"a.toml": "extends = 'b.toml'", "b.toml": "name = 'b'\nextends = 'c.toml'", "c.toml": "extends = './a.toml'"},
        ["c.toml:1:11: `extends` goes in a circle: a.toml -> b.toml -> c.toml -> a.toml"],
    ),
    (
        "a.toml",
        {"a.toml": "extends = 'b.py'", "b.py": "from popek import files\nisa = files.load('a.toml')\n"},
        ["b.py:2:7: `extends` goes in a circle: a.toml -> b.py -> a.toml"],
    ),
    ("a.py", {"a.py": "from popek import files\nisa = files.load(__file__)"}, ["a.py:2:7: this file extends itself"]),
    ("a.toml", {"a.toml": "extends = 'b.toml'"}, ["b.toml: there is no such file", "did you mean `a.toml`"]),
    ("a.toml", {"a.toml": "extends = 'b'", "b.toml": "name = 'b'"}, ["a.toml:1:11: ", "there is a file `b.toml`"]),
    ("a.toml", {"a.toml": "extends = 'b.toml'", "b.toml": "nme = 1"}, ["b.toml:1:1: there is no key `nme`"]),
    ("a.toml", {"a.toml": "extends = 'b.py'", "b.py": "isa = 1 / 0"}, ["b.py:1:7: ZeroDivisionError"]),
    ("a.toml", {"a.toml": "extends = '.toml'"}, ["a.toml:1:11: ", "there is no ISA `.toml`"]),
    ("a.py", {"a.py": BINDING + "expect = 'false'"}, ["a.py:3:1: `expect` is a str, and must be an Expectation"]),
    ("a.py", {"a.py": "import b\n", "b.py": "import nosuchmodule\n"}, ["a.py:1:1: ", "nosuchmodule"]),
    (
        "f0.toml",
        {f"f{i}.toml": f"extends = 'f{i + 1}.toml'" for i in range(40)},
        ["f31.toml:1:11: more than 32 files extend one another"],
    ),
]


@pytest.mark.parametrize(("name", "tree", "said"), BAD, ids=[f"{b[0][:12]!r}-{b[2][0]}" for b in BAD])
def test_what_gives_no_isa_is_one_clear_error(name: str, tree: dict[str, str], said: list[str]) -> None:
    """Unknown names, missing files, circles of `extends`: one `PopekError`, its place, and what to do."""
    for path, text in tree.items():
        Path(path).write_text(text, encoding="utf-8")
    message = refused(name)
    for words in said:
        assert words in message
    assert "Traceback" not in message
    assert files.load("classic") is CLASSIC


def test_no_file_speaks_for_a_shipped_isa(here: Path) -> None:
    """What it says of `classic` would look as though it were about the shipped one; the shipped one itself may be."""
    (here / "same.py").write_text("import popek\nisa = popek.load('classic')\n", "utf-8")
    assert files.load("same.py") is files.load("classic")
    (here / "other.py").write_text("import popek\nisa = popek.load('pdp10').vary('classic')\n", "utf-8")
    with pytest.raises(PopekError, match=r"other\.py: `classic` is the name of an ISA that is shipped"):
        files.load("other.py")


def test_problems_of_a_file_and_of_its_base_are_told_together() -> None:
    """Each problem keeps the place in its own file; the file that the user named comes first."""
    Path("a.toml").write_text("extends = 'b.toml'\ntitle = 3\n", encoding="utf-8")
    Path("b.toml").write_text("[user]\njus = 'traps'\n", encoding="utf-8")
    with pytest.raises(PopekError) as caught:
        files.load("a.toml")
    assert [str(p.place) for p in caught.value.problems] == ["a.toml:2:9", "b.toml:2:1"]


def test_a_python_file_may_bind_what_it_expects_and_what_else_is_asked_for() -> None:
    """A Python file states its own answer as `expect`; other things than ISAs are loaded in the same way."""
    Path("a.py").write_text(
        BINDING + "from popek.isa.configuration import Expectation\nexpect = Expectation(theorems={1: True})\nn = 3\n",
        encoding="utf-8",
    )
    assert files.load_isa("a.py") == (CLASSIC, Expectation(theorems={1: True}))
    assert files.load_bound("a.py", "n", int) == 3
    assert "does not bind `m`" in refused("a.py", lambda p: files.load_bound(p, "m", int))


def test_a_file_that_two_others_extend_is_no_circle() -> None:
    """Only a file within its own reading is refused; being read twice is fine."""
    Path("base.toml").write_text("[user]\nadd = 'traps'", encoding="utf-8")
    Path("a.py").write_text(
        "from popek import files\nisa = files.load('base.toml')\nother = files.load('base.toml')\n", encoding="utf-8"
    )
    assert files.load("a.py").name == "base"


def test_reading_names_and_files_imports_no_solver_and_no_terminal() -> None:
    """Configuring is cheap: neither the solver nor the terminal library comes with it."""
    script = "import json, sys; from popek import files; files.load('popf'); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True, capture_output=True, timeout=60, cwd=Path(files.__file__).parent.parent,
    )  # fmt: skip
    assert not {"z3", "rich", "click"} & set(json.loads(done.stdout))
