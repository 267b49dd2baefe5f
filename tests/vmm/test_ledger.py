"""What the ledger says is due is what adding up every stretch of time for everybody would say."""

from fractions import Fraction
from random import Random

from popek.engine.state import Journal
from popek.vmm.ledger import Ledger


def test_what_is_due_is_the_sum_over_all_stretches() -> None:
    """Exactly, whoever comes and goes; and it is all taken back."""
    random = Random(0)  # noqa: S311 - to be repeated, not to be secret
    ledger = Ledger(Journal())
    ledger._journal.on = True
    fresh = dict(ledger.notes)
    shares: dict[int, int] = {}
    before: dict[int, Fraction] = {}
    due: dict[int, Fraction] = {}
    for n in range(300):
        if shares and random.random() < 0.3:
            gone = random.choice(sorted(shares))
            assert shares[gone] * (ledger.for_one_share - before[gone]) == due[gone]
            ledger.changes(-shares.pop(gone))
        elif random.random() < 0.5:
            shares[n] = random.randint(1, 9)
            ledger.changes(shares[n])
            before[n], due[n] = ledger.for_one_share, Fraction(0)
        ticks = random.randrange(20)
        ledger.passes(ticks)
        for one, own in shares.items():
            due[one] += Fraction(ticks * own, sum(shares.values()))
    Journal.undo(ledger._journal.take())
    assert ledger.notes == fresh
