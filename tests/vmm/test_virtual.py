"""The virtual state: like any state for who interprets, recovered while the guest runs, generic in its slots."""

from collections.abc import Iterator

import pytest

from popek.engine.state import State
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Put
from popek.isa.classic import CLASSIC
from popek.isa.expression import as_expr
from popek.isa.instruction import TRAPS, A, Instruction, ra
from popek.isa.slot import ARRAYS, CONSOLE_OUTPUT, MEMORY, PC, REGISTERS, SLOTS, TIMER, Role, Slot
from popek.testing.lockstep import Coverage, lock_step, told
from popek.testing.programs import guest
from popek.vmm.allotment import Allotment
from popek.vmm.monitor import HYBRID, INTERPRETER, TRAP_AND_EMULATE, Monitor
from popek.vmm.virtual import VirtualState
from popek.vmm.vm_map import vm_map

CONTROL = Slot("control", "A system register that `classic` does not have.")
LEVEL = Slot("level", "Another one, of three bits.", bits=3)
FLAGS = Slot("flags", "Condition codes, which belong to the program.", Role.PROGRAM)
OWN = (
    Instruction("setctl", "ra", 0x70, "Set it.", Behaviour({CONTROL: ra, LEVEL: as_expr(CONTROL) + 1}), TRAPS),
    Instruction("getctl", "ra", 0x71, "Get it.", Behaviour({}, [Put(REGISTERS, A, as_expr(CONTROL) + LEVEL)]), TRAPS),
    Instruction("setf", "ra", 0x72, "Set flags.", Behaviour({FLAGS: as_expr(FLAGS) + ra})),
    Instruction("getf", "ra", 0x73, "Get flags.", Behaviour({}, [Put(REGISTERS, A, FLAGS)])),
)
EXTENDED = Isa("extended", (*CLASSIC.instructions, *OWN), slots=(*SLOTS, CONTROL, LEVEL, FLAGS), arrays=ARRAYS)


@pytest.mark.parametrize("monitor", [TRAP_AND_EMULATE, HYBRID, INTERPRETER], ids=lambda m: m.name)
def test_an_architecture_with_registers_of_its_own_needs_no_other_monitor(monitor: Monitor) -> None:
    """A system register is virtualized, and condition codes are the guest's, for having been declared."""
    coverage = Coverage(EXTENDED)
    for seed in range(60):
        drawn = guest(EXTENDED, seed)
        comparison = lock_step(drawn, EXTENDED, monitor=monitor, coverage=coverage)
        assert comparison.equivalent, told(drawn, comparison)
        assert comparison.violation is None
    executed = {c.instruction for c in coverage.cells if c.outcome == "executed"}
    assert {i.name for i in OWN} <= executed


def test_one_that_may_be_read_without_a_trap_is_noticed() -> None:
    """What a guest can read of the real register is not its own."""
    open_isa = EXTENDED.vary("open", getctl=Behaviour({}, [Put(REGISTERS, A, as_expr(CONTROL) + LEVEL)]))
    assert any(not lock_step(guest(open_isa, seed), open_isa).equivalent for seed in range(200))


@pytest.fixture
def virtual() -> Iterator[VirtualState]:
    """Give a virtual state of 32 words at 20, with a word behind it that is somebody else's."""
    real = State(CLASSIC, 60)
    real.load_words({52: 99, 19: 98, 20: 97})
    yield VirtualState(CLASSIC, real, Allotment(20, 32), vm_map(CLASSIC), 10)
    assert (real.memory[19], real.memory[52]) == (98, 99)


@pytest.mark.parametrize("index", [32, 33, 0xFFFFFFFF, 0xFFFFFFFF - 1])
def test_virtual_memory_ends_where_the_allotment_does(virtual: VirtualState, index: int) -> None:
    """Beyond it there is nothing to read, and a write vanishes, as on the bare machine."""
    assert virtual.element(MEMORY, index) == 0
    virtual.put(MEMORY, index, 5)
    assert 5 not in virtual.real.memory


def test_virtual_memory_and_registers_are_in_the_real_machine(virtual: VirtualState) -> None:
    """Devices are not: a guest's console is the monitor's own affair."""
    assert virtual.element(MEMORY, 0) == 97
    virtual.put(MEMORY, 31, 5)
    virtual.put(REGISTERS, 3, 6)
    virtual.put(CONSOLE_OUTPUT, 0, 7)
    assert (virtual.real.memory[51], virtual.real.registers[3]) == (5, 6)
    assert (virtual.element(CONSOLE_OUTPUT, 0), virtual.real.element(CONSOLE_OUTPUT, 0)) == (7, 0)


def test_while_the_guest_runs_its_state_cannot_be_written(virtual: VirtualState) -> None:
    """It is only recovered then; our own mistake ends the run."""
    virtual.enter()
    with pytest.raises(AssertionError, match="only recovered"):
        virtual.set_slot(PC, 5)
    with pytest.raises(AssertionError, match="only recovered"):
        virtual.put(MEMORY, 5, 5)
    virtual.pause()
    virtual.set_slot(PC, 5)
    assert virtual.slot(PC) == 5


def test_the_quantum_is_spent_over_exits_and_renewed_when_it_is_over(virtual: VirtualState) -> None:
    """An exit leaves what is left; at zero the next entry begins a new one."""
    for left in (7, 4, 1):
        virtual.enter()
        virtual.real.set_slot(TIMER, virtual.real.slot(TIMER) - 3)
        virtual.pause()
        assert virtual.notes["left"] == left
    virtual.enter()
    virtual.real.set_slot(TIMER, 0)
    virtual.pause()
    virtual.enter()
    assert virtual.real.slot(TIMER) == 10
    virtual.pause()
    virtual.notes["left"] = 2
    virtual.renew()
    assert virtual.notes["left"] == 10


def test_leaving_reads_the_trap_words(virtual: VirtualState) -> None:
    """The cause, and the PSW and the timer as they were before the real trap."""
    virtual.enter()
    real = virtual.real
    real.load_words({0: 3, 1: 26, 2: real.slots[next(s for s in SLOTS if s.name == "base")], 3: 30, 4: Cause.SVC, 6: 8})
    real.slots[PC] = 16
    assert virtual.leave() is Cause.SVC
    assert virtual.slot(PC) == 25
    assert virtual.notes == {"inside": 0, "left": 8, "loaded": 10, "moved_out": 0}


def test_what_is_kept_can_be_listed(virtual: VirtualState) -> None:
    """The operands of the recovery: each virtual slot, the notes, the allotment."""
    names = set(virtual._kept)
    assert len(virtual._kept) == len(names)
    assert {"v.pc", "k", "w", "loaded", "left"} <= names
    assert virtual._kept["v.pc"] == 16
    assert (virtual._kept["k"], virtual._kept["w"]) == (20, 32)
