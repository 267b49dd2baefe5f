"""`popek repair`: the smallest sets of instructions to change so that something holds."""

import click

from popek.cli import options
from popek.cli.progress import waiting
from popek.cli.terminal import answer
from popek.language.phrase import say
from popek.library import exploring, naming
from popek.library.naming import Changes


@click.command("repair")
@click.argument("isa", shell_complete=options.complete_isa)
@click.option(
    "--for",
    "goals",
    multiple=True,
    metavar="LIST",
    help="What is to hold: theorem-1, theorem-3, equivalence, hybrid.resource-control, ...",
)
@options.changes
@options.literal
@options.as_json
def command(*, isa: str, goals: tuple[str, ...], changes: Changes, literal: bool, as_json: bool) -> int:
    """Find the smallest sets of ISA's instructions to make privileged so that a theorem or a property holds.

    Without --for: theorems 1 and 3, equivalence and resource control; the latter also by hypercalls and by translation.
    Every repaired ISA is proved again.
    """
    found = naming.chosen(isa, changes).isa
    wanted = [g for text in goals for g in text.split(",")]
    with waiting(say("mending")):
        repaired = exploring.repair(found, *wanted, literal=literal)
    answer("repair", repaired, as_json=as_json)
    return 0
