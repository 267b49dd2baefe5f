"""The theorems, on instructions that nobody thought of: where a premise holds, the monitor it promises is not refuted.

The prover at full width. `test_small_random.py` holds the same instructions against small machines, state by state.
"""

import pytest
from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Put, Store
from popek.isa.classic import CLASSIC
from popek.isa.expression import SIZE
from popek.isa.instruction import IGNORED, A, Instruction
from popek.isa.slot import REGISTERS
from popek.prove.classes import Showing, classify
from popek.prove.properties import prove
from popek.prove.theorems import theorem_1, theorem_3
from popek.prove.values import Status
from popek.testing.behaviours import faults_alike, random_instruction
from popek.vmm.monitor import HYBRID, TRAP_AND_EMULATE, Monitor

PROMISED = ("equivalence", "resource_control", "isolation")


def with_random(seed: int) -> Isa:
    """Return a machine of two instructions: "do nothing", and a random one."""
    return evolve(CLASSIC, name=f"random-{seed}", instructions=(CLASSIC["nop"], random_instruction(seed)))


def refuted(isa: Isa, monitor: Monitor) -> list[str]:
    """Return what of the theorem's promise the prover refutes."""
    proof = prove(isa, monitor, classify(isa, showing=Showing.NOTHING))
    return [p for p in PROMISED if proof.verdict(p).status is Status.REFUTED]


def violations(seeds: range) -> list[tuple[int, str, list[str]]]:
    """Return the seeds of instructions for which a premise holds and its promise is broken."""
    found = []
    for seed in seeds:
        isa = with_random(seed)
        if not faults_alike(isa["random"]) and _innocuous(isa):
            continue  # see the last test
        classes = classify(isa, showing=Showing.NOTHING)
        for theorem, monitor in ((theorem_1, TRAP_AND_EMULATE), (theorem_3, HYBRID)):
            broken = refuted(isa, monitor) if theorem(classes).holds else []
            found += [(seed, monitor.name, broken)] if broken else []
    return found


def _innocuous(isa: Isa) -> bool:
    return bool(classify(isa, showing=Showing.NOTHING)[1].innocuous)


def test_the_premises_keep_their_promises() -> None:
    """Sixty random instructions: no violation of theorem 1, nor of theorem 3."""
    assert not violations(range(60))


def test_the_sample_is_no_empty_one() -> None:
    """Among them are instructions on either side of each premise, or the law above would say nothing."""
    classes = [classify(with_random(seed), showing=Showing.NOTHING) for seed in range(60)]
    for theorem in (theorem_1, theorem_3):
        held = [theorem(c).holds for c in classes]
        assert held.count(True) >= 5, theorem
        assert held.count(False) >= 5, theorem


@pytest.mark.soak
@pytest.mark.parametrize("first", range(60, 1060, 100))
def test_the_premises_keep_their_promises_a_thousand_times(first: int) -> None:
    """A thousand more."""
    assert not violations(range(first, first + 100))


def test_a_memory_trap_in_one_mode_alone_is_where_the_paper_leaves_a_gap() -> None:
    """The paper sets a pair of states aside if either makes a memory trap, and so do our classes.

    An instruction that refers to memory in supervisor mode only is then innocuous if it always faults there, and a
    monitor cannot see that it should have. The theorem rests on instructions that refer to the same words in any mode.
    """
    faulting = Instruction("odd", "", 0x60, "Fault, in supervisor mode.", Behaviour({}, [Store(-1, 0)]), IGNORED)
    isa = evolve(CLASSIC, name="gap", instructions=(CLASSIC["nop"], faulting))
    assert theorem_1(classify(isa)).holds
    assert refuted(isa, TRAP_AND_EMULATE) == ["equivalence"]
    assert not faults_alike(faulting)


def test_the_size_of_memory_is_another_gap() -> None:
    """It is no part of the state, and so nothing that an instruction could be sensitive to; and a guest has less."""
    measures = Instruction("odd", "ra", 0x60, "Read the size of memory.", Behaviour({}, [Put(REGISTERS, A, SIZE)]))
    isa = evolve(CLASSIC, name="gap", instructions=(CLASSIC["nop"], measures))
    assert theorem_1(classify(isa)).holds
    assert refuted(isa, TRAP_AND_EMULATE) == ["equivalence"]
