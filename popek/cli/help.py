"""Help in the language that is spoken: click's pages, with each text looked up, and lines broken by columns."""

import re
import shutil
from collections.abc import Iterable, Iterator

import click
from click import formatting

from popek.language.phrase import Phrase, say
from popek.language.speaking import ENGLISH, language, told
from popek.language.width import columns, wrapped

CLICKS = (
    say("No such option {name}."),
    say("Missing argument {name}."),
    say("Missing option {name}."),
    say("Invalid value for {name}: {message}"),
    say("Option {name} requires an argument."),
    say("Option {name} does not take a value."),
    say("Got unexpected extra argument ({names})"),
    say("Got unexpected extra arguments ({names})"),
    say("{value} is not one of {choices}."),
    say("{value} is not a valid {kind}."),
    say("Did you mean {name}?"),
    say("(Did you mean one of: {names}?)"),
)
"""What click says of a command line that it does not understand."""

CLICKS_OWN = (say("Usage:"), say("Options"), say("Show this message and exit."), say("required"))
"""What click writes on every page of help."""


WIDEST, NARROWEST = 80, 36
"""Columns of a terminal that a page uses, at most, and of its text, at least; click's own least is 50."""


class Formatter(click.HelpFormatter):
    """A page of help. In English it is click's own, but for narrow terminals."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        if width is None and formatting.FORCED_WIDTH is None:
            width = max(min(shutil.get_terminal_size().columns, max_width or WIDEST) - 2, NARROWEST)
        super().__init__(indent_increment, width, max_width)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how a command is called."""
        super().write_usage(prog, args, prefix or f"{told(Phrase('Usage:'))} ")

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        if language() == ENGLISH:
            super().write_heading(heading)
        else:
            self.write(f"{' ' * self.current_indent}{told(Phrase(heading))}\N{FULLWIDTH COLON}\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        if language() == ENGLISH:
            super().write_text(text)
            return
        indent = " " * self.current_indent
        told_ = [wrapped(told(Phrase(p)), self.width - self.current_indent) for p in paragraphs(text)]
        self.write("\n\n".join("\n".join(indent + line for line in lines) for lines in told_) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names, each with what it means."""
        col_max = min(col_max, self.width * 3 // 5)
        if language() == ENGLISH:
            super().write_dl(list(rows), col_max, col_spacing)
            return
        rows = list(rows)
        indent = " " * self.current_indent
        first = min(max(columns(name) for name, _ in rows), col_max) + col_spacing
        for name, text in rows:
            lines = wrapped(_looked_up(text), max(self.width - first - 2, 10))
            fits = columns(name) <= first - col_spacing
            lead = name + " " * (first - columns(name)) if fits else f"{name}\n{indent}{' ' * first}"
            self.write(indent + lead + f"\n{indent}{' ' * first}".join(lines) + "\n")


class Context(click.Context):
    """What click knows of a call."""

    formatter_class = Formatter


def paragraphs(text: str) -> Iterator[str]:
    """Give a text's paragraphs, each in one line."""
    for part in re.split(r"\n\s*\n", text.strip()):
        yield " ".join(part.split())


def _looked_up(text: str) -> str:
    """Return a text as it is said, with what click has added to it in brackets."""
    said, bracket, added = text.partition("  [")
    more = f"  [{told(Phrase(added.removesuffix(']')))}]" if bracket else ""
    return told(Phrase(said)) + more


def complaint(error: click.ClickException) -> str:
    """Return what click says is wrong, in the language that is spoken."""
    if not isinstance(error, click.BadParameter) or not isinstance(error.message, Phrase):
        return told(recognised(error.format_message()))
    found = recognised(error.format_message())
    return told(say(found.form, **{**found.parts, "message": error.message}) if found.parts else found)


def recognised(text: str) -> Phrase:
    """Return the phrase that click has made a text from, in one sentence or two; the text itself, if from none."""
    for form in CLICKS:
        match = _pattern(form).fullmatch(text)
        if match:
            return say(form.form, **{name: recognised(value) for name, value in match.groupdict().items()})
    first, dot, second = text.partition(". ")
    return recognised(first + ".") + " " + recognised(second) if dot and second else Phrase(text)


def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(form)), re.DOTALL)
