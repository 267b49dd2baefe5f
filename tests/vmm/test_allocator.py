"""The allocator: each word of real memory belongs to one at most."""

from random import Random

import pytest

from popek.errors import PopekError
from popek.vmm.allocator import FIRST, Room, claim, equal_parts, place
from popek.vmm.allotment import Allotment


def test_what_is_given_away_never_overlaps_and_what_is_free_is_all_the_rest() -> None:
    """After any number of allotments given and taken back, in any order."""
    random = Random(0)  # noqa: S311 - to be repeated, not to be secret
    room = Room(500)
    for n in range(2000):
        if room and random.random() < 0.4:
            room.take_back(random.choice(sorted(room)))
        try:
            size = random.randint(17, 60)
            if random.random() < 0.5:
                room.give(str(n), place(room, size))
            else:
                room.give(str(n), claim(room, Allotment(random.randint(FIRST, 500), size)))
        except PopekError:
            assert all(len(g) < 500 for g in room.gaps)
        owned = [a for one in room.values() for a in range(one.base, one.end)]
        assert len(owned) == len(set(owned))
        assert {*owned, *(a for g in room.gaps for a in g)} == set(range(FIRST, 500))
        assert Room(500, dict(room)).gaps == room.gaps


@pytest.mark.parametrize("base", range(16, 80))
def test_a_claim_is_refused_exactly_if_a_word_is_somebody_elses(base: int) -> None:
    """To the word, on either side."""
    room = Room(100, {"one": Allotment(40, 20)})
    wanted = Allotment(base, 17)
    if any(a in room["one"] for a in range(base, base + 17)):
        with pytest.raises(PopekError, match=f"17 words at {base} overlaps the 20 words at 40 of one"):
            claim(room, wanted)
    else:
        assert claim(room, wanted) is wanted


def test_who_finds_no_place_is_told_what_is_free() -> None:
    """Or that nothing is."""
    with pytest.raises(PopekError, match=r"no 50 words .* are free\n.*free are 14 words at 16, 40 words at 60"):
        place(Room(100, {"one": Allotment(30, 30)}), 50)
    with pytest.raises(PopekError, match="all of it is given away"):
        place(Room(100, {"one": Allotment(16, 84)}), 20)
    with pytest.raises(PopekError, match="an allotment of 5 words is too small"):
        place(Room(100), 5)


def test_equal_parts_are_equal_and_lie_side_by_side() -> None:
    """And if they cannot be large enough, that is said."""
    assert equal_parts(3, 100) == (Allotment(16, 28), Allotment(44, 28), Allotment(72, 28))
    with pytest.raises(PopekError, match=r"8 virtual machines do not fit in 100 words.*\n.*at least 152 words"):
        equal_parts(8, 100)
