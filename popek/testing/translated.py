"""Random guests under translation: programs that rewrite themselves, and what the cache went through, counted.

What can end translated code is derived from the meaning: whatever can write memory, and a trap, which writes the trap
words. The coverage that can be demanded is that each of them has done so.
"""

from collections import Counter
from random import Random

from attrs import define, evolve, field

from popek.engine.reference import Event, Kind
from popek.engine.stepper import Record
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Copy, Put, Store
from popek.isa.classic import CLASSIC
from popek.isa.expression import as_expr, eq, ite, load
from popek.isa.instruction import A, Instruction, imm, ra, rb
from popek.isa.slot import MEMORY, PC, REGISTERS, SUPERVISOR, USER
from popek.testing.lockstep import completes
from popek.testing.programs import CODE as CODE_REGISTER
from popek.testing.programs import WORD, ZERO, Guest, guest
from popek.vmm.compare import Comparison, LockStep
from popek.vmm.monitor import TRANSLATION_FULL, Monitor

TRAP = "(trap)"
"""What stands for an instruction where the trap's own words were written."""

CODE = range(26, 62)
"""Where a random guest mostly has its code."""

CACHES = (2, 3, 4, 5, 7, 9, 12, 16, 24, 40, 64, 4096)
"""Sizes of the translation cache, by turns."""


def rewriting(isa: Isa, seed: int) -> Guest:
    """Return the random guest of a seed, made to write into its code, and to read it, much more often."""
    drawn, random = guest(isa, seed), Random(~seed)  # noqa: S311 - to be repeated, not to be secret
    words = dict(drawn.words)
    code = [a for a in CODE if a in words]
    for address in random.sample(code, len(code) // 4):
        near = min(address + random.choice((1, 1, 1, 2, 2, 3, -1, -2, 0)), drawn.allotment.size - 1)
        name = random.choice(("st", "st", "st", "st", "st", "st", "ld", "ld", "spsw", "mtpi"))
        register = random.choice((WORD, 11, 12, 13))
        words[address] = isa[name].encode({"a": register, "b": CODE_REGISTER if name == "mtpi" else ZERO, "imm": near})
    for address in random.sample(code, len(code) // 8):
        name = random.choice(("jal", "jal", "jalr"))
        near = random.choice((-4, -2, -1, 1, 2, 3))
        words[address] = isa[name].encode({"a": random.choice((10, 14)), "b": CODE_REGISTER, "imm": near})
    return evolve(drawn, words=words)


ODD = CLASSIC.vary(
    "odd",
    {
        "cret": Instruction(
            "cret", "ra, rb", 0xA0, "Go on where rb says if ra is 0.",
            Behaviour({PC: ite(eq(ra, 0), rb, as_expr(PC) + 1)}),
        ),
        "jmem": Instruction("jmem", "imm(rb)", 0xA1, "Jump through memory.", Behaviour({PC: load(rb + imm)})),
        "stb": Instruction(
            "stb", "ra, rb, target", 0xA2, "Store ra at rb, and branch if it is odd.",
            Behaviour({PC: ite(eq(ra & 1, 1), as_expr(PC) + imm, as_expr(PC) + 1)}, [Store(rb, ra)]),
        ),
        "case": Instruction(
            "case", "ra, imm", 0xA3, "Three ways.",
            Behaviour({PC: ite(eq(ra, 0), as_expr(PC) + 2, ite(eq(ra, 1), as_expr(PC) + imm, ra))}),
        ),
        "here": Instruction("here", "ra", 0xA4, "Its own address.", Behaviour({}, [Put(REGISTERS, A, PC)])),
    },
)  # fmt: skip
"""`classic` with ways to go on that it does not have: mixed ones, through memory, three, and a store with a branch."""


def jumping(seed: int) -> Guest:
    """Return a guest of `ODD` that rewrites itself, and goes on in odd ways."""
    drawn, random = rewriting(ODD, seed), Random(seed)  # noqa: S311 - to be repeated, not to be secret
    words = dict(drawn.words)
    for address in random.sample(range(26, 50), 10):
        if address in words:
            instruction = ODD[random.choice(("cret", "jmem", "stb", "case", "here"))]
            near = {
                "a": random.choice((0, 10, 14)),
                "b": random.choice((0, 1, 2)),
                "imm": random.choice((-2, 2, 3)),
            }
            words[address] = instruction.encode(near)
    return evolve(drawn, words=words)


@define
class Doings:
    """How often each instruction, in each virtual mode, has made something happen to the cache, by name."""

    isa: Isa
    cells: Counter[tuple[str, int, str]] = field(factory=Counter)
    guests: int = 0
    steps: int = 0

    def add(self, event: Event, record: Record) -> None:
        """Count one step of a virtual machine."""
        trapped = event.kind is not Kind.EXECUTED or event.decoded is None
        name = TRAP if trapped or event.decoded is None else event.decoded.instruction.name
        for happened in record.notes["translation"]:
            self.cells[name, event.mode, happened] += 1
        self.steps += 1

    def lacking(self, times: int = 1) -> list[tuple[str, int]]:
        """Return who can write a word of the guest's, in a mode, and has ended translated code less often by it."""
        return [who for who in sorted(writers(self.isa)) if self.cells[(*who, "invalidations")] < times]

    def table(self) -> str:
        """Return the counts as text: all that happened, and who ended translated code."""
        total: Counter[str] = Counter()
        for (_, _, happened), times in self.cells.items():
            total[happened] += times
        lines = [f"{self.guests} guests, {self.steps} steps", *(f"{n:16}{t:>10}" for n, t in sorted(total.items()))]
        lines.append("translated code was ended by")
        for name, mode in sorted(writers(self.isa)):
            in_mode = "supervisor" if mode == SUPERVISOR else "user"
            lines.append(f"{name:10}{in_mode:12}{self.cells[name, mode, 'invalidations']:>10}")
        return "\n".join(lines)


def writers(isa: Isa) -> set[tuple[str, int]]:
    """Return what can write a word of the guest's memory, and in which virtual mode: instructions, and traps."""
    found = {(TRAP, SUPERVISOR), (TRAP, USER)}
    for instruction in isa.instructions:
        for mode in (SUPERVISOR, USER):
            behaviour = instruction.behaviour(mode)
            if completes(behaviour) and writes_memory(behaviour):
                found.add((instruction.name, mode))
    return found


def writes_memory(behaviour: Behaviour) -> bool:
    """Say whether a behaviour can write a word of memory."""
    return any(isinstance(e, Store) or (isinstance(e, Put | Copy) and e.array is MEMORY) for e in behaviour.effects)


def in_lock_step(
    drawn: Guest,
    isa: Isa,
    *,
    monitor: Monitor = TRANSLATION_FULL,
    cache: int = CACHES[-1],
    sensitive: frozenset[str] = frozenset(),
    doings: Doings | None = None,
) -> Comparison:
    """Run a guest on the bare machine and translated, with so many words of cache, and count what happens."""
    pair = LockStep(
        isa,
        drawn.words,
        monitor=evolve(monitor, quantum=drawn.quantum, cache=cache),
        sensitive=sensitive,
        allotment=drawn.allotment,
        memory=drawn.memory,
        typed=drawn.typed,
        disk=drawn.disk,
        records=False,
    )
    if doings is None:
        return pair.run(drawn.steps)
    pair.virtual.sink = lambda record: doings.add(record.event, record)
    doings.guests += 1
    steps = 0
    while steps < drawn.steps and pair.step():
        steps += 1
    return evolve(pair.run(0), steps=steps)
