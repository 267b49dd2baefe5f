"""How fast the engines are, beside one another and beside a peer."""

import time

import pytest

from popek.engine import tiers
from popek.engine.machine import Machine
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.library.bench import peers
from popek.library.bench.contest import contest

SHORT = assemble("ldi r1, 33\nloop: addi r2, r2, 1\nst r2, 90(r0)\nbne r2, r1, loop\nhalt", CLASSIC).words
"""A guest of 101 instructions."""


@pytest.mark.bench
@pytest.mark.skipif(not peers.TinyRv().available, reason="tinyrv is not installed")
def test_the_python_tier_is_thirty_times_as_fast_as_tinyrv(monkeypatch: pytest.MonkeyPatch) -> None:
    """On each loop; both are pure Python."""
    monkeypatch.setattr(peers, "installed", lambda: ([peers.TinyRv()], []))
    found = contest(turns=3, engine="python", techniques=False)
    for event in found.events:
        (ratio,) = event.ratios
        assert ratio.times.median >= 30, (event.loop, ratio)


@pytest.mark.bench
def test_a_short_guest_is_no_slower_than_on_the_reference() -> None:
    """It is over before anything is compiled."""
    times = dict[str, float]()
    for engine in (tiers.REFERENCE, tiers.AUTO):
        taken = []
        for _ in range(30):
            machine = Machine(CLASSIC, SHORT, memory=256)
            machine.engine = engine
            start = time.process_time()
            machine.run()
            taken.append(time.process_time() - start)
        times[engine] = min(taken)
    assert times[tiers.AUTO] <= 1.1 * times[tiers.REFERENCE]
