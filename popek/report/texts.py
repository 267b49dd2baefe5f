"""Programs: words beside their text."""

from collections.abc import Iterator

from rich.console import RenderableType

from popek.library.texts import Disassembly, Listing
from popek.report.drawing import drawing, verbatim


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
def _disassembly(value: Disassembly, width: int) -> RenderableType:
    del width
    return verbatim(value.text)
