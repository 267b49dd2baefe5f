"""Witnesses on request small: the same classes, and numbers that people can read."""

import pytest

from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC, SYSTEM
from popek.prove.classes import Showing, classify_one

SMALL = 1024


@pytest.mark.parametrize("name", [i.name for i in SYSTEM])
def test_witnesses_are_small(name: str) -> None:
    """Every number is less than the size of memory, the pc is where programs start, and the class is the same."""
    plain, nice = classify_one(CLASSIC, name), classify_one(CLASSIC, name, showing=Showing.NICE)
    assert plain.to_dict() == nice.to_dict()
    assert set(nice.witnesses) == set(nice.kinds)
    assert not plain.witnesses  # what is privileged refutes nothing, and need not be shown
    for witness in nice.witnesses.values():
        for before in witness.before:
            assert before.values["pc"] == 16
            assert before.values["pc"] < before.values["bound"]
            assert all(v < SMALL or v == 0xFFFFFFFF for v in before.values.values())


@pytest.mark.parametrize("isa", shipped.variants(), ids=lambda i: i.name)
def test_showing_changes_no_answer(isa: Isa) -> None:
    """With witnesses, with small ones or with none, the classes are the same."""
    changed = [i.name for i in isa.instructions if i.name not in CLASSIC.by_name or i != CLASSIC[i.name]]
    for name in changed:
        answers = [classify_one(isa, name, showing=s).to_dict() for s in Showing]
        assert answers[0] == answers[1] == answers[2]
        assert not classify_one(isa, name, showing=Showing.NOTHING).witnesses
