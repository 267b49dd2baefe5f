"""A bar for what takes longer than a second: on standard error, on a terminal only, and gone when all is done."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 1.0
"""Seconds before a bar is shown: what is done sooner needs none."""

Told = Callable[[str], None]
"""Called with a name, before something of that name is done."""


@contextmanager
def progress(what: str, total: int) -> Iterator[Told | None]:
    """Give what is to be told of each thing that is begun, of so many; nothing where nobody would see it."""
    if total < 2 or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.progress import Progress  # noqa: PLC0415 - likewise

    bar = Progress(console=Console(stderr=True, highlight=False), transient=True)
    task = bar.add_task(what, total=total)
    started, begun = time.monotonic(), -1

    def told(name: str) -> None:
        nonlocal begun
        begun += 1
        if not bar.live.is_started and time.monotonic() - started > PATIENCE:
            bar.start()
        bar.update(task, completed=begun, description=f"{what} {name}")

    try:
        yield told
    finally:
        bar.stop()
