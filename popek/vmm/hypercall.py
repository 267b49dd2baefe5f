"""What a monitor does about a hypercall: what the instruction means for which it stands, in the current virtual mode.

Its interpreter routine is that of the instruction; there is no other definition, here or in a proof. Hypercalls that
follow one another are done in one exit, and so are the entries of a batch.
"""

from popek.engine import reference
from popek.engine.compiled import closure
from popek.engine.reference import Event, Kind
from popek.engine.state import StateLike
from popek.isa.architecture import Decoded, Isa
from popek.isa.behaviour import Cause
from popek.isa.encoding import WORD_MASK
from popek.isa.expression import legal, load, operand, real
from popek.isa.hypercall import ENTRY, as_batch, may_be_batched, meant
from popek.isa.slot import MEMORY, MODE, PC, REGISTERS, Array


def asks(isa: Isa, state: StateLike) -> bool:
    """Say whether the word that is to be attempted next is a hypercall that this monitor knows."""
    word = reference.fetched(isa, state, state.slot(PC))
    return word is not None and (as_batch(word) is not None or meant(isa, word) is not None)


def perform(isa: Isa, state: StateLike) -> Event:
    """Do what the hypercall that is to be attempted next asks for; its tick is done."""
    word = reference.fetched(isa, state, state.slot(PC))
    assert word is not None, "there is no hypercall here"
    decoded = meant(isa, word)
    if decoded is not None:
        return reference.execute(isa, state, decoded)
    operands = as_batch(word)
    assert operands is not None, f"{word:#x} is no hypercall"
    return _batch(isa, state, operands)


def _batch(isa: Isa, state: StateLike, operands: dict[str, int]) -> Event:
    """Do the first entry of a batch, or go on behind it if there is none."""
    count, where = (state.element(REGISTERS, operands[n]) for n in "ab")
    pc, mode = state.slot(PC), state.slot(MODE)
    if count == 0:
        state.set_slot(PC, (pc + 1) & WORD_MASK)
        return Event(Kind.EXECUTED, pc, mode)
    words = [_at(isa, state, (where + n) & WORD_MASK) for n in range(ENTRY)]
    if None in words:
        fault = (where + words.index(None)) & WORD_MASK
        reference.trap(isa, state, pc, Cause.MEMORY, fault)
        return Event(Kind.TRAP, pc, mode, cause=Cause.MEMORY, detail=fault)
    asked = words[0] or 0
    decoded = meant(isa, asked)
    if decoded is None or not may_be_batched(decoded.instruction):
        reference.trap(isa, state, pc, Cause.ILLEGAL, asked)
        return Event(Kind.TRAP, pc, mode, cause=Cause.ILLEGAL, detail=asked)
    event = reference.execute(isa, _Entry(isa, state, decoded, where), decoded)
    if event.kind is Kind.EXECUTED:
        state.put(REGISTERS, operands["a"], (count - 1) & WORD_MASK)
        state.put(REGISTERS, operands["b"], (where + ENTRY) & WORD_MASK)
        state.set_slot(PC, pc)
    return event


_ADDRESS = operand("address")


def _at(isa: Isa, state: StateLike, address: int) -> int | None:
    """Return the word at a virtual address; nothing where that is not legal."""
    allowed, word = (closure(isa.translation.lower(e)) for e in (legal(_ADDRESS), load(_ADDRESS)))
    values = {"address": address}
    return int(word(state, values)) if allowed(state, values) else None


class _Entry:
    """The virtual state as an entry of a batch has it: the registers that its operands name are words of the entry."""

    def __init__(self, isa: Isa, state: StateLike, decoded: Decoded, where: int) -> None:
        self._state = state
        self.size, self.slot, self.set_slot = state.size, state.slot, state.set_slot
        named = {o.field.name for o in decoded.instruction.format if o.register}
        there = closure(isa.translation.lower(real(_ADDRESS)))
        self._words: dict[int, int] = {
            decoded.values[name]: there(state, {"address": (where + place) & WORD_MASK})
            for place, name in ((3, "c"), (2, "b"), (1, "a"))
            if name in named
        }

    def element(self, array: Array, index: int) -> int:
        """Return an array's element."""
        if array is REGISTERS and index in self._words:
            return self._state.element(MEMORY, self._words[index])
        return self._state.element(array, index)

    def put(self, array: Array, index: int, value: int) -> None:
        """Write an array's element."""
        if array is REGISTERS and index in self._words:
            self._state.put(MEMORY, self._words[index], value)
        else:
            self._state.put(array, index, value)
