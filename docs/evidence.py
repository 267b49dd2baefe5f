"""What popek computes of an architecture, as parts of its page: verdicts, blame, repair, witnesses, literature."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from manual import code, prose, table

from popek.isa.architecture import Isa
from popek.isa.catalogue._literature import Statement
from popek.isa.shipped import find
from popek.prove import repair as repairing
from popek.prove.classes import Showing, classify
from popek.prove.decide import decide, find_witness
from popek.prove.guest_witness import Witness
from popek.prove.properties import prove
from popek.prove.theorems import theorem_1, theorem_3
from popek.prove.values import PROPERTIES, Classes, IsaVerdict, PropertyVerdict, Status, TheoremVerdict
from popek.report.marks import SIGNS
from popek.report.verdicts import FAILS, HOLDS, MOST_BLAMED
from popek.vmm.monitor import TRAP_AND_EMULATE

ROOT = Path(__file__).parents[1]
SHOWN_BY = ("equivalence", "resource_control")


def marked(text: str) -> str:
    """Return a text in which whatever was not verified is seen to be so."""
    return re.sub(r"\bunverified\b", "**unverified**", text)


def named(names: Iterable[str]) -> str:
    """Return mnemonics as a list, or that there are none."""
    return ", ".join(f"`{n}`" for n in names) or "none"


@cache
def classes_of(name: str) -> tuple[Classes, ...]:
    """Return the classes of an ISA's instructions, without the states that show them."""
    return classify(shipped(name), showing=Showing.NOTHING)


@cache
def decided(name: str) -> IsaVerdict:
    """Return the verdict on an ISA, made once."""
    return decide(shipped(name))


def shipped(name: str) -> Isa:
    """Return an ISA that is known to be there."""
    found = find(name)
    assert found is not None, name
    return found


def theorems_of(name: str) -> tuple[TheoremVerdict, TheoremVerdict]:
    """Return the verdicts on theorems 1 and 3."""
    known = classes_of(name)
    return theorem_1(known), theorem_3(known)


def sign(status: Status) -> str:
    """Return a status as a sign and a word."""
    shown, word, _ = SIGNS[status]
    return f"{shown} {word}"


def verdicts(isa: Isa) -> Iterator[str]:
    """Write the theorems, and the properties under each monitor."""
    found = decided(isa.name)
    yield from prose("## Verdicts", f"`popek verdict {isa.name}` computes them.")
    yield from table(("theorem", "premise", ""), ((n, sign(t.status), _premise(t)) for n, t in found.theorems.items()))
    heads = ("monitor", *(p.replace("_", " ") for p in PROPERTIES))
    rows = ((m.name, *(sign(getattr(m, p).status) for p in PROPERTIES)) for m in found.monitors)
    yield from table(heads, rows)
    yield from _reasons(found)


def _premise(theorem: TheoremVerdict) -> str:
    if theorem.holds:
        return HOLDS[theorem.number]
    if theorem.blame:
        return FAILS[theorem.number] + named(theorem.blame)
    return theorem.reason or "not decided"


def _reasons(found: IsaVerdict) -> Iterator[str]:
    """Write, once for each, why something is not proved, and where."""
    places: dict[tuple[Status, tuple[str, ...], str], list[str]] = {}
    for monitor in found.monitors:
        for name in PROPERTIES:
            verdict: PropertyVerdict = getattr(monitor, name)
            if verdict.status not in (Status.PROVED, Status.NOT_APPLICABLE):
                key = verdict.status, verdict.blame, verdict.reason
                places.setdefault(key, []).append(f"{name.replace('_', ' ')} under {monitor.name}")
    for (status, blame, reason), where in places.items():
        by = named(blame[:MOST_BLAMED]) + (f" and {len(blame) - MOST_BLAMED} more" if blame[MOST_BLAMED:] else "")
        yield f"- {', '.join(where)}: {status.value}, by {by}" + (f"; {reason}." if reason else ".")
    if places:
        yield ""
    for monitor in found.monitors:
        if not monitor.equivalence.holds and any(b.startswith("event:") for b in monitor.equivalence.blame):
            program = getattr(monitor.equivalence.witness, "program", "")
            yield from prose(f"A program that shows it, under {monitor.name}:")
            yield from code(program.rstrip().splitlines())


@cache
def _sentences(name: str) -> Mapping[str, Mapping[str, str]]:
    """Return, by instruction and kind, why it is sensitive, as a process says it that was asked nothing before.

    Which states the solver finds depends on what else it was asked, and the sentence on the states.
    """
    done = subprocess.run(  # noqa: S603 - popek itself
        [sys.executable, "-m", "popek", "classify", name, "--json"],
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
    )
    decided_there = json.loads(done.stdout)["instructions"]
    return {i["name"]: {kind: w["says"] for kind, w in i["witnesses"].items()} for i in decided_there}


