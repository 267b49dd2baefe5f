"""Guest programs as text that end: each has been run on the bare machine before it is given out.

A program begins in supervisor mode, or drops to user mode by its first trap; any other trap ends it. Branches lead
forward, and jumps to the next word. Whatever loops all the same, because it writes itself anew, is not given out.
"""

from collections.abc import Mapping

from hypothesis import strategies as st

from popek.engine.machine import Machine
from popek.engine.stepper import Outcome
from popek.isa.architecture import Decoded, Isa
from popek.isa.assembler import assemble
from popek.isa.disassembler import disassemble_decoded
from popek.isa.encoding import Operand
from popek.isa.expression import Op, as_expr
from popek.isa.instruction import Instruction
from popek.isa.slot import HALTED, PC, RUN, Role
from popek.testing.printing import print_by_name
from popek.testing.words import EDGES

SIZE = 64
"""Words of memory that a program needs."""

STEPS = 200
"""Within so many steps it ends."""

LINES = 12
"""So many lines a program has at most, besides its beginning and its end."""

_REGISTERS = st.integers(0, 3)
"""Few registers, so that instructions meet what others have left."""

_JUMP = 13
"""The register that a jump is given, with the next word's address in it."""


print_by_name()


def stop(isa: Isa) -> str:
    """Return the line on which a program ends: an instruction that halts, or else a word that traps for ever."""
    for instruction in isa.instructions:
        if not instruction.format and instruction.does.writes.get(RUN) is as_expr(HALTED):
            return instruction.name
    return ".word 0"


def lines(isa: Isa) -> st.SearchStrategy[str]:
    """Draw a line of a program: a register's new value, or an instruction; one about resources as often as another."""
    values = st.one_of(st.integers(-4, 4), st.sampled_from([e - (1 << 32) if e >> 31 else e for e in EDGES]))
    loads = st.builds(lambda n, v: f"li r{n}, {v}", _REGISTERS, values)
    leading = [i for i in isa.instructions if _leads_on(i)]
    of_resources = [i for i in leading if _about_resources(i)]
    kinds = (of_resources, [i for i in leading if i not in of_resources])
    return st.one_of(loads, *(st.sampled_from(kind).flatmap(_line) for kind in kinds if kind))


def _about_resources(instruction: Instruction) -> bool:
    parts = (*instruction.does.reads, *instruction.does.writes)
    return any(part.role is Role.RESOURCE for part in parts)


def _leads_on(instruction: Instruction) -> bool:
    """Say whether what comes after an instruction is the next word, or what its operands say."""
    target = instruction.does.writes.get(PC)
    return target is None or any(o.relative for o in instruction.format) or _jumps(instruction)


def _jumps(instruction: Instruction) -> bool:
    target = instruction.does.writes.get(PC)
    return target is not None and target.op is Op.ELEMENT


@st.composite
def _line(draw: st.DrawFn, instruction: Instruction) -> str:
    values = {o.field.name: draw(_operand(o)) for o in instruction.format}
    target = instruction.does.writes.get(PC)
    if target is None or not _jumps(instruction):
        return _text(instruction, values)
    through = target.args[0].payload
    values |= {o.field.name: _JUMP for o in instruction.format if o.field.name == through}
    return f"ldi r{_JUMP}, . + 2\n{_text(instruction, values)}"


def _text(instruction: Instruction, values: Mapping[str, int]) -> str:
    return disassemble_decoded(Decoded(instruction, values, instruction.encode(values)))


def _operand(operand: Operand) -> st.SearchStrategy[int]:
    if operand.relative:
        return st.integers(1, 4)
    if operand.register:
        return _REGISTERS
    span = operand.field.span
    near = [v for v in (0, 1, 2, 8, 12, 40, SIZE - 1, SIZE, -1, span[0], span[-1]) if v in span]
    return st.sampled_from(near)


@st.composite
def programs(draw: st.DrawFn, isa: Isa, *, most: int = LINES) -> str:
    """Draw a guest program in assembly that ends on the bare machine, of `most` lines besides its frame."""
    user = draw(st.integers(0, 2)) == 2
    starts = [draw(st.sampled_from((0, 1, 2, 3, 40))) for _ in range(3)]
    loads = [f"ldi r{n}, {value}" for n, value in enumerate(starts, 1) if value]
    body = loads + draw(st.lists(lines(isa), min_size=1, max_size=most))
    text = _framed(body, stop(isa), user=user)
    return draw(st.just(text).filter(lambda t: ends(t, isa)))


def _framed(body: list[str], end: str, *, user: bool) -> str:
    """Return a program that leads to its body, in a mode, and from there or from any trap to its end."""
    split = [part for line in body for part in line.split("\n")]
    if user:
        head = [".org 8", f".word 1, body, 0, {SIZE}", ".org 16", "svc 0", "body:"]
        head += ["ldi r1, end", "st r1, 9(r0)", "st r0, 8(r0)", "ldi r1, 0"]
    else:
        head = [".org 8", f".word 0, end, 0, {SIZE}", ".org 16"]
    rows = [*head, *split, *(["svc 0"] if user else []), "end:", end]
    return "".join(f"{row if row.endswith(':') else f'        {row}'}\n" for row in rows)


def ends(text: str, isa: Isa) -> bool:
    """Say whether a program ends on the bare machine, and soon: it halts, or traps for ever, which is noticed."""
    program = assemble(text, isa)
    if max(program.words) >= SIZE:
        return False
    return Machine(isa, program.words, memory=SIZE).run(STEPS).outcome in (Outcome.HALTED, Outcome.TRAP_LOOP)
