"""Guests inside guests: monitors under monitors, and two guests under one, each as if it were alone."""

from functools import cache

import pytest

from popek.engine import reference
from popek.engine.machine import Machine
from popek.engine.state import State, connect, printed
from popek.engine.stepper import Outcome
from popek.errors import PopekError
from popek.guests import library
from popek.guests.guest import Guest
from popek.guests.nested import MOST_MONITORS, hosting
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.program import Program
from popek.isa.shipped import find as find_isa
from popek.isa.slot import DISK, HALTED, RUN
from popek.library import naming
from popek.vmm.allotment import Allotment
from popek.vmm.compare import LockStep


@cache
def assembled(source: str) -> Program:
    """Return a text, assembled once."""
    return assemble(source, CLASSIC)


def program_of(guest: Guest) -> Program:
    """Return a guest, assembled."""
    return assembled(guest.source)


def ended(guest: Guest, isa: Isa = CLASSIC) -> State:
    """Return the bare machine after a guest has halted, with the memory that its header asks for and no more."""
    state = State(isa, guest.memory)
    state.load_words(program_of(guest).words)
    connect(state, guest.input, guest.disk)
    for _ in range(200_000):
        if state.slot(RUN) == HALTED:
            break
        reference.step(isa, state)
    assert state.slot(RUN) == HALTED
    return state


def ended_fast(guest: Guest) -> State:
    """Return the same, by the fastest engine that there is: it takes a second to begin, and then far less."""
    words = program_of(guest).words
    machine = Machine(CLASSIC, words, memory=guest.memory, typed=guest.input, disk=guest.disk)
    machine.engine = "auto"
    assert machine.run(20_000_000).outcome is Outcome.HALTED
    return machine.state


DEEP = [("timer", 2), ("disk-read", 2), ("arithmetic", 2), ("memory-fault", 2), ("os", 3)]
DEEPER = [(n, d) for n in ("previous-mode", "psw-round-trip", "supervisor-call", "disk-write") for d in (2, 3)]


@pytest.mark.parametrize(("name", "depth"), DEEP)
def test_a_guest_under_monitors_under_monitors_is_the_bare_machines(name: str, depth: int) -> None:
    """Theorem 2: console, outcome, registers and memory of the innermost guest are those of the bare machine."""
    same_at_depth(library.find(name), depth)


@pytest.mark.soak
@pytest.mark.parametrize(("name", "depth"), [*DEEPER, ("os", 4)])
def test_so_it_is_with_more_guests_and_deeper(name: str, depth: int) -> None:
    """Others, with time for them."""
    same_at_depth(library.find(name), depth)


def same_at_depth(guest: Guest, depth: int) -> None:
    """Fail unless a guest ends under so many monitors as it does alone."""
    run = ended_fast if depth > 2 else ended
    alone, deep = ended(guest), run(hosting(guest, depth=depth))
    assert printed(deep) == printed(alone) == guest.expected.output
    assert list(deep.registers) == list(alone.registers)
    size = program_of(hosting(guest)).symbols["allotment_0"] * depth
    assert list(deep.memory)[size:] == list(alone.memory)


PAIRS = [("os", "timer", 50), ("timer", "memory-fault", 7), ("disk-read", "disk-write", 11), ("echo", "hello", 5)]


@pytest.mark.parametrize(("first", "second", "quantum"), PAIRS)
def test_two_guests_take_turns_and_neither_can_tell(first: str, second: str, quantum: int) -> None:
    """Each has the registers, memory and output that it has alone, and all of its disk."""
    guests = [library.find(n) for n in (first, second)]
    both = hosting(*guests, quantum=quantum)
    state, at = ended(both), program_of(both).symbols
    alone = [ended(g) for g in guests]
    assert printed(state) == "".join(printed(a) for a in alone)
    for n, a in enumerate(alone):
        machine, origin = at[f"machine_{n}"], at[f"allotment_{n}"]
        assert list(state.memory[machine : machine + 16]) == list(a.registers)
        assert list(state.memory[origin : origin + a.size]) == list(a.memory)
        for index, word in a.arrays[DISK].items():
            sector, within = divmod(index, 16)
            assert state.arrays[DISK][(sector * 2 + n) * 16 + within] == word


HOSTILE = """;@ memory: 64
        .org    8
        .word   0, again, 0, -1
start:  ldi     r2, -1
again:  settimer r0                     ; no timer, no interrupts, no bound
        setie   r0
        setr    r0, r2
        addi    r1, r1, 977
        ldi     r3, 1
        and     r3, r3, r1
        beq     r3, r0, store
        disk    r1, r1, 0               ; all over memory
        jmp     again
store:  st      r2, 0(r1)               ; likewise
        jmp     again
"""


def test_a_hostile_guest_neither_stops_nor_touches_another() -> None:
    """It has its quantum and its allotment: the other guest ends as it does alone, and the monitor's words stay."""
    timer = library.find("timer")
    both, alone = hosting(timer, library.parse(HOSTILE, "hostile.s"), quantum=30), ended(timer)
    at, words = program_of(both).symbols, program_of(both).words
    machine = Machine(CLASSIC, words, memory=both.memory + 16)
    machine.run(300_000)
    state = machine.state
    assert printed(state) == timer.expected.output
    one, two = at["machine_0"], at["machine_1"]
    assert state.memory[one + at["halted"]]
    assert not state.memory[two + at["halted"]]
    assert list(state.memory[one : one + 16]) == list(alone.registers)
    assert list(state.memory[at["allotment_0"] :][: timer.memory]) == list(alone.memory)
    assert list(state.memory[both.memory :]) == [0] * 16
    changing = {at["gate"], at["held"], at["current"], at["console"]}
    assert all(state.memory[a] == w for a, w in words.items() if 8 <= a < at["machine_0"] and a not in changing)


