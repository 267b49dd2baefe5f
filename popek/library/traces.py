"""Traces: every step of a run, as JSON lines, the first of which says what kind of file it is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from popek import __version__
from popek.engine.stepper import Record, Sink
from popek.errors import Place, PopekError, Problem
from popek.files import STDIN
from popek.isa.toml import printable
from popek.language.phrase import say


@contextmanager
def trace_to(path: str) -> Iterator[Sink]:
    """Give a sink that writes records to a file; raise `PopekError` if that cannot be written."""
    if path in ("", STDIN):
        raise PopekError(say("a trace is written to a file: name one"))
    try:
        file = Path(path).open("w", encoding="utf-8", newline="\n")  # noqa: SIM115 - closed below
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None

    def write(answer: dict[str, object]) -> None:
        try:
            file.write(json.dumps(answer) + "\n")
        except OSError as error:
            raise _unwritable(path, error) from None

    def sink(record: Record) -> None:
        write(record.to_dict())

    try:
        write({"schema": "popek.trace/1", "popek": __version__})
        yield sink
        try:
            file.flush()
        except OSError as error:
            raise _unwritable(path, error) from None
    finally:
        with suppress(OSError):
            file.close()


def _unwritable(path: str, error: Exception) -> PopekError:
    reason = getattr(error, "strerror", None) or str(error)
    return PopekError(Problem(say("cannot be written: {reason}", reason=reason), Place(printable(path, 200))))
