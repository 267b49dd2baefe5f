"""How guest programs begin, what an instruction is given, and that probing leaves no trace."""

from itertools import islice

import pytest
from attrs import evolve

from popek.engine.machine import Machine
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.behaviour import Behaviour, Put
from popek.isa.classic import CLASSIC
from popek.isa.expression import both, eq, ite, lshr
from popek.isa.instruction import A, Instruction, imm, ra, rb
from popek.isa.slot import IE, MODE, PC, REGISTERS, TIMER
from popek.prove.checks import Search
from popek.prove.pools import Variant, few, mentions, variants
from popek.prove.probe import Draft, Probe, probe
from popek.prove.setups import Setup, invocation, psw, settable, setups, writers
from popek.vmm.monitor import TRAP_AND_EMULATE

NEEDLE = 0xDEAD_BEEF
ODD = Instruction(
    "odd",
    "ra, rb, uimm",
    0x60,
    "Look at a field, a word and the immediate.",
    Behaviour({}, [Put(REGISTERS, A, ite(both(eq(lshr(ra, 20) & 7, 5), eq(rb, NEEDLE), eq(imm, 77)), MODE, 0))]),
)
WITH_ODD = CLASSIC.vary("with-odd", {"odd": ODD})


def sought(isa: Isa, blame: str, prop: str = "equivalence") -> Search:
    """Return a search on an ISA of which only that instruction is critical."""
    system = frozenset(i.name for i in CLASSIC.instructions[27:])
    return Search(isa, TRAP_AND_EMULATE, prop, blame, system | {blame}, frozenset({blame}))


def ready(blame: str, setup: Setup, prop: str = "equivalence") -> Probe:
    """Return a probe that has got to the instruction."""
    found = probe(sought(WITH_ODD, blame, prop), setup)
    assert found is not None
    return found


def test_only_what_is_mentioned_is_varied() -> None:
    """Registers that are only written are not, nor memory that nobody refers to; a constant alone leaves one choice."""
    assert [o.token for o in mentions(CLASSIC["add"]).operands] == ["rb", "rc"]
    assert mentions(CLASSIC["ldi"]).operands == ()
    assert mentions(CLASSIC["ld"]).memory
    assert not mentions(CLASSIC["add"]).memory
    assert list(variants(CLASSIC["nop"])) == [Variant({})]


def test_a_word_in_four_billion_is_drawn_soon() -> None:
    """What a register, a field of one, and the immediate are compared with is among a few hundred draws, together."""
    assert any(
        v.registers.get(1, 0) >> 20 & 7 == 5 and v.registers.get(2) == NEEDLE and v.fields["imm"] == 77
        for v in islice(variants(ODD), 400)
    )


def test_draws_are_the_same_each_time() -> None:
    """And others for another seed."""
    assert few(ODD, 60) == few(ODD, 60)
    assert few(ODD, 60) != few(ODD, 60, seed=1)


@pytest.mark.parametrize("isa", shipped.catalogue(), ids=lambda i: i.name)
def test_writers_set_what_they_say(isa: Isa) -> None:
    """Their lines assemble, and a run of them from reset leaves those values."""
    for slot in (s for s in isa.slots if settable(s) or s is TIMER):
        for writer in writers(isa, slot, frozenset()):
            program = assemble("\n".join((*writer.setup.before, "end:")), isa)
            machine = Machine(isa, {**writer.setup.words, **program.words}, memory=64, typed=b"ab", disk=range(1, 64))
            while machine.state.slot(PC) != program.symbols["end"]:
                machine.step()
            assert {s: machine.state.slot(s) for s in writer.values} == writer.values
            assert slot in writer.values


def test_there_is_no_writer_of_what_nobody_writes() -> None:
    """Nor one among those to be avoided."""
    assert writers(CLASSIC, IE, frozenset())
    assert writers(CLASSIC, IE, frozenset({"setie"})) == ()


def test_setups_are_different_and_go_to_the_mode_asked_for() -> None:
    """In user mode each goes through a trap; in supervisor mode the first does nothing at all."""
    given = ("odd", frozenset({"odd", "setr"}), {"odd"})
    supervisor, user = (list(setups(WITH_ODD, *given, user=mode)) for mode in (False, True))
    assert supervisor[0] == Setup()
    assert all(MODE in s.slots for s in user)
    both_modes = list(setups(WITH_ODD, *given, user=None))
    assert both_modes == [*supervisor, *user]


def test_a_probe_takes_back_all_it_does() -> None:
    """The same choice shows the same, whatever was tried before."""
    probed = ready("odd", psw(2, 8))
    shows, not_ = Variant({"a": 1, "b": 2, "imm": 77}, {1: 5 << 20, 2: NEEDLE}), Variant({"a": 1, "b": 2, "imm": 0})
    before = dict(probed.check.run.bare.state.slots)
    assert [probed.shows(v) for v in (not_, shows, not_, shows, not_)] == [False, True, False, True, False]
    assert probed.check.run.bare.state.slots == before


@pytest.mark.parametrize("prop", ["equivalence", "resource_control", "isolation", "efficiency"])
def test_what_shows_nothing_shows_nothing_of_any_property(prop: str) -> None:
    """A plain addition."""
    probed = ready("add", Setup(), prop)
    assert not any(probed.shows(v) for v in few(CLASSIC["add"], 12))


def test_a_suspicion_is_made_small_and_is_a_program() -> None:
    """No bit is left that can be spared, and the program shows the same from reset."""
    probed = ready("odd", Setup())
    noisy = Variant({"a": 1, "b": 2, "imm": 77}, {1: 0xF5F << 20 | 0x111, 2: NEEDLE, 9: 4}, {50: 7})
    assert probed.shows(noisy) is (0xF5F & 7 == 5)
    found = probed.smallest(evolve(noisy, registers={1: 5 << 20 | 0x111, 2: NEEDLE, 9: 4}))
    assert (found.registers[1], found.registers[2], found.registers[9]) == (5 << 20, NEEDLE, 0)
    lines = Draft(probed.setup, found, ODD).lines()
    assert lines[-1] == invocation(ODD, found.fields)
    assert probed.sought.run(assemble("\n".join(lines), WITH_ODD).words) is not None


def test_a_setup_that_shows_something_by_itself_is_none() -> None:
    """What comes before the instruction must not be what is shown."""
    lines = ("li r1, 0x500000", f"li r2, {NEEDLE:#x}", "odd r1, r2, 77")
    assert probe(sought(WITH_ODD, "odd"), Setup((), lines)) is None
    assert probe(sought(WITH_ODD, "odd"), Setup((), ("no such instruction",))) is None
