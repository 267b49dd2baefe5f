"""Which language the program speaks: what `--lang` says, else what the user's configuration says, else English.

The locale is not asked: what is printed depends on what somebody has written down, and on nothing that a shell, a
grader or a container happens to have set. Where a stream cannot take the language's characters, English is spoken.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import click
from click.shell_completion import CompletionItem

from popek.errors import Place, PopekError, Problem, nearest
from popek.language.phrase import say
from popek.language.speaking import ENGLISH, LANGUAGES, known

NAME = "--lang"

SAMPLE = {"zh-TW": "特權指令"}
"""Characters that a stream has to have, for a language to be worth speaking."""


def _complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    return [CompletionItem(tag) for tag in LANGUAGES if tag.startswith(incomplete)]


OPTION = click.Option(
    [NAME],
    metavar="TAG",
    expose_value=False,
    shell_complete=_complete,
    help="Speak English (en) or Traditional Chinese (zh-TW).",
)
"""What every command takes. It is obeyed before anything else is looked at, so that mistakes are told in it as well."""


def configuration() -> Path:
    """Return where a user's configuration is looked for."""
    return Path(click.get_app_dir("popek")) / "config.toml"


def chosen(arguments: Sequence[str], file: Path | None) -> str:
    """Return the language to speak; raise `PopekError` if one is asked for that popek does not speak."""
    tag = _asked(arguments)
    if tag is not None:
        return _known(tag, None) if _takes(tag) else ENGLISH
    tag = _configured(file) if file is not None and file.is_file() else ENGLISH
    return tag if _takes(tag) else ENGLISH


def _asked(arguments: Sequence[str]) -> str | None:
    """Return what `--lang` says, wherever it stands; nothing if it is not there, or has no value."""
    for at, argument in enumerate(arguments):
        if argument == "--":
            return None
        name, equals, value = argument.partition("=")
        if name == NAME:
            return value if equals else next(iter(arguments[at + 1 : at + 2]), None)
    return None


def _configured(file: Path) -> str:
    from popek.files import read_text  # noqa: PLC0415 - who has no configuration waits for no reader
    from popek.isa.reader import Reader  # noqa: PLC0415 - likewise
    from popek.isa.toml import read  # noqa: PLC0415 - likewise

    reader = Reader(read(read_text(file), str(file)))
    reader.only(("lang",), "key")
    tag = reader.get(str, "lang")
    reader.finish()
    return ENGLISH if tag is None else _known(tag, reader.document.value("lang"))


def _known(tag: str, place: Place | None) -> str:
    found = known(tag)
    if found is None:
        hint = nearest(tag, LANGUAGES)
        raise PopekError(Problem(say("popek does not speak `{tag}`", tag=tag), place, hint))
    return found


def _takes(tag: str) -> bool:
    """Say whether both streams have the characters of a language."""
    return all(_has(stream, SAMPLE.get(known(tag) or "", "")) for stream in (sys.stdout, sys.stderr))


def _has(stream: TextIO | None, sample: str) -> bool:
    try:
        sample.encode((stream and stream.encoding) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
