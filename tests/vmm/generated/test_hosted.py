"""Several virtual machines with generated monitors come to what they come to under the reference, tick by tick."""

from functools import partial
from typing import Any

import pytest

import popek
from popek.engine.generated.tier import PythonTier
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.instruction import EXECUTES
from popek.testing.host_tiers import APART, STEPS, differing, inhabited
from popek.testing.hostile import HOSTILE, counters, words
from popek.testing.hosting import Tenant
from popek.vmm.generated import tier
from popek.vmm.generated.tier import GeneratedMonitor
from popek.vmm.host import Host
from popek.vmm.monitor import HYBRID, INTERPRETER, MONITORS, PARAVIRTUAL, PARAVIRTUAL_UNPORTED, TRAP_AND_EMULATE

GENERATED = (TRAP_AND_EMULATE, HYBRID, INTERPRETER, PARAVIRTUAL, PARAVIRTUAL_UNPORTED)

OPEN = CLASSIC.vary("open", setr=EXECUTES)
"""Whoever likes may reach all of real memory."""


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make regions at once."""
    monkeypatch.setattr(tier, "PythonTier", partial(PythonTier, hot=1))


def pair(isa: Isa, seed: int, steps: int = STEPS) -> list[Host]:
    """Return two hosts with the same random guests under monitors that can be generated."""
    return [inhabited(isa, seed, steps, monitors=GENERATED) for _ in "ab"]


@pytest.mark.parametrize("isa", [CLASSIC, OPEN, *(popek.load(n) for n in ("open-halt", "timer-writable"))])
def test_random_guests_together_run_as_under_the_reference(isa: Isa) -> None:
    """Whatever the quantum and the time that an exit takes, with everybody's account."""
    for seed in range(50, 52):
        both = pair(isa, seed, 500)
        assert not differing(both, 1500, seed, "python"), seed
        assert both[1].sprinted.get("python", 0) > 0.5 * both[1].counts["steps"]


@pytest.mark.soak
@pytest.mark.parametrize("isa", [CLASSIC, OPEN])
def test_many_random_guests_together_run_as_under_the_reference(isa: Isa) -> None:
    """Five hundred hosts of each, and three hundred with guests under every technique."""
    for seed in range(100, 600):
        assert not differing(pair(isa, seed), 3 * STEPS, seed, "python"), seed
    for seed in range(600, 900):
        assert not differing([inhabited(isa, seed) for _ in "ab"], 3 * STEPS, seed, "python"), seed


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_guests_are_as_hostile(kind: str) -> None:
    """Among others that do no harm, under a technique each, or under such as need no cache."""
    for techniques in (tuple(MONITORS.values()), GENERATED):
        others = [t for t in counters(6).values() if t.monitor in techniques]
        hosts = [Host(CLASSIC, memory=2000, apart=lambda _: APART, quantum=9, exit_ticks=2) for _ in "ab"]
        for host in hosts:
            for tenant in (Tenant("hostile", words(HOSTILE[kind]), 64, 300), *others):
                tenant.move_into(host)
        assert not differing(hosts, 900, 1, "python")


def test_nothing_is_left_to_the_reference() -> None:
    """Not exits, nor hypercalls; of the quanta, only whose turn it is."""
    exiting = words("here: getmode r1\n addi r2, r2, 1\n jmp here")
    host = Host(CLASSIC, memory=2000, apart=lambda _: APART, quantum=50)
    host.engine = "python"
    for monitor in GENERATED:
        Tenant(monitor.name, exiting, 64, 2000, monitor).move_into(host)
    host.run()
    assert host.counts["steps"] == 2000 * len(GENERATED)
    assert host.sprinted["python"] > 0.99 * host.counts["steps"]


def _no_charge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GeneratedMonitor, "_charge", lambda _self, _ticks: None)


def _no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    right = GeneratedMonitor._turn

    def turn(self: GeneratedMonitor) -> bool:
        self._left = self._left or 5
        return right(self)

    monkeypatch.setattr(GeneratedMonitor, "_turn", turn)
    monkeypatch.setattr(GeneratedMonitor, "_left_for", lambda self, why: self._counts.update([why]))


def _no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PythonTier, "_validate", lambda *_: True)


@pytest.mark.parametrize("planted", [_no_charge, _no_end, _no_look])
def test_what_is_broken_on_purpose_is_noticed(planted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quantum that is not charged, one that is not over, and words that others have changed."""
    planted(monkeypatch)
    assert any(differing(pair(OPEN, seed, 500), 1500, seed, "python") for seed in (11, *range(8)))
