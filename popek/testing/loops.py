"""Random guests that run for long: loops of innocuous instructions, which are interrupted, trap, and patch themselves.

What `programs.py` makes is wide and short, and seldom stays anywhere for long. These are for engines that do something
about code that is hot. Made from a seed alone, for ISAs that share `classic`'s instructions.
"""

from collections.abc import Callable
from random import Random

from attrs import define

from popek.isa.architecture import Isa
from popek.isa.encoding import WORD_MASK

HANDLER, CODE, DATA, SIZE = 32, 64, 192, 256
"""Where the parts are, and how many words a guest has."""

ZERO, ONE, COUNT, WAIT, TEMPORARY = 0, 9, 10, 12, 13
"""Registers with a purpose; r2 and r3 hold instructions; r1, r4..r8, r11, r14 and r15 are any."""

_BRANCHES = ("beq", "bne", "blt", "bltu")
_ALU = ("add", "sub", "mul", "and", "or", "xor", "shl", "shr", "sar", "slt", "sltu", "divu", "remu")

TRAPPING = """
        .org    8
        .word   0, again, 0, 512

        .org    16
start:  ldi     r1, 200
        ldi     r2, 0
        disk    r1, r2, 0
        ldi     r3, -1
        addi    r4, r4, 1
again:  mfpi    r5, r3
"""
"""While the disk is busy, an instruction whose trap depends on memory traps for ever."""


@define
class Loop:
    """Writes one guest."""

    isa: Isa
    random: Random

    def word(self, name: str, **values: int) -> int:
        """Return an instruction word."""
        return self.isa[name].encode(values)

    def any(self) -> int:
        """Return a register without a purpose."""
        return self.random.choice((1, 4, 5, 6, 7, 8, 11, 14, 15))

    def body(self, at: int, end: int) -> int:
        """Return an instruction of the loop, at an address, which ends at another."""
        random, a, b, c = self.random, self.any(), self.any(), self.any()
        kind, near = random.randrange(20), max(1, end - at)
        ways: tuple[tuple[int, Callable[[], int]], ...] = (
            (8, lambda: self.word(random.choice(_ALU), a=a, b=b, c=c)),
            (10, lambda: self.word("addi", a=a, b=b, imm=random.choice((-1, 1, 7, -300)))),
            (13, lambda: self.word(random.choice(("ld", "st")), a=a, b=ZERO, imm=random.randrange(DATA, SIZE))),
            (
                15,
                lambda: self.word(random.choice(_BRANCHES), a=a, b=b, imm=random.randint(1, min(5, near))),
            ),
            (16, lambda: self.word("jal", a=a, imm=random.randint(1, min(4, near)))),
            (17, lambda: self.word(random.choice(("svc", "getmode", "ld")), a=a, b=b, imm=random.choice((0, 1, 70)))),
            (20, lambda: self.word("ldi", a=a, imm=random.choice((0, 1, 2, 31, 32, -1, CODE, DATA, 300)))),
        )
        return next(make for most, make in ways if kind < most)()

    def program(self) -> dict[int, int]:
        """Return the words of the guest."""
        random = self.random
        user, wait = random.random() < 0.5, random.choice((0, 9, 17, 50, 120, 400))
        end = CODE + random.randint(4, 60)
        patches = [self.body(CODE, CODE + 1) for _ in range(2)]
        words = dict(enumerate([int(user) | 2, CODE, 0, SIZE], DATA - 4))
        words |= {8: 0, 9: HANDLER, 10: 0, 11: SIZE}
        start = [
            *(self.word("ldi", a=r, imm=v) for r, v in ((ZERO, 0), (ONE, 1), (COUNT, random.randint(3, 300)))),
            *(self.word("ld", a=r, b=ZERO, imm=DATA + r) for r in (1, 2, 3, 4, 5)),
            self.word("ldi", a=WAIT, imm=wait),
            self.word("settimer", a=WAIT),
            self.word("lpsw", b=ZERO, imm=DATA - 4),
        ]
        words |= dict(enumerate(start, 16))
        words |= dict(enumerate(self._handler(), HANDLER))
        words |= {a: self.body(a, end) for a in range(CODE, end)}
        if random.random() < 0.5:
            patched = random.randrange(CODE, end)
            words |= {random.randrange(CODE, end): self.word("st", a=r, b=ZERO, imm=patched) for r in (2, 3)}
        words[end] = self.word("sub", a=COUNT, b=COUNT, c=ONE)
        words[end + 1] = self.word("bne", a=COUNT, b=ZERO, imm=CODE - end - 1)
        words[end + 2] = self.word(random.choice(("jal", "svc", "halt", "jal")), a=8, imm=CODE - end - 2 & 0x7FFF)
        words[end + 2] = self.word("jal", a=8, imm=CODE - end - 2) if random.random() < 0.8 else words[end + 2]
        words |= {a: random.getrandbits(32) for a in range(DATA, SIZE)}
        words |= {DATA + 2 + n: p for n, p in enumerate(patches)}
        return {a: w & WORD_MASK for a, w in words.items()}

    def _handler(self) -> list[int]:
        """Return what goes on behind whatever has trapped, or where an interrupt came, with the timer set again."""
        return [
            self.word("ldi", a=TEMPORARY, imm=0),
            self.word("ld", a=TEMPORARY, b=TEMPORARY, imm=4),
            self.word("addi", a=TEMPORARY, b=TEMPORARY, imm=-6),
            self.word("beq", a=TEMPORARY, b=ZERO, imm=5),
            self.word("ldi", a=TEMPORARY, imm=0),
            self.word("ld", a=TEMPORARY, b=TEMPORARY, imm=1),
            self.word("addi", a=TEMPORARY, b=TEMPORARY, imm=1),
            self.word("st", a=TEMPORARY, b=ZERO, imm=1),
            self.word("ldi", a=ZERO, imm=0),
            self.word("settimer", a=WAIT),
            self.word("lpsw", b=ZERO, imm=0),
        ]


def looping(isa: Isa, seed: int) -> dict[int, int]:
    """Return the words of the random looping guest of that seed; it wants `SIZE` words of memory."""
    return Loop(isa, Random(seed)).program()  # noqa: S311 - to be repeated, not to be secret
