"""A host in a tier beside the same one in the reference: random guests together, by stretches of random length.

All is compared that a step may change: the real machine, every guest's virtual one, the monitors' notes, translated
code, counts, the host's notes, everybody's account, and real time.
"""

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.classic import SYSTEM
from popek.isa.porting import port
from popek.testing.hosting import Tenant
from popek.testing.loops import SIZE, looping
from popek.testing.programs import guest
from popek.testing.translated import rewriting
from popek.testing.virtual_tiers import everything, side_by_side
from popek.vmm.host import Host
from popek.vmm.monitor import MONITORS, Monitor
from popek.vmm.scheduler import SCHEDULERS

APART = {"sensitive": frozenset(i.name for i in SYSTEM)}
"""What monitors treat apart; in a port, it is what becomes hypercalls."""

STEPS = 1500
"""The most that one guest does."""

CACHES = (64, 256)
"""Sizes of translation caches."""


def tenants(isa: Isa, seed: int, steps: int, monitors: Iterable[Monitor] = MONITORS.values()) -> list[Tenant]:
    """Return some random guests under random monitors: short ones, such that rewrite themselves, and loops."""
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    usable = [m for m in monitors if isa.guest is not None or not m.in_guest_mode]
    found = []
    for n in range(random.randint(1, 5)):
        one, kind = 10 * seed + n, random.randrange(4)
        monitor = evolve(random.choice(usable), cache=random.choice(CACHES))
        name, shares = f"n{n}", random.randint(1, 3)
        if kind < 2:
            words = looping(isa, one)
            if monitor.for_ported and random.random() < 0.7:
                words = dict(port(words, isa, APART["sensitive"]).words)
            found.append(Tenant(name, words, SIZE, steps, monitor, shares=shares))
        else:
            drawn = guest(isa, one) if kind == 2 else rewriting(isa, one)
            size, most = drawn.allotment.size, random.choice((drawn.steps, steps))
            found.append(Tenant(name, drawn.words, size, most, monitor, drawn.typed, drawn.disk, shares))
    return found


def inhabited(
    isa: Isa, seed: int, steps: int = STEPS, history: int = 0, monitors: Iterable[Monitor] = MONITORS.values()
) -> Host:
    """Return a host with the random guests of a seed, each of which may take so many steps."""
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    made = Host(
        isa,
        memory=3000,
        apart=lambda _: APART,
        scheduler=random.choice(tuple(SCHEDULERS)),
        quantum=random.choice((1, 2, 3, 7, 20, 50, 333, 1000)),
        exit_ticks=random.choice((0, 0, 1, 3, 40)),
        history=history,
    )
    for tenant in tenants(isa, seed, steps, monitors):
        tenant.move_into(made)
    return made


def known(host: Host) -> dict[str, Any]:
    """Return all that a step may change, as values."""
    found: dict[str, Any] = {"counts": dict(host.counts), "outcome": host.outcome, "lost by": host.lost_by}
    for name in ("host", "ledger"):
        found[name] = dict(host.books[name])
    for hosted in host.vms.values():
        found[hosted.name] = dict(hosted.notes)
        found |= {f"{hosted.name}: {n}": v for n, v in everything(hosted.vm).items()}
    return found


def differing(pair: list[Host], steps: int, seed: int, engine: str = "native") -> Mapping[str, Any]:
    """Run both for so many steps, one by the reference; return what differs first."""
    return side_by_side(pair, steps, seed, engine, known)


def of_seed(isa: Isa, seed: int, steps: int = STEPS) -> Mapping[str, Any]:
    """Return what differs in the runs of the random guests of a seed, together on one real machine."""
    return differing([inhabited(isa, seed, steps) for _ in range(2)], 3 * steps, seed)
