"""The files that users name: read whole, within a limit, and written so that nothing is lost half-way.

All that can be wrong with a file is one `PopekError` that says which file and what to do. `-` is standard input.
"""

import os
import sys
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path, PurePath
from typing import TextIO, TypeVar
from weakref import WeakSet

from popek import python_file
from popek.errors import Place, PopekError, Problem, similar
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.configuration import Expectation, Resolve, parse, resolve_shipped
from popek.isa.toml import printable
from popek.language.phrase import say

LIMIT = 4 << 20
"""Bytes of the largest file that is read, unless the caller says otherwise."""

STDIN = "-"

T = TypeVar("T")


def read_bytes(path: str | Path, limit: int = LIMIT) -> bytes:
    """Return all of a file, or of standard input; raise `PopekError` if it cannot be read or is larger than `limit`."""
    name = _named(path)
    try:
        data = _standard_input(limit + 1) if name == STDIN else _regular(name, limit + 1)
    except (OSError, ValueError) as error:
        raise PopekError(_unreadable(name, error)) from None
    if len(data) > limit:
        raise PopekError(
            Problem(say("larger than {limit:,} bytes", limit=limit), _place(name), say("that is the most that is read"))
        )
    return data


def _named(path: str | Path) -> str:
    """Return a file's name, if there is one."""
    if not str(path):
        raise PopekError(say("a file's name is missing: it is empty"))
    return str(path)


_READ: WeakSet[TextIO] = WeakSet()
"""The standard input that was read, to its end: nobody can read it again."""


def _standard_input(size: int) -> bytes:
    if sys.stdin is None:
        raise OSError(say("there is no standard input"))
    if sys.stdin in _READ:
        raise OSError(say("it has been read already; only one thing can come from there"))
    _READ.add(sys.stdin)
    buffer = getattr(sys.stdin, "buffer", None)
    return buffer.read(size) if buffer else sys.stdin.read(size).encode()


def _regular(name: str, size: int) -> bytes:
    if Path(name).is_dir():
        raise IsADirectoryError
    with Path(name).open("rb") as file:
        return file.read(size)


def _place(name: str) -> Place:
    return Place(say("standard input") if name == STDIN else printable(name, 200))


def _unreadable(name: str, error: Exception) -> Problem:
    place = _place(name)
    if isinstance(error, FileNotFoundError):
        return _missing(Path(name), place)
    if isinstance(error, IsADirectoryError):
        return Problem(say("this is a directory"), place, say("name a file in it"))
    if isinstance(error, PermissionError):
        return Problem(say("no permission to read this file"), place)
    if isinstance(error, NotADirectoryError):
        return Problem(say("there is no such file: a part of the path is no directory"), place)
    return Problem(say("cannot be read: {reason}", reason=_reason(error)), place)


def _reason(error: Exception) -> str:
    """Return what an error says: the system's words, or ours, which are a phrase."""
    reason = getattr(error, "strerror", None) or next(iter(error.args), None)
    return reason if isinstance(reason, str) else str(error)


def _holds(question: Callable[[], bool]) -> bool:
    """Ask about a path; a path that cannot be asked about is not there."""
    with suppress(OSError, ValueError):
        return question()
    return False


def _missing(path: Path, place: Place) -> Problem:
    if not _holds(path.parent.is_dir):
        return Problem(
            say("there is no such file"),
            place,
            say("there is no directory `{name}`", name=printable(str(path.parent), 200)),
        )
    hint = ""
    with suppress(OSError):
        files = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
        meant = similar(path.name, files) or min((f for f in files if PurePath(f).stem == path.stem), default="")
        hint = say("did you mean `{close}`?", close=printable(meant, 200)) if meant else ""
    return Problem(say("there is no such file"), place, hint)


