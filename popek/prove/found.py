"""Programs that show refutations, as they were found: each is shrunk when somebody looks at it, and not before.

Of most refutations a verdict needs to know only that there is a program.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from attrs import define, frozen

from popek import shown
from popek.engine.stepper import Record
from popek.errors import PopekError
from popek.isa.assembler import assemble
from popek.language.phrase import say
from popek.prove.checks import Search, Shown
from popek.prove.pools import ALLOTMENT
from popek.prove.shrink import Lines, shrunk
from popek.vmm.compare import Divergence


def replayed(sought: Search, lines: Lines, *, records: bool = False, strict: bool = True) -> Shown | None:
    """Return what a program in assembly shows of a refutation, if anything; `strict` as in `Search.run`."""
    try:
        program = assemble("\n".join(lines), sought.isa)
    except PopekError:
        return None
    fits = max(program.words, default=0) < ALLOTMENT.size
    return sought.run(program.words, records=records, strict=strict) if fits else None


@define(eq=False, slots=False)
class Found:
    """A program that shows a refutation; if there is `also` another search, it shows something there as well.

    `strays`: it executes words that are not its own, and what it is shrunk to may do so, too.
    """

    sought: Search
    lines: Lines
    strays: bool = False
    also: Search | None = None

    def shows(self, lines: Lines) -> bool:
        """Say whether a program shows the same as this one."""
        shown = replayed(self.sought, lines)
        if shown is None or (shown.strayed and not self.strays):
            return False
        return self.also is None or replayed(self.also, lines, strict=False) is not None

    @cached_property
    def smallest(self) -> Sequence[str]:
        """The program, shrunk."""
        return shrunk(self.lines, self.shows)

    @cached_property
    def shown(self) -> Shown:
        """What the shrunk program shows, with the last steps of both sides."""
        shown = replayed(self.sought, self.smallest, records=True)
        assert shown is not None, f"{self.smallest} shows something once and not again"
        return shown

    def __reduce__(self) -> tuple[Any, ...]:
        return Kept, (tuple(self.smallest), self.shown)


@frozen
class Kept:
    """What is left of a program that was found when it is kept or copied: the smallest one, and what it shows."""

    smallest: Sequence[str]
    shown: Shown


class Shrunk(shown.Shown):
    """What is known of a program that was found, once it is shrunk."""

    found: Found | Kept
    privileged: tuple[str, ...]

    @property
    def program(self) -> str:
        """The program in assembly: no line can be dropped, and no constant made simpler."""
        lines = (line if line.endswith(":") else f"        {line}" for line in self.found.smallest)
        return "\n".join(lines).replace(" - 0,", ",") + "\n"

    @property
    def says(self) -> str:
        """What it shows, as a sentence."""
        says, names = self.found.shown.says, [f"`{name}`" for name in self.privileged]
        return say("{says}, where {used} is privileged", says=says, used=", ".join(names)) if names else says

    @property
    def step(self) -> int:
        """The step at which it shows."""
        return self.found.shown.step

    @property
    def first_divergence(self) -> Divergence | None:
        """Where the two machines differ first, if they do."""
        return self.found.shown.divergence

    @property
    def bare(self) -> tuple[Record, ...]:
        """The last steps of the bare machine."""
        return self.found.shown.bare

    @property
    def virtual(self) -> tuple[Record, ...]:
        """The last steps of the virtual machine."""
        return self.found.shown.virtual
