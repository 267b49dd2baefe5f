"""What each pane of the debugger shows, as text: marks and words, colour only on top of them."""

from popek.engine.reference import Kind
from popek.engine.stepper import Record
from popek.language.phrase import Phrase, listed, say
from popek.language.speaking import told
from popek.language.width import filled
from popek.language.words import word, words
from popek.library.debugging import Line, Session
from popek.library.memory_map import Part
from popek.report.drawing import BAD, HEAD, OPEN, QUIET, number
from popek.report.speech import Text, stacked

EVENTS = 12
"""Traps, interrupts and exits that are shown, the last ones."""

BAR = 8
"""Columns of the largest part of memory."""


def code(session: Session) -> Text:
    """Return the code around the next instruction; `>` is next, `*` a breakpoint."""
    return stacked(_line(line) for line in session.code()) or Text(say("(the pc is outside R)"))


def _line(line: Line) -> Text:
    text = f"{'>' if line.current else ' '}{'*' if line.breakpoint else ' '} {line.address:5} {line.text}"
    comment = line.source.partition(";")[2].strip()
    drawn = Text(f"{text:33}" if comment else text, style=HEAD if line.current else "", no_wrap=True)
    return drawn.append(f" ; {comment}", style=QUIET) if comment else drawn


def slots(session: Session) -> Text:
    """Return the PSW and the other slots, the virtual beside the real ones; `!` where they differ."""
    real = session.virtual is not None
    heads = (say("virtual"), say("real")) if real else (say("value"), "")
    rows = [Text(f"{'':15} " + " ".join(filled(told(h), 10, right=True) for h in heads), style=QUIET)]
    for name, value, under in session.slots():
        differs = under is not None and under != value
        shown = (
            f"{name:15} {number(value):>10} {number(under) if under is not None else '':>10}{' !' if differs else ''}"
        )
        rows.append(Text(shown, style=OPEN if differs else ""))
    return stacked(rows)


def registers(session: Session) -> Text:
    """Return the sixteen registers in two columns."""
    values = session.registers()
    rows = (f"r{n:<3}{number(values[n]):>11}  r{n + 8:<3}{number(values[n + 8]):>11}" for n in range(8))
    return Text("\n".join(rows))


def memory(session: Session) -> Text:
    """Return the map of real memory, a bar for each part by its logarithm; what R gives is filled."""
    return stacked(_part(part) for part in session.memory_map())


def _part(part: Part) -> Text:
    length = min(BAR, max(1, part.size.bit_length() * BAR // 20))
    bar = ("#" if part.in_window else "-") * length
    return Text(f"{part.start:7} {bar:{BAR}} {part.size:7,} ", no_wrap=True).append(part.what)


def events(session: Session, last: int = EVENTS) -> Text:
    """Return the last traps, interrupts and exits."""
    found = [r for r in session.events if r.event.kind is not Kind.EXECUTED or r.notes.get("exits")][-last:]
    return stacked(_event(r) for r in found) or Text(say("(none yet)"), style=QUIET)


DID = {Kind.EXECUTED: say("emulated"), Kind.TRAP: say("reflected"), Kind.INTERRUPT: say("delivered")}


def _event(record: Record) -> Text:
    event = record.event
    what = event.decoded.instruction.name if event.decoded else say("a fetch")
    what = say("before the next instruction") if event.kind is Kind.INTERRUPT else what
    exits = words(record.notes.get("exits", ()))
    parts: list[str] = [say("step {step:,}: {what}", step=record.step, what=what)]
    if exits:
        did = DID[event.kind]
        parts.append(say("exit ({exits}), {did}", exits=exits, did=did))
    if event.cause is not None:
        parts.append(say("{kind}: {cause}", kind=word(event.kind.value), cause=word(event.cause.name.lower())))
    return Text(listed(parts), style=BAD if event.kind is Kind.TRAP else "")


def monitor(session: Session) -> Text:
    """Return what the monitor has: its technique, whether the guest is inside, and what it does about each trap."""
    under = session.virtual
    if under is None:
        return Text(say("There is no monitor: this is the bare machine."), style=QUIET)
    technique = under.monitor
    said: list[str] = [technique.name + ": " + Phrase(technique.doc), technique.way, ""]
    said.append(say("The guest has the processor.") if under.state.inside else say("The monitor has the processor."))
    said.append(say("Its allotment: {size:,} words from {base}.", size=under.allotment.size, base=under.allotment.base))
    exits = sorted(under.exits.items())
    said.append(listed(say("{cause} {count:,}", cause=word(c), count=n) for c, n in exits) or say("No exit yet."))
    said += ["", say("What it does about a real trap:")]
    for cause, action in technique.dispatcher.items():
        said.append(f"  {filled(told(word(cause.name.lower())), 11)} {told(word(action.value))}")
    return stacked(map(Text, said))
