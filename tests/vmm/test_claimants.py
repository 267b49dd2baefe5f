"""Claimants are found without looking at all of them, and it is the ones that looking at all would find."""

from fractions import Fraction
from random import Random

from popek.vmm.claimants import Claimant, Claimants


def test_next_and_least_are_those_of_a_search() -> None:
    """After any number of arrivals, departures and other passes."""
    random = Random(0)  # noqa: S311 - to be repeated, not to be secret
    there: dict[int, Fraction] = {}
    kept = Claimants()
    for _ in range(5000):
        number = random.randrange(40)
        if number in there and random.random() < 0.4:
            del there[number]
            kept.remove(number)
        else:
            there[number] = Fraction(random.randrange(30), random.randint(1, 4))
            kept.put(Claimant(number, there[number]))
        assert [(c.number, c.passed) for c in kept] == sorted(there.items())
        if there:
            last = random.randint(-1, 40)
            assert kept.after(last) == min((n for n in there if n > last), default=min(there))
            assert kept.least().number == min(there, key=lambda n: (there[n], n))
    assert kept[1:3] == [kept[1], kept[2]]
