"""Programs: words beside their text."""

from collections.abc import Iterable, Iterator

from rich.console import RenderableType

from popek.isa.porting import Ported as PortedWord
from popek.language.phrase import say, say_many
from popek.library.texts import Disassembly, Listing, Ported
from popek.report.drawing import QUIET, drawing, hints, indented, section, stack, table, title, verbatim
from popek.report.speech import Text
from popek.report.verdicts import asked_as


@drawing.register
def _listing(value: Listing, width: int) -> RenderableType:
    del width
    return verbatim("\n".join(_lines(value)))


def _lines(value: Listing) -> Iterator[str]:
    program, before = value.program, 0
    for address in sorted(program.words):
        line = program.lines.get(address, 0)
        text = program.text(address) if line != before else ""
        yield f"{address:>8}  {program.words[address]:08x}  {text}".rstrip()
        before = line


@drawing.register
def _ported(value: Ported, width: int) -> RenderableType:
    del width
    left = section(say("left as it is: it looks critical, and is data"), _words(value, value.port.left))
    said = say(
        "{count} replaced by hypercalls",
        count=say_many("{count:,} instruction", "{count:,} instructions", len(value.port.changed)),
    )
    return stack(
        title(value.program.file, value.isa, said),
        indented(_words(value, value.port.changed)) if value.port.changed else None,
        left if value.port.left else None,
        hints(f"popek compare GUEST --isa {asked_as(value.isa)} --monitor paravirtual"),
    )


def _words(value: Ported, words: Iterable[PortedWord]) -> RenderableType:
    drawn = table(say("address"), say("was"), say("now"), say("line"), say("text"))
    for word in words:
        was, now = f"{word.was:08x}", f"{word.now:08x}"
        line = Text(str(value.program.lines[word.address]), style=QUIET)
        drawn.add_row(Text(str(word.address)), Text(was), Text(now), line, Text(value.program.text(word.address)))
    return drawn


@drawing.register
def _disassembly(value: Disassembly, width: int) -> RenderableType:
    del width
    return verbatim(value.text)
