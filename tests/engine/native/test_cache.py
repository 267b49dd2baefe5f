"""The cache of object code: what is damaged, foreign or stale is made again, and several processes may share it."""

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("llvmlite")

from llvmlite import binding

from popek.engine.native import cache, llvm
from popek.engine.native.llvm import Loaded

TEXT = "define i64 @answer() {\n  ret i64 42\n}\n"
OTHER = "define i64 @answer() {\n  ret i64 43\n}\n"

ENVIRONMENTS = {
    "compiler": (llvm, "llvmlite", SimpleNamespace(__version__="0.1")),
    "version of LLVM": (binding, "llvm_version_info", (9, 0, 0)),
    "platform": (binding, "get_process_triple", lambda: "pdp11-dec-unix"),
    "processor": (binding, "get_host_cpu_name", lambda: "another"),
    "features of the processor": (llvm, "_features", lambda: "-sse2"),
    "options": (llvm, "_options", lambda: ("-another",)),
    "passes": (llvm, "LITE", ("sroa",)),
    "level": (llvm, "LEVEL", 1),
}
"""What object code depends on besides its text, each replaced by another."""


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    """Look anew at what object code depends on, before and after."""
    llvm.versions.cache_clear()
    yield
    llvm.versions.cache_clear()


def place(text: str, where: Path) -> Path:
    """Return where the object code of a module is kept."""
    return where / (cache.key(text) + cache.SUFFIX)


def test_a_damaged_object_is_made_again(tmp_path: Path) -> None:
    """Any byte, a wrong length: never run, replaced, and right afterwards."""
    good = cache.compiled(TEXT, tmp_path)
    path = place(TEXT, tmp_path)
    content = path.read_bytes()
    flipped = [content[:n] + bytes([content[n] ^ 1]) + content[n + 1 :] for n in (0, 31, 32, len(content) - 1)]
    for damaged in (*flipped, content[:-7], content + b"\0", content[:32], b"", b"\0" * len(content)):
        path.write_bytes(damaged)
        assert cache.compiled(TEXT, tmp_path) == good
        assert path.read_bytes() == content


def test_an_object_that_is_whole_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is what it is kept for."""
    good = cache.compiled(TEXT, tmp_path)
    monkeypatch.setattr(llvm, "compiled", None)
    assert cache.compiled(TEXT, tmp_path) == good


def run(where: Path) -> int:
    """Return what the function comes to that is in the cache for a module, or is made."""
    import ctypes  # noqa: PLC0415 - as for all that runs object code

    loaded = Loaded(cache.compiled(TEXT, where))
    return int(ctypes.CFUNCTYPE(ctypes.c_int64)(loaded.address("answer"))())


def foreign_runs(where: Path) -> bool:
    """Put another module's object, whole and with its own checksum, under a name; say whether it is run."""
    cache.compiled(OTHER, where)
    place(OTHER, where).replace(place(TEXT, where))
    return run(where) != 42


def stale_runs(where: Path, monkeypatch: pytest.MonkeyPatch, part: str, *, renamed: bool) -> bool:
    """Keep what another environment makes of the same text, perhaps under the right name; say whether it is run."""
    here = place(TEXT, where)
    with monkeypatch.context() as elsewhere:
        code = llvm.compiled(OTHER)
        elsewhere.setattr(llvm, "compiled", lambda _text: code)
        elsewhere.setattr(*ENVIRONMENTS[part])
        llvm.versions.cache_clear()
        assert cache.compiled(TEXT, where) == code
        if renamed:
            place(TEXT, where).replace(here)
    llvm.versions.cache_clear()
    return run(where) != 42


def test_a_foreign_object_is_never_run(tmp_path: Path) -> None:
    """And made again."""
    assert not foreign_runs(tmp_path)
    assert place(TEXT, tmp_path).read_bytes()[32:] == llvm.compiled(TEXT)


