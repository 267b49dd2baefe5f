"""A guest's expected result, held against an actual one."""

import pytest

from popek.guests.guest import Expected, address

REGISTERS = tuple(range(16))


def memory(at: int) -> int:
    """Return a word that says where it stands."""
    return 1000 + at


def mismatches(expected: Expected, outcome: str = "halted", output: str = "hi") -> tuple[str, ...]:
    """Hold a result against what is expected."""
    return expected.mismatches(outcome, output, REGISTERS, memory, {"buffer": 64})


def test_who_expects_nothing_is_never_disappointed() -> None:
    """An empty expectation has no mismatches."""
    assert mismatches(Expected()) == ()


def test_what_is_as_expected_is_no_mismatch() -> None:
    """A result that is as expected gives no sentence."""
    expected = Expected("halted", "hi", {3: 3}, {"buffer + 1": 1065, "0x10": 1016, "buffer-2": 1062})
    assert mismatches(expected) == ()


def test_every_mismatch_has_its_sentence() -> None:
    """Outcome, output, registers and words are each told, with both values."""
    expected = Expected("halted", "hi", {3: 4}, {"buffer": 1, "nowhere": 2})
    assert mismatches(expected, "budget", "ho") == (
        "the outcome is budget, not halted",
        "the output is 'ho', not 'hi'",
        "r3 is 3, not 4",
        "the word at buffer is 1064, not 1",
        "the word at nowhere is expected to be 2, but the program has no such symbol",
    )


def test_an_empty_output_is_an_expectation_as_well() -> None:
    """Nothing printed is something else than whatever printed."""
    assert mismatches(Expected(output="")) == ("the output is 'hi', not ''",)


@pytest.mark.parametrize(
    ("where", "at"), [("7", 7), ("0x200", 512), ("buffer", 64), ("buffer + 3", 67), ("buffer-3", 61), ("other", None)]
)
def test_an_address_is_a_number_or_a_symbol_with_an_offset(where: str, at: int | None) -> None:
    """Both parts are added up; a symbol that is not known has no address."""
    assert address(where, {"buffer": 64}) == at
