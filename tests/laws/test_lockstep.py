"""Random guests in lock step: under a monitor every step is, virtually, the bare machine's step."""

from collections import Counter
from pathlib import Path

import pytest
from attrs import evolve

from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.cycle import NEW_PC, NEW_STATUS
from popek.isa.hypercall import HYPERCALL
from popek.isa.instruction import InUser
from popek.isa.slot import IE, TIMER
from popek.isa.variants import VARIANTS
from popek.testing.lockstep import Coverage, lock_step, possible, told
from popek.testing.programs import Guest, guest
from popek.vmm.monitor import MONITORS, TRAP_AND_EMULATE

SENSITIVE = frozenset(i.name for i in SYSTEM)


def diverges(candidate: Guest) -> bool:
    """Say whether a guest diverges or escapes under trap-and-emulate."""
    comparison = lock_step(candidate, CLASSIC)
    return not comparison.equivalent or comparison.violation is not None


def run(guests: range) -> Coverage:
    """Run random guests under trap-and-emulate; fail at the first that diverges, made small."""
    coverage = Coverage(CLASSIC)
    for seed in guests:
        drawn = guest(CLASSIC, seed)
        comparison = lock_step(drawn, CLASSIC, coverage=coverage)
        if not comparison.equivalent or comparison.violation:
            small = drawn.shrunk(diverges)
            pytest.fail(f"{told(drawn, comparison)}\nsmaller:\n{told(small, lock_step(small, CLASSIC))}")
    return coverage


def test_random_guests_cannot_tell() -> None:
    """2,000 guests: no divergence, no loss of control, every possible cell hit, and none that is held impossible."""
    coverage = run(range(2000))
    assert not coverage.lacking()
    assert not coverage.strange()


@pytest.mark.soak
def test_ten_thousand_guests_cover_every_cell_a_hundred_times(tmp_path: Path) -> None:
    """10,000 guests: each instruction in each mode, outcome and action of the monitor, a hundred times at least.

    Which cells are impossible, and why, says `popek.testing.lockstep.possible`.
    """
    coverage = run(range(10_000))
    table = coverage.table()
    (tmp_path / "coverage.txt").write_text(table, encoding="utf-8")
    print(table)  # noqa: T201 - what the run is for
    assert not coverage.strange()
    assert not coverage.lacking(100), coverage.lacking(100)


OTHERS = [n for n in MONITORS if n != TRAP_AND_EMULATE.name]


def under(name: str, guests: range) -> Coverage:
    """Run random guests under a technique, on a virtualizable ISA; fail at the first that diverges or escapes."""
    isa = CLASSIC_VT if MONITORS[name].in_guest_mode else CLASSIC
    coverage = Coverage(isa)
    for seed in guests:
        drawn = guest(isa, seed)
        if MONITORS[name].for_ported:  # such a guest makes no hypercalls but its port's: it assumes so
            drawn = evolve(drawn, words={a: w & ~HYPERCALL for a, w in drawn.words.items()})
        comparison = lock_step(drawn, isa, monitor=MONITORS[name], sensitive=SENSITIVE, coverage=coverage)
        assert comparison.equivalent, told(drawn, comparison)
        assert comparison.violation is None, told(drawn, comparison)
    return coverage


@pytest.mark.parametrize("name", OTHERS)
def test_random_guests_cannot_tell_under_any_technique(name: str) -> None:
    """Every technique is equivalent and keeps control; none of the guests is left out."""
    assert under(name, range(20_000, 20_060)).guests == 60


@pytest.mark.soak
@pytest.mark.parametrize("name", OTHERS)
def test_ten_thousand_guests_cannot_tell_under_any_technique(name: str) -> None:
    """10,000 guests each: every instruction, in each mode, with each outcome, a hundred times at least."""
    coverage = under(name, range(20_000, 30_000))
    wanted = {(c.instruction, c.mode, c.outcome) for c in possible(coverage.isa)}
    hit: Counter[tuple[str, int, str]] = Counter()
    for cell, times in coverage.cells.items():
        hit[cell.instruction, cell.mode, cell.outcome] += times
    least = min(hit[w] for w in wanted)
    print(f"{name}: {coverage.guests} guests, {coverage.steps} steps, {len(wanted)} cells, least {least}")  # noqa: T201
    assert least >= 100


