"""Random guests of routines that call each other and themselves: with frames on a stack, and much that goes wrong.

What an engine takes for granted about calls is what is odd here now and then: a call comes back elsewhere, or to a
place that it has found written over; a stack grows into code, to the end of memory, or around; a pointer wanders over
all of it, code included, and what it meets is stored into or read. Made from a seed alone, for ISAs that share
`classic`'s instructions; what traps is passed over by a handler.
"""

from random import Random

from popek.isa.architecture import Isa
from popek.isa.encoding import WORD_MASK
from popek.testing.loops import CODE, COUNT, DATA, ONE, SIZE, ZERO, Loop
from popek.testing.programs import Guest
from popek.vmm.allotment import Allotment

DEPTH, POINTER, STACK, LINK = 1, 11, 14, 15
"""Registers with a purpose; `DEPTH` is how many more calls a routine makes."""

ROUTINES = 3
_LENGTH = 28
_RESULT = 7


class Calls(Loop):
    """Writes one guest."""

    def program(self) -> dict[int, int]:
        """Return the words of the guest: the frame of one that loops, with routines where its loop is."""
        words = super().program()
        words |= dict.fromkeys(range(CODE, DATA - 4), self.word("svc", imm=0))
        words |= {a: self.random.getrandbits(6) for a in range(DATA, SIZE)}
        words |= {DATA + n: self.body(CODE, CODE + 9) for n in (2, 3)}
        words |= dict(enumerate(self._main(), CODE))
        for n in range(ROUTINES):
            words |= dict(enumerate(self._routine(n), self.at(n)))
        return {a: w & WORD_MASK for a, w in words.items()}

    def at(self, routine: int) -> int:
        """Return where a routine is."""
        return CODE + 16 + routine * _LENGTH

    def _in_routine(self) -> int:
        return self.at(self.random.randrange(ROUTINES)) + self.random.randrange(12)

    def odd(self, often: float = 0.05) -> bool:
        """Say whether to be odd now."""
        return self.random.random() < often

    def call(self, here: int, link: int = LINK) -> int:
        """Return a call of any routine, from somewhere."""
        return self.word("jal", a=link, imm=self.at(self.random.randrange(ROUTINES)) - here)

    def _main(self) -> list[int]:
        """Return a loop around a call; where the stack begins, and the pointer, is drawn."""
        random = self.random
        top = random.choice((SIZE, SIZE, SIZE - 3, SIZE + 1, DATA + 20, DATA + 2, CODE + 30, 12, 1, 0))
        start = [
            self.word("ldi", a=STACK, imm=top),
            self.word(
                "ldi", a=POINTER, imm=random.choice((DATA, SIZE - 9, self._in_routine(), self._in_routine(), 0, -5))
            ),
            self.word("ldi", a=DEPTH, imm=random.choice((1, 2, 3, 4, 5, 6, 9))),
        ]
        loop = [
            self.call(CODE + 3),
            self.word("add", a=8, b=8, c=_RESULT),
            self.word("sub", a=COUNT, b=COUNT, c=ONE),
            self.word("beq", a=COUNT, b=ZERO, imm=2),
            self.word("jal", a=6, imm=random.choice((-5, -5, -6, -7))),
            self.word("ldi", a=COUNT, imm=50),
            self.word("jal", a=6, imm=-8),
        ]
        return start + loop

    def _routine(self, number: int) -> list[int]:
        """Return a routine: done at depth 0, and else one with a frame that calls others."""
        at, size = self.at(number), self.random.choice((2, 2, 3, 5))
        code = [
            self.word("beq", a=DEPTH, b=ZERO, imm=3),
            self.word("addi", a=STACK, b=STACK, imm=-size),
            self.word("beq", a=ZERO, b=ZERO, imm=3),
            self.word("addi", a=_RESULT, b=_RESULT, imm=self.random.choice((1, 3))),
            self.word("jalr", a=6, b=LINK),
            self.word("st", a=LINK, b=STACK, imm=0),
            self.word("st", a=DEPTH, b=STACK, imm=1),
            self.word("addi", a=DEPTH, b=DEPTH, imm=-1),
        ]
        for again in range(self.random.choice((1, 1, 2))):
            code += [self._any(at + len(code)) for _ in range(self.random.randrange(3))]
            code.append(self.call(at + len(code), 5 if self.odd() else LINK))
            code.append(self.word("ld", a=DEPTH, b=STACK, imm=1))
            if not again:
                code.append(self.word("addi", a=DEPTH, b=DEPTH, imm=-2 if self.odd(0.1) else -1))
                code.append(self.word("st", a=_RESULT if self.odd(0.2) else DEPTH, b=STACK, imm=1))
        code.append(self.word("ld", a=LINK, b=STACK, imm=self.random.choice((1, 2)) if self.odd() else 0))
        if self.odd():
            code.append(self.word("addi", a=LINK, b=LINK, imm=self.random.choice((1, -1, 2))))
        code.append(self.word("addi", a=STACK, b=STACK, imm=size + self.odd()))
        code.append(self.word("jalr", a=5 if self.odd() else 6, b=LINK))
        assert len(code) <= _LENGTH
        return code

    def _any(self, here: int) -> int:
        """Return what a routine does besides: mostly with the pointer, or the stack's words, or into the code."""
        random, value = self.random, self.random.choice((2, 3, 4, 7, 8))
        ways = (
            lambda: self.word("addi", a=POINTER, b=POINTER, imm=random.choice((1, 1, 2, -1, 7))),
            lambda: self.word("st", a=value, b=POINTER, imm=random.randrange(-3, 4)),
            lambda: self.word("st", a=random.choice((2, 3)), b=POINTER, imm=random.randrange(-3, 4)),
            lambda: self.word("ld", a=random.choice((4, 8)), b=POINTER, imm=random.randrange(-9, 9)),
            lambda: self.word("st", a=random.choice((4, 7)), b=STACK, imm=random.choice((1, 1, 2, -1, -4))),
            lambda: self.word("ld", a=8, b=STACK, imm=random.randrange(4)),
            lambda: self.word("add", a=4, b=value, c=8),
            lambda: self.word("st", a=2, b=ZERO, imm=random.randrange(CODE, DATA)) if self.odd(0.3) else here | 1 << 24,
            lambda: self.word(random.choice(("svc", "getmode", "mul")), a=4, b=8, c=value, imm=0),
        )
        return random.choice(ways)()


def calling(isa: Isa, seed: int) -> Guest:
    """Return the random guest of that seed."""
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    words = Calls(isa, random).program()
    place = Allotment(random.choice((16, 17, 300)), SIZE)
    quantum = random.choice((1, 2, 3, 4, 7, 50, 333, 1000))
    return Guest(seed, words, place, place.end + random.choice((0, 1, 40)), quantum, b"", (), 1500)
