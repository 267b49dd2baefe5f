"""Guests that use devices at every turn, and an ISA whose instructions do with them what `classic`'s never do.

They name any element of a device's, several at once, one by another, or in a guard. So they are for engines that have
only some of a device's words at hand.
"""

from random import Random

from attrs import define, evolve

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Put, Trap
from popek.isa.classic import CLASSIC
from popek.isa.encoding import WORD_MASK
from popek.isa.expression import as_expr, element, eq, not_, ult
from popek.isa.instruction import EXECUTES, TRAPS, A, Instruction, InUser, ra, rb
from popek.isa.slot import CONSOLE_INPUT, CONSOLE_OUTPUT, CONSOLE_WRITTEN, DISK, PC, REGISTERS
from popek.testing.loops import DATA, Loop

INDICES = (0, 1, 127, 128, 1000, 1 << 31, WORD_MASK - 128, WORD_MASK)
"""Near these are the elements that are wanted."""

_MEANINGS = {
    "peek": Behaviour({}, [Put(REGISTERS, A, element(CONSOLE_INPUT, rb))]),
    "poke": Behaviour({}, [Put(DISK, rb, ra)]),
    "pair": Behaviour({}, [Put(REGISTERS, A, element(CONSOLE_OUTPUT, ra) + element(CONSOLE_OUTPUT, rb))]),
    "chase": Behaviour({}, [Put(REGISTERS, A, element(CONSOLE_INPUT, element(DISK, rb)))]),
    "swap": Behaviour({}, [Put(DISK, ra, element(DISK, rb)), Put(DISK, rb, element(DISK, ra))]),
    "some": Behaviour({}, [Put(CONSOLE_OUTPUT, rb, ra, when=ult(ra, 1 << 31))]),
    "watch": Behaviour({}, [Put(DISK, rb, as_expr(PC))], [Trap(not_(eq(element(DISK, rb), 0)), Cause.ARITHMETIC, ra)]),
    "both": Behaviour({}, [Put(DISK, rb, ra), Put(CONSOLE_OUTPUT, CONSOLE_WRITTEN, element(DISK, ra))]),
}
_FREE = 0x70


def _isa(name: str, in_user: InUser) -> Isa:
    more = (
        Instruction(name, "ra, rb", _FREE + n, "Use a device.", meaning, in_user)
        for n, (name, meaning) in enumerate(_MEANINGS.items())
    )
    shared = (evolve(i, in_user=in_user) if i.name in ("in", "out") else i for i in CLASSIC.instructions)
    return evolve(CLASSIC, name=name, instructions=(*shared, *more))


CHATTY, OPEN = _isa("chatty", TRAPS), _isa("chatty-open", EXECUTES)
"""With devices for supervisor mode alone, and for everybody."""


@define
class Chat(Loop):
    """Writes one guest, every other instruction of whose loop wants a device."""

    def body(self, at: int, end: int) -> int:
        """Return an instruction of the loop."""
        random = self.random
        name = random.choice((*_MEANINGS, "in", "out", "out"))
        if random.random() < 0.5:
            return super().body(at, end)
        if name in _MEANINGS:
            return self.word(name, a=self.any(), b=self.any())
        return self.word(name, a=self.any(), imm=random.choice((0, 0, 0, 1, 5)))

    def program(self) -> dict[int, int]:
        """Return the words of the guest, with some indices in its registers."""
        random = self.random
        near = {DATA + r: random.choice(INDICES) + random.randint(-2, 2) & WORD_MASK for r in (1, 4, 5)}
        return {**super().program(), **near}


def chatting(isa: Isa, seed: int) -> dict[int, int]:
    """Return the words of the random guest of that seed; it wants `SIZE` words of memory."""
    return Chat(isa, Random(seed)).program()  # noqa: S311 - to be repeated, not to be secret


ECHO = """
        ldi     r3, -1
        ldi     r5, 3
next:   in      r1, 0
        beq     r1, r3, over
        out     r1, 0
        out     r1, 1
        in      r4, 1
        add     r6, r6, r4
        jal     r7, next
over:   in      r1, 0
        out     r1, 0
        addi    r5, r5, -1
        bne     r5, r0, over
        halt
"""
"""Prints what is typed, and asks three times more, past its end."""
