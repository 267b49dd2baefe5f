"""`popek lattice`: all configurations of the system instructions, counted and decided."""

import click

from popek.cli import options
from popek.cli.progress import waiting
from popek.cli.terminal import answer
from popek.language.phrase import say
from popek.library import exploring, naming
from popek.library.naming import Changes


@click.command("lattice")
@click.argument("isa", shell_complete=options.complete_isa)
@options.changes
@options.literal
@options.as_json
def command(*, isa: str, changes: Changes, literal: bool, as_json: bool) -> int:
    """Decide every configuration of ISA's system instructions: each traps, executes, or is ignored in user mode.

    Configurations are decided by composition and counted by outcome, not walked.
    """
    found = naming.chosen(isa, changes).isa
    with waiting(say("deciding")):
        decided = exploring.lattice(found, literal=literal)
    answer("lattice", decided, as_json=as_json)
    return 0
