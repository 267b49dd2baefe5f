"""`popek compare`: bare and virtual side by side."""

from typing import Any

import click

from popek.cli import options
from popek.cli.progress import waiting
from popek.cli.terminal import answer
from popek.errors import PopekError, Problem
from popek.language.phrase import say
from popek.library import naming, running, techniques
from popek.library import structures as priced
from popek.library.hosting import DEFAULT_MONITOR
from popek.library.naming import Changes
from popek.library.techniques import Comparisons
from popek.vmm.compare import Comparison


@click.command("compare")
@click.argument("guest", shell_complete=options.complete_guest)
@click.option(
    "--monitor",
    metavar="M",
    shell_complete=options.complete_monitor,
    help="The monitor: a name or a .py file (trap-and-emulate).",
)
@click.option("--all", "every", is_flag=True, help="Under every monitor that can run guests, in one table.")
@click.option("--structures", is_flag=True, help="Under the monitor, in each structure a hypervisor may have.")
@click.option("--costs", metavar="TABLE", help="With either, what prices the cycles: a name or a .toml file (core2).")
@options.unread_isa
@options.machine
@options.as_json
def command(
    *,
    guest: str,
    monitor: str | None,
    isa: str | None,
    changes: Changes,
    machine: dict[str, Any],
    every: bool,
    structures: bool,
    costs: str | None,
    as_json: bool,
) -> int:
    """Run GUEST on the bare machine and under a monitor, step by step, and show where they first differ.

    With --all, one table of all techniques: equal or not, what ran directly, exits, blocks, hypercalls, and what it
    cost in the cycles of a model and in seconds.

    With --structures, the bare machine stays out of it: what the exits under one monitor cross, and cost, if the
    hypervisor is monolithic, a microkernel, hosted, and so on.

    The exit status is 1 if they differ.
    """
    _check(monitor=monitor, every=every, structures=structures, costs=costs)
    under = DEFAULT_MONITOR if monitor is None else monitor
    found = naming.guest(guest)
    on = naming.chosen(found.isa if isa is None else isa, changes).isa
    if structures:
        with waiting(say("comparing")):
            served = priced.structures(found, isa=on, monitor=under, costs=costs, **machine)
        answer("compare", served, as_json=as_json)
        return 0
    result: Comparison | Comparisons
    with waiting(say("comparing")):
        if every:
            result = techniques.compare_all(found, isa=on, costs=costs, **machine)
        else:
            result = running.compare(found, isa=on, monitor=under, **machine)
    answer("compare", result, as_json=as_json, ok=result.equivalent)
    return 0 if result.equivalent else 1


def _check(*, monitor: str | None, every: bool, structures: bool, costs: str | None) -> None:
    """Raise `PopekError` if something was asked for that would be ignored."""
    if every and structures:
        raise PopekError(Problem(say("--all and --structures are two tables"), hint=say("ask for one of them")))
    if costs is not None and not every and not structures:
        raise PopekError(
            Problem(say("a cost table is for --all or --structures"), hint=say("give one of them as well"))
        )
    if every and monitor is not None:
        raise PopekError(Problem(say("--all compares every monitor"), hint=say("leave --monitor out, or --all")))
