"""`popek isa`: the ISAs that are shipped, or one."""

import click

from popek.cli import options
from popek.cli.terminal import answer, write
from popek.errors import PopekError
from popek.language.phrase import say
from popek.library import listing, naming
from popek.library.naming import AS_IT_IS, Changes


@click.command("isa")
@click.argument("name", required=False, shell_complete=options.complete_isa)
@click.option("--toml", is_flag=True, help="Print a TOML file to start from.")
@options.unread
@options.as_json
def command(*, name: str | None, changes: Changes, toml: bool, as_json: bool) -> int:
    """List the ISAs, or show the one called NAME: its instructions, and what user mode sees of them."""
    if name is None:
        if toml or changes != AS_IT_IS:
            raise PopekError(say("say which ISA: these options need a NAME"))
        answer("isa", listing.isas(), as_json=as_json)
        return 0
    found = listing.isa(naming.chosen(name, changes).isa, with_toml=toml)
    if toml and not as_json:
        write(found.toml)
    else:
        answer("isa", found, as_json=as_json)
    return 0
