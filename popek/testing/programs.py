"""Random guests: short programs that meet as much of the machine as they can, each made from its seed alone.

Uniformly random words would trap at once and for ever. So a guest keeps some registers for a purpose (an address of its
data, of its code, a small timer value), has a handler that mostly works and a table of PSWs that are mostly sensible,
and is odd on purpose now and then: in a status word, a bound, an operand, an instruction word, a handler that loops.
For ISAs that share `classic`'s instructions; more of them may be there, and are drawn like the others.
"""

from collections.abc import Callable, Mapping
from random import Random

from attrs import define, evolve, field, frozen

from popek.isa.architecture import Isa
from popek.isa.cycle import NEW_STATUS, OLD_BASE, TRAP_WORDS
from popek.isa.encoding import UNSIGNED, WORD_MASK, Operand
from popek.isa.instruction import Instruction
from popek.testing.words import word
from popek.vmm.allotment import Allotment

ZERO, DATA, CODE, TIMER, WORD, BUFFER, BASE, BOUND, MASK, NEXT, ODDITY = range(11)
"""What the registers r0..r10 of a guest are for; the others are scratch."""

PSWS = 8
"""How many PSWs a guest has in its table; a power of two."""

ODD = 0.06
"""How often a guest does not do what is sensible."""

_SECTOR = 16


@frozen
class Guest:
    """A program, the machine that it gets, and for how many steps it runs."""

    seed: int
    words: Mapping[int, int] = field(repr=False)
    allotment: Allotment
    memory: int
    quantum: int
    typed: bytes
    disk: tuple[int, ...] = field(repr=False)
    steps: int

    def paste(self) -> str:
        """Return the guest as Python source that makes it again."""
        words = ", ".join(f"{a}: {w:#x}" for a, w in sorted(self.words.items()))
        allotment = f"Allotment({self.allotment.base}, {self.allotment.size})"
        return (
            f"Guest({self.seed}, {{{words}}}, {allotment}, {self.memory}, {self.quantum}, {self.typed!r}, "
            f"{self.disk!r}, {self.steps})"
        )

    def shrunk(self, fails: Callable[["Guest"], bool]) -> "Guest":
        """Return a guest that still fails, with as many words as possible left out or made `nop` (0x01000000)."""
        smaller = self
        for address in sorted(self.words, reverse=True):
            without = {a: w for a, w in smaller.words.items() if a != address}
            for words in (without, {**without, address: 0x0100_0000}):
                candidate = evolve(smaller, words=words)
                if fails(candidate):
                    smaller = candidate
                    break
        return smaller