@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.parametrize("part", ENVIRONMENTS)
def test_a_stale_object_is_never_run(part: str, renamed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made by another compiler, or for another processor, not even under the right name."""
    assert not stale_runs(tmp_path, monkeypatch, part, renamed=renamed)
    assert place(TEXT, tmp_path).read_bytes()[32:] == llvm.compiled(TEXT)


def test_a_checksum_of_the_content_alone_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By foreign and by stale objects under the right name."""
    monkeypatch.setattr(cache, "_checksum", lambda _named, code: hashlib.sha256(code).digest())
    assert foreign_runs(tmp_path)
    place(TEXT, tmp_path).unlink()
    assert stale_runs(tmp_path, monkeypatch, "processor", renamed=True)


@pytest.mark.parametrize("part", ENVIRONMENTS)
def test_a_name_that_says_too_little_is_noticed(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By stale objects: each part of what object code depends on is in it."""
    assert part in ENVIRONMENTS
    monkeypatch.setattr(cache, "key", lambda text: hashlib.sha256(text.encode()).hexdigest())
    assert stale_runs(tmp_path, monkeypatch, part, renamed=False)


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    """A file stands where the directory should be."""
    (tmp_path / "no").write_bytes(b"")
    code = cache.compiled(TEXT, tmp_path / "no")
    assert Loaded(code).address("answer")


def test_two_processes_may_share_the_cache(tmp_path: Path) -> None:
    """Both write, both read what is whole."""
    script = (
        "import sys; from pathlib import Path; from popek.engine.native import cache\n"
        "for n in range(8): cache.compiled(f'define i64 @f() {{ ret i64 {n} }}', Path(sys.argv[1]))"
    )
    both = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) for _ in range(2)]
    assert [p.wait(60) for p in both] == [0, 0]
    assert len(list(tmp_path.iterdir())) == 8
    for n in range(8):
        text = f"define i64 @f() {{ ret i64 {n} }}"
        content = (tmp_path / (cache.key(text) + cache.SUFFIX)).read_bytes()
        assert content[32:] == llvm.compiled(text)


WRITER = """
import sys, time
from pathlib import Path
from popek.engine.native import cache

def slowly(source, to):
    content = Path(source).read_bytes()
    with open(to, "wb") as file:
        for part in (content[: len(content) // 2], content[len(content) // 2 :]):
            file.write(part)
            file.flush()
            time.sleep(0.02)
    Path(source).unlink()

if sys.argv[2] == "slowly":
    cache.os.replace = slowly
for _ in range(30):
    cache._write(Path(sys.argv[1]), bytes(1 << 20))
    time.sleep(0.005)
"""


def partly_seen(path: Path, how: str) -> bool:
    """Read a file while another process writes it again and again; say whether a part of it alone was seen."""
    path.parent.mkdir()
    sizes = set()
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path), how]) as writer:
        while writer.poll() is None:
            with suppress(OSError):
                sizes.add(len(path.read_bytes()))
            time.sleep(0.001)
    assert writer.returncode == 0
    assert 1 << 20 in sizes
    shutil.rmtree(path.parent)
    return sizes != {1 << 20}


def test_another_process_sees_an_object_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    """Every time that it looks; and what is written piece by piece is noticed."""
    assert not partly_seen(tmp_path / "cache" / ("a" + cache.SUFFIX), "at once")
    assert partly_seen(tmp_path / "cache" / ("a" + cache.SUFFIX), "slowly")


def test_who_is_interrupted_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither under the name nor beside it."""

    def fails(_source: str, _to: Path) -> None:
        raise PermissionError

    monkeypatch.setattr("popek.engine.native.cache.os.replace", fails)
    assert cache.compiled(TEXT, tmp_path) == llvm.compiled(TEXT)
    assert list(tmp_path.iterdir()) == []


def test_the_cache_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest files go."""
    monkeypatch.setattr(cache, "MOST", 3)
    monkeypatch.setattr(llvm, "compiled", lambda t: t.encode())
    for n in range(6):
        cache.compiled(str(n), tmp_path)
    assert len(list(tmp_path.glob("*" + cache.SUFFIX))) == 3
    assert len(list(tmp_path.iterdir())) == 3
