"""How wide a text is on a terminal, and where a line of it may end: Chinese characters take two columns each.

English breaks at spaces. Chinese may break between any two characters, but for its punctuation: a line begins with no
full stop and no closing bracket, and ends with no opening one. (Unicode Standard Annex 14 has the whole of it; here
is what texts in these catalogues need.)
"""

from collections.abc import Iterator
from itertools import pairwise
from unicodedata import combining, east_asian_width

NEVER_FIRST = frozenset("、。，．；：！？）」』》〉】”’…,.;:!?)]}%")
NEVER_LAST = frozenset("（「『《〈【“‘([{")


def columns(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(0 if combining(c) else 2 if wide(c) else 1 for c in text) if not text.isascii() else len(text)


def filled(text: str, width: int, *, right: bool = False) -> str:
    """Return a text with spaces behind it, or before it, so that it takes so many columns at least."""
    spaces = " " * max(0, width - columns(text))
    return spaces + text if right else text + spaces


def wide(character: str) -> bool:
    """Say whether a character takes two columns."""
    return east_asian_width(character) in "WF"


def has_wide(text: str) -> bool:
    """Say whether a text has anything that takes two columns."""
    return not text.isascii() and any(map(wide, text))


def pieces(line: str) -> Iterator[str]:
    """Give the parts of a line that stay together, with the spaces that follow them."""
    start = 0
    for at, (before, after) in enumerate(pairwise(line), start=1):
        if _may_break(before, after):
            yield line[start:at]
            start = at
    if line[start:]:
        yield line[start:]


def _may_break(before: str, after: str) -> bool:
    if after == " " or after in NEVER_FIRST or before in NEVER_LAST:
        return False
    return before == " " or wide(before) or wide(after)


def breaks(line: str, width: int) -> list[int]:
    """Return where a line is broken so that its parts, but for spaces at their ends, take so many columns at most."""
    found, at, used = [], 0, 0
    for piece in pieces(line):
        size = columns(piece.rstrip(" "))
        if used and used + size > width:
            found.append(at)
            used = 0
        cut = 0
        while size - columns(piece[:cut]) > width:  # one piece, longer than a line
            cut = max(i for i in range(cut + 1, len(piece) + 1) if columns(piece[cut:i]) <= max(width, 2))
            found.append(at + cut)
        used += columns(piece[cut:])
        at += len(piece)
    return found


def wrapped(text: str, width: int) -> list[str]:
    """Return the lines that a text makes on so many columns."""
    lines = []
    for line in text.split("\n"):
        ends = [0, *breaks(line, width), len(line)]
        lines += [line[a:b].rstrip(" ") for a, b in pairwise(ends)]
    return lines
