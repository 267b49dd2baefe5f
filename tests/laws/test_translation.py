"""Translated guests in lock step: they rewrite themselves, caches have every size, faults are put in on purpose."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
from attrs import evolve

from popek.engine.machine import Machine
from popek.engine.reference import Kind
from popek.isa.behaviour import Behaviour
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.expression import Expr
from popek.testing.lockstep import told
from popek.testing.programs import Guest, guest
from popek.testing.translated import CACHES, ODD, Doings, in_lock_step, jumping, rewriting
from popek.vmm.allotment import Allotment
from popek.vmm.compare import Comparison
from popek.vmm.monitor import TRANSLATION, TRANSLATION_FULL, Monitor
from popek.vmm.translation import own_pc
from popek.vmm.translation.cache import TranslationCache
from popek.vmm.translation.cells import Context, Empty, Link
from popek.vmm.translation.code import TranslatedCode
from popek.vmm.translation.translator import Translator
from popek.vmm.virtual_machine import VirtualMachine

SENSITIVE = frozenset(i.name for i in SYSTEM)

translated = partial(in_lock_step, isa=CLASSIC, sensitive=SENSITIVE)


def run(seeds: range) -> Doings:
    """Run guests that rewrite themselves, with a monitor and a cache by the seed; fail at the first that diverges."""
    doings = Doings(CLASSIC)
    for seed in seeds:
        drawn = rewriting(CLASSIC, seed)
        monitor, cache = (TRANSLATION, TRANSLATION_FULL)[seed % 2], CACHES[seed % len(CACHES)]
        comparison = translated(drawn, monitor=monitor, cache=cache, doings=doings)
        assert comparison.equivalent, f"cache {cache}: {told(drawn, comparison)}"
        assert comparison.violation is None, f"cache {cache}: {told(drawn, comparison)}"
    return doings


def test_guests_that_rewrite_themselves_cannot_tell() -> None:
    """150 guests: no divergence, no loss of control; blocks were chained, ended, retranslated and flushed."""
    doings = run(range(50_000, 50_150))
    happened = {h for _, _, h in doings.cells}
    assert happened >= {
        "blocks", "calls", "chained", "dispatches", "flushes", "invalidations", "looked_up", "retranslations"
    }  # fmt: skip
    assert doings.cells["st", 0, "invalidations"] > 30


def test_what_is_innocuous_and_completes_needs_no_monitor() -> None:
    """Efficiency, as it is proved, watched: it runs directly, whatever it has done before, if only it fits."""
    completed = 0
    for seed in range(60_000, 60_025):
        virtual = machines(rewriting(CLASSIC, seed), 4096)[1]
        for _ in range(100):
            before = virtual.counts["direct"]
            event = virtual.step()
            if (
                event
                and event.kind is Kind.EXECUTED
                and event.decoded
                and event.decoded.instruction.name not in SENSITIVE
            ):
                assert virtual.counts["direct"] == before + 1, (seed, event)
                completed += 1
    assert completed > 500


@pytest.mark.soak
def test_ten_thousand_guests_that_rewrite_themselves(tmp_path: Path) -> None:
    """10,000 guests: whatever can write memory, in either mode, has ended translated code, a trap included."""
    doings = run(range(10_000))
    table = doings.table()
    (tmp_path / "translated.txt").write_text(table, encoding="utf-8")
    print(table)  # noqa: T201 - what the run is for
    assert not doings.lacking(20), doings.lacking(20)


@pytest.mark.soak
@pytest.mark.parametrize("monitor", [TRANSLATION, TRANSLATION_FULL], ids=lambda m: m.name)
def test_ten_thousand_guests_of_all_kinds(monitor: Monitor) -> None:
    """10,000 guests as the other monitors have them: no divergence, no loss of control."""
    doings = Doings(CLASSIC)
    for seed in range(10_000):
        drawn = guest(CLASSIC, seed)
        comparison = translated(drawn, monitor=monitor, doings=doings)
        assert comparison.equivalent, told(drawn, comparison)
        assert comparison.violation is None, told(drawn, comparison)
    print(doings.table())  # noqa: T201 - what the run is for


def test_an_isa_may_branch_as_it_likes() -> None:
    """What its instructions write to the pc is all that the translator goes by; they are met and taken."""
    met: Counter[str] = Counter()
    for seed in range(40):
        doings = Doings(ODD)
        odd = jumping(seed)
        cache = CACHES[seed % len(CACHES)]
        comparison = in_lock_step(odd, ODD, cache=cache, sensitive=SENSITIVE, doings=doings)
        assert comparison.equivalent, told(odd, comparison)
        met.update({name: 1 for name, _, _ in doings.cells})
    assert min(met[n] for n in ("cret", "jmem", "stb", "case")) > 2, met


# Faults in what surrounds it ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 5])
def test_the_cache_may_have_every_small_size(seed: int) -> None:
    """From the least cache there can be, one word after the other: the guest cannot tell."""
    drawn = rewriting(CLASSIC, seed)
    for cache in range(2, 40):
        comparison = translated(drawn, cache=cache)
        assert comparison.equivalent, f"cache {cache}: {told(drawn, comparison)}"


@pytest.mark.parametrize("seed", [2, 11])
def test_the_allotment_may_have_every_small_size(seed: int) -> None:
    """Code that is cut off by the end of memory, at every place: fetches fault in translated code as on bare."""
    drawn = rewriting(CLASSIC, seed)
    for size in range(17, 60):
        words = {a: w for a, w in drawn.words.items() if a < size}
        cut = evolve(drawn, words=words, allotment=Allotment(16, size), memory=16 + size)
        comparison = translated(cut)
        assert comparison.equivalent, told(cut, comparison)


@pytest.mark.parametrize("seed", [4, 6])
def test_the_quantum_may_end_before_each_translated_instruction(seed: int) -> None:
    """Wherever the monitor takes the processor back, in the middle of a block as well, the guest cannot tell."""
    drawn = rewriting(CLASSIC, seed)
    for quantum in range(1, 60):
        cut = evolve(drawn, quantum=quantum)
        comparison = translated(cut)
        assert comparison.equivalent, told(cut, comparison)


def with_timer(drawn: Guest, wait: int) -> Guest:
    """Return a guest that sets its timer at once, and is interrupted so many instructions later."""
    words = dict(drawn.words) | {16 + n: CLASSIC["nop"].encode({}) for n in range(3)}
    words[17] = CLASSIC["ldi"].encode({"a": 3, "imm": wait})
    words[18] = CLASSIC["settimer"].encode({"a": 3})
    return evolve(drawn, words=words, quantum=1000)


@pytest.mark.parametrize("seed", [1, 3])
def test_an_interrupt_before_each_translated_instruction_in_turn(seed: int) -> None:
    """Wherever the virtual timer runs out, the old PSW has the guest's own pc, and it cannot tell."""
    for wait in range(1, 60):
        timed = with_timer(rewriting(CLASSIC, seed), wait)
        comparison = translated(timed)
        assert comparison.equivalent, told(timed, comparison)


