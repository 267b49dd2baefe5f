"""Configuring an ISA: what each instruction does in user mode, from a TOML text or from lists of names.

From text to data; who reads the files is `popek/files.py`, and `template.py` goes from data to text. All that is wrong
in a text is reported in one go, each problem with its place and the nearest valid name.
"""

from collections.abc import Callable, Iterable, Mapping

from attrs import evolve, field, frozen

from popek.errors import Place, PopekError, Problem, nearest
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.instruction import EXECUTES, IGNORED, TRAPS, InUser
from popek.isa.reader import Reader, type_name
from popek.isa.toml import printable, read
from popek.language.phrase import say

DEFAULT_BASE = "classic"
"""What a file extends if it does not say."""

CLASSES = ("critical", "privileged", "sensitive", "user-sensitive")
PROPERTIES = ("equivalence", "resource-control", "efficiency", "isolation")
THEOREMS = {"theorem-1": 1, "theorem-2": 2, "theorem-3": 3}
MONITORS = (
    "trap-and-emulate",
    "hybrid",
    "interpreter",
    "translation",
    "translation-full",
    "paravirtual",
    "paravirtual-unported",
    "hardware-assisted",
)
"""What an `[expect]` table may speak of. Monitors belong to a layer above; their names are part of the format."""

_TOP = ("name", "extends", "title", "doc", "user", "expect")
_VALUES = {v.value: v for v in InUser}

Resolve = Callable[[str], Isa]
"""Finds what a file extends, or raises `PopekError`; a problem without a place gets that of the name."""


@frozen
class Expectation:
    """What an author expects of an ISA, to be graded against the proof; what is not mentioned is left open.

    `classes` maps a class, such as "critical" or "user_sensitive", to its exact members. `properties` maps a monitor's
    name to its properties, such as "resource_control". Keys are spelled as in JSON answers.
    """

    theorems: Mapping[int, bool] = field(factory=dict)
    classes: Mapping[str, frozenset[str]] = field(factory=dict)
    properties: Mapping[str, Mapping[str, bool]] = field(factory=dict)


def resolve_shipped(name: str) -> Isa:
    """Return the shipped ISA of that name or alias; raise `PopekError` with the nearest name if there is none."""
    isa = shipped.find(name)
    if isa is None:
        hint = nearest(name, shipped.known()) or say(
            "`popek isa` lists what is shipped; a file's name ends in .toml or .py"
        )
        raise PopekError(Problem(say("there is no ISA `{name}`", name=printable(name)), hint=hint))
    return isa


def parse(
    text: str, file: str, *, name: str = "", resolve: Resolve = resolve_shipped
) -> tuple[Isa, Expectation | None]:
    """Return the ISA that a TOML text configures, and what it expects of it, if anything.

    `file` is what errors call the text; `name` is the ISA's name if the text does not give one.
    """
    reader = Reader(read(text, file))
    if not reader.document.data:
        reader.complain(
            say("this sets nothing"), Place(file), say("`popek isa classic --toml` prints a file to start from")
        )
    base = _base(reader, resolve)
    _keys(reader, base)
    name = _name(reader) or (file if shipped.find(name) else name or file)
    changes = _user(reader, base)
    expectation = _expectation(reader, base)
    title, doc = (reader.get(str, key) or "" for key in ("title", "doc"))
    reader.finish()
    assert base is not None, "an ISA without a base is a problem, and was reported"
    return base.vary(name, changes, title=title, doc=doc), expectation


def _base(reader: Reader, resolve: Resolve) -> Isa | None:
    given = reader.get(str, "extends")
    try:
        return resolve(DEFAULT_BASE if given is None else given)
    except PopekError as error:
        place = reader.document.value("extends")
        reader.problems += [_seen_from(place, p) for p in error.problems]
        return None


def _seen_from(place: Place, problem: Problem) -> Problem:
    """Return a problem with what is extended, at the place that names it unless it is in a line of its own file."""
    if problem.place is None:
        return evolve(problem, place=place)
    if not problem.place.line:
        return evolve(problem, message=f"{problem.place.file}: {problem.message}", place=place)
    return problem


def _keys(reader: Reader, base: Isa | None) -> None:
    for key in reader.document.data:
        if key in _TOP:
            continue
        hint = nearest(key, _TOP)
        if base and key in base.by_name:
            hint = say("what an instruction does in user mode stands in the table [user]")
        reader.complain(say("there is no key `{name}`", name=printable(key)), reader.document.key(key), hint)


def _name(reader: Reader) -> str:
    name = reader.get(str, "name")
    if name is not None and not (name.strip() and name.isprintable()):
        reader.complain(
            say("a name is some text on one line"), reader.document.value("name"), say('for example: name = "mine"')
        )
    if name is not None and shipped.find(name):
        reader.complain(
            say("`{name}` is the name of an ISA that is shipped", name=printable(name)),
            reader.document.value("name"),
            say('call it something else, such as "my-{name}"', name=printable(name)),
        )
    return name or ""


