"""Several guests on one real machine: what became of each, and what each has had of the time."""

from collections.abc import Callable
from fractions import Fraction

from rich.console import RenderableType

from popek.engine.stepper import Outcome
from popek.language.phrase import in_turn, say, say_many
from popek.language.words import word
from popek.library.hosting import Shared, Tenant
from popek.report.drawing import (
    NARROW,
    OPEN,
    QUIET,
    WIDE,
    drawing,
    indented,
    safe,
    section,
    stack,
    table,
    title,
)
from popek.report.marks import outcome
from popek.report.running import SENTENCES, dump_drawn
from popek.report.speech import Text

MOST_OUTPUT = 160
"""Characters of a guest's output that are shown; the end of it."""


@drawing.register
def _shared(value: Shared, width: int) -> RenderableType:
    many = say_many("{count:,} virtual machine", "{count:,} virtual machines", len(value.tenants))
    lost = say("{lost_by} has stopped the real processor, and with it all the others", lost_by=value.lost_by)
    return stack(
        title(value.isa, many, value.scheduler, say("quantum {quantum:,}", quantum=value.quantum)),
        indented(_machines(value, width)),
        indented(Text(_NOTE if width >= NARROW else _SHORT, style=QUIET)),
        section(say("printed"), _outputs(value)),
        outcome(good=False, text=lost) if value.lost_by else None,
        _expected(value),
        _statistics(value) if value.stats else None,
        *(section(t.name, dump_drawn(d, width)) for t in value.tenants for d in t.run.dumps),
    )


_SHORT = say("time: the part of the real time that it had, of all while it was there; wait: the longest, in ticks")
_NOTE = say(
    "time: the part of the real time that it had, of all while it was there, so that these need not add up to 100 %; "
    "due: the part that its shares come to; wait: the longest time that it was ready and others ran, in ticks"
)


def _machines(value: Shared, width: int) -> RenderableType:
    guests = len({t.run.guest for t in value.tenants}) > 1 or width >= NARROW
    more, most = width >= NARROW, width >= WIDE
    columns: dict[str, Callable[[Tenant], str | Text]] = {
        "vm": lambda t: t.name,
        **({"guest": lambda t: t.run.guest} if guests else {}),
        **({"monitor": lambda t: t.run.monitor or ""} if more else {}),
        **({"words": _words} if most else {}),
        "ended": _ended,
        "instr.": lambda t: f"{t.run.result.instructions:,}",
        **({"direct": lambda t: _percent(t.run.direct, t.run.result.instructions)} if most else {}),
        **({"exits": lambda t: f"{sum(t.run.exits.values()):,}"} if more else {}),
        **({"shares": lambda t: f"{t.account.shares:,}", "quanta": lambda t: f"{t.account.quanta:,}"} if most else {}),
        "time": lambda t: _part(t.account.share),
        **({"due": lambda t: _part(t.account.fair_share)} if more else {}),
        "wait": lambda t: f"{t.account.longest_wait:,}",
    }
    drawn = table(*columns)
    for tenant in value.tenants:
        cells = [cell(tenant) for cell in columns.values()]
        drawn.add_row(*(Text(c) if isinstance(c, str) else c for c in cells))
    for name, column in zip(columns, drawn.columns, strict=True):
        column.justify = "left" if name in ("vm", "guest", "monitor", "words", "ended") else "right"
        column.no_wrap = name not in ("guest", "monitor")
    return drawn


def _words(tenant: Tenant) -> str:
    place = tenant.run.allotment
    return f"{place.base:,} + {place.size:,}" if place else ""


def _ended(tenant: Tenant) -> Text:
    found = tenant.run.result.outcome
    return Text(word(found.value), style="" if found is Outcome.HALTED else OPEN)


def _percent(part: int, whole: int) -> str:
    return _part(Fraction(part, whole)) if whole else "\N{EN DASH}"


def _part(part: Fraction) -> str:
    return f"{100 * float(part):.1f} %"


def _outputs(value: Shared) -> RenderableType:
    """Draw what was printed, once for all that printed the same."""
    names: dict[str, list[str]] = {}
    for tenant in value.tenants:
        names.setdefault(tenant.run.output, []).append(tenant.name)
    drawn = table("", "")
    for output, who in names.items():
        text = safe(output)
        text = text if len(text) <= MOST_OUTPUT else "\N{HORIZONTAL ELLIPSIS}" + text[-MOST_OUTPUT:]
        told = Text(text.rstrip("\n")) if text.strip() else Text(say("nothing"), style=QUIET)
        drawn.add_row(Text(_listed(who), style=QUIET), told)
    return drawn


def _listed(names: list[str]) -> str:
    return (
        ", ".join(names) if len(names) <= 3 else say("{names} and {count} more", names=names[0], count=len(names) - 1)
    )


def _expected(value: Shared) -> RenderableType | None:
    held = [t for t in value.tenants if t.run.mismatches is not None]
    what = in_turn(say("{name}: {what}", name=t.name, what=m) for t in held for m in t.run.mismatches or ())
    if not held:
        return None
    return outcome(
        value.as_expected, say("not as expected: {what}", what=what) if what else say("as expected, each of them")
    )


def _statistics(value: Shared) -> RenderableType:
    causes = list(dict.fromkeys(c for t in value.tenants for c in t.run.exits))
    ways = list(dict.fromkeys(w for t in value.tenants for w in t.run.treated))
    exits = table(say("vm"), say("direct"), *ways, *causes)
    for tenant in value.tenants:
        run = tenant.run
        counts = [run.direct, *(run.treated.get(w, 0) for w in ways), *(run.exits.get(c, 0) for c in causes)]
        exits.add_row(Text(tenant.name), *(Text(f"{n:,}") for n in counts))
    for column in exits.columns[1:]:
        column.justify = "right"
    whole = table("", "")
    counted = [(say("real time"), value.clock), (say("switches"), value.switches)]
    counted += [(say("steps by {name}", name=name), steps) for name, steps in value.engines.items()]
    for name, count in counted:
        whole.add_row(Text(name), Text(f"{count:,}"))
    ends = table("", "")
    for tenant in value.tenants:
        ends.add_row(Text(tenant.name), Text(SENTENCES[tenant.run.result.outcome]))
    return stack(
        section(say("instructions by how they were run, and exits by cause"), exits),
        section(say("the real machine"), whole),
        section(say("how they ended"), ends),
    )
