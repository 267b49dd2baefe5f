"""Random guests that call: what unfolded code takes for granted of stacks and calls is so, or is not relied on."""

import pytest

pytest.importorskip("llvmlite")

from popek.engine.native import tier
from popek.engine.native.context import Field
from popek.engine.state import State
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.expression import TRUE
from popek.testing.calls import calling
from popek.testing.tiers import disagreement
from popek.testing.virtual_tiers import of
from popek.vmm.monitor import TRAP_AND_EMULATE

SEEDS = range(40)


pytestmark = pytest.mark.usefixtures("unfolded")


class Tiers:
    """Makes tiers, and knows how many instructions they have done in regions."""

    def __init__(self) -> None:
        self.made: list[tier.Native] = []

    def __call__(self, isa: Isa, state: State) -> tier.Native:
        """Return a tier for a state."""
        made = tier.make(isa, state)
        assert made is not None
        self.made.append(made)
        return made

    @property
    def in_regions(self) -> int:
        """How many instructions were done in regions."""
        return sum(int(m.memory.fields[Field.REGIONS]) for m in self.made)


def test_random_guests_that_call_run_as_by_the_reference() -> None:
    """With stacks that grow into code or beyond memory, returns that lead elsewhere, and somebody who meddles."""
    tiers = Tiers()
    for seed in SEEDS:
        assert not disagreement(calling(CLASSIC, seed), CLASSIC, tiers, steps=1200, meddles=seed % 3 == 0), seed
    assert tiers.in_regions > 200 * len(SEEDS)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(20))
def test_many_random_guests_that_call_run_as_by_the_reference(part: int) -> None:
    """A thousand in each part."""
    for seed in range(1000 + part * 1000, 2000 + part * 1000):
        assert not disagreement(calling(CLASSIC, seed), CLASSIC, Tiers(), steps=1500, meddles=seed % 3 == 0), seed


def noticed() -> bool:
    """Say whether one of some guests runs otherwise than by the reference; it is virtual, so that no harm is done."""
    return any(of(calling(CLASSIC, seed), CLASSIC, TRAP_AND_EMULATE, 900) for seed in SEEDS)


def test_a_return_that_is_believed_to_lead_where_it_is_expected_to_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is expected is to be compared with what is."""
    monkeypatch.setattr("popek.engine.native.region.eq", lambda _goes, _target: TRUE)
    assert noticed()
