"""Planted faults in machines: instructions that leak, meddle, or do so only for one word in four billion.

Each is added to a part of `classic`, and refutes some property under trap-and-emulate, with a program that shows it;
the theorems' premise says so beforehand, since it is a theorem.
"""

from collections.abc import Mapping

import pytest
from attrs import evolve

from popek.isa.behaviour import Behaviour, Cause, Copy, Effect, Put, Store, Trap
from popek.isa.cycle import OLD_BASE, OLD_BOUND, OLD_PC, OLD_STATUS, OLD_TIMER, SWAP
from popek.isa.expression import FALSE, Expr, Word, as_expr, both, element, eq, ite, load, ne, operand, real, ult
from popek.isa.instruction import INSTRUCTION_WORD, A, Instruction, imm, ra, rb
from popek.isa.slot import (
    BASE,
    BOUND,
    CONSOLE_INPUT,
    CONSOLE_OUTPUT,
    CONSOLE_READ,
    DISK,
    DISK_WAIT,
    HALTED,
    IE,
    MEMORY,
    MODE,
    PC,
    REGISTERS,
    RUN,
    SUPERVISOR,
    TIMER,
    TIMER_PENDING,
)
from popek.prove.properties import prove
from popek.prove.theorems import theorem_1
from popek.prove.values import PROPERTIES, Status
from popek.testing.faults import FEW, classes_of, noticed
from popek.vmm.monitor import TRAP_AND_EMULATE

NEEDLE = 0xDEAD_BEEF
E, C, I = "equivalence", "resource_control", "isolation"  # noqa: E741 - the paper's letters


def privileged(when: Expr) -> Trap:
    """Return a privilege trap with a guard."""
    return Trap(when, Cause.PRIVILEGED, INSTRUCTION_WORD, privilege=True)


def into_ra(value: Word) -> list[Effect]:
    """Return the write of a value to `ra`."""
    return [Put(REGISTERS, A, value)]


BEHAVIOURS: Mapping[str, tuple[str, Behaviour]] = {
    "a load that does not know R": (I, Behaviour({}, into_ra(element(MEMORY, rb)))),
    "a load whose bound is not checked": (I, Behaviour({}, into_ra(element(MEMORY, as_expr(BASE) + rb)))),
    "a load of the word after": (I, Behaviour({}, into_ra(element(MEMORY, real(rb) + 1)))),
    "a store that does not know R": (C, Behaviour({}, [Put(MEMORY, rb, ra)])),
    "a store whose bound is not checked": (I, Behaviour({}, [Put(MEMORY, as_expr(BASE) + rb, ra)])),
    "a store into the trap words": (C, Behaviour({}, [Put(MEMORY, OLD_PC, ra)])),
    "a load from the trap words": (E, Behaviour({}, into_ra(element(MEMORY, OLD_BASE)))),
    "a copy over sixteen words, of which one is checked": (
        I,
        Behaviour({}, [Copy(MEMORY, real(ra), MEMORY, real(rb), 16)]),
    ),
    "a branch on the mode": (E, Behaviour({PC: ite(eq(MODE, SUPERVISOR), as_expr(PC) + 1, rb)})),
    "a hash of mode and timer": (E, Behaviour({}, into_ra((as_expr(MODE) + 3) * TIMER))),
    "a load that also clears the pending timer": (E, Behaviour({TIMER_PENDING: 0}, into_ra(load(rb)))),
    "an addition that also switches interrupts off": (C, Behaviour({IE: 0}, into_ra(ra + rb))),
    "interrupts off for one word in four billion": (C, Behaviour({IE: ite(eq(ra, NEEDLE), 0, IE)})),
    "a stop for one word in four billion": (C, Behaviour({RUN: ite(eq(ra, NEEDLE), HALTED, RUN)})),
    "supervisor mode for one pair of words": (
        C,
        Behaviour({MODE: ite(both(eq(ra, NEEDLE), eq(rb, NEEDLE + 1)), SUPERVISOR, MODE)}),
    ),
    "the mode shown for one word in four billion": (E, Behaviour({}, into_ra(ite(eq(rb, NEEDLE), MODE, rb)))),
    "a bound that may grow by one": (I, Behaviour({BOUND: as_expr(BOUND) + 1})),
    "a bound that may stay as it is": (E, Behaviour({BOUND: ra}, traps=[privileged(ult(BOUND, ra))])),
    "a base that moves, the bound with it": (
        E,
        Behaviour({BASE: as_expr(BASE) + 1, BOUND: as_expr(BOUND) - 1}, [], [privileged(eq(BOUND, 0))]),
    ),
    "a timer that may only be set higher": (C, Behaviour({TIMER: ra}, traps=[privileged(ult(ra, TIMER))])),
    "a timer that is set one lower": (E, Behaviour({TIMER: ite(eq(TIMER, 0), 0, as_expr(TIMER) - 1)})),
    "a key taken without looking": (C, Behaviour({CONSOLE_READ: as_expr(CONSOLE_READ) + 1})),
    "a look at the keyboard": (E, Behaviour({}, into_ra(element(CONSOLE_INPUT, CONSOLE_READ)))),
    "a print over what was printed": (C, Behaviour({}, [Put(CONSOLE_OUTPUT, 0, ra)])),
    "a wait for the disk": (E, Behaviour({}, into_ra(DISK_WAIT))),
    "a word written to the disk": (C, Behaviour({}, [Put(DISK, ra, rb)])),
    "a privilege trap that depends on the timer": (E, Behaviour({}, into_ra(1), [privileged(eq(TIMER, 1))])),
    "a store that is checked only if it is made": (
        E,
        Behaviour({PC: ite(eq(MODE, 0), PC, as_expr(PC) + 1)}, [Store(rb, ra, FALSE)]),
    ),
}


