"""What a run can show of a refutation, property by property; one step at a time, so that it can be taken back."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache
from typing import Any

from attrs import define, evolve, field, fields, frozen

from popek.engine.compiled import closure
from popek.engine.reference import Kind
from popek.engine.state import differences
from popek.engine.stepper import Record
from popek.isa.architecture import Isa
from popek.isa.behaviour import Cause
from popek.isa.cycle import TRAP_WORDS
from popek.isa.expression import operand
from popek.isa.slot import PC
from popek.language.phrase import in_turn, say
from popek.prove.pools import ALLOTMENT, Variant
from popek.prove.watch import Watch, program_word
from popek.vmm.compare import Divergence, LockStep
from popek.vmm.monitor import Monitor

REAL_MEMORY = 192
QUANTUM = 2
"""So that whatever may happen between two instructions soon does."""

MAX_STEPS, PATIENCE = 24, 70
"""Steps of one run; more where a disk is waited for."""

_SECRETS = (0x11, 0x2222)


@frozen
class Shown:
    """What a run has shown: a sentence, the step, and the last steps of both sides."""

    says: str
    step: int
    divergence: Divergence | None
    bare: tuple[Record, ...]
    virtual: tuple[Record, ...]
    strayed: bool = False
    """Whether a word was executed before that is none of the program's."""


_TELLING = tuple(a.name for a in fields(Monitor) if a.name not in ("name", "doc", "quantum", "assumes"))
"""What of a monitor a witness depends on: all but its name and what it takes for granted, and the quantum, set here."""


@frozen
class Search:
    """What is looked for: a property refuted for an instruction (or an event) of an ISA under a monitor."""

    isa: Isa
    monitor: Monitor
    prop: str
    blame: str
    sensitive: frozenset[str]
    critical: frozenset[str]
    user: bool | None = None
    """The virtual mode in which it is refuted, if that is known."""
    hints: Callable[[], Iterable[Variant]] = tuple
    """Operands that a solver's model suggests, asked for if all else fails."""

    @property
    def of_event(self) -> bool:
        """Whether an event is to blame, and no instruction."""
        return self.blame.startswith("event:")

    @property
    def key(self) -> Hashable:
        """What the search depends on: monitors that are one but for their names find the same."""
        about = self.isa, self.prop, self.blame, self.sensitive, self.critical, self.user
        of_monitor = (getattr(self.monitor, name) for name in _TELLING)
        return (*about, *(frozenset(part.items()) if isinstance(part, Mapping) else part for part in of_monitor))

    @property
    def patience(self) -> int:
        """How many steps a run may take."""
        return PATIENCE if self.blame == "event:device" else MAX_STEPS

    def check(self, words: Mapping[int, int], *, records: bool = False) -> "Check":
        """Return the machines with a program in them, and what to look at."""
        return _CHECKS[self.prop](self, words, records)

    def run(self, words: Mapping[int, int], *, records: bool = False, strict: bool = False) -> Shown | None:
        """Run a program in lock step; return what it shows of the refutation, if anything.

        `strict`: it counts only if the instruction to blame, if one is, has been attempted.
        """
        check = self.check(words, records=records)
        for _ in range(self.patience):
            going = check.advance()
            shown = check.shown()
            if shown is not None:
                counts = not strict or self.of_event or self.blame in check.attempted
                return evolve(shown, strayed=check.strayed) if counts else None
            if not going:
                break
        return None


@cache
def _physical(isa: Isa) -> Callable[[Any, Mapping[str, int]], int]:
    """Return what gives the physical address of the pc."""
    return closure(isa.translation.real(operand("pc")))


@define(eq=False)
class Check:
    """A bare and a virtual machine in lock step, and what they show after the last step."""

    sought: Search
    words: Mapping[int, int]
    records: bool
    run: LockStep = field(init=False)
    watch: Watch | None = field(default=None, init=False)
    attempted: set[str] = field(factory=set, init=False)
    """What the bare machine has attempted, as far as `advance` was asked to step."""
    strayed: bool = field(default=False, init=False)
    """Whether it has executed a word that is none of the program's."""

    def __attrs_post_init__(self) -> None:
        self.run = self.lockstep()
        self.begin()

    def begin(self) -> None:
        """Add what this check needs beside the guest."""

    def lockstep(self) -> LockStep:
        """Return fresh machines with the program."""
        sought = self.sought
        return LockStep(
            sought.isa,
            self.words,
            monitor=evolve(sought.monitor, quantum=QUANTUM),
            sensitive=sought.sensitive,
            critical=sought.critical,
            allotment=ALLOTMENT,
            memory=REAL_MEMORY,
            typed=b"ab",
            disk=range(1, 64),
            records=self.records,
        )

    def watched(self, run: LockStep, secret: int = 7, *, interrupts: bool = False, own: bool = False) -> Watch:
        """Put a neighbour beside the guest, and a watch on every entry."""
        return Watch(run, program_word(self.sought.isa, secret), interrupts=interrupts, own=own)

    @property
    def runs(self) -> tuple[LockStep, ...]:
        """All machines that are stepped."""
        return (self.run,)

    def advance(self) -> bool:
        """Step once, and note what the bare machine has attempted, and whether that was a word of the program."""
        bare = self.run.bare
        steps, at = bare.counts["steps"], _physical(self.sought.isa)(bare.state, {"pc": bare.state.slot(PC)})
        going, event = self.step(), bare.last_event
        if event is not None and bare.counts["steps"] > steps and event.kind is not Kind.INTERRUPT:
            if event.decoded is not None:
                self.attempted.add(event.decoded.instruction.name)
            if at not in self.words and (event.decoded is not None or event.cause is not Cause.MEMORY):
                self.strayed = True
        return going

    def step(self) -> bool:
        """Step once; say whether it can go on."""
        return self.run.step()

    def shown(self) -> Shown | None:
        """Return what the last step has shown, if anything."""
        raise NotImplementedError


