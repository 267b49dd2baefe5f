"""Translated code on small programs: what is copied, called, chained, tested first, ended, and what it costs."""

import pytest

from popek.errors import PopekError
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.slot import PC
from popek.vmm.allotment import Allotment
from popek.vmm.monitor import HYBRID, TRANSLATION, TRANSLATION_FULL, TRAP_AND_EMULATE, Monitor
from popek.vmm.translation.cells import Call, Copy, Guard
from popek.vmm.translation.own_pc import copied
from popek.vmm.translation.statistics import Statistics
from popek.vmm.virtual_machine import VirtualMachine

SENSITIVE = frozenset(i.name for i in SYSTEM)

LOOP = """
        ldi     r1, 5
loop:   addi    r1, r1, -1
        bne     r1, r0, loop
        jal     r2, down
        halt
down:   jalr    r3, r2
"""


def translated(program: str, monitor: Monitor = TRANSLATION, *, size: int = 128) -> VirtualMachine:
    """Return a virtual machine with a program from word 16 on, under a monitor that translates."""
    words = assemble(".org 16\n" + program, CLASSIC).words
    return VirtualMachine(
        CLASSIC, words, monitor=monitor, sensitive=SENSITIVE, allotment=Allotment(100, size), memory=100 + size
    )


def ran(vm: VirtualMachine) -> Statistics:
    """Run to the end, and return what translation has cost."""
    vm.run(2000)
    assert vm.translation is not None
    return vm.translation


def test_a_loop_is_translated_once_and_chained() -> None:
    """Blocks: the beginning, the loop from its second round on, what follows, the routine, and from the halt on."""
    vm = translated(LOOP)
    cost = ran(vm)
    assert (cost.blocks, cost.flushes, cost.invalidations) == (5, 0, 0)
    assert cost.chained == 2
    assert cost.calls == 1
    assert cost.instructions == 3 + 2 + 1 + 1 + 2
    assert cost.words == cost.instructions + 2 + 2 + 1
    assert cost.expansion == cost.words / cost.instructions
    assert vm.state.element(CLASSIC.arrays[0], 2) == 20
    assert vm.state.element(CLASSIC.arrays[0], 3) == 22


def test_while_the_guest_is_in_the_cache_the_real_pc_is_not_its_own() -> None:
    """The virtual pc is the guest's all the time."""
    vm = translated(LOOP)
    vm.step()
    assert vm.state.inside
    assert vm.real.slot(PC) == 2
    assert vm.state.slot(PC) == 17


def test_user_code_is_translated_by_full_translation_alone() -> None:
    """Under `translation` it runs where it stands; a supervisor call traps either way."""
    program = "ldi r1, 18\njsu r1\nnop\nnop\nsvc 1\nend: halt\n.org 8\n.word 0, end, 0, -1"
    partly, fully = ran(translated(program)), ran(translated(program, TRANSLATION_FULL))
    assert partly.blocks == 2
    assert fully.blocks == 3
    assert translated(program, HYBRID).translation is None
    assert translated(program, TRAP_AND_EMULATE).translation is None


RECOVERING = """
        ldi     r4, {times}
        ldi     r5, 1
loop:   divu    r6, r5, r7
        halt
again:  addi    r4, r4, -1
        bne     r4, r0, loop
        addi    r7, r7, 1
        ldi     r4, 50
on:     divu    r6, r4, r7
        addi    r4, r4, -1
        bne     r4, r0, on
        halt
        .org    8
        .word   0, again, 0, -1
"""


def test_what_keeps_trapping_is_tested_first() -> None:
    """After three traps the copy gets a test, and what would trap is a call: fewer exits than traps."""
    vm = translated(RECOVERING.format(times=20))
    cost = ran(vm)
    assert vm.exits == {"arithmetic": 3}
    assert cost.retranslations == 1
    assert cost.calls == 17 + 1
    assert vm.by_mode["supervisor"]["exited"] == 3
    assert sum(vm.by_mode["supervisor"].values()) == vm.counts["instructions"]


