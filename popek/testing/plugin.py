"""The pytest plugin: `--popek-seed`, the random guests that it gives, and the assertion about them as a fixture.

pytest finds it by itself where popek is installed. Nothing of popek is imported until a test asks for it.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

DEFAULT_SEED = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the seed."""
    parser.getgroup("popek").addoption(
        "--popek-seed",
        type=int,
        default=DEFAULT_SEED,
        metavar="N",
        help="where popek's random guests begin (0): the same seed gives the same guests",
    )


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which seed it is, if it is not the usual one."""
    seed = config.getoption("--popek-seed")
    return None if seed == DEFAULT_SEED else f"popek: random guests from seed {seed}"


@pytest.fixture
def popek_seed(request: pytest.FixtureRequest) -> int:
    """Give the seed where random guests begin: what `--popek-seed` says."""
    seed: int = request.config.getoption("--popek-seed")
    return seed


@pytest.fixture
def popek_guests(popek_seed: int) -> Callable[..., Iterator[Any]]:
    """Give what makes random guests, for an ISA and a count; the same ones for the same seed."""

    def give(isa: Any = "classic", count: int = 100) -> Iterator[Any]:
        from popek.library import naming  # noqa: PLC0415 - only tests that ask wait for it
        from popek.testing.programs import guest  # noqa: PLC0415 - likewise

        on = naming.isa(isa)
        first = popek_seed * 1_000_003
        return (guest(on, first + n) for n in range(count))

    return give


@pytest.fixture
def assert_equivalent() -> Callable[..., Any]:
    """Give the assertion that a guest cannot tell: `popek.testing.assert_equivalent`."""
    from popek.testing.equivalence import assert_equivalent as assertion  # noqa: PLC0415 - only tests that ask wait

    return assertion
