"""A debugging session: a machine, where it is to stop, and what there is to see; no screen is needed for any of it."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, unique

from attrs import define, field, frozen

from popek.engine.machine import MEMORY_SIZE, Machine
from popek.engine.reference import Kind, upcoming
from popek.engine.stepper import Outcome, Record
from popek.errors import PopekError, Problem, nearest
from popek.isa.disassembler import disassemble_word
from popek.isa.program import Program
from popek.isa.slot import BASE, BOUND, MEMORY, MODE, PC, REGISTERS, SUPERVISOR, Slot
from popek.language.phrase import say
from popek.language.words import word
from popek.library import naming, running
from popek.library.memory_map import Part, memory_map
from popek.library.naming import NamedGuest, NamedIsa
from popek.library.proving import NamedMonitor
from popek.shown import Moved
from popek.vmm.virtual_machine import VirtualMachine

BEFORE, AFTER = 3, 46
"""How many words of code are shown before the next instruction and after it: few enough for a low screen to reach the
next instruction, and as many as a tall one has room for."""

EVENTS = 200
"""How many of the last steps are kept to be shown."""

RUN = 100_000
"""Within so many steps a run comes to where it is to stop, or stops there."""


@unique
class Why(Enum):
    """Why a run has stopped."""

    STEPPED = say("stepped")
    BREAKPOINT = say("breakpoint")
    TRAP = say("trap")
    EXIT = say("exit to the monitor")
    CHANGED = say("a watched slot has changed")
    ENDED = say("ended")
    LIMIT = say("the limit of a run")
    BACK = say("back")


@frozen
class Line:
    """A word of code as it is shown: by virtual address, and what marks it."""

    address: int
    text: str
    source: str
    current: bool
    breakpoint: bool


@define(eq=False, repr=False)
class Session(Moved):
    """A guest that is stepped, on the bare machine or under a monitor.

    `breakpoints` are virtual addresses; a run also stops before an instruction that has trapped goes on, if
    `stop_at_traps`, after an exit, if `stop_at_exits`, and after a slot of `watched` has changed.
    """

    machine: Machine | VirtualMachine
    program: Program
    breakpoints: set[int] = field(factory=set)
    watched: set[Slot] = field(factory=set)
    stop_at_traps: bool = False
    stop_at_exits: bool = False
    events: deque[Record] = field(factory=lambda: deque(maxlen=EVENTS))
    why: Why = Why.STEPPED

    def __attrs_post_init__(self) -> None:
        self.machine.sink = self.events.append

    def __repr__(self) -> str:
        return f"<Session: {self.machine!r}>"

    @property
    def outcome(self) -> Outcome | None:
        """How the guest has ended, if it has."""
        return self.machine.outcome

    @property
    def virtual(self) -> VirtualMachine | None:
        """The virtual machine, if it is one."""
        return self.machine if isinstance(self.machine, VirtualMachine) else None

    def step(self) -> Why:
        """Take one step."""
        self.why = Why.ENDED if self.machine.step() is None else Why.STEPPED
        return self.why

    def back(self, steps: int = 1) -> Why:
        """Go back, at most to the beginning."""
        steps = min(steps, self.machine.counts["steps"])
        self.machine.back(steps)
        for _ in range(min(steps, len(self.events))):
            self.events.pop()
        self.why = Why.BACK
        return self.why

    def run(self, limit: int = RUN) -> Why:
        """Go on until there is a reason to stop; return it."""
        self.why = Why.LIMIT
        for _ in range(limit):
            before = {s: self.machine.state.slot(s) for s in self.watched}
            if self.machine.step() is None:
                self.why = Why.ENDED
                break
            found = self._reason(before)
            if found is not None:
                self.why = found
                break
        return self.why

    def run_to(self, address: int, limit: int = RUN) -> Why:
        """Go on until the next instruction is at a virtual address, or there is another reason to stop."""
        new = address not in self.breakpoints
        self.breakpoints.add(address)
        try:
            return self.run(limit)
        finally:
            if new:
                self.breakpoints.discard(address)

    def _reason(self, before: Mapping[Slot, int]) -> Why | None:
        event = self.machine.last_event
        state = self.machine.state
        exits = bool(self.events and self.events[-1].notes.get("exits"))
        reasons = {
            Why.BREAKPOINT: state.slot(PC) in self.breakpoints,
            Why.TRAP: self.stop_at_traps and event is not None and event.kind is not Kind.EXECUTED,
            Why.EXIT: self.stop_at_exits and exits,
            Why.CHANGED: any(state.slot(s) != value for s, value in before.items()),
        }
        return next((why for why, holds in reasons.items() if holds), None)

    def address(self, text: str) -> int:
        """Return the address that a number or a label of the program means; raise `PopekError` if it is neither."""
        symbols = self.program.symbols
        if text in symbols:
            return symbols[text]
        try:
            return int(text, 0)
        except ValueError:
            hint = (text and nearest(text, symbols)) or say("a number, or a label of the program")
            raise PopekError(Problem(say("there is no address `{text}`", text=text), hint=hint)) from None

    def toggle(self, address: int) -> bool:
        """Set or take away a breakpoint; say whether there is one now."""
        self.breakpoints ^= {address}
        return address in self.breakpoints

    def watch(self, name: str) -> Slot:
        """Watch a slot, or no longer; raise `PopekError` if there is none of that name."""
        slots = {s.name: s for s in self.machine.isa.slots}
        if name not in slots:
            raise PopekError(Problem(say("there is no slot `{name}`", name=name), hint=nearest(name, slots)))
        self.watched ^= {slots[name]}
        return slots[name]

    def code(self) -> Iterator[Line]:
        """Give the words around the next instruction, as R lets the guest see them."""
        state, isa = self.machine.state, self.machine.isa
        pc, base, bound = state.slot(PC), state.slot(BASE), state.slot(BOUND)
        for address in range(max(0, pc - BEFORE), pc + AFTER + 1):
            physical = base + address
            if address < bound and physical < state.size:
                word = state.element(MEMORY, physical)
                text = disassemble_word(word, isa, address)
                yield Line(address, text, self.program.text(physical), address == pc, address in self.breakpoints)

    def next_text(self) -> str:
        """Return the next instruction, and how it will be run."""
        decoded = upcoming(self.machine.isa, self.machine.state)
        return say("(a fault)") if decoded is None else decoded.instruction.name

    def slots(self) -> list[tuple[str, int, int | None]]:
        """Return every slot: its name, the guest's value, and the real machine's if there is one under it."""
        state, under = self.machine.state, self.virtual
        return [(s.name, state.slot(s), under.real.slot(s) if under else None) for s in self.machine.isa.slots]

    def registers(self) -> list[int]:
        """Return the guest's registers."""
        return [self.machine.state.element(REGISTERS, n) for n in range(16)]

    def memory_map(self) -> list[Part]:
        """Return real memory from its beginning to its end: whose each part is, and where R lies."""
        return memory_map(self.machine)

    def summary(self) -> str:
        """Return where the guest is, in a sentence."""
        state = self.machine.state
        mode = word("supervisor" if state.slot(MODE) == SUPERVISOR else "user")
        steps = self.machine.counts["steps"]
        said = say(
            "step {steps:,}, {mode} mode, next {next_text}: {why}",
            steps=steps,
            mode=mode,
            next_text=self.next_text(),
            why=self.why.value,
        )
        return say("step {steps:,}: {outcome}", steps=steps, outcome=word(self.outcome.value)) if self.outcome else said


def debug(
    guest: NamedGuest,
    *,
    isa: NamedIsa | None = None,
    monitor: NamedMonitor | None = None,
    memory: int | None = None,
    allotment: tuple[int, int] | None = None,
    input: bytes | None = None,  # noqa: A002 - the word for it, here as on the command line
    disk: Sequence[int] | None = None,
) -> Session:
    """Return a session with a guest at reset, on the bare machine or under a monitor. It needs no screen."""
    found = naming.guest(guest)
    on = naming.isa(found.isa if isa is None else isa)
    program = naming.program(guest, found, on)
    typed, words = found.input if input is None else input, found.disk if disk is None else disk
    size = MEMORY_SIZE if memory is None else memory
    if monitor is None:
        return Session(running.machine(on, program, memory=size, input=typed, disk=words), program)
    ready = running.virtual(on, program, monitor, allotment=allotment, memory=size, input=typed, disk=words)
    return Session(ready, program)
