"""`popek asm`: a text to words."""

import click

from popek import files
from popek.cli import options
from popek.cli.terminal import answer
from popek.library import naming, texts
from popek.library.naming import Changes


@click.command("asm")
@click.argument("file", shell_complete=options.complete_guest)
@options.unread_isa
@click.option("--port", is_flag=True, help="Replace what is critical on the ISA by hypercalls, and list the changes.")
@click.option("-o", "--output", metavar="FILE", help="Write the words to a file that `popek disasm` reads.")
@options.as_json
def command(
    *,
    file: str,
    isa: str | None,
    changes: Changes,
    port: bool,
    output: str | None,
    as_json: bool,
) -> int:
    """Assemble FILE, a .s file or a shipped guest's name, and list its words beside its text.

    With --port, list what was changed for the monitor `paravirtual`; with -o as well, write the ported words.
    """
    found = naming.guest(file)
    on = naming.chosen(found.isa if isa is None else isa, changes).isa
    listing = texts.port(found, on) if port else texts.listing(found, on)
    if output is not None:
        files.write_text(output, listing.words_text())
    if output is None or as_json:
        answer("asm", listing, as_json=as_json)
    return 0
