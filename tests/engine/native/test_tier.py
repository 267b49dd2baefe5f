"""The native tier does what the reference does, state for state, and where it would not, these tests say so."""

import sys
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import pytest
from attrs import evolve

import popek

pytest.importorskip("llvmlite")

from popek.engine.machine import Machine
from popek.engine.native import (
    cache,
    clocks,
    expressions,
    interpreter,
    path,
    region,
    regions,
    tier,
    views,
)
from popek.engine.native.context import Field
from popek.engine.native.text import Text
from popek.engine.stepper import Outcome, Stepper
from popek.engine.tiers import Stop
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.domain import Domain
from popek.isa.expression import Op
from popek.isa.slot import Array
from popek.testing.loops import SIZE, looping
from popek.testing.programs import guest
from popek.vmm.virtual_machine import VirtualMachine


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make regions at once, unfold them soon, and keep compiled loops where this session has them."""
    where = tmp_path_factory.getbasetemp() / "native"
    monkeypatch.setattr(cache, "directory", lambda: where)
    monkeypatch.setattr(regions, "WORTH", 3)
    monkeypatch.setattr(tier, "THRESHOLD", 5)


def everything(stepper: Stepper) -> dict[str, Any]:
    """Return all that a step may change, copied."""
    return {name: container.copy() for name, container in stepper.everything().items()}


def pair(isa: Isa, words: Mapping[int, int], **options: Any) -> tuple[Machine, Machine]:
    """Return a machine run by the reference, and one run by compiled code."""
    one, other = (Machine(isa, words, **options) for _ in range(2))
    one.engine, other.engine = "reference", "native"
    return one, other


def differing(one: Machine, other: Machine, steps: int, seed: int) -> dict[str, Any]:
    """Run both by random budgets, and return what differs first, before and after a run of either kind."""
    random = Random(seed)  # noqa: S311
    while one.outcome is None and one.counts["steps"] < steps:
        budget = random.choice((1, 2, 3, 5, 17, 50, 100, 200, 500))
        one.run(budget)
        other.run(budget)
        before, after = everything(one), everything(other)
        if before != after:
            return {k: (before[k], after[k]) for k in before if before[k] != after[k]}
    return {}


def of_guest(isa: Isa, seed: int) -> dict[str, Any]:
    """Return what differs in the run of a random guest."""
    drawn = guest(isa, seed)
    one, other = pair(isa, drawn.words, memory=drawn.allotment.size, typed=drawn.typed, disk=drawn.disk)
    return differing(one, other, 3 * drawn.steps, seed)


def of_loop(isa: Isa, seed: int, steps: int = 2000) -> dict[str, Any]:
    """Return what differs in the run of a random guest that loops."""
    one, other = pair(isa, looping(isa, seed), memory=SIZE)
    return differing(one, other, steps, seed)


@pytest.mark.parametrize("part", range(4))
def test_random_guests_run_as_by_the_reference(part: int) -> None:
    """System instructions, traps, interrupts, devices: state for state, counters included."""
    for seed in range(part * 25, part * 25 + 25):
        assert not of_guest(CLASSIC, seed), seed


@pytest.mark.parametrize("part", range(4))
def test_hot_code_runs_as_by_the_reference(part: int) -> None:
    """Regions: traps in the middle, timers, budgets, code that patches itself."""
    for seed in range(part * 4, part * 4 + 4):
        assert not of_loop(CLASSIC, seed), seed


@pytest.mark.soak
@pytest.mark.parametrize("part", range(100))
def test_many_random_guests_run_as_by_the_reference(part: int) -> None:
    """The same, a hundred thousand wide guests and a few thousand that loop."""
    for seed in range(10_000 + part * 1000, 11_000 + part * 1000):
        assert not of_guest(CLASSIC, seed), seed
    for seed in range(10_000 + part * 30, 10_030 + part * 30):
        assert not of_loop(CLASSIC, seed), seed


@pytest.mark.parametrize("name", ["jrst1", "psw-loadable", "r-writable", "mtpi", "setb", "spill", "timer-writable"])
def test_variants_run_as_by_the_reference(name: str) -> None:
    """What instructions do in user mode is compiled like everything else."""
    isa = popek.load(name)
    for seed in range(6):
        assert not of_guest(isa, seed), seed
    assert not of_loop(isa, 77)


@pytest.mark.parametrize("name", ["x86", "vax", "pdp11-45"])
def test_machines_with_slots_of_their_own_can_be_compiled(name: str) -> None:
    """Their random guests' common instructions run as by the reference, flags and all."""
    isa = popek.load(name)
    assert interpreter.compilable(isa)
    drawn = guest(CLASSIC, 5)
    one, other = pair(isa, drawn.words, memory=drawn.allotment.size)
    assert not differing(one, other, 200, 1)


