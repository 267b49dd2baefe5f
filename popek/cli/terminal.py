"""The terminal: one way out for answers and one for complaints, whatever the streams can take.

An answer is rendered to a text first, and the text fitted to the stream: where that cannot encode what we draw with,
everything we draw with becomes ASCII, and what else it cannot encode becomes a question mark.
"""

import os
import shutil
import sys
from contextlib import suppress
from io import StringIO
from typing import Any, TextIO

import click

from popek.cli.help import complaint
from popek.errors import PopekError, similar
from popek.language.phrase import say
from popek.language.speaking import told

NARROWEST, WIDEST = 40, 200

FRAMES = str.maketrans("\u2500\u2502\u250c\u2510\u2514\u2518\u253c", "-|+++++")
"""Lines and corners, which are ASCII wherever nobody looks at a terminal: a pipe ends in who knows what."""

ASCII = FRAMES | str.maketrans(
    {
        "\N{CHECK MARK}": "+",
        "\N{BALLOT X}": "x",
        "\N{EMPTY SET}": "o",
        "\N{EN DASH}": "-",
        "\N{MIDDLE DOT}": "-",
        "\N{HORIZONTAL ELLIPSIS}": "~",
        "\N{RIGHTWARDS ARROW}": ">",
        "\N{REPLACEMENT CHARACTER}": "?",
    }
)
"""What we draw with, and what stands for it where only ASCII can be trusted."""


def fit(text: str, encoding: str | None) -> str:
    """Return a text that a stream of that encoding can take."""
    name = (encoding or "utf-8").lower()
    if not name.replace("_", "-").startswith("utf"):
        text = text.translate(ASCII)
    return text.encode(name, "replace").decode(name, "replace")


def write(text: str) -> None:
    """Write an answer to standard output. A closed pipe is silent."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(fit(text, sys.stdout.encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        raise PopekError(say("the output cannot be written: {strerror}", strerror=error.strerror or error)) from None


def silence(stream: TextIO) -> None:
    """Let whatever is still in a stream, and all that follows, vanish."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def complain(error: PopekError | click.ClickException, command: str = "popek") -> None:
    """Tell the user of a command what was wrong, on standard error, in plain text."""
    note(*(told(say("error: {message}", message=m)) for m in _messages(error, command)))


def note(*lines: str) -> None:
    """Write diagnostics to standard error, with nothing in them that could play with a terminal."""
    if sys.stderr is None:
        return
    text = "".join(f"{line}\n" for line in lines)
    text = "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
    with suppress(OSError):
        sys.stderr.write(fit(text, sys.stderr.encoding))
        sys.stderr.flush()


def _messages(error: PopekError | click.ClickException, command: str) -> list[str]:
    if isinstance(error, PopekError):
        return [p.told() for p in error.problems]
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    usage = say("`{command} --help` shows how it is used", command=ctx.command_path if ctx else command)
    if isinstance(error, click.NoSuchOption):
        options = [o for p in ctx.command.params for o in p.opts] if ctx else []
        meant = similar(error.option_name, ["--help", *options]) if len(error.option_name) > 3 else ""
        hint = say("did you mean `{close}`?", close=meant) if meant else usage
        return [told(say("there is no option `{name}`\n  {hint}", name=error.option_name, hint=hint))]
    message = complaint(error)
    message = message[:1].lower() + message[1:].rstrip(".")
    return [told(say("{message}\n  {usage}", message=message, usage=usage))]


def show(value: Any) -> None:
    """Write a value as people read it: in colour on a terminal, plainly elsewhere."""
    from rich.console import Console, detect_legacy_windows  # noqa: PLC0415 - an answer in JSON needs no rich

    terminal = bool(sys.stdout and sys.stdout.isatty())
    plain = not terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    sheet = StringIO()
    Console(
        file=sheet,
        force_terminal=terminal,
        color_system=None if plain or detect_legacy_windows() else "auto",
        no_color=plain,
        width=width(),
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    ).print(value, crop=False)
    text = "\n".join(line.rstrip() for line in sheet.getvalue().split("\n"))
    write(text if terminal else text.translate(FRAMES))


def width() -> int:
    """Return how many columns there are."""
    return min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)


def answer(command: str, value: Any, *, as_json: bool, ok: bool = True) -> None:
    """Write a command's answer: the value for people, or the same as JSON."""
    if not as_json:
        show(value)
        return
    from popek.report.answer import json_text  # noqa: PLC0415 - only where it is asked for

    write(json_text(command, value.to_dict(), ok=ok))
