"""What a refuted obligation's model suggests for a guest program: the operands, in the witness's little machine."""

from collections.abc import Iterator
from typing import Any

import z3

from popek.isa.architecture import Isa
from popek.isa.slot import REGISTERS
from popek.prove.candidates import ALLOTMENT, Operands
from popek.prove.guest_witness import REAL_MEMORY
from popek.prove.obligation import Obligation
from popek.prove.terms import solver

_REGISTERS = z3.Function(REGISTERS.name, z3.BitVecSort(32), z3.BitVecSort(32))


def hints(isa: Isa, obligation: Obligation) -> list[Operands]:
    """Return operands with which an obligation fails in an allotment like the witness's, if there are any."""
    if obligation.query is None or obligation.blame.startswith("event:"):
        return []
    assumptions, goal = obligation.query()
    asked = solver()
    asked.add(*assumptions, z3.Not(goal))
    model: Any = None
    for wish in _wishes(isa, obligation):
        asked.push()
        asked.add(wish)
        if asked.check() == z3.sat:
            model = asked.model()
        else:
            asked.pop()
            if model is None:
                return []
    return [_operands(isa, obligation, model)]


def _wishes(isa: Isa, obligation: Obligation) -> Iterator[Any]:
    """Give what the little machine demands, and then what makes a program simple, each if it can be had."""
    sizes = {"k": ALLOTMENT.base, "w": ALLOTMENT.size, "q": REAL_MEMORY}
    yield z3.And(*(_word(n) == size for n, size in sizes.items()))
    yield z3.And(_word("v.base") == 0, _word("v.bound") == ALLOTMENT.size, _word("bound") == ALLOTMENT.size)
    given = isa[obligation.blame].format
    fields = [_word(f"operand.{o.field.name}") for o in given if o.register]
    if len(fields) > 1:
        yield z3.Distinct(*fields)
    yield z3.And(*(_word(f"operand.{o.field.name}") == 0 for o in given if not o.register))
    for field in fields:
        yield z3.ULT(_REGISTERS(field), REAL_MEMORY)


def _word(name: str) -> Any:
    return z3.BitVec(name, 32)


def _operands(isa: Isa, obligation: Obligation, model: Any) -> Operands:
    values, immediate = [], 0
    for given in isa[obligation.blame].format:
        term = _word(f"operand.{given.field.name}")
        if given.register:
            values.append(model.eval(_REGISTERS(term), model_completion=True).as_long())
        else:
            immediate = model.eval(term, model_completion=True).as_signed_long()
    return tuple(values), immediate
