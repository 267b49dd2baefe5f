"""Status registers and returns of the RISC machines, step by step on the bare machine."""

from popek.engine.machine import Machine
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.catalogue.alpha import ALPHA, INTR_FLAG
from popek.isa.catalogue.arm import ARMV7, FLAGS
from popek.isa.catalogue.itanium import CFM, IC, IFS, ITANIUM
from popek.isa.catalogue.mips import MIPS
from popek.isa.catalogue.powerpc import POWERPC
from popek.isa.catalogue.riscv import COUNT, RISCV, WFI
from popek.isa.catalogue.sparc import SPARC
from popek.isa.cycle import OLD_BASE, OLD_BOUND, OLD_CAUSE, OLD_PC, OLD_STATUS
from popek.isa.slot import (
    BASE,
    BOUND,
    HALTED,
    IE,
    MEMORY,
    MODE,
    PC,
    REGISTERS,
    RUN,
    SUPERVISOR,
    TIMER,
    USER,
    Slot,
)

VECTOR = 100


def ran(isa: Isa, *lines: str, **slots: int) -> Machine:
    """Return a bare machine that has done one step for each line, from a state in which some slots are set."""
    head = f".org 8\n.word 0, {VECTOR}, 0, 128\n.org 16\n"
    machine = Machine(isa, assemble(head + "\n".join(lines) + "\n", isa).words, memory=128)
    known = {s.name: s for s in isa.slots}
    for name, value in slots.items():
        machine.state.set_slot(known[name], value)
    for _ in lines:
        machine.step()
    return machine


def slots(machine: Machine, *which: Slot) -> tuple[int, ...]:
    """Return the values of some slots."""
    return tuple(machine.state.slot(s) for s in which)


def registers(machine: Machine, *which: int) -> list[int]:
    """Return the values of some registers."""
    return [machine.state.element(REGISTERS, n) for n in which]


def words(machine: Machine, *which: int) -> list[int]:
    """Return some words of memory."""
    return [machine.state.element(MEMORY, a) for a in which]


def test_mstatus_has_its_bits_where_the_manual_has_them() -> None:
    """MIE is bit 3, MPIE bit 7, MPP bits 12..11; sstatus shows the same in its own places."""
    machine = ran(RISCV, "ldi r1, 0x1888", "csrrw-mstatus r2, r1", "csrrw-mstatus r3, r1", "csrrw-sstatus r4, r0")
    assert machine.state.slot(PC) == 20
    assert registers(machine, 3)[0] == 0x1888
    assert registers(machine, 4)[0] == 0x122


def test_mret_goes_to_the_previous_mode_and_forgets_it() -> None:
    """After it MPP is user and MPIE is 1."""
    machine = ran(RISCV, "ldi r1, 0", "csrrw-mstatus r2, r1", "ldi r1, 40", "csrrw-mepc r2, r1", "mret")
    assert slots(machine, MODE, IE, PC, BASE, BOUND) == (USER, 0, 40, 0, 0)
    assert words(machine, OLD_STATUS)[0] == 3


def test_wfi_waits_only_for_what_may_come() -> None:
    """With the timer running it goes on; with nothing under way it stands still. In U, where it may, it completes."""
    assert slots(ran(RISCV, "wfi", timer=9), RUN, PC) == (0, 17)
    assert slots(ran(RISCV, "wfi"), RUN) == (HALTED,)
    assert slots(ran(WFI, "wfi", mode=USER), RUN, PC) == (0, 17)
    assert slots(ran(RISCV, "wfi", mode=USER), MODE, PC) == (SUPERVISOR, VECTOR)


def test_counters_go_up_as_the_timer_goes_down() -> None:
    """Between two readings lies one instruction, the first one; they can be set."""
    machine = ran(RISCV, "rdinstret r1", "rdinstret r2", "ldi r3, 7", "csrrw-minstret r4, r3", "rdinstret r5", timer=50)
    assert registers(machine, 2)[0] - registers(machine, 1)[0] == 1
    assert registers(machine, 5)[0] == 8
    assert machine.state.slot(COUNT) - machine.state.slot(TIMER) == 8


def test_usr_writes_the_flags_of_the_cpsr_and_nothing_else() -> None:
    """MSR changes mask and mode in a privileged mode alone; MRS shows all of it."""
    privileged = ran(ARMV7, "ldi r1, 16", "msr-cpsr r1", "mrs-cpsr r2")
    assert slots(privileged, MODE, IE) == (USER, 1)
    assert registers(privileged, 2)[0] == 0x10
    user = ran(ARMV7, "ldih r1, 0xa000", "msr-cpsr r1", "mrs-cpsr r2", mode=USER)
    assert slots(user, MODE, IE, FLAGS) == (USER, 0, 10)
    assert registers(user, 2)[0] == 0xA0000090


