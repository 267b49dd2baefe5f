"""Machines as they stand: registers, the PSW beside the real one, what comes next, and the map of real memory."""

from collections.abc import Iterable, Iterator

from rich.console import RenderableType

from popek.engine.machine import Machine
from popek.engine.reference import upcoming
from popek.engine.state import printed
from popek.engine.stepper import Stepper
from popek.isa.disassembler import disassemble_decoded
from popek.isa.slot import MODE, PC, REGISTERS, SUPERVISOR
from popek.language.phrase import in_sequence, in_turn, say, say_many
from popek.library.debugging import Session
from popek.library.memory_map import Part, memory_map
from popek.report.drawing import OPEN, QUIET, drawing, number, pictured, section, stack, table, title
from popek.report.picture import box, document, text
from popek.report.running import SENTENCES, output_drawn
from popek.report.speech import Text
from popek.vmm.host import Host
from popek.vmm.virtual_machine import VirtualMachine

Known = Machine | VirtualMachine


SHOWN = range(-3, 6)
"""Which words of code are shown, around the next instruction."""


@drawing.register
def _session(value: Session, width: int) -> RenderableType:
    del width
    return stack(*_heading(value.machine), section(say("code"), _code(value)), *_state(value.machine))


def _code(value: Session) -> RenderableType:
    drawn = table("", say("address"), say("instruction"), say("as written"))
    at = value.machine.state.slot(PC)
    for line in value.code():
        if line.address - at in SHOWN:
            mark = "\N{BLACK RIGHT-POINTING TRIANGLE}" if line.current else ""
            source = Text(" ".join(line.source.split()), style=QUIET)
            drawn.add_row(Text(mark), Text(f"{line.address:,}"), Text(line.text), source)
    drawn.columns[1].justify = "right"
    drawn.columns[2].no_wrap = True
    return drawn


@drawing.register
def _machine(value: Stepper, width: int) -> RenderableType:
    del width
    return stack(*_heading(value), *_state(value))


def _heading(value: Stepper) -> Iterator[RenderableType | None]:
    """Give what it is, what it has printed, and what comes next."""
    under = say("the bare machine")
    if isinstance(value, VirtualMachine):
        under = say("under {monitor}", monitor=value.monitor.name)
    yield title(
        value.isa.name,
        "" if isinstance(value, Host) else under,
        say_many("{count:,} step", "{count:,} steps", value.counts["steps"]),
    )
    yield output_drawn(printed(value.state))
    yield None if isinstance(value, Host) else Text(_now(value))


def _state(value: Stepper) -> Iterator[RenderableType | None]:
    """Give its state, slot by slot, and whose real memory is."""
    yield section(say("registers"), _registers(value))
    yield section(say("slots"), _slots(value))
    if isinstance(value, Known):
        yield section(say("real memory"), _memory(memory_map(value)))


def _now(value: Stepper) -> str:
    """Return in which mode it is, and what comes next."""
    if value.outcome is not None:
        return SENTENCES[value.outcome]
    state = value.state
    decoded = upcoming(value.isa, state)
    following = say("(a fault)") if decoded is None else disassemble_decoded(decoded, state.slot(PC))
    if state.slot(MODE) == SUPERVISOR:
        return say("supervisor mode, next: {following}", following=following)
    return say("user mode, next: {following}", following=following)


def _registers(value: Stepper) -> RenderableType:
    drawn = table(*[""] * 8)
    words = [value.state.element(REGISTERS, n) for n in range(16)]
    for row in range(4):
        cells = ((Text(f"r{n}", style=QUIET), Text(number(words[n]))) for n in range(row, 16, 4))
        drawn.add_row(*(c for pair in cells for c in pair))
    return drawn


def _slots(value: Stepper) -> RenderableType:
    real = value.real if isinstance(value, VirtualMachine) else None
    drawn = table(say("slot"), say("virtual"), say("real"), "") if real else table(say("slot"), say("value"))
    for slot in value.isa.slots:
        own, under = value.state.slot(slot), real.slot(slot) if real else None
        other = [Text(number(under)), Text(say("differs") if own != under else "", style=OPEN)] if real else []
        drawn.add_row(Text(slot.name), Text(number(own)), *other)
    for column in drawn.columns[1:3]:
        column.justify = "right"
    return drawn


def _memory(parts: Iterable[Part]) -> RenderableType:
    drawn = table(say("from"), say("words"), say("whose"))
    for part in parts:
        drawn.add_row(Text(f"{part.start:,}"), Text(f"{part.size:,}"), Text(part.what))
    for column in drawn.columns[:2]:
        column.justify = "right"
    return drawn


WIDTH, LEFT, BAR, ROW, TOP = 640, 90, 150, 34, 44
STYLE = (
    ".part { fill: none; stroke: var(--line); stroke-width: 1.5 }",
    ".window { fill: var(--blue); fill-opacity: .15; stroke: var(--blue); stroke-width: 2.5 }",
    ".owned { stroke: var(--orange); stroke-width: 3; fill: none }",
)


@pictured.register
def _session_map(value: Session) -> str | None:
    return pictured(value.machine)


@pictured.register(Machine)
@pictured.register(VirtualMachine)
def state_map(value: Known) -> str:
    """Return the state map as SVG: real memory from the top down, a row for each part, not to scale; R, and the pc."""
    parts = memory_map(value)
    virtual = isinstance(value, VirtualMachine)
    height = TOP + ROW * len(parts) + 28
    end = parts[-1].start + parts[-1].size
    heading = say("{isa}: real memory, {size:,} words, not to scale", isa=value.isa.name, size=end)
    lines = [text(16, 22, heading, "title"), *_rows(value, parts)]
    guests = [n for n, p in enumerate(parts) if p.what.startswith("the guest's")]
    if guests:
        top, size = TOP + ROW * guests[0], ROW * len(guests)
        lines.append(f'<path class="owned" d="M{LEFT - 8} {top + 2}V{top + size - 2}"/>')
    lines.append(text(LEFT - 14, TOP + ROW * len(parts) + 4, f"{end:,}", "end"))
    rows = in_turn(
        say("{size:,} words from {start:,}: {whose}", size=p.size, start=p.start, whose=p.what) for p in parts
    )
    name = say("State map of {isa}", isa=value.isa.name)
    if virtual:
        name = say("State map of {isa} under a monitor", isa=value.isa.name)
    description = in_sequence(say("{sentence}.", sentence=rows), say("{sentence}.", sentence=_now(value)))
    return document((WIDTH, height), name, description, lines, STYLE)


def _rows(value: Known, parts: list[Part]) -> Iterator[str]:
    first = value.allotment.base if isinstance(value, VirtualMachine) else 0
    window = next((p.start for p in parts if p.in_window), first)
    at = window + value.state.slot(PC)
    for row, part in enumerate(parts):
        y = TOP + ROW * row
        yield box("part window" if part.in_window else "part", (LEFT, y), (BAR, ROW))
        yield text(LEFT - 14, y + 4, f"{part.start:,}", "end")
        here = part.in_window and part.start <= at < part.start + part.size
        said = say("{whose} ({size:,} words)", whose=part.what, size=part.size)
        if here:
            said = say("{part}; \N{BLACK LEFT-POINTING TRIANGLE} pc at {address:,}", part=said, address=at)
        yield text(LEFT + BAR + 14, y + 22, said)
