"""`popek explain`: why, in words, with the states side by side."""

import click

from popek.cli import options
from popek.cli.progress import waiting
from popek.cli.terminal import answer
from popek.language.phrase import say
from popek.library import exploring, naming
from popek.library.naming import Changes


@click.command("explain")
@click.argument("isa", shell_complete=options.complete_isa)
@click.argument("instruction", required=False)
@click.option(
    "--claim",
    metavar="NAME",
    help="This alone: privileged, control, location, innocuous, theorem-1, hybrid, hybrid.equivalence, ...",
)
@options.changes
@options.literal
@options.as_json
def command(
    *, isa: str, instruction: str | None, claim: str | None, changes: Changes, literal: bool, as_json: bool
) -> int:
    """Explain why INSTRUCTION of ISA is in each class, and what follows, in words and with the states that show it.

    Without INSTRUCTION: who is to blame for what.
    """
    if claim is not None and instruction is None:
        raise click.UsageError(say("--claim is about an instruction: say which"))
    found = naming.chosen(isa, changes).isa
    with waiting(say("explaining")):
        explained = exploring.explain(found, instruction, claim, literal=literal)
    answer("explain", explained, as_json=as_json)
    return 0
