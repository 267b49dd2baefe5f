"""Every answer of the quiz is what the prover, or a run, says: found here on another way than the question went."""

from collections.abc import Callable

import pytest

from popek.engine.reference import Kind
from popek.engine.stepper import Record
from popek.errors import PopekError
from popek.exercises.classifying import CLASSES
from popek.exercises.counting import ALLOTMENT
from popek.exercises.programs import assembled
from popek.exercises.question import Question, names_in
from popek.exercises.topics import TOPICS, quiz
from popek.isa.classic import CLASSIC
from popek.isa.configuration import configure
from popek.library import proving, running
from popek.prove.classes import Showing, classify, classify_instruction
from popek.prove.symbolic import StateSpace
from popek.prove.values import Status
from popek.vmm.monitor import HYBRID

PRIVILEGED = frozenset(c.name for c in classify(CLASSIC, showing=Showing.NOTHING) if c.privileged)


def _classified(question: Question) -> bool:
    """Ask for the classes that the solver gives with structural shortcuts off."""
    space = StateSpace(question.isa.slots, question.isa.arrays, question.isa.translation)
    found = classify_instruction(space, question.isa[question.claim], structural=False, showing=Showing.NOTHING)
    return names_in(question.answer) == {c for c in CLASSES if getattr(found, c.replace("-", "_"))}


def _predicted(question: Question) -> bool:
    """Ask for the verdict of the whole ISA."""
    monitor, _, name = question.claim.rpartition(".")
    (found,) = proving.verdict(question.isa, monitor=monitor or "trap-and-emulate").isas
    status = getattr(found[monitor], name).status if monitor else found.theorem(int(name[-1])).status
    return bool(status is (Status.PROVED if question.answer == "yes" else Status.REFUTED))


def _noticed(question: Question) -> bool:
    """Say whether a run diverges, and whether the whole ISA is refuted."""
    words = TOPICS["guest"].mark(question, question.answer)
    (verdict,) = proving.verdict(question.isa, monitor="trap-and-emulate").isas
    return words.right and verdict["trap-and-emulate"].equivalence.status is Status.REFUTED


def _mended(question: Question) -> bool:
    """Say whether the theorem holds with the change, and not without any one of it."""
    wanted, number = names_in(question.answer), int(question.claim[-1])

    def holds(trap: frozenset[str]) -> bool:
        repaired = configure(question.isa, trap=sorted(trap))
        return bool(proving.verdict(repaired, monitor="trap-and-emulate").isas[0].theorem(number).holds)

    return holds(wanted) and not any(holds(wanted - {one}) for one in wanted)


def _bare(question: Question) -> list[Record]:
    """Return the steps of a program on the bare machine."""
    records: list[Record] = []
    running.machine(CLASSIC, assembled(question.given), memory=ALLOTMENT[1], sink=records.append).run(1000)
    return records


def _exits(record: Record, *, hybrid: bool) -> bool:
    """Say whether a step of code that is run directly is privileged, by proof, or traps on the bare machine."""
    event = record.event
    assert event.decoded is not None
    directly = event.mode == 1 or not hybrid
    return directly and (event.kind is Kind.TRAP or event.decoded.instruction.name in PRIVILEGED)


def _counted(question: Question) -> bool:
    """Count the steps that exit."""
    hybrid = question.claim == HYBRID.name
    return question.answer == str(sum(_exits(r, hybrid=hybrid) for r in _bare(question)))


def _trapped(question: Question) -> bool:
    """Say what is done: reflected is what traps on the bare machine, emulated what is privileged and completes."""
    record = _bare(question)[int(question.claim) - 1]
    if record.event.kind is Kind.TRAP:
        return question.answer == "reflected"
    return question.answer == ("emulated" if _exits(record, hybrid=False) else "direct")


CHECKS: dict[str, Callable[[Question], bool]] = {
    "classify": _classified,
    "verdict": _predicted,
    "guest": _noticed,
    "repair": _mended,
    "trap": _trapped,
    "exits": _counted,
}


@pytest.mark.parametrize("topic", TOPICS)
def test_answers_are_right(topic: str) -> None:
    """For some seeds here; for a thousand of each topic behind the marker."""
    _check(topic, range({"exits": 40, "trap": 40}.get(topic, 4)))


@pytest.mark.soak
@pytest.mark.parametrize("topic", TOPICS)
def test_a_thousand_answers_are_right(topic: str) -> None:
    """As the quiz gives them."""
    _check(topic, range(1000))


def _check(topic: str, seeds: range) -> None:
    for seed in seeds:
        question = TOPICS[topic].question(seed)
        assert TOPICS[topic].mark(question, question.answer).right, question
        assert CHECKS[topic](question), question


@pytest.mark.parametrize("topic", TOPICS)
def test_a_seed_asks_the_same_again_and_another_something_else(topic: str) -> None:
    """Questions are made from the seed alone."""
    asked = [TOPICS[topic].question(seed).to_dict() for seed in (3, 3, 4)]
    assert asked[0] == asked[1] != asked[2]


@pytest.mark.parametrize(
    ("topic", "wrong"),
    [
        ("classify", "critical, innocuous"),
        ("classify", ""),
        ("verdict", "perhaps"),
        ("guest", "nop"),
        ("guest", "frobnicate r1"),
        ("repair", "nop"),
        ("trap", "ignored"),
        ("exits", "-1"),
    ],
)
def test_wrong_answers_are_wrong(topic: str, wrong: str) -> None:
    """And it is said why."""
    question = TOPICS[topic].question(1)
    mark = TOPICS[topic].mark(question, wrong)
    assert not mark.right
    assert mark.says != "right"


def test_names_may_be_separated_in_any_way() -> None:
    """In any order, too, and in capitals."""
    question = next(q for q in map(TOPICS["repair"].question, range(20)) if len(names_in(q.answer)) > 1)
    names = sorted(names_in(question.answer), reverse=True)
    for text in ("; ".join(names), " and ".join(names).upper(), "\n".join(names)):
        assert TOPICS["repair"].mark(question, text).right


def test_an_answer_is_hidden_until_it_is_asked_for() -> None:
    """In what JSON has of a question as well."""
    hidden, shown = (quiz("exits", 2, solve=solve).to_dict() for solve in (False, True))
    assert "answer" not in hidden
    assert shown["answer"]
    assert {k: shown[k] for k in hidden} == hidden


def test_an_unknown_topic_is_refused() -> None:
    """With the nearest one."""
    with pytest.raises(PopekError, match="did you mean `exits`"):
        quiz("exit")