@pytest.mark.parametrize("fault", BEHAVIOURS)
def test_a_machine_with_this_instruction_is_refuted(fault: str) -> None:
    """The property that it breaks is refuted, the instruction is to blame, and theorem 1 blames it too."""
    prop, does = BEHAVIOURS[fault]
    isa = FEW.vary("wrong", {"odd": Instruction("odd", "ra, rb, imm", 0x60, fault.capitalize() + ".", does)})
    found = noticed(isa, TRAP_AND_EMULATE, prop)
    assert theorem_1(classes_of(isa)).blame == ("odd",)
    assert found
    assert found.blame == "odd"
    assert "odd" in found.program


@pytest.mark.parametrize("word", [OLD_STATUS, OLD_PC, OLD_BASE, OLD_BOUND, OLD_TIMER])
def test_hardware_that_does_not_store_what_a_monitor_needs_is_refuted(word: int) -> None:
    """Without the old pc or the timer a guest can tell; the rest is asked for, though a monitor has it anyway."""
    kept = [e for e in SWAP.effects if not (isinstance(e, Put) and e.index == as_expr(word))]
    cycle = evolve(FEW.cycle, swap=evolve(SWAP, effects=kept))
    isa = evolve(FEW, name="forgetful", cycle=cycle)
    verdict = prove(isa, TRAP_AND_EMULATE, classes_of(isa)).verdict(E)
    assert verdict.status is Status.REFUTED
    assert verdict.blame == ("event:illegal",)
    assert (noticed(isa, TRAP_AND_EMULATE, E) is not None) == (word in (OLD_PC, OLD_TIMER))


TRAPS: Mapping[str, tuple[str, Behaviour]] = {
    "a trap that stays in user mode": (C, evolve(SWAP, writes={**SWAP.writes, MODE: as_expr(MODE)})),
    "a trap that stops the processor": (C, evolve(SWAP, writes={**SWAP.writes, RUN: as_expr(HALTED)})),
    "a trap that leaves interrupts on": (C, evolve(SWAP, writes={**SWAP.writes, IE: as_expr(1)})),
    "a trap that keeps R": (C, evolve(SWAP, writes={s: e for s, e in SWAP.writes.items() if s not in (BASE, BOUND)})),
    "a trap that goes on where it was": (C, evolve(SWAP, writes={**SWAP.writes, PC: as_expr(PC)})),
    "a trap that writes to a word of somebody else's": (
        I,
        evolve(SWAP, effects=(*SWAP.effects, Put(MEMORY, 150, operand("pc")))),
    ),
    "a trap that prints": (C, evolve(SWAP, effects=(*SWAP.effects, Put(CONSOLE_OUTPUT, 0, operand("cause"))))),
}


