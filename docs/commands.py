"""The page of the commands: what each says of itself with `--help`, on 80 columns and in English."""

from collections.abc import Iterator

import click
from manual import GENERATED, code, prose

from popek.cli.main import COMMANDS, popek

COLUMNS = 78
"""So wide is a help text on a terminal of 80 columns."""


def commands_page() -> str:
    """Return the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield from prose(
        "# Commands",
        GENERATED,
        "Each command is a function of the library as well, mostly of the same name. Exit status: 0 done; 1 with "
        "`--check` when something required is refuted, when a guest's result is not the expected one, or when "
        "`compare` found a divergence; 2 bad input; 3 with `--check` when something required is unknown or "
        "vacuous; 70 a bug of popek's; 130 interrupted.",
    )
    yield from code(_help())
    for name in COMMANDS:
        yield from prose(f"## `popek {name}`")
        yield from code(_help(name))


def _help(*names: str) -> list[str]:
    context = click.Context(popek, info_name="popek", terminal_width=COLUMNS, **popek.context_settings)
    command: click.Command = popek
    for name in names:
        found = popek.get_command(context, name)
        assert found is not None, name
        command, context = found, click.Context(found, info_name=name, parent=context, terminal_width=COLUMNS)
    return command.get_help(context).rstrip().split("\n")
