"""The VAX: a processor status for everybody, and the machine that DEC's security kernel made of it."""

import pytest

from popek.engine.machine import Machine
from popek.isa.assembler import assemble
from popek.isa.behaviour import Cause
from popek.isa.catalogue.vax import PREVIOUS, PSW, VAX, VAX_VIRTUAL
from popek.isa.cycle import OLD_CAUSE, OLD_DETAIL
from popek.isa.slot import BASE, BOUND, IE, MEMORY, MODE, PC
from popek.prove.classes import Showing, classify_one
from popek.prove.decide import decide
from popek.vmm.allotment import Allotment
from popek.vmm.compare import LockStep
from popek.vmm.monitor import HYBRID

USER = 0x03C00000
Z = 4


def ran(text: str, steps: int) -> Machine:
    """Return a bare machine that has done some steps of a program."""
    machine = Machine(VAX, assemble(f".org 16\n{text}\n", VAX).words, memory=128)
    for _ in range(steps):
        machine.step()
    return machine


def returned(psl: int, more: str = "") -> Machine:
    """Return a machine that has executed REI to word 40, with this PSL."""
    return ran(f"{more}\nldi sp, words\nrei\nwords: .word 40, {psl}", 2 + more.count("\n") + bool(more))


def test_movpsl_shows_modes_and_priority() -> None:
    """Priority 31 and kernel mode at reset; user mode by both fields afterwards."""
    assert ran("movpsl r1", 1).state.registers[1] == 31 << 16
    machine = ran(f"ldi sp, words\nrei\nwords: .word user, {USER + 5}\nuser: movpsl r1", 3)
    assert machine.state.registers[1] == USER + 5


def test_rei_lowers_mode_and_priority_without_a_trap() -> None:
    """From kernel to user mode, and to priority 0."""
    state = returned(USER + 3).state
    assert (state.slot(MODE), state.slot(PREVIOUS), state.slot(IE)) == (1, 3, 1)
    assert (state.slot(PC), state.slot(PSW)) == (40, 3)


@pytest.mark.parametrize("psl", [0x03000000, 0x03DF0000, 0x01400000, 0x02800000])
def test_rei_refuses_what_makes_no_sense(psl: int) -> None:
    """User mode with another previous mode or a priority; the modes that are left out."""
    assert returned(psl).state.element(MEMORY, OLD_CAUSE) == Cause.ILLEGAL


def test_rei_does_not_raise_priority_or_privilege() -> None:
    """Not the one from priority 0, nor the other from user mode."""
    machine = returned(0x001F0000, "ldi r1, 0\nmtpr r1, 18")
    assert machine.state.element(MEMORY, OLD_CAUSE) == Cause.ILLEGAL
    text = f"ldi sp, words\nrei\nwords: .word user, {USER}\nuser: ldi sp, back\nrei\nback: .word 16, 0"
    machine = ran(text, 4)
    assert machine.state.element(MEMORY, OLD_CAUSE) == Cause.ILLEGAL


@pytest.mark.parametrize(("name", "mode"), [("chmk", 0), ("chme", 1), ("chms", 2), ("chmu", 3)])
def test_change_mode_is_always_an_exception(name: str, mode: int) -> None:
    """And so innocuous, as a supervisor call is."""
    machine = ran(f"{name} 7", 1)
    assert machine.state.element(MEMORY, OLD_CAUSE) == Cause.SVC
    assert machine.state.element(MEMORY, OLD_DETAIL) == mode << 16 | 7
    assert classify_one(VAX, name, showing=Showing.NOTHING).innocuous


@pytest.mark.parametrize(("mode", "address", "accessible"), [(0, 100, 1), (3, 100, 0), (3, 20, 1), (0, 200, 0)])
def test_probe_asks_for_the_less_privileged_mode(mode: int, address: int, accessible: int) -> None:
    """For user mode through the R that the last exception stored, here 64 words; for kernel mode through its own."""
    machine = ran(f"ldi r1, 64\nst r1, 3(r0)\nldi r1, {mode}\nldi r2, {address}\nprober r1, r2", 5)
    assert (machine.state.slot(PSW) & Z == 0) == bool(accessible)


def test_processor_registers_hold_what_was_moved_there() -> None:
    """R, the control blocks, the priority; and there are no others."""
    for number, slot in ((8, BASE), (9, BOUND)):
        assert ran(f"ldi r1, 128\nmtpr r1, {number}", 2).state.slot(slot) == 128
    for number in (9, 16, 17, 25):
        assert ran(f"ldi r1, 128\nmtpr r1, {number}\nmfpr r2, {number}", 3).state.registers[2] in (127, 128)
    assert ran("mtpr r1, 7", 1).state.element(MEMORY, OLD_CAUSE) == Cause.ILLEGAL
    assert ran("ldi r1, 0\nmtpr r1, 18", 2).state.slot(IE) == 1


def test_process_context_is_saved_and_loaded() -> None:
    """SVPCTX pops pc and PSL into the block, LDPCTX pushes them and loads R."""
    text = "ldi r1, block\nmtpr r1, 16\nldi sp, words\nsvpctx\nldpctx\nwords: .word 40, 7\nblock: .word 0, 128, 0, 0"
    machine = ran(text, 5)
    sp = machine.state.registers[14]
    assert [machine.state.element(MEMORY, sp + n) for n in (0, 1)] == [40, 7]
    assert (machine.state.slot(BASE), machine.state.slot(BOUND)) == (0, 128)


def test_rei_diverges_unseen_by_the_monitor() -> None:
    """The witness that needs a stack: run directly, the kernel's own return fails."""
    words = assemble(f".org 16\nldi sp, words\nrei\nwords: .word 40, {USER}\n", VAX).words
    run = LockStep(VAX, words, allotment=Allotment(64, 64), memory=192).run(6)
    assert run.divergence is not None
    assert run.divergence.step == 2


def test_theorem_3_is_sufficient_and_not_necessary() -> None:
    """PROBE depends on where memory lies and ends, but in user mode as the map keeps it: a hybrid monitor works."""
    found = decide(VAX, monitors=[HYBRID])
    assert not found.theorem(3).holds
    assert found[HYBRID.name].equivalence.holds
    assert found[HYBRID.name].resource_control.holds


def test_the_virtual_vax_differs_by_four_instructions() -> None:
    """They trap when a virtual machine runs, and do in kernel mode what they did."""
    assert VAX_VIRTUAL.extends == VAX.name
    changed = {i.name for i in VAX_VIRTUAL.instructions if VAX[i.name] != i}
    assert changed == {"movpsl", "rei", "prober", "probew"}
    assert all(VAX_VIRTUAL[n].does == VAX[n].does for n in changed)