def blame(isa: Isa) -> Iterator[str]:
    """Write why each critical instruction is one: a sentence for each kind, from states that were replayed."""
    yield from prose("## Blame")
    critical = [c for c in classes_of(isa.name) if c.critical]
    if not critical:
        yield from prose("Nobody: whatever is sensitive is privileged.")
        return
    yield from prose(f"`popek explain {isa.name} INSTRUCTION` shows the states behind each sentence.")
    for c in critical:
        grade = "also between user-mode states alone" if c.user_critical else "not between user-mode states alone"
        yield f"- `{c.name}` ({grade}): {isa[c.name].doc}"
        yield from (f"  - {kind}: {says}." for kind, says in _sentences(isa.name)[c.name].items())
    yield ""


def repairs(isa: Isa) -> Iterator[str]:
    """Write the minimal repairs."""
    yield from prose("## The smallest repairs", f"`popek repair {isa.name}` finds them, and proves each anew.")
    found = repairing.repair(isa).repairs
    rows = ((repairing.named(r.goal), r.remedy.value, _repair(r)) for r in found)
    yield from table(("so that this holds", "by this", "change"), rows)


def _repair(found: repairing.Repair) -> str:
    if found.before is Status.PROVED:
        return "nothing: it holds as it is"
    if found.instructions is None:
        return f"no set of instructions does; in the way: {named(found.in_the_way)}"
    return named(found.instructions) + (" (none can be spared)" if found.minimal else "")


@cache
def witness(name: str, critical: str) -> tuple[tuple[str, Witness | None], ...]:
    """Return, for each property that an instruction refutes under trap-and-emulate, a program that shows it."""
    isa, known = shipped(name), classes_of(name)
    proof = prove(isa, TRAP_AND_EMULATE, known)
    found = []
    for prop in SHOWN_BY:
        refuted = [d for d in proof.of(prop) if d.status is Status.REFUTED and d.obligation.blame == critical]
        if refuted:
            found.append((prop, find_witness(isa, TRAP_AND_EMULATE, known, refuted)))
    return tuple(found)


def witnesses(isa: Isa, base: Isa | None) -> Iterator[str]:
    """Write a guest program for each critical instruction, or that none was found; what a base has is there."""
    critical = [c.name for c in classes_of(isa.name) if c.critical]
    if not critical:
        return
    yield from prose(
        "## Programs that show it",
        f"Each was run on the bare machine and under {TRAP_AND_EMULATE.name}, and shrunk until nothing could be left "
        "out.",
    )
    inherited = [n for n in critical if base is not None and base.by_name.get(n) == isa[n]]
    found = {n: witness(isa.name, n) for n in critical if n not in inherited}
    lacking = [n for n, programs in found.items() if programs and not any(w for _, w in programs)]
    for name in (n for n in found if n not in lacking):
        yield from prose(f"### `{name}`")
        yield from _programs(found[name])
    if lacking:
        none = (
            "No proof goes through for these either, but the bounded search for short programs found none that shows it"
        )
        yield from prose(f"{none}: {named(lacking)}.")
    if inherited and base is not None:
        there = f"[its page]({base.name}.md#programs-that-show-it) has what was found"
        yield from prose(f"The same instructions as on `{base.name}`, and {there}: {named(inherited)}.")


def _programs(found: Sequence[tuple[str, Witness | None]]) -> Iterator[str]:
    if not found:
        yield from prose(
            "It is critical, and no proof fails by it: this monitor's virtual machine shows no difference."
        )
    for prop, program in found:
        what = prop.replace("_", " ").capitalize()
        if program is None:
            yield from prose(
                f"{what} is not proved, and the bounded search for short programs found none that shows it."
            )
        else:
            yield from prose(f"{what} fails: {program.says}.")
            yield from code(program.program.rstrip().splitlines())


def literature(isa: Isa, statements: Sequence[Statement]) -> Iterator[str]:
    """Write what the literature says beside what is computed, and why they differ where they do."""
    yield from prose("## The literature, and what is computed")
    if not statements:
        yield from prose("Nothing was found that says which of its instructions are sensitive and not privileged.")
        return
    first, third = theorems_of(isa.name)
    computed = {c.name for c in classes_of(isa.name) if c.critical}
    for each in statements:
        read = "The source was read." if each.verified else "**unverified**: the source itself was not read."
        yield from prose(f"**{marked(each.who)}**: {marked(each.where)}. {read}")
        said = None if each.critical is None else set(each.critical)
        rows: list[tuple[str, str, str]] = [
            ("theorem 1", _holds(each.theorem_1), _holds(first.holds)),
            ("theorem 3", _holds(each.theorem_3), _holds(third.holds)),
            ("critical", "not said" if each.critical is None else named(each.critical), named(sorted(computed))),
        ]
        if said is not None and said != computed:
            rows.append(("only there", named(sorted(said - computed)), ""))
            rows.append(("only here", "", named(sorted(computed - said))))
        yield from table(("", "said", "computed"), rows)
        if each.explained:
            yield from prose(f"The difference: {marked(each.explained)}")


def _holds(truth: bool | None) -> str:
    return {True: "holds", False: "fails", None: "not said"}[truth]
