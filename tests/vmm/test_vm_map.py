"""The VM map: what is loaded is safe, and from what is loaded the virtual state comes back, slot by slot."""

from random import Random

import pytest

from popek.engine import reference
from popek.engine.state import State
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.slot import BASE, BOUND, DISK_WAIT, IE, MODE, PC, SLOTS, TIMER, USER, Role, Slot
from popek.testing.states import any_state
from popek.vmm.allotment import Allotment
from popek.vmm.control import broken
from popek.vmm.virtual import VirtualState
from popek.vmm.vm_map import entry, recovery, vm_map

FLAGS = Slot("flags", "Condition codes.", Role.PROGRAM)
CONTROL = Slot("control", "A system register.")
RUNG = Slot("rung", "The alarm rang.", bits=1)
ALARM = Slot("alarm", "A clock more.", clock=RUNG)
MORE = Isa("more", CLASSIC.instructions, slots=(*SLOTS, FLAGS, CONTROL, RUNG, ALARM))


def drawn(random: Random, isa: Isa, quantum: int) -> VirtualState:
    """Return a virtual state with anything in it, not inside."""
    size = random.randint(17, 80)
    base = random.randint(16, 200)
    real = State(isa, base + size + random.randint(0, 9))
    virtual = VirtualState(isa, real, Allotment(base, size), vm_map(isa), quantum)
    virtual.own.slots.update(any_state(random, isa, size).slots)
    return virtual


@pytest.mark.parametrize("isa", [CLASSIC, MORE], ids=lambda i: i.name)
def test_recovery_is_a_left_inverse_of_entry(isa: Isa) -> None:
    """For any virtual state: entered, it is recovered whole, and so it is when the monitor takes over again."""
    random = Random(1)  # noqa: S311
    for _ in range(1000):
        virtual = drawn(random, isa, random.randint(1, 50))
        before = dict(virtual.own.slots)
        virtual.enter()
        assert {s: virtual.slot(s) for s in isa.slots} == before
        virtual.pause()
        assert {s: virtual.slot(s) for s in isa.slots} == before
        assert virtual.notes["left"] == virtual.quantum


@pytest.mark.parametrize("isa", [CLASSIC, MORE], ids=lambda i: i.name)
def test_what_is_loaded_keeps_control(isa: Isa) -> None:
    """For any virtual state: real mode user, interrupts on, R inside the allotment, and the timer will come."""
    random = Random(2)  # noqa: S311
    for _ in range(1000):
        virtual = drawn(random, isa, random.randint(1, 50))
        own = virtual.own.slots
        running = [own[c] for c in isa.clocks if own[c]]
        virtual.enter()
        assert not list(broken(virtual.real, virtual.allotment))
        assert virtual.real.slot(TIMER) == min([virtual.notes["left"], *running]) > 0
        assert virtual.real.slot(DISK_WAIT) == 0


def test_real_memory_is_translated_like_virtual_memory() -> None:
    """The translation lemma on random states: legal in the real R iff in the virtual, and k further on."""
    random = Random(3)  # noqa: S311
    legal = 0
    for _ in range(2000):
        virtual = drawn(random, CLASSIC, 5)
        own, size, k = virtual.own.slots, virtual.size, virtual.allotment.base
        base, bound = own[BASE], own[BOUND]
        virtual.enter()
        real_base, real_bound = virtual.real.slot(BASE), virtual.real.slot(BOUND)
        for a in (0, 1, bound - 1, bound, size - base - 1, size - base, size, 0xFFFFFFFF, -base & 0xFFFFFFFF):
            if a >= 0:
                lawful = a < bound and base + a < size
                assert lawful == (a < real_bound and real_base + a < virtual.real.size)
                if lawful:
                    assert real_base + a == k + base + a
                    legal += 1
    assert legal > 1000


@pytest.mark.parametrize("isa", [CLASSIC, MORE], ids=lambda i: i.name)
def test_the_clocks_are_recovered_at_every_step(isa: Isa) -> None:
    """While the guest runs, and ticks, each virtual clock is what ticking by itself would have made of it."""
    random = Random(4)  # noqa: S311
    for _ in range(200):
        virtual = drawn(random, isa, random.randint(1, 9))
        virtual.own.slots.update({PC: 0, BASE: 0, BOUND: virtual.size})
        virtual.real.load_words({virtual.allotment.base: 0x1900_0000})
        alone = State(isa, 17)
        alone.slots.update(virtual.own.slots)
        virtual.enter()
        while virtual.real.slot(TIMER):
            reference.step(isa, virtual.real)
            reference.apply(isa.tick, alone)
            assert {s: virtual.slot(s) for s in isa.slots} == alone.slots


def test_the_tables_are_generic_in_the_declaration() -> None:
    """A program slot is loaded and read back, a resource is kept, and a clock is recovered, whatever its name."""
    assert entry(MORE)[FLAGS] == recovery(MORE)[FLAGS]
    assert CONTROL not in entry(MORE)
    assert recovery(MORE).keys() == set(MORE.slots)
    assert {MODE, IE, BASE, BOUND, TIMER, PC} <= entry(CLASSIC).keys()
    assert str(entry(CLASSIC)[MODE]) == str(USER)
