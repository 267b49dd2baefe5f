"""One guest in each structure of a hypervisor: what is crossed, what it costs, and the way that a service goes."""

from rich.console import RenderableType

from popek.language.phrase import in_turn, say
from popek.language.speaking import told
from popek.language.words import word, words
from popek.library.structures import Structured, Structures
from popek.report.drawing import NARROW, QUIET, WIDE, drawing, hints, indented, section, stack, table, title
from popek.report.speech import Text
from popek.report.verdicts import asked_as
from popek.vmm.structure import GUEST, Part, Service, Structure

ARROW = " > "


@drawing.register
def _structures(value: Structures, width: int) -> RenderableType:
    run = value.run
    command = f"popek compare {run.guest} --isa {asked_as(run.isa)}"
    return stack(
        title(run.guest or "guest", run.isa, run.monitor or ""),
        section(say("what the monitor is wanted for, in any structure"), _services(value)),
        section(say("what that crosses"), _table(value, width)),
        section(say("the way of a service, from the guest and back"), _ways(value)),
        indented(Text(_said(value), style=QUIET)),
        hints(f"{command} --monitor {run.monitor} --structures --costs visionfive2", f"{command} --all"),
    )


def _services(value: Structures) -> RenderableType:
    drawn = table("", say("exits"), say("without an exit"))
    for service in Service:
        counts = value.served.exited[service], value.served.outside[service]
        drawn.add_row(Text(_FOR[service]), *(Text(f"{n:,}") for n in counts))
    for column in drawn.columns[1:]:
        column.justify = "right"
    return drawn


_FOR = {
    Service.PROCESSOR: say("an instruction or a trap"),
    Service.INTERRUPT: say("a real interrupt"),
    Service.DEVICE: say("a device"),
}


def _table(value: Structures, width: int) -> RenderableType:
    short = (say("switches of mode"), say("of worlds")) if width >= NARROW else ("modes", "worlds")
    more, most = width >= NARROW, width >= WIDE
    headings = (*([say("such as")] if more else []), *([say("in supervisor mode")] if most else []))
    drawn = table(say("structure"), *short, say("cycles"), *headings)
    for one in value.each:
        cells = [f"{one.crossed.modes:,}", f"{one.crossed.worlds:,}", f"{one.cycles:,}"]
        drawn.add_row(
            Text(word(one.structure.name), no_wrap=True),
            *(Text(c) for c in cells),
            *([Text(one.structure.examples)] if more else []),
            *([Text(_privileged(one))] if most else []),
        )
    for column in drawn.columns[1:4]:
        column.justify = "right"
    return drawn


def _privileged(one: Structured) -> str:
    return in_turn(p.name for p in one.structure.parts if p.supervisor)


def _ways(value: Structures) -> RenderableType:
    """Draw the paths; what runs in supervisor mode is in capitals, so that one sees each switch of mode."""
    drawn = table("", "", "")
    for one in value.each:
        before: str = word(one.structure.name)
        for path, services in _by_path(one.structure).items():
            names = [_marked(p) if p.supervisor else told(p.name) for p in (GUEST, *path, GUEST)]
            way = ARROW.join(names)
            wanted = say("all") if len(services) == len(Service) else words(services)
            drawn.add_row(Text(before, no_wrap=True), Text(wanted, style=QUIET), Text(way))
            before = ""
    return drawn


def _marked(part: Part) -> str:
    """Return a part's name in capitals, or in brackets where there are no capitals."""
    name = told(part.name)
    return (
        name.upper() if name.isascii() else f"\N{LEFT BLACK LENTICULAR BRACKET}{name}\N{RIGHT BLACK LENTICULAR BRACKET}"
    )


def _by_path(structure: Structure) -> dict[tuple[Part, ...], list[str]]:
    """Return which services go which way."""
    found: dict[tuple[Part, ...], list[str]] = {}
    for service in Service:
        found.setdefault(structure.paths[service], []).append(service.value)
    return found


def _said(value: Structures) -> str:
    return say(
        "In capitals: what runs in supervisor mode. Two switches of mode are the exit itself. A "
        "world is an address space with its registers. Without an exit, the way begins and ends "
        "where the monitor emulates. Cycles are a model: what was counted, at the prices of {costs} "
        "({title}), most of them assumed. What a switch leaves cold, and requests that are served "
        "together, are left out.",
        costs=value.costs.name,
        title=value.costs.title,
    )
