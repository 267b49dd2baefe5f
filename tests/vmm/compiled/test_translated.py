"""A compiled monitor that translates does what the one in Python does: the cache's words and counts included."""

from typing import Any
from unittest.mock import patch

import pytest
from attrs import evolve

import popek

pytest.importorskip("llvmlite")

from popek.engine.native.context import Field
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.slot import PC, REGISTERS
from popek.testing.loops import SIZE, looping
from popek.testing.programs import guest
from popek.testing.translated import CACHES, ODD, jumping, rewriting
from popek.testing.virtual_tiers import everything, of, of_guest, of_loop
from popek.vmm.allotment import Allotment
from popek.vmm.compiled import cache_regions, translated
from popek.vmm.compiled.cells import OWN_PC, Kind
from popek.vmm.monitor import TRANSLATION, TRANSLATION_FULL, Monitor
from popek.vmm.translation.cache import TranslationCache
from popek.vmm.virtual_machine import VirtualMachine

APART: dict[str, Any] = {"sensitive": frozenset(i.name for i in SYSTEM)}
MONITORS = (TRANSLATION, TRANSLATION_FULL)


def sized(monitor: Monitor, seed: int) -> Monitor:
    """Return a monitor with a cache of one size or another."""
    return evolve(monitor, cache=CACHES[seed % len(CACHES)])


@pytest.mark.parametrize("monitor", MONITORS, ids=lambda m: m.name)
def test_random_guests_run_as_under_the_reference(monitor: Monitor) -> None:
    """Blocks, links, calls, tests, flushes; states, notes, the cache's words, and counts."""
    for seed in range(8):
        assert not of_guest(CLASSIC, sized(monitor, seed), seed, **APART), seed
    for seed in (11, 23):
        assert not of_guest(CLASSIC, monitor, seed, **APART), seed


@pytest.mark.parametrize("monitor", MONITORS, ids=lambda m: m.name)
def test_hot_code_of_the_cache_runs_as_under_the_reference(monitor: Monitor) -> None:
    """Regions of the cache: traps in the middle, timers, budgets, code that patches itself; also in a small cache."""
    for seed in range(4):
        assert not of_loop(CLASSIC, monitor, seed, 1200, **APART), seed
    assert not of_loop(CLASSIC, evolve(monitor, cache=40), 5, 600, **APART)


def test_guests_that_rewrite_themselves_run_as_under_the_reference() -> None:
    """By stores of other words and of the same, within a block and elsewhere."""
    for seed in range(10):
        drawn = rewriting(CLASSIC, seed)
        assert not of(drawn, CLASSIC, sized(TRANSLATION_FULL, seed), 2 * drawn.steps, **APART), seed


def test_an_isa_may_branch_as_it_likes() -> None:
    """Three ways, through memory, and a store with a branch."""
    for seed in range(10):
        drawn = jumping(seed)
        assert not of(drawn, ODD, TRANSLATION_FULL, 2 * drawn.steps, **APART), seed


@pytest.mark.parametrize("name", ["open-halt", "psw-loadable", "setb", "mfpi", "timer-readable"])
def test_machines_that_cannot_be_virtualized_run_wrongly_in_the_same_way(name: str) -> None:
    """A user-mode instruction that reaches what is the monitor's does so from the cache as well."""
    isa = popek.load(name)
    for seed in range(3):
        assert not of_guest(isa, TRANSLATION_FULL, seed, **APART), seed


@pytest.mark.soak
@pytest.mark.parametrize("monitor", MONITORS, ids=lambda m: m.name)
@pytest.mark.parametrize("part", range(20))
def test_many_random_guests_run_as_under_the_reference(monitor: Monitor, part: int) -> None:
    """Twenty thousand guests under each, one in four of which rewrites itself."""
    for seed in range(10_000 + part * 1000, 11_000 + part * 1000):
        drawn = guest(CLASSIC, seed) if seed % 4 else rewriting(CLASSIC, seed)
        under = monitor if seed % 3 else sized(monitor, seed)
        assert not of(drawn, CLASSIC, under, 2 * drawn.steps, **APART), seed
    for seed in range(10_000 + part * 10, 10_010 + part * 10):
        assert not of_loop(CLASSIC, monitor, seed, **APART), seed


CALLS = """
start:  ldi     r9, 900
again:  jal     r14, one
        jal     r14, other
        addi    r9, r9, -1
        bne     r9, r0, again
        getmode r3
        halt
one:    addi    r2, r2, 1
        jalr    r15, r14
other:  addi    r3, r3, 1
        jalr    r15, r14
"""


PATCHES = """
start:  ldi     r9, 900
        ldi     r6, 450
        ld      r5, better(r0)
again:  jal     r14, one
        bne     r9, r6, on
        st      r5, one(r0)
on:     addi    r9, r9, -1
        bne     r9, r0, again
        halt
one:    addi    r2, r2, 1
        jalr    r15, r14
better: addi    r2, r2, 100
"""


