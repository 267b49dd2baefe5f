"""The solver: the only module that imports it.

Every question gets a solver of its own, and is put as text that depends on the question alone. A context of its own
costs more than most questions do. So where no more than yes or no is wanted, a context that was used before is tried
first, with half of the resources; a yes or no is right wherever it comes from. A model, and that no answer was found,
come from a context of its own, and so do not depend on what was asked before. Limits are the solver's resource counter,
no clock.
"""

from collections.abc import Mapping
from functools import partial
from threading import local
from typing import Any

import z3
from attrs import define, field

from popek.isa import domain
from popek.isa.domain import Evaluation
from popek.isa.expression import Expr
from popek.isa.slot import Array, Slot
from popek.prove.smtlib import LEGAL, Over, Script
from popek.prove.terms import WIDTH

RESOURCES = 5_000_000
"""What the solver may spend on one question, in its own unit (rlimit): no clock, so the answer is the machine's own."""


@define(eq=False)
class Model:
    """A value for each unknown word, and a table for each unknown function; what is not mentioned is 0."""

    words: Mapping[str, int]
    tables: Mapping[str, tuple[Mapping[int, int], int]]
    width: int = WIDTH
    _value: Evaluation[int] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._value = Evaluation(domain.integers(self.width), self)

    def value(self, expr: Expr) -> Any:
        """Return what an expression over the unknowns comes to."""
        return self._value(expr)

    @property
    def size(self) -> int:
        """Questions have no size of memory but an unknown word."""
        raise AssertionError("a question does not mention the size of memory")

    def operand(self, name: str) -> int:
        """Return the value of the unknown word of that name."""
        return self.words.get(name, 0)

    def element(self, array: Array, index: int) -> int:
        """Return the value of the unknown function of that name."""
        return self._look_up(array.name, index)

    def legal(self, address: int) -> bool:
        """Say whether an address is legal."""
        return bool(self._look_up(LEGAL, address))

    def _look_up(self, name: str, index: int) -> int:
        table, otherwise = self.tables.get(name, ({}, 0))
        return table.get(index, otherwise)

    def slot(self, slot: Slot) -> int:
        """Questions have unknowns in the place of slots."""
        raise AssertionError(f"a question does not mention the slot {slot}")

    load = real = legal


class Dialog:
    """A question that may be added to: claims, of which it is asked whether all can hold together."""

    def __init__(
        self,
        *claims: Expr,
        over: Over = Over.BITS,
        seed: int = 0,
        width: int = WIDTH,
        context: z3.Context | None = None,
        resources: int | None = None,
    ) -> None:
        self._context = context or z3.Context()
        self._solver = z3.SimpleSolver(ctx=self._context)
        self._solver.set("rlimit", RESOURCES if resources is None else resources)
        self._solver.set("random_seed", seed)
        self._script = Script(over, width)
        self.add(*claims)

    def add(self, *claims: Expr) -> None:
        """Add claims, until the last `push` is taken back."""
        self._solver.from_string(self._script.add(claims))

    def push(self) -> None:
        """Begin to add claims that may be taken back."""
        self._solver.push()

    def pop(self) -> None:
        """Take back what was added since the last `push`."""
        self._solver.pop()

    def check(self) -> bool | None:
        """Say whether all claims can hold together; nothing if the solver has reached its limit."""
        answer = self._solver.check()
        return None if answer == z3.unknown else bool(answer == z3.sat)

    def model(self) -> Model:
        """Return values of the unknowns for which all claims hold; the last answer was yes."""
        found = self._solver.model()
        words: dict[str, int] = {}
        tables: dict[str, tuple[dict[int, int], int]] = {}
        for declared in found.decls():
            name = self._script.unknowns.get(declared.name())
            if name is None:
                continue
            if declared.arity() == 0:
                words[name] = _number(found[declared])
            elif declared.arity() == 1:
                *rows, otherwise = found[declared].as_list()
                tables[name] = {_number(i): _number(v) for i, v in rows}, _number(otherwise)
        return Model(words, tables, self._script.width)


def _number(value: Any) -> int:
    if z3.is_bool(value):
        return int(z3.is_true(value))
    return int(value.as_long())


_shared = local()
"""A context for each thread, for questions of which the answer alone is wanted."""


def satisfiable(*claims: Expr, over: Over = Over.BITS, seed: int = 0, width: int = WIDTH) -> bool | None:
    """Say whether claims can hold together; nothing if the solver has reached its limit."""
    asked = partial(Dialog, *claims, over=over, seed=seed, width=width)
    if not hasattr(_shared, "context"):
        _shared.context = z3.Context()
    answer = asked(context=_shared.context, resources=RESOURCES // 2 or 1).check()
    return asked().check() if answer is None else answer


def identity() -> dict[str, str]:
    """Return the solver's name and version, for reports."""
    return {"name": "z3", "version": z3.get_version_string()}
