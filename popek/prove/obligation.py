"""Obligations: a claim with a sentence, whom it blames, and how it is discharged.

An obligation is settled by *structure* (both sides are the same expressions of the same words), by *evaluation* (some
state meets the assumptions and breaks the goal), or asked of the *solver*: under the assumptions, can the goal fail?
An obligation whose assumptions nothing can meet is vacuous, never proved.
"""

from collections.abc import Callable, Iterable
from functools import cache, partial

from attrs import evolve, field, frozen

from popek.isa.expression import TRUE, Expr
from popek.language.phrase import Phrase, listed, say
from popek.language.words import word
from popek.prove import solver
from popek.prove.narrow import narrowed
from popek.prove.relevant import relevant
from popek.prove.samples import Sample, further, samples
from popek.prove.simplify import simplified
from popek.prove.smtlib import Over, script
from popek.prove.terms import WIDTH, every, negated, some
from popek.prove.values import Status


@frozen
class Question:
    """Whether a goal follows from assumptions, and what the unknowns in them are taken for."""

    assumptions: tuple[Expr, ...]
    goal: Expr
    over: Over = Over.BITS

    @property
    def plain(self) -> "Question":
        """The same question, simplified: without what is always so, and without what is said twice."""
        said = dict.fromkeys(simplified(a) for a in self.assumptions)
        said.pop(TRUE, None)
        return Question(tuple(said), simplified(self.goal), self.over)


Query = Callable[[], Question]
"""Builds a question, when it is needed."""


@frozen
class Obligation:
    """One claim. `query` is nothing where structure has settled it."""

    name: str
    says: str
    property: str
    blame: str
    query: Query | None = field(default=None, repr=False, eq=False)
    settled: Status = Status.PROVED
    user: bool | None = None
    why: str = say("both sides are the same expressions of the same words")


def called(name: str) -> Phrase:
    """Return an obligation's name as people read it, part by part; instructions, slots and events keep theirs."""
    return listed(map(_part_called, name.split(", ")))


NOTICED = " noticed"


def _part_called(part: str) -> Phrase:
    slot = part.removesuffix(NOTICED)
    return word(part) if slot == part else say("{slot} noticed", slot=slot)


HOWS = ("structure", "evaluation", "solver")


@frozen
class Discharged:
    """An obligation and what became of it, and how, one of `HOWS`."""

    obligation: Obligation
    status: Status
    how: str
    reason: str = ""


Answer = tuple[Status, str, str]
"""What became of a question, how, and why it is not known."""


def discharge(obligation: Obligation, seed: int = 0, *, structural: bool = True, width: int = WIDTH) -> Discharged:
    """Decide an obligation. Without `structural` the solver is asked, and nothing is simplified or tried before."""
    if obligation.query is None:
        return Discharged(obligation, obligation.settled, "structure", obligation.why)
    question = obligation.query()
    if structural and width == WIDTH:
        return Discharged(obligation, *_answer(question.plain, seed))
    if width != WIDTH:
        given = tuple(narrowed(a, width) for a in question.assumptions)
        question = evolve(question, assumptions=given, goal=narrowed(question.goal, width))
    return Discharged(obligation, *_solved(question, seed, width))


def discharge_together(obligations: Iterable[Obligation], seed: int = 0) -> tuple[Discharged, ...]:
    """Decide obligations that have much in common: what has to be asked of the solver is asked in one go.

    If that is no proof of all of them, each is decided by itself.
    """
    asked = [(o, o.query().plain if o.query is not None else None) for o in obligations]
    left = dict.fromkeys(_narrow(q) for _, q in asked if q is not None and _trial(q) is None)
    proved = _all_proved(tuple(left), seed, solver.RESOURCES)

    def decided(obligation: Obligation, question: Question | None) -> Discharged:
        if question is None:
            return discharge(obligation)
        sure = proved and _trial(question) is None and _possible(question.assumptions)
        return Discharged(obligation, *((Status.PROVED, "solver", "") if sure else _answer(question, seed)))

    return tuple(decided(*each) for each in asked)


