"""Machines whose step or state is declared otherwise than `classic` does it: nothing wrong is proved of them."""

import pytest
from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.behaviour import Behaviour, Cause, Put
from popek.isa.classic import CLASSIC, sets
from popek.isa.cycle import CYCLE, SWAP, Cycle, Interrupt
from popek.isa.expression import element, operand
from popek.isa.instruction import TRAPS, A, Instruction, ra, rb
from popek.isa.slot import ARRAYS, DISK_PENDING, REGISTERS, SLOTS, TIMER_PENDING, Array, Role, Slot
from popek.prove.classes import classify
from popek.prove.properties import prove
from popek.prove.values import Status
from popek.vmm.allotment import Allotment
from popek.vmm.compare import Comparison, LockStep
from popek.vmm.monitor import TRAP_AND_EMULATE

LOOP = "li r1, 50\n settimer r1\n again: addi r2, r2, 1\n jmp again"
_DISK = Interrupt(DISK_PENDING, Cause.DISK)
_RINGS = Slot("rings", "Set by a clock.", kind="interrupt", bits=1)
_CLOCK = Slot("seen_clock", "A clock that programs are meant to see.", Role.PROGRAM, clock=_RINGS)


def added(name: str, *more: tuple[str, Behaviour], slots: tuple[Slot, ...] = (), arrays: tuple[Array, ...] = ()) -> Isa:
    """Return `classic` with state, and with instructions on `ra, rb`, of its own."""
    new = (Instruction(n, "ra, rb", 0x70 + i, "New.", b) for i, (n, b) in enumerate(more))
    return evolve(
        CLASSIC,
        name=name,
        instructions=(*CLASSIC.instructions, *new),
        slots=(*SLOTS, *slots),
        arrays=(*ARRAYS, *arrays),
    )


def lock_step(isa: Isa, source: str) -> Comparison:
    """Run a guest on either machine, with a quantum that ends often."""
    monitor = evolve(TRAP_AND_EMULATE, quantum=7)
    words = assemble(source, isa).words
    return LockStep(isa, words, monitor=monitor, allotment=Allotment(100, 200), memory=512).run(60)


ODD = {
    "no timer interrupt": (evolve(CLASSIC, cycle=Cycle((_DISK,))), LOOP),
    "a timer interrupt that looks like an instruction's trap": (
        evolve(CLASSIC, cycle=Cycle((Interrupt(TIMER_PENDING, Cause.ARITHMETIC), _DISK))),
        LOOP,
    ),
    "a trap that overwrites a register": (
        evolve(
            CLASSIC, cycle=evolve(CYCLE, swap=evolve(SWAP, effects=(*SWAP.effects, Put(REGISTERS, 15, operand("pc")))))
        ),
        LOOP,
    ),
    "a clock that is program state": (
        added("clocked", ("setclock", Behaviour({_CLOCK: ra})), slots=(_CLOCK, _RINGS)),
        "li r1, 20\n setclock r1, r1\n halt",
    ),
}


@pytest.mark.parametrize("odd", ODD)
def test_equivalence_is_not_proved_where_a_guest_can_tell(odd: str) -> None:
    """A guest diverges in lock step, and so equivalence is not proved."""
    isa, source = ODD[odd]
    assert lock_step(isa, source).divergence is not None
    assert prove(isa, TRAP_AND_EMULATE, classify(isa)).verdict("equivalence").status is Status.REFUTED


def test_without_a_timer_interrupt_nobody_gets_the_processor_back() -> None:
    """Then a guest may keep it, and resource control is not proved."""
    isa, _ = ODD["no timer interrupt"]
    assert prove(isa, TRAP_AND_EMULATE, classify(isa)).verdict("resource_control").status is Status.REFUTED


def test_a_resource_for_each_word_of_memory_is_as_large_as_the_virtual_memory() -> None:
    """Storage keys, say: equivalence is proved, and a guest that sets and reads one cannot tell."""
    keys = Array("keys", "A key for each word.", kind="key", size="q")
    parts = ("setkey", Behaviour({}, [Put(keys, rb, ra)])), ("getkey", sets(A, element(keys, rb)))
    isa = added("keyed", *parts, arrays=(keys,)).vary("keyed", setkey=TRAPS, getkey=TRAPS)
    source = "li r1, 199\n li r2, 5\n setkey r2, r1\n getkey r3, r1\n inc r1\n setkey r2, r1\n getkey r4, r1\n halt"
    compared = lock_step(isa, source)
    assert compared.divergence is None
    assert compared.bare.registers[3:5] == (5, 0)
    assert prove(isa, TRAP_AND_EMULATE, classify(isa)).verdict("equivalence").status is Status.PROVED