@pytest.mark.parametrize("fault", TRAPS)
def test_a_machine_with_this_trap_is_refuted(fault: str) -> None:
    """Whoever executes the least supervisor call takes the machine from its monitor, or a word from a neighbour."""
    prop, swap = TRAPS[fault]
    isa = evolve(FEW, name="wrong", cycle=evolve(FEW.cycle, swap=swap))
    found = noticed(isa, TRAP_AND_EMULATE, prop)
    assert found
    assert found.blame == "event:illegal"


def test_a_trap_that_resets_a_device_is_not_proved_to_spare_it() -> None:
    """No guest of a monitor whose device is at rest shows it: so much is not proved, and not refuted either."""
    swap = evolve(SWAP, writes={**SWAP.writes, CONSOLE_READ: as_expr(0)})
    isa = evolve(FEW, name="wrong", cycle=evolve(FEW.cycle, swap=swap))
    assert prove(isa, TRAP_AND_EMULATE, classes_of(isa)).verdict(C).blame == ("event:illegal",)


def test_a_trap_of_user_mode_alone_need_not_be_a_privilege_trap() -> None:
    """The theorem asks for privilege traps; a monitor can do with any: the premise fails, everything is proved."""
    does = Behaviour({}, into_ra(1), [Trap(ne(MODE, SUPERVISOR), Cause.ARITHMETIC)])
    isa = FEW.vary("odd", {"odd": Instruction("odd", "ra, rb, imm", 0x60, "Trap in user mode.", does)})
    assert theorem_1(classes_of(isa)).blame == ("odd",)
    proof = prove(isa, TRAP_AND_EMULATE, classes_of(isa))
    assert {proof.verdict(p).status for p in PROPERTIES} == {Status.PROVED}


def test_where_no_word_is_given_nothing_is_fetched() -> None:
    """A base anywhere, with bound 0, cannot be made use of by another step: there is none. Control is kept."""
    does = Behaviour({BASE: 5, BOUND: ite(eq(BASE, 5), 100, 0)})
    isa = FEW.vary("odd", {"odd": Instruction("odd", "ra, rb, imm", 0x60, "Give everything up.", does)})
    proof = prove(isa, TRAP_AND_EMULATE, classes_of(isa))
    assert proof.verdict(C).status is Status.PROVED
    assert noticed(isa, TRAP_AND_EMULATE, E)


HARMLESS: Mapping[str, Behaviour] = {
    "a load of two words": Behaviour({}, into_ra(load(rb) + load(rb + 1))),
    "an arithmetic trap for one word": Behaviour({}, into_ra(1), [Trap(eq(rb, NEEDLE), Cause.ARITHMETIC, rb)]),
    "a jump through memory": Behaviour({PC: load(rb + imm)}),
    "a store that swaps": Behaviour({}, [Put(REGISTERS, A, load(rb)), Store(rb, ra)]),
    "a privilege trap for what is in a register": Behaviour({}, into_ra(1), [privileged(eq(rb, 0))]),
    "a mode that does not matter": Behaviour({}, into_ra(ite(eq(MODE, SUPERVISOR), rb, rb))),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_machine_with_a_harmless_instruction_is_proved(name: str) -> None:
    """What is only unusual is not refuted: faults are noticed for what they are. Efficiency may be lost by a trap."""
    isa = FEW.vary("right", {"odd": Instruction("odd", "ra, rb, imm", 0x60, name.capitalize() + ".", HARMLESS[name])})
    proof = prove(isa, TRAP_AND_EMULATE, classes_of(isa))
    assert {proof.verdict(p).status for p in PROPERTIES if p != "efficiency"} == {Status.PROVED}
    assert theorem_1(classes_of(isa)).holds