def machines(drawn: Guest, cache: int, history: int = 10_000) -> tuple[Machine, VirtualMachine]:
    """Return the bare machine and the virtual one of a guest."""
    monitor = evolve(TRANSLATION_FULL, quantum=drawn.quantum, cache=cache)
    bare = Machine(CLASSIC, drawn.words, memory=drawn.allotment.size, typed=drawn.typed, disk=drawn.disk)
    virtual = VirtualMachine(
        CLASSIC, drawn.words, monitor=monitor, sensitive=SENSITIVE, allotment=drawn.allotment, memory=drawn.memory,
        typed=drawn.typed, disk=drawn.disk, history=history,
    )  # fmt: skip
    return bare, virtual


@pytest.mark.parametrize("cache", [6, 4096])
def test_a_budget_may_end_in_the_middle_of_a_block(cache: int) -> None:
    """After every number of steps the result is the bare machine's, and the run that goes on loses nothing."""
    drawn = rewriting(CLASSIC, 8)
    bare, virtual = machines(drawn, cache)
    for _ in range(drawn.steps):
        assert bare.run(1) == virtual.run(1)
    whole = machines(drawn, cache)[1]
    whole.run(drawn.steps)
    assert whole.translation == virtual.translation
    assert whole.by_mode == virtual.by_mode


