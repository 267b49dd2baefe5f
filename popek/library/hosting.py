"""Several guests on one real machine, each in a virtual machine of its own."""

from collections.abc import Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from attrs import evolve, field, fields, frozen

from popek.engine import tiers
from popek.engine.machine import MEMORY_SIZE
from popek.engine.stepper import Sink
from popek.errors import PopekError, Problem
from popek.guests.guest import Guest
from popek.isa.program import Program
from popek.language.phrase import say
from popek.library import naming, running
from popek.library.naming import NamedGuest, NamedIsa
from popek.library.running import Place, Run
from popek.vmm import allocator, scheduler
from popek.vmm.allotment import Allotment
from popek.vmm.host import Host
from popek.vmm.hosted import Account, Hosted
from popek.vmm.monitor import QUANTUM, Monitor

DEFAULT_MONITOR = "trap-and-emulate"
MOST = 1000
"""The most virtual machines on one real one."""

NamedMonitor = Monitor | str | Path


@frozen
class Tenant:
    """What became of one of several guests, and what it has had of the real machine."""

    name: str
    run: Run
    account: Account

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        run = self.run
        own = run.to_dict()
        told = {n: own[n] for n in ("guest", "monitor", "expected", "mismatches", "dump")}
        return {"name": self.name, **own["vms"][0], **told, "account": self.account.to_dict()}


@frozen
class Shared(Run):
    """What became of several guests that shared a real machine. As a run, it is the first one's.

    `clock` is all the real time that they had, in ticks, and `switches` how often another had the processor. `lost_by`
    is the virtual machine that has stopped the real processor, if one has.
    """

    tenants: tuple[Tenant, ...] = ()
    scheduler: str = ""
    quantum: int = 0
    clock: int = 0
    switches: int = 0
    lost_by: str | None = field(default=None)

    @property
    def as_expected(self) -> bool:
        """Whether no guest came to anything else than its header says."""
        return not any(t.run.mismatches for t in self.tenants)

    @property
    def engines(self) -> dict[str, int]:
        """How many steps were taken by which engine, of all guests together."""
        rest = sum(t.run.result.steps for t in self.tenants) - sum(self.sprinted.values())
        return {n: s for n, s in {**self.sprinted, "reference": rest}.items() if s}

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        host = {n: getattr(self, n) for n in ("scheduler", "quantum", "clock", "switches", "lost_by")}
        return {**super().to_dict(), "vms": [t.to_dict() for t in self.tenants], "host": host}


def host(
    isa: NamedIsa = "classic",
    *,
    memory: int = MEMORY_SIZE,
    scheduler: str = "round-robin",
    quantum: int = QUANTUM,
    exit_ticks: int = 0,
    sink: Sink | None = None,
) -> Host:
    """Return a real machine without virtual machines yet: `start`, `pause`, `resume` and `destroy` them.

    `memory` is in words; `quantum` and `exit_ticks`, the time that an exit takes its guest, are in ticks of the timer.
    """
    on = naming.isa(isa)
    apart = cache(partial(running.treated_apart, on))
    return Host(
        on, memory=memory, scheduler=scheduler, quantum=quantum, exit_ticks=exit_ticks, apart=apart, sink=sink
    )  # fmt: skip


