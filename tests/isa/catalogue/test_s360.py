"""System/360, its model 67, and System/370: what is sensitive is privileged, and what is not is the program's."""

import pytest

from popek.engine.machine import Machine
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.behaviour import Cause
from popek.isa.catalogue.s360 import CC, LRA, PROGRAM_MASK, PSW_KEY, S360, S360_67, STORAGE_KEYS
from popek.isa.catalogue.s370 import S370
from popek.isa.cycle import OLD_CAUSE
from popek.isa.slot import BASE, IE, MEMORY, RUN, TIMER
from popek.prove.classes import Showing, classify_one


def ran(text: str, steps: int, isa: Isa = S360) -> Machine:
    """Return a bare machine that has done some steps of a program."""
    machine = Machine(isa, assemble(f".org 16\n{text}\n", isa).words, memory=2048)
    for _ in range(steps):
        machine.step()
    return machine


def test_they_are_deltas() -> None:
    """The model 67 adds three instructions; System/370 adds more, and changes SSK, which sets two bits more."""
    assert S360_67.extends == S370.extends == S360.name
    assert S360_67.by_name.keys() - S360.by_name.keys() == {"lra", "lmc", "stmc"}
    assert {i.name for i in S360.instructions if S370[i.name] != i} == {"ssk"}


def test_lra_is_location_sensitive_and_privileged() -> None:
    """The paper's example: it shows where the program lies, to the supervisor alone."""
    found = classify_one(S360_67, "lra", showing=Showing.NOTHING)
    assert found.privileged
    assert "location" in found.kinds


def test_lra_unprivileged_would_refute_theorem_1() -> None:
    """The counterfactual that the paper argues with."""
    loose = S360_67.vary("loose", {"lra": type(LRA)(LRA.name, LRA.operands, LRA.opcode, LRA.doc, LRA.does)})
    assert classify_one(loose, "lra", showing=Showing.NOTHING).critical


def test_balr_leaves_the_programs_half_of_the_psw() -> None:
    """Length, condition code, program mask and address; SPM takes two of them back. Both are innocuous."""
    machine = ran("li r1, 0x25000000\nspm r1\nbalr r2, r0\nspm r0", 5)
    assert machine.state.registers[2] == 0x65000000 + 20
    assert (machine.state.slot(CC), machine.state.slot(PROGRAM_MASK)) == (0, 0)
    assert all(classify_one(S360, n, showing=Showing.NOTHING).innocuous for n in ("balr", "bal", "spm"))


def test_lpsw_loads_key_and_wait() -> None:
    """The wait bit stops the machine, the key is kept."""
    machine = ran("lpsw psw(r0)\npsw: .word 0x0a06, 16, 0, 2048", 1)
    assert machine.state.slot(PSW_KEY) == 0xA
    assert (machine.state.slot(RUN), machine.state.slot(IE)) == (1, 1)


def test_a_storage_key_is_inserted_as_it_was_set() -> None:
    """By block of 512 words; System/370 keeps reference and change bits with it, and RRB resets the first."""
    text = "ldi r1, 0xff\nldi r2, 600\nssk r1, r2\nli r3, -1\nisk r3, r2\nldi r2, 511\nisk r1, r2"
    machine = ran(text, 8)
    assert machine.state.registers[3] == 0xFFFFFFF0
    assert machine.state.registers[1] == 0
    machine = ran("ldi r1, 0xff\nssk r1, r1\nrrb r1", 3, S370)
    assert machine.state.slot(CC) == 3
    assert machine.state.element(STORAGE_KEYS, 0) == 0xFA


def test_a_key_beyond_storage_is_an_addressing_exception() -> None:
    """There is no such block."""
    machine = ran("ldi r2, 4096\nssk r1, r2", 2)
    assert machine.state.element(MEMORY, OLD_CAUSE) == Cause.MEMORY


def test_lra_says_by_condition_code_whether_there_is_an_address() -> None:
    """No trap either way."""
    machine = ran("ldi r2, 100\nlra r1, 4(r2)\nlra r3, 4000(r2)", 3, S360_67)
    assert machine.state.registers[1] == 104
    assert machine.state.slot(CC) == 1
    assert machine.state.slot(BASE) == 0


@pytest.mark.parametrize(("mask", "cause"), [(0x8000, Cause.SVC), (0x7FFF, 0)])
def test_a_monitor_call_interrupts_where_its_mask_is_one(mask: int, cause: int) -> None:
    """Class 0 has the leftmost mask; without it the instruction does nothing."""
    text = f"lctl registers(r0)\nmc 0\nregisters: .word 0, 2048, {mask}"
    assert ran(text, 2, S370).state.element(MEMORY, OLD_CAUSE) == cause
    assert classify_one(S370, "mc", showing=Showing.NOTHING).innocuous


def test_stnsm_stores_the_mask_and_masks_it() -> None:
    """And STOSM the other way round; SPT sets the timer."""
    machine = ran("ldi r1, 1\nstosm r1, 100(r0)\nstnsm r0, 101(r0)\nspt 101(r0)", 4, S370)
    assert [machine.state.element(MEMORY, a) for a in (100, 101)] == [0, 1]
    assert machine.state.slot(IE) == 0
    assert machine.state.slot(TIMER) == 1
