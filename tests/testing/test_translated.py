"""Guests that rewrite themselves, and the count of what translation went through with them."""

from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.slot import SUPERVISOR, USER
from popek.testing.programs import guest
from popek.testing.translated import TRAP, Doings, in_lock_step, rewriting, writers

SENSITIVE = frozenset(i.name for i in SYSTEM)


def test_a_guest_that_rewrites_itself_is_made_from_its_seed_alone() -> None:
    """The same seed gives the same guest; it is the random guest of that seed with other code."""
    assert rewriting(CLASSIC, 3) == rewriting(CLASSIC, 3) != rewriting(CLASSIC, 4)
    drawn, made = guest(CLASSIC, 3), rewriting(CLASSIC, 3)
    assert made.words.keys() == drawn.words.keys()
    assert {a for a, w in made.words.items() if w != drawn.words[a]} <= set(range(26, 62))


def test_who_can_end_translated_code_is_derived_from_the_meaning() -> None:
    """Stores in either mode, what is privileged in one, and traps."""
    assert writers(CLASSIC) == {
        ("st", SUPERVISOR), ("st", USER), ("spsw", SUPERVISOR), ("mtpi", SUPERVISOR), ("disk", SUPERVISOR),
        (TRAP, SUPERVISOR), (TRAP, USER),
    }  # fmt: skip


def test_what_happens_is_counted_and_told() -> None:
    """By instruction and mode; the table has the sums, and who has done nothing yet is known."""
    doings = Doings(CLASSIC)
    assert doings.lacking() == sorted(writers(CLASSIC))
    for seed in range(20):
        assert in_lock_step(rewriting(CLASSIC, seed), CLASSIC, sensitive=SENSITIVE, doings=doings).equivalent
    by_store = doings.cells["st", SUPERVISOR, "invalidations"]
    assert by_store > 0
    assert ("st", SUPERVISOR) not in doings.lacking()
    lines = [line.split() for line in doings.table().splitlines()]
    assert lines[0][:2] == ["20", "guests,"]
    assert ["st", "supervisor", str(by_store)] in lines
    total = sum(n for (_, _, what), n in doings.cells.items() if what == "blocks")
    assert ["blocks", str(total)] in lines
