"""Running programs: on the bare machine, under a monitor, or on both side by side."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from popek.engine.machine import MEMORY_SIZE, Machine
from popek.engine.root_mode import RootMachine
from popek.engine.state import printed
from popek.engine.stepper import Result, Sink
from popek.errors import PopekError
from popek.guests.guest import Guest
from popek.isa import porting
from popek.isa.architecture import Isa
from popek.isa.program import Program
from popek.isa.slot import MEMORY
from popek.language.phrase import say
from popek.library import naming, sampling
from popek.library.naming import NamedGuest, NamedIsa
from popek.library.sampling import Moment
from popek.shown import Pictured
from popek.vmm.allotment import Allotment
from popek.vmm.compare import Comparison, LockStep, replaced
from popek.vmm.monitor import Monitor, Treatment
from popek.vmm.translation.statistics import Statistics
from popek.vmm.virtual_machine import VirtualMachine

LONGEST_RUN = 10**12
"""The largest step budget."""

Words = Program | Mapping[int, int]
Place = Allotment | tuple[int, int]


@frozen
class Dump:
    """Some words of memory after a run, from an address on, as the guest addresses its physical memory."""

    address: int
    words: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"address": self.address, "words": list(self.words)}


@frozen
class Run(Pictured):
    """What became of a guest: `result`, and under a monitor what it cost.

    `direct` counts the instructions that ran directly, `treated` those that the monitor has emulated, translated or
    taken as hypercalls without a trap. `mismatches` are the points in which the result is not what the guest's header
    expects; nothing if there was nothing to be held against it, because the header says nothing or the run was not on
    its terms. `sprinted` are the steps that a tier of the engine has taken, by its name; the reference took the rest.
    `modes` has the instructions by virtual mode, and by how they were run, and `translation` what translation has cost.
    `over_time` has the exits at some moments of it, if all that was counted is shown (`stats`), for a picture.
    """

    guest: str
    isa: str
    monitor: str | None
    memory: int
    allotment: Allotment | None
    result: Result
    exits: Mapping[str, int]
    direct: int
    treated: Mapping[str, int] = field(factory=dict)
    dumps: tuple[Dump, ...] = ()
    mismatches: tuple[str, ...] | None = None
    stats: bool = field(default=False, repr=False)
    sprinted: Mapping[str, int] = field(factory=dict, repr=False)
    modes: Mapping[str, Mapping[str, int]] = field(factory=dict, repr=False)
    translation: Statistics | None = field(default=None, repr=False)
    over_time: tuple[Moment, ...] = field(default=(), repr=False)

    @property
    def as_expected(self) -> bool:
        """Whether nothing is other than the guest's header says."""
        return not self.mismatches

    @property
    def engines(self) -> dict[str, int]:
        """How many steps were taken by which engine; those that took none are left out."""
        rest = self.result.steps - sum(self.sprinted.values())
        return {n: s for n, s in {**self.sprinted, "reference": rest}.items() if s}

    @property
    def output(self) -> str:
        """What was printed on the console."""
        return self.result.output

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        answer: dict[str, Any] = {"guest": self.guest, "isa": self.isa, "monitor": self.monitor, "memory": self.memory}
        answer |= self.result.to_dict()
        if self.allotment is not None:
            place = {"base": self.allotment.base, "size": self.allotment.size}
            cost: dict[str, Any] = {"exits": dict(self.exits), "direct": self.direct, "treated": dict(self.treated)}
            cost["modes"] = {mode: dict(counts) for mode, counts in self.modes.items()}
            cost["translation"] = self.translation.to_dict() if self.translation else None
            answer |= {**cost, "vms": [{"allotment": place, **self.result.to_dict(), **cost}]}
        answer["engines"] = self.engines
        answer["dump"] = [d.to_dict() for d in self.dumps]
        answer["expected"] = None if self.mismatches is None else self.as_expected
        answer["mismatches"] = list(self.mismatches or ())
        return answer


def machine(
    isa: NamedIsa,
    program: Words,
    *,
    memory: int = MEMORY_SIZE,
    input: bytes = b"",  # noqa: A002 - the word for it, here as on the command line
    disk: Iterable[int] = (),
    sink: Sink | None = None,
) -> Machine:
    """Return a bare machine with a program in its memory, at reset. `memory` is in words; `input` will be typed.

    If the ISA has a guest mode, the machine is in root mode, and a program may enter it.
    """
    on = naming.isa(isa)
    kind = Machine if on.guest is None else RootMachine
    return kind(on, words_of(program), memory=memory, typed=input, disk=disk, sink=sink)


