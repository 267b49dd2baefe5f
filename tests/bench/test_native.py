"""How fast compiled guests and compiled monitors are; the loops beside other people's machines are `popek bench`'s.

Times are of this process's own processor time, the least of several, and what is compared takes turns.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("llvmlite")

from popek.engine.machine import Machine
from popek.engine.native.context import Field
from popek.engine.stepper import Stepper
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.vmm.monitor import PARAVIRTUAL_UNPORTED, TRAP_AND_EMULATE, Monitor
from popek.vmm.virtual_machine import VirtualMachine

ROOT = Path(__file__).parents[2]
STEPS = 400_000_000

LOOP = """
        .org    8
        .word   0, handler, 0, -1
        .org    16
start:  ldi     r0, 0
        ldi     r1, 0
        li      r2, 2000000000
        {before}
loop:   {inside}
        addi    r1, r1, 1
        bne     r1, r2, loop
        halt
handler: {handler}
"""

INNOCUOUS = "mul r3, r3, r1\nxor r4, r4, r3\nst r4, 200(r0)\nld r5, 200(r0)\nadd r6, r6, r5"


def told(text: str) -> None:
    """Say what was measured; `pytest -s` shows it."""
    sys.stdout.write(text + "\n")


def ready(make: Callable[..., Stepper], inside: str, before: str = "", handler: str = "lpsw 0(r0)") -> Stepper:
    """Return a machine in the middle of a loop, with everything compiled."""
    program = assemble(LOOP.format(inside=inside, before=before, handler=handler), CLASSIC)
    machine = make(CLASSIC, program.words)
    machine.engine = "native"
    machine.run(1_000_000)
    return machine


def seconds(machine: Stepper, steps: int) -> float:
    """Return how long so many steps take."""
    start = time.process_time()
    machine.run(steps)
    return time.process_time() - start


def each_turn(machine: Stepper, steps: int, per_turn: int) -> float:
    """Return the nanoseconds that a turn of the loop takes."""
    return min(seconds(machine, steps) for _ in range(5)) / (steps / per_turn) * 1e9


@pytest.mark.bench
@pytest.mark.parametrize("monitor", [TRAP_AND_EMULATE, PARAVIRTUAL_UNPORTED], ids=lambda m: m.name)
def test_innocuous_code_in_a_virtual_machine_is_as_fast_as_bare(monitor: Monitor) -> None:
    """At most 1.02 of the time."""
    bare = ready(Machine, INNOCUOUS)
    virtual = ready(lambda isa, words: VirtualMachine(isa, words, monitor=monitor), INNOCUOUS)
    ratios = [seconds(virtual, STEPS) / seconds(bare, STEPS) for _ in range(9)]
    told(f"{monitor.name}: {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")
    assert statistics.median(ratios) <= 1.02


@pytest.mark.bench
def test_an_emulated_instruction_costs_little() -> None:
    """There and back at most 100 ns, beside the empty loop."""
    empty = each_turn(ready(VirtualMachine, ""), 20_000_000, 2)
    cost = each_turn(ready(VirtualMachine, "getmode r5"), 20_000_000, 3) - empty
    told(f"{cost:.1f} ns")
    assert cost <= 100


@pytest.mark.bench
@pytest.mark.parametrize("make", [Machine, VirtualMachine])
def test_a_supervisor_call_costs_little(make: Callable[..., Stepper]) -> None:
    """The trap, bare or reflected, at most 100 ns; the way back is a privileged instruction, which is taken off."""
    empty = each_turn(ready(make, ""), 20_000_000, 2)
    back = each_turn(ready(make, "getmode r5"), 20_000_000, 3) - empty if make is VirtualMachine else 0.0
    cost = each_turn(ready(make, "svc 5"), 20_000_000, 4) - empty - back
    told(f"{make.__name__}: {cost:.1f} ns")
    assert cost <= 100


@pytest.mark.bench
def test_short_slices_are_no_slower_than_the_interpreter() -> None:
    """A timer interrupt each 100 instructions, the handler's included: regions against no regions."""
    handler = "ldi r9, 100\nsettimer r9\nlpsw 0(r0)"
    before = "ldi r9, 100\nsettimer r9\nldi r9, 1\nsetie r9"
    sliced = ready(Machine, INNOCUOUS, before, handler)
    plain = ready(Machine, INNOCUOUS, before, handler)
    tier = plain._tiers["native"]  # type: ignore[attr-defined]
    tier.regions.alive.clear()
    tier.memory.table[:] = [(1 << 64) - 1] * len(tier.memory.table)
    tier.memory.fields[Field.THRESHOLD] = (1 << 64) - 1
    ratios = [seconds(plain, 20_000_000) / seconds(sliced, 20_000_000) for _ in range(7)]
    told(f"{statistics.median(ratios):.2f}")
    assert statistics.median(ratios) >= 1


@pytest.mark.bench
def test_time_for_an_instruction_does_not_grow_with_the_run() -> None:
    """From 10^7 instructions, when all is compiled, to 10^10."""
    machine = ready(Machine, INNOCUOUS)
    each = [seconds(machine, 10**n) / 10**n * 1e9 for n in (7, 8, 9, 10)]
    told(" ".join(f"{e:.3f}" for e in each) + " ns")
    assert max(each[1:]) <= 1.5 * each[0]


@pytest.mark.bench
def test_the_first_instruction_comes_soon() -> None:
    """Within 0.25 s of the process's own time, with everything in the cache."""
    script = (
        "import time; from popek.isa.classic import CLASSIC; from popek.engine.machine import Machine; "
        "m = Machine(CLASSIC, {16: 0x01000000}); m.engine = 'native'; m.run(1); "
        "print(m.sprinted['native'], time.process_time())"
    )

    def start() -> float:
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
        steps, took = done.stdout.split()
        assert steps == "1"
        return float(took)

    start()
    took = statistics.median(start() for _ in range(7))
    told(f"{took:.3f} s")
    assert took <= 0.25


@pytest.mark.bench
def test_a_short_guest_is_no_slower_than_by_the_reference() -> None:
    """A hundred instructions, from a machine's making to its end: by itself nothing is compiled for that."""
    words = assemble(LOOP.format(inside="nop", before="", handler="halt"), CLASSIC).words

    def run(engine: str) -> float:
        start = time.process_time()
        for _ in range(20):
            machine = Machine(CLASSIC, words, memory=512)
            machine.engine = engine
            machine.run(100)
        return time.process_time() - start

    ratios = [run("auto") / run("reference") for _ in range(9)]
    told(f"{statistics.median(ratios):.3f}")
    assert statistics.median(ratios) <= 1.1
