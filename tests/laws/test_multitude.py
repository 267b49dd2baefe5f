"""Random guests come to the same in every way, held against one run by the reference; and a fault would show."""

import pytest

from popek.engine.tiers import SOURCES
from popek.isa.classic import CLASSIC
from popek.isa.instruction import IGNORED
from popek.testing import multitude
from popek.testing.multitude import survey
from popek.vmm.monitor import MONITORS

pytestmark = pytest.mark.skipif(not SOURCES["native"].available, reason="the compiler is not installed")

SOAK = 10_000_000
"""The first seed of the long run."""


def test_some_guests_come_to_the_same_in_every_way_and_are_counted() -> None:
    """Bare and under each technique, on either tier, code compiled at once or not."""
    found = survey(range(395, 425))  # one in all ways, and one beside the reference's monitors
    assert found.differing == []
    assert found.guests == 30
    assert found.runs["bare on native"] == 30
    assert min(found.runs[f"{t} on {e}"] for t in MONITORS for e in ("native", "python")) >= 1
    assert sum(found.cells.values()) == found.steps
    assert {outcome for _, _, outcome in found.cells} >= {"executed", "privileged", "illegal", "memory", "timer"}
    assert found.to_dict()["guests"] == 30


def test_a_reference_that_means_something_else_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the tiers on the bare machine, and under techniques."""
    wrong = CLASSIC.vary("other", ld=IGNORED, addi=IGNORED, getmode=IGNORED, setie=IGNORED, jal=IGNORED)
    monkeypatch.setattr(multitude, "CLASSIC", wrong)
    found = {way.split(" on ")[0] for _, way, _ in survey(range(600, 640)).differing}
    assert "bare" in found
    assert len(found) > 3


@pytest.mark.soak
def test_a_million_guests_come_to_the_same_in_every_way(popek_seed: int) -> None:
    """For hours; `python docs/multitude.py` does the same and keeps what was counted."""
    first = SOAK + popek_seed * 1_000_003
    assert survey(range(first, first + 1_000_000)).differing == []
