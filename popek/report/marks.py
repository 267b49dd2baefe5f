"""Marks: a sign and a word for every way a claim can stand. Never a sign alone, and never colour alone."""

from popek.language.phrase import say
from popek.prove.values import Status
from popek.report.drawing import BAD, GOOD, OPEN, QUIET
from popek.report.speech import Text

YES, NO = "\N{CHECK MARK}", "\N{BALLOT X}"

SIGNS = {
    Status.PROVED: (YES, say("proved"), GOOD),
    Status.REFUTED: (NO, say("refuted"), BAD),
    Status.UNKNOWN: ("?", say("unknown"), OPEN),
    Status.VACUOUS: ("\N{EMPTY SET}", say("vacuous"), OPEN),
    Status.NOT_APPLICABLE: ("\N{EN DASH}", say("n/a"), QUIET),
}
SHORT = {
    Status.PROVED: say("yes"),
    Status.REFUTED: say("no"),
    Status.UNKNOWN: "?",
    Status.VACUOUS: say("vac"),
    Status.NOT_APPLICABLE: say("n/a"),
}


def mark(status: Status) -> Text:
    """Return a status as a sign and a word."""
    sign, word, style = SIGNS[status]
    return Text(f"{sign} " + word, style=style, no_wrap=True)


def short_mark(status: Status) -> Text:
    """Return a status as a sign and a word of three letters, for tables with many columns."""
    sign, _, style = SIGNS[status]
    word = SHORT[status]
    return Text(word if word == sign else f"{sign} " + word, style=style, no_wrap=True)


def truth(holds: bool | None) -> Text:
    """Return yes, no, or that nobody knows."""
    if holds is None:
        return Text("? " + say("open"), style=OPEN, no_wrap=True)
    return Text(say("yes") if holds else say("no"), style="" if holds else QUIET, no_wrap=True)


def outcome(good: bool, text: str) -> Text:
    """Return a sentence with the sign of good or bad before it."""
    return Text(f"{YES if good else NO} " + text, style=GOOD if good else BAD)
