"""Monitors under monitors: the virtual machine that one monitor gives is the machine that the next one has.

Level 1 has the real machine, level 2 the virtual machine of level 1, and so on; the guest runs in the last one. Nothing
is simulated twice: the guest's instructions run on the real processor, and a trap of the guest's reaches level 1 first,
which reflects it into its virtual machine, where level 2 has the processor by that, and so on up to the guest's own
monitor. To let the guest go on, that monitor loads PSW and timer: privileged instructions, each of them an exit to the
level below, which has to let it go on after each. So the exits multiply with depth, as has been measured on real
machines (Ben-Yehuda et al., The Turtles Project: Design and Implementation of Nested Virtualization, OSDI 2010).

A monitor here is written in Python and no program of the machine's, so of what it does only that is executed which
concerns the machine: traps, and the loading of resources. Its own innocuous instructions take no time at any level.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from popek.engine import reference
from popek.engine.machine import MEMORY_SIZE, SMALLEST
from popek.engine.reference import Event, Kind
from popek.engine.state import Journal, StateLike
from popek.engine.stepper import HISTORY, Sink
from popek.errors import PopekError, Problem
from popek.isa.architecture import Isa
from popek.isa.behaviour import Cause
from popek.isa.slot import MEMORY, PC, RUN, Array, Role, Slot
from popek.language.phrase import say
from popek.vmm.allotment import Allotment
from popek.vmm.hardware import Hardware, Platform, control_program
from popek.vmm.monitor import TRAP_AND_EMULATE, Monitor, Treatment
from popek.vmm.virtual_machine import VirtualMachine
from popek.vmm.vm_map import vm_map

DEEPEST = 12
"""The most levels: beyond it, an exit of the guest costs hundreds of thousands of others."""

OWN = 64
"""Words at the beginning of its machine that each monitor keeps for itself."""


@cache
def operations(isa: Isa) -> tuple[frozenset[Slot], ...]:
    """Return how a control program loads the resources that a guest is entered with: the slots, by instructions.

    Each group is what one instruction of the ISA's can write, the largest first. On `classic` there are two: mode, R
    and interrupt enable with the PSW, and the timer.
    """
    left = [s for s in vm_map(isa).entry if s.role is Role.RESOURCE and s is not RUN]
    groups: list[frozenset[Slot]] = []
    while left:
        written = max(([s for s in left if s in i.supervisor.writes] for i in isa.instructions), key=len)
        groups.append(frozenset(written or left))
        left = [s for s in left if s not in groups[-1]]
    return tuple(groups)


class Underneath:
    """A virtual machine as the machine of a monitor that runs in it; both its platform and the state that it sees."""

    def __init__(self, vm: VirtualMachine, level: int) -> None:
        self.vm, self.level = vm, level
        self.journal: Journal = vm.journal

    @property
    def state(self) -> "Underneath":
        """The state of the virtual machine."""
        return self

    @property
    def size(self) -> int:
        """The size of the virtual machine's memory."""
        return self.vm.state.size

    @property
    def running(self) -> bool:
        """Whether the virtual processor still runs."""
        return self.vm.outcome is None

    def slot(self, slot: Slot) -> int:
        """Return a virtual slot's value."""
        return self.vm.state.slot(slot)

    def element(self, array: Array, index: int) -> int:
        """Return a virtual element."""
        return self.vm.state.element(array, index)

    def put(self, array: Array, index: int, value: int) -> None:
        """Write memory or registers, as the monitor does with innocuous instructions: no exit, whoever is inside."""
        assert array is MEMORY or array.role is Role.PROGRAM, f"a monitor does not write the {array} of its machine"
        real: StateLike = self.vm.real
        if array is not MEMORY:
            real.put(array, index, value)
        elif index < self.size:
            real.put(MEMORY, self.vm.allotment.base + index, value)

    def indices(self, array: Array) -> Iterable[int]:
        """Return the indices of an array's elements that may be other than the default."""
        found: Iterable[int] = self.vm.real.indices(array)
        return found

    def set_slot(self, slot: Slot, value: int) -> None:
        """Write one slot, as `load_slots` does."""
        self.load_slots({slot: value})

    def load_slots(self, values: Mapping[Slot, int]) -> None:
        """Write several slots, by the privileged instructions that it takes, each of them an exit."""
        for group in operations(self.vm.isa):
            loaded = {s: values[s] for s in group if s in values}
            if loaded:
                self._load(loaded)
        self._written().load({s: v for s, v in values.items() if s.role is Role.PROGRAM})

    def _load(self, values: Mapping[Slot, int]) -> None:
        view = self.vm.state.view
        if view is None or not values.keys() <= view.copies.keys():
            self._exit(self.vm.monitor.supervisor.treatment(sensitive=True, critical=False), Cause.PRIVILEGED)
        self._written().load(values)

    def _written(self) -> "_Writing":
        """Return how the machine's slots are written now."""
        view = self.vm.state.view
        if view is not None:
            self._go_on()
        return _Writing(view.set_slot if view is not None and self.vm.state.inside else self.vm.state.set_slot)

    def step(self) -> Event | None:
        """Do one step of the virtual machine. If that is a trap or an interrupt, the monitor in it has control then."""
        event = self.vm.proceed()
        if event is not None and event.kind is not Kind.EXECUTED:
            self._go_on()
        return event

    def trap(self, cause: Cause) -> None:
        """Let the virtual machine take a trap before its next instruction, which is its guest's."""
        vm = self.vm
        view = vm.state.view
        if view is not None:
            self._go_on()
            reference.trap(vm.isa, view, view.slot(PC), cause, 0)
            return
        self._exit(vm.monitor.user.others, cause)
        reference.trap(vm.believed, vm.state, vm.state.slot(PC), cause, 0)
        self._go_on()

    def _exit(self, treatment: Treatment, cause: Cause) -> None:
        """Leave the virtual machine, because of an instruction in it that its monitor runs in this way."""
        vm = self.vm
        if treatment is Treatment.DIRECT:
            self._go_on()
            vm.platform.trap(cause)
            vm.state.leave()
            vm.left(cause.name.lower(), [])
            return
        if vm.state.inside:
            vm.state.pause()
        vm.note_treated(treatment)

    def _go_on(self) -> None:
        """Let the monitor in the virtual machine run, whose mode there is supervisor."""
        vm = self.vm
        if not vm.state.inside and vm.monitor.supervisor.others in (Treatment.DIRECT, Treatment.GUEST):
            vm.state.enter()

    def containers(self) -> Mapping[str, Any]:
        """Name every list and dict of the machines from here down."""
        vm, name = self.vm, say("level {level}", level=self.level)
        own = {**vm.containers(), **vm.books}
        return {**vm.platform.containers(), **{f"{name}: {n}": c for n, c in own.items()}}