def test_going_back_after_a_native_run_is_exact() -> None:
    """By replay from the beginning, natively where that is far."""
    one, other = pair(CLASSIC, looping(CLASSIC, 3), memory=SIZE)
    for machine in (one, other):
        machine.run(5000)
        machine.back(1700)
    assert everything(one) == everything(other)
    assert other.sprinted["native"] > 5000
    one.back(3)
    other.back(3)
    assert everything(one) == everything(other)


def test_a_tier_that_may_not_trap_hands_the_step_over_untouched() -> None:
    """Neither traps nor interrupts; the state is that before the step."""
    machine = Machine(CLASSIC, {16: 0x0100_0000, 17: 0x1B00_0007}, memory=64)
    native = tier.make(CLASSIC, machine.state)
    assert native is not None
    sprint = native.advance(10, trapped=False, traps=False)
    assert (sprint.steps, sprint.instructions, sprint.stop, sprint.trap) == (1, 1, Stop.HAND_OVER, None)
    sprint = native.advance(1, trapped=False)
    assert sprint.steps == 1
    assert sprint.trap is not None
    assert (sprint.trap.pc, sprint.trap.detail) == (17, 7)
    assert native.advance(10, trapped=True).steps == 0


def test_a_trap_loop_is_noticed_at_the_same_step() -> None:
    """A handler that traps at once, after a run of a thousand steps; the loop is the stepper's to find."""
    words = looping(CLASSIC, 1) | {32: 0x4000_0001}
    one, other = pair(CLASSIC, words, memory=SIZE)
    assert [m.run(100_000).outcome for m in (one, other)] == [Outcome.TRAP_LOOP] * 2
    assert everything(one) == everything(other)


def test_a_program_that_patches_itself_for_ever_is_left_to_the_interpreter() -> None:
    """After a few compilations nobody tries again."""
    code = [
        *(("ld", {"a": r, "b": 0, "imm": 40 + r}) for r in (2, 3)),
        ("st", {"a": 2, "b": 0, "imm": 21}),
        ("st", {"a": 3, "b": 0, "imm": 21}),
        ("addi", {"a": 1, "b": 1, "imm": 1}),
        ("nop", {}),
        ("jal", {"a": 8, "imm": -4}),
    ]
    words = {16 + n: CLASSIC[name].encode(values) for n, (name, values) in enumerate(code)}
    words |= {42: 0x0100_0000, 43: CLASSIC["addi"].encode({"a": 4, "b": 4, "imm": 1})}
    one, other = pair(CLASSIC, words, memory=64)
    assert not differing(one, other, 4000, 9)
    native = other._tiers["native"]
    assert isinstance(native, tier.Native)
    assert max(native.regions._made.values()) <= 4
    assert not native.regions.alive


def test_words_that_python_writes_are_noticed() -> None:
    """A region whose words somebody has changed from outside is not run again."""
    one, other = pair(CLASSIC, looping(CLASSIC, 3), memory=SIZE)
    for machine in (one, other):
        machine.run(2000)
    native = other._tiers["native"]
    assert isinstance(native, tier.Native)
    assert native.memory.fields[Field.REGIONS]
    for machine in (one, other):
        for address in range(64, 120):
            machine.state.memory[address] = 0x0100_0000
        machine.run(500)
    assert everything(one) == everything(other)


FEW = evolve(
    CLASSIC,
    name="few-native",
    instructions=tuple(
        i
        for i in CLASSIC.instructions
        if i.name in (
            "ldi", "ld", "st", "add", "addi", "sub", "mul", "and", "or", "xor", "shl", "shr", "sar", "slt", "sltu",
            "divu", "remu", "beq", "bne", "blt", "bltu", "jal", "svc", "getmode", "settimer", "lpsw", "halt",
        )
    ),
)  # fmt: skip


@pytest.fixture
def fresh() -> Iterator[None]:
    """Compile loops anew, and forget them afterwards."""
    tier.loop.cache_clear()
    yield
    tier.loop.cache_clear()


