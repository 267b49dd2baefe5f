"""`popek classify`: each instruction's classes."""

import click

from popek.cli import options
from popek.cli.progress import waiting
from popek.cli.terminal import answer
from popek.language.phrase import say
from popek.library import naming, proving
from popek.library.naming import Changes


@click.command("classify")
@click.argument("isa", shell_complete=options.complete_isa)
@click.option("--instruction", metavar="NAME", help="This instruction alone, with every state that shows a class.")
@options.changes
@options.literal
@options.as_json
def command(
    *,
    isa: str,
    instruction: str | None,
    changes: Changes,
    literal: bool,
    as_json: bool,
) -> int:
    """Decide the classes of ISA's instructions: privileged, sensitive (and to what), critical, innocuous."""
    found = naming.chosen(isa, changes).isa
    with waiting(say("classifying")):
        classes = proving.classify(found, instruction, literal=literal)
    answer("classify", classes, as_json=as_json)
    return 0