class _Writing:
    """Writes slots."""

    def __init__(self, write: Callable[[Slot, int], None]) -> None:
        self._write = write

    def load(self, values: Mapping[Slot, int]) -> None:
        for slot, value in values.items():
            self._write(slot, value)


class Nested(VirtualMachine):
    """A guest under several monitors, one in the virtual machine of the other. `monitors`: from the real machine up.

    It is the innermost virtual machine; `levels` are all of them. `allotment` is the outermost one's, in a real machine
    of `memory` words. `apart` says of a monitor which instructions are sensitive and critical.
    """

    def __init__(
        self,
        isa: Isa,
        words: Mapping[int, int],
        *,
        monitors: Sequence[Monitor] = (TRAP_AND_EMULATE,),
        apart: Callable[[Monitor], Mapping[str, Container[str]]] = lambda _: {},
        allotment: Allotment | None = None,
        memory: int = MEMORY_SIZE,
        typed: bytes = b"",
        disk: Iterable[int] = (),
        sink: Sink | None = None,
        history: int = HISTORY,
    ) -> None:
        check_depth(len(monitors))
        platform: Platform = Hardware(isa, memory)
        outer: list[VirtualMachine] = []
        for level, monitor in enumerate(monitors, 1):
            here = (allotment if level == 1 else None) or inner(platform.state.size, level)
            own: dict[str, Any] = {"monitor": monitor, "allotment": here, "platform": platform, **apart(monitor)}
            if level == len(monitors):
                super().__init__(isa, words, typed=typed, disk=disk, sink=sink, history=history, **own)
            else:
                outer.append(VirtualMachine(isa, control_program(here.size), **own))
                platform = Underneath(outer[-1], level)
        self.levels: tuple[VirtualMachine, ...] = (*outer, self)
        self._begin()

    def _sprint(self, budget: int) -> None:
        """Refuse to run in a tier of the engine: what its monitors have is no real machine."""
        del budget

    def __repr__(self) -> str:
        return f"<Nested {self.isa.name}, {len(self.levels)} deep: {self.counts['steps']} steps>"


def inner(memory: int, level: int) -> Allotment:
    """Return what a monitor with so much memory gives its guest: all but its own."""
    if memory - OWN < SMALLEST:
        hint = say("have more memory: each level keeps {own} words", own=OWN)
        raise PopekError(Problem(say("at level {level} nothing is left of the memory", level=level), hint=hint))
    return Allotment(OWN, memory - OWN)


def check_depth(depth: int) -> None:
    """Raise `PopekError` unless there may be so many levels."""
    if not 1 <= depth <= DEEPEST:
        raise PopekError(say("a depth of {depth} is not possible: 1 to {deepest} are", depth=depth, deepest=DEEPEST))


def monitors(first: Monitor, depth: int) -> tuple[Monitor, ...]:
    """Return the monitors of so many levels: the same at each, unless it needs a guest mode.

    Hardware has one guest mode, which the first monitor uses; in its virtual machine there is none.
    """
    check_depth(depth)
    return (first, *[TRAP_AND_EMULATE if first.in_guest_mode else first] * (depth - 1))