def virtual(
    isa: NamedIsa,
    program: Words,
    monitor: Monitor | str | Path = "trap-and-emulate",
    *,
    allotment: Place | None = None,
    memory: int = MEMORY_SIZE,
    input: bytes = b"",  # noqa: A002 - the word for it, here as on the command line
    disk: Iterable[int] = (),
    sink: Sink | None = None,
) -> VirtualMachine:
    """Return a virtual machine with a program in its memory, at reset, under a monitor; ported, if it wants that.

    `memory` is the real machine's, in words, and `allotment` (a base and a size) the part of it that is the guest's.
    """
    on = naming.isa(isa)
    under = fit(monitor, on)
    return VirtualMachine(
        on,
        ported(on, under, program),
        monitor=under,
        **treated_apart(on, under),
        allotment=placed(allotment),
        memory=memory,
        typed=input,
        disk=disk,
        sink=sink,
    )


def run(
    guest: NamedGuest,
    *,
    isa: NamedIsa | None = None,
    monitor: Monitor | str | Path | None = None,
    engine: str = "auto",
    memory: int | None = None,
    allotment: Place | None = None,
    input: bytes | None = None,  # noqa: A002 - the word for it, here as on the command line
    disk: Sequence[int] | None = None,
    max_steps: int | None = None,
    dump: Iterable[tuple[int, int]] = (),
    stats: bool = False,
    sink: Sink | None = None,
) -> Run:
    """Run a guest to its end or to its budget, on the bare machine or under a monitor.

    `engine` is `reference`, the name of a tier, or `auto`: the best tier that there is, once it is worth while.
    What is not given is as the guest's header has it. Where its terms are kept, the result is held against the
    expected one. `dump` are pairs of an address and a number of words; `stats` shows all that was counted.
    """
    naming.check_engine(engine)
    found = naming.guest(guest)
    on = naming.isa(found.isa if isa is None else isa)
    program = naming.program(guest, found, on)
    typed, words = found.input if input is None else input, found.disk if disk is None else disk
    size = MEMORY_SIZE if memory is None else memory
    ready: Machine | VirtualMachine
    if monitor is None:
        if allotment is not None:
            raise PopekError(say("an allotment is a virtual machine's: name a monitor as well"))
        ready = machine(on, program, memory=size, input=typed, disk=words, sink=sink)
    else:
        ready = virtual(on, program, monitor, allotment=allotment, memory=size, input=typed, disk=words, sink=sink)
    ready.engine = engine
    spans = [span(ready, *d) for d in dump]
    steps = budget(found.max_steps if max_steps is None else max_steps)
    moments: tuple[Moment, ...] = ()
    if stats and isinstance(ready, VirtualMachine):
        moments = sampling.run(ready, steps)
    else:
        ready.run(steps)
    on_its_terms = input is None and disk is None and max_steps is None
    done = told(found, program, ready, size, spans, stats=stats, on_its_terms=on_its_terms)
    return evolve(done, over_time=moments)


def told(
    found: Guest,
    program: Program,
    ready: Machine | VirtualMachine,
    memory: int,
    spans: Iterable[range] = (),
    *,
    stats: bool = False,
    on_its_terms: bool = True,
) -> Run:
    """Return what became of a guest on a machine that has run; `memory` is the real machine's."""
    result = ready.result()
    on_its_terms = on_its_terms and ready.state.size >= found.memory
    done = Run(
        found.name,
        ready.isa.name,
        monitor=None,
        memory=memory,
        allotment=None,
        result=result,
        exits={},
        direct=result.instructions,
        dumps=tuple(Dump(s.start, tuple(ready.state.element(MEMORY, a) for a in s)) for s in spans),
        mismatches=_mismatches(found, ready, program, result) if on_its_terms else None,
        stats=stats,
        sprinted=ready.sprinted,
    )
    return _under_monitor(done, ready) if isinstance(ready, VirtualMachine) else done


def _under_monitor(done: Run, ready: VirtualMachine) -> Run:
    """Return a run with what it cost the monitor."""
    treated = [t.value for t in Treatment if t is not Treatment.DIRECT and ready.counts.get(t.value)]
    return evolve(
        done,
        monitor=ready.monitor.name,
        allotment=ready.allotment,
        exits=ready.exits,
        direct=ready.counts["direct"],
        treated={t: ready.counts[t] for t in treated},
        modes=ready.by_mode,
        translation=ready.translation,
    )


