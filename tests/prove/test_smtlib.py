"""Proofs can be checked elsewhere: what the solver was asked, as SMT-LIB 2, is answered alike by two others."""

from collections.abc import Iterator

import bitwuzla
import cvc5
import pytest

from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.prove.obligation import Obligation, Question, filename, smt2
from popek.prove.properties import export, obligations, prove
from popek.prove.smtlib import script
from popek.prove.values import PROPERTIES, Status
from popek.testing.faults import FEW, classes_of
from popek.testing.wrong_monitors import WRONG_MONITORS
from popek.vmm.monitor import HYBRID, MONITORS, TRAP_AND_EMULATE
from popek.vmm.rings import available

SHIPPED = (*shipped.bases(), *shipped.variants(), *shipped.catalogue())
ANSWERS = {Status.PROVED: "unsat", Status.REFUTED: "sat"}
_answered: dict[str, str] = {}
_asked: dict[tuple[Question, Status], tuple[str, str]] = {}


def answer(text: str) -> str:
    """Return another solver's answer to a question: Bitwuzla's on words, that of cvc5 on integers."""
    if text not in _answered:
        _answered[text] = _cvc5(text) if "Int" in text else _bitwuzla(text)
    return _answered[text]


def _bitwuzla(text: str) -> str:
    parser = bitwuzla.Parser(bitwuzla.TermManager(), bitwuzla.Options())
    parser.parse(text, True, False)
    return str(parser.bitwuzla().check_sat())


def _cvc5(text: str) -> str:
    solver = cvc5.Solver(cvc5.TermManager())
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    return "".join(c.invoke(solver, parser.getSymbolManager()).strip() for c in _commands(parser))


def _commands(parser: cvc5.InputParser) -> Iterator[cvc5.Command]:
    while not (command := parser.nextCommand()).isNull():
        yield command


def others(question: Question, obligation: Obligation, status: Status) -> tuple[str, str]:
    """Return what another solver answers: can the claim fail, and, if not, can what it assumes be met."""
    key = question, status  # many machines and monitors share a question, and none needs to be written twice
    if key not in _asked:
        text = smt2(obligation)
        assert text is not None
        assumed = f"(set-logic ALL)\n{script(question.assumptions, question.over)}(check-sat)\n"
        _asked[key] = answer(text), answer(assumed) if status is Status.PROVED else ""
    return _asked[key]


def differing(isa: Isa, *, structural: bool = True) -> list[tuple[str, str]]:
    """Return the monitors and the names of the obligations of which the solvers think differently."""
    found = []
    for monitor in available(isa):
        if isa.guest is None and monitor.in_guest_mode:
            continue
        for each in prove(isa, monitor, classes_of(isa), structural=structural).discharged:
            if each.obligation.query is not None:
                expected = ANSWERS[each.status], "sat" if each.status is Status.PROVED else ""
                if others(each.obligation.query(), each.obligation, each.status) != expected:
                    found.append((monitor.name, each.obligation.name))
    return found


@pytest.mark.parametrize("isa", SHIPPED, ids=lambda isa: isa.name)
def test_other_solvers_answer_alike(isa: Isa) -> None:
    """Proved is "unsat" there too, and refuted "sat", under every technique; and what is assumed can be met."""
    assert not differing(isa)


@pytest.mark.soak
@pytest.mark.parametrize("isa", SHIPPED, ids=lambda isa: isa.name)
def test_other_solvers_answer_alike_without_structure(isa: Isa) -> None:
    """So they do where nothing is settled by structure, and every square is a question."""
    assert not differing(isa, structural=False)


@pytest.mark.parametrize("fault", WRONG_MONITORS)
def test_other_solvers_see_what_is_wrong_with_a_monitor(fault: str) -> None:
    """Of a claim that is refuted of a wrong monitor the other one, too, finds a state in which it fails."""
    prop, monitor = WRONG_MONITORS[fault]
    refuted = [d.obligation for d in prove(FEW, monitor, classes_of(FEW)).of(prop) if d.status is Status.REFUTED]
    assert {answer(text) for o in refuted if (text := smt2(o)) is not None} == {"sat"}


def test_every_question_of_the_suite_is_asked() -> None:
    """All techniques and all properties are among them, theorem 2's independence as well, over words and integers."""
    asked = {
        (monitor.name, o.property)
        for isa in (SHIPPED[0], SHIPPED[1])
        for monitor in available(isa)
        if isa.guest is not None or not monitor.in_guest_mode
        for o in obligations(isa, monitor, classes_of(isa))
        if o.query is not None
    }
    assert {m for m, _ in asked} == MONITORS.keys()
    assert {p for _, p in asked} >= {*PROPERTIES}


def test_what_is_exported_is_what_was_asked() -> None:
    """One file for each question, by a name of its own; what structure settles is no question."""
    files = dict(export(FEW, HYBRID, classes_of(FEW)))
    asked = [o for o in obligations(FEW, HYBRID, classes_of(FEW)) if o.query is not None]
    assert len(files) == len(asked)
    for name, text in files.items():
        assert name.endswith(".smt2")
        assert name.replace("-", "").replace("_", "").removesuffix(".smt2").isalnum()
        assert "(check-sat)" in text
        assert text.count("(set-logic ALL)") == 1


def test_a_question_says_what_it_is_about() -> None:
    """Name, property and sentence stand at its beginning, as comments."""
    first = next(o for o in obligations(FEW, TRAP_AND_EMULATE, classes_of(FEW)) if o.query is not None)
    text = smt2(first)
    assert text
    assert text.startswith(f"; {first.name}\n; {first.property}: {first.says}\n")
    assert filename(7, first).startswith("007-equivalence-event-initial")