def inhabit(
    guests: Sequence[NamedGuest],
    *,
    vms: int | None = None,
    isa: NamedIsa | None = None,
    monitor: NamedMonitor | Sequence[NamedMonitor] | None = None,
    scheduler: str | None = None,
    shares: Sequence[int] = (),
    quantum: int | None = None,
    engine: str = tiers.AUTO,
    memory: int | None = None,
    allotment: Place | None = None,
    input: bytes | None = None,  # noqa: A002 - the word for it, here as on the command line
    disk: Sequence[int] | None = None,
    max_steps: int | None = None,
    dump: Iterable[tuple[int, int]] = (),
    stats: bool = False,
    sink: Sink | None = None,
) -> Shared:
    """Run guests in virtual machines side by side, each to its own end or its own budget.

    There are as many as `vms` says: the guests, and the monitors, are taken in turn. Without an allotment they share
    real memory equally; with one, it is the first one's, and the others lie behind it and have its size. `shares` has
    a number for each virtual machine.
    """
    found = [naming.guest(g) for g in guests]
    on = naming.isa(found[0].isa if isa is None else isa)
    count = _count(vms, len(found))
    under = [running.fit(m, on) for m in named_monitors(monitor)]
    programs = [naming.program(named, guest, on) for named, guest in zip(guests, found, strict=True)]
    made = host(
        on, memory=MEMORY_SIZE if memory is None else memory, scheduler=_scheduled(scheduler, shares), sink=sink,
        quantum=QUANTUM if quantum is None else quantum,
    )  # fmt: skip
    made.engine = engine
    weights = _weights(shares, count)
    for n, place in enumerate(_places(running.placed(allotment), count, made.state.size)):
        guest, program, over = found[n % len(found)], programs[n % len(found)], under[n % len(under)]
        made.start(
            running.ported(on, over, program), monitor=over, allotment=place, shares=weights[n],
            typed=guest.input if input is None else input, disk=guest.disk if disk is None else disk,
            budget=running.budget(guest.max_steps if max_steps is None else max_steps),
        )  # fmt: skip
    hosted = tuple(made.vms.values())
    spans = [[running.span(h.vm, *d) for d in dump] for h in hosted]
    made.run(running.LONGEST_RUN)
    terms = {"stats": stats, "on_its_terms": input is None and disk is None and max_steps is None}
    tenants = tuple(
        _tenant(h, found[n % len(found)], programs[n % len(found)], spans[n], **terms) for n, h in enumerate(hosted)
    )
    return _shared(made, tenants)


def _tenant(hosted: Hosted, guest: Guest, program: Program, spans: Iterable[range], **terms: bool) -> Tenant:
    run = running.told(guest, program, hosted.vm, hosted.vm.real.size, spans, **terms)
    return Tenant(hosted.name, run, hosted.account)


def _shared(made: Host, tenants: tuple[Tenant, ...]) -> Shared:
    first = tenants[0].run
    own = {f.name: getattr(first, f.name) for f in fields(Run)}
    found = Shared(**own)
    return evolve(
        found, tenants=tenants, scheduler=made.scheduler.name, quantum=made.quantum, clock=made.clock,
        switches=made.switches, lost_by=made.lost_by, sprinted=made.sprinted,
    )  # fmt: skip


def named_monitors(given: NamedMonitor | Sequence[NamedMonitor] | None) -> tuple[NamedMonitor, ...]:
    """Return the monitors that were named: one, or several in a sequence or with commas between."""
    if given is None:
        return (DEFAULT_MONITOR,)
    if isinstance(given, str) and not Path(given).is_file():
        return tuple(n.strip() for n in given.split(","))
    return (given,) if isinstance(given, str | Path | Monitor) else tuple(given)


def _count(vms: int | None, guests: int) -> int:
    count = guests if vms is None else vms
    if not 1 <= count <= MOST:
        raise PopekError(say("{count} virtual machines are not possible: 1 to {most} are", count=count, most=MOST))
    if count < guests:
        hint = say("say `--vms {guests}`, or nothing", guests=guests)
        raise PopekError(
            Problem(
                say(
                    "{guests} guests do not run in {count} virtual machines: each has its own",
                    guests=guests,
                    count=count,
                ),
                hint=hint,
            )
        )
    return count


def _scheduled(named: str | None, shares: Sequence[int]) -> str:
    """Return the scheduler's name: whoever names shares wants them to matter."""
    if named is None:
        return scheduler.PROPORTIONAL.name if shares else scheduler.ROUND_ROBIN.name
    if shares and not scheduler.find(named).weighs:
        hint = say("shares are for `{proportional}`", proportional=scheduler.PROPORTIONAL.name)
        raise PopekError(
            Problem(
                say("the scheduler `{named}` gives everybody the same, whatever the shares", named=named), hint=hint
            )
        )
    return named


def _weights(shares: Sequence[int], count: int) -> tuple[int, ...]:
    if shares and len(shares) != count:
        hint = say("give a number for each, such as ") + ",".join(["1"] * (min(count, 8) - 1) + ["3"])
        raise PopekError(
            Problem(
                say(
                    "there are shares for {count} virtual machines, and {count_2} of those",
                    count=len(shares),
                    count_2=count,
                ),
                hint=hint,
            )
        )
    return tuple(shares) or (1,) * count


def _places(first: Allotment | None, count: int, memory: int) -> tuple[Allotment, ...]:
    if first is None:
        return allocator.equal_parts(count, memory)
    return tuple(Allotment(first.base + n * first.size, first.size) for n in range(count))