@define
class _Writer:
    """Writes one guest: where its parts are, and how its operands are drawn."""

    isa: Isa
    random: Random
    size: int
    code: int = 26
    handler: int = 0
    table: int = 0
    data: int = 0

    def __attrs_post_init__(self) -> None:
        self.handler = self.code + self.random.randint(min(8, self.size // 4), min(40, self.size // 2))
        self.table = self.handler + 6
        self.data = self.table + 4 * PSWS

    def odd(self, often: float = ODD) -> bool:
        """Say whether to be odd now."""
        return self.random.random() < often

    def plain(self, name: str, **values: int) -> int:
        """Return an instruction word as it is meant."""
        return self.isa[name].encode({k: v & 0xFFFF if k == "uimm" else v for k, v in values.items()})

    def in_code(self) -> int:
        """Return an address of the code, seldom of its very end or of the handler."""
        return self.random.randint(self.code, self.handler)

    def in_data(self) -> int:
        """Return an address of the data with a sector after it, or one that is not quite."""
        low, high = (self.table, self.size + 1) if self.odd() else (self.data, self.size - 17)
        return self.random.randint(low, max(low, high))

    def program(self) -> dict[int, int]:
        """Return the words of the whole guest."""
        words = dict(enumerate(self.low()))
        words |= dict(enumerate(self.prologue(), TRAP_WORDS))
        words |= {a: self.instruction() for a in range(self.code, self.handler)}
        words |= dict(enumerate(self.handling(), self.handler))
        for n in range(PSWS):
            words |= dict(enumerate(self.psw(), self.table + 4 * n))
        words |= {a: self.datum() for a in range(self.data, self.size)}
        return {a: w & WORD_MASK for a, w in words.items() if a < self.size}

    def low(self) -> list[int]:
        """Return the trap words: an old PSW that can be used, and the new one, mostly sensible."""
        words = [word(self.random, self.size) if self.odd() else 0 for _ in range(TRAP_WORDS)]
        words[OLD_BASE : OLD_BASE + 2] = [self.random.choice((0, 0, 8)), self.size]
        new = [self.random.choice((0,) * 12 + (2,) * 6 + (1,)), self.handler, 0, self.size]
        words[NEW_STATUS : NEW_STATUS + 4] = [word(self.random, self.size) if self.odd(0.01) else w for w in new]
        return words

    def prologue(self) -> list[int]:
        """Return the instructions that give the registers their purposes and begin with some PSW."""
        wait = self.random.choice((0, 1, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 7, 8, 10, 30, -1))
        purposes = {
            DATA: self.in_data(),
            CODE: self.in_code(),
            TIMER: wait,
            BUFFER: self.random.choice((self.in_data(), self.in_data(), self.in_code(), 0, self.size - 16)),
            MASK: 4 * PSWS - 4,
            ODDITY: self.random.choice((0, self.size - 1, self.size, self.size + 3, -1, -3)),
            BOUND: self.random.choice((self.size, self.size, self.size + 7, self.handler, -1)),
        }
        loads = [self.plain("ldi", a=r, imm=v) for r, v in purposes.items()]
        loads.append(self.plain("ld", a=WORD, b=ZERO, imm=min(self.data, self.size - 1)))
        self.random.shuffle(loads)
        return [
            *loads,
            self.plain("settimer", a=TIMER),
            self.plain("lpsw", b=ZERO, imm=self.table + 4 * self.random.randrange(PSWS)),
        ]

    def handling(self) -> list[int]:
        """Return the handler: it goes on with the next PSW, or after the instruction, or in user mode; or is odd."""
        if self.odd():
            return [self.instruction() for _ in range(5)]
        start = [self.plain("settimer", a=TIMER)] if self.odd(0.8) else []
        again = [self.plain("ld", a=15, b=ZERO, imm=1), self.plain("addi", a=15, b=15, imm=1)]
        again += [self.plain("st", a=15, b=ZERO, imm=1), self.plain("lpsw", b=ZERO, imm=0)]
        rotate = [self.plain("addi", a=NEXT, b=NEXT, imm=4), self.plain("and", a=NEXT, b=NEXT, c=MASK)]
        rotate += [self.plain("lpsw", b=NEXT, imm=self.table)]
        return start + self.random.choice((rotate, rotate, rotate, again, again, [self.plain("jsu", a=CODE)]))

    def psw(self) -> list[int]:
        """Return the four words of a PSW that leads into the code."""
        base = self.random.choice((0, 0, 0, 3, 16, self.code))
        bound = self.random.choice((self.size, self.size, self.size - base, self.size + 5, self.handler, WORD_MASK))
        words = [self.random.choice((0, 1, 2, 2, 2, 3, 3, 3)), self.in_code() - base, base, bound]
        if self.odd():
            words[0] |= self.random.getrandbits(32)
        return [word(self.random, self.size) if self.odd(0.03) else w for w in words]

    def datum(self) -> int:
        """Return a word of data: often an instruction, for those who execute it."""
        return self.instruction() if self.odd(0.4) else word(self.random, self.size)

    def instruction(self) -> int:
        """Return any instruction with operands that mostly make sense, or seldom a word that is none."""
        if self.odd(0.03):
            return self.random.getrandbits(32)
        instruction = self.random.choice(self.isa.instructions)
        if self.odd(0.1):
            instruction = self.isa[self.random.choice(_SELDOM)]
        drawn = instruction.encode({o.field.name: self.operand(instruction, o) for o in instruction.format})
        return drawn | 1 << self.random.randrange(24) if self.odd(0.02) else drawn

    def operand(self, instruction: Instruction, operand: Operand) -> int:
        """Return the value of one operand field."""
        if self.odd():
            return self.random.choice(operand.field.span)
        purpose = _PURPOSES.get((instruction.name, operand.token))
        if purpose is not None:
            return self.random.choice(purpose)
        if operand.relative:
            return self.random.choice((1, 1, 2, 3, 4, 5, -1, -3, -6))
        if operand.register:
            scratch = range(ODDITY, 16) if operand.token == "ra" else range(16)  # noqa: S105 - an operand's
            return self.random.choice(scratch)
        if instruction.name in _ADDRESSING:
            return self.address(instruction)
        return word(self.random) % len(UNSIGNED.span) + operand.field.span.start

    def address(self, instruction: Instruction) -> int:
        """Return the immediate of an instruction that refers to memory."""
        if instruction.name == "lpsw":
            return self.table + 4 * self.random.randrange(PSWS)
        return self.random.choice((self.in_data(), self.in_data(), self.in_code(), 1, 12, self.size - 2))


_SELDOM = ("spsw", "spsw", "lra", "disk", "mfpi", "mtpi", "lra", "divu", "remu", "st", "st", "halt", "setr", "settimer")
"""What would not be met often enough, in all its ways, if all instructions were drawn alike."""

_ADDRESSING = ("ld", "st", "lpsw", "spsw")

_PURPOSES: dict[tuple[str, str], tuple[int, ...]] = {
    **{(name, "rb"): (ZERO, ZERO, DATA, ODDITY) for name in ("ld", "st")},
    **{(name, "rb"): (ZERO,) for name in ("lpsw", "spsw")},
    ("st", "ra"): (WORD, WORD, 10, 11, 12),
    ("divu", "rc"): (DATA, TIMER, ZERO, 11),
    ("remu", "rc"): (DATA, TIMER, ZERO, 11),
    **{(name, "rb"): (WORD, ODDITY, ODDITY, 11) for name in ("shl", "shr", "sar")},
    **{(name, "rc"): (MASK, NEXT, DATA, 11) for name in ("shl", "shr", "sar")},
    ("jalr", "rb"): (CODE,),
    ("jsu", "ra"): (CODE,),
    ("setr", "ra"): (ZERO, BASE),
    ("setr", "rb"): (BOUND,),
    ("setie", "ra"): (TIMER, DATA, BOUND, ZERO, 10),
    ("settimer", "ra"): (TIMER, TIMER, TIMER, ZERO, 10),
    ("lra", "rb"): (DATA, CODE, ODDITY, ODDITY, 11),
    ("mfpi", "rb"): (DATA, CODE, ZERO, 10, 11),
    ("mtpi", "rb"): (DATA, BUFFER, ODDITY, 11),
    ("disk", "ra"): (BUFFER, BUFFER, BUFFER, ODDITY),
    ("disk", "rb"): (ZERO, ZERO, DATA, 10),
    ("disk", "uimm"): (0, 0, 0, 1),
    ("in", "uimm"): (0, 0, 1, 2),
    ("out", "uimm"): (0, 0, 1, 2),
}
"""Which register, or which number, makes an instruction succeed often."""


def guest(isa: Isa, seed: int) -> Guest:
    """Return the random guest of that seed."""
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    size = random.randint(17, 90) if random.random() < 0.06 else random.randint(96, 144)
    writer = _Writer(isa, random, size)
    base = random.choice((16, 16, 17, random.randint(16, 64), random.randint(16, 500)))
    return Guest(
        seed,
        writer.program(),
        Allotment(base, size),
        memory=base + size + random.choice((0, 0, 1, random.randint(0, 40))),
        quantum=random.choice((1, 1, 1, 2, 2, 3, 4, 5, random.randint(6, 50), 1000)),
        typed=bytes(random.randrange(256) for _ in range(random.randrange(5))),
        disk=tuple(writer.datum() & WORD_MASK for _ in range(2 * _SECTOR)),
        steps=random.randint(70, 130),
    )