def test_what_completes_runs_directly_even_if_it_has_kept_trapping() -> None:
    """The test in front of it costs no call: all innocuous instructions that complete are direct."""
    program = "ldi r4, 9\nldi r5, 1\n" + RECOVERING.format(times=9).split("ldi     r5, 1\n")[1].replace(
        "addi    r7, r7, 1", "ldi r7, 1\nldi r8, 1\nbeq r8, r9, end\nmov r9, r8\nldi r4, 9\njmp loop\nend:"
    )
    vm = translated(program)
    vm.run(2000)
    assert vm.translation is not None
    assert vm.translation.retranslations == 1
    assert "emulated" not in vm.by_mode["supervisor"]
    halts = 1
    traps = 9
    assert vm.counts["direct"] == vm.counts["instructions"] - traps - halts


def test_rewriting_ends_the_block_in_which_it_happens() -> None:
    """The next word is replaced while its block runs, and what runs is the new one."""
    program = "ld r1, better(r0)\nst r1, coming(r0)\ncoming: ldi r2, 1\nhalt\nbetter: ldi r2, 2"
    vm = translated(program)
    cost = ran(vm)
    assert cost.invalidations == 1
    assert vm.state.element(CLASSIC.arrays[0], 2) == 2


def test_code_is_read_as_the_guest_wrote_it() -> None:
    """A program that reads its own instructions sees them, translated or not."""
    vm = translated("ld r1, here(r0)\nhere: ldi r2, 7\nhalt")
    vm.run()
    assert vm.state.element(CLASSIC.arrays[0], 1) == CLASSIC["ldi"].encode({"a": 2, "imm": 7})


def test_the_same_code_under_another_r_is_another_block() -> None:
    """The pc alone does not say which word it is."""
    program = "ldi r1, 4\nldi r2, 60\nsetr r1, r2\n.org 19\nnop\nnop\nnop\nnop\nnop\nhalt"
    cost = ran(translated(program))
    assert cost.blocks == 2


def test_a_cache_of_two_words_holds_a_call_at_a_time() -> None:
    """What does not fit otherwise is called; the guest gets on all the same. A computed jump is a word by itself."""
    vm = translated(LOOP, TRANSLATION.vary("tiny", cache=2))
    cost = ran(vm)
    assert vm.counts["direct"] == 1
    assert cost.calls == vm.counts["instructions"] - 1
    assert cost.flushes == cost.blocks - 1


def test_a_cache_must_hold_a_call() -> None:
    """Fewer words are refused, with what the least is."""
    with pytest.raises(PopekError, match="a translation cache has 2 words at least"):
        TRANSLATION.vary("none", cache=1)


def test_code_beyond_memory_is_a_call() -> None:
    """A fetch that faults does so in the monitor, since the cache's fetches cannot."""
    vm = translated("ldi r1, 200\njalr r2, r1", size=64)
    vm.run(3)
    assert vm.exits == {}
    assert vm.translation is not None
    assert vm.translation.calls == 1
    assert vm.counts["translated"] == 1


def test_what_the_words_of_a_block_are() -> None:
    """Copies, calls and tests, each with the guest's pc."""
    vm = translated(RECOVERING.format(times=20))
    vm.run(100)
    code = vm._code
    assert code is not None
    kinds = {type(c) for c in code.cache.cells}
    assert {Copy, Call, Guard} <= kinds
    guard = next(n for n, c in enumerate(code.cache.cells) if isinstance(c, Guard))
    behind = code.cache.cells[guard + 1]
    assert isinstance(behind, Copy)
    assert behind.meaning == copied(CLASSIC.lowered(CLASSIC["divu"], 1))
    assert code.guest_pc_at(guard) == code.guest_pc_at(guard + 1) == 18


def test_statistics_of_nothing() -> None:
    """A guest that has not begun has cost nothing, and there is no expansion of nothing."""
    vm = translated(LOOP)
    assert vm.translation == Statistics(size=4096)
    assert vm.translation.expansion == 0
    assert vm.translation.to_dict()["expansion"] == 0