def everything(vm: VirtualMachine) -> list[object]:
    """Return all that a step may change, the cache included."""
    return [c.copy() for c in {**vm._containers(), **vm.books}.values()]


@pytest.mark.parametrize("history", [0, 10_000])
@pytest.mark.parametrize("cache", [9, 4096])
def test_stepping_back_takes_the_cache_along(cache: int, history: int) -> None:
    """Every state on the way back is the one that was there, by deltas or anew; and so is the way forth."""
    virtual = machines(rewriting(CLASSIC, 12), cache, history)[1]
    seen = []
    for _ in range(60):
        seen.append((virtual.result(), virtual.translation, everything(virtual)))
        virtual.step()
    for steps in (1, 2, 7, 20, 30):
        virtual.back(steps)
        at = virtual.counts["steps"]
        result, statistics, _ = seen[at]
        assert (virtual.result(), virtual.translation) == (result, statistics)
        if history:
            assert everything(virtual) == seen[at][2]
    virtual.run(60 - virtual.counts["steps"])
    assert virtual.counts["steps"] == 60
    assert machines_after(60, cache) == (virtual.result(), virtual.translation)


def machines_after(steps: int, cache: int) -> tuple[object, object]:
    """Return what a new run comes to after so many steps."""
    virtual = machines(rewriting(CLASSIC, 12), cache)[1]
    return virtual.run(steps), virtual.translation


# Broken on purpose --------------------------------------------------------------------------------------------------


def deaf() -> AbstractContextManager[object]:
    """Return a cache that is not told of stores."""
    return patch.object(TranslationCache, "stored", lambda *_: None)


def asleep() -> AbstractContextManager[object]:
    """Return a cache that forgets blocks, but leaves their words as they are for who is in them or links to them."""
    return patch.object(TranslationCache, "_unlink", lambda *_: None)


def leaking_trap() -> AbstractContextManager[object]:
    """Return translated code whose traps and interrupts tell the cache's pc."""
    return patch.object(TranslatedCode, "guest_pc", lambda _, real: real)


def leaking_link() -> AbstractContextManager[object]:
    """Return copies that read the cache's pc where they do not write the pc: what a jump leaves in a register."""
    right = own_pc.changed

    def wrong(behaviour: Behaviour, change: Callable[[Expr], Expr]) -> Behaviour:
        return evolve(right(behaviour, change), effects=behaviour.effects)

    return patch.object(own_pc, "changed", wrong)


def same_everywhere() -> AbstractContextManager[object]:
    """Return a cache whose blocks, and links, are the same for every R."""
    return patch.object(Translator, "key", lambda _, context, pc: (context[0], pc))


def resuming_blindly() -> AbstractContextManager[object]:
    """Return a cache that goes on behind a call, whatever the call has done to mode and R."""

    def lives(self: TranslationCache, address: int, context: Context) -> bool:
        del context
        return address < len(self.cells) and not isinstance(self.cells[address], Link | Empty)

    return patch.object(TranslationCache, "lives", lives)


def sees(drawn: Guest) -> Comparison | None:
    """Return what lock step has to say against a guest's run, if anything."""
    comparison = translated(drawn, cache=64)
    return None if comparison.equivalent else comparison


@pytest.mark.parametrize(
    "fault", [deaf, asleep, leaking_trap, leaking_link, same_everywhere, resuming_blindly], ids=lambda f: f.__name__
)
def test_a_wrong_translator_is_noticed(fault: Callable[[], AbstractContextManager[object]]) -> None:
    """Lock step notices each fault, on the first random guests, and none of them without it."""
    own_pc.copied.cache_clear()
    try:
        with fault():
            shown = next((g for g in (rewriting(CLASSIC, s) for s in range(200)) if sees(g)), None)
    finally:
        own_pc.copied.cache_clear()
    assert shown is not None
    assert sees(shown) is None