def noticed() -> bool:
    """Say whether some random loop runs otherwise than by the reference."""
    return any(of_loop(FEW, seed, 1200) for seed in range(14))


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("wrong", ["sub", "slt", "xor"])
def test_a_wrong_operator_is_noticed(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    """An emitter that takes one operator for another."""
    right = expressions.operators
    swapped = {"sub": Op.ADD, "slt": Op.ULT, "xor": Op.OR}

    def operators(text: Text) -> Domain[str]:
        domain = right(text)
        return evolve(domain, operators={**domain.operators, Op(wrong): domain.operators[swapped[wrong]]})

    monkeypatch.setattr(expressions, "operators", operators)
    assert noticed()


@pytest.mark.usefixtures("fresh")
def test_a_store_that_does_not_mark_code_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled code that has changed would run on."""

    def put(self: views.Buffered, text: Text, array: Array, index: str, value: str) -> None:
        text.store(value, text.at(self.buffers[array].pointer, index, by="i32"))

    monkeypatch.setattr(views.Buffered, "_put", put)
    monkeypatch.setattr(path.Path, "_store", lambda *_: None)
    assert noticed()


@pytest.mark.parametrize("by", [-1, 1])
def test_a_refund_that_is_off_by_one_is_noticed(monkeypatch: pytest.MonkeyPatch, by: int) -> None:
    """A trap in the middle of a block gives back the time of what was not executed, exactly."""
    right = region.Region._leave

    def leave(self: region.Region, way: path.Path, pc: str, done: int) -> None:
        right(self, way, pc, done + by if done > 1 else done)

    monkeypatch.setattr(region.Region, "_leave", leave)
    assert noticed()


@pytest.mark.usefixtures("fresh")
def test_a_clock_that_is_settled_wrongly_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An instruction that is not seen to tell the time."""
    monkeypatch.setattr(clocks, "touches", lambda _behaviour, _slots: False)
    monkeypatch.setattr(interpreter, "touches", lambda _behaviour, _slots: False)
    assert noticed()


@pytest.mark.parametrize("missing", ["llvmlite", "platformdirs"])
def test_without_what_it_needs_the_next_best_engine_serves(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And who asks for this one is told what to install."""
    monkeypatch.setitem(sys.modules, missing, None)
    machine = Machine(CLASSIC, looping(CLASSIC, 1), memory=SIZE)
    machine.run(4000)
    assert "native" not in machine.sprinted
    with pytest.raises(popek.PopekError, match=r"not available\n.*popek\[native\]"):
        popek.run("hello", engine="native")


@pytest.mark.parametrize("budget", [1 << 62, 1 << 64, 10**30])
def test_a_budget_that_no_field_holds_is_a_budget(budget: int) -> None:
    """A run to the halt, however many steps it might have taken."""
    words = {16: CLASSIC["nop"].encode({}), 17: CLASSIC["halt"].encode({})}
    machine = Machine(CLASSIC, words, memory=64)
    machine.engine = "native"
    assert machine.run(budget).outcome is Outcome.HALTED
    assert machine.counts["steps"] == 2


@pytest.mark.parametrize("call", range(1, 6))
@pytest.mark.parametrize("virtual", [False, True])
def test_whoever_interrupts_finds_everything_counted(call: int, virtual: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it happens, the machine can go on, and go back."""

    def machine() -> Stepper:
        words = looping(CLASSIC, 4)
        return VirtualMachine(CLASSIC, words, memory=4 * SIZE) if virtual else Machine(CLASSIC, words, memory=SIZE)

    one, other = machine(), machine()
    one.engine, other.engine = "reference", "native"
    other.run(1)
    runs = tier.Native._go
    calls = 0

    def interrupted(self: tier.Native) -> Any:
        right = self._run

        def run(*pointers: int) -> int:
            nonlocal calls
            calls += 1
            code: int = right(*pointers)
            if calls == call:
                raise KeyboardInterrupt
            return code

        monkeypatch.setattr(self, "_run", run)
        try:
            return runs(self)
        finally:
            monkeypatch.setattr(self, "_run", right)

    monkeypatch.setattr(tier.Native, "_go", interrupted)
    with pytest.raises(KeyboardInterrupt):
        other.run(3000)
    steps = other.counts["steps"]
    one.run(steps)
    assert 1 <= steps < 3001
    assert one.result() == other.result()
    for machine_ in (one, other):
        machine_.run(500)
        machine_.back(200)
    assert one.result() == other.result()
