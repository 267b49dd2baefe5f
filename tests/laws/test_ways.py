"""Random guests are the same on every tier, bare and under each technique: in state, devices, counts and time."""

from functools import partial

import pytest

from popek.engine.tiers import SOURCES
from popek.isa.classic import CLASSIC
from popek.testing.calls import calling
from popek.testing.ways import Way, ways

NATIVE = [
    pytest.param(w, marks=pytest.mark.skipif(not SOURCES["native"].available, reason="the compiler is not installed"))
    for w in ways("native")
]
PYTHON = list(ways("python"))


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make regions at once."""
    if SOURCES["native"].available:
        monkeypatch.setattr("popek.engine.native.tier.THRESHOLD", 5)


@pytest.mark.parametrize("way", NATIVE, ids=str)
def test_random_guests_run_natively_as_by_the_reference(way: Way) -> None:
    """A hundred and eighty guests each: they use everything, and one in four rewrites itself."""
    for seed in range(180):
        assert not way.differing(seed), seed


@pytest.mark.parametrize("way", NATIVE, ids=str)
def test_they_do_so_in_unfolded_regions(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty longer ones each, some of which call, with every region unfolded as soon as it is made."""
    from popek.engine.native import regions  # noqa: PLC0415 - only where the compiler is installed

    monkeypatch.setattr(regions, "PLAIN", regions.UNFOLDED)
    for seed in range(20_000, 20_032):
        assert not way.differing(seed, 300), seed
    for seed in range(8):
        assert not way.differing(seed, 600, partial(calling, CLASSIC)), seed


@pytest.mark.soak
@pytest.mark.parametrize("way", NATIVE, ids=str)
def test_very_many_do_so_in_unfolded_regions(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five thousand each."""
    from popek.engine.native import regions  # noqa: PLC0415 - only where the compiler is installed

    monkeypatch.setattr(regions, "PLAIN", regions.UNFOLDED)
    for seed in range(30_000, 35_000):
        assert not way.differing(seed, 300), seed
        assert not way.differing(seed, 900, partial(calling, CLASSIC)), seed


@pytest.mark.parametrize("way", PYTHON, ids=str)
def test_random_guests_run_without_a_compiler_as_by_the_reference(way: Way) -> None:
    """Fifty guests each."""
    for seed in range(50):
        assert not way.differing(seed), seed


@pytest.mark.soak
@pytest.mark.parametrize("way", NATIVE, ids=str)
def test_very_many_random_guests_run_natively_as_by_the_reference(way: Way) -> None:
    """The same, a hundred thousand guests each: for hours."""
    for seed in range(1_000_000, 1_100_000):
        assert not way.differing(seed), seed
