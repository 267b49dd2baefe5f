"""What a refuted obligation's model suggests for a guest program: the operands, in the witness's little machine."""

from collections.abc import Iterator

from popek.isa.architecture import Isa
from popek.isa.expression import Expr
from popek.isa.slot import REGISTERS
from popek.prove.checks import REAL_MEMORY
from popek.prove.obligation import Obligation
from popek.prove.pools import ALLOTMENT, Variant
from popek.prove.solver import Dialog, Model
from popek.prove.terms import distinct, every, less, negated, same, unknown, unknown_array

_REGISTERS = unknown_array(REGISTERS)


def hints(isa: Isa, obligation: Obligation) -> list[Variant]:
    """Return operands with which an obligation fails in an allotment like the witness's, if there are any."""
    if obligation.query is None or obligation.blame.startswith("event:"):
        return []
    question = obligation.query()
    asked = Dialog(*question.assumptions, negated(question.goal), over=question.over)
    model: Model | None = None
    for wish in _wishes(isa, obligation):
        asked.push()
        asked.add(wish)
        if asked.check():
            model = asked.model()
        else:
            asked.pop()
            if model is None:
                return []
    return [] if model is None else [_operands(isa, obligation, model)]


def _wishes(isa: Isa, obligation: Obligation) -> Iterator[Expr]:
    """Give what the little machine demands, and then what makes a program simple, each if it can be had."""
    sizes = {"k": ALLOTMENT.base, "w": ALLOTMENT.size, "q": REAL_MEMORY}
    yield every(*(same(unknown(n), size) for n, size in sizes.items()))
    for bound in (ALLOTMENT.size, 100, 40):
        bounds = same(unknown("v.bound"), bound), same(unknown("bound"), min(bound, ALLOTMENT.size))
        yield every(same(unknown("v.base"), 0), *bounds)
    given = isa[obligation.blame].format
    fields = [unknown(f"operand.{o.field.name}") for o in given if o.register]
    if len(fields) > 1:
        yield distinct(*fields)
    yield every(*(same(unknown(f"operand.{o.field.name}"), 0) for o in given if not o.register))
    for field in fields:
        yield less(_REGISTERS(field), REAL_MEMORY)


def _signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word


def _operands(isa: Isa, obligation: Obligation, model: Model) -> Variant:
    fields: dict[str, int] = {}
    registers: dict[int, int] = {}
    for given in isa[obligation.blame].format:
        term = unknown(f"operand.{given.field.name}")
        if given.register:
            number = fields[given.field.name] = len(registers) + 1
            registers[number] = model.value(_REGISTERS(term))
        else:
            value = model.value(term)
            fields[given.field.name] = _signed(value) if given.field.signed else value
    return Variant(fields, registers)
