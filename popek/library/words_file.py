"""Words as a text: one in hexadecimal after another, `@` and an address in hexadecimal to go on elsewhere.

It is the format of Verilog's `$readmemh`. What the assembler writes, the disassembler and a disk read. Comments go from
`//`, `;` or `#` to the end of the line.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby

from popek.errors import Place, PopekError, Problem
from popek.isa.encoding import WORD_MASK
from popek.isa.toml import printable
from popek.language.phrase import say

LARGEST_ADDRESS = (1 << 24) - 1
MOST_PROBLEMS = 10

_ITEM = re.compile(r"\S+")
_COMMENT = re.compile(r"(//|;|#).*")
_NUMBER = re.compile(r"[0-9A-Fa-f_]*[0-9A-Fa-f][0-9A-Fa-f_]*")


def write(words: Mapping[int, int], title: str = "") -> str:
    """Return words as a text."""
    lines = [f"// {printable(title)}"] if title else []
    for _, run in groupby(enumerate(sorted(words)), lambda pair: pair[1] - pair[0]):
        addresses = [address for _, address in run]
        lines += [f"@{addresses[0]:x}", *(f"{words[a]:08x}" for a in addresses)]
    return "\n".join(lines) + "\n"


def read(text: str, file: str) -> dict[int, int]:
    """Return the words of a text by address; raise `PopekError` with all that is wrong in it."""
    words: dict[int, int] = {}
    problems: list[Problem] = []
    address = 0
    for item, place in _items(text, file):
        try:
            if item.startswith("@"):
                address = _number(item[1:], LARGEST_ADDRESS, say("an address"))
            else:
                word = _number(item, WORD_MASK, say("a word"))
                _free(address, words)
                words[address], address = word, address + 1
        except ValueError as error:
            problems.append(
                Problem(str(error), place, say("words are hexadecimal, one after another; @10 is an address"))
            )
            if len(problems) == MOST_PROBLEMS:
                break
    if problems:
        raise PopekError(*problems)
    if not words:
        raise PopekError(Problem(say("there are no words in this file"), Place(file)))
    return words


def _items(text: str, file: str) -> Iterator[tuple[str, Place]]:
    for number, line in enumerate(text.split("\n"), 1):
        shown = line if len(line) <= 120 and line.isprintable() else ""
        for found in _ITEM.finditer(_COMMENT.sub("", line)):
            length = len(found[0]) if shown else 1
            yield found[0], Place(file, number, found.start() + 1, shown, length)


def _number(text: str, largest: int, what: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"`{printable(text)}` is not {what}")
    digits = text.replace("_", "").lstrip("0")
    if len(digits) > 8 or int(digits or "0", 16) > largest:
        raise ValueError(f"`{printable(text)}` is too large for {what}: {largest:x} is the most")
    return int(digits or "0", 16)


def _free(address: int, words: Mapping[int, int]) -> None:
    if address > LARGEST_ADDRESS:
        raise ValueError(f"there is no address beyond {LARGEST_ADDRESS:x}")
    if address in words:
        raise ValueError(f"there is a word at address {address:x} already")
