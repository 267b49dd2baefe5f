"""A concrete state: slots and arrays at reset, and a journal that takes everything back."""

from random import Random

import pytest

from popek.engine.state import Journal, State, connect, differences, printed
from popek.isa.classic import CLASSIC
from popek.isa.slot import (
    BASE,
    BOUND,
    CONSOLE_INPUT,
    CONSOLE_OUTPUT,
    CONSOLE_WRITTEN,
    DISK,
    MEMORY,
    MODE,
    PC,
    REGISTERS,
    TIMER,
    Array,
)
from popek.testing.states import contents, made
from popek.testing.words import word


def test_a_machine_at_reset() -> None:
    """Supervisor, pc 16, R = (0, q), interrupts off, all else 0."""
    state = State(CLASSIC, 99)
    expected = {s.name: 0 for s in CLASSIC.slots} | {"pc": 16, "bound": 99}
    assert {s.name: v for s, v in state.slots.items()} == expected
    assert state.memory == [0] * 99
    assert state.registers == [0] * 16
    assert all(state.arrays[a] == {} for a in (CONSOLE_INPUT, CONSOLE_OUTPUT, DISK))


@pytest.mark.parametrize(
    ("array", "index", "default"),
    [(MEMORY, 99, 0), (MEMORY, 0xFFFFFFFF, 0), (REGISTERS, 16, 0), (CONSOLE_INPUT, 7, 0xFFFFFFFF), (DISK, 7, 0)],
    ids=str,
)
def test_beyond_an_array_there_is_its_default(array: Array, index: int, default: int) -> None:
    """Reading there is harmless; a write vanishes, unless the array has all indices."""
    state = State(CLASSIC, 99)
    assert state.element(array, index) == default
    state.put(array, index, 5)
    assert state.element(array, index) == (5 if array.size is None else default)


def test_what_the_journal_has_is_taken_back() -> None:
    """Any sequence of writes, to slots, lists and dicts, over and over: undone, the state is as it was."""
    random = Random(1)  # noqa: S311
    journal = Journal()
    state = State(CLASSIC, 32, journal)
    connect(state, b"abc", [1, 2, 3])
    journal.on = True
    for _ in range(50):
        before = contents(state)
        for _ in range(random.randrange(20)):
            state.set_slot(random.choice((PC, BASE, MODE, TIMER)), random.randrange(2))
            state.put(random.choice((MEMORY, REGISTERS, DISK, CONSOLE_OUTPUT)), random.randrange(40), word(random))
        changes = journal.take()
        assert journal.take() == []
        Journal.undo(changes)
        assert contents(state) == before
        state.set_slot(PC, (state.slot(PC) + 1) & 7)
        journal.take()


def test_a_journal_that_is_off_remembers_nothing() -> None:
    """Loading a program is no step."""
    journal = Journal()
    state = State(CLASSIC, 32, journal)
    state.set_slot(PC, 5)
    state.put(MEMORY, 1, 1)
    assert journal.changes == []


def test_devices_have_contents_of_their_own() -> None:
    """What is typed is bytes, the disk is words; what is printed reads as UTF-8, whatever it is."""
    state = State(CLASSIC, 32)
    connect(state, "aß".encode(), [5, -1])
    assert state.arrays[CONSOLE_INPUT] == {0: 97, 1: 0xC3, 2: 0x9F}
    assert state.arrays[DISK] == {0: 5, 1: 0xFFFFFFFF}
    for n, byte in enumerate(b"a\xc3\x9f\xff"):
        state.put(CONSOLE_OUTPUT, n, byte | 0x100)
    state.set_slot(CONSOLE_WRITTEN, 4)
    assert printed(state) == "aß\ufffd"


def test_a_program_is_loaded_where_it_is_told() -> None:
    """At an offset, cut to words."""
    state = made(CLASSIC, 32)
    state.load_words({3: -1, 4: 1 << 32}, offset=10)
    assert list(state.memory[12:16]) == [0, 0xFFFFFFFF, 0, 0]


def test_differences_are_named() -> None:
    """Slots by name, registers by number, and nothing where there is none."""
    one, other = made(CLASSIC, 32), made(CLASSIC, 32, slots={BOUND: 5, TIMER: 6}, registers={15: 7})
    assert list(differences(one, other, CLASSIC)) == [("bound", 32, 5), ("timer", 0, 6), ("r15", 0, 7)]
    assert not list(differences(one, one, CLASSIC))
