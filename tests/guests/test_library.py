"""The library: guests by name, and texts of one's own."""

import pytest

from popek.errors import PopekError
from popek.guests import library
from popek.guests.guest import Expected
from popek.isa import shipped
from popek.isa.variants import VARIANTS

GUESTS = [library.find(n) for n in library.names()]


def test_programs_come_before_probes_and_demonstrations() -> None:
    """Whoever reads the list from the top meets the simple ones first."""
    kinds = [(n.startswith("demo-"), n.startswith("probe-"), n) for n in library.names()]
    assert kinds == sorted(kinds)
    assert len(kinds) > 30


@pytest.mark.parametrize("name", library.names())
def test_every_header_is_complete(name: str) -> None:
    """Every guest says what it teaches, in one sentence, and what is expected of it."""
    guest = library.find(name)
    assert guest.name == name
    assert guest.title
    assert guest.teaches.endswith(".")
    assert guest.expected.outcome
    assert guest.expected.output
    assert guest.memory <= 4096
    assert name.startswith("probe-") == bool(guest.detects)
    assert name.startswith("demo-") == bool(guest.demonstrates)


def test_probes_and_demonstrations_name_a_variant() -> None:
    """A probe is named after the variant that it detects, and a demonstration likewise."""
    for guest in GUESTS:
        for variant in filter(None, (guest.detects, guest.demonstrates)):
            assert shipped.find(variant)
            assert guest.name.endswith(f"-{variant}")


def test_every_variant_that_breaks_equivalence_has_a_probe() -> None:
    """Three variants are equivalent all the same: a bound that shrinks, a spilling store, a privileged addition."""
    assert {g.detects for g in GUESTS} - {""} == {v.name for v in VARIANTS} - {"setb", "spill", "add-traps"}


def test_a_name_that_does_not_exist_gets_the_nearest() -> None:
    """The error names the guest that was probably meant."""
    with pytest.raises(PopekError, match=r"there is no guest `hallo`\n.*did you mean `hello`"):
        library.find("hallo")


def test_a_text_without_a_header_expects_nothing() -> None:
    """A user's own program needs no header."""
    guest = library.parse("start: jmp start\n", "dir/mine.s")
    assert (guest.name, guest.file, guest.isa, guest.expected) == ("mine", "dir/mine.s", "classic", Expected())


def test_a_text_with_a_header_halts_unless_it_says_otherwise() -> None:
    """The default outcome is the usual one."""
    assert library.parse(";@ title: mine\nhalt\n", "mine.s").expected == Expected("halted")
