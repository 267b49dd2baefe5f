"""Many operands on one pair of machines: after a setup has been run once, they are poked in, tried, and taken back.

To try a choice costs one step of either machine. What a probe finds is only a suspicion, since pokes are no program:
whoever asks writes the program down and runs it from reset (`guest_witness.py`).
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from attrs import define, evolve, field, frozen

from popek.engine.reference import Kind
from popek.engine.stepper import Outcome, Stepper
from popek.errors import PopekError
from popek.isa.assembler import assemble
from popek.isa.encoding import WORD_MASK
from popek.isa.instruction import IMM, Instruction
from popek.isa.slot import BASE, PC
from popek.prove.checks import Check, Search
from popek.prove.pools import ALLOTMENT, Variant
from popek.prove.setups import Setup, assignments, invocation
from popek.prove.shrink import simpler
from popek.prove.structure import writes_program_state

_HERE = "here"
_PREFIX, _AHEAD = 16, 3
"""Steps that a setup may take, and steps that are watched from the instruction on."""

_ROOM = 10
"""Words after a setup that the operands' assignments may take."""


@frozen
class Draft:
    """A program that ends in the instruction to blame: how it begins, and what the instruction is given."""

    setup: Setup
    variant: Variant
    instruction: Instruction

    def lines(self) -> list[str]:
        """Return it in assembly."""
        setup, variant = self.setup, self.variant
        code = [*setup.before, *assignments(variant.registers), *setup.after]
        code.append(invocation(self.instruction, variant.fields))
        words = {**setup.words, **variant.words}
        return [*_data(setup, words), *code]


def _data(setup: Setup, words: Mapping[int, int]) -> list[str]:
    """Return lines for words of memory; after them comes the code, at the address where machines start."""
    lines = list(setup.vector)
    last = None
    for address, value in sorted(words.items()):
        if value:
            if address - 1 != last:
                lines.append(f".org {address}")
            lines.append(f".word {value:#x}" if value > 9 else f".word {value}")
            last = address
    return [*lines, f".org {PC.reset}"] if lines else []


@define(eq=False, slots=False)
class Probe:
    """A setup that has been run once, up to the instruction to blame."""

    sought: Search
    setup: Setup
    words: Mapping[int, int]
    at: int
    """The physical address, on the bare machine, of the instruction."""
    check: Check = field(init=False)
    ready: bool = field(init=False)
    """Whether the setup gets there, and shows nothing before."""
    fixed: frozenset[int] = field(init=False)
    """Virtual addresses of which the words are the program's, or the setup's work."""
    _marks: list[tuple[Stepper, int]] = field(init=False)
    _memory: list[int] = field(init=False)
    _registers: list[int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.check = self.sought.check(self.words)
        state = self.check.run.bare.state
        before = list(state.memory)
        self.ready = self._advanced()
        self._memory, self._registers = list(state.memory), list(state.registers)
        touched = (a for a, (old, new) in enumerate(zip(before, state.memory, strict=True)) if old != new)
        self.fixed = frozenset((*self.words, *touched, *range(16, self.at + _ROOM)))
        machines = (m for run in self.check.runs for m in (run.bare, run.virtual))
        self._marks = [(m, m.counts["steps"]) for m in machines]

    def _advanced(self) -> bool:
        for _ in range(_PREFIX):
            if _arrived(self.check, self.at):
                return True
            if not self.check.step() or self.check.shown() is not None:
                return False
        return False

    @property
    def instruction(self) -> Instruction:
        """The instruction to blame."""
        return self.sought.isa[self.sought.blame]

    def shows(self, variant: Variant) -> bool:
        """Say whether the instruction, given this, shows what is looked for within some steps."""
        self._poke(variant)
        for _ in range(_AHEAD if self._later else 1):
            going = self.check.step()
            shown = self.check.shown() is not None
            if shown or not going or self._trapped():
                break
        self._back()
        return shown

    @cached_property
    def _later(self) -> bool:
        """Whether the instruction may leave something in the real machine that shows only later."""
        return not writes_program_state(self.instruction.user)

    def _trapped(self) -> bool:
        """Say whether the last step was a trap; that shows at once, or not at all."""
        event = self.check.run.bare.last_event
        return event is not None and event.kind is not Kind.EXECUTED

    def _back(self) -> None:
        if any(machine.outcome is Outcome.LOST for machine, _ in self._marks):
            self._begin()
            return
        for machine, mark in self._marks:
            machine.back(machine.counts["steps"] - mark)
        for run in self.check.runs:
            run.divergence = run.violation = None

    def _poke(self, variant: Variant) -> None:
        words = dict(enumerate(self._memory)) | {a: v for a, v in variant.words.items() if a not in self.fixed}
        words[self.at] = self.instruction.encode(variant.fields)
        registers = dict(enumerate(self._registers)) | dict(variant.registers)
        for run in self.check.runs:
            bare, real = run.bare.state, run.virtual.real
            bare.load_words(words)
            real.load_words(words, ALLOTMENT.base)
            for number, value in registers.items():
                bare.registers[number] = real.registers[number] = value

    def draft(self, variant: Variant) -> Draft:
        """Return the program of which a suspicion is."""
        free = {a: v for a, v in variant.words.items() if a not in self.fixed}
        return Draft(self.setup, evolve(variant, words=free), self.instruction)

    def smallest(self, variant: Variant) -> Variant:
        """Return a simpler choice that shows it as well: no word, no register and no bit that can be spared."""
        improved = True
        while improved:
            improved = False
            for choice in _simpler(variant):
                if self.shows(choice):
                    variant, improved = choice, True
                    break
        return variant


def _simpler(variant: Variant) -> Iterator[Variant]:
    words = dict(variant.words)
    kept = sorted(a for a, v in words.items() if v)
    size = len(kept)
    while size:
        for start in range(0, len(kept), size):
            dropped = set(kept[start : start + size])
            yield evolve(variant, words={a: v for a, v in words.items() if v and a not in dropped})
        size //= 2
    yield from (evolve(variant, registers=r) for r in _each_smaller(variant.registers))
    yield from (evolve(variant, words=w) for w in _each_smaller(words))
    immediate = {n: v for n, v in variant.fields.items() if n == IMM.payload}
    yield from (evolve(variant, fields={**variant.fields, **i}) for i in _each_smaller(immediate))


def _each_smaller(values: Mapping[Any, int]) -> Iterator[dict[Any, int]]:
    return ({**values, key: v} for key, value in values.items() for v in simpler(value))


def probe(sought: Search, setup: Setup) -> Probe | None:
    """Run a setup up to the instruction to blame; nothing if it does not get there, or shows something before."""
    lines = [*_data(setup, setup.words), *setup.before, *setup.after, f"{_HERE}:"]
    try:
        program = assemble("\n".join(lines), sought.isa)
    except PopekError:
        return None
    at = program.symbols[_HERE]
    if max(program.words, default=0) >= ALLOTMENT.size or at >= ALLOTMENT.size:
        return None
    found = Probe(sought, setup, program.words, at)
    return found if found.ready else None


def _arrived(check: Check, at: int) -> bool:
    state = check.run.bare.state
    return (state.slot(PC) + state.slot(BASE)) & WORD_MASK == at
