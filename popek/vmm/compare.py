"""Bare and virtual side by side, in lock step: the commuting square, watched on one run.

After every step the virtual state is recovered and compared with the bare machine's: all slots, all registers, and
every word that either side has touched; at the end all of memory and of the devices. The bare machine's memory is as
large as the allotment, as the theorem has it.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

from attrs import define, field, frozen

from popek.engine.machine import MEMORY_SIZE, Machine
from popek.engine.state import Change, State, differences
from popek.engine.stepper import MAX_STEPS, Record, Result
from popek.isa.architecture import Isa
from popek.isa.porting import NO_PORT, port
from popek.isa.slot import MEMORY, REGISTERS, Array, Role
from popek.shown import Shown
from popek.vmm.allotment import Allotment
from popek.vmm.control import broken, spoilt, trespasses
from popek.vmm.monitor import TRAP_AND_EMULATE, Monitor, Treatment
from popek.vmm.virtual import VirtualState
from popek.vmm.virtual_machine import VirtualMachine, default_allotment

TAIL = 5
"""How many steps of each side are kept for showing what led to a divergence."""


@frozen
class Difference:
    """A part of the state in which the two sides differ, by name, and its value on either."""

    what: str
    bare: int | None
    virtual: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"what": self.what, "bare": self.bare, "virtual": self.virtual}


@frozen
class Divergence:
    """The first step after which the virtual state is not the bare one; the last steps of both sides."""

    step: int
    differences: tuple[Difference, ...]
    bare: tuple[Record, ...] = field(repr=False)
    virtual: tuple[Record, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "step": self.step,
            "differences": [d.to_dict() for d in self.differences],
            "bare": [r.to_dict() for r in self.bare],
            "virtual": [r.to_dict() for r in self.virtual],
        }


@frozen
class Violation:
    """The first step after which the monitor had lost some of its control, and in what way."""

    step: int
    sentences: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"step": self.step, "sentences": list(self.sentences)}


@frozen
class Cost:
    """What a guest has cost under a technique. `counts` are by primitive, `cycles` what a cost table makes of them.

    `seconds` are those of a run of its own, and not the same twice. `blocks` were translated; nothing if none can be.
    `ported` are the guest's words that hypercalls have replaced; nothing if the monitor wants no port.
    """

    counts: Mapping[str, int]
    hypercalls: int
    blocks: int | None
    cycles: int
    bare_cycles: int
    seconds: float
    ported: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        names = ("hypercalls", "blocks", "cycles", "bare_cycles", "seconds", "ported")
        return {"counts": dict(self.counts), **{n: getattr(self, n) for n in names}}


@frozen
class Comparison(Shown):
    """What became of a guest on either machine. `equivalent`: no divergence was seen in `steps` steps.

    `guest` is the program's name, if somebody has given it one.
    """

    isa: str
    monitor: str
    allotment: Allotment
    bare: Result
    virtual: Result
    steps: int
    exits: Mapping[str, int]
    direct: int
    divergence: Divergence | None
    violation: Violation | None
    guest: str = ""
    cost: Cost | None = None

    @property
    def equivalent(self) -> bool:
        """Whether no divergence was seen."""
        return self.divergence is None

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "guest": self.guest,
            "isa": self.isa,
            "monitor": self.monitor,
            "allotment": {"base": self.allotment.base, "size": self.allotment.size},
            "equivalent": self.equivalent,
            "controlled": self.violation is None,
            "steps": self.steps,
            "bare": self.bare.to_dict(),
            "virtual": {**self.virtual.to_dict(), "exits": dict(self.exits), "direct": self.direct},
            "divergence": self.divergence.to_dict() if self.divergence else None,
            "violation": self.violation.to_dict() if self.violation else None,
            **({"cost": self.cost.to_dict()} if self.cost else {}),
        }


@define
class _Side:
    """The last records of one side, and its latest changes."""

    records: list[Record] = field(factory=list)
    watch: Callable[[Record], None] | None = None

    def __call__(self, record: Record) -> None:
        if self.watch is not None:
            self.watch(record)
        self.records = [*self.records[1 - TAIL :], record]


class LockStep:
    """A bare machine and a virtual one with the same program, stepped together.

    `records`: keep the last steps of either side, for showing them; without, it is faster. If the monitor's guests are
    ported, the virtual machine gets the port; `code` says which addresses are code, and a ported word is not different.
    """

    def __init__(
        self,
        isa: Isa,
        words: Mapping[int, int],
        *,
        monitor: Monitor = TRAP_AND_EMULATE,
        sensitive: Container[str] = (),
        critical: Container[str] = (),
        allotment: Allotment | None = None,
        memory: int = MEMORY_SIZE,
        typed: bytes = b"",
        disk: Iterable[int] = (),
        records: bool = True,
        code: Container[int] | None = None,
    ) -> None:
        allotment = allotment or default_allotment(memory)
        disk = tuple(disk)
        self.port = port(words, isa, replaced(monitor, sensitive, critical), code) if monitor.for_ported else NO_PORT
        self.isa = isa
        self._sides = _Side(), _Side()
        self.virtual = VirtualMachine(
            isa,
            self.port.words if monitor.for_ported else words,
            monitor=monitor,
            sensitive=sensitive,
            critical=critical,
            allotment=allotment,
            memory=memory,
            typed=typed,
            disk=disk,
            sink=self._sides[1] if records else None,
        )
        self.bare = Machine(
            isa, words, memory=allotment.size, typed=typed, disk=disk, sink=self._sides[0] if records else None
        )
        self.divergence: Divergence | None = None
        self.violation: Violation | None = None
        self.virtual.at_traps = self._at_traps

    def watched(self, bare: Callable[[Record], None], virtual: Callable[[Record], None]) -> None:
        """Have every record of either side seen by somebody, to the very end."""
        self._sides[0].watch, self._sides[1].watch = bare, virtual

    def step(self) -> bool:
        """Step both sides once; say whether they can go on together."""
        bare_event, virtual_event = self.bare.step(), self.virtual.step()
        self._check_control()
        found = tuple(self._differences())
        if found or (bare_event is None) != (virtual_event is None):
            self.divergence = self._diverged(found)
        return bare_event is not None and self.divergence is None

    def run(self, max_steps: int = MAX_STEPS) -> Comparison:
        """Step both until they end, differ, or the budget is used; then let each go on alone to its own end."""
        steps = 0
        while steps < max_steps and self.step():
            steps += 1
        if self.divergence is None:
            found = tuple(self._everything())
            self.divergence = self._diverged(found) if found else None
        if self._sides[0].watch is None:
            self.bare.sink = self.virtual.sink = None
        return Comparison(
            self.isa.name,
            self.virtual.monitor.name,
            self.virtual.allotment,
            self.bare.run(max(0, max_steps - steps)),
            self.virtual.run(max(0, max_steps - steps)),
            steps,
            self.virtual.exits,
            self.virtual.counts["direct"],
            self.divergence,
            self.violation,
        )

    @property
    def last_bare(self) -> tuple[Record, ...]:
        """The last steps of the bare machine."""
        return tuple(self._sides[0].records)

    @property
    def last_virtual(self) -> tuple[Record, ...]:
        """The last steps of the virtual machine."""
        return tuple(self._sides[1].records)

    def _diverged(self, found: tuple[Difference, ...]) -> Divergence:
        if not found:
            found = (Difference("outcome", None, None),)
        bare, virtual = self._sides
        return Divergence(self.bare.counts["steps"], found, tuple(bare.records), tuple(virtual.records))

    def _at_traps(self, real: State, changes: list[Change]) -> None:
        sentences = () if self.violation else tuple(spoilt(real, self.virtual.allotment, changes))
        if sentences:
            self.violation = Violation(self.virtual.counts["steps"] + 1, sentences)

    def _check_control(self) -> None:
        if self.violation is None and self.virtual.state.inside:
            real, allotment = self.virtual.real, self.virtual.allotment
            sentences = (*broken(real, allotment), *trespasses(real, allotment, self.virtual.direct_changes))
            if sentences:
                self.violation = Violation(self.virtual.counts["steps"], sentences)

    def _differences(self) -> Iterator[Difference]:
        bare, virtual = self.bare.state, self.virtual.state
        for name, a, b in differences(bare, virtual, self.isa):
            yield Difference(name, a, b)
        for array, index in sorted(self._touched(), key=lambda t: (t[0].name, t[1])):
            yield from self._element(array, index, bare, virtual)

    def _element(self, array: Array, index: int, bare: State, virtual: VirtualState) -> Iterator[Difference]:
        a, b = bare.element(array, index), virtual.element(array, index)
        if a != b and not (array is MEMORY and self.port.stands_for(index, a, b)):
            yield Difference(f"{array.name}[{index}]", a, b)

    def _touched(self) -> set[tuple[Array, int]]:
        base, real, own = self.virtual.allotment.base, self.virtual.real, self.virtual.state.own
        shift = {id(real.arrays[MEMORY]): base}
        touched: set[tuple[Array, int]] = set()
        for state, changes in (
            (self.bare.state, self.bare.last_changes),
            (real, self.virtual.last_changes),
            (own, self.virtual.last_changes),
        ):
            arrays = {id(words): array for array, words in state.arrays.items()}
            touched |= _indices(arrays, shift, changes)
        memory = range(self.virtual.allotment.size)
        return {(a, i) for a, i in touched if a is not REGISTERS and (a is not MEMORY or i in memory)}

    def _everything(self) -> Iterator[Difference]:
        bare, virtual = self.bare.state, self.virtual.state
        for array in self.isa.arrays:
            ours = self.virtual.real if array is MEMORY or array.role is Role.PROGRAM else virtual.own
            words: Any = ours.arrays[array]
            known: Iterable[int] = range(bare.size) if array is MEMORY else _keys(words) | _keys(bare.arrays[array])
            for index in sorted(known):
                yield from self._element(array, index, bare, virtual)


def replaced(monitor: Monitor, sensitive: Container[str], critical: Container[str]) -> Container[str]:
    """Return the names of the instructions that hypercalls replace."""
    plans = monitor.supervisor, monitor.user
    return sensitive if any(p.sensitive is Treatment.HYPERCALL for p in plans) else critical


def _keys(words: Any) -> set[int]:
    return set(words) if isinstance(words, dict) else set(range(len(words)))


def _indices(
    arrays: Mapping[int, Array], shift: Mapping[int, int], changes: Iterable[Change]
) -> set[tuple[Array, int]]:
    return {(arrays[id(c)], key - shift.get(id(c), 0)) for c, key, _ in changes if id(c) in arrays}
