"""The Sigma 7: program status, map and devices for the master alone."""

from popek.engine.machine import Machine
from popek.isa.assembler import assemble
from popek.isa.behaviour import Cause
from popek.isa.catalogue.sigma7 import ALARM, CC, FLOAT, REGISTER_POINTER, SIGMA7
from popek.isa.classic import INNOCUOUS
from popek.isa.cycle import OLD_CAUSE
from popek.isa.slot import BASE, BOUND, IE, MEMORY, MODE, PC, RUN
from popek.prove.classes import Showing, classify

OWN = {"lcfi", "lcf", "stcf"}


def ran(text: str, steps: int) -> Machine:
    """Return a bare machine that has done some steps of a program."""
    machine = Machine(SIGMA7, assemble(f".org 16\n{text}\n", SIGMA7).words, memory=128)
    for _ in range(steps):
        machine.step()
    return machine


def test_all_but_condition_code_and_floating_controls_is_privileged() -> None:
    """What is sensitive is privileged, and the program's own is innocuous."""
    known = {c.name: c for c in classify(SIGMA7, showing=Showing.NOTHING)}
    system = known.keys() - {i.name for i in INNOCUOUS} - OWN
    assert all(known[n].privileged and known[n].sensitive for n in system)
    assert all(known[n].innocuous for n in OWN)


def test_a_program_status_is_exchanged() -> None:
    """The old one is kept in four words, and its own can be loaded back."""
    machine = ran("lcfi 0x95\nxpsd words(r0)\nwords: .word 0, 0, 0, 0, 0x3a3, 40, 8, 60", 2)
    state = machine.state
    assert [state.element(MEMORY, 18 + n) for n in range(4)] == [0x590, 18, 0, 128]
    assert (state.slot(MODE), state.slot(IE), state.slot(CC), state.slot(FLOAT)) == (1, 1, 10, 3)
    assert (state.slot(PC), state.slot(BASE), state.slot(BOUND)) == (40, 8, 60)
    assert ran("lpsd words(r0)\nwords: .word 2, 50, 0, 90", 1).state.slot(PC) == 50


def test_a_slave_cannot_load_the_map() -> None:
    """MMC traps; for the master it loads R."""
    slave = ran("lpsd words(r0)\nwords: .word 1, 21, 0, 128\nmmc r1, r2", 2)
    assert slave.state.element(MEMORY, OLD_CAUSE) == Cause.PRIVILEGED
    master = ran("ldi r1, 8\nldi r2, 90\nmmc r1, r2", 3)
    assert (master.state.slot(BASE), master.state.slot(BOUND)) == (8, 90)


def test_inhibits_and_alarm_are_written_directly() -> None:
    """X'2n' clears inhibits, X'3n' sets them, X'40' and X'41' are the alarm."""
    assert ran("wd 0x27", 1).state.slot(IE) == 1
    assert ran("wd 0x27\nwd 0x31", 2).state.slot(IE) == 0
    assert ran("wd 0x27\nwd 0x30\nwd 0x41", 3).state.slot(IE) == 1
    assert ran("wd 0x41", 1).state.slot(ALARM) == 1


def test_condition_code_and_controls_come_back_as_they_were_loaded() -> None:
    """Immediate, from memory, and to memory."""
    machine = ran("lcfi 0x72\nstcf 60(r0)\nlcfi 0\nlcf 60(r0)", 4)
    assert machine.state.element(MEMORY, 60) == 0x72
    assert (machine.state.slot(CC), machine.state.slot(FLOAT)) == (7, 2)


def test_the_master_waits_and_points_at_registers() -> None:
    """WAIT stops, LRP is kept."""
    machine = ran("lrp word(r0)\nwait\nword: .word 0x1f0", 2)
    assert machine.state.slot(REGISTER_POINTER) == 0x1F
    assert machine.state.slot(RUN) == 1
