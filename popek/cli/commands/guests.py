"""`popek guests`: the guest programs that are shipped, or one."""

import click

from popek.cli import options
from popek.cli.terminal import answer
from popek.library import listing


@click.command("guests")
@click.argument("name", required=False, shell_complete=options.complete_guest)
@options.as_json
def command(*, name: str | None, as_json: bool) -> int:
    """List the guest programs, or show the one called NAME: what it teaches, what it prints, its text."""
    answer("guests", listing.guests() if name is None else listing.guest(name), as_json=as_json)
    return 0
