"""The classes of instructions, as the paper defines them, made exact; decided over all states, never declared.

A trap is an outcome, not a change of state, and sensitivity is judged on the *meaning*: what the instruction does when
it is let to, with privilege traps taken out. So a supervisor call is innocuous, and a privileged "read mode" is not.

Each claim is a `Question` to the solver: a formula that some state, or pair of states, satisfies iff the instruction is
in the class. A positive answer comes with that state, replayed on the reference engine before anybody sees it.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, unique
from functools import cache, partial
from typing import Any

from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Copy, Put
from popek.isa.expression import FALSE, TRUE, Expr, Op, operand
from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, BOUND, MEMORY, MODE, SUPERVISOR, USER, Array, Role, Slot
from popek.prove.guess import guesses
from popek.prove.inquiry import Answer, Inquiry, Question, Side
from popek.prove.nice import nicer
from popek.prove.simplify import simplified, together
from popek.prove.solver import Dialog, satisfiable
from popek.prove.symbolic import Execution, StateSpace, SymbolicState, any_state, encodable
from popek.prove.terms import (
    choose,
    constant,
    differ,
    every,
    less,
    negated,
    now,
    same,
    some,
    unequal,
    unknown,
    unknown_array,
)
from popek.prove.values import Classes
from popek.prove.witness import Case, state_witness

CONTROL, LITERAL, NOT_PRIVILEGED = "control", "trap", "not privileged"


@unique
class Showing(Enum):
    """Which witnesses are wanted: none, any that the solver finds, or small ones, which cost some more questions."""

    NOTHING = "nothing"
    ANY = "any"
    NICE = "nice"


def classify(
    isa: Isa, *, literal: bool = False, structural: bool = True, showing: Showing = Showing.ANY
) -> tuple[Classes, ...]:
    """Decide the classes of every instruction.

    `literal` reads the paper to the letter: a trap changes the mode, and so is a change of control. `structural=False`
    asks the solver even where an instruction does not mention the resource; the answers are the same.
    """
    space = StateSpace(isa.slots, isa.arrays, isa.translation)
    return tuple(
        classify_instruction(space, i, literal=literal, structural=structural, showing=showing)
        for i in isa.instructions
    )


def classify_one(isa: Isa, name: str, *, literal: bool = False, showing: Showing = Showing.ANY) -> Classes:
    """Decide the classes of one instruction of an ISA."""
    space = StateSpace(isa.slots, isa.arrays, isa.translation)
    return classify_instruction(space, isa[name], literal=literal, showing=showing)


@cache
def classify_instruction(
    space: StateSpace,
    instruction: Instruction,
    *,
    literal: bool = False,
    structural: bool = True,
    showing: Showing = Showing.ANY,
) -> Classes:
    """Decide the classes of one instruction: they depend on it and on the machine's state, not on its fellows."""
    privileged, counterexample = _privileged(space, instruction, showing, structural=structural)
    if privileged and showing is Showing.ANY:  # whatever it is besides, nothing is refuted by it
        showing = Showing.NOTHING
    guessing = structural and showing is not Showing.NICE
    modes = (True,) if structural and _uniform(space, instruction) else (True, False) if guessing else (False, True)
    questions = _questions(space, instruction, modes, literal=literal, structural=structural)
    parts: tuple[Slot | Array, ...] = (*space.slots, *space.arrays)
    order = CONTROL, LITERAL, *(part.kind for part in parts)
    ask = partial(_ask, instruction=instruction, showing=showing, guessing=guessing)
    findings = Inquiry(questions, ask, order, once=guessing)
    return Classes(instruction.name, privileged, findings, counterexample)


def _ask(question: Question, instruction: Instruction, showing: Showing, *, guessing: bool = False) -> Answer:
    """Answer a question: by a guess, by simplifying, or by the solver."""
    meaning = [(s, b if question.literal else b.unprivileged()) for s, b in question.sides]
    cases = [Case(s, b, actual) for (s, b), (_, actual) in zip(meaning, question.sides, strict=True)]
    guessed = partial(guesses, instruction, question.kind, cases, user=question.user)
    shown = next(guessed(), None) if guessing else None
    answer: bool | None = True
    if shown is None:
        formula = question.formula(*(Execution(s, b) for s, b in meaning))
        if guessing and simplified(formula) is FALSE:
            return False, None
        shown = next(guessed(further=True), None) if guessing else None
    if shown is None:
        given = [f for state, _ in meaning for f in (*state.possible(), *encodable(instruction, state))]
        claims = tuple(dict.fromkeys((*given, formula)))
        answer, shown = _solved(together(claims) if guessing else claims, instruction, question.kind, cases, showing)
    return answer, None if showing is Showing.NOTHING else shown


def _solved(
    claims: Sequence[Expr], instruction: Instruction, kind: str, cases: Sequence[Case], showing: Showing
) -> Answer:
    """Return what the solver says of claims, and, if it says yes and a state is wanted, one, replayed."""
    if FALSE in claims:
        return False, None
    answer = satisfiable(*claims)
    if not answer or showing is Showing.NOTHING:
        return answer, None
    asked = Dialog(*claims)
    if not asked.check():
        return None, None
    return True, state_witness(
        nicer(asked, cases) if showing is Showing.NICE else asked.model(), instruction, kind, cases
    )


