"""`classic` against an oracle that is the whole machine once more, by hand, in plain Python.

Random states, full of edges and of operands that coincide, go one step on either; everything must agree.
"""

from random import Random

import pytest

from popek.engine import reference
from popek.engine.state import State, Words, connect, printed
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC, INNOCUOUS, SYSTEM
from popek.isa.instruction import EXECUTES, TRAPS
from popek.isa.slot import (
    BASE,
    BOUND,
    DISK,
    DISK_PENDING,
    DISK_WAIT,
    IE,
    MEMORY,
    PC,
    TIMER,
    TIMER_PENDING,
)
from popek.testing.oracle import FORMATS, OPCODES, PLACES, SYSTEM_FORMATS, M, Oracle
from popek.testing.states import any_state, contents, made
from popek.testing.words import EDGES


def words_for(name: str, random: Random) -> int:
    """Return a random encoding, its registers often the same."""
    word = OPCODES[name] << 24
    register = random.randrange(16)
    for letter in (FORMATS | SYSTEM_FORMATS)[name]:
        low, mask = PLACES[letter]
        drawn = random.choice((0, 1, 2, 3, 0x7FFF, 0x8000, 0xFFFF, 0xFFFE, random.getrandbits(16)))
        word |= ((random.choice((register, random.randrange(16))) if mask == 0xF else drawn) & mask) << low
    return word


def compare(state: State) -> str:
    """Step a state and its oracle, and hold them against each other; return what happened."""
    oracle = Oracle(state)
    oracle.step()
    before = contents(state)
    event = reference.step(CLASSIC, state)
    assert contents(state) == oracle.everything(), (event, before)
    return event.kind.value


@pytest.mark.parametrize("name", [*FORMATS, *SYSTEM_FORMATS])
def test_an_instruction_means_what_the_oracle_says(name: str) -> None:
    """On 400 random states, in either mode, with ticks, traps and interrupts around it: slot by slot, word by word."""
    random = Random(name)  # noqa: S311
    outcomes = set()
    for _ in range(400):
        state = any_state(random, CLASSIC)
        connect(state, b"hello", range(1000, 1064))
        state.slots[PC] = random.randrange(0, 8)
        if random.random() < 0.7:
            state.slots[BASE] = random.choice((0, 16, 20))
            state.slots[BOUND] = random.choice((12, 40, 64, M))
            state.memory[2:4] = Words("I", random.choice(([0, 64], [60, M], [M, 5])))
        if state.slots[BASE] + state.slots[PC] < state.size:
            state.memory[state.slots[BASE] + state.slots[PC]] = words_for(name, random)
        outcomes.add(compare(state))
    assert outcomes >= ({"trap", "interrupt"} if name == "svc" else {"executed", "trap", "interrupt"})


def test_any_word_at_all_means_what_the_oracle_says() -> None:
    """Illegal opcodes, bits that should be zero, fetch faults, anything in the new PSW: the same on either."""
    random = Random(0)  # noqa: S311
    for _ in range(3000):
        state = any_state(random, CLASSIC)
        if random.random() < 0.7:
            word = words_for(random.choice(list(OPCODES)), random) ^ random.choice((0, 1 << random.randrange(32)))
            state.slots[BASE], state.slots[BOUND], state.slots[PC] = 16, 30, 3
            state.memory[19] = word
        compare(state)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "divu", "remu", "shl", "shr", "sar", "slt", "sltu", "blt"])
def test_arithmetic_on_all_pairs_of_edges(name: str) -> None:
    """Every pair of edge values as operands."""
    isa = CLASSIC
    values = {"a": 1 if name == "blt" else 3, "b": 2 if name == "blt" else 1, "c": 2, "imm": 7}
    fields = {o.field.name: values[o.field.name] for o in isa[name].format}
    for x in EDGES[::2]:
        for y in EDGES:
            compare(made(isa, 64, registers={1: x, 2: y}, memory={16: isa[name].encode(fields)}))


def test_the_tables_of_opcodes_and_formats_agree() -> None:
    """The oracle's own tables name all instructions of `classic`, and what is privileged is the system's."""
    assert {i.name: i.opcode for i in CLASSIC.instructions} == OPCODES
    assert [i.name for i in INNOCUOUS] == list(FORMATS)
    assert [i.name for i in SYSTEM] == list(SYSTEM_FORMATS)
    assert all(i.in_user is EXECUTES for i in INNOCUOUS)
    assert all(i.in_user is TRAPS for i in SYSTEM)


def machine(*instructions: tuple[str, dict[str, int]], isa: Isa = CLASSIC) -> State:
    """Return a machine at reset with these instructions at word 16, and its handler at 40."""
    words = {16 + n: isa[name].encode(values) for n, (name, values) in enumerate(instructions)}
    return made(isa, 64, memory={9: 40, 11: 64, **words})


def test_a_transfer_moves_its_words_at_once_and_its_interrupt_comes_40_instructions_later() -> None:
    """The words are there after the instruction; 40 attempts later the interrupt is pending, and then it is taken."""
    state = machine(("disk", {"a": 1, "b": 2, "imm": 0}), ("jal", {"a": 3, "imm": 0}))
    connect(state, b"", range(100, 132))
    state.registers[1:3] = Words("I", [48, 1])
    state.slots[IE] = 1
    reference.step(CLASSIC, state)
    assert list(state.memory[48:64]) == list(range(116, 132))
    for done in range(40):
        assert (state.slot(DISK_WAIT), state.slot(DISK_PENDING)) == (40 - done, 0)
        assert reference.step(CLASSIC, state).kind is reference.Kind.EXECUTED
    assert (state.slot(DISK_WAIT), state.slot(DISK_PENDING)) == (0, 1)
    event = reference.step(CLASSIC, state)
    assert (event.kind.value, event.cause, state.slot(DISK_PENDING)) == ("interrupt", 7, 0)


