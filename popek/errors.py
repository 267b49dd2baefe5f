"""What users can do wrong, and how they are told: the place, the line with a caret, and what to do.

Three kinds of wrong have three mechanisms. What the machine does (a trap, an exit, a verdict) is a value. What the
user did is a `PopekError`. What we did wrong is an assertion, and ends the run loudly; it is not to be found here.
"""

from collections.abc import Callable, Iterable

from attrs import frozen

from popek.language.phrase import Phrase, listed, say
from popek.language.speaking import told
from popek.language.width import columns

MOST_SLIPS = 3
"""A name with more slips in it than this, or in a third of its letters, was meant to be something else."""


@frozen
class Place:
    """Where in the user's text: a file's name, and a line and a column that count from 1 (0: not known)."""

    file: str
    line: int = 0
    column: int = 0
    text: str = ""
    length: int = 1

    def __str__(self) -> str:
        return self.said(str)

    def said(self, said: Callable[[str], str]) -> str:
        """Return the place as text; a file that has no name of its own, such as standard input, is said."""
        parts = [said(self.file), *(str(n) for n in (self.line, self.column) if n)]
        return ":".join(parts)


@frozen
class Problem:
    """One thing that is wrong: what, where, and what to do about it."""

    message: str
    place: Place | None = None
    hint: str = ""

    def __str__(self) -> str:
        return self._written(str)

    def told(self) -> str:
        """Return the same in the language that is spoken."""
        return self._written(told)

    def _written(self, said: Callable[[str], str]) -> str:
        lines = [f"{self.place.said(said)}: {said(self.message)}" if self.place else said(self.message)]
        if self.place and self.place.text and self.place.column:
            shown = self.place.text.replace("\t", " ")
            before, under = shown[: self.place.column - 1], shown[self.place.column - 1 :][: self.place.length]
            beyond = self.place.column - 1 - len(before) + columns(before)
            lines += [f"    {shown}", "    " + " " * beyond + "^" * max(1, self.place.length, columns(under))]
        if self.hint:
            lines.append(f"  {said(self.hint)}")
        return "\n".join(lines)


class PopekError(Exception):
    """What the user did wrong: one problem or several, found in one go."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(Problem(p) if isinstance(p, str) else p for p in problems)
        super().__init__("\n".join(str(p) for p in self.problems))


def one_of(kind: type) -> Phrase:
    """Return what a value of a type of Python's is called: `an int`, `a Monitor`."""
    name = kind.__name__
    return say("an {name}", name=name) if name[0] in "AEIOUaeiou" else say("a {name}", name=name)


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return a hint that names the valid thing nearest to `name`, or lists the few there are, or nothing."""
    valid = sorted(set(candidates))
    close = similar(name, valid)
    if close:
        return say("did you mean `{close}`?", close=close)
    if 0 < len(valid) <= 12:
        return say("valid: {names}", names=listed(f"`{v}`" for v in valid))
    return ""


def similar(name: str, valid: Iterable[str]) -> str:
    """Return what a name was most likely meant to be: what it is but for a few slips, or what it begins; or nothing."""
    name, valid = name.lower(), list(valid)
    most = min(MOST_SLIPS, (len(name) + 1) // 3)
    alike = [v for v in valid if abs(len(v) - len(name)) <= most and _slips(name, v.lower()) <= most]
    if alike:
        return min(alike, key=lambda v: (_slips(name, v.lower()), abs(len(v) - len(name)), v))
    begun = [v for v in valid if len(name) > 2 and v.lower().startswith(name)]
    return min(begun, key=len, default="")


def _slips(one: str, other: str) -> int:
    """Count the letters that must be changed, added, dropped, or swapped with the next, to come to the other word."""
    older: list[int] = []
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, there in enumerate(other, 1):
            fewest = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != there))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == there:
                fewest = min(fewest, older[j - 2] + 1)
            row.append(fewest)
    return row[-1]