def _user(reader: Reader, base: Isa | None) -> dict[str, InUser]:
    """Return the user-mode behaviours that the table [user] sets."""
    valid = ", ".join(f'"{v}"' for v in _VALUES)
    changes = {}
    if base:
        reader.only(base.by_name, "instruction", "user")
    for mnemonic, value in reader.table("user").items():
        if isinstance(value, str) and value in _VALUES:
            changes[mnemonic] = _VALUES[value]
        else:
            hint = nearest(value, _VALUES) if isinstance(value, str) else say("one of {valid}", valid=valid)
            place = reader.document.value("user", mnemonic)
            message = say(
                "in user mode `{name}` may be one of {valid}, not {type_name}",
                name=printable(mnemonic),
                valid=valid,
                type_name=type_name(value),
            )
            reader.complain(message, place, hint)
    return changes


def _expectation(reader: Reader, base: Isa | None) -> Expectation | None:
    """Return what the table [expect] says, if it is there and says something."""
    reader.only((*THEOREMS, *CLASSES, *MONITORS), "expectation", "expect")
    theorems = {number: reader.get(bool, "expect", key) for key, number in THEOREMS.items()}
    classes = {c: _members(reader, base, c) for c in CLASSES if c in reader.table("expect")}
    properties = {m: _properties(reader, m) for m in MONITORS if m in reader.table("expect")}
    expected = Expectation(
        {number: holds for number, holds in theorems.items() if holds is not None},
        {c.replace("-", "_"): members for c, members in classes.items()},
        {m: table for m, table in properties.items() if table},
    )
    return None if expected == Expectation() else expected


def _members(reader: Reader, base: Isa | None, name: str) -> frozenset[str]:
    members = reader.texts("expect", name)
    for member in members:
        if base and member not in base.by_name:
            index = (reader.get(list, "expect", name) or []).index(member)
            place = reader.document.value("expect", name, index)
            reader.complain(
                say("{base} has no instruction `{name}`", base=base.name, name=printable(member)),
                place,
                nearest(member, base.by_name) or say("`popek isa ISA` lists its instructions"),
            )
    return frozenset(members)


def _properties(reader: Reader, monitor: str) -> dict[str, bool]:
    reader.only(PROPERTIES, "property", "expect", monitor)
    found = {p: reader.get(bool, "expect", monitor, p) for p in PROPERTIES if p in reader.table("expect", monitor)}
    return {p.replace("-", "_"): holds for p, holds in found.items() if holds is not None}


def configure(isa: Isa, *, execute: Iterable[str] = (), ignore: Iterable[str] = (), trap: Iterable[str] = ()) -> Isa:
    """Return the ISA with other behaviours in user mode; itself if all lists are empty.

    Each item is an instruction's name or several with commas between them. The result is named by what was asked for,
    in a fixed order: `classic --execute jsu --ignore setie`.
    """
    options = {"--execute": (EXECUTES, execute), "--ignore": (IGNORED, ignore), "--trap": (TRAPS, trap)}
    problems: list[Problem] = []
    chosen: dict[str, str] = {}
    for option, (_, items) in options.items():
        for mnemonic, place in _split(option, items):
            before = chosen.setdefault(mnemonic, option)
            if mnemonic not in isa.by_name:
                message = (
                    say("{isa} has no instruction `{name}`", isa=isa.name, name=printable(mnemonic))
                    if mnemonic
                    else say("a name is missing")
                )
                hint = nearest(mnemonic, isa.by_name) or say("`popek isa ISA` lists its instructions")
                problems.append(Problem(message, place, hint if mnemonic else ""))
            elif before != option:
                message = say(
                    "`{mnemonic}` is given to {before} and to {option}", mnemonic=mnemonic, before=before, option=option
                )
                problems.append(
                    Problem(message, place, say("in user mode an instruction does one thing: leave one out"))
                )
    if problems:
        raise PopekError(*problems)
    if not chosen:
        return isa
    name = isa.name
    for option in options:
        names = sorted(m for m, o in chosen.items() if o == option)
        name += f" {option} {','.join(names)}" if names else ""
    return isa.vary(name, {mnemonic: options[option][0] for mnemonic, option in chosen.items()})


def _split(option: str, items: Iterable[str]) -> list[tuple[str, Place]]:
    """Return the names in comma lists, each with its place."""
    found = []
    for item in items:
        column = 1
        for part in item.split(","):
            blank = len(part) - len(part.lstrip())
            name = part.strip()
            shown = item if item.isprintable() else ""
            found.append((name, Place(option, 0, column + blank, shown, len(name))))
            column += len(part) + 1
    return found
