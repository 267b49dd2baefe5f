"""A guest under a monitor, its direct execution in the Python tier, is where the reference takes it."""

import pytest
from attrs import evolve

from popek.engine import tiers
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT
from popek.prove.classes import classify
from popek.testing.programs import Guest, guest
from popek.testing.states import contents
from popek.testing.tiers import patching
from popek.vmm.monitor import MONITORS
from popek.vmm.virtual_machine import VirtualMachine

SENSITIVE = frozenset(c.name for c in classify(CLASSIC) if c.sensitive)


def machine(drawn: Guest, technique: str, engine: str) -> VirtualMachine:
    """Return a virtual machine with a random guest in it."""
    isa = CLASSIC_VT if MONITORS[technique].in_guest_mode else CLASSIC
    made = VirtualMachine(
        isa,
        drawn.words,
        monitor=evolve(MONITORS[technique], quantum=drawn.quantum),
        sensitive=SENSITIVE,
        allotment=drawn.allotment,
        memory=drawn.memory,
        typed=drawn.typed,
        disk=drawn.disk,
    )
    made.engine = engine
    return made


@pytest.mark.parametrize("technique", MONITORS)
def test_random_guests_come_to_the_same_state_under_every_technique(technique: str) -> None:
    """In stretches: the virtual state, the real one, the exits by cause, and what was executed directly."""
    for seed in range(30_100, 30_112):
        drawn = (guest if seed % 3 else patching)(CLASSIC, seed)
        fast, slow = (machine(drawn, technique, e) for e in ("python", tiers.REFERENCE))
        for stretch in (1, 7, 40, 100):
            assert fast.run(stretch) == slow.run(stretch), (technique, seed)
            assert contents(fast.state.own) == contents(slow.state.own), (technique, seed)
            assert list(fast.real.memory) == list(slow.real.memory), (technique, seed)
            assert fast.exits == slow.exits, (technique, seed)
            assert fast.counts == slow.counts, (technique, seed)
