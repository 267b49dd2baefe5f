"""Words that matter are drawn, and all of them."""

from random import Random

import pytest

from popek.testing.words import EDGES, edges, word


def test_the_edges_are_where_signs_and_carries_change() -> None:
    """Zero, one, the width, the sign bit, all ones, and both neighbours of each; in order, without doubles."""
    for value in (0, 1, 31, 32, 33, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF):
        assert value in EDGES
    assert sorted(set(EDGES)) == list(EDGES)
    assert edges(2) == (0, 1, 2, 3)


@pytest.mark.parametrize("wanted", [*EDGES, 99, 100, 101, 0x80000001])
def test_every_edge_is_drawn_and_so_is_what_is_near(wanted: int) -> None:
    """Within some thousand draws, where uniform ones would take billions."""
    random = Random(1)  # noqa: S311
    assert wanted in {word(random, 100) for _ in range(5000)}


def test_what_is_drawn_is_a_word() -> None:
    """Unsigned, of 32 bits, its top bit set often; the same for the same seed."""
    draws = [[word(Random(n), 7) for n in range(400)] for _ in range(2)]  # noqa: S311
    assert draws[0] == draws[1]
    assert all(0 <= w < 1 << 32 for w in draws[0])
    assert sum(w >> 31 for w in draws[0]) > 80
