"""`popek run`: a guest on the bare machine, or under a monitor."""

from contextlib import ExitStack
from typing import Any

import click

from popek.cli import options
from popek.cli.terminal import answer
from popek.engine import tiers
from popek.library import naming, running
from popek.library.naming import Changes
from popek.library.traces import trace_to


@click.command("run")
@click.argument("guest", shell_complete=options.complete_guest)
@click.option(
    "--monitor",
    metavar="M",
    shell_complete=options.complete_monitor,
    help="Run it in a virtual machine under this monitor, such as trap-and-emulate, or a .py file.",
)
@options.isa
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="What runs it: " + ", ".join(tiers.ENGINES) + ".",
)
@options.machine
@click.option("--dump", type=options.Span("A:N"), multiple=True, help="Show N words of memory from A on, afterwards.")
@click.option("--stats", is_flag=True, help="Show all that was counted.")
@click.option("--trace", metavar="FILE", help="Write every step to a file of JSON lines.")
@options.as_json
def command(
    *,
    guest: str,
    monitor: str | None,
    isa: str | None,
    changes: Changes,
    engine: str,
    machine: dict[str, Any],
    dump: tuple[tuple[int, int], ...],
    trace: str | None,
    stats: bool,
    as_json: bool,
) -> int:
    """Run GUEST, a shipped guest's name or a .s file, on the bare machine or under a monitor.

    The guest's output comes first, then how the run ended. The exit status is 1 if the result is not the one that the
    guest's header expects.
    """
    found = naming.guest(guest)
    with ExitStack() as stack:
        result = running.run(
            found,
            isa=naming.chosen(isa or found.isa, changes).isa,
            monitor=monitor,
            engine=engine,
            **machine,
            dump=dump,
            stats=stats,
            sink=stack.enter_context(trace_to(trace)) if trace else None,
        )
    answer("run", result, as_json=as_json, ok=result.as_expected)
    return 0 if result.as_expected else 1
