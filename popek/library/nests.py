"""A guest under monitors that lie one in the virtual machine of the other, and what that multiplies."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from attrs import evolve, field, fields, frozen

from popek.engine.machine import MEMORY_SIZE
from popek.engine.stepper import Sink
from popek.errors import PopekError, Problem
from popek.isa.architecture import Isa
from popek.language.phrase import say
from popek.library import naming, running
from popek.library.hosting import NamedMonitor, named_monitors
from popek.library.naming import NamedGuest, NamedIsa
from popek.library.running import Place, Run
from popek.vmm import nesting
from popek.vmm.allotment import Allotment
from popek.vmm.monitor import Monitor
from popek.vmm.nesting import Nested
from popek.vmm.virtual_machine import VirtualMachine


@frozen
class Level:
    """One of the monitors, and how often the virtual machine that it gives was left. Level 1 has the real machine."""

    monitor: str
    allotment: Allotment
    exits: Mapping[str, int]
    direct: int

    @property
    def total(self) -> int:
        """All exits."""
        return sum(self.exits.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        place = {"base": self.allotment.base, "size": self.allotment.size}
        return {"monitor": self.monitor, "allotment": place, "exits": dict(self.exits), "direct": self.direct}


@frozen
class Recursive:
    """Whether the premise of theorem 2 holds, and because of which instructions not. `holds`: None if it is open."""

    holds: bool | None
    blame: tuple[str, ...]
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"holds": self.holds, "blame": list(self.blame), "reason": self.reason}


@frozen
class Deep(Run):
    """What became of a guest under several monitors, and what each of them had to do.

    As a run, it is that of the innermost virtual machine, with its exits. `levels` are from the real machine up.
    `at_depths` has, if it was asked for, the exits of each level at depth 1, 2, ...
    """

    levels: tuple[Level, ...] = ()
    theorem_2: Recursive | None = field(default=None)
    at_depths: tuple[tuple[int, ...], ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            **super().to_dict(),
            "depth": len(self.levels),
            "levels": [level.to_dict() for level in self.levels],
            "theorem_2": self.theorem_2.to_dict() if self.theorem_2 else None,
            "at_depths": [list(exits) for exits in self.at_depths],
        }


def nest(
    guest: NamedGuest,
    depth: int,
    *,
    literal: bool = False,
    isa: NamedIsa | None = None,
    monitor: NamedMonitor | Sequence[NamedMonitor] | None = None,
    memory: int | None = None,
    allotment: Place | None = None,
    input: bytes | None = None,  # noqa: A002 - the word for it, here as on the command line
    disk: Sequence[int] | None = None,
    max_steps: int | None = None,
    dump: Iterable[tuple[int, int]] = (),
    stats: bool = False,
    sink: Sink | None = None,
) -> Deep:
    """Run a guest under `depth` monitors; with `stats` at each smaller depth as well, to count the exits.

    One monitor is that of every level (but for one that needs guest mode, which the first level alone can have);
    several are those of the levels, from the real machine up.
    """
    found = naming.guest(guest)
    on = naming.isa(found.isa if isa is None else isa)
    program = naming.program(guest, found, on)
    under = _levels(named_monitors(monitor), depth, on)
    size = MEMORY_SIZE if memory is None else memory
    make = partial(
        Nested, on, running.ported(on, under[-1], program), apart=cache(partial(running.treated_apart, on)),
        memory=size, typed=found.input if input is None else input, disk=found.disk if disk is None else disk,
    )  # fmt: skip
    ready = make(monitors=under, allotment=running.placed(allotment), sink=sink)
    spans = [running.span(ready, *d) for d in dump]
    steps = running.budget(found.max_steps if max_steps is None else max_steps)
    ready.run(steps)
    on_its_terms = input is None and disk is None and max_steps is None
    run = running.told(found, program, ready, size, spans, stats=stats, on_its_terms=on_its_terms)
    deep = Deep(**{f.name: getattr(run, f.name) for f in fields(Run)})
    shallower = []
    for less in range(1, depth) if stats else ():
        before = make(monitors=under[:less])
        before.run(steps)
        shallower.append(_exits(before))
    return evolve(
        deep,
        levels=tuple(_level(vm) for vm in ready.levels),
        theorem_2=recursive(on, literal=literal),
        at_depths=(*shallower, _exits(ready)) if stats else (),
    )


def recursive(isa: Isa, *, literal: bool = False) -> Recursive:
    """Decide the premise of theorem 2."""
    from popek.prove.decide import decide  # noqa: PLC0415 - the solver takes a while to import, and few need it

    found = decide(isa, literal=literal, monitors=()).theorems[2]
    return Recursive(found.holds, found.blame, found.reason)


def _exits(nested: Nested) -> tuple[int, ...]:
    return tuple(sum(vm.exits.values()) for vm in nested.levels)


def _level(vm: VirtualMachine) -> Level:
    return Level(vm.monitor.name, vm.allotment, vm.exits, vm.counts["direct"])


def _levels(named: Sequence[NamedMonitor], depth: int, on: Isa) -> tuple[Monitor, ...]:
    nesting.check_depth(depth)
    found = [running.fit(m, on) for m in named]
    if len(found) == 1:
        return nesting.monitors(found[0], depth)
    if len(found) != depth:
        hint = say("name {depth} with commas between, from the real machine up, or one for all", depth=depth)
        raise PopekError(
            Problem(say("{count} monitors cannot be {depth} levels deep", count=len(found), depth=depth), hint=hint)
        )
    deeper = next((m for m in found[1:] if m.in_guest_mode), None)
    if deeper is not None:
        hint = say("it can be the first one alone")
        raise PopekError(
            Problem(say("{deeper} needs a guest mode, and a virtual machine has none", deeper=deeper.name), hint=hint)
        )
    return tuple(found)
