"""`popek prove`: the obligations of an ISA under a monitor, one by one."""

import click
from attrs import evolve

from popek.cli import options
from popek.cli.progress import waiting
from popek.cli.terminal import answer
from popek.errors import PopekError
from popek.language.phrase import say
from popek.library import naming, proving, witness_files
from popek.library.naming import Changes
from popek.library.proving import CheckedProof
from popek.library.required import STATUS, Grade


@click.command("prove")
@click.argument("isa", shell_complete=options.complete_isa)
@click.option(
    "--monitor",
    metavar="M",
    default="trap-and-emulate",
    show_default=True,
    shell_complete=options.complete_monitor,
    help="The monitor: a name, or a .py file that binds `monitor`.",
)
@click.option(
    "--property",
    "properties",
    multiple=True,
    metavar="LIST",
    help="These alone: equivalence, resource-control, efficiency, isolation, independence.",
)
@options.changes
@options.literal
@click.option("--all", "full", is_flag=True, help="Show every obligation, also what is summarised otherwise.")
@click.option("--smt2", metavar="DIR", help="Write what the solver was asked to files there, as SMT-LIB 2.")
@click.option("--save", metavar="DIR", help="Write each guest that shows a refutation there, and a test that runs it.")
@click.option("--check", is_flag=True, help="Exit with 1 if something required is refuted, with 3 if it is not known.")
@click.option("--require", multiple=True, metavar="LIST", help="What --check requires, as `popek verdict` has it.")
@options.as_json
def command(
    *,
    isa: str,
    monitor: str,
    properties: tuple[str, ...],
    changes: Changes,
    literal: bool,
    full: bool,
    smt2: str | None,
    save: str | None,
    check: bool,
    require: tuple[str, ...],
    as_json: bool,
) -> int:
    """Prove, one by one, everything that has to be so of ISA under a monitor, for all programs and all states.

    Each obligation is a sentence, settled by structure or by the solver. What is refuted comes with a guest program
    that shows it.
    """
    asked = naming.chosen(isa, changes)
    if require and not check:
        raise PopekError(say("--require says what --check requires: give --check as well"))
    with waiting(say("proving")):
        proof = proving.prove(asked.isa, monitor, *properties, full=full)
    if smt2 is not None:
        with waiting(say("exporting")):
            proof = evolve(proof, exported=proving.export(proof, smt2))
    if save is not None:
        proof = evolve(proof, saved=witness_files.save(proof, asked.isa, isa, monitor, save))
    if not check:
        answer("prove", proof, as_json=as_json)
        return 0
    found = CheckedProof(proof, proving.check([asked], literal=literal, monitor=monitor, require=require).check)
    answer("prove", found, as_json=as_json, ok=found.check.grade is Grade.MET)
    return STATUS[found.check.grade]
