"""The step of one state, an attempt at a time: with functions made for it, exactly what the reference does."""

from attrs import frozen

from popek.engine.generated.attempts import Attempt, Attempts
from popek.engine.generated.piece import Place
from popek.engine.reference import Event, Kind
from popek.isa.architecture import Decoded, Isa
from popek.isa.behaviour import Cause, Trap
from popek.isa.encoding import WORD_MASK
from popek.isa.slot import MODE, PC, Slot

MOST_WORDS = 4096
"""Where the cache of instruction words is emptied."""


@frozen(eq=False)
class Code:
    """An instruction word, ready to be attempted; `plain`: it may be part of compiled code."""

    decoded: Decoded
    attempt: Attempt
    arguments: tuple[int, ...]
    traps: tuple[Trap, ...]
    plain: bool


Trapping = tuple[Decoded | None, Cause, int, bool]
"""A trap that an attempt makes, and which is not taken yet: of which instruction, cause, detail, and privilege."""

Trapped = tuple[Trapping, int, int]
"""A trap that was taken, and the pc and the mode before."""


class Steps:
    """What steps do to the state that some functions are on."""

    def __init__(self, isa: Isa, attempts: Attempts, slots: dict[Slot, int]) -> None:
        self.isa, self._slots = isa, slots
        self._attempts = attempts
        self.fetch, self.ready = attempts.fetch(), attempts.ready()
        self.tick, self.swap = attempts.tick(), attempts.swap()
        self.clocks = tuple(isa.tick.writes)
        self._codes: dict[tuple[int, int], Code | None] = {}

    def times(self) -> list[int]:
        """Return what a tick changes, so that it can be taken back."""
        slots = self._slots
        return [slots[s] for s in self.clocks]

    def take_back(self, times: list[int]) -> None:
        """Take a tick back."""
        self._slots.update(zip(self.clocks, times, strict=True))

    def attempt(self, pc: int) -> tuple[Code | None, Trapping | None]:
        """Attempt the instruction at the pc; return it, and the trap that it makes, which is not taken yet."""
        word = self.fetch(pc)
        return (None, (None, Cause.MEMORY, pc, False)) if word < 0 else self.attempt_word(word)

    def attempt_word(self, word: int) -> tuple[Code | None, Trapping | None]:
        """Attempt an instruction word in the place of the one at the pc."""
        key = word, self._slots[MODE]
        if key not in self._codes:
            if len(self._codes) >= MOST_WORDS:
                self._codes.clear()
            self._codes[key] = self._code(*key)
        code = self._codes[key]
        if code is None:
            return None, (None, Cause.ILLEGAL, word, False)
        found = code.attempt(*code.arguments)
        if found is None:
            return code, None
        number, detail = found
        trap = code.traps[number]
        return code, (code.decoded, trap.cause, detail, trap.privilege)

    def _code(self, word: int, mode: int) -> Code | None:
        decoded = self.isa.decode(word)
        if decoded is None:
            return None
        instruction = decoded.instruction
        values = (*(decoded.values[o.field.name] & WORD_MASK for o in instruction.format), word)
        behaviour = self.isa.lowered(instruction, mode)
        plain = Place(self.isa, mode, 0, 0, 0).fits(decoded)
        return Code(decoded, self._attempts.instruction(instruction, mode), values, behaviour.traps, plain)

    def interrupt(self, number: int) -> Cause:
        """Take an interrupt; return its cause."""
        source = self.isa.cycle.interrupts[number]
        self._slots[source.pending] = 0
        self.swap((self._slots[PC] + source.cause.old_pc) & WORD_MASK, source.cause, 0)
        return source.cause

    def trap(self, trap: Trapping) -> Trapped:
        """Take a trap, and return what it was of."""
        pc, mode = self._slots[PC], self._slots[MODE]
        _, cause, detail, _ = trap
        self.swap((pc + cause.old_pc) & WORD_MASK, cause, detail)
        return trap, pc, mode


def event(trapped: Trapped | None) -> Event | None:
    """Return the step that a trap was; to make one of each takes longer than to take it."""
    if trapped is None:
        return None
    (decoded, cause, detail, privilege), pc, mode = trapped
    return Event(Kind.TRAP, pc, mode, decoded, cause, detail, privilege)
