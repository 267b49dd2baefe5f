"""Stepping, running, stepping back, tracing, and noticing that nothing will ever happen again."""

from collections.abc import Callable
from typing import Any

import pytest

from popek.engine.machine import Machine
from popek.engine.reference import Kind
from popek.engine.stepper import Outcome, Record, Stepper
from popek.errors import PopekError
from popek.isa.classic import CLASSIC
from popek.isa.instruction import EXECUTES
from popek.isa.slot import Slot
from popek.testing.programs import Guest, guest
from popek.vmm.monitor import MONITORS
from popek.vmm.virtual_machine import VirtualMachine

Make = Callable[..., Stepper]


def bare(drawn: Guest, **options: Any) -> Machine:
    """Return a guest's bare machine."""
    return Machine(CLASSIC, drawn.words, memory=drawn.allotment.size, typed=drawn.typed, disk=drawn.disk, **options)


def virtual(drawn: Guest, **options: Any) -> VirtualMachine:
    """Return a guest's virtual machine."""
    options = {"typed": drawn.typed, "disk": drawn.disk, **options}
    return VirtualMachine(CLASSIC, drawn.words, allotment=drawn.allotment, memory=drawn.memory, **options)


def hybrid(drawn: Guest, **options: Any) -> VirtualMachine:
    """Return a guest's virtual machine whose supervisor code is interpreted."""
    return virtual(drawn, monitor=MONITORS["hybrid"], **options)


MAKERS = pytest.mark.parametrize("make", [bare, virtual, hybrid])


def everything(stepper: Stepper) -> dict[str, Any]:
    """Return all that a step may change, copied: state, devices, counters, the monitor's notes."""
    return {name: container.copy() for name, container in stepper.everything().items()}


@MAKERS
@pytest.mark.parametrize("history", [10_000, 7, 0])
def test_going_back_is_exact(make: Make, history: int) -> None:
    """After n steps forth and m back all is as it was m steps ago, and running on gives the same again."""
    for seed in range(12):
        stepper = make(guest(CLASSIC, seed), history=history)
        seen = [everything(stepper)]
        while len(seen) <= 60 and stepper.step() is not None:
            seen.append(everything(stepper))
        last = len(seen) - 1
        for back in (0, 1, 3, 20, last):
            back = min(back, last)  # noqa: PLW2901
            stepper.back(back)
            assert everything(stepper) == seen[last - back]
            assert stepper.counts["steps"] == last - back
            stepper.run(back)
            assert everything(stepper) == seen[last]


@MAKERS
def test_going_back_step_by_step_beyond_the_history(make: Make) -> None:
    """Where the deltas end the machine is run again from its beginning; nobody can tell."""
    stepper = make(guest(CLASSIC, 3), history=5)
    seen = [everything(stepper)]
    for _ in range(40):
        stepper.step()
        seen.append(everything(stepper))
    for expected in reversed(seen[:-1]):
        stepper.back()
        assert everything(stepper) == expected


def changes(before: dict[str, Any], after: dict[str, Any], names: set[str]) -> dict[str, tuple[Any, Any]]:
    """Return what differs between two snapshots, by the names that a trace uses."""
    found = {}
    for container in names:
        one, other = (
            dict(x) if isinstance(x, dict) else dict(enumerate(x)) for x in (before[container], after[container])
        )
        for key in one.keys() | other.keys():
            if one.get(key) != other.get(key):
                name = f"{container}{key.name}" if isinstance(key, Slot) else f"{container}[{key}]"
                found[name] = (one.get(key), other.get(key))
    return found


@MAKERS
def test_a_trace_has_every_change(make: Make) -> None:
    """Completeness: what differs between two steps is in the record, with both values, once, and nothing else is."""
    records: list[Record] = []
    for seed in range(25):
        stepper = make(guest(CLASSIC, seed), sink=records.append)
        before = everything(stepper)
        while stepper.counts["steps"] < 50 and stepper.step():
            after = everything(stepper)
            expected = changes(before, after, set(stepper._containers()))
            assert {name: (old, new) for name, old, new in records[-1].changes} == expected
            assert len(records[-1].changes) == len(expected)
            assert records[-1].step == stepper.counts["steps"]
            before = after
    assert {r.event.kind for r in records} == set(Kind)


