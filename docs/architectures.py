"""The pages of the catalogue, one for each architecture with a figure beside it, and their index, a timeline."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from evidence import blame, classes_of, literature, marked, named, repairs, sign, theorems_of, verdicts, witnesses
from manual import GENERATED, IN_USER, prose, table
from systems import anchor

from popek.guests import library
from popek.isa import catalogue, shipped
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC, INNOCUOUS
from popek.isa.instruction import Instruction, InUser
from popek.isa.slot import Array, Slot
from popek.library.systems_table import SYSTEMS
from popek.prove.values import Classes
from popek.report.diagram import diagram, regions

PLACE = Path(__file__).parent / "architectures"
INDEX = PLACE / "README.md"


@cache
def homes() -> Mapping[str, ModuleType]:
    """Return the module of each ISA of the catalogue."""
    names = [m.name for m in iter_modules(catalogue.__path__) if not m.name.startswith("_")]
    modules = [import_module(f"{catalogue.__name__}.{n}") for n in names]
    return {isa.name: module for module in modules for isa in module.ISAS}


def documents() -> Mapping[Path, Callable[[], str]]:
    """Return what is written, and how."""
    found: dict[Path, Callable[[], str]] = {INDEX: index}
    for isa in shipped.catalogue():
        found[PLACE / f"{isa.name}.md"] = partial(architecture, isa)
        found[PLACE / f"{isa.name}.svg"] = partial(_figure, isa)
    return found


def _figure(isa: Isa) -> str:
    return diagram(isa.name, isa.title, classes_of(isa.name))


def index() -> str:
    """Return the timeline."""
    text = prose(
        "# The architectures, by year",
        GENERATED,
        "Each is a model of a real machine's privileged architecture; its page says what is modelled, what is left "
        "out, and from which source. The verdicts are computed: `popek verdict` prints this table. Theorem 1 asks that "
        "whatever is sensitive be privileged, theorem 3 that whatever is user-sensitive be. What was built on them are "
        "[systems](../systems.md).",
    )
    heads = ("year", "architecture", "theorem 1", "theorem 3", "to blame", "what happened")
    return "\n".join((*text, *table(heads, _timeline())))


def _timeline() -> Iterator[tuple[str, ...]]:
    for isa in shipped.catalogue():
        first, third = theorems_of(isa.name)
        link = f"[{isa.title}]({isa.name}.md) (`{isa.name}`)"
        blamed = named(first.blame) if first.blame else ""
        yield str(isa.year), link, sign(first.status), sign(third.status), blamed, isa.story


def _base(isa: Isa) -> Isa | None:
    """Return the ISA of the catalogue on which another is a delta."""
    return shipped.find(isa.extends) if isa.extends is not None and isa.extends in homes() else None


def architecture(isa: Isa) -> str:
    """Return the page of an architecture."""
    home = homes()[isa.name]
    statements = shipped.literature(isa)
    parts = (
        _opening(isa),
        _model(isa, home),
        _state(isa),
        _instructions(isa),
        verdicts(isa),
        blame(isa),
        repairs(isa),
        witnesses(isa, _base(isa)),
        _history(isa),
        literature(isa, statements),
        _sources(isa),
    )
    return "\n".join(line for part in parts for line in part)


def _opening(isa: Isa) -> Iterator[str]:
    first, third = theorems_of(isa.name)
    aliases = f" Also called {named(isa.aliases)}." if isa.aliases else ""
    yield from prose(
        f"# {isa.title}, {isa.year}",
        GENERATED,
        f"[All architectures](README.md). Here it is `{isa.name}`.{aliases}",
        marked(isa.doc),
        f"Theorem 1: {sign(first.status)}. Theorem 3: {sign(third.status)}. To blame: {named(first.blame)}.",
    )


def _model(isa: Isa, home: ModuleType) -> Iterator[str]:
    file = f"{home.__name__.replace('.', '/')}.py"
    others = [n for n, m in homes().items() if m is home and n != isa.name]
    shared = f", which it shares with {', '.join(f'[`{n}`]({n}.md)' for n in others)}" if others else ""
    yield from prose(
        "## What is modelled, and what is left out",
        f"The model is [`{file}`](../../{file}){shared}. It says:",
        marked(inspect.getdoc(home) or ""),
        "It has the innocuous instructions of `classic` besides, so that [guests](../guests.md) run on it. In its own "
        f"mnemonics: {named(_guests(isa))}.",
    )


def _guests(isa: Isa) -> Iterator[str]:
    """Give the guests that are written for an architecture, or for what it is a delta on."""
    return (n for n in library.names() if library.find(n).isa in (isa.name, isa.extends))


def _state(isa: Isa) -> Iterator[str]:
    yield from prose(
        "## Modes and state",
        "There are two modes: 0 is supervisor mode, and everything else is user mode, the least privileged one."
        if isa.rings is None
        else "Mode 0 is supervisor mode, and everything else is user mode, of which there are several rings; "
        f"{named(s.name for s in isa.rings.least)} decide what each may touch.",
    )
    if isa.guest is not None:
        copies, exits = named(s.name for s in isa.guest.copies), named(isa.guest.exits)
        yield from prose(f"There is a guest mode besides, with copies of {copies}; it is left by {exits}.")
    own: list[Slot | Array] = [s for s in isa.slots if s not in CLASSIC.slots]
    own += [a for a in isa.arrays if a not in CLASSIC.arrays]
    if not own:
        yield from prose("Its state is that of [the machine](../isa.md#state), and nothing else.")
        return
    yield from prose("Besides the state of [the machine](../isa.md#state) it has its own:")
    rows = ((f"`{p}`", p.role.value, p.kind if p.role.value == "resource" else "", marked(p.doc)) for p in own)
    yield from table(("slot", "role", "kind", "meaning"), rows)


def _instructions(isa: Isa) -> Iterator[str]:
    known = classes_of(isa.name)
    found = regions(known)
    yield from prose(
        "## Instructions by class",
        f"![The instructions of {isa.name} as sets: privileged, sensitive, critical, innocuous.]({isa.name}.svg)",
        f"`popek classify {isa.name}` computes the classes. These are the instructions that are its own:",
    )
    own = [(i, c) for i, c in zip(isa.instructions, known, strict=True) if i not in INNOCUOUS]
    yield from table(("instruction", "class", "in user mode", "what it does", "source"), (_row(i, c) for i, c in own))
    if found.open:
        yield from prose(f"Not decided: {named(found.open)}.")


def _row(i: Instruction, c: Classes) -> tuple[str, ...]:
    user = IN_USER[i.in_user] if isinstance(i.in_user, InUser) else "a behaviour of its own"
    return f"`{f'{i.name} {i.operands}'.strip()}`", _class(c), user, marked(i.doc), marked(i.source)


def _class(c: Classes) -> str:
    if c.privileged is None or c.sensitive is None:
        return "not decided"
    kinds = f" ({', '.join(c.kinds)})" if c.kinds else ""
    sensitive = f"sensitive{kinds}" if c.sensitive else "innocuous"
    if c.critical:
        return f"**critical**{kinds}"
    return f"privileged, {sensitive}" if c.privileged else sensitive


def _history(isa: Isa) -> Iterator[str]:
    """Write what came of it: the systems built on it, and before and after, the architectures that are deltas."""
    base = _base(isa)
    after = [i for i in shipped.catalogue() if i.extends == isa.name]
    yield from prose("## What history did about it", f"{isa.story[0].upper()}{isa.story[1:]}.")
    if base is not None:
        yield f"- Before, {base.year}: [{base.title}]({base.name}.md). {marked(base.doc)}"
    yield from (f"- After, {i.year}: [{i.title}]({i.name}.md). {marked(i.doc)}" for i in after)
    for one in (s for s in SYSTEMS if isa.name in s.isas):
        link = f"[{one.name}](../systems.md#{anchor(one.name)})"
        yield f"- {link}, {one.year}, {one.technique}: {one.how}"
    yield ""


def _sources(isa: Isa) -> Iterator[str]:
    yield from prose("## Sources")
    yield from (f"- {marked(s)}" for s in isa.sources)
    yield ""