# Privileged ---------------------------------------------------------------------------------------------------------


def _privileged(space: StateSpace, instruction: Instruction, showing: Showing, *, structural: bool) -> Answer:
    """Decide: in user mode always a privilege trap, in supervisor mode never one, memory traps aside."""
    user, supervisor = instruction.user, instruction.supervisor
    if structural and not any(t.privilege for t in supervisor.traps):
        first = next(iter(user.traps), None)
        if first is not None and first.when is TRUE and first.privilege:
            return True, None
        if showing is not Showing.NICE and not any(t.privilege for t in user.traps):
            return False, None
    state = any_state(space, instruction)

    def escapes(run: Execution) -> Any:
        return every(_in_mode(state, user=True), negated(run.privilege_trap), negated(run.memory_trap))

    def hampers(run: Execution) -> Any:
        return every(_in_mode(state, user=False), run.privilege_trap)

    answers = []
    for in_user, formula in ((True, escapes), (False, hampers)):
        side = state, _actual(instruction, user=in_user)
        question = Question(NOT_PRIVILEGED, in_user, (side,), formula, literal=True)
        answer, witness = _ask(question, instruction, showing)
        if answer:
            return False, witness
        answers.append(answer)
    ever = every(_in_mode(state, user=True), Execution(state, instruction.user).privilege_trap)
    traps_at_all = _satisfiable(state, instruction, ever)
    return (None if None in answers or traps_at_all is None else traps_at_all), None


def _satisfiable(state: SymbolicState, instruction: Instruction, formula: Any) -> bool | None:
    return satisfiable(*state.possible(), *encodable(instruction, state), formula)


# Sensitive ----------------------------------------------------------------------------------------------------------


def _questions(
    space: StateSpace, instruction: Instruction, modes: Iterable[bool], *, literal: bool, structural: bool
) -> Iterator[Question]:
    """Give what is to be asked; `structural`: only where the sides can differ at all, by what is mentioned."""
    for user in modes:
        yield from _control(space, instruction, user=user, literal=literal, structural=structural)
        yield from _behaviour_sensitive(space, instruction, user=user, structural=structural)
    meant = [_actual(instruction, user=user).unprivileged() for user in (False, True)]
    if not structural or meant[0] != meant[1] or MODE in _looked_at(space, meant[0]):
        yield from _mode_sensitive(space, instruction, structural=structural)


def _actual(instruction: Instruction, *, user: bool) -> Behaviour:
    return instruction.user if user else instruction.supervisor


@cache
def _state(space: StateSpace, instruction: Instruction, *, user: bool, structural: bool) -> SymbolicState:
    """Return any state of a mode; `structural`: with the mode itself in it, where there is but one that it can be."""
    state = any_state(space, instruction)
    return state.vary(MODE, constant(USER if user else SUPERVISOR)) if structural and MODE.bits == 1 else state


def _in_mode(state: SymbolicState, *, user: bool) -> Any:
    supervisor = same(state.slots[MODE], SUPERVISOR)
    return negated(supervisor) if user else supervisor


def _control(
    space: StateSpace, instruction: Instruction, *, user: bool, literal: bool, structural: bool
) -> Iterator[Question]:
    """Control-sensitive: in some state it completes and has changed a resource."""
    state = _state(space, instruction, user=user, structural=structural)
    actual = _actual(instruction, user=user)
    side = state, actual
    here = _in_mode(state, user=user)
    if not structural or _writes_a_resource(actual):
        yield Question(CONTROL, user, (side,), lambda run: every(here, run.completes, some(*_changes(run))))
    if literal and user and (actual.traps or not structural):
        yield Question(LITERAL, user, (side,), lambda run: every(here, run.deliberate_trap), literal=True)


def _changes(run: Execution) -> Iterator[Any]:
    for slot in run.behaviour.writes:
        if slot.role is Role.RESOURCE:
            yield unequal(run.slot(slot), run.state.slot(slot))
    somewhere = unknown("somewhere")
    for array in {e.array for e in run.behaviour.effects if isinstance(e, Put | Copy)}:
        if array.role is Role.RESOURCE:
            changed = unequal(run.element(array, somewhere), run.state.element(array, somewhere))
            outside = every(less(somewhere, run.state.size), negated(run.state.inside(somewhere)))
            yield every(changed, outside) if array is MEMORY else changed