def test_a_record_as_json() -> None:
    """Names and numbers only; the trap's cause, or the instruction, or neither."""
    records: list[Record] = []
    machine = Machine(CLASSIC, {16: 0x0110_0000, 9: 17, 17: 0x4000_0000, 11: 64}, memory=64, sink=records.append)
    machine.run()
    first, second = (r.to_dict() for r in records)
    assert (first["kind"], first["cause"], first["instruction"], first["detail"]) == (
        "trap",
        "illegal",
        None,
        0x0110_0000,
    )
    assert ["pc", 16, 17] in first["changes"]
    assert second == {
        "step": 2, "kind": "executed", "pc": 17, "mode": 0, "instruction": "halt", "word": 0x4000_0000, "cause": None,
        "detail": 0, "changes": [["run", 0, 1], ["pc", 17, 18]],
    }  # fmt: skip


HANDLER = 20


def code(*lines: tuple[str, dict[str, int]]) -> list[int]:
    """Return instruction words."""
    return [CLASSIC[name].encode(values) for name, values in lines]


def program(start: list[int], handler: list[int], status: int = 0, pc: int = HANDLER) -> dict[int, int]:
    """Return a program whose traps go to a handler with a status."""
    return {
        8: status,
        9: pc,
        11: 64,
        **dict(enumerate(start, 16)),
        **dict(enumerate(handler, 40 if pc == 40 else HANDLER)),
    }


SVC = [("svc", {"imm": 1})]
TICKING = [("ldi", {"a": 1, "imm": 9}), ("settimer", {"a": 1}), *SVC]


def words_in(register: int, word: int) -> list[tuple[str, dict[str, int]]]:
    """Return instructions that put any word in a register."""
    low = word & 0xFFFF
    return [
        ("ldi", {"a": register, "imm": low - 0x10000 if low & 0x8000 else low}),
        ("ldih", {"a": register, "imm": word >> 16}),
    ]


LOAD_FROM_3, LOAD_FROM_2 = code(("ld", {"a": 1, "b": 3, "imm": 0}), ("ld", {"a": 1, "b": 2, "imm": 0}))

