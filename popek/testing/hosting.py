"""What somebody can complain of who shares a real machine: another result than alone, or less time than is due."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, frozen

from popek.engine.stepper import Result
from popek.isa.architecture import Isa
from popek.isa.slot import CONSOLE_OUTPUT, DISK, MEMORY
from popek.vmm.allotment import Allotment
from popek.vmm.host import Host
from popek.vmm.hosted import Hosted, Phase
from popek.vmm.monitor import TRAP_AND_EMULATE, Monitor
from popek.vmm.virtual_machine import VirtualMachine


@frozen
class Tenant:
    """A guest and its terms: `size` words of memory, and a budget of `steps`."""

    name: str
    words: Mapping[int, int] = field(repr=False)
    size: int = 64
    steps: int = 300
    monitor: Monitor = TRAP_AND_EMULATE
    typed: bytes = b""
    disk: tuple[int, ...] = field(default=(), repr=False)
    shares: int = 1

    def move_into(self, host: Host, **terms: Any) -> Hosted:
        """Start it on a host."""
        given = {"allotment": self.size, "shares": self.shares, "budget": self.steps, **terms}
        return host.start(
            self.words, name=self.name, monitor=self.monitor, typed=self.typed, disk=self.disk, **given
        )  # fmt: skip

    def alone(self, isa: Isa, apart: Mapping[str, Any]) -> VirtualMachine:
        """Return a virtual machine that has run it with nobody else there."""
        vm = VirtualMachine(
            isa,
            self.words,
            monitor=self.monitor,
            allotment=Allotment(16, self.size),
            memory=16 + self.size,
            typed=self.typed,
            disk=self.disk,
            **apart,
        )
        vm.run(self.steps)
        return vm


@frozen
class Remains:
    """All that can be told of a virtual machine's run: its result, its memory and its devices."""

    result: Result
    memory: tuple[int, ...] = field(repr=False)
    devices: tuple[tuple[tuple[int, int], ...], ...] = field(repr=False)


def remains(vm: VirtualMachine) -> Remains:
    """Return what is left of a virtual machine's run."""
    state = vm.state
    devices = tuple(tuple(sorted(state.own.arrays[a].items())) for a in (CONSOLE_OUTPUT, DISK))
    return Remains(vm.result(), tuple(state.element(MEMORY, a) for a in range(state.size)), devices)


def complaints(host: Host, tenants: Mapping[str, Tenant]) -> Iterator[str]:
    """Give what the tenants of a host, which has run, can complain of."""
    for name, tenant in tenants.items():
        hosted = host[name]
        if hosted.phase is not Phase.ENDED:
            yield f"{name} is {hosted.phase.value}, and has not ended"
        there, alone = remains(hosted.vm), remains(tenant.alone(host.isa, host.apart(tenant.monitor)))
        if there.result != alone.result:
            yield f"{name} has come to {there.result}, and alone to {alone.result}"
        elif there != alone:
            yield f"{name} has left other words in memory, or on a device, than alone"
    yield from unfair(host)


def unfair(host: Host) -> Iterator[str]:
    """Give where a host that runs each in turn has let one wait longer than the others' quanta, and their exits."""
    longest = (len(host.vms) - 1) * (host.quantum + host.exit_ticks)
    for name, hosted in host.vms.items():
        wait = hosted.account.longest_wait
        if wait > longest:
            yield f"{name} has waited {wait} ticks, and the others' quanta are {longest}"


def everything(host: Host) -> dict[str, object]:
    """Return all that there is to a host, as values, for comparing it with itself at another time."""
    return {n: dict(c) if isinstance(c, dict) else list(c) for n, c in host.everything().items() if n != "vms"}
