"""The Python tier is the reference, step for step."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from attrs import evolve

from popek.engine import reference
from popek.engine.generated import region, source, tier
from popek.engine.generated.depth import shallow
from popek.engine.generated.piece import Place
from popek.engine.generated.source import Writer
from popek.engine.generated.tier import PythonTier
from popek.engine.machine import Machine
from popek.engine.state import State
from popek.engine.stepper import Outcome
from popek.engine.tiers import Sprint, Stop
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.behaviour import Behaviour, Cause, Put, Trap
from popek.isa.classic import CLASSIC
from popek.isa.cycle import NEW_PC
from popek.isa.expression import Op, element, eq, ite, operand, ult
from popek.isa.instruction import Instruction, imm, ra, rb
from popek.isa.shipped import catalogue
from popek.isa.slot import BASE, BOUND, IE, MEMORY, PC, REGISTERS, TIMER, Slot
from popek.testing.behaviours import random_instruction
from popek.testing.programs import guest
from popek.testing.states import contents, made
from popek.testing.tiers import disagreement, loaded, patching
from popek.vmm.virtual_machine import VirtualMachine

GUESTS = range(40)
"""The slice of the random guests that the suite runs."""


def eager(isa: Isa, state: State) -> PythonTier:
    """Return a tier that compiles whatever is arrived at once."""
    return PythonTier(isa, state, hot=1)


def agrees(seeds: range, steps: int = 300, of: Callable[[Isa, State], PythonTier] = eager) -> str:
    """Return the first disagreement of some random guests, or nothing."""
    for seed in seeds:
        wrong = disagreement(guest(CLASSIC, seed), CLASSIC, of, steps=steps, meddles=seed % 3 == 0)
        if wrong:
            return wrong
    for seed in seeds[::2]:
        wrong = disagreement(patching(CLASSIC, seed), CLASSIC, of, steps=steps // 2, meddles=seed % 3 == 0)
        if wrong:
            return wrong
    return ""


def test_random_guests_are_run_as_the_reference_does() -> None:
    """State for state, in stretches of any length, with and without traps, and when somebody else writes to memory."""
    assert not agrees(GUESTS)


@pytest.mark.soak
def test_many_random_guests_are_run_as_the_reference_does() -> None:
    """The same for 20,000, and for longer runs of what is compiled later."""
    assert not agrees(range(1_000, 21_000), 400)
    assert not agrees(range(21_000, 22_000), 4_000, PythonTier)


def test_instructions_of_any_kind_are_run_as_the_reference_does() -> None:
    """Random behaviours, with writes to every slot, odd references and traps of every cause."""
    for seed in range(25):
        isa = CLASSIC.vary("random", {"random": random_instruction(seed, wild=True)})
        drawn = guest(isa, 5_000 + seed)
        often = {a: (w & 0xFF_FFFF) | 0x6000_0000 for a, w in drawn.words.items() if a % 5 == 2 and 26 <= a < 60}
        wrong = disagreement(evolve(drawn, words={**drawn.words, **often}), isa, eager, steps=200)
        assert not wrong, (seed, wrong)


@pytest.mark.parametrize("isa", catalogue(), ids=lambda i: i.name)
def test_every_architecture_is_run_as_the_reference_does(isa: Isa) -> None:
    """Any ISA of the catalogue: its instructions at random, in a machine full of them."""
    for seed in range(2):
        drawn = guest(CLASSIC, 9_010 + seed)
        others = [i for i in isa.instructions if i.name not in CLASSIC.by_name]
        words = dict(drawn.words)
        for n, instruction in enumerate(others):
            fields = {o.field.name: (n * 7 + seed) % 15 for o in instruction.format}
            words[26 + 2 * n % 40] = instruction.encode(fields)
        wrong = disagreement(evolve(drawn, words=words), isa, eager, steps=120)
        assert not wrong, wrong


def test_a_loop_of_conditional_and_multiple_writes() -> None:
    """Writes that depend on a truth, two registers at once, a store and a branch at once, a store out of memory."""
    pair = Behaviour(
        {PC: ite(ult(ra, 40), operand("imm") + 16, 19)},
        [
            Put(REGISTERS, operand("a"), ra + 1),
            Put(REGISTERS, operand("b"), ra, when=eq(rb & 1, 0)),
            Put(MEMORY, ra + 40, rb, when=ult(rb, 90)),
            Put(MEMORY, ra * 3, element(MEMORY, rb * 2)),
        ],
        [Trap(eq(ra, 70), Cause.ARITHMETIC, imm)],
    )
    isa = CLASSIC.vary("pair", {"pair": Instruction("pair", "ra, rb, imm", 0x61, "Much at once.", pair)})
    for stop in (60, 75, 90):
        drawn = guest(CLASSIC, 3)
        words = dict.fromkeys(range(96), 0) | {NEW_PC: 60, 11: 96}
        program = assemble(f"ldi r1, 1\nldi r2, 7\nnop\npair r1, r2, 2\nldi r3, {stop}\nbltu r1, r3, 18\nhalt", isa)
        assert not disagreement(evolve(drawn, words={**words, **program.words}), isa, eager, steps=400)


def run_both(source: str, steps: int, **slots: int) -> tuple[PythonTier, Sprint, State]:
    """Run a program in a tier and in the reference; both states must be the same."""
    words = assemble(source, CLASSIC).words
    states = made(CLASSIC, 256, memory=words), made(CLASSIC, 256, memory=words)
    for state in states:
        state.slots.update({s: slots[s.name] for s in CLASSIC.slots if s.name in slots})
    found = PythonTier(CLASSIC, states[0])
    sprint = found.advance(steps, trapped=False)
    for _ in range(sprint.steps):
        reference.step(CLASSIC, states[1])
    assert contents(states[0]) == contents(states[1])
    return found, sprint, states[0]


COUNTING = "ldi r1, 1000\nloop: addi r2, r2, 1\nst r2, 200(r0)\nbne r2, r1, loop\nhalt"


def test_hot_code_is_compiled_and_cold_code_is_not() -> None:
    """A loop becomes one region; what is done once becomes none."""
    hot, sprint, _ = run_both(COUNTING, 5000)
    assert sprint == Sprint(3002, 3002, Stop.HALTED)
    assert [len(h.entries) for h in hot._places.values()] == [1]
    cold, _, _ = run_both("ldi r1, 1\nldi r2, 2\nhalt", 50)
    assert not any(h.entries for h in cold._places.values())


@pytest.mark.parametrize("wait", range(1, 12))
def test_an_interrupt_comes_at_its_instruction_in_compiled_code(wait: int) -> None:
    """Wherever in the loop the timer runs out."""
    words = {**assemble(COUNTING, CLASSIC).words, NEW_PC: 40, 11: 256, 8: 2}
    words |= {a + 24: w for a, w in assemble(f"ldi r3, {wait}\nsettimer r3\nlpsw 0(r0)", CLASSIC).words.items()}
    drawn = evolve(guest(CLASSIC, 1), words={**dict.fromkeys(range(96), 0), **words})
    fast, slow = loaded(drawn, CLASSIC), loaded(drawn, CLASSIC)
    for state in (fast, slow):
        state.slots.update({TIMER: 200, IE: 1})
    compiled = eager(CLASSIC, fast)
    sprint = compiled.advance(700, trapped=False)
    for _ in range(sprint.steps):
        reference.step(CLASSIC, slow)
    assert contents(fast) == contents(slow)


def test_a_guest_that_patches_its_own_loop_is_not_compiled_for_ever() -> None:
    """Each time round, the loop is another; the words are compared, and after some times it is left to attempts."""
    lines = ("ldi r1, 300", "ld r4, 21(r0)", "loop: addi r4, r4, 1", "st r4, 21(r0)", "addi r2, r2, 1")
    found, sprint, _ = run_both("\n".join((*lines, "ldi r3, 0", "bne r2, r1, loop", "halt")), 5000)
    assert sprint.stop is Stop.HALTED
    assert all(n <= tier.REMADE for h in found._places.values() for n in h.made.values())


def test_another_r_is_other_code() -> None:
    """The same words at another R are another place: what is legal there is decided there."""
    words = assemble(COUNTING, CLASSIC).words
    state = made(CLASSIC, 256, memory={a + 7: w for a, w in words.items()} | dict(words))
    found = PythonTier(CLASSIC, state)
    found.advance(300, trapped=False)
    state.slots.update({BASE: 7, BOUND: 210, PC: 16})
    assert found.advance(300, trapped=False) == Sprint(300, 300, Stop.BUDGET)
    assert len(found._places) == 2
    state.slots.update({BOUND: 200})
    assert found.advance(3000, trapped=True).stop is Stop.HAND_OVER


@pytest.mark.parametrize(
    ("limit", "value"),
    [("tier.MOST_REGIONS", 2), ("tier.MOST_PLACES", 2), ("tier.MOST_ARRIVALS", 2), ("steps.MOST_WORDS", 3)],
)
def test_caches_are_bounded(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    """Emptied when they are full, which nobody notices."""
    monkeypatch.setattr(f"popek.engine.generated.{limit}", value)
    assert not agrees(range(40, 46), 200)


def test_a_region_is_bounded() -> None:
    """However branchy the code is, its source stays within a few lines for each instruction allowed."""
    lines = [f"bltu r{n % 7}, r{n % 5}, {16 + (n * 37) % 180}\nadd r{n % 11}, r{n % 3}, r{n % 13}" for n in range(90)]
    state = made(CLASSIC, 256, memory=assemble("\n".join(lines), CLASSIC).words)
    found = region.build(Place(CLASSIC, 0, 0, 256, 256), 16, state, bytearray(256), {})
    assert found is not None
    assert found.source.count("\n") < 12 * region.LARGEST
    assert len(found.heads) <= region.HEADS


def test_a_machine_goes_on_in_the_tier() -> None:
    """Where it is asked for; the result is the reference's, and so is the way back."""
    program = assemble("ldi r1, 9000\nloop: addi r2, r2, 1\nbne r2, r1, loop\nhalt", CLASSIC)
    machines = [Machine(CLASSIC, program.words, memory=512) for _ in range(2)]
    machines[0].engine, machines[1].engine = "python", "reference"
    fast, slow = (m.run() for m in machines)
    assert fast == slow
    assert machines[0].sprinted["python"] > 15_000
    machines[0].back(5)
    machines[1].back(5)
    assert contents(machines[0].state) == contents(machines[1].state)