def test_arm_exceptions_are_stored_and_returned_from() -> None:
    """SRS stores pc and status, and RFE loads them, with the R of before."""
    machine = ran(ARMV7, "svc 0", mode=USER, bound=120)
    machine.state.load_words(assemble(f".org {VECTOR}\nsrs 60(r0)\nrfe 60(r0)\n", ARMV7).words)
    machine.step()
    assert words(machine, 60, 61) == [17, 0x90]
    machine.step()
    assert slots(machine, MODE, IE, PC, BOUND) == (USER, 0, 17, 120)


def test_rpcc_and_the_flag_of_rs_and_rc() -> None:
    """RS reads and sets, RC reads and clears, and a return clears."""
    machine = ran(ALPHA, "rs r1", "rs r2", "rc r3", "rc r4", "rs r5", "rti")
    assert registers(machine, 1, 2, 3, 4) == [0, 1, 1, 0]
    assert machine.state.slot(INTR_FLAG) == 0
    assert [registers(ran(ALPHA, "rpcc r1", timer=t), 1)[0] for t in (10, 9)] == [2**32 - 9, 2**32 - 8]


def test_alphas_priority_levels_are_two() -> None:
    """Level 0 lets interrupts in, any other holds them back and reads as 7."""
    machine = ran(ALPHA, "swpipl r1, r0", "ldi r2, 3", "swpipl r3, r2", "rdps r4")
    assert registers(machine, 1, 3, 4) == [7, 0, 7]
    assert machine.state.slot(IE) == 0


def test_the_translation_buffer_is_written_read_and_searched() -> None:
    """What EntryHi and EntryLo say is what R becomes."""
    lines = ("ldi r1, 120", "mtc0-entryhi r1", "tlbwi", "mtc0-entryhi r0", "tlbp", "mfc0-index r2", "tlbr", "tlbp")
    machine = ran(MIPS, *lines, "mfc0-index r3", "mfc0-entryhi r4")
    assert machine.state.slot(BOUND) == 120
    assert registers(machine, 2, 3, 4) == [1 << 31, 0, 120]


def test_status_of_mips_has_the_form_of_the_r2000() -> None:
    """IEc, KUc, IEp, KUp in bits 0 to 3."""
    machine = ran(MIPS, "ldi r1, 9", "mtc0-status r1", "mfc0-status r2", "eret")
    assert registers(machine, 2)[0] == 9
    assert slots(machine, MODE, IE) == (USER, 0)


def test_the_msr_stops_the_processor() -> None:
    """POW is bit 2; the other two are mode and interrupt enable."""
    machine = ran(POWERPC, "ldi r1, 6", "mtmsr r1")
    assert slots(machine, MODE, IE, RUN) == (SUPERVISOR, 1, HALTED)


def test_rett_with_traps_enabled_is_illegal() -> None:
    """With ET at 1 it is a trap in supervisor mode; with ET at 0 it goes to the previous mode, with ET at 1."""
    machine = ran(SPARC, "rett 40(r0)", ie=1)
    assert (machine.state.slot(PC), words(machine, OLD_CAUSE)[0], words(machine, OLD_PC)[0]) == (VECTOR, 2, 16)
    machine = ran(SPARC, "ldi r1, 0x80", "wrpsr r1", "rdpsr r2", "rett 40(r0)")
    assert registers(machine, 2)[0] == 0x80
    assert slots(machine, MODE, IE, PC) == (USER, 1, 40)
    assert words(machine, OLD_BASE, OLD_BOUND) == [0, 0]


def test_cover_saves_the_frame_only_if_nothing_is_collected() -> None:
    """With PSR.ic at 0 the frame goes to cr.ifs, and RFI gives it back."""
    machine = ran(ITANIUM, "alloc 5", "cover")
    assert slots(machine, CFM, IFS) == (0, 1 << 31 | 5)
    machine = ran(ITANIUM, "alloc 5", "cover", "rfi")
    assert slots(machine, CFM, IC) == (5, 1)
    machine = ran(ITANIUM, "alloc 5", "ssm 4", "cover")
    assert slots(machine, CFM, IFS, IC) == (0, 0, 1)
