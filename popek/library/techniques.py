"""One guest under all techniques: whether the result is equal, what ran directly, and what it cost."""

from time import perf_counter
from typing import Any

from attrs import evolve, frozen

from popek import files
from popek.library import naming, running
from popek.library.naming import NamedGuest, NamedIsa
from popek.shown import Shown
from popek.vmm import cost_table, rings
from popek.vmm.compare import Comparison, Cost, LockStep
from popek.vmm.cost_table import CostTable, HardwareTraps
from popek.vmm.monitor import MONITORS, Monitor

SUFFIX = ".toml"


@frozen
class Comparisons(Shown):
    """The same guest under several monitors, each beside the bare machine; `costs` is the table for the cycles.

    `not_applicable` are those that need a guest mode, which the ISA does not have.
    """

    each: tuple[Comparison, ...]
    costs: CostTable
    not_applicable: tuple[str, ...] = ()

    @property
    def equivalent(self) -> bool:
        """Whether no divergence was seen under any of them."""
        return all(c.equivalent for c in self.each)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "comparisons": [c.to_dict() for c in self.each],
            "costs": self.costs.to_dict(),
            "not_applicable": list(self.not_applicable),
        }


def costs(named: str | CostTable | None = None) -> CostTable:
    """Return a cost table by its name or from its .toml file; itself if it is one."""
    if isinstance(named, CostTable):
        return named
    if named is not None and named.endswith(SUFFIX):
        return cost_table.parse(files.read_text(named), named)
    return cost_table.find(cost_table.DEFAULT if named is None else named)


def able(isa: NamedIsa) -> tuple[Monitor, ...]:
    """Return the monitors that can run guests on an ISA."""
    on = naming.isa(isa)
    return tuple(m for m in rings.available(on) if on.guest or not m.in_guest_mode)


def compare_all(
    guest: NamedGuest,
    *,
    isa: NamedIsa | None = None,
    costs: str | CostTable | None = None,
    max_steps: int | None = None,
    **terms: Any,
) -> Comparisons:
    """Run a guest on the bare machine and under every monitor that can run guests on the ISA, and price it.

    Each is run twice: step by step beside the bare machine, to be compared and counted, and alone, to be timed.
    """
    found, table = naming.guest(guest), _costs(costs)
    on = naming.isa(found.isa if isa is None else isa)
    program = naming.program(guest, found, on)
    steps = running.budget(found.max_steps if max_steps is None else max_steps)
    compared = []
    for monitor in able(on):
        pair = running.side_by_side(found, isa=on, monitor=monitor, program=program, **terms)
        bare, virtual = HardwareTraps(), HardwareTraps()
        pair.watched(bare, virtual)
        done = evolve(pair.run(steps), guest=found.name)
        terms_alone = {"input": found.input, "disk": found.disk, **{n: v for n, v in terms.items() if v is not None}}
        alone = running.virtual(on, program, monitor, **terms_alone)
        began = perf_counter()
        alone.run(steps)
        seconds = perf_counter() - began
        compared.append(evolve(done, cost=_cost(pair, done, table, (bare, virtual), seconds)))
    run = {c.monitor for c in compared}
    return Comparisons(tuple(compared), table, tuple(n for n in MONITORS if n not in run))


_costs = costs


def _cost(
    pair: LockStep, done: Comparison, table: CostTable, traps: tuple[HardwareTraps, HardwareTraps], seconds: float
) -> Cost:
    counts = cost_table.tally(pair.virtual, traps[1])
    translated = pair.virtual.translation
    return Cost(
        counts,
        counts["hypercall"],
        translated.blocks if translated else None,
        table.price(counts),
        table.price(cost_table.tally_bare(done.bare.instructions, traps[0])),
        round(seconds, 4),
        len(pair.port.changed) if pair.virtual.monitor.for_ported else None,
    )