def _behaviour_sensitive(
    space: StateSpace, instruction: Instruction, *, user: bool, structural: bool
) -> Iterator[Question]:
    """Behaviour-sensitive: two states in one mode, equal but for one resource, and it shows in the program state."""
    state = _state(space, instruction, user=user, structural=structural)
    actual = _actual(instruction, user=user)
    here = _in_mode(state, user=user)
    looked_at = _looked_at(space, actual)
    parts: tuple[Slot | Array, ...] = (*state.space.slots, *state.space.arrays)
    for varied in parts:
        if varied.role is not Role.RESOURCE or varied is MODE or (structural and varied not in looked_at):
            continue
        one, other = _pair(state, varied)
        sides = (one, actual), (other, actual)

        def formula(a: Execution, b: Execution, sides: tuple[Side, ...] = sides) -> Any:
            shows = _shows(a, b)
            if user:  # only one of them makes a privilege trap, and the other no memory trap in its guard
                runs = [Execution(*s) for s in sides]
                only_one = differ(*(r.privilege_trap for r in runs))
                shows = some(shows, every(only_one, *(negated(r.memory_trap) for r in runs)))
            return every(here, negated(some(a.memory_trap, b.memory_trap)), shows)

        yield Question(varied.kind, user, sides, formula)


@cache
def _pair(state: SymbolicState, varied: Slot | Array) -> tuple[SymbolicState, SymbolicState]:
    """Return two states that are equal but for one resource other than the mode."""
    if isinstance(varied, Array):
        return state, evolve(state, arrays={**state.arrays, varied: unknown_array(varied, "'")})
    other = state.vary(varied, now(varied, "'"))
    if varied is not BOUND:
        return state, other
    bounds = state.slots[BOUND], other.slots[BOUND]
    widest = choose(less(*bounds), bounds[1], bounds[0])
    return evolve(state, widest=widest), evolve(other, widest=widest)


def _shows(one: Execution, other: Execution) -> Any:
    """Say whether two executions differ: one completes and the other traps, or both do and leave another state."""
    results = every(one.completes, other.completes, some(*_program_differences(one, other)))
    return some(differ(one.completes, other.completes), results)


def _program_differences(one: Execution, other: Execution) -> Iterator[Any]:
    for slot in one.state.space.slots:
        if slot.role is Role.PROGRAM:
            yield unequal(one.slot(slot), other.slot(slot))
    index = unknown("element")
    for array in one.state.space.arrays:
        if array.role is Role.PROGRAM:
            bound = less(index, array.size) if isinstance(array.size, int) else TRUE
            yield every(bound, unequal(one.element(array, index), other.element(array, index)))
    address = unknown("address")
    visible = [r.state.inside(address + r.state.slots[BASE]) for r in (one, other)]
    yield every(*visible, unequal(one.in_window(address), other.in_window(address)))


def _mode_sensitive(space: StateSpace, instruction: Instruction, *, structural: bool) -> Iterator[Question]:
    """Mode-sensitive: supervisor against user mode, and user modes against each other where there are several."""
    pairs = [(False, True)] if MODE.bits == 1 else [(False, True), (True, True)]
    for first, second in pairs:
        state = _state(space, instruction, user=first, structural=structural)
        other = state.vary(MODE, constant(USER) if structural and MODE.bits == 1 else now(MODE, "'"))
        here = every(_in_mode(state, user=first), _in_mode(other, user=second))

        def formula(a: Execution, b: Execution, here: Any = here) -> Any:
            return every(here, negated(some(a.memory_trap, b.memory_trap)), _shows(a, b))

        sides = (state, _actual(instruction, user=first)), (other, _actual(instruction, user=second))
        yield Question(MODE.kind, first and second, sides, formula)


# What need not be asked ---------------------------------------------------------------------------------------------


def _uniform(space: StateSpace, instruction: Instruction) -> bool:
    """Say whether it means the same in every mode, so that what is so in user mode is so in supervisor mode."""
    meaning = instruction.user.unprivileged()
    used = meaning.reads | meaning.writes.keys() | _by_translation(space, meaning)
    return meaning == instruction.supervisor.unprivileged() and MODE not in used


@cache
def _looked_at(space: StateSpace, behaviour: Behaviour) -> frozenset[Slot | Array]:
    """Return everything on which it depends what a behaviour does."""
    physical: frozenset[Slot | Array] = frozenset((BASE, BOUND, MEMORY) if _is_physical(behaviour) else ())
    return behaviour.reads | physical | _by_translation(space, behaviour)


def _writes_a_resource(behaviour: Behaviour) -> bool:
    arrays = {e.array for e in behaviour.effects if isinstance(e, Put | Copy)}
    return any(part.role is Role.RESOURCE for part in behaviour.writes.keys() | arrays)


def _by_translation(space: StateSpace, behaviour: Behaviour) -> frozenset[Slot | Array]:
    """Return what the translation of its references looks at, R aside, which the window is by."""
    if not _is_physical(behaviour) and len(list(behaviour.guards())) == len(behaviour.traps):
        return frozenset()
    address = operand("address")
    rules = space.translation
    return (rules.legal(address).mentions | rules.real(address).mentions) - {BASE, BOUND}


def _is_physical(behaviour: Behaviour) -> bool:
    """Say whether it refers to memory otherwise than through the window."""
    if any(isinstance(e, Put | Copy) and MEMORY in (e.array, getattr(e, "source", None)) for e in behaviour.effects):
        return True
    exprs = [t.when for t in behaviour.traps] + list(behaviour.values())
    return MEMORY in behaviour.reads or any(not e.ops.isdisjoint((Op.REAL, Op.LEGAL)) for e in exprs)
