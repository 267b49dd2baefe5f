"""A program under the monitor `vmm` on the real machine, and beside it the bare machine, compared at every entry.

Whenever the monitor is about to let its guest go on, its tables say all that is virtual. So at that moment the bare
machine is brought to the same number of attempts, and all must be the same: registers, slots, memory, devices. The
monitor is an ordinary program here. Nothing of it is trusted but the names that its text gives to places.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from attrs import define, field, frozen

from popek.engine import reference
from popek.engine.reference import Kind
from popek.engine.state import State, connect
from popek.guests import library
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.program import Program
from popek.isa.slot import (
    BASE,
    BOUND,
    CONSOLE_OUTPUT,
    CONSOLE_READ,
    CONSOLE_WRITTEN,
    DISK,
    DISK_PENDING,
    DISK_WAIT,
    HALTED,
    IE,
    MODE,
    PC,
    RUN,
    SUPERVISOR,
    TIMER,
    TIMER_PENDING,
    Slot,
)

LONGEST_EXIT = 2000
"""More instructions of the monitor's than that without an entry of the guest mean that it is lost."""

_KEPT: Mapping[Slot, str] = {
    PC: "pc",
    BASE: "base",
    BOUND: "bound",
    TIMER: "timer",
    TIMER_PENDING: "timer_pending",
    DISK_WAIT: "disk_wait",
    DISK_PENDING: "disk_pending",
    RUN: "halted",
}
"""The slots that the monitor keeps as they are, by the names of their places in its text."""


@cache
def monitor(source: str | None = None) -> Program:
    """Return the monitor assembled: the shipped one, or another text of it."""
    return assemble(library.find("vmm").source if source is None else source, CLASSIC, file="vmm.s")


@frozen
class Terms:
    """A program and the machine that it gets: words of memory, what is typed and on the disk. `quantum`: attempts."""

    words: Mapping[int, int] = field(repr=False)
    memory: int
    typed: bytes = b""
    disk: tuple[int, ...] = field(default=(), repr=False)
    quantum: int = 1000


def image(terms: Terms, program: Program) -> dict[int, int]:
    """Return the words of the monitor with this program in its one virtual machine."""
    at = program.symbols
    origin, machine = at["allotment_0"], at["machine_0"]
    words = {a: w for a, w in program.words.items() if a < origin}
    words |= {machine + at[name]: terms.memory for name in ("real_bound", "bound", "size")}
    words[at["quantum"]] = terms.quantum
    return words | {origin + a: w for a, w in terms.words.items()}


@define
class Hosted:
    """The two machines. `difference` is the first thing that was not the same, in words."""

    terms: Terms
    program: Program
    isa: Isa
    real: State
    bare: State
    attempts: int = 0
    entries: int = 0
    bare_attempts: int = 0
    difference: str | None = None

    def run(self, attempts: int) -> str | None:
        """Go on until the guest has halted or has made so many attempts; return the first difference."""
        idle = 0
        while self.difference is None and self.real.slot(RUN) != HALTED and self.attempts < attempts:
            if self.real.slot(MODE) == SUPERVISOR and self.real.slot(PC) == self.program.symbols["gate"]:
                self.difference = self._compared()
            event = reference.step(self.isa, self.real)
            attempted = event.mode != SUPERVISOR and event.kind is not Kind.INTERRUPT
            self.attempts += attempted
            idle = 0 if attempted else idle + 1
            if idle > LONGEST_EXIT and self.difference is None:
                self.difference = f"the monitor does not come back, at pc {self.real.slot(PC)}"
        if self.difference is None and self.real.slot(RUN) == HALTED:
            self.difference = self._compared()
            ours, theirs = (list(state.registers) for state in (self.real, self.bare))
            if self.difference is None and ours != theirs:
                self.difference = f"the registers at the end are {ours}, not {theirs}"
        return self.difference

    def _compared(self) -> str | None:
        self.entries += 1
        while self.bare.slot(RUN) != HALTED and self.bare_attempts < self.attempts:
            self.bare_attempts += reference.step(self.isa, self.bare).kind is not Kind.INTERRUPT
        while self.bare.slot(RUN) != HALTED and reference.interrupt(self.isa, self.bare) is not None:
            pass  # what is pending and enabled now, the monitor has delivered before the entry
        for what, bare, virtual in self._pairs():
            if bare != virtual:
                return f"after {self.attempts} attempts {what} is {virtual}, not {bare}"
        return None

    def _pairs(self) -> Iterator[tuple[str, Any, Any]]:
        """Give everything that must be the same: its name, and its value on either machine."""
        at, memory, bare = self.program.symbols, self.real.memory, self.bare
        machine, origin = at["machine_0"], at["allotment_0"]
        registers = memory[machine : machine + 16]
        borrowed = memory[machine + at["borrowed"]]
        if borrowed:
            registers[borrowed - machine] = memory[machine + at["lent"]]
        yield "the attempts", self.bare_attempts, self.attempts
        for n in range(16):
            yield f"r{n}", bare.registers[n], registers[n]
        for slot, name in _KEPT.items():
            yield slot.name, bare.slot(slot), memory[machine + at[name]]
        yield "the status", bare.slot(MODE) | bare.slot(IE) << 1, memory[machine + at["status"]]
        yield from self._words(list(memory[origin : origin + self.terms.memory]))
        for written in (CONSOLE_WRITTEN, CONSOLE_READ):
            yield written.name, bare.slot(written), self.real.slot(written)
        yield "what is printed", bare.arrays[CONSOLE_OUTPUT], self.real.arrays[CONSOLE_OUTPUT]
        yield "the disk", bare.arrays[DISK], self.real.arrays[DISK]

    def _words(self, allotted: list[int]) -> Iterator[tuple[str, int, int]]:
        if allotted != list(self.bare.memory):
            yield from ((f"word {a}", self.bare.memory[a], w) for a, w in enumerate(allotted))
        above = self.program.symbols["allotment_0"] + self.terms.memory
        yield from ((f"real word {a}", NEIGHBOUR, self.real.memory[a]) for a in range(above, self.real.size))


NEIGHBOUR = 0x5EC2_E7ED
"""What is in the words above the allotment: somebody else's, and to stay as they are."""


def hosted(
    terms: Terms, *, isa: Isa = CLASSIC, bare: Isa | None = None, program: Program | None = None, above: int = 20
) -> Hosted:
    """Return a program under the monitor and on the bare machine, both at reset."""
    text = monitor() if program is None else program
    end = text.symbols["allotment_0"] + terms.memory
    real, alone = State(isa, end + above), State(bare or isa, terms.memory)
    real.load_words({**image(terms, text), **dict.fromkeys(range(end, end + above), NEIGHBOUR)})
    alone.load_words(terms.words)
    for state in (real, alone):
        connect(state, terms.typed, terms.disk)
    return Hosted(terms, text, isa, real, alone)
