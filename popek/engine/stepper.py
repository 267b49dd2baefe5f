"""Stepping, running, stepping back and tracing: what a bare machine and a virtual one have in common.

Going back is exact over everything, because everything that a step changes goes through one journal: state, devices,
counters, a monitor's own notes. The last steps are kept as deltas; beyond them the machine, which is deterministic, is
put back to its beginning and run again. So memory is bounded and the way back is not.

A long run goes on in the best tier there is (`tiers.py`), which keeps no deltas; what it leaves, the reference does.
Nobody can tell, except by the time that it takes. A step that somebody watches is the reference's.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum, unique
from typing import Any

from attrs import field, frozen

from popek.engine import tiers
from popek.engine.reference import Event, Kind
from popek.engine.state import Change, Journal, StateLike, printed
from popek.engine.tiers import Sprint, Stop
from popek.errors import PopekError
from popek.isa.architecture import Isa
from popek.isa.cycle import OLD_DETAIL, OLD_TIMER
from popek.isa.slot import BASE, BOUND, HALTED, IE, MEMORY, MODE, PC, REGISTERS, RUN, Array, Slot
from popek.language.phrase import say
from popek.shown import Pictured, Shown

HISTORY = 10_000
"""How many steps back are kept as deltas."""

REPLAYED = 1_000
"""How many steps before the one that somebody goes back to are taken by the reference, so that they can go on back."""

MAX_STEPS = 1_000_000
"""The step budget of a run that names none."""


@unique
class Outcome(Enum):
    """How a run ended. `LOST` can only happen to a virtual machine: the guest stopped the real processor."""

    HALTED = "halted"
    BUDGET = "budget"
    TRAP_LOOP = "trap-loop"
    LOST = "processor-lost"


@frozen
class Result(Shown):
    """What a run came to. `steps` counts instruction attempts and interrupt entries, `instructions` attempts alone."""

    outcome: Outcome
    output: str
    registers: tuple[int, ...]
    instructions: int
    steps: int
    slots: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "outcome": self.outcome.value,
            "output": self.output,
            "registers": list(self.registers),
            "instructions": self.instructions,
            "steps": self.steps,
            "state": dict(self.slots),
        }


@frozen
class Record:
    """One step as a trace has it: the event, and what is not as before, by name, as (name, before, after)."""

    step: int
    event: Event
    changes: tuple[tuple[str, int | None, int | None], ...] = field(repr=False)
    notes: Mapping[str, Any] = field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        event = self.event
        return {
            "step": self.step,
            "kind": event.kind.value,
            "pc": event.pc,
            "mode": event.mode,
            "instruction": event.decoded.instruction.name if event.decoded else None,
            "word": event.decoded.word if event.decoded else None,
            "cause": event.cause.name.lower() if event.cause else None,
            "detail": event.detail,
            "changes": [list(c) for c in self.changes],
            **self.notes,
        }


Sink = Callable[[Record], None]


class Stepper(Pictured, ABC):
    """A machine that steps, runs and goes back. Subclasses say what one step is and what they are made of."""

    def __init__(self, isa: Isa, journal: Journal, sink: Sink | None, history: int = HISTORY) -> None:
        self.isa = isa
        self.engine = tiers.AUTO
        self.sprinted: dict[str, int] = {}
        self.sink = sink
        self.journal = journal
        self.counts: dict[str, int] = {"steps": 0, "instructions": 0}
        self._loop: dict[str, Any] = {"traps": 0, "signature": (), "clocked": False, "looping": False}
        self._history: deque[list[Change]] = deque(maxlen=history)
        self._beginning: list[tuple[Any, Any]] = []
        self.last_changes: list[Change] = []
        self.last_event: Event | None = None

    @property
    @abstractmethod
    def state(self) -> StateLike:
        """The state that the program believes in: a bare machine's own, or the virtual one."""

    @abstractmethod
    def _containers(self) -> Mapping[str, Any]:
        """Name every list and dict that a step may change."""

    @abstractmethod
    def _advance(self) -> tuple[Event, Mapping[str, Any]] | None:
        """Do one step; nothing if the processor is lost."""

    def _begin(self) -> None:
        """Remember the state as the beginning; to be called once everything is loaded."""
        self._beginning = [(c, c.copy()) for c in self.everything().values()]
        self.journal.on = True

    def everything(self) -> dict[str, Any]:
        """Name every list and dict that a step may change, what is counted and noticed included."""
        return {**self._containers(), **self.books}

    @property
    def books(self) -> Mapping[str, dict[str, Any]]:
        """What is counted and noticed, by name; a step changes it as well."""
        return {"counts": self.counts, "loop": self._loop}

    @property
    def outcome(self) -> Outcome | None:
        """How the run has ended, or nothing while it can go on."""
        if self.state.slot(RUN) == HALTED:
            return Outcome.HALTED
        if self._loop["looping"]:
            return Outcome.TRAP_LOOP
        return Outcome.LOST if self._loop.get("lost") else None

    def step(self) -> Event | None:
        """Do one step and return what it came to; nothing once the run has ended."""
        if self.outcome is not None:
            return None
        done = self._advance()
        self.settle(done[0] if done else None)
        changes = self.last_changes = self.journal.take()
        self._history.append(changes)
        self.last_event = done[0] if done else None
        if done is None:
            return None
        if self.sink is not None:
            self.sink(Record(self.counts["steps"], done[0], self._named(changes), done[1]))
        return done[0]

    def settle(self, event: Event | None) -> None:
        """Count a step, and notice what ends the run; nothing: the processor is lost."""
        if event is None:
            self.journal.write(self._loop, "lost", value=True)
            return
        self._count("steps")
        self._count("instructions", event.kind is not Kind.INTERRUPT)
        self._watch(event)

    def run(self, max_steps: int = MAX_STEPS) -> Result:
        """Step until the run ends, or `max_steps` steps were taken by this call."""
        self._run_to(self.counts["steps"] + max_steps)
        return self.result()

    def _run_to(self, limit: int) -> None:
        """Run until so many steps were taken in all, or the run ends."""
        forced = self.engine not in (tiers.AUTO, tiers.REFERENCE)
        warm = 0 if forced or self.sprinted else tiers.WARM_UP
        fast, within = limit if self.engine == tiers.REFERENCE else warm, False
        while (steps := self.counts["steps"]) < limit and self.outcome is None:
            sprint = self._sprint(limit - steps) if steps >= fast and self.sink is None else None
            if sprint is not None:
                self._sprinted(*sprint)
                within = within or not sprint[1].exact
            if sprint is None or (sprint[1].stop is Stop.HAND_OVER and self.counts["steps"] < limit):
                self.step()
                if within:
                    self._history.clear()  # its delta would lead back into the middle of the step
                within = False
            if sprint is not None and sprint[1].interrupted:
                raise KeyboardInterrupt

    def _sprint(self, budget: int) -> tuple[str, Sprint] | None:
        """Do at most `budget` steps in a tier, and return its name and how far it came; nothing if there is none."""
        del budget
        return None

    def _sprinted(self, name: str, sprint: Sprint) -> None:
        """Count what a tier has done. It leaves no deltas, so the way back is to begin anew."""
        if sprint.stop is Stop.LOST:
            self._loop["lost"] = True
        if not sprint.changed:
            return
        self._history.clear()
        self.last_changes, self.last_event = [], None
        if sprint.steps:
            self.sprinted[name] = self.sprinted.get(name, 0) + sprint.steps
        self.counts["steps"] += sprint.steps
        self.counts["instructions"] += sprint.instructions
        if sprint.steps:
            self._loop.update(traps=0, signature=(), clocked=False)
        if sprint.trap is not None:
            self._watch(sprint.trap, sprint.slots)
        self.journal.take()

    def result(self) -> Result:
        """Return what the run has come to so far; if it could go on, its outcome is the budget."""
        state = self.state
        return Result(
            self.outcome or Outcome.BUDGET,
            printed(state),
            tuple(state.element(REGISTERS, n) for n in range(16)),
            self.counts["instructions"],
            self.counts["steps"],
            {s.name: state.slot(s) for s in self.isa.slots},
        )

    def back(self, steps: int = 1) -> None:
        """Go back so many steps; raise `PopekError` if so many were not taken."""
        target = self.counts["steps"] - steps
        if steps < 0 or target < 0:
            raise PopekError(
                say("cannot go back {steps} steps: {counts} were taken", steps=steps, counts=self.counts["steps"])
            )
        if steps and self._loop.get("lost"):
            Journal.undo(self._history.pop() if self._history else [])
        while self._history and self.counts["steps"] > target:
            Journal.undo(self._history.pop())
        if self.counts["steps"] > target:
            self._replay(target)

    def _replay(self, steps: int) -> None:
        self._history.clear()
        self._restore()
        sink, self.sink = self.sink, None
        if steps > REPLAYED:
            self._run_to(steps - REPLAYED)
        while self.counts["steps"] < steps:
            self.step()
        self.sink = sink

    def _restore(self) -> None:
        """Put everything back to what it was in the beginning."""
        for container, was in self._beginning:
            if isinstance(container, dict):
                container.clear()
                container.update(was)
            else:
                container[:] = was

    def _count(self, name: str, amount: int = 1) -> None:
        if amount:
            self.journal.write(self.counts, name, self.counts.get(name, 0) + amount)

    def _watch(self, event: Event, slots: tuple[int, ...] = ()) -> None:
        """Notice a trap loop: traps with nothing done between, after which a state comes back, and always will.

        The state that is waited for is a new one after 1, 2, 4, ... traps (Brent's way), so that loops of any length
        are found. `slots` are all, in order, as the trap has left them, if they may have changed since.
        """
        loop, write = self._loop, self.journal.write
        if event.kind is not Kind.TRAP:
            if loop["traps"]:
                write(loop, "traps", 0)
                write(loop, "signature", ())
                write(loop, "clocked", value=False)
            return
        signature = self._signature(event, slots)
        if signature == loop["signature"]:
            write(loop, "looping", value=True)
            return
        traps = loop["traps"] + 1
        write(loop, "traps", traps)
        if traps & (traps - 1) == 0:
            write(loop, "signature", signature)

    def _signature(self, event: Event, slots: tuple[int, ...]) -> tuple[int, ...]:
        """Return what a trap leaves and the next attempt can depend on.

        A trap changes only the PSW and the trap words. The clocks, and the word that stores the timer, count only if
        an attempt since the first trap depends on them: then the loop may end by itself, and is certain when the clocks
        have stopped.
        """
        state = self.state
        slot = dict(zip(self.isa.slots, slots, strict=True)).__getitem__ if slots else state.slot
        words = [state.element(MEMORY, n) for n in range(OLD_DETAIL + 1)]
        seen = [slot(s) for s in (MODE, IE, PC, BASE, BOUND)]
        clocked: set[Slot | Array] = {MEMORY, *self.isa.clocks, *(s.clock for s in self.isa.clocks if s.clock)}
        depends = self._loop["clocked"]
        if event.decoded is not None:
            depends |= not clocked.isdisjoint(self.isa.lowered(event.decoded.instruction, event.mode).guard_reads)
        in_timer_word = (slot(BASE) + slot(PC)) & 0xFFFFFFFF == OLD_TIMER
        if depends or in_timer_word:
            if not self._loop["clocked"]:
                self.journal.write(self._loop, "clocked", value=True)
            words.append(state.element(MEMORY, OLD_TIMER))
            seen += [slot(s) for s in self.isa.clocks]
        return (*words, *seen)

    def _named(self, changes: list[Change]) -> tuple[tuple[str, int | None, int | None], ...]:
        names = {id(c): n for n, c in self._containers().items()}
        first: dict[tuple[int, Any], Change] = {}
        for change in changes:
            first.setdefault((id(change[0]), change[1]), change)
        ends = ((c, key, old, c.get(key) if isinstance(c, dict) else c[key]) for c, key, old in first.values())
        return tuple(
            (self._name(names[id(c)], key), old, new) for c, key, old, new in ends if id(c) in names and old != new
        )

    @staticmethod
    def _name(container: str, key: Any) -> str:
        return f"{container}{key.name}" if isinstance(key, Slot) else f"{container}[{key}]"
