"""Hypothesis strategies: words that meet the edges, states, instructions, guests, ISAs, monitors right and wrong."""

from random import Random

from hypothesis import strategies as st

from popek.engine.state import State
from popek.isa.architecture import Decoded, Isa
from popek.isa.classic import CLASSIC
from popek.isa.encoding import WORD_MASK, Operand
from popek.isa.expression import (
    OPERATORS,
    SIZE,
    Expr,
    Sort,
    as_expr,
    element,
    node,
    operand,
)
from popek.isa.instruction import EXECUTES, IGNORED, TRAPS, Instruction
from popek.isa.slot import MEMORY, REGISTERS
from popek.testing.behaviours import random_instruction
from popek.testing.programs import Guest, guest
from popek.testing.states import any_state
from popek.testing.terminating import programs
from popek.testing.words import EDGES
from popek.testing.wrong_monitors import WRONG_MONITORS
from popek.vmm.monitor import MONITORS, Monitor


def words() -> st.SearchStrategy[int]:
    """Draw a word: an edge as often as any other."""
    return st.one_of(st.sampled_from(EDGES), st.integers(0, WORD_MASK))


_WORDS = tuple(op for op, (_, gives) in OPERATORS.items() if gives is Sort.WORD)
_TRUTHS = tuple(op for op, (_, gives) in OPERATORS.items() if gives is Sort.TRUTH)


@st.composite
def expressions(draw: st.DrawFn, isa: Isa, depth: int = 4, sort: Sort = Sort.WORD) -> Expr:
    """Draw an expression over an ISA's state and the operands `a` and `imm`, without abstract references."""
    if sort is Sort.WORD and (depth == 0 or draw(st.integers(0, 4)) == 0):
        return draw(_leaves(isa))
    leafless = [op for op in (_WORDS if sort is Sort.WORD else _TRUTHS) if depth or not OPERATORS[op][0]]
    op = draw(st.sampled_from(leafless))
    if sort is Sort.WORD and draw(st.integers(0, 6)) == 0:
        return element(draw(st.sampled_from((MEMORY, REGISTERS))), draw(expressions(isa, depth - 1)))
    return node(op, *(draw(expressions(isa, depth - 1, s)) for s in OPERATORS[op][0]))


def _leaves(isa: Isa) -> st.SearchStrategy[Expr]:
    return st.one_of(
        words().map(as_expr),
        st.sampled_from(isa.slots).map(as_expr),
        st.sampled_from(("a", "imm")).map(operand),
        st.just(SIZE),
    )


def guests(isa: Isa) -> st.SearchStrategy[Guest]:
    """Draw a random guest of an ISA, by its seed."""
    return st.integers(0, 1 << 32).map(lambda seed: guest(isa, seed))


def states(isa: Isa, size: int = 64) -> st.SearchStrategy[State]:
    """Draw a state of a machine with `size` words of memory: edges everywhere, an R that is often of some use."""
    return st.integers(0, 1 << 32).map(lambda seed: any_state(Random(seed), isa, size))  # noqa: S311 - no secret


@st.composite
def instructions(draw: st.DrawFn, isa: Isa) -> Decoded:
    """Draw an instruction of an ISA with its operands: `.word` is its encoding."""
    instruction = draw(st.sampled_from(isa.instructions))
    values = {o.field.name: draw(_fields(o)) for o in instruction.format}
    return Decoded(instruction, values, instruction.encode(values))


def _fields(given: Operand) -> st.SearchStrategy[int]:
    span = given.field.span
    near = [v for v in (0, 1, 2, -1, span[0], span[-1]) if v in span]
    return st.one_of(st.sampled_from(near), st.integers(span[0], span[-1]))


def behaviours() -> st.SearchStrategy[Instruction]:
    """Draw an instruction that nobody thought of, named `random`, with the operands `ra, rb, imm`."""
    return st.integers(0, 1 << 32).map(random_instruction)


@st.composite
def isas(draw: st.DrawFn, base: Isa = CLASSIC, *, most: int = 4) -> Isa:
    """Draw a configuration of an ISA: some of its privileged instructions execute or are ignored in user mode."""
    system = [i.name for i in base.instructions if i.in_user is TRAPS]
    chosen = draw(st.lists(st.sampled_from(system), max_size=most, unique=True)) if system else []
    kinds = {name: draw(st.sampled_from((EXECUTES, IGNORED))) for name in sorted(chosen)}
    parts = [name for kind in (EXECUTES, IGNORED) for name in ([n for n, k in kinds.items() if k is kind])]
    return base.vary("-".join((base.name, *parts)), kinds) if kinds else base


def monitors(isa: Isa = CLASSIC) -> st.SearchStrategy[Monitor]:
    """Draw one of the shipped monitors that can run guests on an ISA."""
    return st.sampled_from([m for m in MONITORS.values() if isa.guest or not m.in_guest_mode])


def wrong_monitors() -> st.SearchStrategy[Monitor]:
    """Draw a monitor that is wrong in one part, named for it."""
    return st.sampled_from([monitor for _, monitor in WRONG_MONITORS.values()])


__all__ = [
    "behaviours",
    "expressions",
    "guests",
    "instructions",
    "isas",
    "monitors",
    "programs",
    "states",
    "words",
    "wrong_monitors",
]
