"""Witnesses of refutations: the smallest guest program that shows it, found by running it.

A refuted obligation names an instruction and a virtual mode. Candidates set up a state from reset (registers, a mode
and an R through the trap's new PSW, an exit before) and then execute the instruction; each is run in lock step on the
bare machine and under the monitor, shortest first, until one shows the refutation. Then it is shrunk until nothing can
be dropped and no constant made simpler. What cannot be shown by a program is never called refuted.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from attrs import evolve, field, frozen

from popek.engine import reference
from popek.engine.reference import Kind
from popek.engine.state import differences
from popek.engine.stepper import Record
from popek.errors import PopekError
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.cycle import TRAP_WORDS
from popek.prove.candidates import ALLOTMENT, Operands, Sought, candidates
from popek.prove.values import Classes
from popek.prove.watch import Watch, program_word
from popek.vmm.compare import Divergence, LockStep
from popek.vmm.monitor import Monitor

REAL_MEMORY = 192
QUANTUM = 2
"""So that whatever may happen between two instructions soon does."""

MAX_STEPS, PATIENCE = 24, 70
"""Steps of one run; more where a disk is waited for."""

CANDIDATES = 500
"""How many candidates are tried for one refutation."""


@frozen
class Witness:
    """A guest program that shows a refutation, and what it shows: `says`, at step `step`, of `what`."""

    property: str
    blame: str
    isa: str
    monitor: str
    program: str
    says: str
    step: int
    first_divergence: Divergence | None = field(repr=False)
    bare: tuple[Record, ...] = field(repr=False)
    virtual: tuple[Record, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        differences = self.first_divergence.differences if self.first_divergence else ()
        return {
            "program": self.program,
            "says": self.says,
            "step": self.step,
            "allotment": [ALLOTMENT.base, ALLOTMENT.size],
            "memory": REAL_MEMORY,
            "differences": [{"what": d.what, "bare": d.bare, "virtual": d.virtual} for d in differences],
            "bare": [r.to_dict() for r in self.bare],
            "virtual": [r.to_dict() for r in self.virtual],
        }


@frozen
class Shown:
    """What a run has shown: a sentence, the step, and the last steps of both sides."""

    says: str
    step: int
    divergence: Divergence | None
    bare: tuple[Record, ...]
    virtual: tuple[Record, ...]


@frozen
class Search(Sought):
    """What is looked for, and how it is run."""

    records: bool = False
    """Whether runs keep their last steps; not needed until a witness is found."""

    @property
    def key(self) -> Hashable:
        """What the search depends on: monitors that are one but for their names find the same."""
        monitor = evolve(self.monitor, name="", doc="")
        tables = (monitor.dispatcher, monitor.entry, monitor.recovery, monitor.routines)
        rest = monitor.supervisor, monitor.user, monitor.reflection, monitor.renews
        about = self.isa, self.prop, self.blame, self.sensitive, self.critical, self.user
        return (*about, *rest, *(frozenset(t.items()) for t in tables))

    def run(self, words: Mapping[int, int]) -> Shown | None:
        """Run a program in lock step; return what it shows of the refutation, if anything."""
        return _CHECKS[self.prop](self, words)


def search(
    isa: Isa,
    monitor: Monitor,
    prop: str,
    blame: str,
    classes: Sequence[Classes],
    *,
    user: bool | None = None,
    hints: Callable[[], Iterable[Operands]] = tuple,
) -> Witness | None:
    """Return a witness, shrunk; nothing if no candidate shows the refutation.

    `user` narrows the virtual mode, and `hints` gives operands to try when the first candidates fail.
    """
    sought = _sought(isa, monitor, prop, blame, classes, user=user, hints=hints)
    key = sought.key
    if key not in _found:
        _found[key] = _first(sought)
    found = _found[key]
    return found and evolve(found, monitor=monitor.name)


def shows(program: str, isa: Isa, monitor: Monitor, *, prop: str, blame: str, classes: Sequence[Classes]) -> str | None:
    """Run a guest program, in assembly, as witnesses are run; return what it shows of a refutation, if anything."""
    shown = _try(_sought(isa, monitor, prop, blame, classes), program.splitlines())
    return None if shown is None else shown.says


def _sought(
    isa: Isa,
    monitor: Monitor,
    prop: str,
    blame: str,
    classes: Sequence[Classes],
    *,
    user: bool | None = None,
    hints: Callable[[], Iterable[Operands]] = tuple,
) -> Search:
    sensitive = frozenset(c.name for c in classes if c.sensitive is not False)
    critical = frozenset(c.name for c in classes if c.critical is not False)
    return Search(isa, monitor, prop, blame, sensitive, critical, user, hints)


_found: dict[Hashable, Witness | None] = {}


def _first(sought: Search) -> Witness | None:
    for lines in islice(candidates(sought), CANDIDATES):
        shown = _try(sought, lines)
        if shown is not None:
            smallest = _shrink(sought, lines)
            return _witness(sought, smallest, _try(sought, smallest, records=True) or shown)
    return None


def _try(sought: Search, lines: Sequence[str], *, records: bool = False) -> Shown | None:
    try:
        program = assemble("\n".join(lines), sought.isa)
    except PopekError:
        return None
    fits = max(program.words, default=0) < ALLOTMENT.size
    return evolve(sought, records=records).run(program.words) if fits else None


def _witness(sought: Search, lines: Sequence[str], shown: Shown) -> Witness:
    names = sought.prop, sought.blame, sought.isa.name, sought.monitor.name
    text = "\n".join(line if line.endswith(":") else f"        {line}" for line in lines).replace(" - 0,", ",")
    return Witness(*names, text + "\n", shown.says, shown.step, shown.divergence, shown.bare, shown.virtual)


# What a run can show ------------------------------------------------------------------------------------------------


def _lockstep(sought: Search, words: Mapping[int, int]) -> LockStep:
    return LockStep(
        sought.isa,
        words,
        monitor=evolve(sought.monitor, quantum=QUANTUM),
        sensitive=sought.sensitive,
        critical=sought.critical,
        allotment=ALLOTMENT,
        memory=REAL_MEMORY,
        typed=b"ab",
        disk=range(1, 64),
        records=sought.records,
    )


def _equivalence(sought: Search, words: Mapping[int, int]) -> Shown | None:
    run = _lockstep(sought, words)
    if sought.of_event:
        Watch(run, program_word(sought.isa, 7), interrupts=sought.blame == "event:device")
    for _ in range(_steps(sought)):
        if not run.step():
            break
    found = run.divergence
    if found is None:
        return None
    first = found.differences[0]
    says = f"{first.what} is {first.bare} on the bare machine and {first.virtual} in the virtual one"
    if first.what == "outcome":
        says = "the guest has stopped the real processor, and the monitor never gets it back"
    return Shown(says, found.step, found, found.bare, found.virtual)


def _resource_control(sought: Search, words: Mapping[int, int]) -> Shown | None:
    return _violation(sought, words, lambda _: True)


def _violation(sought: Search, words: Mapping[int, int], counts: Callable[[str], bool]) -> Shown | None:
    run = _lockstep(sought, words)
    watch = Watch(run, program_word(sought.isa, 7))
    for _ in range(_steps(sought)):
        going = run.step()
        seen = [s for s in watch.sentences if sought.of_event and counts(s)]
        if seen:
            return Shown("; ".join(seen), run.virtual.counts["steps"], run.divergence, run.last_bare, run.last_virtual)
        if run.violation is not None and any(counts(s) for s in run.violation.sentences):
            says = "; ".join(s for s in run.violation.sentences if counts(s))
            return Shown(says, run.violation.step, run.divergence, run.last_bare, run.last_virtual)
        if not going:
            break
    return None


def _isolation(sought: Search, words: Mapping[int, int]) -> Shown | None:
    def counts(sentence: str) -> bool:
        if sentence.startswith("real memory word"):
            return int(sentence.split()[3].rstrip(",")) >= TRAP_WORDS
        return "R lies inside" in sentence or "mode is user" in sentence

    return _violation(sought, words, counts) or _leak(sought, words)


def _leak(sought: Search, words: Mapping[int, int]) -> Shown | None:
    """Run the guest twice beside different neighbours; say where it differs."""
    runs = [_lockstep(sought, words) for _ in range(2)]
    for run, secret in zip(runs, (0x11, 0x2222), strict=True):
        Watch(run, program_word(sought.isa, secret))
    for _ in range(_steps(sought)):
        going = [run.virtual.step() is not None for run in runs]
        found = next(differences(runs[0].virtual.state, runs[1].virtual.state, sought.isa), None)
        if found is not None:
            what, a, b = found
            says = f"{what} is {a} beside one neighbour and {b} beside another"
            return Shown(says, runs[0].virtual.counts["steps"], None, (), runs[0].last_virtual)
        if not all(going):
            break
    return None


def _efficiency(sought: Search, words: Mapping[int, int]) -> Shown | None:
    """Show an innocuous instruction that completes on the bare machine, and not directly in the virtual one."""
    run = _lockstep(sought, words)
    if sought.of_event:
        Watch(run, program_word(sought.isa, 7))
    for _ in range(_steps(sought)):
        upcoming = reference.upcoming(sought.isa, run.bare.state)
        direct, traps = run.virtual.counts["direct"], run.bare.counts["instructions"]
        going = run.step()
        named = upcoming is not None and _is_to_blame(sought, upcoming.instruction.name)
        completed = run.bare.last_event is not None and run.bare.last_event.kind is Kind.EXECUTED
        if named and completed and run.bare.counts["instructions"] > traps and run.virtual.counts["direct"] == direct:
            name = upcoming.instruction.name if upcoming else sought.blame
            says = f"`{name}` completes on the bare machine, and in the virtual one only through the monitor"
            return Shown(says, run.bare.counts["steps"], None, run.last_bare, run.last_virtual)
        if not going:
            break
    return None


def _is_to_blame(sought: Search, name: str) -> bool:
    return name not in sought.sensitive if sought.of_event else name == sought.blame


def _steps(sought: Search) -> int:
    return PATIENCE if sought.blame == "event:device" else MAX_STEPS


_CHECKS: Mapping[str, Callable[[Search, Mapping[int, int]], Shown | None]] = {
    "equivalence": _equivalence,
    "resource_control": _resource_control,
    "isolation": _isolation,
    "efficiency": _efficiency,
}


# Shrinking ----------------------------------------------------------------------------------------------------------


_FIXED = (".org ", ".word 0, handler", ".word 0, go", ".word 1, go", ".word 2, go", ".word 3, go", "svc 0", "go:")


def _shrink(sought: Search, lines: list[str]) -> list[str]:
    """Drop lines and simplify constants as long as the program still shows the refutation."""
    improved = True
    while improved:
        improved = False
        for smaller in _smaller(lines):
            if _try(sought, smaller) is not None:
                lines, improved = smaller, True
                break
    return lines


def _smaller(lines: list[str]) -> Iterator[list[str]]:
    fixed = [n for n, line in enumerate(lines) if line.startswith(_FIXED)]
    if fixed:
        yield [line for n, line in enumerate(lines) if n not in fixed]
    yield from (lines[:n] + lines[n + 1 :] for n in range(len(lines)) if n not in fixed)
    for n, line in enumerate(lines):
        if line.startswith("ldi "):
            register, value = line[4:].split(", ")
            simpler = sorted({v for v in (0, 1, 2, int(value) // 2, abs(int(value)) - 1) if abs(v) < abs(int(value))})
            yield from ([*lines[:n], f"ldi {register}, {v}", *lines[n + 1 :]] for v in simpler)