@pytest.mark.parametrize("name", ["setb", "add-traps"])
def test_random_guests_cannot_tell_on_odd_isas_that_are_virtualizable(name: str) -> None:
    """A bound that may only shrink, and a privileged addition, are both emulated to the letter."""
    (isa,) = (v for v in VARIANTS if v.name == name)
    for seed in range(30_000, 30_060):
        drawn = guest(isa, seed)
        comparison = lock_step(drawn, isa)
        assert comparison.equivalent, told(drawn, comparison)
        assert comparison.violation is None, told(drawn, comparison)


def with_timer(drawn: Guest, wait: int) -> Guest:
    """Return a guest whose reset handler is its own, interrupted once, so many instructions after it began."""
    words = dict(drawn.words)
    words |= {16 + n: CLASSIC["nop"].encode({}) for n in range(3)}
    words[17] = CLASSIC["ldi"].encode({"a": 3, "imm": wait})
    words[18] = CLASSIC["settimer"].encode({"a": 3})
    return evolve(drawn, words=words)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_interrupt_before_each_instruction_of_a_run_in_turn(seed: int) -> None:
    """Wherever the virtual timer runs out, the guest is interrupted there, and cannot tell."""
    drawn = guest(CLASSIC, seed)
    assert NEW_STATUS in drawn.words
    assert NEW_PC in drawn.words
    for wait in range(1, 80):
        timed = with_timer(drawn, wait)
        comparison = lock_step(timed, CLASSIC)
        assert comparison.equivalent, told(timed, comparison)


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_the_quantum_may_end_before_each_instruction_of_a_run_in_turn(seed: int) -> None:
    """Wherever the monitor takes the processor back, the guest cannot tell."""
    drawn = guest(CLASSIC, seed)
    for quantum in range(1, 80):
        cut = evolve(drawn, quantum=quantum)
        comparison = lock_step(cut, CLASSIC)
        assert comparison.equivalent, told(cut, comparison)


def test_what_is_possible_is_derived_from_the_meaning() -> None:
    """`svc` and what is privileged never execute in user mode; what has no guard never traps."""
    cells = {(c.instruction, c.mode, c.outcome, c.action) for c in possible(CLASSIC)}
    for mode in (0, 1):
        assert ("svc", mode, "trap", "reflected") in cells
        assert not [c for c in cells if c[:3] == ("svc", mode, "executed")]
        assert not [c for c in cells if c[:3] == ("add", mode, "trap")]
    assert ("halt", 0, "executed", "emulated") in cells
    assert not [c for c in cells if c[:3] == ("halt", 1, "executed")]
    open_halt = CLASSIC.vary("open", halt=InUser.EXECUTES)
    assert ("halt", 1, "executed", "direct") in {
        (c.instruction, c.mode, c.outcome, c.action) for c in possible(open_halt)
    }


def test_a_guest_is_made_from_its_seed_alone() -> None:
    """The same seed gives the same guest, other seeds others, and what is pasted is the guest."""
    assert guest(CLASSIC, 7) == guest(CLASSIC, 7) != guest(CLASSIC, 8)
    names: dict[str, object] = {}
    exec(f"from popek.testing.programs import Allotment, Guest\ng = {guest(CLASSIC, 7).paste()}", names)  # noqa: S102
    assert names["g"] == guest(CLASSIC, 7)


def test_shrinking_keeps_what_matters() -> None:
    """What is left after shrinking still fails, and nothing else is."""
    small = guest(CLASSIC, 9).shrunk(lambda g: g.words.get(20) == guest(CLASSIC, 9).words[20])
    assert small.words == {20: guest(CLASSIC, 9).words[20]}


def test_a_divergence_is_told_with_what_repeats_it() -> None:
    """The report has the seed, the step, what differs, and the guest as source."""
    wrong = evolve(TRAP_AND_EMULATE, name="wrong", recovery={TIMER: MONITORS["hybrid"].table(CLASSIC).recovery[IE]})
    drawn = next(
        g for g in (guest(CLASSIC, s) for s in range(50)) if not lock_step(g, CLASSIC, monitor=wrong).equivalent
    )
    text = told(drawn, lock_step(drawn, CLASSIC, monitor=wrong))
    assert f"guest {drawn.seed} of classic under wrong: step " in text
    assert "Difference(what='timer'" in text
    assert drawn.paste() in text
