"""A virtual machine: what it counts, what it leaves alone, and how it ends."""

import pytest
from attrs import evolve

from popek.engine.stepper import Outcome
from popek.errors import PopekError
from popek.isa.behaviour import Cause
from popek.isa.classic import CLASSIC
from popek.isa.instruction import EXECUTES
from popek.isa.slot import BASE, BOUND, CONSOLE_OUTPUT, PC, TIMER
from popek.testing.programs import guest
from popek.vmm.allotment import Allotment
from popek.vmm.monitor import FRUITLESS, HYBRID, INTERPRETER, TRAP_AND_EMULATE, Action
from popek.vmm.virtual_machine import VirtualMachine, default_allotment


def program(*lines: tuple[str, dict[str, int]]) -> dict[int, int]:
    """Return the words of a program."""
    return {16 + n: CLASSIC[name].encode(values) for n, (name, values) in enumerate(lines)}


LOOP = program(("addi", {"a": 1, "b": 1, "imm": 1}), ("beq", {"a": 0, "b": 0, "imm": -1}))


def test_what_runs_directly_is_counted() -> None:
    """Every instruction is either executed directly or follows an exit; the exits are counted by cause."""
    vm = VirtualMachine(CLASSIC, program(("nop", {}), ("getmode", {"a": 1}), ("nop", {}), ("halt", {})), memory=128)
    result = vm.run()
    assert result.outcome is Outcome.HALTED
    assert (vm.counts["direct"], vm.exits, result.instructions) == (2, {"privileged": 2}, 4)


@pytest.mark.parametrize("quantum", [1, 2, 7, 1000])
def test_the_monitor_has_the_processor_back_after_each_quantum(quantum: int) -> None:
    """An innocuous loop exits once in `quantum` instructions, and for nothing else."""
    vm = VirtualMachine(CLASSIC, LOOP, monitor=evolve(TRAP_AND_EMULATE, quantum=quantum), memory=128)
    vm.run(1400)
    assert vm.exits == {"timer": 1399 // quantum} if quantum < 1400 else {}
    assert vm.counts["direct"] == 1400


def test_an_exit_does_not_renew_the_quantum() -> None:
    """Unless the monitor is one that does: then a guest that exits often is never stopped."""
    words = program(("getmode", {"a": 1}), ("beq", {"a": 0, "b": 0, "imm": -1}))
    fair = VirtualMachine(CLASSIC, words, monitor=evolve(TRAP_AND_EMULATE, quantum=10), memory=128)
    renewing = VirtualMachine(CLASSIC, words, monitor=evolve(TRAP_AND_EMULATE, quantum=10, renews=True), memory=128)
    for vm in (fair, renewing):
        vm.run(1000)
    assert fair.exits["timer"] > 40
    assert "timer" not in renewing.exits


def test_under_other_techniques_the_same_is_counted_otherwise() -> None:
    """The interpreter never runs anything directly; the hybrid monitor only in virtual user mode."""
    words = program(("ldi", {"a": 1, "imm": 18}), ("jsu", {"a": 1}), ("nop", {}), ("beq", {"a": 0, "b": 0, "imm": 0}))
    hybrid = VirtualMachine(CLASSIC, words, monitor=HYBRID, memory=128)
    interpreter = VirtualMachine(CLASSIC, words, monitor=INTERPRETER, memory=128)
    for vm in (hybrid, interpreter):
        vm.run(50)
    assert (hybrid.counts["emulated"], hybrid.counts["direct"], hybrid.exits) == (2, 48, {})
    assert (interpreter.counts["emulated"], interpreter.counts["direct"]) == (50, 0)


def test_real_memory_outside_the_allotment_is_left_alone() -> None:
    """All but the real trap words, whatever a random guest does; and the real devices are not touched."""
    for seed in range(40):
        drawn = guest(CLASSIC, seed)
        vm = VirtualMachine(
            CLASSIC, drawn.words, allotment=drawn.allotment, memory=drawn.memory, typed=drawn.typed, disk=drawn.disk
        )
        outside = [a for a in range(7, drawn.memory) if a not in drawn.allotment]
        before = [vm.real.memory[a] for a in outside]
        vm.run(100)
        assert [vm.real.memory[a] for a in outside] == before
        assert vm.real.arrays[CONSOLE_OUTPUT] == {}


def test_a_processor_that_is_stopped_by_the_guest_is_lost() -> None:
    """An outcome of its own: the monitor has lost it, the guest does not know."""
    vm = VirtualMachine(CLASSIC.vary("open", halt=EXECUTES), program(("halt", {})), memory=128)
    assert vm.run().outcome is Outcome.LOST
    assert vm.step() is None
    assert vm.run().steps == 1


def test_a_monitor_that_gets_nowhere_has_lost_the_processor_too() -> None:
    """It is never a hang: after so many exits without a step of the guest it is over."""
    stuck = evolve(TRAP_AND_EMULATE, dispatcher={**TRAP_AND_EMULATE.dispatcher, Cause.PRIVILEGED: Action.RESUME})
    vm = VirtualMachine(CLASSIC, program(("halt", {})), monitor=stuck, memory=128)
    assert vm.run().outcome is Outcome.LOST
    assert vm.exits["privileged"] + vm.exits.get("timer", 0) == FRUITLESS


def test_a_guest_begins_at_reset() -> None:
    """Virtually: its memory is its allotment, R covers it, and the pc is 16."""
    vm = VirtualMachine(CLASSIC, LOOP, allotment=Allotment(50, 30), memory=100)
    assert [vm.state.slot(s) for s in (PC, BASE, BOUND, TIMER)] == [16, 0, 30, 0]
    assert vm.state.size == 30
    vm.step()
    assert (vm.real.slot(BASE), vm.real.slot(BOUND), vm.state.slot(BASE)) == (50, 30, 0)


def test_what_does_not_fit_is_refused() -> None:
    """The program in the allotment, the allotment in real memory, and real memory at all."""
    with pytest.raises(PopekError, match="the program needs 18 words, and the allotment has 17"):
        VirtualMachine(CLASSIC, LOOP, allotment=Allotment(20, 17), memory=100)
    with pytest.raises(PopekError, match="does not fit in 40 words of real memory"):
        VirtualMachine(CLASSIC, LOOP, allotment=Allotment(20, 30), memory=40)
    with pytest.raises(PopekError, match="not possible"):
        VirtualMachine(CLASSIC, LOOP, allotment=Allotment(20, 30), memory=1 << 25)


@pytest.mark.parametrize("memory", [64, 65, 1000, 65_536])
def test_the_default_allotment_leaves_room_for_a_monitor(memory: int) -> None:
    """Above the trap words and within real memory, with most of it for the guest."""
    allotment = default_allotment(memory)
    assert allotment.base >= 16
    assert allotment.within(memory).size >= memory // 2


def test_the_text_form_is_short() -> None:
    """A `repr` fits in a line."""
    vm = VirtualMachine(CLASSIC, LOOP, allotment=Allotment(50, 30), memory=100)
    vm.run(3)
    assert repr(vm) == "<VirtualMachine classic under trap-and-emulate at 50:30: 3 steps>"
