"""`popek grade`: mark a student's file by proof."""

import click

from popek.cli import options
from popek.cli.progress import waiting
from popek.cli.terminal import answer
from popek.exercises import grading
from popek.language.phrase import say
from popek.library.naming import Changes
from popek.library.required import DEFAULT_MONITOR


@click.command("grade")
@click.argument("file")
@click.option("--isa", metavar="ISA", shell_complete=options.complete_isa, help="The machine of a guest or a monitor.")
@options.changes
@options.literal
@click.option(
    "--monitor",
    metavar="M",
    default=DEFAULT_MONITOR,
    shell_complete=options.complete_monitor,
    help="What a guest has to notice (trap-and-emulate).",
)
@options.as_json
def command(*, file: str, isa: str | None, changes: Changes, literal: bool, monitor: str, as_json: bool) -> int:
    """Mark FILE: answers or an ISA (.toml), a guest that has to notice its monitor (.s), or a monitor (.py).

    Answers are found anew, guests are run, ISAs with their [expect] and monitors are proved. A .py file is code: it
    runs in a process of its own, with limits on time and memory, and with your rights. Exit status: 0 all right, 1
    something wrong, 3 something not known.
    """
    with waiting(say("marking")):
        found = grading.grade(file, isa=isa, changes=changes, literal=literal, monitor=monitor)
    answer("grade", found, as_json=as_json, ok=found.passed)
    return found.status
