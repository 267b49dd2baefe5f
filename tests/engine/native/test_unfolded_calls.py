"""Calls that are unfolded into their callers, with something in the middle of them: by name, one by one."""

import pytest

pytest.importorskip("llvmlite")

from popek.engine.machine import Machine
from popek.engine.native import tier
from popek.engine.native.context import Field
from popek.engine.native.path import Leave, Path, moved
from popek.engine.native.text import Text
from popek.engine.native.wishes import Wishes
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.program import Program
from popek.isa.slot import MEMORY, REGISTERS
from popek.testing.virtual_tiers import differing
from popek.vmm.allotment import Allotment
from popek.vmm.virtual_machine import VirtualMachine

SIZE, WARM = 1024, 1500


pytestmark = pytest.mark.usefixtures("unfolded")


MENDED = """
        addi    r13, r13, 1
        ldi     r4, data
        lpsw    0(r0)
"""


def calling(*, pointer: str = "data", once: str = "nop", inside: str = "nop", handler: str = "halt") -> Program:
    """Return a loop that calls a routine that calls another: `once` is done in the 400th round, `inside` in each."""
    return assemble(
        f"""
        .org    8
        .word   0, handler, 0, {SIZE}
        .org    16
start:  ldi     r1, 0
        ldi     r2, 600
        ldi     r3, 400
        ldi     r4, {pointer}
        ld      r5, other(r0)
        ldi     r7, 0
        ldi     r8, place
        ldi     r12, 20
        ldi     sp, 900
        settimer r12
        lpsw    running(r0)
loop:   bne     r1, r3, on
        {once}
on:     call    outer
        addi    r1, r1, 1
        bne     r1, r2, loop
        halt
outer:  addi    sp, sp, -2
        st      lr, 0(sp)
        st      r1, 1(sp)
        call    inner
        ld      r6, 1(sp)
        add     r10, r10, r6
        ld      lr, 0(sp)
        addi    sp, sp, 2
        ret
inner:  {inside}
place:  addi    r10, r10, 1
        addi    r11, r11, 2
        ret
        .space  16
handler: {handler}
other:  addi    r10, r10, 1000
running: .word  0, loop, 0, {SIZE}
data:   .space  20
""",
        CLASSIC,
    )


def pair(program: Program, words: dict[int, int] | None = None, disk: tuple[int, ...] = ()) -> list[Machine]:
    """Return a machine for the reference, and one for compiled code."""
    made = [Machine(CLASSIC, {**program.words, **(words or {})}, memory=SIZE, disk=disk) for _ in range(2)]
    for machine, engine in zip(made, ("reference", "native"), strict=True):
        machine.engine = engine
    return made


def same(pair: list[Machine], *budgets: int) -> bool:
    """Run both by some budgets, to the halt; say whether they were the same all the time."""
    for budget in (*budgets, 100_000):
        for machine in pair:
            machine.run(budget)
        one, other = ({n: c.copy() for n, c in m.everything().items()} for m in pair)
        if one != other:
            return False
    return True


def in_regions(pair: list[Machine]) -> int:
    """Return how many instructions compiled code has done in regions."""
    made = pair[1]._tiers["native"]
    assert isinstance(made, tier.Native)
    return int(made.memory.fields[Field.REGIONS])


def test_calls_are_unfolded_into_their_callers() -> None:
    """Both of them, where nothing is in the middle."""
    machines = pair(calling())
    assert same(machines)
    assert in_regions(machines) > 600 * 15 * 0.9
    assert machines[1].state.element(REGISTERS, 10) == sum(range(600)) + 600


def test_a_trap_in_the_middle_of_an_unfolded_call() -> None:
    """A word that is not there is read in the callee; the handler sees the call half done, and goes on in it."""
    machines = pair(calling(once="ldi r4, -1", inside="ld r7, 0(r4)", handler=MENDED))
    assert same(machines)
    assert machines[1].state.element(REGISTERS, 13) == 1
    assert in_regions(machines) > 5000


CHANGING = {"pointer": "place + 8", "once": "addi r4, r4, -8", "inside": "st r5, 0(r4)"}
"""A store through a pointer, right before the word that is changed: a tree knows the pointer at its head."""


def test_a_guest_that_changes_the_callee_of_an_unfolded_call() -> None:
    """And goes on in it."""
    machines = pair(calling(**CHANGING))
    assert same(machines)
    assert machines[1].state.element(REGISTERS, 10) > 1000 * 199
    assert in_regions(machines) > 5000


