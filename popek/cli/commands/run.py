"""`popek run`: a guest on the bare machine, or under a monitor; or several guests, or several monitors."""

from contextlib import ExitStack
from typing import Any

import click

from popek.cli import options
from popek.cli.progress import waiting
from popek.cli.terminal import answer
from popek.engine import tiers
from popek.language.phrase import say
from popek.library import many, naming
from popek.library.naming import Changes
from popek.library.traces import trace_to


@click.command("run")
@click.argument("guests", metavar="GUEST...", nargs=-1, required=True, shell_complete=options.complete_guest)
@click.option(
    "--monitor",
    metavar="M",
    shell_complete=options.complete_monitor,
    help="Run it in a virtual machine under this monitor, such as trap-and-emulate, or a .py file.",
)
@click.option("--vms", type=options.Number(), help="Run it in so many virtual machines on one real machine.")
@click.option("--scheduler", metavar="NAME", help="Who is next among them: round-robin, or proportional.")
@click.option("--shares", type=options.Numbers(), default=(), help="How much of the time each is due: 1,1,2.")
@click.option("--quantum", type=options.Number(), help="How many instructions one runs before another does (1000).")
@click.option("--depth", type=options.Number(), help="Run it under so many monitors, one under the other.")
@options.isa
@options.literal
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="What runs it: " + ", ".join(tiers.ENGINES) + ".",
)
@options.machine
@click.option(
    "--exit-on", multiple=True, metavar="LIST", help="In guest mode, let these exit as well, or causes of traps."
)
@click.option("--dump", type=options.Span("A:N"), multiple=True, help="Show N words of memory from A on, afterwards.")
@click.option("--stats", is_flag=True, help="Show all that was counted.")
@click.option("--trace", metavar="FILE", help="Write every step to a file of JSON lines.")
@options.as_json
def command(
    *,
    guests: tuple[str, ...],
    monitor: str | None,
    vms: int | None,
    scheduler: str | None,
    shares: tuple[int, ...],
    quantum: int | None,
    depth: int | None,
    isa: str | None,
    changes: Changes,
    literal: bool,
    engine: str,
    machine: dict[str, Any],
    dump: tuple[tuple[int, int], ...],
    trace: str | None,
    exit_on: tuple[str, ...],
    stats: bool,
    as_json: bool,
) -> int:
    """Run GUEST, a shipped guest's name or a .s file, on the bare machine or under a monitor.

    Several guests run side by side, each in a virtual machine of its own; several monitors, with commas between, are
    those of the virtual machines in turn, or with --depth those of the levels.

    The guest's output comes first, then how the run ended. The exit status is 1 if the result is not the one that the
    guest's header expects.
    """
    found = [naming.guest(g) for g in guests]
    with waiting(say("running")), ExitStack() as stack:
        result = many.run(
            *found,
            isa=naming.chosen(found[0].isa if isa is None else isa, changes).isa,
            monitor=naming.asking(monitor, exit_on) if exit_on else monitor,
            vms=vms,
            scheduler=scheduler,
            shares=shares,
            quantum=quantum,
            depth=depth,
            literal=literal,
            engine=engine,
            **machine,
            dump=dump,
            stats=stats,
            sink=stack.enter_context(trace_to(trace)) if trace is not None else None,
        )
    answer("run", result, as_json=as_json, ok=result.as_expected)
    return 0 if result.as_expected else 1
