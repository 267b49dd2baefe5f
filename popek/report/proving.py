"""Proofs: the obligations by property and sentence, how each was settled, and the guests that show what is refuted."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType

from popek.language.phrase import listed, say, say_many
from popek.language.words import word
from popek.library.obligations import Obligations
from popek.library.proving import CheckedProof
from popek.prove.guest_witness import Witness
from popek.prove.obligation import Discharged, called
from popek.prove.values import PropertyVerdict, Status
from popek.report.comparing import divergence_drawn
from popek.report.drawing import (
    HEAD,
    QUIET,
    WIDE,
    drawing,
    hints,
    indented,
    section,
    stack,
    table,
    title,
)
from popek.report.marks import mark
from popek.report.speech import Text, lines
from popek.report.verdicts import LONGEST_PROGRAM, asked_as

MOST_WITNESSES = 3
"""Witnesses that are shown of each property, unless everything is."""


@drawing.register
def _proof(value: Obligations, width: int) -> RenderableType:
    if not value.discharged:
        reasons = [Text(p.reason) for p in value.properties.values()][:1]
        return stack(title(value.isa, value.monitor), mark(Status.NOT_APPLICABLE), *reasons)
    return stack(
        title(value.isa, value.monitor),
        indented(lines((value.doc, value.way))),
        *(part for name, verdict in value.properties.items() for part in _property(value, name, verdict, width)),
        _counts(value),
        section(say("what it rests on"), _list(value.assumptions)),
        hints(*_next(value)),
    )


@drawing.register
def _checked(value: CheckedProof, width: int) -> RenderableType:
    return stack(drawing(value.proof, width), drawing(value.check, width))


def _property(value: Obligations, name: str, verdict: PropertyVerdict, width: int) -> Iterator[RenderableType]:
    every = value.of(name)
    heading = Text(word(name) + "  ", style=HEAD).append_text(mark(verdict.status))
    solved = sum(d.how == "solver" for d in every)
    heading.append(
        "  "
        + say(
            "{count}, {solved} by the solver",
            count=say_many("{count:,} obligation", "{count:,} obligations", len(every)),
            solved=solved,
        ),
        style=QUIET,
    )
    yield heading
    summed = [] if value.full else [d for d in every if _plain(d, value.innocuous)]
    by_sentence: dict[str, list[Discharged]] = {}
    for each in every:
        if each not in summed:
            by_sentence.setdefault(each.obligation.says, []).append(each)
    failing = [[d for d in g if d.status is not Status.PROVED] for g in by_sentence.values()]
    yield from (_group(g, width) for g in failing if g)
    yield from _witnesses(value, name, width)
    if summed:
        count = len({d.obligation.blame for d in summed})
        text = say(
            "{instructions}: {obligations}, settled by structure",
            instructions=say_many("{count:,} innocuous instruction", "{count:,} innocuous instructions", count),
            obligations=say_many("{count:,} obligation", "{count:,} obligations", len(summed)),
        )
        drawn = table("", "")
        drawn.add_row(mark(Status.PROVED), Text(text))
        yield indented(drawn)
    proved = [[d for d in g if d.status is Status.PROVED] for g in by_sentence.values()]
    alone = [g[0] for g in proved if len(g) == 1]
    if alone:
        yield indented(_rows(alone, width, sentences=True))
    yield from (_group(g, width) for g in proved if len(g) > 1)


def _group(group: Sequence[Discharged], width: int) -> RenderableType:
    return indented(section(group[0].obligation.says, _rows(group, width), style="italic"))


def _witnesses(value: Obligations, name: str, width: int) -> Iterator[RenderableType]:
    witnesses = [w for w in value.witnesses if w.property == name]
    shown = witnesses if value.full else witnesses[:MOST_WITNESSES]
    yield from (indented(_witness(w, width)) for w in shown)
    if len(shown) < len(witnesses):
        yield indented(
            Text(say("and {count} more guests: --all shows them", count=len(witnesses) - len(shown)), style=QUIET)
        )


def _plain(one: Discharged, innocuous: frozenset[str]) -> bool:
    return one.status is Status.PROVED and one.how == "structure" and one.obligation.blame in innocuous


def _rows(group: Iterable[Discharged], width: int, *, sentences: bool = False) -> RenderableType:
    drawn = table("", "", "")
    for one in group:
        told = Text(called(one.obligation.name))
        if sentences:
            told = Text(one.obligation.says).append(say(" ({name})", name=called(one.obligation.name)), style=QUIET)
        if one.reason and (width >= WIDE or one.status is not Status.PROVED):
            told.append(say(": {reason}", reason=one.reason), style=QUIET)
        drawn.add_row(mark(one.status), told, Text(word(one.how), style=QUIET, no_wrap=True))
    return drawn


@drawing.register
def _witness(value: Witness, width: int) -> RenderableType:
    lines = value.program.rstrip().split("\n")
    program = "\n".join(lines[:LONGEST_PROGRAM] + (["..."] if len(lines) > LONGEST_PROGRAM else []))
    divergence = value.first_divergence
    return section(
        say("{blame}: a guest that shows it", blame=value.blame),
        stack(
            Text(program),
            Text(say("step {step}: {says}", step=value.step, says=value.says)),
            divergence_drawn(divergence, width) if divergence and value.property == "equivalence" else None,
        ),
    )


def _counts(value: Obligations) -> RenderableType:
    counts, solver = value.counts, value.solver
    statuses = (
        say("{count} {status}", count=counts[s.value], status=word(s.value)) for s in Status if s.value in counts
    )
    text = Text(
        say(
            "{obligations}: {structure} settled by structure, {evaluation} by evaluation, "
            "{solved} by {solver} {version}; {statuses}",
            obligations=say_many("{count:,} obligation", "{count:,} obligations", counts["obligations"]),
            structure=counts["structure"],
            evaluation=counts["evaluation"],
            solved=counts["solver"],
            solver=solver["name"],
            version=solver["version"],
            statuses=listed(statuses),
        )
    )
    exported, saved = value.exported, value.saved
    return stack(
        text,
        None
        if exported is None
        else Text(
            say(
                "{count} written, to be answered unsat where proved",
                count=say_many("{count:,} file", "{count:,} files", len(exported)),
            )
        ),
        None
        if saved is None
        else Text(
            say(
                "{count} written, guests and tests that run them",
                count=say_many("{count:,} file", "{count:,} files", len(saved)),
            )
        ),
    )


def _list(sentences: Iterable[str]) -> RenderableType:
    drawn = table("", "", gap=1)
    for sentence in sentences:
        drawn.add_row(Text("\N{MIDDLE DOT}", style=QUIET), Text(sentence))
    return drawn


def _next(value: Obligations) -> list[str]:
    monitor = value.monitor
    refuted = next((n for n, p in value.properties.items() if p.status is Status.REFUTED), "")
    name = asked_as(value.isa)
    if refuted:
        return [f"popek explain {name}"]
    return [f"popek verdict {name}"] if monitor else []
