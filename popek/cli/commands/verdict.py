"""`popek verdict`: the theorems, and the properties under each monitor."""

import click

from popek.cli import options
from popek.cli.progress import progress, waiting
from popek.cli.terminal import answer
from popek.errors import PopekError
from popek.language.phrase import say
from popek.library import naming, proving
from popek.library.naming import Changes
from popek.library.required import DEFAULT_MONITOR, STATUS, Grade


@click.command("verdict")
@click.argument("isas", nargs=-1, metavar="[ISA]...", shell_complete=options.complete_isa)
@options.changes
@options.literal
@click.option(
    "--monitor",
    metavar="M",
    shell_complete=options.complete_monitor,
    help="Decide this monitor alone, by name or from a .py file; --check requires its properties.",
)
@click.option("--check", is_flag=True, help="Exit with 1 if something required is refuted, with 3 if it is not known.")
@click.option(
    "--require",
    multiple=True,
    metavar="LIST",
    help="What --check requires, where a file's [expect] does not say: theorem-1, equivalence, hybrid.efficiency, ...",
)
@options.as_json
def command(
    *,
    isas: tuple[str, ...],
    changes: Changes,
    monitor: str | None,
    require: tuple[str, ...],
    literal: bool,
    check: bool,
    as_json: bool,
) -> int:
    """Decide theorems 1, 2 and 3, and the properties under each monitor, for each ISA.

    ISA is a name, a .toml or a .py file, or a group: `variants`, the textbook family, or `catalogue`. Without one:
    classic, then the catalogue by year.
    """
    asked = naming.every(isas, changes)
    if require and not check:
        raise PopekError(say("--require says what --check requires: give --check as well"))
    if not check:
        table = len(asked) > 1 and not as_json  # of one line an ISA, which shows one monitor
        shown = DEFAULT_MONITOR if table and monitor is None else monitor
        with progress(say("deciding"), len(asked)) as told:
            decided = proving.verdict(*(c.isa for c in asked), literal=literal, monitor=shown, told=told)
        answer("verdict", decided, as_json=as_json)
        return 0
    with waiting(say("deciding")):
        found = proving.check(asked, literal=literal, monitor=monitor, require=require)
    answer("verdict", found, as_json=as_json, ok=found.check.grade is Grade.MET)
    return STATUS[found.check.grade]
