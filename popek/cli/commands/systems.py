"""`popek systems`: the systems of history, or one."""

import click

from popek.cli import options
from popek.cli.terminal import answer
from popek.library.systems import systems


@click.command("systems")
@click.argument("name", required=False)
@options.as_json
def command(*, name: str | None, as_json: bool) -> int:
    """List the systems of history, or show the one called NAME: where it stands, which technique, who says so."""
    answer("systems", systems(name), as_json=as_json)
    return 0
