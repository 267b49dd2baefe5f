"""Shares of real time, and long runs in a tier of the engine."""

from fractions import Fraction

import pytest
from attrs import evolve

from popek.engine.stepper import Outcome
from popek.isa.classic import CLASSIC
from popek.isa.instruction import EXECUTES
from popek.testing.hostile import APART, HOSTILE, TECHNIQUES, counters, words
from popek.testing.hosting import Tenant, complaints, everything
from popek.vmm.claimants import Claimant, Claimants
from popek.vmm.host import Host
from popek.vmm.hosted import Hosted, Phase
from popek.vmm.scheduler import PROPORTIONAL, ROUND_ROBIN


def spinners(host: Host, *shares: int) -> list[Hosted]:
    """Start guests that never end."""
    endless = words("here: jmp here")
    return [
        Tenant(f"s{n}", endless, 40, 10**6, TECHNIQUES[n % 2], shares=s).move_into(host) for n, s in enumerate(shares)
    ]


@pytest.mark.parametrize("shares", [(1, 2, 5), (1, 1), (7, 3), (1, 1, 1, 13), (5,)], ids=str)
def test_time_is_in_proportion_to_shares(shares: tuple[int, ...]) -> None:
    """At any moment nobody is further from its due than by a quantum for each of the others."""
    host = Host(CLASSIC, apart=lambda _: APART, memory=400, scheduler=PROPORTIONAL, quantum=10)
    each = spinners(host, *shares)
    for _ in range(40):
        host.run(37)
        passes = [h.notes["passed"] for h in each]
        assert max(passes) - min(passes) <= 10 / min(shares)
        assert all(abs(h.account.used - h.account.due) <= 10 * len(shares) for h in each)
    assert sum(h.account.used for h in each) == host.clock


def test_who_comes_late_or_was_away_gets_nothing_for_it() -> None:
    """Its time counts from when it is there."""
    host = Host(CLASSIC, apart=lambda _: APART, memory=400, scheduler=PROPORTIONAL, quantum=10)
    one, two = spinners(host, 1, 1)
    host.pause(two.name)
    host.run(1000)
    host.resume(two.name)
    Tenant("late", words("here: jmp here"), 40, 10**6).move_into(host)
    before = one.account.used
    host.run(900)
    assert one.account.used - before >= 290
    assert abs(two.account.used - host["late"].account.used) <= 10
    assert one.account.longest_wait <= 20


def test_in_turn_is_in_the_order_of_starts() -> None:
    """Whoever is ready after the last one, or the first."""
    ready = Claimants(Claimant(n, Fraction(9 - n)) for n in (0, 2, 5))
    assert [ROUND_ROBIN.pick(ready, last) for last in (-1, 0, 1, 2, 5, 9)] == [0, 2, 2, 5, 0, 0]
    assert PROPORTIONAL.pick(ready, 0) == 5


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_tier_of_the_engine_runs_them_as_the_reference_does(kind: str) -> None:
    """In every account and every word; and the way back, which is to begin anew, leads to the same."""
    tenants = {n: evolve(t, monitor=TECHNIQUES[i % 2]) for i, (n, t) in enumerate(counters(3).items())}
    tenants["n1"] = Tenant("n1", words(HOSTILE[kind]), size=64, steps=400)
    hosts = []
    for engine in ("reference", "python"):
        host = Host(CLASSIC, memory=400, quantum=13)
        host.engine = engine
        for tenant in tenants.values():
            tenant.move_into(host)
        host.run(60)
        host.pause("n0")
        host.run(50)
        host.resume("n0")
        host.run()
        assert list(complaints(host, tenants)) == []
        hosts.append(host)
    slow, fast = hosts
    assert everything(fast) == everything(slow)
    for host in hosts:
        host.back(host.counts["steps"] - 70)
    assert everything(fast) == everything(slow)
    assert fast["n0"].phase is Phase.PAUSED
    assert "n0" in slow.vms


def test_a_tier_is_really_used_and_stops_for_who_stops_the_processor() -> None:
    """Long loops run in it; a processor that is lost in it is lost."""
    isa = CLASSIC.vary("open", halt=EXECUTES)
    host = Host(isa, memory=400)
    host.engine = "python"
    Tenant("n0", words("here: jmp here"), steps=5000).move_into(host)
    Tenant("n1", words("ldi r1, 0\n ldi r2, 900\nagain: addi r1, r1, 1\n bne r1, r2, again\n halt")).move_into(
        host, budget=9000
    )
    host.run()
    assert (host.outcome, host.lost_by) == (Outcome.LOST, "n1")
    assert host.sprinted["python"] > 3000


def test_who_only_waits_is_not_written_to() -> None:
    """The end of a quantum is entered in the books of whose it was, however many others there are."""
    host = Host(CLASSIC, apart=lambda _: APART, memory=4000, scheduler=PROPORTIONAL, quantum=10)
    spinners(host, *[1] * 60)
    before = [dict(h.notes) for h in host.vms.values()]
    host.run(25)
    touched = [h.number for h, was in zip(host.vms.values(), before, strict=True) if h.notes != was]
    assert touched == [0, 1, 2]
    assert [h.account.longest_wait for h in host.vms.values()] == [10, 10, *[20] * 58]
