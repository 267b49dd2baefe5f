"""Lock step: the first divergence, wherever it is, and the first loss of control; and none where there is none."""

import pytest
from attrs import evolve

from popek.engine.reference import Kind
from popek.engine.stepper import Outcome
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.expression import as_expr
from popek.isa.instruction import EXECUTES
from popek.isa.slot import DISK, MODE
from popek.isa.variants import VARIANTS
from popek.vmm.allotment import Allotment
from popek.vmm.compare import TAIL, Difference, LockStep
from popek.vmm.monitor import TRAP_AND_EMULATE, Monitor

BY_NAME = {v.name: v for v in VARIANTS}
ALLOTMENT = Allotment(32, 64)


def pair(
    *lines: tuple[str, dict[str, int]], isa: Isa = CLASSIC, monitor: Monitor = TRAP_AND_EMULATE, **more: int
) -> LockStep:
    """Return bare and virtual machine with a program at word 16 that returns from its traps, and more words."""
    words = {16 + n: isa[name].encode(values) for n, (name, values) in enumerate(lines)}
    words |= {9: 60, 11: 64, 60: isa["halt"].encode({})} | {int(n[1:]): w for n, w in more.items()}
    return LockStep(isa, words, monitor=monitor, allotment=ALLOTMENT, memory=128, typed=b"ab", disk=range(64))


def test_where_there_is_no_difference_none_is_reported() -> None:
    """Every part of the machine used once: equal to the end, and both results are the same."""
    comparison = pair(
        ("in", {"a": 1, "imm": 0}), ("out", {"a": 1, "imm": 0}), ("getr", {"a": 2, "b": 3}),
        ("ldi", {"a": 5, "imm": 40}), ("disk", {"a": 5, "b": 0, "imm": 0}), ("getmode", {"a": 6}), ("halt", {}),
    ).run()  # fmt: skip
    assert comparison.equivalent
    assert comparison.violation is None
    assert comparison.divergence is None
    assert comparison.bare == comparison.virtual
    assert comparison.bare.outcome is Outcome.HALTED
    assert comparison.bare.output == "a"
    assert (comparison.steps, comparison.direct, comparison.exits) == (7, 1, {"privileged": 6})


def test_a_register_that_differs_is_named() -> None:
    """With the value on either side, the step, and the last steps of both."""
    lines = [*[("nop", dict[str, int]())] * 9, ("getr", {"a": 2, "b": 3}), ("halt", {})]
    comparison = pair(*lines, isa=BY_NAME["r-readable"]).run()
    divergence = comparison.divergence
    assert divergence
    assert divergence.step == 10
    assert divergence.differences == (Difference("r2", 0, 32),)
    assert len(divergence.bare) == len(divergence.virtual) == TAIL
    assert divergence.bare[-1].event.decoded == divergence.virtual[-1].event.decoded
    assert [r.event.kind for r in divergence.bare] == [Kind.EXECUTED] * TAIL
    assert (comparison.bare.outcome, comparison.virtual.outcome) == (Outcome.HALTED, Outcome.HALTED)


def test_a_word_of_memory_that_differs_is_named_by_its_virtual_address() -> None:
    """On the step that touches it."""
    comparison = pair(("spsw", {"b": 0, "imm": 40}), ("halt", {}), isa=BY_NAME["psw-storable"]).run()
    assert comparison.divergence
    assert comparison.divergence.step == 1
    assert [d.what for d in comparison.divergence.differences] == ["phys[40]", "phys[42]"]


def test_a_slot_that_differs_is_named() -> None:
    """The mode is the guest's own: a monitor that shows the real one is told so at once."""
    comparison = pair(("nop", {}), monitor=evolve(TRAP_AND_EMULATE, recovery={MODE: as_expr(MODE)})).run()
    assert comparison.divergence
    assert comparison.divergence.differences == (Difference("mode", 0, 1),)
    assert comparison.divergence.step == 1


def test_a_device_that_differs_is_found_at_the_end() -> None:
    """All of memory and of the devices is compared once more."""
    both = pair(("halt", {}))
    both.virtual.state.own.arrays[DISK][20] = 99
    divergence = both.run().divergence
    assert divergence
    assert divergence.differences == (Difference("disk[20]", 20, 99),)


def test_an_end_on_one_side_only_is_a_difference() -> None:
    """The guest that stopped the real processor: the bare machine has halted, the virtual one is lost."""
    comparison = pair(("halt", {}), isa=CLASSIC.vary("open", halt=EXECUTES)).run()
    assert not comparison.equivalent
    assert (comparison.bare.outcome, comparison.virtual.outcome) == (Outcome.HALTED, Outcome.LOST)
    assert comparison.violation
    assert comparison.violation.sentences == ("not so: the processor is running",)


def test_equivalence_without_control_is_possible() -> None:
    """The store that spills: no difference to the guest, and a word that is not its own is written."""
    comparison = pair(
        ("ldi", {"a": 1, "imm": 7}), ("st", {"a": 1, "b": 0, "imm": 63}), ("halt", {}), isa=BY_NAME["spill"]
    ).run()
    assert comparison.equivalent
    assert comparison.violation
    assert comparison.violation.step == 2
    assert comparison.violation.sentences == ("real memory word 96, outside the allotment, changed from 0 to 7",)


def test_only_the_first_violation_is_kept() -> None:
    """What follows is its consequence."""
    wrong = evolve(TRAP_AND_EMULATE, entry={MODE: as_expr(MODE)})
    comparison = pair(("nop", {}), ("nop", {}), monitor=wrong).run(20)
    assert comparison.violation
    assert comparison.violation.step == 1


def test_a_budget_stops_both() -> None:
    """No further than that, on either side."""
    comparison = pair(("jal", {"a": 1, "imm": 0})).run(10)
    assert comparison.equivalent
    assert (comparison.steps, comparison.bare.steps, comparison.virtual.steps) == (10, 10, 10)
    assert comparison.bare.outcome is Outcome.BUDGET


def test_a_comparison_as_json() -> None:
    """Numbers and names; what was not found is null."""
    text = pair(("halt", {})).run().to_dict()
    assert (text["isa"], text["monitor"], text["equivalent"], text["controlled"]) == (
        "classic", "trap-and-emulate", True, True,
    )  # fmt: skip
    assert text["divergence"] is text["violation"] is None
    assert text["allotment"] == {"base": 32, "size": 64}
    assert text["virtual"]["exits"] == {"privileged": 1}
    wrong = evolve(TRAP_AND_EMULATE, entry={MODE: as_expr(MODE)}, recovery={MODE: as_expr(1)})
    told = pair(("nop", {}), monitor=wrong).run(5).to_dict()
    assert told["divergence"]["step"] == 1
    assert told["divergence"]["differences"][0]["what"] == "mode"
    assert told["violation"] == {"step": 1, "sentences": ["not so: the real mode is user"]}


@pytest.mark.parametrize("base", [16, 17, 100])
def test_an_allotment_may_lie_anywhere(base: int) -> None:
    """At the very end of real memory as well: nobody sees where."""
    words = {16: CLASSIC["getr"].encode({"a": 1, "b": 2}), 17: CLASSIC["halt"].encode({})}
    comparison = LockStep(CLASSIC, words, allotment=Allotment(base, 20), memory=base + 20).run()
    assert comparison.equivalent
    assert comparison.virtual.registers[:3] == (0, 0, 20)
