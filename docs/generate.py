"""Write what is generated: `python docs/generate.py`; with `--check`, only say what is out of date.

Generated are the manual, the commands, the list of guests, the page about performance (from what was measured before),
the picture of a verdict, the pages of the architectures with their figures, the page of the systems, the numbers of the
reading guide, and what the commands of the README, the tutorial and other pages print.

The picture of a verdict is compared by its words alone, without the solver's version: how a terminal's picture is
drawn is the business of the library that draws it.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from html import unescape
from pathlib import Path

import architectures
from commands import commands_page
from depths import depth_picture
from manual import guest_list, isa_manual
from performance import performance
from picture import verdict_picture
from reading import GUIDE, guide
from readme import CONTROL_PROGRAM, EXERCISES, HOW_TO, OWN_MONITOR, README, README_IN_CHINESE, STRUCTURES, page, readme
from systems import systems_page

HERE = Path(__file__).parent

DOCUMENTS: Mapping[Path, Callable[[], str]] = {
    HERE / "isa.md": isa_manual,
    HERE / "commands.md": commands_page,
    HERE / "guests.md": guest_list,
    HERE / "performance.md": performance,
    HERE / "systems.md": systems_page,
    HERE / "images" / "verdict.svg": verdict_picture,
    HERE / "images" / "nesting.svg": depth_picture,
    GUIDE: guide,
    README: readme,
    README_IN_CHINESE: partial(page, README_IN_CHINESE),
    OWN_MONITOR: partial(page, OWN_MONITOR),
    EXERCISES: partial(page, EXERCISES),
    CONTROL_PROGRAM: partial(page, CONTROL_PROGRAM),
    STRUCTURES: partial(page, STRUCTURES),
    HOW_TO: partial(page, HOW_TO),
    **architectures.documents(),
}


def words(path: Path, text: str) -> str:
    """Return what is compared of a document."""
    if path.suffix != ".svg":
        return text
    shown = "".join(unescape(t) for t in re.findall(r"<text\b[^>]*>([^<]*)</text>", text))
    return re.sub(r"[\s\xa0]+|z3\s*[\d.]+", "", shown)


def stale() -> Iterator[tuple[Path, str]]:
    """Give every document that is not what it should be, with what it should be."""
    for path, make in DOCUMENTS.items():
        before, after = path.read_text(encoding="utf-8") if path.exists() else "", make()
        if words(path, before) != words(path, after):
            yield path, after


def main(arguments: list[str]) -> int:
    """Write the documents, or check them."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python docs/generate.py [--check]\n")
        return 2
    found = list(stale())
    for path, text in found:
        name = path.relative_to(HERE.parent)
        if arguments:
            sys.stderr.write(f"{name} is out of date: run `python docs/generate.py`\n")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            sys.stdout.write(f"wrote {name}\n")
    return 1 if arguments and found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