@pytest.mark.parametrize(("at", "fits"), [(0, True), (48, True), (49, False), (64, False), (M, False), (M - 15, False)])
@pytest.mark.parametrize("direction", [0, 1])
def test_a_transfer_is_bounded_by_physical_memory(at: int, direction: int, *, fits: bool) -> None:
    """A transfer that does not fit is a memory trap, with nothing moved and no interrupt to come."""
    state = machine(("disk", {"a": 1, "b": 2, "imm": direction}))
    connect(state, b"", range(100, 132))
    state.registers[1] = at
    event = reference.step(CLASSIC, state)
    assert (event.kind.value, event.detail) == (("executed", 0) if fits else ("trap", at))
    assert state.slot(DISK_WAIT) == (40 if fits else 0)
    if not fits:
        assert state.memory[16:] == machine(("disk", {"a": 1, "b": 2, "imm": direction})).memory[16:]
        assert state.element(DISK, 0) == 100


def test_a_transfer_may_be_of_the_sector_that_wraps() -> None:
    """Sector numbers are modulo the words that a disk can have, and nothing is beyond the disk but zeros."""
    state = machine(("disk", {"a": 1, "b": 2, "imm": 1}), ("disk", {"a": 3, "b": 4, "imm": 0}))
    state.registers[1:5] = Words("I", [16, 1 << 28, 48, 0])
    for _ in range(2):
        reference.step(CLASSIC, state)
    assert state.memory[48:64] == state.memory[16:32]


def test_the_timer_counts_attempts_and_stops_at_zero() -> None:
    """Set to 2, it is pending after two attempts, one of which traps; it stays stopped, and pending, unheard."""
    state = machine(("settimer", {"a": 1}), ("svc", {"imm": 5}))
    state.registers[1] = 2
    state.load_words({40: CLASSIC["jal"].encode({"a": 3, "imm": 0})})
    seen = []
    for _ in range(5):
        reference.step(CLASSIC, state)
        seen.append((state.slot(TIMER), state.slot(TIMER_PENDING)))
    assert seen == [(2, 0), (1, 0), (0, 1), (0, 1), (0, 1)]
    assert state.memory[6] == 1, "the trap stores the timer after its tick"


def test_entering_an_interrupt_does_not_tick() -> None:
    """The attempt after the entry is the one that ticks."""
    state = machine()
    state.slots.update({IE: 1, TIMER: 5, DISK_WAIT: 3, DISK_PENDING: 1, TIMER_PENDING: 1})
    assert reference.step(CLASSIC, state).cause == 6
    assert (state.slot(TIMER), state.slot(DISK_WAIT), state.slot(DISK_PENDING), state.memory[6]) == (5, 3, 1, 5)


@pytest.mark.parametrize("wait", [0, 1, M])
def test_writing_the_timer_clears_what_is_pending(wait: int) -> None:
    """Even what became pending in the tick of the very instruction; zero stops the timer."""
    state = machine(("settimer", {"a": 1}), ("nop", {}))
    state.slots[TIMER] = 1
    state.registers[1] = wait
    reference.step(CLASSIC, state)
    assert (state.slot(TIMER), state.slot(TIMER_PENDING)) == (wait, 0)
    reference.step(CLASSIC, state)
    assert (state.slot(TIMER), state.slot(TIMER_PENDING)) == (max(wait - 1, 0), int(wait == 1))


def test_the_console_reads_words_in_order_and_then_all_ones() -> None:
    """What was typed, one byte a word; what is printed, likewise, as UTF-8."""
    state = machine(*[("in", {"a": 1, "imm": 0}), ("out", {"a": 1, "imm": 0})] * 3)
    connect(state, "é".encode())
    for _ in range(6):
        reference.step(CLASSIC, state)
    assert state.registers[1] == M
    assert printed(state) == "é\ufffd"


@pytest.mark.parametrize(
    ("base", "bound", "address", "legal"),
    [
        (16, 48, 47, True), (16, 48, 48, False), (16, 49, 48, False), (0, M, 63, True), (0, M, 64, False),
        (M, M, 1, False), (M, M, 0, False), (64, 1, 0, False), (63, 1, 0, True), (16, 0, 0, False),
    ],
)  # fmt: skip
def test_relocation_at_its_edges(base: int, bound: int, address: int, *, legal: bool) -> None:
    """Legal iff a < bound and base + a < q without wrapping: one step on either side of each edge."""
    state = machine(("setr", {"a": 1, "b": 2}))
    state.registers[1:3] = Words("I", [base, bound])
    reference.step(CLASSIC, state)
    state.slots[PC] = address
    event = reference.step(CLASSIC, state)
    assert (event.cause == 1) is not legal
    if not legal:
        assert list(state.memory[0:6]) == [0, address, base, bound, 1, address]
    else:
        assert state.element(MEMORY, base + address) == 0
        assert event.cause == 2