def ran(source: str, engine: str) -> VirtualMachine:
    """Return a machine that has run a program."""
    machine = VirtualMachine(CLASSIC, assemble(source, CLASSIC).words, monitor=TRANSLATION, **APART)
    machine.engine = engine
    machine.run()
    return machine


def test_hot_code_is_run_in_regions_and_counted() -> None:
    """Links and computed jumps are counted there as everywhere."""
    one, other = ran(CALLS, "reference"), ran(CALLS, "native")
    assert everything(one) == everything(other)
    assert one.translation == other.translation
    assert other.translation is not None
    assert other.translation.looked_up > 1700
    assert other.state.element(REGISTERS, 2) == 900
    assert other._fast._monitors["native"].memory.fields[Field.REGIONS] > 6000


def patched() -> tuple[VirtualMachine, VirtualMachine]:
    """Return two machines that have patched hot code once, by the reference and natively."""
    return ran(PATCHES, "reference"), ran(PATCHES, "native")


def test_hot_code_may_be_patched() -> None:
    """And what was patched is run, from the next round on."""
    one, other = patched()
    assert everything(one) == everything(other)
    assert other.state.element(REGISTERS, 2) == 451 + 449 * 100


def test_going_back_is_exact() -> None:
    """The cache goes back as well, by replay."""
    place = Allotment(300, SIZE)
    options: dict[str, Any] = {"monitor": TRANSLATION, "allotment": place, "memory": 700, **APART}
    one, other = (VirtualMachine(CLASSIC, looping(CLASSIC, 3), **options) for _ in "ab")
    one.engine, other.engine = "reference", "native"
    for machine in (one, other):
        machine.run(3000)
        machine.back(1234)
    assert everything(one) == everything(other)


def noticed() -> bool:
    """Say whether some guest runs otherwise than under the reference."""
    guests = (rewriting(CLASSIC, seed) for seed in range(10))
    return any(of(g, CLASSIC, TRANSLATION_FULL, 2 * g.steps, **APART) for g in guests) or bool(
        of_loop(CLASSIC, TRANSLATION, 3, 600, **APART)
    )


def test_nothing_is_noticed_where_nothing_is_wrong() -> None:
    """What the next tests rest on."""
    assert not noticed()


def test_words_that_end_unseen_are_noticed() -> None:
    """Compiled code stores without telling; whoever does not look afterwards runs old code."""
    with patch.object(TranslationCache, "check", lambda _self: None):
        assert noticed()


def test_regions_of_words_that_have_ended_are_noticed() -> None:
    """A region must go with the words that it was made of."""
    with patch.object(cache_regions.CacheRegions, "stale", lambda _self, _region: False):
        one, other = patched()
    assert everything(one) != everything(other)


@pytest.mark.usefixtures("fresh")
def test_a_block_that_is_found_for_another_context_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pc alone does not say which word it is."""

    def fits(self: translated.Rows, address: str, pc: str) -> str:
        return self._text.value(f"icmp eq i32 {self.part(address, OWN_PC)}, {pc}")

    monkeypatch.setattr(translated.Rows, "fits", fits)
    assert noticed()


@pytest.mark.usefixtures("fresh")
def test_the_pc_of_the_cache_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guest's own is what the word stands for."""
    monkeypatch.setattr(translated.OwnPc, "slot", lambda self, text, slot: self.real.slot(text, slot))
    assert noticed()


@pytest.mark.usefixtures("fresh")
def test_jumps_that_are_not_counted_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the interpreter of the cache, or in a region."""
    monkeypatch.setattr(translated.TranslatedStep, "returned", lambda _self: None)
    assert noticed()


def test_what_lies_behind_the_last_word_is_no_code() -> None:
    """A call may be the last word, and the guest goes on behind it: where there is nothing, whatever memory has there.

    And it is looked at: were there code for the guest's next pc, the guest would run it, and be nowhere in the cache.
    """
    drawn = rewriting(CLASSIC, 3)
    under = evolve(TRANSLATION_FULL, quantum=drawn.quantum, cache=5)
    vm = VirtualMachine(CLASSIC, drawn.words, monitor=under, allotment=drawn.allotment, memory=drawn.memory, **APART)
    vm.engine = "native"
    code: Any = vm.state.elsewhere
    while code.notes["at"] != under.cache:
        vm.run(1)
    cells = vm._fast._monitors["native"].cells
    behind = slice(cells._width * under.cache, cells._width * (under.cache + 1))
    assert cells.words[behind] == [0] * cells._width
    assert len(cells.words) == behind.stop
    cells.words[behind] = [Kind.COPY, vm.state.slot(PC), CLASSIC["nop"].encode({}), 0, *code.context]
    with pytest.raises(IndexError):
        vm.run(2)
