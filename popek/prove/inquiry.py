"""What is asked of one instruction to decide its classes: each question once, and as far as anybody wants to know."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from threading import Lock
from typing import Any

from attrs import define, field, frozen

from popek.isa.behaviour import Behaviour
from popek.prove.symbolic import SymbolicState
from popek.prove.values import StateWitness

Side = tuple[SymbolicState, Behaviour]
"""A state, and what the instruction does there, privilege traps included."""


@frozen(eq=False)
class Question:
    """Whether some state, or pair of states, shows that an instruction is in a class.

    `kind` is "control" or the resource that is varied; `user`: all states are in user mode. `formula` is built, from
    the executions of the meaning on each side, only if the question has to be asked.
    """

    kind: str
    user: bool
    sides: tuple[Side, ...]
    formula: Callable[..., Any] = field(repr=False)
    literal: bool = False


Answer = tuple[bool | None, StateWitness | None]
"""Whether there is such a state, nothing if the solver gave up; and one, replayed, if it is wanted."""


@define(eq=False)
class Inquiry:
    """Asks what is to be asked of one instruction, in turn, as far as is needed, and each question once.

    `once`: what shows in user mode is not asked again of all modes. Whether a question is asked does not depend on
    what anybody wanted to know before.
    """

    _questions: Iterator[Question]
    _ask: Callable[[Question], Answer]
    _order: Sequence[str]
    _once: bool = field(kw_only=True)
    _given: list[Question] = field(factory=list, init=False)
    _answers: dict[Question, Answer] = field(factory=dict, init=False)
    _next: Lock = field(factory=Lock, init=False)

    def sensitive(self, *, user: bool) -> bool | None:
        """Say whether it is sensitive, with `user` between states of user mode alone; nothing if nobody knows."""
        answers = (self._answer(q) for q in self._all() if q.user or not user)
        return _any(answer for answer, _ in answers)

    def kinds(self, *, user: bool) -> Mapping[str, StateWitness | None]:
        """Return all that it is sensitive to, in order, each with the witness if there is one."""
        found: dict[str, StateWitness | None] = {}
        for question in sorted(self._all(), key=lambda q: not q.user):
            answer, witness = self._answer(question)
            if answer and (question.user or not user):
                found[question.kind] = witness
        return {k: found[k] for k in sorted(found, key=self._order.index)}

    def _all(self) -> Iterator[Question]:
        """Give all questions; whoever else asks, from another thread too, each is given to everybody."""
        number = 0
        while self._is_there(number):
            yield self._given[number]
            number += 1

    def _is_there(self, number: int) -> bool:
        """Say whether there is a question of that number; it is made if nobody has asked for it."""
        with self._next:
            if number == len(self._given):
                self._given.extend(islice(self._questions, 1))
            return number < len(self._given)

    def _answer(self, question: Question) -> Answer:
        if question not in self._answers:
            known = any(self._answer(q)[0] for q in self._before(question))
            self._answers[question] = (False, None) if known else self._ask(question)
        return self._answers[question]

    def _before(self, question: Question) -> Iterator[Question]:
        """Give the questions after whose yes this one need not be asked."""
        for other in self._given[: self._given.index(question)]:
            if other.kind == question.kind and (other.user == question.user or (self._once and other.user)):
                yield other


def _any(answers: Iterable[bool | None]) -> bool | None:
    """Say whether one of some answers is yes; nothing if none is and one is not known."""
    known: bool | None = False
    for answer in answers:
        if answer:
            return True
        known = None if answer is None else known
    return known
