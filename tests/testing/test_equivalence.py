"""The assertion fails for whoever can tell, and for nobody else, and says how."""

from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings

import popek
from popek.engine.stepper import Outcome
from popek.isa import shipped
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.testing import assert_equivalent
from popek.testing.programs import guest
from popek.testing.strategies import programs
from popek.testing.wrong_monitors import WRONG_MONITORS


@settings(max_examples=25)
@given(programs(CLASSIC))
def test_no_program_can_tell_where_the_theorem_holds(program: str) -> None:
    """On `classic`, under trap-and-emulate."""
    assert assert_equivalent(program).equivalent


@pytest.mark.parametrize("named", ["hello", Path("GUEST")])
def test_a_guest_may_be_named(named: str | Path, tmp_path: Path) -> None:
    """By a shipped one's name, or by its file."""
    if isinstance(named, Path):
        named = tmp_path / "mine.s"
        named.write_text("halt\n", encoding="utf-8")
    assert assert_equivalent(named, "classic", "hybrid").steps > 0


def test_what_differs_is_said_with_the_guest() -> None:
    """Which step, which part of the state, and the text as it was given."""
    text = "getmode r3\nhalt\n"
    with pytest.raises(AssertionError) as caught:
        assert_equivalent(text, "mode-readable")
    said = str(caught.value)
    assert "after step 1:\n    r3 is 0 bare and 1 virtual" in said
    assert said.endswith(text)
    with pytest.raises(AssertionError, match="getmode r3"):
        assert_equivalent(assemble(text, CLASSIC), "mode-readable")


def test_lost_control_is_said() -> None:
    """Also where the guest itself has noticed nothing."""
    prop, monitor = WRONG_MONITORS["interrupts left off"]
    assert prop == "resource_control"
    with pytest.raises(AssertionError, match="the monitor has lost control at step 1"):
        assert_equivalent("nop\nhalt\n", monitor=monitor)


def test_a_random_guest_is_shrunk_and_can_be_pasted() -> None:
    """What is printed makes a guest that can tell as well."""
    _, monitor = WRONG_MONITORS["pc off by one"]
    random = guest(CLASSIC, 3)
    with pytest.raises(AssertionError) as caught:
        assert_equivalent(random, CLASSIC, monitor)
    pasted = str(caught.value).split("guest = ")[1]
    names: dict[str, object] = {}
    exec(f"from popek.testing import Allotment, Guest\nguest = {pasted}", names)  # noqa: S102 - as who pastes it does
    again = names["guest"]
    assert isinstance(again, type(random))
    assert len(again.words) < len(random.words)
    with pytest.raises(AssertionError):
        assert_equivalent(again, CLASSIC, monitor)


@pytest.mark.parametrize("isa", ["setb", *(i.name for i in shipped.catalogue())])
def test_programs_can_be_drawn_for_every_shipped_isa(isa: str) -> None:
    """They assemble, and they end: they would not be given out otherwise."""
    on = popek.load(isa)

    @settings(max_examples=3)
    @given(programs(on))
    def draws(program: str) -> None:
        assert program.splitlines()

    draws()


def test_an_isa_that_cannot_halt_has_programs_that_end() -> None:
    """They end in a trap loop, which is noticed on either machine."""
    endless = evolve(CLASSIC, name="endless", instructions=tuple(i for i in CLASSIC.instructions if i.name != "halt"))

    @settings(max_examples=5)
    @given(programs(endless))
    def draws(program: str) -> None:
        assert assert_equivalent(program, endless).bare.outcome is Outcome.TRAP_LOOP

    draws()