def _wrong_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(source._SOURCE, Op.ULT, source._infix("<="))


def _missing_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region.Builder, "_watch", lambda *_: None)


def _late_refund(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(self: Any, target: str, count: int) -> None:
        self._longest = max(self._longest, count)
        self._writer.line(f"return {target}, n - {max(count - 1, 0)}{region._LEAVE}")

    monkeypatch.setattr(region.Builder, "_leave", leave)


def _no_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PythonTier, "_validate", lambda *_: True)


def _no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Place, "_timed", frozenset[Slot]())
    monkeypatch.setattr(Place, "_apart", frozenset[Slot]())


def _no_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region.Builder, "_guards", lambda self, piece, *_: self._writer.begin(piece.exprs()))


def _lost_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Writer,
        "assign",
        lambda self, name, expr: self.line(f"{name} = {(self._wrapping(expr) or [self.text(expr)])[0]}"),
    )


@pytest.mark.parametrize(
    "planted", [_wrong_operator, _missing_mark, _late_refund, _no_comparison, _no_clock, _no_guards, _lost_wrap]
)
def test_what_is_broken_on_purpose_is_noticed(
    monkeypatch: pytest.MonkeyPatch, planted: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Each of the rules that make a tier exact is needed, and the random guests meet its absence, or crash on it."""
    planted(monkeypatch)
    monkeypatch.setattr("popek.engine.generated.attempts._codes", {})
    with suppress(IndexError, OverflowError):  # compiled code may leave the words, or memory
        assert agrees(GUESTS)


def test_a_disagreement_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the guest's seed, how far it came, and what differs."""
    _late_refund(monkeypatch)
    found = agrees(GUESTS)
    assert found.startswith("guest ")
    assert " after " in found


def test_an_instruction_that_is_nested_too_deep_for_source_is_the_references() -> None:
    """Python reads so many brackets and no more; no shipped ISA has as many, and one of somebody's own may."""
    assert all(shallow(isa) for isa in catalogue())
    value = ra
    for n in range(100):
        value = (value ^ rb) + n
    deep = Instruction("deep", "ra, rb", 0x7E, "Nest.", Behaviour(effects=[Put(REGISTERS, operand("a"), value)]))
    isa = evolve(CLASSIC, name="deep", instructions=(*CLASSIC.instructions, deep))
    words = {16: deep.encode({"a": 1, "b": 2}), 17: isa["halt"].encode({})}
    for machine in (Machine(isa, words, memory=64), VirtualMachine(isa, words)):
        machine.engine = "python"
        assert machine.run().outcome is Outcome.HALTED
        assert not machine.sprinted
