"""What a course asks of a monitor: shipped, drawn and random guests cannot tell it from the bare machine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

import popek
from popek.testing import BareAndVirtual, Guest, assert_equivalent
from popek.testing import strategies as ps

MONITOR = Path(__file__).with_name("my_monitor.py")
CLASSIC = popek.load("classic")


@pytest.mark.parametrize("guest", ["hello", "timer", "os", "memory-fault", "self-modifying"])
def test_shipped_guests(guest: str) -> None:
    """They come with popek."""
    assert_equivalent(guest, CLASSIC, MONITOR)


@settings(max_examples=100, deadline=None)
@given(ps.programs(CLASSIC))
def test_any_program(program: str) -> None:
    """Hypothesis draws them, and shrinks what fails."""
    assert_equivalent(program, CLASSIC, MONITOR)


def test_random_guests(popek_guests: Callable[..., Iterator[Guest]]) -> None:
    """They meet all of the machine; `--popek-seed` gives others."""
    for guest in popek_guests(CLASSIC, 100):
        assert_equivalent(guest, CLASSIC, MONITOR)


class Stepped(BareAndVirtual):
    """Both machines, stepped and taken back."""

    monitor = str(MONITOR)


TestStepped = Stepped.TestCase
