"""Writing an ISA as TOML: what is written reads back as the same."""

import pytest

from popek.errors import PopekError
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.configuration import configure, parse
from popek.isa.instruction import TRAPS
from popek.isa.template import to_toml


@pytest.mark.parametrize("isa", shipped.every(), ids=lambda i: i.name)
def test_a_template_reads_back_as_the_same_isa(isa: Isa) -> None:
    """`to_toml` and `parse` are inverse, up to the name."""
    again, expected = parse(to_toml(isa), "mine.toml")
    assert {i.name: i for i in again.instructions} == dict(isa.by_name)
    assert again.guest == isa.guest
    assert expected is None


def test_a_template_has_a_line_for_every_instruction_that_classic_traps() -> None:
    """Every system instruction can be changed by editing its line."""
    text = to_toml(CLASSIC)
    for instruction in CLASSIC.instructions:
        assert (f'\n{instruction.name} = "traps"\n' in text) == (instruction.in_user is TRAPS)
        assert (f"# {instruction.doc}" in text) == (instruction.in_user is TRAPS)


def test_a_template_of_what_flags_made_reads_back() -> None:
    """What the command line configures can be kept as a file."""
    isa = configure(CLASSIC, execute=["jsu", "getie"], trap=["svc,ld"])
    assert parse(to_toml(isa), "mine.toml")[0].by_name == isa.by_name


def test_what_no_shipped_isa_has_makes_no_template() -> None:
    """An instruction that a TOML file cannot define is not silently lost."""
    isa = CLASSIC.vary("odd", nop=CLASSIC["halt"].does)
    with pytest.raises(PopekError, match=r"cannot be written as TOML(.|\n)*Python file"):
        to_toml(isa)
