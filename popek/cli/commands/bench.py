"""`popek bench`: measurements."""

import sys
from typing import Any

import click

from popek import files
from popek.cli import options
from popek.cli.help import paragraphs
from popek.cli.terminal import answer
from popek.errors import PopekError, Problem, nearest
from popek.language.phrase import Phrase, say
from popek.language.speaking import told
from popek.language.width import columns

TURNS, SECONDS = 5, 0.3
"""How often all is measured, and for about how long, unless somebody says otherwise."""


class Measurements(click.Group):
    """The measurements, each listed with the sentence that its page of help begins with."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them in the language that is spoken."""
        del ctx
        with formatter.section(say("Commands")):
            each = sorted(self.commands.items())
            formatter.write_dl([(name, Phrase(next(paragraphs(one.help or "")))) for name, one in each])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the measurement that is meant, or say which is nearest."""
        if not args[0].startswith("-") and args[0] not in self.commands:
            hint = nearest(args[0], self.commands)
            raise PopekError(Problem(say("there is no measurement `{name}`", name=args[0]), hint=hint))
        return super().resolve_command(ctx, args)


@click.group("bench", cls=Measurements, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> int:
    """Measure: `loops` (without a name), `exits`, `growth`, or `nano`."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(loops)
    return 0


_engine = click.option("--engine", metavar="NAME", help="One of popek's engines only.")
_turns = click.option(
    "--turns", type=options.Number(1, 1000), default=TURNS, help=f"How often everything is measured ({TURNS})."
)
_common = options.all_of(
    _engine,
    _turns,
    click.option("--svg", metavar="FILE", help="Draw a picture of it as well."),
    options.as_json,
)


@command.command("loops")
@click.option(
    "--seconds",
    type=click.FloatRange(0.001, 600),
    default=SECONDS,
    help=f"About how long each measurement takes ({SECONDS}).",
)
@click.option("--loop", "names", multiple=True, metavar="NAME", help="This one only; may be repeated.")
@click.option("--peers/--no-peers", default=True, help="Measure other people's machines too, where installed.")
@click.option("--techniques/--no-techniques", default=True, help="Measure virtual machines too.")
@_common
def loops(*, names: tuple[str, ...], peers: bool, **terms: Any) -> int:
    """Measure how fast three loops are on every engine, bare and under the techniques, and on peers.

    Peers are Unicorn, QEMU, gcc and tinyrv, where they are installed. All take turns, so that ratios are fair.
    """
    return _measure("loops", loops=names, with_peers=peers, **terms)


@command.command("exits")
@_engine
@_turns
@options.as_json
def exits(**terms: Any) -> int:
    """Measure what exits cost: each technique's own, and a guest's own supervisor call, bare and reflected."""
    return _measure("exits", svg=None, **terms)


@command.command("growth")
@click.option("--most", type=options.Number(10_000), help="Instructions of the longest run.")
@_common
def growth(**terms: Any) -> int:
    """Measure how time grows with the length of a run, and time and memory with the number of virtual machines."""
    return _measure("growth", **terms)


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


def _measure(name: str, *, svg: str | None, as_json: bool, **terms: Any) -> int:
    from popek.library import benching  # noqa: PLC0415 - only who asks for it waits for the monitors

    found = benching.bench(name, progress=_progress, **terms)
    _progress("")
    if svg is not None:
        from popek.report import plotting  # noqa: PLC0415 - only where it is asked for

        files.write_text(svg, plotting.plot(found))
    answer("bench", found, as_json=as_json)
    return 0


def _progress(what: str) -> None:
    """Say on a terminal what is being measured, in the place of what was said before."""
    if sys.stderr is not None and sys.stderr.isatty():
        line = told(what)[:70]
        sys.stderr.write(f"\r{line}{' ' * max(0, 70 - columns(line))}\r")
        sys.stderr.flush()
