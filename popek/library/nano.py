"""The nanobenchmarks of Adams and Agesen (ASPLOS 2006), on this machine: what one operation costs under a technique.

Each is a loop with the operation in it, and the same loop without; the difference, divided by the rounds, is one
operation. It is counted exactly and priced by a cost table, which knows none of these benchmarks. Beside it stand the
published figures, of another machine: what can be compared is which way of running is the cheaper one.
"""

from collections.abc import Iterator, Mapping
from enum import Enum, unique
from itertools import combinations
from typing import Any

from attrs import frozen

from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.program import Program
from popek.language.phrase import say
from popek.library import running, techniques
from popek.shown import Shown
from popek.vmm import cost_table
from popek.vmm.cost_table import CostTable, HardwareTraps
from popek.vmm.monitor import HARDWARE_ASSISTED, TRANSLATION, Monitor

ROUNDS = 100
"""How often each operation is done."""

ALIKE = 1.5
"""Two figures are told apart if one is so many times the other."""

SOURCE = say("Adams and Agesen, A Comparison of Software and Hardware Techniques for x86 Virtualization, ASPLOS 2006")


@unique
class Way(Enum):
    """How a program is run, in the order of the paper."""

    NATIVE = "native"
    TRANSLATION = "translation"
    HARDWARE = "hardware-assisted"


UNINTERRUPTED = 10**9
"""The quantum: longer than a run, so that an operation's figure has none of the exits that end quanta."""

WAYS: Mapping[Way, tuple[Isa, Monitor | None]] = {
    Way.NATIVE: (CLASSIC, None),
    Way.TRANSLATION: (CLASSIC, TRANSLATION.vary(TRANSLATION.name, quantum=UNINTERRUPTED)),
    Way.HARDWARE: (CLASSIC_VT, HARDWARE_ASSISTED.vary(HARDWARE_ASSISTED.name, quantum=UNINTERRUPTED)),
}

PROGRAM = """
        .equ    jalr_r1, 0x{jalr_r1:08X}
        .equ    jalr_r3, 0x{jalr_r3:08X}
        .org    8
        .word   0, handler, 0, -1
        .org    16
        ldi     r0, 0
        ldi     r4, 4                   ; the cause of a supervisor call
        li      r5, 0xFFFFFFFF          ; no address
        ldi     r6, {rounds}
        ldi     r7, 1
        ld      r8, routine(r0)
        li      r10, jalr_r1 ^ jalr_r3
        ldi     r9, {begin}
        {start}
again:  {operation}
        sub     r6, r6, r7
        bne     r6, r0, again
        halt

handler:
        ld      r1, 4(r0)
        beq     r1, r4, back
        ldi     r2, 3
        beq     r1, r2, stop            ; the user is done
        ld      r1, 1(r0)               ; go on behind the instruction
        add     r1, r1, r7
        st      r1, 1(r0)
back:   lpsw    0(r0)
stop:   halt

routine:
        jalr    r1, lr
"""
"""The loop. What it calls is a routine of one word, and a trap goes on behind the instruction that made it."""

RETURNS = {f"jalr_{name}": CLASSIC["jalr"].encode({"a": a, "b": 15}) for name, a in (("r1", 1), ("r3", 3))}
"""Two words that are a return alike; to store the word that is there already would end no translated code."""


@frozen
class Nano:
    """A nanobenchmark: what it does, the published cycles, and why the shape here may be another one.

    `without` is what is left of the loop without the operation, if that is not nothing. `user`: in user mode.
    """

    name: str
    title: str
    operation: str
    published: Mapping[Way, int]
    why: str
    without: str = ""
    user: bool = False
    note: str = ""

    def programs(self) -> tuple[Program, Program]:
        """Return the loop with the operation, and the one without."""
        start, begin = ("jsu     r9", "again") if self.user else ("", "0")
        texts = (
            PROGRAM.format(rounds=ROUNDS, operation=o, start=start, begin=begin, **RETURNS) for o in self._operations()
        )
        loaded, empty = (assemble(t, CLASSIC, file=self.name) for t in texts)
        return loaded, empty

    def _operations(self) -> tuple[str, str]:
        return self.operation, self.without


def _published(native: int, translation: int, hardware: int) -> dict[Way, int]:
    return dict(zip(Way, (native, translation, hardware), strict=True))


