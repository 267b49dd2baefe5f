"""`popek bench`: measurements."""

import click

from popek.cli import options
from popek.cli.terminal import answer


@click.group("bench")
def command() -> None:
    """Measure; what is measured is a command of its own."""


@command.command("nano")
@click.option("--costs", metavar="TABLE", help="What prices the cycles: a name or a .toml file (core2).")
@options.as_json
def nano(*, costs: str | None, as_json: bool) -> int:
    """Count and price the nanobenchmarks of Adams and Agesen (2006), beside the published figures.

    System call, port read, control-register write, call and return, memory trap, division by zero, and a write to a
    translated page: natively, under binary translation, and in guest mode.
    """
    from popek.library import nano as benchmark  # noqa: PLC0415 - only who asks for it waits for the monitors

    answer("bench", benchmark.nano(costs), as_json=as_json)
    return 0
