"""The reference interpreter: the meaning of a step, for reading and for being right.

Everything here works on anything that can be read and written like a state, and knows no instruction by name.
"""

from enum import Enum, unique

from attrs import frozen

from popek.engine.compiled import Values, closure
from popek.engine.state import Readable, StateLike
from popek.isa.architecture import Decoded, Isa
from popek.isa.behaviour import Behaviour, Cause, Copy, Put
from popek.isa.encoding import WORD_MASK
from popek.isa.slot import MODE, PC, Array, Slot

_NONE: Values = {}


@unique
class Kind(Enum):
    """What a step came to."""

    EXECUTED = "executed"
    TRAP = "trap"
    INTERRUPT = "interrupt"


@frozen
class Event:
    """One step: at which pc and in which mode, which instruction, and the trap or interrupt it ended in, if any."""

    kind: Kind
    pc: int
    mode: int
    decoded: Decoded | None = None
    cause: Cause | None = None
    detail: int = 0
    privilege: bool = False


def step(isa: Isa, state: StateLike) -> Event:
    """Do one step of the machine: enter an interrupt, or tick and attempt an instruction."""
    event = interrupt(isa, state)
    if event is not None:
        return event
    apply(isa.tick, state)
    return attempt(isa, state)


def interrupt(isa: Isa, state: StateLike) -> Event | None:
    """Enter the first interrupt that is pending and enabled, if there is one."""
    for source in isa.cycle.interrupts:
        if closure(source.ready)(state, _NONE):
            event = Event(Kind.INTERRUPT, state.slot(PC), state.slot(MODE), cause=source.cause)
            state.set_slot(source.pending, 0)
            trap(isa, state, event.pc, source.cause, 0)
            return event
    return None


def upcoming(isa: Isa, state: Readable) -> Decoded | None:
    """Return the instruction that would be attempted next, if its fetch does not fault and it is a legal one."""
    word = fetched(isa, state, state.slot(PC))
    return None if word is None else isa.decode(word)


def attempt(isa: Isa, state: StateLike) -> Event:
    """Fetch, decode and execute one instruction, or take the trap that it makes."""
    pc, mode = state.slot(PC), state.slot(MODE)
    word = fetched(isa, state, pc)
    if word is None:
        trap(isa, state, pc, Cause.MEMORY, pc)
        return Event(Kind.TRAP, pc, mode, cause=Cause.MEMORY, detail=pc)
    decoded = isa.decode(word)
    if decoded is None:
        trap(isa, state, pc, Cause.ILLEGAL, word)
        return Event(Kind.TRAP, pc, mode, cause=Cause.ILLEGAL, detail=word)
    return execute(isa, state, decoded)


def execute(isa: Isa, state: StateLike, decoded: Decoded) -> Event:
    """Execute one instruction, already decoded: the first trap whose guard holds, or else the writes."""
    behaviour = isa.lowered(decoded.instruction, state.slot(MODE))
    return perform(isa, state, decoded, behaviour, {**decoded.values, "word": decoded.word})


def perform(isa: Isa, state: StateLike, decoded: Decoded, behaviour: Behaviour, values: Values) -> Event:
    """Do what a behaviour says, its memory references being explicit; `values` are its operands'."""
    pc, mode = state.slot(PC), state.slot(MODE)
    for guarded in behaviour.traps:
        if closure(guarded.when)(state, values):
            detail = closure(guarded.detail)(state, values)
            trap(isa, state, pc, guarded.cause, detail)
            return Event(Kind.TRAP, pc, mode, decoded, guarded.cause, detail, guarded.privilege)
    apply(behaviour, state, values)
    return Event(Kind.EXECUTED, pc, mode, decoded)


def trap(isa: Isa, state: StateLike, pc: int, cause: Cause, detail: int) -> None:
    """Swap the PSW, for a trap of the instruction at `pc`, or an interrupt before it."""
    old = (pc + cause.old_pc) & WORD_MASK
    apply(isa.cycle.swap, state, {"pc": old, "cause": cause, "detail": detail})


def apply(behaviour: Behaviour, state: StateLike, values: Values = _NONE) -> None:
    """Commit a behaviour's writes, all computed from the state before. Its memory references must be explicit."""
    slots: list[tuple[Slot, int]] = [(s, closure(e)(state, values)) for s, e in behaviour.writes.items()]
    words: list[tuple[Array, int, int]] = []
    for effect in behaviour.effects:
        if closure(effect.when)(state, values):
            words += _words(effect, state, values)
    for slot, value in slots:
        state.set_slot(slot, value)
    for array, index, value in words:
        state.put(array, index, value)


def _words(effect: object, state: StateLike, values: Values) -> list[tuple[Array, int, int]]:
    if isinstance(effect, Put):
        return [(effect.array, closure(effect.index)(state, values), closure(effect.value)(state, values))]
    assert isinstance(effect, Copy), f"{effect} was not lowered"
    index, start = closure(effect.index)(state, values), closure(effect.start)(state, values)
    return [
        (effect.array, (index + n) & WORD_MASK, state.element(effect.source, (start + n) & WORD_MASK))
        for n in range(effect.count)
    ]


def fetched(isa: Isa, state: Readable, pc: int) -> int | None:
    """Return the word at a virtual address, or nothing where that is not legal."""
    fault, word = isa.fetch
    values = {"pc": pc}
    return None if closure(fault)(state, values) else int(closure(word)(state, values))