class _Equivalence(Check):
    def begin(self) -> None:
        if self.sought.of_event:
            self.watch = self.watched(self.run, interrupts=self.sought.blame == "event:device")

    def shown(self) -> Shown | None:
        found = self.run.divergence
        if found is None:
            return None
        first = found.differences[0]
        says = say(
            "{what} is {bare} on the bare machine and {virtual} in the virtual one",
            what=first.what,
            bare=first.bare,
            virtual=first.virtual,
        )
        if first.what == "outcome":
            says = say("the guest has stopped the real processor, and the monitor never gets it back")
        return Shown(says, found.step, found, found.bare, found.virtual)


class _ResourceControl(Check):
    """What a guest does to what is not its own; run besides on a machine where that holds something else than 0."""

    twins: tuple[LockStep, ...]

    def begin(self) -> None:
        self.watch = self.watched(self.run)
        self.twins = () if self.sought.of_event else (self.lockstep(),)
        for twin in self.twins:
            self.watched(twin, own=True)

    @property
    def runs(self) -> tuple[LockStep, ...]:
        return (self.run, *self.twins)

    def step(self) -> bool:
        going = [run.step() for run in self.runs if run.divergence is None]
        return any(going)

    def counts(self, sentence: str) -> bool:
        """Say whether what was seen belongs to this property."""
        del sentence
        return True

    def shown(self) -> Shown | None:
        assert self.watch is not None
        seen = [s for s in self.watch.sentences if self.sought.of_event and self.counts(s)]
        if seen:
            return self.at(self.run, in_turn(seen), self.run.virtual.counts["steps"])
        for run in self.runs:
            violation = run.violation
            broken = [s for s in violation.sentences if self.counts(s)] if violation is not None else []
            if violation is not None and broken:
                return self.at(run, in_turn(broken), violation.step)
        return None

    @staticmethod
    def at(run: LockStep, says: str, step: int) -> Shown:
        """Return that this was shown, with the last steps of both sides."""
        return Shown(says, step, run.divergence, run.last_bare, run.last_virtual)


class _Isolation(_ResourceControl):
    """Besides what a guest may do to a neighbour: what it learns of one, by being run beside two."""

    def begin(self) -> None:
        self.watch = self.watched(self.run)
        self.twins = self.lockstep(), self.lockstep()
        for run, secret in zip(self.twins, _SECRETS, strict=True):
            self.watched(run, secret)

    def step(self) -> bool:
        going = self.run.step() if self.run.divergence is None else False
        beside = [t.virtual.step() is not None for t in self.twins]
        return going or all(beside)

    def counts(self, sentence: str) -> bool:
        if sentence.startswith("real memory word"):
            return int(sentence.split()[3].rstrip(",")) >= TRAP_WORDS
        return "R lies inside" in sentence or "mode is user" in sentence

    def shown(self) -> Shown | None:
        return super().shown() or self._learnt()

    def _learnt(self) -> Shown | None:
        one, two = (t.virtual for t in self.twins)
        found = next(differences(one.state, two.state, self.sought.isa), None)
        if found is None:
            return None
        what, a, b = found
        says = say("{what} is {a} beside one neighbour and {b} beside another", what=what, a=a, b=b)
        return Shown(says, one.counts["steps"], None, (), self.twins[0].last_virtual)


class _Efficiency(Check):
    """An innocuous instruction that completes on the bare machine, and not directly in the virtual one."""

    before: tuple[int, int] = (0, 0)

    def begin(self) -> None:
        if self.sought.of_event:
            self.watch = self.watched(self.run)

    def _counts(self) -> tuple[int, int]:
        return self.run.bare.counts["instructions"], self.run.virtual.counts["direct"]

    def step(self) -> bool:
        self.before = self._counts()
        return super().step()

    def shown(self) -> Shown | None:
        attempted, direct = (now - then for now, then in zip(self._counts(), self.before, strict=True))
        event = self.run.bare.last_event
        if event is None or event.decoded is None or event.kind is not Kind.EXECUTED or direct or not attempted:
            return None
        name = event.decoded.instruction.name
        if not self._to_blame(name):
            return None
        says = say(
            "`{upcoming}` completes on the bare machine, and in the virtual one only through the monitor",
            upcoming=name,
        )
        return Shown(says, self.run.bare.counts["steps"], None, self.run.last_bare, self.run.last_virtual)

    def _to_blame(self, name: str) -> bool:
        return name not in self.sought.sensitive if self.sought.of_event else name == self.sought.blame


_CHECKS: Mapping[str, Callable[[Search, Mapping[int, int], bool], Check]] = {
    "equivalence": _Equivalence,
    "resource_control": _ResourceControl,
    "isolation": _Isolation,
    "efficiency": _Efficiency,
}
