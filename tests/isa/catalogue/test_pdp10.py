"""The PDP-10: the JRST family, one by one."""

import pytest

from popek.engine.machine import Machine
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.catalogue.pdp10 import FLAGS, PDP10, PDP10_KS
from popek.isa.slot import BASE, BOUND, IE, MEMORY, MODE, PC, RUN
from popek.prove.classes import Showing, classify_one

USER_FLAG, OVERFLOW = 1 << 26, 1 << 31
HALTS, ENTERS, RESTORES, DISMISSES = 4, 1, 2, 0o10

JRST = {
    0: "jrst",
    0o1: "jrst-1",
    0o2: "jrstf",
    0o3: "jrst-3",
    0o4: "jrst-halt",
    0o5: "jrst-5",
    0o6: "jrst-6",
    0o7: "jrst-7",
    0o10: "jrst-10",
    0o11: "jrst-11",
    0o12: "jen",
    0o13: "jrst-13",
    0o14: "jrst-14",
    0o15: "jrst-15",
    0o16: "jrst-16",
    0o17: "jrst-17",
}


def ran(text: str, steps: int, isa: Isa = PDP10) -> Machine:
    """Return a bare machine that has done some steps of a program."""
    machine = Machine(isa, assemble(f".org 16\n{text}\n", isa).words, memory=128)
    for _ in range(steps):
        machine.step()
    return machine


@pytest.mark.parametrize("number", JRST)
def test_jrst_does_what_the_bits_of_its_field_say(number: int) -> None:
    """In executive mode: 10 dismisses, 4 halts, 2 restores flags, 1 enters user mode; all jump."""
    machine = ran(f"li r1, {OVERFLOW + 40}\n{JRST[number]} 3(r1)", 3)
    state = machine.state
    assert state.slot(PC) == 43
    assert state.slot(RUN) == (number & HALTS != 0)
    assert state.slot(MODE) == (number & ENTERS != 0)
    assert state.slot(IE) == (number & DISMISSES != 0)
    assert state.slot(FLAGS) == (16 if number & RESTORES else 0)


@pytest.mark.parametrize("number", JRST)
def test_jrst_in_user_mode_traps_if_it_would_halt_or_dismiss(number: int) -> None:
    """The others are jumps, and control nothing."""
    found = classify_one(PDP10, JRST[number], showing=Showing.NOTHING)
    assert found.privileged == (number & (HALTS | DISMISSES) != 0)
    if not found.privileged:
        assert not found.user_sensitive
        assert found.sensitive == (number & (ENTERS | RESTORES) != 0)


@pytest.mark.parametrize("name", ["pushj", "jsr", "jsp"])
def test_what_leaves_the_flags_shows_the_mode(name: str) -> None:
    """Mode-sensitive, and nothing else; between user-mode states nothing shows."""
    found = classify_one(PDP10, name, showing=Showing.NOTHING)
    assert (found.kinds, found.user_kinds, found.privileged) == (("mode",), (), False)


def test_restoring_flags_in_user_mode_cannot_leave_it() -> None:
    """USER stays set, whatever the word says; the other flags are restored."""
    machine = ran(f"li r1, {OVERFLOW}\njrst-1 user(r0)\nuser: jrstf 0(r1)", 4)
    assert machine.state.slot(MODE) == 1
    assert machine.state.slot(FLAGS) == 16
    assert machine.state.slot(PC) == 0


def test_the_flags_word_has_flags_user_and_address() -> None:
    """PUSHJ pushes it, JSR stores it at its address, JSP leaves it in a register, and POPJ takes the address alone."""
    words = ran("jrst-1 u(r0)\nu: ldi r2, 60\npushj r2, v(r0)\nv: jsr 70(r0)", 4)
    assert words.state.element(MEMORY, 61) == USER_FLAG + 19
    assert words.state.element(MEMORY, 70) == USER_FLAG + 20
    assert words.state.slot(PC) == 71
    machine = ran("ldi r2, 60\npushj r2, f(r0)\njsp r1, 0(r0)\nf: popj r2", 4)
    assert machine.state.registers[1] == 19
    assert machine.state.registers[2] == 60


def test_jfcl_jumps_on_a_flag_and_clears_it() -> None:
    """Only those that it names."""
    machine = ran(f"li r1, {OVERFLOW + (1 << 30) + 19}\njrstf 0(r1)\nldi r2, 16\njfcl r2, 40", 5)
    assert machine.state.slot(PC) == 40
    assert machine.state.slot(FLAGS) == 8


def test_datao_apr_loads_relocation() -> None:
    """Base and bound, from two words."""
    machine = ran("datao-apr words(r0)\nwords: .word 8, 100", 1)
    assert (machine.state.slot(BASE), machine.state.slot(BOUND)) == (8, 100)


def test_cono_pi_turns_interrupts_on_and_off() -> None:
    """And CONI PI reads which."""
    machine = ran("cono-pi 0x80\nconi-pi r1\ncono-pi 0x100\nconi-pi r2", 4)
    assert (machine.state.registers[1], machine.state.registers[2]) == (0x80, 0)


def test_the_ks10_has_no_jrst_3_and_a_harmless_jrst_1() -> None:
    """It reads the field as a number; XJRSTF enters user mode instead, and in user mode does not leave it."""
    assert PDP10_KS.extends == PDP10.name
    assert "jrst-3" not in PDP10_KS.by_name
    assert classify_one(PDP10_KS, "jrst-1", showing=Showing.NOTHING).innocuous
    text = f"jrst-5 u(r0)\nu: .word {USER_FLAG + OVERFLOW}, v\nv: jrst-5 w(r0)\nw: .word 0, 16"
    machine = ran(text, 2, PDP10_KS)
    assert (machine.state.slot(MODE), machine.state.slot(FLAGS), machine.state.slot(PC)) == (1, 0, 16)


def test_xpcw_stores_and_loads_flags_and_pc() -> None:
    """JRST 7 on the KS10: two words there, two from behind them."""
    machine = ran("jrst-7 w(r0)\nw: .word 0, 0, 0x04000000, 50", 1, PDP10_KS)
    assert machine.state.element(MEMORY, 18) == 17
    assert (machine.state.slot(MODE), machine.state.slot(PC)) == (1, 50)
