"""`popek disasm`: words to a text."""

import click

from popek.cli import options
from popek.cli.terminal import answer, write
from popek.library import naming, texts
from popek.library.naming import Changes


@click.command("disasm")
@click.argument("file")
@options.unread_isa
@options.as_json
def command(
    *,
    file: str,
    isa: str | None,
    changes: Changes,
    as_json: bool,
) -> int:
    """Disassemble FILE, words in hexadecimal as `popek asm -o` writes them, to a text that assembles to the same."""
    on = naming.chosen("classic" if isa is None else isa, changes).isa
    found = texts.disassembly(file, on)
    if as_json:
        answer("disasm", found, as_json=True)
    else:
        write(found.text)
    return 0
