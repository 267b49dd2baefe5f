"""The stateful machine passes where nobody can tell, and fails where somebody can."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from popek.testing import BareAndVirtual
from popek.testing.wrong_monitors import WRONG_MONITORS

FEW = settings(max_examples=12, stateful_step_count=12)


@pytest.mark.parametrize("monitor", ["trap-and-emulate", "hybrid", "translation"])
def test_right_monitors_pass(monitor: str) -> None:
    """Steps, steps back and meddling neighbours, under several techniques."""
    run_state_machine_as_test(type("Right", (BareAndVirtual,), {"monitor": monitor}), settings=FEW)


@pytest.mark.parametrize("fault", ["base one too far", "pc off by one", "real mode supervisor"])
def test_wrong_monitors_fail(fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And what is told has the difference in it."""
    _, monitor = WRONG_MONITORS[fault]
    with pytest.raises(AssertionError, match=r"is .* bare and .* virtual|not so"):
        run_state_machine_as_test(type("Wrong", (BareAndVirtual,), {"monitor": monitor}), settings=FEW)
    capsys.readouterr()