def test_three_guests_and_a_monitor_take_turns() -> None:
    """A monitor may be one of several guests, and have several itself."""
    fault, illegal, hello = map(library.find, ("memory-fault", "illegal-opcode", "hello"))
    state = ended(hosting(hosting(fault, illegal, quantum=20), hello, quantum=100))
    assert printed(state) == "".join(g.expected.output or "" for g in (fault, illegal, hello))


def test_who_has_no_room_left_to_print_waits_for_the_console() -> None:
    """It loses nothing of it, and no time: a guest with a timer comes out the same."""
    hello, timer = library.find("illegal-opcode"), library.find("timer")
    for room in (1, 12, 13):
        state = ended(hosting(hello, timer, quantum=9, room=room))
        assert printed(state) == f"{hello.expected.output}{timer.expected.output}"


def test_who_wants_to_read_waits_for_the_console() -> None:
    """What is typed is for the first guest until it halts, and then for the next."""
    reads = "loop{0}: in r1, 0\nout r1, 0\naddi r2, r2, 1\nldi r3, 3\nbne r2, r3, loop{0}\nhalt"
    three = library.parse(f';@ memory: 32\n;@ input: "abcdef"\n{reads.format(1)}', "three.s")
    more = library.parse(f";@ memory: 32\n{reads.format(2)}", "more.s")
    assert printed(ended(hosting(three, more, quantum=1))) == "abcdef"


def test_an_open_console_shows_with_two_guests() -> None:
    """One guest alone may use the real console itself, and nobody sees it; of two, one speaks out of turn."""
    guest = hosting(library.find("hello"), library.find("probe-open-console"), quantum=10)
    isa = find_isa("open-console")
    assert isa
    assert printed(ended(guest)) == guest.expected.output
    assert printed(ended(guest, isa)) != guest.expected.output


USED_BY_IT = ("psw-loadable", "timer-writable", "timer-readable", "open-console", "open-halt")
"""Variants whose critical instruction the monitor itself uses, here all in a run with a guest that makes it do so."""


@pytest.mark.parametrize("name", ["classic", "jrst1", "mfpi", *USED_BY_IT])
def test_the_monitor_is_a_guest_like_others_to_a_monitor_in_python(name: str) -> None:
    """Deprivileged, it is the bare machine at every step, unless it uses what should trap and does not."""
    greets = library.parse(";@ memory: 32\nldi r11, 65\nout r11, 0\nhalt", "greets.s")
    guest, isa = hosting(greets), find_isa(name)
    assert isa
    pair = LockStep(isa, program_of(guest).words, allotment=Allotment(64, guest.memory), memory=2048)
    comparison = pair.run(2000)
    assert comparison.bare.output == "A"
    assert comparison.equivalent == (name not in USED_BY_IT)
    assert comparison.violation is None or name in USED_BY_IT


def test_a_hosted_guest_is_a_text_like_any_other() -> None:
    """Its header says what to expect, its name how it was made, and reading the text again gives the same."""
    guest = hosting(library.find("disk-read"))
    assert guest.name == "vmm:disk-read"
    assert hosting(library.find("disk-read"), depth=2).name == "vmm:vmm:disk-read"
    assert guest == library.parse(guest.source, guest.file, name=guest.name)
    machine = Machine(CLASSIC, program_of(guest).words, memory=guest.memory, disk=guest.disk)
    machine.run(guest.max_steps)
    symbols = program_of(guest).symbols
    result = machine.result()
    got = (result.outcome.value, result.output, result.registers, list(machine.state.memory).__getitem__, symbols)
    assert guest.expected.words
    assert guest.expected.mismatches(*got) == ()


def test_what_is_expected_ends_with_the_first_guest_that_does_not_halt() -> None:
    """The console is its own for ever; and without a header nothing is expected."""
    loop, hello, bare = library.find("trap-loop"), library.find("hello"), library.parse("halt", "bare.s")
    expected = hosting(hello, loop, hello).expected
    assert expected.outcome == "budget"
    assert expected.output == f"{hello.expected.output}falling"
    assert hosting(bare, hello).expected == hosting(bare, depth=2).expected == bare.expected


@pytest.mark.parametrize("name", ["vmm:hello", "vmm:vmm:hello", "vmm:os,hello", "vmm:vmm:os,hello"])
def test_a_name_says_who_hosts_whom(name: str) -> None:
    """`vmm:` is the monitor with what follows; a comma puts several under the last monitor."""
    assert naming.guest(name).name == name


def test_what_cannot_be_hosted_is_refused() -> None:
    """Other ISAs' programs, none at all, too many or too deep, and what does not fit: each with a reason."""
    hello = library.find("hello")
    with pytest.raises(PopekError, match="cannot host `vax-psl`, a program for vax"):
        hosting(library.find("vax-psl"))
    with pytest.raises(PopekError, match="there is no guest"):
        naming.guest("vmm:")
    for guests, depth, quantum, room in (
        ((), 1, 1, 1),
        ((hello,), 0, 1, 1),
        ((hello,), MOST_MONITORS + 1, 1, 1),
        ((hello,), 1, 0, 1),
        ((hello,), 1, 1, 257),
        ((hello,) * 17, 1, 1, 1),
    ):
        with pytest.raises(PopekError, match="are not possible"):
            hosting(*guests, depth=depth, quantum=quantum, room=room)
    with pytest.raises(PopekError, match="has 18 words, and its header gives it 17") as caught:
        hosting(library.parse(";@ memory: 17\nnop\nnop", "long.s"))
    assert "long" in str(caught.value)
