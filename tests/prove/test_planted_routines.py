"""Planted faults in interpreter routines and in reflection: each is refuted, and a program shows it.

To emulate is to do what the bare machine does, down to the last trap word. Here is what people get wrong.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve

from popek.isa.behaviour import Behaviour, Effect, Put, Store
from popek.isa.classic import CLASSIC
from popek.isa.cycle import (
    NEW_PC,
    OLD_BASE,
    OLD_BOUND,
    OLD_CAUSE,
    OLD_DETAIL,
    OLD_PC,
    OLD_STATUS,
    OLD_TIMER,
    STATUS,
    SWAP,
)
from popek.isa.expression import Expr, as_expr, element, eq, ite, load, not_, operand, ult
from popek.isa.instruction import TRAPS, A, B, Instruction, ra, rb
from popek.isa.slot import (
    BASE,
    BOUND,
    CONSOLE_INPUT,
    CONSOLE_OUTPUT,
    CONSOLE_READ,
    CONSOLE_WRITTEN,
    DISK_WAIT,
    IE,
    MEMORY,
    MODE,
    PC,
    REGISTERS,
    TIMER,
    TIMER_PENDING,
    USER,
    Role,
    Slot,
)
from popek.prove.properties import prove
from popek.prove.values import Status
from popek.testing.faults import FEW, classes_of, noticed
from popek.vmm.monitor import TRAP_AND_EMULATE


def swap(writes: Mapping[Slot, Expr] | None = None, stored: Mapping[int, Expr | None] | None = None) -> Behaviour:
    """Return the trap with some of what it loads, or stores, replaced; what is stored as nothing is not stored."""
    effects: list[Effect] = []
    for effect in SWAP.effects:
        assert isinstance(effect, Put)
        value = next((v for word, v in (stored or {}).items() if word == effect.index.payload), effect.value)
        effects += [evolve(effect, value=value)] if value is not None else []
    return evolve(SWAP, writes={**SWAP.writes, **(writes or {})}, effects=effects)


REFLECTIONS: Mapping[str, Behaviour] = {
    "mode not loaded": swap({MODE: as_expr(MODE)}),
    "handler entered in user mode": swap({MODE: as_expr(USER)}),
    "interrupts not switched off": swap({IE: as_expr(IE)}),
    "interrupts always switched off": swap({IE: as_expr(0)}),
    "R not loaded": swap({BASE: as_expr(BASE), BOUND: as_expr(BOUND)}),
    "new base not loaded": swap({BASE: as_expr(BASE)}),
    "new bound not loaded": swap({BOUND: as_expr(BOUND)}),
    "pc not loaded": swap({PC: as_expr(PC)}),
    "pc from the wrong vector": swap({PC: element(MEMORY, NEW_PC + 1)}),
    "old pc one further": swap(stored={OLD_PC: operand("pc") + 1}),
    "old pc not stored": swap(stored={OLD_PC: None}),
    "old status not stored": swap(stored={OLD_STATUS: None}),
    "old mode always user": swap(stored={OLD_STATUS: STATUS | 1}),
    "old interrupt enable lost": swap(stored={OLD_STATUS: as_expr(MODE)}),
    "old base not stored": swap(stored={OLD_BASE: None}),
    "old bound not stored": swap(stored={OLD_BOUND: None}),
    "cause lost": swap(stored={OLD_CAUSE: None}),
    "detail lost": swap(stored={OLD_DETAIL: None}),
    "timer word not stored": swap(stored={OLD_TIMER: None}),
    "timer stopped": swap({TIMER: as_expr(0)}),
    "pending timer cleared": swap({TIMER_PENDING: as_expr(0)}),
}

DOES = {i.name: i.does for i in CLASSIC.instructions}


def without(name: str, *slots: Slot) -> Behaviour:
    """Return what an instruction does, some slots not written."""
    return evolve(DOES[name], writes={s: e for s, e in DOES[name].writes.items() if s not in slots})


def with_parts(effect: Any, **parts: object) -> Any:
    """Return an effect with some of its parts replaced."""
    return evolve(effect, **parts)


def stores(name: str, number: int, value: Expr) -> Behaviour:
    """Return what an instruction does, with another value in one of its effects."""
    old = DOES[name].effects
    return evolve(DOES[name], effects=[with_parts(e, value=value) if n == number else e for n, e in enumerate(old)])


_PREVIOUS_REAL = element(MEMORY, OLD_BASE) + rb

ROUTINES: Mapping[str, tuple[str, Behaviour]] = {
    "halt is ignored": ("halt", Behaviour()),
    "the mode is not loaded": ("lpsw", without("lpsw", MODE)),
    "the interrupt enable is not loaded": ("lpsw", without("lpsw", IE)),
    "the base is not loaded": ("lpsw", without("lpsw", BASE)),
    "the pc stored is the instruction's own": ("spsw", stores("spsw", 1, as_expr(PC))),
    "only three words are stored": ("spsw", evolve(DOES["spsw"], effects=DOES["spsw"].effects[:3])),
    "base and bound swapped": ("setr", Behaviour({BASE: rb, BOUND: ra})),
    "the bound may only shrink": ("setr", Behaviour({BASE: ra, BOUND: ite(ult(rb, BOUND), rb, BOUND)})),
    "base and bound read the wrong way round": ("getr", evolve(DOES["getr"], effects=DOES["getr"].effects[::-1])),
    "the base read is 0": ("getr", Behaviour({}, [Put(REGISTERS, A, 0), Put(REGISTERS, B, BOUND)])),
    "the mode read is the real one": ("getmode", Behaviour({}, [Put(REGISTERS, A, USER)])),
    "the real address is the virtual one": ("lra", Behaviour({}, [Put(REGISTERS, A, rb)])),
    "an illegal address is no fault": ("lra", Behaviour({}, [Put(REGISTERS, A, as_expr(BASE) + rb)])),
    "the mode is forgotten": ("jsu", without("jsu", MODE)),
    "the jump is forgotten": ("jsu", without("jsu", PC)),
    "interrupts are switched on": ("jsu", Behaviour({**DOES["jsu"].writes, IE: 1})),
    "the enable read is the real one": ("getie", Behaviour({}, [Put(REGISTERS, A, 1)])),
    "any word but 0 enables": ("setie", Behaviour({IE: ite(eq(ra, 0), 0, 1)})),
    "the timer read is one too much": ("gettimer", Behaviour({}, [Put(REGISTERS, A, as_expr(TIMER) + 1)])),
    "a pending interrupt is not cleared": ("settimer", without("settimer", TIMER_PENDING)),
    "0 does not stop the timer": ("settimer", Behaviour({TIMER: ite(eq(ra, 0), TIMER, ra), TIMER_PENDING: 0})),
    "what is read is not used up": ("in", without("in", CONSOLE_READ)),
    "every port is the console": (
        "in",
        Behaviour({CONSOLE_READ: as_expr(CONSOLE_READ) + 1}, [Put(REGISTERS, A, element(CONSOLE_INPUT, CONSOLE_READ))]),
    ),
    "every word is written over the last": ("out", without("out", CONSOLE_WRITTEN)),
    "every port prints": (
        "out",
        Behaviour({CONSOLE_WRITTEN: as_expr(CONSOLE_WRITTEN) + 1}, [Put(CONSOLE_OUTPUT, CONSOLE_WRITTEN, ra)]),
    ),
    "the disk is one step late": ("disk", evolve(DOES["disk"], writes={DISK_WAIT: 41})),
    "the transfer is not checked": ("disk", evolve(DOES["disk"], traps=())),
    "the transfer goes the other way": (
        "disk",
        evolve(DOES["disk"], effects=[with_parts(e, when=not_(e.when)) for e in DOES["disk"].effects]),
    ),
    "the transfer is a word short": (
        "disk",
        evolve(DOES["disk"], effects=[with_parts(e, count=15) for e in DOES["disk"].effects]),
    ),
    "the load uses the current R": ("mfpi", Behaviour({}, [Put(REGISTERS, A, load(rb))])),
    "the load is not bounded": ("mfpi", Behaviour({}, [Put(REGISTERS, A, element(MEMORY, _PREVIOUS_REAL))])),
    "the store uses the current R": ("mtpi", Behaviour({}, [Store(rb, ra)])),
    "the store is not bounded": ("mtpi", Behaviour({}, [Put(MEMORY, _PREVIOUS_REAL, ra)])),
}


@pytest.mark.parametrize("fault", REFLECTIONS)
def test_a_wrong_reflection_is_refuted(fault: str) -> None:
    """A virtual trap is the bare one, word by word, or the guest can tell."""
    assert noticed(FEW, evolve(TRAP_AND_EMULATE, name="wrong", reflection=REFLECTIONS[fault]), "equivalence")


@pytest.mark.parametrize("fault", ROUTINES)
def test_a_wrong_routine_is_refuted(fault: str) -> None:
    """The instruction, and no other, is to blame."""
    name, routine = ROUTINES[fault]
    found = noticed(FEW, evolve(TRAP_AND_EMULATE, name="wrong", routines={name: routine}), "equivalence")
    assert found
    assert found.blame == name
    assert name in found.program


def test_a_routine_that_is_another_way_to_say_the_same_is_proved() -> None:
    """In supervisor mode "read mode" is "load 0"; a routine that says so is right, and no shortcut knows it."""
    plain = evolve(
        TRAP_AND_EMULATE, name="right", routines={"getmode": Behaviour({}, [Put(REGISTERS, A, MEMORY_OF_MODE)])}
    )
    assert prove(FEW, plain, classes_of(FEW)).verdict("equivalence").status is Status.PROVED


_FAR, _NEAR = Slot("far", "A register.", Role.PROGRAM), Slot("near", "A register.", Role.PROGRAM)
_BOTH = {_FAR: load(ra), _NEAR: load(rb)}


@pytest.mark.parametrize("structural", [True, False])
def test_a_routine_that_tries_its_addresses_in_another_order_is_refuted(*, structural: bool) -> None:
    """If neither address is legal, the trap tells of the first: two words are loaded, and which one fails shows."""
    loads = Instruction("loads", "ra, rb", 0x60, "Load two registers.", Behaviour(_BOTH), TRAPS)
    isa = evolve(FEW, name="loading", slots=(*FEW.slots, _FAR, _NEAR), instructions=(*FEW.instructions, loads))
    other_way = Behaviour(dict(reversed(_BOTH.items())))
    assert loads.does != other_way
    wrong = evolve(TRAP_AND_EMULATE, name="wrong", routines={"loads": other_way})
    known = classes_of(isa)
    for monitor, expected in ((TRAP_AND_EMULATE, Status.PROVED), (wrong, Status.REFUTED)):
        assert prove(isa, monitor, known, structural=structural).verdict("equivalence").status is expected
    found = noticed(isa, wrong, "equivalence")
    assert found
    assert found.blame == "loads"


MEMORY_OF_MODE = ite(eq(MODE, 0), 0, 7)
