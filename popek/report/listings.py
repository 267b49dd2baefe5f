"""What is there: ISAs and guests, as lists and one by one."""

from rich.console import RenderableType

from popek.guests.guest import Guest
from popek.isa.architecture import Isa
from popek.language.phrase import say
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
    return drawing(value.isa, width)


@drawing.register
def _architecture(value: Isa, width: int) -> RenderableType:
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