NANOS = (
    Nano(
        "syscall",
        say("system call and return"),
        "svc     0",
        _published(242, 2242, 242),
        say("the supervisor is reached by a trap and left by a privileged instruction in either system"),
        user=True,
        note=say("native as it is often quoted, unverified; the translator's is some 2000 more"),
    ),
    Nano(
        "in",
        say("read a port"),
        "in      r1, 1",
        _published(3209, 214, 15826),
        say(
            "a real port lies behind a slow bus, which the emulated one avoids; here a port answers at "
            "once, and no price is put on a device, so that native is the cheapest"
        ),
        note=say("the translator's is given as a fifteenth of native"),
    ),
    Nano(
        "cr8wr",
        say("write a control register (here: the interrupt enable)"),
        "setie   r0",
        _published(140, 35, 140),
        say(
            "the real register is slow to write, and its emulation in the translation cache quick; here "
            "the write is one instruction as any other, and its emulation more than one"
        ),
        note=say("native is given as four times the translator's"),
    ),
    Nano(
        "call/return",
        say("call and return"),
        "jal     lr, routine",
        _published(11, 51, 11),
        say("a return through a register is a look-up of a block here as there"),
    ),
    Nano(
        "pgfault",
        say("fault of an address (here: a memory trap)"),
        "ld      r1, 0(r5)",
        _published(1093, 3927, 11242),
        say(
            "the translator here notices an instruction that keeps trapping, and translates it into a "
            "call of the monitor, which costs less than a trap; and where in 2006 every page fault left "
            "guest mode, because the hardware did not translate twice, here it does, and the trap is the "
            "guest's own"
        ),
    ),
    Nano(
        "divzero",
        say("division by zero"),
        "divu    r1, r7, r0",
        _published(889, 3223, 1014),
        say(
            "the translator here notices an instruction that keeps trapping, and translates it into a "
            "call of the monitor, which costs less than a trap"
        ),
    ),
    Nano(
        "ptemod",
        say("write to a page that is translated (here: to a word of translated code)"),
        "xor     r8, r8, r10\n        st      r8, routine(r0)\n        jal     lr, routine",
        _published(1, 391, 12733),
        say(
            "in 2006 the hardware's monitor kept shadow page tables, and had to see every write to the "
            "guest's; here guest mode translates twice and keeps none, while the translator must "
            "translate the word again"
        ),
        without="xor     r8, r8, r10\n        jal     lr, routine",
    ),
)
"""The seven, in the paper's order."""


@frozen
class NanoRow:
    """One nanobenchmark's result: cycles for one operation, and what was counted for it, by way."""

    nano: Nano
    cycles: Mapping[Way, float]
    counts: Mapping[Way, Mapping[str, float]]

    @property
    def differs(self) -> tuple[tuple[Way, Way], ...]:
        """The pairs of ways of which another one is the cheaper than in the paper."""
        pairs = combinations(Way, 2)
        return tuple((a, b) for a, b in pairs if _order(self.cycles, a, b) != _order(self.nano.published, a, b))

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "name": self.nano.name,
            "title": self.nano.title,
            "cycles": {w.value: c for w, c in self.cycles.items()},
            "counts": {w.value: dict(c) for w, c in self.counts.items()},
            "published": {w.value: c for w, c in self.nano.published.items()},
            "note": self.nano.note,
            "differs": [[a.value, b.value] for a, b in self.differs],
            "why": self.nano.why if self.differs else "",
        }


def _order(cycles: Mapping[Way, float], a: Way, b: Way) -> int:
    """Return -1 if the first is the cheaper, 1 if the second is, and 0 if they are alike."""
    one, two = (max(cycles[w], 1.0) for w in (a, b))
    return 0 if max(one, two) <= ALIKE * min(one, two) else (1 if one > two else -1)


@frozen
class NanoReport(Shown):
    """All seven, at the prices of a table."""

    rows: tuple[NanoRow, ...]
    costs: CostTable

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        rows = [r.to_dict() for r in self.rows]
        return {"benchmark": "nano", "source": SOURCE, "rounds": ROUNDS, "rows": rows, "costs": self.costs.to_dict()}


def nano(costs: str | CostTable | None = None) -> NanoReport:
    """Count and price the nanobenchmarks, natively, under translation, and in guest mode."""
    table = techniques.costs(costs)
    return NanoReport(tuple(_row(n, table) for n in NANOS), table)


def _row(one: Nano, table: CostTable) -> NanoRow:
    counts = {way: dict(_each(one, way)) for way in Way}
    cycles = {w: round(sum(table.cycles[n] * c for n, c in found.items()), 2) for w, found in counts.items()}
    return NanoRow(one, cycles, counts)


def _each(one: Nano, way: Way) -> Iterator[tuple[str, float]]:
    """Give what one operation comes to, by primitive: what the loop has with it, and has not without it."""
    loaded, empty = (_counts(p, *WAYS[way]) for p in one.programs())
    for name in loaded:
        if loaded[name] != empty[name]:
            yield name, (loaded[name] - empty[name]) / ROUNDS


def _counts(program: Program, isa: Isa, monitor: Monitor | None) -> dict[str, int]:
    traps = HardwareTraps()
    if monitor is None:
        result = running.machine(isa, program, sink=traps).run()
        return dict.fromkeys(cost_table.PRIMITIVES, 0) | cost_table.tally_bare(result.instructions, traps)
    machine = running.virtual(isa, program, monitor, sink=traps)
    machine.run()
    return dict.fromkeys(cost_table.PRIMITIVES, 0) | cost_table.tally(machine, traps)
