"""`popek debug`: step a guest on a screen of its own."""

import sys
from typing import Any

import click

from popek.cli import options
from popek.errors import PopekError, Problem
from popek.language.phrase import say
from popek.library import naming
from popek.library.debugging import debug
from popek.library.naming import Changes


@click.command("debug")
@click.argument("guest", shell_complete=options.complete_guest)
@click.option("--monitor", metavar="M", shell_complete=options.complete_monitor, help="Under this monitor.")
@options.unread_isa
@options.machine
def command(*, guest: str, monitor: str | None, isa: str | None, changes: Changes, machine: dict[str, Any]) -> int:
    """Step GUEST forwards and backwards on a screen: code, registers, both machines' state, exits as they happen.

    Needs Textual, which the extra `debug` brings. Keys stand at the bottom of the screen.
    """
    try:
        from popek.cli.debugger.app import Debugger  # noqa: PLC0415 - an extra, and only this command needs it
    except ImportError as error:
        hint = say("install popek with its extra `debug`; `popek run GUEST --trace FILE` needs none")
        raise PopekError(Problem(say("the debugger needs Textual ({error})", error=error), hint=hint)) from None
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        raise PopekError(
            Problem(say("the debugger needs a terminal"), hint=say("`popek run GUEST --trace FILE` needs none"))
        )
    found = naming.guest(guest)
    on = naming.chosen(found.isa if isa is None else isa, changes).isa
    machine.pop("max_steps")
    Debugger(debug(found, isa=on, monitor=monitor, **machine)).run()
    return 0
