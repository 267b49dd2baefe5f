"""What is asked before changes nothing: neither an answer, nor a model, nor a hint."""

from collections.abc import Iterable

import pytest

from popek.isa.architecture import Isa
from popek.isa.variants import VARIANTS
from popek.prove import obligation, properties, solver
from popek.prove.hints import hints
from popek.prove.obligation import Obligation
from popek.prove.properties import obligations
from popek.prove.samples import samples
from popek.prove.solver import Dialog, satisfiable
from popek.prove.terms import negated
from popek.testing.faults import classes_of
from popek.vmm.monitor import TRAP_AND_EMULATE

NAMES = ("jrst1", "psw-storable", "setb", "mfpi", "r-writable")
ISAS = {v.name: v for v in VARIANTS if v.name in NAMES}


def forget() -> None:
    """Forget every answer, as a new process would have."""
    properties._known.clear()
    properties._shared.clear()
    obligation._answers.clear()
    obligation._trial.cache_clear()
    obligation._all_proved.cache_clear()


def questions(isa: Isa) -> Iterable[Obligation]:
    """Give the obligations on the instruction in which a variant differs, as far as they are questions."""
    odd = [i.name for i in isa.instructions if i.name == isa.name or i.name in ("jsu", "spsw", "setr", "mfpi", "setb")]
    return [o for o in obligations(isa, TRAP_AND_EMULATE, classes_of(isa)) if o.query and o.blame in odd]


def answers(order: Iterable[str]) -> dict[tuple[str, str, str], object]:
    """Return status, way and hints of every question, asked in some order of the ISAs."""
    forget()
    found: dict[tuple[str, str, str], object] = {}
    for name in order:
        for each in questions(ISAS[name]):
            done = obligation.discharge(each)
            found[name, each.name, each.property] = done.status, done.how, tuple(hints(ISAS[name], each))
    return found


def test_the_order_of_questions_changes_nothing() -> None:
    """Forwards, backwards, and after others: the same answers, the same hints from the solver's models."""
    first = answers(NAMES)
    assert first == answers(reversed(NAMES))
    assert first == answers((*NAMES[2:], *NAMES[:2]))
    assert len(first) > 20


@pytest.mark.parametrize("name", NAMES)
def test_a_model_depends_on_the_question_alone(name: str) -> None:
    """The solver's values are the same whatever other questions are being asked at the time."""
    each = next(iter(questions(ISAS[name])))
    assert each.query
    question = each.query()
    alone = Dialog(*question.assumptions, over=question.over)
    assert alone.check()
    others = [Dialog(*question.assumptions, negated(question.goal)) for _ in range(3)]
    again = Dialog(*question.assumptions, over=question.over)
    for more in others:
        more.check()
    assert again.check()
    one, other = alone.model(), again.model()
    assert (one.words, one.tables) == (other.words, other.tables)


def test_samples_are_states_like_any_other() -> None:
    """Each assumption that a sample meets, the solver can meet as well: it is met together with the sample's values."""
    each = next(iter(questions(ISAS["psw-storable"])))
    assert each.query
    question = each.query()
    meeting = [s for s in samples() if all(s.holds(a) for a in question.assumptions)]
    assert meeting
    assert Dialog(*question.assumptions).check()


def test_an_answer_within_a_limit_does_not_depend_on_the_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the context that questions share cannot answer is asked of one of its own; what neither can is not known."""
    each = next(iter(questions(ISAS[NAMES[0]])))
    assert each.query
    question = each.query()
    claims = *question.assumptions, negated(question.goal)
    answer = satisfiable(*claims)
    assert answer is not None
    with monkeypatch.context() as patched:
        patched.setattr(solver, "RESOURCES", 1)
        assert satisfiable(*claims) is None
    assert satisfiable(*claims) is answer
    assert Dialog(*claims).check() is answer
