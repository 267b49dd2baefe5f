"""Ported guests under a compiled monitor: ends of quanta that nobody sees, and the hypercalls that come at one."""

import pytest

pytest.importorskip("llvmlite")

from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.cycle import Interrupt
from popek.isa.porting import port
from popek.testing.loops import looping
from popek.testing.virtual_tiers import of_words
from popek.vmm.compiled import step
from popek.vmm.compiled.quanta import Quanta
from popek.vmm.monitor import PARAVIRTUAL
from popek.vmm.virtual_machine import VirtualMachine

CRITICAL = frozenset(i.name for i in SYSTEM)


def differs(seed: int, quantum: int, steps: int = 700) -> bool:
    """Say whether a random loop, ported, runs otherwise than under the reference."""
    words = port(looping(CLASSIC, seed), CLASSIC, CRITICAL).words
    return bool(of_words(CLASSIC, PARAVIRTUAL, words, seed, steps=steps, quantum=quantum))


@pytest.mark.parametrize("quantum", [1, 2, 3, 4, 5, 7, 11, 50])
def test_random_ported_loops_run_as_under_the_reference(quantum: int) -> None:
    """With interrupts, traps, hypercalls and code that patches itself; quanta so short that they end everywhere."""
    for seed in range(3):
        assert not differs(seed, quantum), seed


@pytest.mark.soak
@pytest.mark.parametrize("quantum", [*range(1, 20), 33, 100, 333])
def test_many_random_ported_loops_run_as_under_the_reference(quantum: int) -> None:
    """The same, three hundred loops for each quantum, each for longer."""
    for seed in range(100, 400):
        assert not differs(seed, quantum, 2000), seed


COUNTING = """
        .org    16
        ldi     r1, 0
        ldi     r2, 2000
loop:   addi    r1, r1, 1
        addi    r3, r3, 5
        addi    r4, r4, 7
        settimer r0
        bne     r1, r2, loop
        halt
"""
"""A hypercall in every fifth step."""


@pytest.mark.parametrize("quantum", [*range(1, 13), 15, 16, 997])
def test_a_hypercall_at_the_end_of_a_quantum_has_no_exit_of_its_own(quantum: int) -> None:
    """Whoever has the processor at that end does it."""
    words = port(assemble(COUNTING, CLASSIC).words, CLASSIC, CRITICAL).words
    assert not of_words(CLASSIC, PARAVIRTUAL, words, quantum, steps=3000, quantum=quantum)


def test_ends_of_quanta_are_passed_over_for_ported_guests_too() -> None:
    """And counted."""
    assert step.MonitorStep(step.Compilation(CLASSIC, CLASSIC, PARAVIRTUAL)).quanta.used
    source = ".org 16\nldi r2, 30000\nloop: addi r1, r1, 1\nbne r1, r2, loop\nhalt"
    machine = VirtualMachine(CLASSIC, assemble(source, CLASSIC).words, monitor=PARAVIRTUAL)
    machine.engine = "native"
    machine.run(50 * PARAVIRTUAL.quantum + 1)
    assert machine.exits == {"timer": 50}


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("wrong", ["never", "always"])
def test_an_end_of_a_quantum_before_a_hypercall_that_is_not_made_is_noticed(
    monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """Nor may there be one that is none."""
    if wrong == "never":
        monkeypatch.setattr(Quanta, "ended_before", lambda _self: "false")
    else:
        monkeypatch.setattr(step.MonitorStep, "_interrupted", _without_shortening)
    words = port(assemble(COUNTING, CLASSIC).words, CLASSIC, CRITICAL).words
    assert any(of_words(CLASSIC, PARAVIRTUAL, words, quantum, steps=3000, quantum=quantum) for quantum in (1, 2, 3))


def _without_shortening(self: step.MonitorStep, source: Interrupt) -> None:
    right = self.quanta.shorten
    self.quanta.shorten = lambda: None  # type: ignore[method-assign]
    _right(self, source)
    self.quanta.shorten = right  # type: ignore[method-assign]


_right = step.MonitorStep._interrupted
