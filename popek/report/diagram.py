"""The picture of an ISA's instruction classes, as SVG: two sets that overlap, with the mnemonics in them.

Privileged and sensitive instructions are drawn as two frames over one another. What lies in the second alone is
critical; what lies in neither, in the outer frame, is innocuous.
"""

from collections.abc import Iterator, Sequence

from attrs import frozen

from popek.language.phrase import in_sequence, listed, say, say_many
from popek.library.classification import Classification
from popek.prove.values import Classes, IsaVerdict, Verdict
from popek.report.drawing import pictured
from popek.report.picture import box, document, text

WIDTH, MARGIN, GAP = 1000, 16, 14
COLUMN = (WIDTH - 2 * MARGIN - 4 * GAP) // 3
CORNER = 14
LINE, CHARACTER = 20, 7.9
"""Height of a line of names, and the width that is allowed for a character of them."""

STYLE = (
    ".frame { fill: none; stroke-width: 2 }",
    ".all { stroke: var(--line) }",
    ".privileged { stroke: var(--blue); fill: var(--blue); fill-opacity: .08 }",
    ".sensitive { stroke: var(--orange); fill: var(--orange); fill-opacity: .08; stroke-dasharray: 8 4 }",
    ".none { opacity: .75 }",
    ".deep { font-weight: bold; text-decoration: underline }",
)


@frozen
class Regions:
    """The instructions of an ISA by where they lie; what the solver left open lies nowhere."""

    privileged: tuple[str, ...]
    both: tuple[str, ...]
    critical: tuple[str, ...]
    innocuous: tuple[str, ...]
    open: tuple[str, ...]


def regions(classes: Sequence[Classes]) -> Regions:
    """Sort instructions into the parts of the picture."""
    places: dict[tuple[bool | None, bool | None], list[str]] = {}
    for c in classes:
        places.setdefault((c.privileged, c.sensitive), []).append(c.name)

    def taken(*, privileged: bool, sensitive: bool) -> tuple[str, ...]:
        return tuple(places.pop((privileged, sensitive), ()))

    return Regions(
        privileged=taken(privileged=True, sensitive=False),
        both=taken(privileged=True, sensitive=True),
        critical=taken(privileged=False, sensitive=True),
        innocuous=taken(privileged=False, sensitive=False),
        open=tuple(n for names in places.values() for n in names),
    )


def _wrapped(names: Sequence[str], width: float) -> Iterator[list[tuple[float, str]]]:
    """Give lines of names, each with where it starts."""
    row: list[tuple[float, str]] = []
    at = 0.0
    for name in names:
        needs = len(name) * CHARACTER
        if row and at + needs > width:
            yield row
            row, at = [], 0.0
        row.append((at, name))
        at += needs + 1.5 * CHARACTER
    if row:
        yield row


def _block(names: Sequence[str], x: float, y: float, width: float, deep: Sequence[str] = ()) -> Iterator[str]:
    if not names:
        yield text(x, y, say("none"), "none")
    for row, names_there in enumerate(_wrapped(names, width)):
        for at, name in names_there:
            yield text(round(x + at, 1), y + row * LINE, name, "name deep" if name in deep else "name")


def _rows(names: Sequence[str], width: float) -> int:
    return max(1, sum(1 for _ in _wrapped(names, width)))


def _description(title: str, found: Regions) -> str:
    none = [say("none")]
    return in_sequence(
        say("{title}.", title=title),
        say("Privileged and not sensitive: {names}.", names=listed(found.privileged or none)),
        say("Privileged and sensitive: {names}.", names=listed(found.both or none)),
        say("Critical, that is sensitive and not privileged: {names}.", names=listed(found.critical or none)),
        say("Innocuous and not privileged: {names}.", names=listed(found.innocuous or none)),
    )


def diagram(name: str, title: str, classes: Sequence[Classes]) -> str:
    """Return the picture of an ISA's classes, as SVG."""
    found = regions(classes)
    deep = [c.name for c in classes if c.user_critical]
    columns = [MARGIN + GAP + n * (COLUMN + GAP) for n in range(3)]
    inner = COLUMN - GAP
    contents = (found.privileged, found.both, found.critical)
    top, names = 64, 64 + 58
    bottom = names + max(_rows(n, inner) for n in contents) * LINE
    wide = WIDTH - 2 * (MARGIN + GAP)
    below = bottom + 34
    height = below + LINE + _rows(found.innocuous, wide) * LINE + MARGIN + (LINE if deep else 0)
    frame = 2 * COLUMN + 2 * GAP + GAP / 2, bottom - top + 14
    lines = [
        box("frame all", (4, 4), (WIDTH - 8, height - 8), CORNER),
        text(
            columns[0],
            32,
            say_many("{name}: its only instruction", "{name}: all {count} instructions", len(classes), name=name),
            "title",
        ),
        box("frame privileged", (MARGIN, top - 14), frame, CORNER),
        box("frame sensitive", (columns[1] - GAP / 2, top - 6), frame, CORNER),
        text(columns[0], top + 10, say("PRIVILEGED"), "title"),
        text(columns[2], top + 18, say("SENSITIVE"), "title"),
    ]
    heads = (say("privileged, not sensitive"), say("sensitive and privileged"), say("critical: not privileged"))
    for x, head, content in zip(columns, heads, contents, strict=True):
        lines += [
            text(x, names - 22, say("{head} ({count})", head=head, count=len(content))),
            *_block(content, x, names, inner, deep),
        ]
    lines += [text(columns[0], below, say("INNOCUOUS, NOT PRIVILEGED ({count})", count=len(found.innocuous)), "title")]
    lines += _block(found.innocuous, columns[0], below + LINE, wide)
    if deep:
        note = say(
            "Bold and underlined: critical between user-mode states alone, too, so that theorem 3 fails as well."
        )
        lines.append(text(columns[0], height - MARGIN, note))
    return document(
        (WIDTH, height), say("Instructions of {name} by class", name=name), _description(title, found), lines, STYLE
    )


@pictured.register
def _classification(value: Classification) -> str | None:
    return diagram(value.isa, value.title, value.instructions) if len(value) > 1 else None


@pictured.register
def _one(value: IsaVerdict) -> str | None:
    return diagram(value.name, value.title, value.instructions) if value.instructions else None


@pictured.register
def _verdict(value: Verdict) -> str | None:
    return pictured(value.isas[0]) if len(value.isas) == 1 else None
