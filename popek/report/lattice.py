"""The lattice as text: how many configurations keep what, and what each setting breaks."""

from collections.abc import Sequence

from rich.console import Group, RenderableType

from popek.language.phrase import both, in_turn, listed, say, say_many
from popek.language.words import word, words
from popek.prove.claim import THEOREM_1, THEOREM_3, Claim, of_monitor
from popek.prove.lattice import Lattice, Outcome, Setting, Soundness
from popek.prove.values import PROPERTIES
from popek.report.drawing import (
    BAD,
    GAP,
    HEAD,
    NARROW,
    QUIET,
    drawing,
    hints,
    indented,
    section,
    stack,
    table,
    title,
)
from popek.report.marks import outcome
from popek.report.speech import Text
from popek.report.verdicts import BRIEF, asked_as

LETTERS = {"equivalence": "E", "resource_control": "R", "efficiency": "F", "isolation": "I"}
MOST_OUTCOMES = 12


@drawing.register
def _lattice(value: Lattice, width: int) -> RenderableType:
    count = len(value.instructions)
    about = say(
        "{count}; in user mode each traps, executes, or is ignored",
        count=say_many("{count:,} system instruction", "{count:,} system instructions", count),
    )
    if value.configurations != 3**count:
        about += say(" (or keeps a behaviour of its own)")
    return stack(
        title(value.isa, value.title if value.title != value.isa else ""),
        indented(
            Text(
                say(
                    "{about}: {configurations}, all decided",
                    about=about,
                    configurations=say_many(
                        "{count:,} configuration", "{count:,} configurations", value.configurations
                    ),
                )
            )
        ),
        section(say("where the premise holds"), _theorems(value)),
        section(say("where the property holds"), _monitors(value, width)),
        section(say("the theorems, held against what they promise"), stack(*(_sound(s) for s in value.soundness))),
        section(say("what each setting breaks"), _settings(value, width)) if value.settings else None,
        section(say("outcomes, from where most is proved"), _outcomes(value)),
        hints(f"popek repair {asked_as(value.isa)}", f"popek explain {asked_as(value.isa)}"),
    )


def _theorems(value: Lattice) -> RenderableType:
    drawn = table("", "", "")
    for claim in (THEOREM_1, THEOREM_3):
        drawn.add_row(Text(claim.says), _number(value.count(claim)), _share(value.count(claim), value))
    return drawn


def _number(count: int) -> Text:
    return Text(f"{count:,}", no_wrap=True)


def _share(count: int, value: Lattice) -> Text:
    percent = 100 * count / value.configurations
    text = say("all") if count == value.configurations else say("none") if not count else f"{percent:.3g} %"
    return Text(say("under 0.001 %") if 0 < percent < 0.001 else text, style=QUIET, no_wrap=True)


def _monitors(value: Lattice, width: int) -> RenderableType:
    narrow = width < NARROW + 12
    headings = [BRIEF[p] if narrow else p.replace("_", " ") for p in PROPERTIES]
    drawn = table(say("monitor"), *headings, gap=1 if narrow else GAP)
    for monitor in value.monitors:
        counts = [value.count(c) for c in of_monitor(monitor)]
        cells = [Text(_short(c, value) if narrow else _long(c, value), no_wrap=True) for c in counts]
        drawn.add_row(Text(monitor, no_wrap=True), *cells)
    return drawn


def _long(count: int, value: Lattice) -> str:
    return say("all") if count == value.configurations else say("none") if not count else f"{count:,}"


def _short(count: int, value: Lattice) -> str:
    text = _long(count, value)
    return text if len(text) <= 9 else f"{count / 1e6:.3g}M"


def _sound(found: Soundness) -> RenderableType:
    promises = words([c.prop for c in found.promises])
    kept = say(
        "{says} holds in {holds}; {promises} under {monitor} are not all proved in {exceptions:,} of them",
        says=found.theorem.says,
        holds=say_many("{count:,} configuration", "{count:,} configurations", found.holds),
        promises=promises,
        monitor=found.promises[0].monitor,
        exceptions=found.exceptions,
    )
    beyond = say(
        "sufficient, not necessary: in {beyond} they are all proved as well",
        beyond=say_many("{count:,} other", "{count:,} others", found.beyond),
    )
    return Group(outcome(not found.exceptions, kept), indented(Text(beyond, style=QUIET)))


def _settings(value: Lattice, width: int) -> RenderableType:
    users = list(dict.fromkeys(s.user for s in value.settings))
    shown = ("trap-and-emulate", "hybrid")
    drawn = table("", *users, gap=1 if width < NARROW else GAP)
    for name in value.instructions:
        cells = {s.user: _broken(s, shown) for s in value.settings if s.instruction == name}
        drawn.add_row(Text(name, no_wrap=True), *(cells.get(u, Text("")) for u in users))
    legend = say(
        "1, 3: theorems; E equivalence, R resource control, I isolation, F efficiency, where lost. "
        "T: under {first}, H: under {second} (its efficiency aside). Bold: as the ISA has it.",
        first=shown[0],
        second=shown[1],
    )
    return stack(drawn, Text(legend, style=QUIET))


def _broken(setting: Setting, monitors: Sequence[str]) -> Text:
    words = "".join(str(c.theorem) for c in (THEOREM_1, THEOREM_3) if setting.blamed(c))
    for monitor, letter in zip(monitors, "TH", strict=True):
        lost = "".join(LETTERS[p] for p in PROPERTIES if _counts(monitor, p) and setting.blamed(Claim(0, monitor, p)))
        words += f" {letter}:{lost}" if lost else ""
    style = f"{HEAD} {BAD if words else ''}".strip() if setting.present else ""
    return Text(words.strip() or "\N{MIDDLE DOT}", style=style)


def _counts(monitor: str, prop: str) -> bool:
    return (monitor, prop) != ("hybrid", "efficiency")


def _outcomes(value: Lattice) -> RenderableType:
    drawn = table(say("configurations"), say("holds in all of them"), say("nearest to the ISA"))
    for found in value.outcomes[:MOST_OUTCOMES]:
        drawn.add_row(_number(found.count), Text(_held(found)), Text(_changes(found)))
    rest = len(value.outcomes) - MOST_OUTCOMES
    return stack(
        drawn,
        Text(
            say("and {rest} more: --json has all", rest=say_many("{count:,} outcome", "{count:,} outcomes", rest)),
            style=QUIET,
        )
        if rest > 0
        else None,
    )


def _held(found: Outcome) -> str:
    """Return what is proved, theorems and the safety of a monitor."""
    theorems = [str(c.theorem) for c in (THEOREM_1, THEOREM_3) if found.holds(c)]
    monitors = dict.fromkeys(c.monitor for c in found.statuses if c.monitor)
    safe = [m for m in monitors if found.holds(*of_monitor(m, "equivalence", "resource_control"))]
    parts = [say("theorem {theorems}", theorems=both(theorems))] if theorems else []
    parts += [say("E R under {safe}", safe=listed(safe))] if safe else []
    return in_turn(parts) or say("nothing")


def _changes(found: Outcome) -> str:
    return listed(say("{what} {how}", what=name, how=word(user)) for name, user in found.nearest.items()) or say(
        "the ISA itself"
    )
