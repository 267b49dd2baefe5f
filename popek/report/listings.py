"""What is there: ISAs and guests, as lists and one by one."""

from collections.abc import Sequence

from rich.console import RenderableType

from popek.guests.guest import Guest
from popek.isa.architecture import Isa
from popek.isa.catalogue._literature import Statement
from popek.language.phrase import Phrase, in_turn, listed, say
from popek.language.speaking import told
from popek.language.words import word
from popek.library.listing import GuestList, IsaList, ShownGuest, ShownIsa, in_user
from popek.report.drawing import (
    HEAD,
    QUIET,
    drawing,
    hints,
    indented,
    section,
    stack,
    table,
    title,
    verbatim,
)
from popek.report.speech import Text, lines
from popek.report.verdicts import asked_as

GROUPS = {
    "base": say("the base"),
    "variants": say("variants of it, wrong in one instruction each"),
    "catalogue": say("architectures"),
    "program": say("programs"),
    "probe": say("probes: each detects a monitor on one variant"),
    "demonstration": say("demonstrations: each takes what is its monitor's, on one variant"),
}


@drawing.register
def _isas(value: IsaList, width: int) -> RenderableType:
    del width
    sections = []
    for group, isas in value.groups:
        drawn = table("", "")
        for isa in isas:
            years = f" ({isa.year})" if isa.year else ""
            drawn.add_row(Text(isa.name, no_wrap=True), Text(isa.title + years))
        sections.append(section(GROUPS[group], drawn))
    return stack(*sections, hints("popek isa NAME", "popek verdict NAME"))


@drawing.register
def _isa(value: ShownIsa, width: int) -> RenderableType:
    return _shown(value.isa, value.literature, width)


def _said(statement: Statement) -> RenderableType:
    """Draw what one source says, and that it was not read where it was not."""
    theorems = ((1, statement.theorem_1), (3, statement.theorem_3))
    parts = [
        say("theorem {number} holds", number=n) if truth else say("theorem {number} fails", number=n)
        for n, truth in theorems
        if truth is not None
    ]
    if statement.critical is not None:
        none = say("no instruction is critical")
        parts.append(say("critical: {names}", names=listed(statement.critical)) if statement.critical else none)
    about = [statement.where, in_turn(parts) if parts else "", Phrase(statement.explained)]
    about.append("" if statement.verified else say("unverified: the source itself was not read"))
    return section(statement.who, lines([a for a in about if a]))


@drawing.register
def _architecture(value: Isa, width: int) -> RenderableType:
    return _shown(value, (), width)


def _shown(value: Isa, literature: Sequence[Statement], width: int) -> RenderableType:
    del width
    drawn = table(say("instruction"), say("in user mode"), "")
    for one in value.instructions:
        written = Text(one.name, style=HEAD).append(f" {one.operands}", style="not bold") if one.operands else one.name
        user = in_user(one)
        shown = written if isinstance(written, Text) else Text(written, style=HEAD)
        drawn.add_row(shown, Text(word(user), style=QUIET if user == "executes" else ""), Text(one.doc))
    about = [value.doc, say("extends {extends}", extends=value.extends) if value.extends else ""]
    about += [say("also called {aliases}", aliases=", ".join(value.aliases)) if value.aliases else "", *value.sources]
    return stack(
        title(value.name, value.title if value.title != value.name else "", str(value.year or "")),
        indented(lines(about)) if any(about) else None,
        indented(drawn),
        section(say("what is said of it"), stack(*map(_said, literature))) if literature else None,
        hints(f"popek verdict {asked_as(value.name)}", f"popek isa {asked_as(value.name)} --toml"),
    )


@drawing.register
def _guests(value: GuestList, width: int) -> RenderableType:
    del width
    sections = []
    for group, guests in value.groups:
        drawn = table("", "")
        for guest in guests:
            drawn.add_row(Text(guest.name, no_wrap=True), Text(_without_group(guest)))
        sections.append(section(GROUPS[group], drawn))
    return stack(*sections, hints("popek run NAME", "popek guests NAME"))


def _without_group(guest: Guest) -> str:
    """Return a guest's title without the word that its group's heading says already."""
    return told(guest.title).removeprefix(told(say("Demonstration: ")))


@drawing.register
def _guest(value: ShownGuest, width: int) -> RenderableType:
    del width
    guest = value.guest
    about = detected = guest.detects or guest.demonstrates
    commands = [f"popek run {guest.name}"]
    if detected:
        commands.append(f"popek compare {guest.name} --isa {detected}")
        about = (
            say("detects a monitor on {isa}", isa=detected)
            if guest.detects
            else say("takes what belongs to the monitor on {isa}", isa=detected)
        )
    return stack(
        title(guest.name, guest.title),
        indented(lines((guest.teaches, about or ""))) if guest.teaches or about else None,
        verbatim(guest.source),
        hints(*commands),
    )
