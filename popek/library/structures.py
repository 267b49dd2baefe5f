"""One guest under one technique, and what its exits cost in each structure that a hypervisor may have."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from popek.engine.machine import MEMORY_SIZE
from popek.engine.stepper import Record
from popek.library import naming, running, techniques
from popek.library.naming import NamedGuest, NamedIsa
from popek.library.running import Run
from popek.shown import Shown
from popek.vmm import cost_table
from popek.vmm.cost_table import CostTable, HardwareTraps
from popek.vmm.services import Services
from popek.vmm.structure import OF_THE_EXIT, STRUCTURES, Crossed, Service, Structure

DEFAULT_MONITOR = "trap-and-emulate"


@frozen
class Served:
    """How often a monitor was wanted, by service: after an exit, and without one, the guest being outside."""

    exited: Mapping[Service, int]
    outside: Mapping[Service, int]

    def total(self, service: Service) -> int:
        """Return how often it was wanted for a service."""
        return self.exited[service] + self.outside[service]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {s.value: {"exited": self.exited[s], "outside": self.outside[s]} for s in Service}


@frozen
class Structured:
    """What a guest costs in one structure: all that is crossed, the exits themselves included, and cycles."""

    structure: Structure
    crossed: Crossed
    cycles: int

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        of = self.structure
        told = {"name": of.name, "title": of.title, "examples": of.examples, "source": of.source}
        parts = [{"name": p.name, "supervisor": p.supervisor, "world": p.world} for p in of.parts]
        paths = {s.value: [p.name for p in of.paths[s]] for s in Service}
        counts = {"mode_switches": self.crossed.modes, "world_switches": self.crossed.worlds, "cycles": self.cycles}
        return {**told, "parts": parts, "paths": paths, **counts}


@frozen
class Structures(Shown):
    """The same run in each structure. `served` is the same in all: the guest cannot tell where it is served."""

    run: Run
    served: Served
    each: tuple[Structured, ...]
    costs: CostTable

    @property
    def guest(self) -> str:
        """The guest's name."""
        return self.run.guest

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "guest": self.run.guest,
            "isa": self.run.isa,
            "monitor": self.run.monitor,
            "exits": dict(self.run.exits),
            "served": self.served.to_dict(),
            "structures": [one.to_dict() for one in self.each],
            "costs": self.costs.to_dict(),
        }


def structures(
    guest: NamedGuest,
    *,
    isa: NamedIsa | None = None,
    monitor: str = DEFAULT_MONITOR,
    costs: str | CostTable | None = None,
    max_steps: int | None = None,
    **terms: Any,
) -> Structures:
    """Run a guest under a monitor, and price what its exits cross in each structure."""
    found, table = naming.guest(guest), techniques.costs(costs)
    on = naming.isa(found.isa if isa is None else isa)
    program = naming.program(guest, found, on)
    services = Services(frozenset(i.cause.name.lower() for i in on.cycle.interrupts))
    traps = HardwareTraps()

    def sink(record: Record) -> None:
        services(record)
        traps(record)

    given = {"input": found.input, "disk": found.disk, **{n: v for n, v in terms.items() if v is not None}}
    machine = running.virtual(on, program, monitor, sink=sink, **given)
    machine.run(running.budget(found.max_steps if max_steps is None else max_steps))
    memory = given.get("memory", MEMORY_SIZE)
    run = running.told(found, program, machine, memory, on_its_terms=False)
    served = Served(*({s: counts[s] for s in Service} for counts in (services.exited, services.outside)))
    base = table.price(cost_table.tally(machine, traps))
    return Structures(run, served, tuple(_in(s, served, base, table) for s in STRUCTURES.values()), table)


def _in(structure: Structure, served: Served, base: int, table: CostTable) -> Structured:
    """Return a run in a structure; `base` are the cycles of the run, without what its exits cross more than an exit."""
    modes = worlds = 0
    for service in Service:
        for counts, exited in ((served.exited, True), (served.outside, False)):
            one = structure.crossed(service, exited=exited)
            modes += one.modes * counts[service]
            worlds += one.worlds * counts[service]
    more = {"mode": modes - OF_THE_EXIT * sum(served.exited.values()), "world": worlds}
    return Structured(structure, Crossed(modes, worlds), base + table.price(more))
