"""The program `popek`: its commands, and how every way to end becomes an exit status.

Commands are imported when they are asked for, so that `popek --help` costs no more than reading what it prints.
"""

import errno
import gc
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import click

from popek import __version__
from popek.cli.help import Context
from popek.cli.language import OPTION, chosen, configuration
from popek.cli.terminal import complain, note, silence, write
from popek.errors import PopekError, Problem, nearest
from popek.language.phrase import say
from popek.language.speaking import speaking, told

DONE, REFUTED, BAD_INPUT, OPEN, OUR_BUG, INTERRUPTED = 0, 1, 2, 3, 70, 130

NO_ROOM = {errno.ENOSPC, errno.EIO, errno.EFBIG}
"""What can go wrong with any writing, and is nobody's mistake."""

COMMANDS: Mapping[str, str] = {
    "verdict": say("Decide the theorems, and what a monitor can keep up, for an ISA."),
    "classify": say("Give each instruction's classes, with the states that show them."),
    "explain": say("Say why an instruction is what it is, with the states side by side."),
    "repair": say("Find the smallest sets of instructions to change so that something holds."),
    "lattice": say("Decide and count all configurations of the system instructions."),
    "prove": say("Prove, one by one, what has to be so of an ISA under a monitor."),
    "run": say("Run a guest on the bare machine or under a monitor."),
    "compare": say("Run a guest on both, side by side, up to the first divergence."),
    "debug": say("Step a guest on a screen, forwards and backwards."),
    "bench": say("Measure: loops on engines and peers, growth, the nanobenchmarks of Adams and Agesen."),
    "report": say("Write the verdicts as a page of HTML."),
    "quiz": say("Ask a question made from a seed, or answer it."),
    "grade": say("Mark a student's answers, guest, ISA or monitor, by proof."),
    "isa": say("List the ISAs, show one, or print a file to start from."),
    "guests": say("List the guest programs, or show one."),
    "systems": say("List the systems of history, or show one: structure, technique, machine."),
    "asm": say("Assemble a text to words."),
    "disasm": say("Disassemble words to a text."),
    "completion": say("Print the shell's completion script."),
}

TOUR = (
    ("popek run hello", say("a guest, on the bare machine")),
    ("popek run hello --monitor trap-and-emulate", say("the same, under a monitor")),
    ("popek verdict classic", say("is it virtualizable? by proof")),
    ("popek verdict classic --execute jsu", say("one instruction less privileged")),
    ("popek classify jrst1", say("which one is to blame, and why")),
    ("popek compare probe-jrst1 --isa jrst1", say("how a guest can tell")),
    ("popek isa classic --toml", say("a file to begin an ISA with")),
)


class Commands(click.Group):
    """The commands, each in a module of its own that binds `command`."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; nothing if there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"popek.cli.commands.{cmd_name}").command
        for one in (found, *(found.commands.values() if isinstance(found, click.Group) else ())):
            one.context_class = Context
            if OPTION not in one.params:
                one.params.append(OPTION)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant, or say which is nearest."""
        if not args[0].startswith("-") and args[0] not in COMMANDS and not ctx.resilient_parsing:
            hint = nearest(args[0], COMMANDS) or say("`popek --help` lists the commands")
            raise PopekError(Problem(say("there is no command `{name}`", name=args[0]), hint=hint))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section(say("Commands")):
            formatter.write_dl(list(COMMANDS.items()))


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        write(f"popek {__version__}\n")
        ctx.exit()


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done, 1 refuted, unexpected or diverged, 2 bad input, 3 not known, 70 a bug of ours.",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version and exit."
)
@click.pass_context
def popek(ctx: click.Context) -> int:
    """Simulate a hypervisor, and prove the Popek-Goldberg theorem."""
    if ctx.invoked_subcommand is None:
        formatter = ctx.make_formatter()
        formatter.write(f"popek {__version__}: {told(say('the Popek-Goldberg theorem, run and proved'))}\n\n")
        with formatter.indentation():
            formatter.write_dl(list(TOUR), col_max=44)
        more = told(say("All commands: popek --help"))
        formatter.write(f"\n{more}\n")
        write(formatter.getvalue())
    return DONE


popek.params.append(OPTION)


def main(arguments: Sequence[str], configuration: Path | None = None) -> int:
    """Run the program and return its exit status; a user's configuration is read where one is named."""
    try:
        tag = chosen(arguments, configuration)
    except PopekError as error:
        complain(error)
        return BAD_INPUT
    with speaking(tag):
        return _ended(arguments)


def _ended(arguments: Sequence[str]) -> int:
    """Do what is asked, and make an exit status of every way in which that can end."""
    try:
        return _invoke(arguments)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (PopekError, click.ClickException) as error:
        complain(error, f"popek {arguments[0]}" if arguments and arguments[0] in COMMANDS else "popek")
        return BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except OSError as error:
        return _unwritten(error)
    except Exception:  # noqa: BLE001 - whatever else is raised is a bug of ours, and is told as one
        return _confess()


def _invoke(arguments: Sequence[str]) -> int:
    instruction = os.environ.get("_POPEK_COMPLETE")
    if instruction:
        from click.shell_completion import shell_complete  # noqa: PLC0415 - only when a shell asks

        return shell_complete(popek, {}, "popek", "_POPEK_COMPLETE", instruction)
    with popek.make_context("popek", list(arguments)) as ctx:
        status: int = popek.invoke(ctx)
    return status


def _unwritten(error: OSError) -> int:
    """Say why an answer could not be written; a closed pipe is silent, and anything else a bug of ours."""
    if isinstance(error, BrokenPipeError):
        silence(sys.stdout)
        return DONE
    if error.errno not in NO_ROOM:
        return _confess()
    silence(sys.stdout)
    complain(PopekError(say("the output cannot be written: {strerror}", strerror=error.strerror)))
    return BAD_INPUT


def _confess() -> int:
    if sys.stderr is not None:
        traceback.print_exc()
        note(f"popek {__version__}: {told(say('this is a bug in popek; please report it with the lines above'))}")
    return OUR_BUG


OBJECTS_BETWEEN_COLLECTIONS = 200_000
"""What is proved is large and lives long: to look through it for cycles as often as Python does costs a tenth."""


def run() -> None:
    """Run the program on the command line's arguments and exit."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    status = main(sys.argv[1:], configuration())
    gc.freeze()  # what there is ends with the process, and need not be looked through once more
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            silence(stream)
    sys.exit(status)
