"""Proofs can be checked elsewhere: what the solver was asked, as SMT-LIB 2, is answered alike by two others."""

from collections.abc import Iterator

import bitwuzla
import cvc5
import pytest

from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.variants import VARIANTS
from popek.prove.obligation import filename, smt2
from popek.prove.properties import decided, export, obligations
from popek.prove.values import Status
from popek.testing.faults import FEW, classes_of
from popek.vmm.monitor import HYBRID, TRAP_AND_EMULATE

BY_NAME = {i.name: i for i in (CLASSIC, *VARIANTS)}
ANSWERS = {Status.PROVED: "unsat", Status.REFUTED: "sat"}
_answered: dict[str, str] = {}


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


def differing(isa: Isa) -> list[str]:
    """Return the names of the obligations of which the solvers think differently."""
    found = []
    for obligation in obligations(isa, TRAP_AND_EMULATE, classes_of(isa)):
        text = smt2(obligation)
        if text is not None:
            expected = ANSWERS[decided(isa, TRAP_AND_EMULATE, obligation).status]
            found += [obligation.name] if answer(text) != expected else []
    return found


@pytest.mark.parametrize("name", ["classic", "psw-loadable", "setb", "spill", "timer-writable"])
def test_other_solvers_answer_alike(name: str) -> None:
    """Proved is "unsat" there too, and refuted "sat"; bit-vectors and integers alike."""
    assert not differing(BY_NAME[name])


@pytest.mark.soak
@pytest.mark.parametrize("name", BY_NAME)
def test_other_solvers_answer_alike_on_every_variant(name: str) -> None:
    """So they do for the whole family."""
    assert not differing(BY_NAME[name])


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