LOOPS: dict[str, dict[int, int]] = {
    "fetch fault": program(code(*SVC), [], pc=64),
    "pc far away": program(code(*SVC), [], pc=0xFFFFFFFF),
    "illegal opcode": program(code(*SVC), [0]),
    "supervisor call": program(code(*SVC), code(*SVC)),
    "privileged, in user mode": program(code(*SVC), code(("halt", {})), status=1),
    "load that faults": program(code(*SVC), code(("ld", {"a": 1, "b": 0, "imm": -1}))),
    "division": program(code(*SVC), code(("divu", {"a": 1, "b": 1, "c": 1}))),
    "previous mode": program(code(("ldi", {"a": 5, "imm": -1}), *SVC), code(("mfpi", {"a": 1, "b": 5}))),
    "timer running": program(code(*TICKING), code(*SVC)),
    "timer running, interrupts on": program(code(*TICKING), code(*SVC), status=2),
    "fetch fault, interrupts on": program(code(*TICKING), [], status=2, pc=64),
    "executing the detail": program(code(*SVC), [], pc=5),
    "executing the timer": program(code(*TICKING), [], pc=6),
    "two in turn": program(
        code(*words_in(2, LOAD_FROM_3), *words_in(3, LOAD_FROM_2), ("ld", {"a": 1, "b": 2, "imm": 0})), [], pc=5
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_trap_loop_is_noticed(name: str) -> None:
    """Whatever the trap is: within a few steps, on the bare machine and in a virtual one after as many."""
    machine, vm = Machine(CLASSIC, LOOPS[name], memory=64), VirtualMachine(CLASSIC, LOOPS[name], memory=128)
    result = machine.run(200)
    assert result.outcome is Outcome.TRAP_LOOP
    assert machine.step() is None
    assert vm.run(200).steps == result.steps < 40
    assert vm.outcome is Outcome.TRAP_LOOP


@pytest.mark.parametrize("name", LOOPS)
def test_a_trap_loop_is_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is reported never ends: without the watch, 3,000 further steps are traps, or interrupts, one and all."""
    machine = Machine(CLASSIC, LOOPS[name], memory=64)
    machine.run(200)
    machine._loop["looping"] = False
    monkeypatch.setattr(machine, "_watch", lambda _event: None)
    events = [machine.step() for _ in range(3000)]
    assert {e.kind for e in events if e} <= {Kind.TRAP, Kind.INTERRUPT}
    assert None not in events


RETURN = code(("lpsw", {"b": 0, "imm": 0}))
NO_LOOPS: dict[str, tuple[dict[int, int], Outcome]] = {
    "handler returns": (program(code(*SVC, ("jal", {"a": 1, "imm": -1})), RETURN), Outcome.BUDGET),
    "handler returns to what traps again": (program([0], RETURN), Outcome.BUDGET),
    "the trapped instruction is the handler": (
        program(code(("jsu", {"a": 1})), [], pc=5) | {0: 0x4000_0000}, Outcome.HALTED,
    ),
    "the timer becomes an instruction": (
        program(code(*words_in(1, 0x0100_0009), ("settimer", {"a": 1}), *SVC), [], pc=6) | {7: 0x4000_0000},
        Outcome.HALTED,
    ),
    "a loop that executes": (program(code(("jal", {"a": 1, "imm": 0})), []), Outcome.BUDGET),
    "interrupts without end": (
        program(
            code(*TICKING), code(("settimer", {"a": 2}), ("settimer", {"a": 1}), ("lpsw", {"b": 0, "imm": 48}))
        ) | {48: 2, 49: 30, 51: 64, 30: 0x1900_0000},
        Outcome.BUDGET,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_LOOPS)
def test_what_makes_progress_is_no_trap_loop(name: str) -> None:
    """Traps that follow each other, or come back, are no loop as long as something may still change."""
    words, outcome = NO_LOOPS[name]
    machine, vm = Machine(CLASSIC, words, memory=64), VirtualMachine(CLASSIC, words, memory=128)
    assert machine.run(500).outcome is outcome
    assert vm.run(500).outcome is outcome
    assert machine.counts["steps"] == vm.counts["steps"]


def test_a_budget_is_an_outcome_and_a_run_goes_on_after_it() -> None:
    """So many steps of this call, neither more nor less; the counts go on."""
    machine = Machine(CLASSIC, {16: 0x1910_0000}, memory=64)
    assert machine.run(7).outcome is Outcome.BUDGET
    result = machine.run(5)
    assert (result.steps, result.instructions, machine.outcome) == (12, 12, None)
    assert machine.run(0).steps == 12


def test_interrupt_entries_are_steps_but_no_instructions() -> None:
    """The counts say what was attempted."""
    machine = Machine(CLASSIC, NO_LOOPS["interrupts without end"][0], memory=64)
    result = machine.run(100)
    assert result.instructions < result.steps == 100


@pytest.mark.parametrize("steps", [-1, 4, 100])
def test_one_cannot_go_back_to_before_the_beginning(steps: int) -> None:
    """Nor into the future; the state stays as it is."""
    machine = Machine(CLASSIC, {16: 0x1910_0000}, memory=64)
    machine.run(3)
    with pytest.raises(PopekError, match=f"cannot go back {steps} steps: 3 were taken"):
        machine.back(steps)
    assert machine.counts["steps"] == 3


def test_one_can_go_back_from_the_end() -> None:
    """From a halt, from a trap loop, and from a processor that was lost: the outcome is taken back as well."""
    open_halt = CLASSIC.vary("open", halt=EXECUTES)
    looping = Machine(CLASSIC, LOOPS["illegal opcode"], memory=64)
    halted = Machine(CLASSIC, {16: 0x0100_0000, 17: 0x4000_0000}, memory=64)
    lost = VirtualMachine(open_halt, {16: 0x0100_0000, 17: 0x4000_0000}, memory=64)
    for stepper, outcome in ((looping, Outcome.TRAP_LOOP), (halted, Outcome.HALTED), (lost, Outcome.LOST)):
        result = stepper.run(100)
        assert result.outcome is outcome
        assert result.to_dict()["outcome"] == outcome.value
        stepper.back(0)
        assert stepper.outcome is outcome
        stepper.back()
        assert stepper.outcome is None
        assert stepper.counts["steps"] == result.steps - 1
        assert stepper.run(100) == result


def test_a_result_as_json() -> None:
    """Outcome, output, registers, counts and slots, by the names of the contract."""
    words = code(("ldi", {"a": 1, "imm": 33}), ("out", {"a": 1, "imm": 0}), ("halt", {}))
    result = Machine(CLASSIC, dict(enumerate(words, 16)), memory=64).run().to_dict()
    assert result["outcome"] == "halted"
    assert result["output"] == "!"
    assert result["registers"] == [0, 33] + [0] * 14
    assert (result["instructions"], result["steps"]) == (3, 3)
    assert result["state"]["console_written"] == 1
