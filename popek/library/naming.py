"""What a user names, found: an ISA or a group of them, a guest, a monitor, an engine."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from attrs import evolve, frozen

from popek import files
from popek.engine import tiers
from popek.errors import Place, PopekError, Problem, nearest
from popek.guests import library as guests
from popek.guests import nested
from popek.guests.guest import Guest
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.configuration import Expectation, configure
from popek.isa.control_block import rooted
from popek.isa.program import Program
from popek.isa.toml import printable
from popek.language.phrase import say
from popek.vmm import monitor as monitors
from popek.vmm import rings
from popek.vmm.monitor import Monitor

NamedIsa = Isa | str | Path
NamedGuest = Guest | Program | str | Path

GROUPS = ("variants", "catalogue")
"""Names that stand for several ISAs."""

SOURCE, PYTHON = ".s", ".py"
HOSTING = f"{nested.MONITOR}:"


@frozen
class Changes:
    """What instructions do in user mode, other than the ISA says; each item a name, or several with commas."""

    execute: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    trap: tuple[str, ...] = ()

    def of(self, isa: Isa) -> Isa:
        """Return an ISA with these changes; itself if there are none."""
        return configure(isa, execute=self.execute, ignore=self.ignore, trap=self.trap)


AS_IT_IS = Changes()


@frozen
class Chosen:
    """An ISA that was asked for, and what its file, if it has one, expects of it."""

    isa: Isa
    expectation: Expectation | None = None


def isa(named: NamedIsa) -> Isa:
    """Return an ISA by its name or from its file; itself if it is one."""
    return named if isinstance(named, Isa) else files.load(named)


def chosen(named: NamedIsa, changes: Changes = AS_IT_IS) -> Chosen:
    """Return an ISA by its name or from its file, changed."""
    found, expectation = (named, None) if isinstance(named, Isa) else files.load_isa(named)
    return Chosen(changes.of(found), expectation)


def every(named: Iterable[NamedIsa], changes: Changes = AS_IT_IS) -> tuple[Chosen, ...]:
    """Return ISAs by their names, or by the names of groups, changed.

    Without any name: `classic`, and, unless something is to be changed, the catalogue by year.
    """
    groups: Mapping[str, Callable[[], tuple[Isa, ...]]] = {
        "variants": shipped.variants,
        "catalogue": shipped.catalogue,
    }
    wanted = tuple(named) or (*shipped.bases()[:1], *(shipped.catalogue() if changes == AS_IT_IS else ()))
    spread = [i for w in wanted for i in (groups[w]() if isinstance(w, str) and w in groups else (w,))]
    return tuple(chosen(i, changes) for i in spread)


def guest(named: NamedGuest) -> Guest:
    """Return a shipped guest by its name, or the one in a .s file (`-`: on standard input); itself if it is one.

    `vmm:NAME` is the monitor in assembly with that guest, `vmm:NAME,NAME` with two, and `vmm:vmm:NAME` hosts itself.
    """
    if isinstance(named, Guest):
        return named
    if isinstance(named, Program):
        return guests.parse(named.source, named.file)
    name = str(named)
    if name.startswith(HOSTING):
        depth, hosted = _above(name)
        return nested.hosting(*map(guest, hosted.split(",")), depth=depth)
    if name == files.STDIN:
        return guests.parse(files.read_text(name), say("standard input"))
    if name.endswith(SOURCE):
        return guests.parse(files.read_text(name), printable(name, 200))
    if name not in guests.names() and (isinstance(named, Path) or "/" in name or Path(name).is_file()):
        hint = say("a guest is a shipped guest's name or a file whose name ends in {source}", source=SOURCE)
        raise PopekError(Problem(say("there is no guest `{name}`", name=printable(name)), hint=hint))
    return guests.find(name)


def _above(name: str) -> tuple[int, str]:
    """Return how many monitors a name puts above its guests, and these."""
    depth, hosted = 0, name
    while hosted.startswith(HOSTING):
        depth, hosted = depth + 1, hosted.removeprefix(HOSTING)
    return depth, hosted


def program(named: NamedGuest, found: Guest, on: Isa) -> Program:
    """Return a guest's words for an ISA; a program that is assembled already stays as it is.

    Raise `PopekError` if there is something wrong in it, or nothing at all.
    """
    ready = named if isinstance(named, Program) else assemble(found.source, rooted(on), file=found.file)
    if not ready.words:
        hint = say("the least is `halt`")
        raise PopekError(Problem(say("there are no words in this program"), Place(found.file), hint))
    return ready


def monitor(named: Monitor | str | Path, *isas: Isa) -> Monitor:
    """Return a monitor by its name or from its .py file, which is code; itself if it is one.

    Raise `PopekError` unless all its parts are about what these ISAs have.
    """
    name = str(named)
    if isinstance(named, Monitor):
        found = named
    elif name.endswith(PYTHON):
        found = files.load_bound(name, "monitor", Monitor)
    else:
        found = rings.find(printable(name), *isas)
    try:
        for each in isas:
            found.check_parts(each)
    except PopekError as error:
        place = Place(printable(name, 200)) if name.endswith(PYTHON) else None
        raise PopekError(*(p if p.place else evolve(p, place=place) for p in error.problems)) from None
    return found


def asking(named: Monitor | str | Path | None, exits: Iterable[str]) -> Monitor:
    """Return a monitor that asks for more exits from guest mode: instructions, or causes of traps, or lists of them."""
    found = monitors.HARDWARE_ASSISTED if named is None else monitor(named)
    if not found.in_guest_mode:
        hint = say("the monitor `{hardware_assisted}` does", hardware_assisted=monitors.HARDWARE_ASSISTED.name)
        raise PopekError(
            Problem(say("{found} runs nothing in guest mode, and has no exits to choose", found=found.name), hint=hint)
        )
    asked = tuple(name.strip() for text in exits for name in text.split(","))
    return found.vary(found.name, doc=found.doc, controls=(*found.controls, *asked))


def check_engine(named: str) -> None:
    """Raise `PopekError` unless there is an engine of that name."""
    if named not in tiers.ENGINES:
        raise PopekError(
            Problem(say("there is no engine `{name}`", name=printable(named)), hint=nearest(named, tiers.ENGINES))
        )
    source = tiers.SOURCES.get(named)
    if source is not None and not source.available:
        hint = say(
            "it needs {needs}: `pip install popek[{named}]`; or take `auto`",
            needs=" and ".join(source.needs),
            named=named,
        )
        raise PopekError(Problem(say("the engine `{named}` is not available", named=named), hint=hint))
