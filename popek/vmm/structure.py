"""Structures of hypervisors: which part of one serves an exit, and what has to be crossed on the way there and back.

A technique says *how* a guest's instruction is run. A structure says *where* the monitor does what it does: all of it
in supervisor mode, or some of it in a driver domain, a host's kernel, a process. The guest cannot tell, and what it
exits for stays the same; so a structure is data besides a technique: for each kind of service, the *path* through the
parts, as the sources have it. What is crossed on a path is counted, not declared: a switch of mode wherever one part
runs in supervisor mode and the next in user mode, and a switch of *worlds*, of address space and registers, wherever
they belong to different ones.

What is left out: caches and translation buffers that a switch leaves cold, rings of requests that are served in one go,
and more processors than one, on which the other part may run already. So it is the plain path of one request.
"""

from collections.abc import Mapping
from enum import Enum, unique
from itertools import pairwise

from attrs import field, frozen

from popek.language.phrase import Phrase, say


@unique
class Service(Enum):
    """What a monitor is wanted for: an instruction or a trap of the guest's, a real interrupt, or a device."""

    PROCESSOR = "processor"
    INTERRUPT = "interrupt"
    DEVICE = "device"


@frozen
class Part:
    """A part of the system, and the world that it belongs to; none, if it is mapped into every world."""

    name: str = field(converter=Phrase)
    supervisor: bool
    world: str | None = None


@frozen
class Crossed:
    """What is crossed on the way: switches of mode, and switches of worlds."""

    modes: int
    worlds: int


GUEST = Part("guest", supervisor=False, world="guest")

OF_THE_EXIT = 2
"""The switches of mode that are the exit itself, out of the guest and back, and that a cost table prices as that."""


@frozen
class Structure:
    """For each service, the parts that it goes through, without the guest at either end.

    The first part has the processor when the guest has left it, and the last one gives it back. `source` is where a
    reader finds it described, and `examples` are systems that are built like this. `kind` is Goldberg's: what has the
    machine, the monitor alone or an operating system that hosts it.
    """

    name: str
    title: str = field(converter=Phrase)
    examples: str = field(converter=Phrase)
    kind: str = field(converter=Phrase)
    source: str
    paths: Mapping[Service, tuple[Part, ...]] = field(repr=False)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of its parts."""
        return tuple(dict.fromkeys(part for service in Service for part in self.paths[service]))

    @property
    def emulator(self) -> Part:
        """The part that emulates, interprets and translates: where what concerns the processor alone is served."""
        path = self.paths[Service.PROCESSOR]
        return path[len(path) // 2]

    def crossed(self, service: Service, *, exited: bool) -> Crossed:
        """Return what one service crosses; if the guest has not `exited` for it, the emulator asks, and goes on."""
        path = self.paths[service]
        if exited:
            return crossed((GUEST, *path, GUEST))
        at = [n for n, part in enumerate(path) if part is self.emulator]
        return crossed(path[at[0] : at[-1] + 1] if at else (self.emulator, *path, self.emulator))


def crossed(path: tuple[Part, ...]) -> Crossed:
    """Return what lies between the parts of a path. It begins and ends in the guest's world, unless in another one."""
    ends = [path[0].world or GUEST.world, *(p.world for p in path), path[-1].world or GUEST.world]
    return Crossed(_changes([p.supervisor for p in path]), _changes([w for w in ends if w is not None]))


def _changes(values: list[bool] | list[str]) -> int:
    return sum(a != b for a, b in pairwise(values))


def _paths(
    processor: tuple[Part, ...], interrupt: tuple[Part, ...], device: tuple[Part, ...]
) -> Mapping[Service, tuple[Part, ...]]:
    return {Service.PROCESSOR: processor, Service.INTERRUPT: interrupt, Service.DEVICE: device}


_WHOLE = Part("hypervisor with its drivers", supervisor=True)
_HYPERVISOR = Part("hypervisor", supervisor=True)
_DOMAIN = Part("driver domain", supervisor=False, world="driver domain")
_MICRO = Part("microhypervisor", supervisor=True)
_PROCESS = Part("monitor process", supervisor=False, world="monitor")
_DRIVER = Part("driver process", supervisor=False, world="driver")
_MONITOR = Part("monitor", supervisor=True, world="guest")
_HOST = Part("host's kernel", supervisor=True, world="host")
_APPLICATION = Part("application", supervisor=False, world="host")
_MODULE = Part("kernel with the monitor", supervisor=True)
_EMULATOR = Part("emulator process", supervisor=False)

BARE = say("bare-metal: it has the machine")
HOSTED = say("hosted: an operating system has the machine")
BOTH = say("bare-metal and hosted at once: it has the machine, and is part of an operating system")

STRUCTURES: Mapping[str, Structure] = {
    s.name: s
    for s in (
        Structure(
            "monolithic",
            "drivers in the hypervisor",
            "VMware ESX, Xen as it was in 2003",
            BARE,
            "Cherkasova and Gardner, Measuring CPU Overhead for I/O Processing in the Xen Virtual Machine Monitor, "
            "USENIX ATC 2005, section 2: at first, Xen itself contained the drivers",
            _paths((_WHOLE,), (_WHOLE,), (_WHOLE,)),
        ),
        Structure(
            "microkernel",
            "drivers in a domain of their own",
            "Xen with its Domain0, Hyper-V with its root partition",
            BARE,
            "Santos et al., Bridging the Gap between Software and Hardware Techniques for I/O Virtualization, USENIX "
            "ATC 2008, section 2",
            _paths((_HYPERVISOR,), (_HYPERVISOR,), (_HYPERVISOR, _DOMAIN, _HYPERVISOR)),
        ),
        Structure(
            "microhypervisor",
            "monitor and drivers as processes",
            "NOVA",
            BARE,
            "Steinberg and Kauer, NOVA: A Microhypervisor-Based Secure Virtualization Architecture, EuroSys 2010",
            _paths(
                (_MICRO, _PROCESS, _MICRO),
                (_MICRO,),
                (_MICRO, _PROCESS, _MICRO, _DRIVER, _MICRO, _PROCESS, _MICRO),
            ),
        ),
        Structure(
            "hosted",
            "monitor beside a host, whose drivers an application uses",
            "VMware Workstation",
            HOSTED,
            "Sugerman, Venkitachalam and Lim, Virtualizing I/O Devices on VMware Workstation's Hosted Virtual Machine "
            "Monitor, USENIX ATC 2001, section 2",
            _paths(
                (_MONITOR,),
                (_MONITOR, _HOST, _MONITOR),
                (_MONITOR, _HOST, _APPLICATION, _HOST, _APPLICATION, _HOST, _MONITOR),
            ),
        ),
        Structure(
            "kernel-module",
            "monitor in a host's kernel, devices in a process",
            "KVM with QEMU",
            BOTH,
            "Zhang et al., Evaluating and Optimizing I/O Virtualization in Kernel-based Virtual Machine, NPC 2010, "
            "section 1",
            _paths((_MODULE,), (_MODULE,), (_MODULE, _EMULATOR, _MODULE, _EMULATOR, _MODULE)),
        ),
    )
}
"""The structures, by name."""