@cache
def _all_proved(questions: tuple[Question, ...], seed: int, _resources: int) -> bool:
    """Say whether the solver proves some questions in one go."""
    return all(
        solver.satisfiable(some(*fails), over=over, seed=seed) is False
        for over in Over
        if (fails := [every(*q.assumptions, negated(q.goal)) for q in questions if q.over is over])
    )


def _narrow(question: Question) -> Question:
    """Return a question without the assumptions that do not matter to its goal."""
    return evolve(question, assumptions=relevant(question.goal, question.assumptions)[0])


@cache
def _trial(question: Question) -> Answer | None:
    """Return what becomes of a question that is simplified, if it can be seen without the solver."""
    if question.goal is TRUE:
        same = Status.PROVED, "structure", say("both sides come to the same expressions")
        return same if _possible(question.assumptions) else None
    matter, others = relevant(question.goal, question.assumptions)
    narrow = evolve(question, assumptions=matter)
    broken = any(_breaks(s, narrow) for s in samples()) and _possible(others)
    return (Status.REFUTED, "evaluation", "") if broken else None


_answers: dict[tuple[Question, int, int], Answer] = {}


def _answer(question: Question, seed: int) -> Answer:
    """Return what becomes of a question, by the cheapest way; the same question is answered once.

    What is asked of the solver is about the assumptions that matter to the goal. So it is the same question for many
    machines, which differ in what they have besides.
    """
    seen = _trial(question)
    if seen is not None or question.goal is TRUE:
        return seen or _solved(question, seed, WIDTH)
    matter, others = relevant(question.goal, question.assumptions)
    asked = evolve(question, assumptions=matter)
    key = asked, seed, solver.RESOURCES
    if key not in _answers:
        broken = any(_breaks(s, asked) for s in further())
        _answers[key] = (Status.REFUTED, "evaluation", "") if broken else _solved(asked, seed, WIDTH)
    answer = _answers[key]
    if answer[0] in (Status.PROVED, Status.REFUTED) and not _possible(others):
        return _solved(question, seed, WIDTH)
    return answer


def _breaks(sample: Sample, question: Question) -> bool:
    return not sample.holds(question.goal) and all(sample.holds(a) for a in question.assumptions)


@cache
def _possible(assumptions: tuple[Expr, ...]) -> bool:
    """Say whether some sample meets all assumptions."""
    return any(all(s.holds(a) for a in assumptions) for s in samples())


def _solved(question: Question, seed: int, width: int) -> Answer:
    """Return what the solver makes of a question."""
    asked = partial(solver.satisfiable, *question.assumptions, over=question.over, seed=seed, width=width)
    fails = False if question.goal is TRUE else asked(negated(question.goal))
    if fails:
        return Status.REFUTED, "solver", ""
    if fails is None:
        return Status.UNKNOWN, "solver", say("the solver reached its limit")
    met = (width == WIDTH and _possible(question.assumptions)) or asked()
    if met is None:
        return Status.UNKNOWN, "solver", say("it is not known whether its assumptions can be met")
    return (Status.PROVED, "solver", "") if met else (Status.VACUOUS, "solver", say("nothing meets its assumptions"))


def smt2(obligation: Obligation) -> str | None:
    """Write the question as SMT-LIB 2, to be answered "unsat" where it is proved; nothing if structure settles it."""
    if obligation.query is None:
        return None
    question = obligation.query()
    head = f"; {obligation.name}\n; {obligation.property}: {obligation.says}\n; unsat: the claim is proved\n"
    text = script((*question.assumptions, negated(question.goal)), question.over)
    return f"{head}(set-logic ALL)\n{text}(check-sat)\n"


def filename(number: int, obligation: Obligation) -> str:
    """Return what the file of an exported obligation is called."""
    words = "".join(c if c.isalnum() else "-" for c in obligation.name).split("-")
    return f"{number:03}-{obligation.property}-{'-'.join(w for w in words if w)}.smt2"
