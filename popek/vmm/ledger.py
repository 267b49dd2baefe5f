"""Real time, and what part of it was whose due: kept so that the end of a quantum is entered once, not for each.

What is due to somebody in a stretch of time is by its shares among those of all that were ready, and that is so much
for each share, whoever has it. So the ledger adds up what is due for one share, anew where somebody comes or goes; what
is due to one is the difference, over the time that it was there, times its shares. Nothing is rounded.
"""

from fractions import Fraction
from typing import Any

from popek.engine.state import Journal


class Ledger:
    """Time so far, in ticks, and the shares of those that are ready. All that changes goes through the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.notes: dict[str, Any] = {"clock": 0, "shares": 0, "since": 0, "until": Fraction(0)}

    @property
    def clock(self) -> int:
        """Real time so far."""
        return int(self.notes["clock"])

    @property
    def for_one_share(self) -> Fraction:
        """What has been due so far to who has had one share all the time."""
        notes = self.notes
        until: Fraction = notes["until"]
        return until + Fraction(notes["clock"] - notes["since"], notes["shares"]) if notes["shares"] else until

    def passes(self, ticks: int) -> None:
        """Let time go by."""
        self._note("clock", self.clock + ticks)

    def changes(self, shares: int) -> None:
        """Let somebody come with so many shares, or go: then they are less than nothing."""
        self._note("until", self.for_one_share)
        self._note("since", self.clock)
        self._note("shares", self.notes["shares"] + shares)

    def _note(self, name: str, value: Any) -> None:
        if self.notes[name] != value:
            self._journal.write(self.notes, name, value)