def test_words_of_a_callee_that_are_taken_to_be_as_they_were_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree that does not look whether what it stores into is compiled."""
    right = Path.grant

    def grant(self: Path, wishes: Wishes, leave: Leave) -> None:
        right(self, wishes, leave)
        for part, stores in wishes._stores.items():
            self._clean |= {moved(self._part(part), step) for step in stores}

    monkeypatch.setattr(Wishes, "windows", lambda _self: iter(()))
    monkeypatch.setattr(Path, "grant", grant)
    assert not same(pair(calling(**CHANGING)))


SKIPPING = """
        addi    r9, r9, 1
        ld      r13, 1(r0)
        addi    r13, r13, 1
        st      r13, 1(r0)
        lpsw    0(r0)
"""
BEYOND = {"once": f"ldi r4, {SIZE - 8}", "inside": "st r5, 0(r4)\nst r5, 8(r4)", "handler": SKIPPING}
"""From the 400th round on, one of two stores is right behind the memory."""


def virtually(program: Program) -> bool:
    """Run a program under a monitor; say whether all is as by the reference."""
    place = Allotment(300, SIZE)
    made = [VirtualMachine(CLASSIC, program.words, allotment=place, memory=2000) for _ in range(2)]
    return not differing(made, 20_000, 1)


def test_a_store_behind_the_memory_in_an_unfolded_call() -> None:
    """It traps, and what is there, somebody else's, stays as it is."""
    machines = pair(calling(**BEYOND))
    assert same(machines)
    assert machines[1].state.element(REGISTERS, 9) == 200
    assert virtually(calling(**BEYOND))


def test_a_range_that_is_too_long_by_a_word_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a monitor, where a word more is somebody else's."""
    right = Path.grant

    def grant(self: Path, wishes: Wishes, leave: Leave) -> None:
        leaving = self.leave_if
        self.leave_if = lambda truth, leave: leaving(_later(self.text, truth), leave)  # type: ignore[method-assign]
        right(self, wishes, leave)
        self.leave_if = leaving  # type: ignore[method-assign]

    monkeypatch.setattr(Path, "grant", grant)
    assert not virtually(calling(**BEYOND))


def _later(text: Text, truth: str) -> str:
    """Return the comparison that was written last, such that a number passes that is greater by one."""
    line = text.lines[-1]
    if "icmp ugt i32" in line:
        start, limit = line.rsplit(" ", 1)
        text.lines[-1] = f"{start} {int(limit) + 1}"
    return truth


def test_a_disk_that_changes_the_callee_of_an_unfolded_call() -> None:
    """DMA over the words of it, between two calls."""
    program = calling(once="disk r8, r7, 0")
    place = program.symbols["place"]
    sector = [program.words.get(place + n, 0) for n in range(16)]
    sector[0] = program.words[program.symbols["other"]]
    machines = pair(program, disk=tuple(sector))
    assert same(machines)
    assert machines[1].state.element(REGISTERS, 10) > 1000 * 199
    assert in_regions(machines) > 5000


def test_somebody_who_changes_the_callee_of_an_unfolded_call_from_outside() -> None:
    """Between two runs, as a monitor does, or whoever steps back."""
    program = calling()
    machines = pair(program)
    for machine in machines:
        machine.run(5000)
        machine.state.put(MEMORY, program.symbols["place"], program.words[program.symbols["other"]])
    assert same(machines)
    assert machines[1].state.element(REGISTERS, 10) > 1000 * 100


TICKING = """
        addi    r13, r13, 1
        addi    r12, r12, 1
        settimer r12
        lpsw    0(r0)
"""


@pytest.mark.parametrize("wait", [1, 2, 7])
def test_a_timer_that_ends_in_the_middle_of_an_unfolded_call(wait: int) -> None:
    """At each instruction of it, since the time is one step longer each time."""
    program = calling(handler=TICKING)
    timer = {program.symbols["start"] + 7: CLASSIC["ldi"].encode({"a": 12, "imm": wait})}
    running = {program.symbols["running"]: 2}
    machines = pair(program, timer | running)
    assert same(machines)
    assert machines[1].state.element(REGISTERS, 13) > 50


def test_a_budget_that_ends_in_the_middle_of_an_unfolded_call() -> None:
    """At each instruction of it: of every length, and several times after one another."""
    assert same(pair(calling()), WARM, *range(1, 60), *(17,) * 34, *(13,) * 34)
