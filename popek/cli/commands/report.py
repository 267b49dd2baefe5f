"""`popek report`: verdicts as one HTML file."""

import click

from popek.cli import options
from popek.cli.progress import progress
from popek.cli.terminal import answer
from popek.language.phrase import say
from popek.library import naming, proving
from popek.library.naming import Changes
from popek.report import pages


@click.command("report")
@click.argument("isas", nargs=-1, metavar="[ISA]...", shell_complete=options.complete_isa)
@click.option("-o", "--output", metavar="FILE", required=True, help="Where to write the page, such as report.html.")
@options.changes
@options.literal
@options.as_json
def command(*, isas: tuple[str, ...], output: str, changes: Changes, literal: bool, as_json: bool) -> int:
    """Write the verdicts on each ISA, under every monitor, as one page of HTML that needs nothing else.

    ISA is what `popek verdict` takes; without one: classic, then the catalogue by year. The table can be sorted and
    filtered; a mark opens to its reason, and a refutation to the guest that shows it, with both traces.
    """
    asked = naming.every(isas, changes)
    with progress(say("deciding"), len(asked)) as told:
        found = proving.verdict(*(c.isa for c in asked), literal=literal, told=told)
    answer("report", pages.write(found, output), as_json=as_json)
    return 0
