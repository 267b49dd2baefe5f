"""The allocator: each word of real memory belongs to one at most."""

from random import Random

import pytest

from popek.errors import PopekError
from popek.vmm.allocator import FIRST, claim, equal_parts, gaps, place
from popek.vmm.allotment import Allotment


def test_what_is_given_away_never_overlaps_and_what_is_free_is_all_the_rest() -> None:
    """After any number of allotments given and taken back, in any order."""
    random = Random(0)  # noqa: S311 - to be repeated, not to be secret
    taken: dict[str, Allotment] = {}
    for n in range(2000):
        if taken and random.random() < 0.4:
            del taken[random.choice(sorted(taken))]
        try:
            size = random.randint(17, 60)
            if random.random() < 0.5:
                taken[str(n)] = place(taken, 500, size)
            else:
                taken[str(n)] = claim(taken, 500, Allotment(random.randint(FIRST, 500), size))
        except PopekError:
            free = [len(g) for g in gaps(taken, 500)]
            assert not free or min(free) < 500
        owned = [a for one in taken.values() for a in range(one.base, one.end)]
        assert len(owned) == len(set(owned))
        assert {*owned, *(a for g in gaps(taken, 500) for a in g)} == set(range(FIRST, 500))


@pytest.mark.parametrize("base", range(16, 80))
def test_a_claim_is_refused_exactly_if_a_word_is_somebody_elses(base: int) -> None:
    """To the word, on either side."""
    taken = {"one": Allotment(40, 20)}
    wanted = Allotment(base, 17)
    if any(a in taken["one"] for a in range(base, base + 17)):
        with pytest.raises(PopekError, match=f"17 words at {base} overlaps the 20 words at 40 of one"):
            claim(taken, 100, wanted)
    else:
        assert claim(taken, 100, wanted) is wanted


def test_who_finds_no_place_is_told_what_is_free() -> None:
    """Or that nothing is."""
    with pytest.raises(PopekError, match=r"no 50 words .* are free\n.*free are 14 words at 16, 40 words at 60"):
        place({"one": Allotment(30, 30)}, 100, 50)
    with pytest.raises(PopekError, match="all of it is given away"):
        place({"one": Allotment(16, 84)}, 100, 20)
    with pytest.raises(PopekError, match="an allotment of 5 words is too small"):
        place({}, 100, 5)


def test_equal_parts_are_equal_and_lie_side_by_side() -> None:
    """And if they cannot be large enough, that is said."""
    assert equal_parts(3, 100) == (Allotment(16, 28), Allotment(44, 28), Allotment(72, 28))
    with pytest.raises(PopekError, match=r"8 virtual machines do not fit in 100 words.*\n.*at least 152 words"):
        equal_parts(8, 100)