def read_text(path: str | Path, limit: int = LIMIT) -> str:
    """Return a file's text: UTF-8, with or without a byte order mark, its lines ending in a newline each.

    Raise `PopekError`, with the offset of the byte, if it is not that.
    """
    name = str(path)
    data = read_bytes(path, limit)
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise PopekError(Problem(say("not UTF-8: this looks like UTF-16"), _place(name), say("save it as UTF-8")))
    skipped = len(BOM_UTF8) if data.startswith(BOM_UTF8) else 0
    if b"\0" in data:
        raise PopekError(
            Problem(say("not a text: there is a zero byte at offset {index}", index=data.index(0)), _place(name))
        )
    try:
        text = data[skipped:].decode("utf-8")
    except UnicodeDecodeError as error:
        offset = error.start + skipped
        line = data.count(b"\n", 0, offset) + 1
        raise PopekError(
            Problem(
                say("not UTF-8: byte 0x{data:02x} at offset {offset}", data=data[offset], offset=offset),
                Place(_place(name).file, line),
                say("save it as UTF-8"),
            )
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def write_text(path: str | Path, text: str) -> None:
    """Write a text to a file as UTF-8: all of it or, with a `PopekError`, nothing."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file, all of it or, with a `PopekError`, nothing; what was there before stays until the end."""
    name = _named(path)
    try:
        _replace(name, data)
    except (OSError, ValueError) as error:
        parent = Path(name).parent
        hint = "" if _holds(parent.is_dir) else say("there is no directory `{name}`", name=printable(str(parent), 200))
        if _holds(Path(name).is_dir):
            hint = say("this is a directory; name a file in it")
        raise PopekError(
            Problem(say("cannot be written: {reason}", reason=_reason(error)), Place(printable(name, 200)), hint)
        ) from None


def make_directory(path: str | Path) -> None:
    """Make a directory, unless there is one; raise `PopekError` if that cannot be."""
    name = _named(path)
    try:
        Path(name).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise PopekError(
            Problem(say("no directory can be made here: {reason}", reason=_reason(error)), Place(printable(name, 200)))
        ) from None


def _replace(name: str, data: bytes) -> None:
    """Write beside the target and move it there; to what is no regular file, such as a pipe, write directly."""
    if name == STDIN:
        raise OSError(say("a file's name was expected"))
    target = Path(os.path.realpath(name))
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            file.write(data)
        return
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(13, say("the file is write-protected"))
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


_READING: ContextVar[tuple[Path, ...]] = ContextVar("_READING", default=())
_DEEPEST = 32
"""Files that may extend one another in a row."""


@contextmanager
def _entered(name: str) -> Iterator[None]:
    """Note that a file is being read; refuse to read it once more in its own reading."""
    here, before = Path(os.path.abspath(name)), _READING.get()  # noqa: PTH100 - pathlib keeps `..`
    if here in before:
        circle = " -> ".join(printable(p.name) for p in (*before[before.index(here) :], here))
        itself = say("this file extends itself") if before[-1] == here else say("`extends` goes in a circle")
        raise PopekError(
            Problem(
                say("{what}: {circle}", what=itself, circle=circle),
                hint=say('let one of them extend a shipped ISA, such as "classic"'),
            )
        )
    if len(before) >= _DEEPEST:
        raise PopekError(say("more than {deepest} files extend one another in a row", deepest=_DEEPEST))
    token = _READING.set((*before, here))
    try:
        yield
    finally:
        _READING.reset(token)


def load(name: str | Path) -> Isa:
    """Return an ISA by its name or alias, or from a .toml or .py file, which is code and runs with your rights."""
    return load_isa(name)[0]


def load_isa(name: str | Path) -> tuple[Isa, Expectation | None]:
    """Return an ISA by name or from a file, and what the file expects of it; `-` reads TOML from standard input.

    A .py file is code and runs with the user's rights. Raise `PopekError` if there is no such ISA or file, or
    something is wrong in it.
    """
    return _load(str(name), Path())


def load_bound(path: str | Path, name: str, kind: type[T]) -> T:
    """Return what a .py file binds to `name`; it is code and runs with the user's rights."""
    text, file = read_text(path), _place(str(path)).file
    with _entered(str(path)):
        names = python_file.run(text, file, str(Path(path).parent))
    return python_file.bound(text, file, names, name, kind)


def _load(name: str, directory: Path) -> tuple[Isa, Expectation | None]:
    """Load what a user, or a file in that directory, has named."""
    path = directory / name
    if name == STDIN and not _READING.get():
        with _entered(STDIN):
            return parse(read_text(STDIN), _place(STDIN).file, name="stdin", resolve=_relative_to(Path()))
    suffix = path.suffix.lower()
    if suffix in (".toml", ".py"):
        with _entered(str(path)):
            return _load_toml(path) if suffix == ".toml" else _load_python(path)
    if shipped.find(name) is None:
        _refuse_path(name, path)
    return resolve_shipped(name), None


def _relative_to(directory: Path) -> Resolve:
    return lambda name: _load(name, directory)[0]


def _load_toml(path: Path) -> tuple[Isa, Expectation | None]:
    return parse(read_text(path), _place(str(path)).file, name=path.stem, resolve=_relative_to(path.parent))


def _load_python(path: Path) -> tuple[Isa, Expectation | None]:
    text = read_text(path)
    file = _place(str(path)).file
    names = python_file.run(text, file, str(path.parent))
    isa = python_file.bound(text, file, names, "isa", Isa)
    known = shipped.find(isa.name)
    if known is not None and known is not isa:
        hint = say('call it something else, such as "my-{name}"', name=printable(isa.name))
        raise PopekError(
            Problem(say("`{name}` is the name of an ISA that is shipped", name=printable(isa.name)), Place(file), hint)
        )
    return isa, python_file.bound(text, file, names, "expect", Expectation) if "expect" in names else None


def _refuse_path(name: str, path: Path) -> None:
    """Raise `PopekError` if what is no ISA's name is, or nearly is, that of a file."""
    for suffix in (".toml", ".py"):
        if name and _holds(Path(f"{path}{suffix}").is_file):
            hint = say("there is a file `{name}{suffix}`: give its whole name", name=printable(name), suffix=suffix)
            raise PopekError(Problem(say("there is no ISA `{name}`", name=printable(name)), hint=hint))
    if name and (_holds(path.exists) or "/" in name or os.sep in name):
        hint = say("an ISA is a shipped name, a .toml file or a .py file")
        raise PopekError(Problem(say("there is no ISA `{name}`", name=printable(name)), hint=hint))
