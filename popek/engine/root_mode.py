"""The bare machine whose processor has a guest mode: in root mode at reset, and in guest mode when a program enters it.

What guest mode is, is said elsewhere, and once: the ISA says which copies it has, the control block where they are
kept, and `guest_view.py` what a step in it does. Here is what the hardware does between: it loads the copies and the
controls on entry, and stores the copies, and why, on exit. A guest's endless trap is no trap loop of the machine's,
which has a timer to end it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from popek.engine.guest_view import GuestView
from popek.engine.machine import SMALLEST, Machine
from popek.engine.reference import Event, Kind
from popek.engine.tiers import Sprint
from popek.isa import control_block as cb
from popek.isa.architecture import GuestMode, Isa
from popek.isa.behaviour import Cause
from popek.isa.control_block import BLOCK, BLOCK_REGISTER, IN_GUEST, Field, rooted
from popek.isa.slot import MEMORY, MODE, PC, REGISTERS, Slot

EXIT = "exit"
"""What a record's notes call a step that has left guest mode."""


class RootMachine(Machine):
    """A bare machine of an ISA with guest mode, in root mode at reset; otherwise like any `Machine`."""

    def __init__(self, isa: Isa, words: Mapping[int, int], **options: Any) -> None:
        assert isa.guest is not None, f"{isa.name} has no guest mode"
        self.guest_isa, self.guest = isa, isa.guest
        self._copies: dict[Slot, int] = dict.fromkeys((PC, *isa.guest.copies), 0)
        self._latched: dict[str, int] = dict.fromkeys(_LATCHED, 0)
        super().__init__(rooted(isa), words, **options)

    @property
    def in_guest(self) -> bool:
        """Whether the processor is in guest mode."""
        return bool(self._state.slot(IN_GUEST))

    @property
    def exits(self) -> Mapping[str, int]:
        """How often guest mode was left, by reason."""
        return {n.removeprefix("exit:"): c for n, c in self.counts.items() if n.startswith("exit:")}

    def _containers(self) -> Mapping[str, object]:
        return {**super()._containers(), "guest ": self._copies, "control ": self._latched}

    def _sprint(self, budget: int) -> tuple[str, Sprint] | None:
        """Take every step in the reference: the tiers know no guest mode."""
        del budget
        return None

    def _advance(self) -> tuple[Event, Mapping[str, object]]:
        if self.in_guest:
            return self._in_guest()
        event, notes = super()._advance()
        if self.in_guest:
            self._enter()
        return event, notes

    def _watch(self, event: Event, slots: tuple[int, ...] = ()) -> None:
        """Notice a trap loop in root mode."""
        if not self.in_guest:
            super()._watch(event, slots)

    def _in_guest(self) -> tuple[Event, Mapping[str, object]]:
        view = self._view()
        pc, mode, left = view.slot(PC), view.slot(MODE), {EXIT: True}
        cause = view.interrupted()
        if cause is not None:
            self._leave(cb.INTERRUPT, cause, 0)
            return Event(Kind.INTERRUPT, pc, mode, cause=cause), left
        event = view.step()
        if event is not None:
            return event, {EXIT: False}
        word, trap = view.leaving(), view.trapping()
        if word is not None:
            self._leave(cb.INSTRUCTION, 0, word)
            return Event(Kind.TRAP, pc, mode, self.isa.decode(word), detail=word), left
        assert trap is not None, "the guest has left guest mode for no reason"
        self._leave(cb.TRAP, *trap)
        return Event(Kind.TRAP, pc, mode, None, *trap), left

    def _view(self) -> GuestView:
        latched = self._latched
        controls = _instructions(self.guest_isa, tuple(latched[f"controls{n}"] for n in range(cb.CONTROLS)))
        return GuestView(
            self.guest_isa,
            self.guest,
            self._state,
            base=latched["base"],
            size=latched["size"],
            copies=self._copies,
            controls=controls,
            traps=_causes(latched["traps"]),
        )

    def _enter(self) -> None:
        """Load what the control block holds; leave at once if it asks for memory that there is not."""
        where = self._word(cb.MEMORY_BASE), self._word(cb.MEMORY_SIZE)
        for slot, value in self._stored():
            self.journal.write(self._copies, slot, value)
        latched = {"base": where[0], "size": where[1], "traps": self._word(cb.EXIT_TRAPS)}
        latched |= {f"controls{n}": self._word(cb.EXIT_INSTRUCTIONS, n) for n in range(cb.CONTROLS)}
        for name, value in latched.items():
            self.journal.write(self._latched, name, value)
        self._state.put(REGISTERS, self._state.slot(BLOCK_REGISTER), self._word(cb.REGISTER))
        if where[1] < SMALLEST or sum(where) > self._state.size:
            self._leave(cb.REFUSED, 0, 0)

    def _stored(self) -> Iterator[tuple[Slot, int]]:
        for field in cb.layout(self.guest):
            if field.slot is not None:
                value = self._word(field)
                yield field.slot, value if field.slot.bits is None else value & ((1 << field.slot.bits) - 1)

    def _leave(self, reason: int, cause: int, detail: int) -> None:
        """Store the guest's copies, and why it has left; the register that named the block names it again."""
        state = self._state
        number, block = state.slot(BLOCK_REGISTER), state.slot(BLOCK)
        values = {f: self._copies[f.slot] for f in cb.layout(self.guest) if f.slot is not None}
        values |= {cb.EXIT_REASON: reason, cb.EXIT_CAUSE: int(cause), cb.EXIT_DETAIL: detail}
        values[cb.REGISTER] = state.element(REGISTERS, number)
        for field, value in values.items():
            state.put(MEMORY, block + field.offset, value)
        state.put(REGISTERS, number, block)
        state.set_slot(IN_GUEST, 0)
        self._count(f"exit:{cb.REASONS[reason]}")

    def _word(self, field: Field, index: int = 0) -> int:
        return self._state.element(MEMORY, self._state.slot(BLOCK) + field.offset + index)


_LATCHED = ("base", "size", "traps", *(f"controls{n}" for n in range(cb.CONTROLS)))


@cache
def _instructions(isa: Isa, bits: tuple[int, ...]) -> tuple[str, ...]:
    """Return the instructions that a bitmap names by their opcodes."""
    return tuple(i.name for i in isa.instructions if bits[i.opcode // 32] >> i.opcode % 32 & 1)


def _causes(bits: int) -> tuple[Cause, ...]:
    return tuple(c for c in Cause if bits >> c & 1)


def control_words(guest: GuestMode, isa: Isa, values: Mapping[str, int], exits: tuple[str, ...] = ()) -> list[int]:
    """Return a control block: some fields by name, and the instructions that are to leave guest mode; else zeros."""
    words = [0] * cb.size(guest)
    for field in cb.layout(guest):
        words[field.offset] = values.get(field.name, 0)
    for name in exits:
        opcode = isa[name].opcode
        words[cb.EXIT_INSTRUCTIONS.offset + opcode // 32] |= 1 << opcode % 32
    return words