def compare(
    guest: NamedGuest,
    *,
    isa: NamedIsa | None = None,
    monitor: Monitor | str | Path = "trap-and-emulate",
    memory: int | None = None,
    allotment: Place | None = None,
    input: bytes | None = None,  # noqa: A002 - the word for it, here as on the command line
    disk: Sequence[int] | None = None,
    max_steps: int | None = None,
) -> Comparison:
    """Run a guest on the bare machine and under a monitor, side by side, up to the first divergence and on."""
    found = naming.guest(guest)
    pair = side_by_side(
        found, isa=isa, monitor=monitor, memory=memory, allotment=allotment, input=input, disk=disk, program=guest
    )
    return evolve(pair.run(budget(found.max_steps if max_steps is None else max_steps)), guest=found.name)


def side_by_side(
    found: Guest,
    *,
    isa: NamedIsa | None = None,
    monitor: Monitor | str | Path = "trap-and-emulate",
    memory: int | None = None,
    allotment: Place | None = None,
    input: bytes | None = None,  # noqa: A002 - the word for it, here as on the command line
    disk: Sequence[int] | None = None,
    program: NamedGuest | None = None,
) -> LockStep:
    """Return a bare machine and a virtual one with the same guest, to be stepped together."""
    on = naming.isa(found.isa if isa is None else isa)
    under = fit(monitor, on)
    ready = naming.program(found if program is None else program, found, on)
    return LockStep(
        on,
        ready.words,
        code=ready.code,
        monitor=under,
        **treated_apart(on, under),
        allotment=placed(allotment),
        memory=MEMORY_SIZE if memory is None else memory,
        typed=found.input if input is None else input,
        disk=found.disk if disk is None else disk,
    )


def fit(named: Monitor | str | Path, on: Isa) -> Monitor:
    """Return a monitor that can run guests on an ISA."""
    found = naming.monitor(named, on)
    found.check(on)
    return found


def treated_apart(isa: Isa, monitor: Monitor) -> dict[str, Any]:
    """Return the names of the sensitive and of the critical instructions, if a monitor treats those apart."""
    plans = monitor.supervisor, monitor.user
    if all(p.sensitive is None and p.critical is None for p in plans):
        return {}
    from popek.prove.classes import classify  # noqa: PLC0415 - the solver takes a while to import, and few need it

    classes = classify(isa)
    return {
        "sensitive": frozenset(c.name for c in classes if c.sensitive is not False),
        "critical": frozenset(c.name for c in classes if c.critical is not False),
    }


def ported(isa: Isa, monitor: Monitor, program: Words) -> Mapping[int, int]:
    """Return a program's words; with hypercalls in them, if a monitor is for ported guests."""
    words = words_of(program)
    if not monitor.for_ported:
        return words
    code = program.code if isinstance(program, Program) else None
    return porting.port(words, isa, replaced(monitor, **treated_apart(isa, monitor)), code).words


def words_of(program: Words) -> Mapping[int, int]:
    """Return a program's words."""
    if isinstance(program, Program):
        return program.words
    if not isinstance(program, Mapping):
        raise PopekError(
            say("a program is what `popek.assemble` returns, not a value of type {name}", name=type(program).__name__)
        )
    return program


def placed(place: Place | None) -> Allotment | None:
    """Return an allotment from its base and size, if there is one."""
    return Allotment(*place) if isinstance(place, tuple) else place


def budget(steps: int) -> int:
    """Return a step budget if it is possible."""
    if not 0 <= steps <= LONGEST_RUN:
        raise PopekError(
            say(
                "a budget of {steps} steps is not possible: 0 to {longest_run} are",
                steps=steps,
                longest_run=LONGEST_RUN,
            )
        )
    return steps


def span(ready: Machine | VirtualMachine, address: int, count: int) -> range:
    """Return the addresses of some words of a machine's memory, if it has them."""
    size = ready.state.size
    if address < 0 or count < 0 or address + count > size:
        raise PopekError(
            say(
                "{count} words from {address} on cannot be shown: the memory has {size} words",
                count=count,
                address=address,
                size=size,
            )
        )
    return range(address, address + count)


def _mismatches(
    guest: Guest, ready: Machine | VirtualMachine, program: Program, result: Result
) -> tuple[str, ...] | None:
    expected = guest.expected
    if expected.outcome is None:
        return None
    return expected.mismatches(
        result.outcome.value,
        printed(ready.state),
        result.registers,
        lambda address: ready.state.element(MEMORY, address),
        program.symbols,
    )
