"""Find what popek says, and keep the catalogues: `python docs/messages.py` adds what is new and drops what is gone.

What a catalogue has to hold is of two kinds. *Messages* stand in the sources as the arguments of `say` and `say_many`;
Babel finds them. *Data* are the sentences and names of records, which are shown as they are: what an instruction does,
what an ISA or a guest is called, what a command's help says.
"""

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import click
from attrs import frozen
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as CatalogMessage
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from popek.cli import help as cli_help
from popek.cli.main import COMMANDS, popek
from popek.guests import library as guests
from popek.isa import shipped
from popek.language.speaking import ENGLISH, LANGUAGES
from popek.library.bench.loops import LOOPS
from popek.library.systems_table import SYSTEMS
from popek.report import pages
from popek.vmm import cost_table, structure

SOURCES = Path(__file__).parents[1] / "popek"
CATALOGUES = tuple(SOURCES / "language" / f"{tag}.po" for tag in LANGUAGES if tag != ENGLISH)
KEYWORDS = {"say": None, "say_many": (1, 2)}


@frozen
class Message:
    """A form, its form for many things if it has one, and where it is from."""

    form: str
    many: str
    where: str


def messages() -> Iterator[Message]:
    """Give all that popek says, each form once."""
    seen = set()
    for message in (*_in_sources(), *_in_data()):
        if message.form and message.form not in seen:
            seen.add(message.form)
            yield message


def _in_sources() -> Iterator[Message]:
    found = extract_from_dir(SOURCES, [("**.py", "python")], keywords=KEYWORDS)
    for file, _, forms, _, _ in sorted(found, key=lambda m: (m[0], m[1])):
        form, many = forms if isinstance(forms, tuple) else (forms, "")
        yield Message(form, many, f"popek/{file}")


def _in_data() -> Iterator[Message]:
    for where, text in (*_help(), *_page(), *_isas(), *_guests(), *_others()):
        yield Message(str(text), "", where)


def _help() -> Iterator[tuple[str, str]]:
    context = click.Context(popek, **popek.context_settings)
    for name in (None, *COMMANDS):
        command = popek if name is None else popek.get_command(context, name)
        assert command is not None
        where = f"popek/cli/commands/{name}.py" if name else "popek/cli/main.py"
        inside = command.commands.values() if isinstance(command, click.Group) else ()
        for one in (command, *inside):
            yield from ((where, p) for t in (one.help, one.epilog) if t for p in cli_help.paragraphs(t))
            yield from ((where, o.help) for o in one.params if isinstance(o, click.Option) and o.help)


def _page() -> Iterator[tuple[str, str]]:
    yield from (("popek/report/page", text) for text in pages.said())


def _isas() -> Iterator[tuple[str, str]]:
    """Give what is said of each ISA, of its instructions and of its slots, and why it is not what a source says."""
    for name in shipped.names():
        isa = shipped.find(name)
        assert isa is not None
        where = f"popek/isa: {name}"
        yield from ((where, t) for t in (isa.title, isa.doc, isa.story) if t != isa.name)
        yield from ((where, i.doc) for i in isa.instructions)
        for declared in (isa.slots, isa.arrays):
            yield from ((where, s.doc) for s in declared)
            yield from ((where, s.kind) for s in declared if s.kind != s.name)
        yield from ((where, s.explained) for s in shipped.literature(isa))


def _guests() -> Iterator[tuple[str, str]]:
    for guest in map(guests.find, guests.names()):
        yield from ((f"popek/guests/{guest.name}.s", t) for t in (guest.title, guest.teaches))


def _others() -> Iterator[tuple[str, str]]:
    yield from (("popek/vmm/costs", cost_table.find(n).title) for n in cost_table.names())
    yield from (("popek/library/bench/loops.py", one.title) for one in LOOPS)
    yield from (("popek/library/systems_table.py", t) for one in SYSTEMS for t in (one.how, one.but))
    for one in structure.STRUCTURES.values():
        yield from (("popek/vmm/structure.py", t) for t in (one.title, one.examples, *(p.name for p in one.parts)))


def text_of(message: CatalogMessage) -> str:
    """Return a message's translation; nothing if there is none."""
    told = message.string
    return told if isinstance(told, str) else next(iter(told or ("",)))


def catalogue(path: Path) -> Catalog:
    """Return a language's catalogue with what is translated already, and a place for all that has to be."""
    before = read_po(path.read_bytes().splitlines(keepends=True)) if path.exists() else Catalog()
    made = Catalog(locale=path.stem.replace("-", "_"), project="popek", fuzzy=False, charset="utf-8")
    for message in messages():
        old = before.get(message.form)
        told = text_of(old) if old else ""
        made.add(
            (message.form, message.many) if message.many else message.form,
            (told,) if message.many else told,
            [(message.where, 0)],
        )
    return made


def written(path: Path) -> bytes:
    """Return what a language's file is to hold."""
    made = BytesIO()
    write_po(made, catalogue(path), width=100, omit_header=False, include_lineno=False)
    return _NOBODYS.sub(b"", made.getvalue())


_NOBODYS = re.compile(rb'^"(?:POT-|PO-|Project|Report|Last|Generated|Language-Team)[^\n]*\n', re.MULTILINE)
"""Lines that Babel writes on top of a file, and that say nothing here, or change from day to day."""


def main(arguments: list[str]) -> int:
    """Write the catalogues, and say what waits for a translation."""
    if arguments:
        sys.stderr.write("usage: python docs/messages.py\n")
        return 2
    for path in CATALOGUES:
        path.write_bytes(written(path))
        waiting = [m for m in catalogue(path) if m.id and not "".join(m.string or "")]
        sys.stdout.write(f"{path.name}: {len(catalogue(path))} messages, {len(waiting)} without a translation\n")
    return 1 if waiting else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
