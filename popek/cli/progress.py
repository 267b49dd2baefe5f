"""A bar for what takes longer than a second: on standard error, on a terminal only, and gone when all is done."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from popek.language.speaking import told

PATIENCE = 1.0
"""Seconds before a bar is shown: what is done sooner needs none."""

SHOWER = "popek: waiting"
"""The thread that shows it."""

Told = Callable[[str], None]
"""Called with a name, before something of that name is done."""


@contextmanager
def progress(what: str, total: int) -> Iterator[Told | None]:
    """Give what is to be told of each thing that is begun, of so many; nothing where nobody would see it."""
    if total < 2 or not _seen():
        with waiting(what):
            yield None
        return
    bar = _bar()
    what = told(what)
    task = bar.add_task(what, total=total)
    started, begun = time.monotonic(), -1

    def begin(name: str) -> None:
        nonlocal begun
        begun += 1
        if not bar.live.is_started and time.monotonic() - started > PATIENCE:
            bar.start()
        bar.update(task, completed=begun, description=f"{what} {name}")

    try:
        yield begin
    finally:
        bar.stop()


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show that something goes on of which nobody knows how long it takes, with the seconds that it has taken."""
    if not _seen():
        yield
        return
    ended = threading.Event()
    shower = threading.Thread(target=_pulse, args=(what, ended), name=SHOWER, daemon=True)
    shower.start()
    try:
        yield
    finally:
        ended.set()
        shower.join()


def _pulse(what: str, ended: threading.Event) -> None:
    if ended.wait(PATIENCE):
        return
    with _bar(elapsed=True) as bar:
        bar.add_task(told(what), total=None)
        ended.wait()


def _seen() -> bool:
    """Say whether a bar can be drawn and wiped off: not in a pipe, nor where a terminal is to be written to plainly."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return sys.stderr is not None and sys.stderr.isatty() and not plain


def _bar(*, elapsed: bool = False) -> Any:
    from rich import progress as drawn  # noqa: PLC0415 - only on a terminal
    from rich.console import Console  # noqa: PLC0415 - likewise

    words = drawn.TextColumn("{task.description}")
    columns = (words, drawn.BarColumn(), drawn.TimeElapsedColumn()) if elapsed else drawn.Progress.get_default_columns()
    return drawn.Progress(*columns, console=Console(stderr=True, highlight=False), transient=True)
