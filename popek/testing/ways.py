"""Every way to run a guest, bare and under each technique, on each tier, and what differs in the end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

from attrs import evolve, frozen

from popek.engine.machine import Machine
from popek.engine.stepper import Stepper
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.porting import port
from popek.testing.programs import Guest, guest
from popek.testing.translated import CACHES, rewriting
from popek.testing.virtual_tiers import everything
from popek.vmm.monitor import MONITORS, Monitor
from popek.vmm.virtual_machine import VirtualMachine

BARE = "bare"
"""What no technique is called."""

STEPS = 90
"""Of a guest, unless somebody says otherwise."""


@frozen
class Way:
    """A technique, or none, on a tier."""

    technique: str
    engine: str

    def __str__(self) -> str:
        return f"{self.technique} on {self.engine}"

    @property
    def isa(self) -> Isa:
        """An ISA that has what the technique needs."""
        return CLASSIC_VT if self.technique != BARE and MONITORS[self.technique].in_guest_mode else CLASSIC

    def differing(self, seed: int, steps: int = STEPS, draw: Callable[[int], Guest] | None = None) -> dict[str, Any]:
        """Run a random guest by the reference, and in stretches on the tier; return all that is not the same.

        Monitors of ported guests get most of them ported.
        """
        guest, random = (draw or drawn)(seed), Random(seed)  # noqa: S311 - to be repeated, not to be secret
        one, other = (self.machine(guest, ported=seed % 8 < 6) for _ in range(2))
        one.engine, other.engine = "reference", self.engine
        one.run(steps)
        left = steps
        while left > 0:
            stretch = min(left, random.choice((1, 3, 10, 40, steps)))
            other.run(stretch)
            left -= stretch
        before, after = (_values(m) for m in (one, other))
        return {name: (before[name], after[name]) for name in before if before[name] != after[name]}

    def machine(self, drawn: Guest, caches: Sequence[int] = CACHES, *, ported: bool = False) -> Stepper:
        """Return a machine with a guest to run in this way; a translation cache has one of those sizes.

        If that is wanted, a guest is ported for a monitor that is for such guests.
        """
        options: dict[str, Any] = {"typed": drawn.typed, "disk": drawn.disk, "history": 0}
        if self.technique == BARE:
            return Machine(self.isa, drawn.words, memory=drawn.allotment.size, **options)
        under = _for(drawn, MONITORS[self.technique], caches)
        options |= {"allotment": drawn.allotment, "memory": drawn.memory}
        apart = frozenset(i.name for i in SYSTEM)
        words = port(drawn.words, self.isa, apart).words if ported and under.for_ported else drawn.words
        return VirtualMachine(self.isa, words, monitor=under, sensitive=apart, **options)


def ways(*engines: str) -> Iterator[Way]:
    """Give every technique, and none, on some tiers."""
    for engine in engines:
        yield from (Way(technique, engine) for technique in (BARE, *MONITORS))


@contextmanager
def at_once(jumps: int = 5) -> Iterator[None]:
    """Make regions of what has been jumped to so few times, as long as this lasts."""
    from popek.engine.native import tier  # noqa: PLC0415 - needs the compiler, which may not be installed

    usual, tier.THRESHOLD = tier.THRESHOLD, jumps
    try:
        yield
    finally:
        tier.THRESHOLD = usual


def rewrites(seed: int) -> bool:
    """Say whether the guest of a seed rewrites itself all the time."""
    return seed % 4 == 3


def drawn(seed: int) -> Guest:
    """Return the guest of a seed."""
    return rewriting(CLASSIC, seed) if rewrites(seed) else guest(CLASSIC, seed)


def _for(drawn: Guest, monitor: Monitor, caches: Sequence[int]) -> Monitor:
    """Return a monitor with a guest's quantum, and a cache that is sometimes small."""
    cache = caches[drawn.seed % len(caches)] if drawn.seed % 3 == 0 else caches[-1]
    return evolve(monitor, quantum=drawn.quantum, cache=cache)


def _values(stepper: Stepper) -> dict[str, Any]:
    if isinstance(stepper, VirtualMachine):
        return everything(stepper)
    return {name: container.copy() for name, container in stepper.everything().items()}
