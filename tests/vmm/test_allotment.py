"""The allotment: what a virtual machine may be given of real memory."""

import pytest

from popek.errors import PopekError
from popek.vmm.allotment import Allotment


@pytest.mark.parametrize("base", [-1, 0, 15])
def test_the_trap_words_are_never_given_away(base: int) -> None:
    """An allotment begins above word 15."""
    with pytest.raises(PopekError, match=f"cannot begin at word {base}\n.*belong to the trap mechanism"):
        Allotment(base, 64)


@pytest.mark.parametrize("size", [-1, 0, 16])
def test_a_virtual_machine_needs_its_own_trap_words(size: int) -> None:
    """And one word more, for a program."""
    with pytest.raises(PopekError, match=f"of {size} words is too small: 17"):
        Allotment(16, size)


def test_an_allotment_has_its_first_word_and_not_its_end() -> None:
    """Words k to k + w - 1."""
    allotment = Allotment(20, 17)
    assert [a for a in range(60) if a in allotment] == list(range(20, 37))
    assert allotment.end == 37


def test_an_allotment_must_lie_in_real_memory() -> None:
    """To the last word; the error says how much there would have to be."""
    allotment = Allotment(20, 17)
    assert allotment.within(37) is allotment
    with pytest.raises(PopekError, match=r"17 words at 20 does not fit in 36 words of real memory\n.*at least 37"):
        allotment.within(36)
