"""The PDP-11/45: what does nothing and does not say so."""

import pytest

from popek.engine.machine import Machine
from popek.isa.assembler import assemble
from popek.isa.behaviour import Cause
from popek.isa.catalogue.pdp11 import CC, PDP11_45, PREVIOUS, UIPAR, WAITING
from popek.isa.cycle import OLD_CAUSE
from popek.isa.slot import BASE, DISK_WAIT, IE, MEMORY, MODE, PC
from popek.prove.classes import Showing, classify, classify_one
from popek.vmm.allotment import Allotment
from popek.vmm.compare import LockStep

PS, PRINTER = 0o177776, 0o177566
TO_USER = "ldi sp, 100\nli r1, 0xf000\npush r1\nldi r1, user\npush r1\nrti\nuser: "
STEPS_TO_USER = 9


def ran(text: str, steps: int) -> Machine:
    """Return a bare machine that has done some steps of a program."""
    machine = Machine(PDP11_45, assemble(f".org 16\n{text}\n", PDP11_45).words, memory=128)
    for _ in range(steps):
        machine.step()
    return machine


@pytest.mark.parametrize("text", ["spl 7", "reset"])
def test_in_user_mode_nothing_happens_and_nothing_is_said(text: str) -> None:
    """The next instruction follows; priority, devices and mapping are as they were."""
    before, after = ran(TO_USER + text, STEPS_TO_USER), ran(TO_USER + text, STEPS_TO_USER + 1)
    assert before.state.slot(MODE) == after.state.slot(MODE) == 1
    assert after.state.slot(PC) == before.state.slot(PC) + 1
    assert after.state.slot(IE) == before.state.slot(IE)


def test_halt_is_what_traps() -> None:
    """In user mode, like access to the I/O page; both are privileged, and nothing else is."""
    assert ran(TO_USER + "halt", STEPS_TO_USER + 1).state.element(MEMORY, OLD_CAUSE) == Cause.PRIVILEGED
    privileged = {c.name for c in classify(PDP11_45, showing=Showing.NOTHING) if c.privileged}
    assert privileged == {"halt", "mov-to-io", "mov-from-io"}


def test_rti_in_user_mode_keeps_mode_and_priority() -> None:
    """It pops both words, and takes pc and condition codes from them."""
    machine = ran(TO_USER + "ldi sp, words\nrti\nwords: .word 40, 0xef", STEPS_TO_USER + 2)
    assert (machine.state.slot(MODE), machine.state.slot(IE), machine.state.slot(PC)) == (1, 1, 40)
    assert machine.state.slot(CC) == 15
    assert machine.state.slot(PREVIOUS) == 1


def test_the_processor_status_comes_back_as_it_was_loaded() -> None:
    """From the I/O page, whole; the current mode takes the previous one with it into user mode."""
    machine = ran(f"li r1, 0x30e5\nmov-to-io r1, {PS}\nmov-from-io r2, {PS}", 4)
    assert machine.state.registers[2] == 0x30E5
    machine = ran(f"li r1, 0xc000\nmov-to-io r1, {PS}", 3)
    assert (machine.state.slot(MODE), machine.state.slot(PREVIOUS)) == (1, 1)


def test_mfpi_and_mtpi_go_through_the_previous_mode() -> None:
    """Through the R that the last trap stored; in user mode they are a load and a store."""
    space = f"ldi r2, 8\nst r2, 2(r0)\nldi r2, 64\nst r2, 3(r0)\nli r1, 0x3000\nmov-to-io r1, {PS}\nldi sp, 100\n"
    machine = ran(space + "ldi r3, 8\nmfpi r3", 10)
    assert machine.state.element(MEMORY, 99) == machine.state.element(MEMORY, 16) != 0
    machine = ran(space + "push r1\nldi r3, 40\nmtpi r3", 12)
    assert machine.state.element(MEMORY, 48) == 0x3000
    for name in ("mfpi", "mtpi"):
        found = classify_one(PDP11_45, name, showing=Showing.NOTHING)
        assert {"mode", "previous_mode", "location"} <= {*found.kinds}
        assert not found.user_sensitive


@pytest.mark.parametrize("last", ["mfpi r3", "mtpi r3"])
def test_a_kernel_that_asks_for_a_users_word_gets_its_own_in_a_virtual_machine(last: str) -> None:
    """The witness that needs more than one instruction: a previous mode, and an R for it."""
    text = (
        f"ldi r2, 8\nst r2, 2(r0)\nldi r2, 40\nst r2, 3(r0)\nli r1, 0x3000\nmov-to-io r1, {PS}\n"
        f"ldi sp, 60\npush r1\nldi r3, 16\n{last}"
    )
    words = assemble(f".org 16\n{text}\n", PDP11_45).words
    known = classify(PDP11_45, showing=Showing.NOTHING)
    run = LockStep(
        PDP11_45,
        words,
        sensitive={c.name for c in known if c.sensitive},
        critical={c.name for c in known if c.critical},
        allotment=Allotment(64, 64),
        memory=192,
    ).run(14)
    assert run.divergence is not None
    assert run.divergence.step == len(text.splitlines()) + 2  # `li` and `push` are two instructions each


def test_waiting_ends_with_an_interrupt() -> None:
    """Or any trap; until then the console shows it."""
    assert ran("wait", 1).state.slot(WAITING) == 1
    assert ran("wait\nsvc 0", 2).state.slot(WAITING) == 0


def test_reset_resets_devices_and_mapping() -> None:
    """In kernel mode."""
    machine = ran(f"ldi r1, 0\nldi r2, 8\nreset\nmov-to-io r1, {UIPAR}", 4)
    assert (machine.state.slot(BASE), machine.state.slot(DISK_WAIT)) == (0, 0)


def test_the_io_page_has_nobody_at_most_addresses() -> None:
    """A bus timeout; the printer prints."""
    assert ran("mov-to-io r1, 2", 1).state.element(MEMORY, OLD_CAUSE) == Cause.MEMORY
    machine = ran(f"ldi r1, 'x'\nmov-to-io r1, {PRINTER}", 2)
    assert machine.run(1).output == "x"
