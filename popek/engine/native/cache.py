"""Object code that was compiled before, in files of the user's cache.

A file is named for all that its content depends on: the module's text, the compiler, the platform and the processor. It
begins with a checksum of its name and content, so that what is damaged, or comes from elsewhere, is never run but
made again. It appears all at once, so several processes may share the directory. Without a place to write, all works,
only slower.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from platformdirs import user_cache_path

from popek.engine.native import llvm

MOST = 256
"""How many files are kept; the ones that were made first go first."""

SUFFIX = ".object"


def directory() -> Path:
    """Return where the platform wants such files."""
    return user_cache_path("popek", appauthor=False) / "native"


def key(text: str) -> str:
    """Return the name of a module's object code."""
    return hashlib.sha256(f"{llvm.versions()}\n\n{text}".encode()).hexdigest()


def compiled(text: str, where: Path | None = None) -> bytes:
    """Return the object code of a module, from the cache if it is there, intact."""
    named = key(text)
    path = (directory() if where is None else where) / (named + SUFFIX)
    found = _read(path, named)
    if found is None:
        found = llvm.compiled(text)
        with suppress(OSError):
            _write(path, _checksum(named, found) + found)
    return found


def _checksum(named: str, code: bytes) -> bytes:
    return hashlib.sha256(named.encode() + code).digest()


def _read(path: Path, named: str) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    size = hashlib.sha256().digest_size
    checksum, code = content[:size], content[size:]
    return code if checksum == _checksum(named, code) else None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        file.write(content)
    try:
        os.replace(file.name, path)  # noqa: PTH105 - what it does is in its name
    except OSError:
        Path(file.name).unlink(missing_ok=True)
        raise
    _prune(path.parent)


def _prune(where: Path) -> None:
    files = sorted(where.glob("*" + SUFFIX), key=lambda p: p.stat().st_mtime)
    for file in files[: max(0, len(files) - MOST)]:
        file.unlink(missing_ok=True)
