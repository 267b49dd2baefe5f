"""Planted faults in the prover itself: operators, shortcuts, claims, assumptions, the memory of what was proved.

Whoever proves must be doubted too. Each fault makes an answer that the table of `test_verdicts.py`, the planted faults
of monitors, the solver instead of a shortcut, or the engines' own integers contradict: this is what those are for.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from random import Random
from typing import Any

import pytest
import z3
from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.domain import integers
from popek.isa.expression import FALSE, OPERATORS, TRUE, Expr, Op, Sort, as_expr, operand, unchecked
from popek.isa.slot import BASE, IE, MODE, TIMER
from popek.isa.variants import VARIANTS
from popek.prove import classes as classes_module
from popek.prove import (
    events,
    guest_witness,
    inside,
    obligation,
    properties,
    simplify,
    smtlib,
    solver,
    squares,
    symbolic,
)
from popek.prove.classes import Showing, classify, classify_instruction
from popek.prove.inside import Pair
from popek.prove.obligation import Obligation, Question, discharge
from popek.prove.properties import prove
from popek.prove.smtlib import Notation
from popek.prove.solver import Model
from popek.prove.squares import Square
from popek.prove.terms import EXPRESSIONS, implies, less, same
from popek.prove.theorems import theorem_1, theorem_3
from popek.prove.values import PROPERTIES, Status
from popek.testing.faults import FEW, classes_of
from popek.testing.words import EDGES
from popek.vmm.monitor import DISPATCHER, TRAP_AND_EMULATE, Action, Monitor
from popek.vmm.vm_map import K, kept

BY_NAME = {v.name: v for v in VARIANTS}
Change = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    """Forget what was proved before, and afterwards what was proved by a faulty prover."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    properties._known.clear()
    properties._shared.clear()
    obligation._answers.clear()
    obligation._trial.cache_clear()
    obligation._all_proved.cache_clear()
    inside._model.cache_clear()
    guest_witness._found.clear()
    classify_instruction.cache_clear()


def status(isa: Isa, prop: str, monitor: Monitor = TRAP_AND_EMULATE) -> Status:
    """Return what becomes of a property, with the classes as a right prover has them."""
    return prove(isa, monitor, classes_of(isa)).verdict(prop).status


def only(name: str) -> Isa:
    """Return a textbook variant with few instructions, the changed one among them."""
    isa = BY_NAME[name]
    changed = {i.name for i in isa.instructions if i not in FEW.instructions and i.name not in _CLASSIC}
    changed |= {i.name for i in isa.instructions if i.name in FEW.by_name and i != FEW[i.name]}
    return evolve(isa, instructions=tuple(i for i in isa.instructions if i.name in {*changed, "nop", "ld", "svc"}))


_CLASSIC = {i.name for v in VARIANTS for i in v.instructions} - {"setb"}


def nothing(*_: object) -> Iterator[Any]:
    """Claim nothing."""
    return iter(())


def true(*_: object, **__: object) -> Any:
    """Claim what is always so."""
    return TRUE


def yes(*_: object) -> bool:
    """See that it is so, whatever it is."""
    return True


def patch(module: object, name: str, value: object) -> Change:
    """Return the change that replaces a part of a module, or of a class."""
    return lambda monkeypatch: monkeypatch.setattr(module, name, value)


# Shortcuts and claims: another answer than the table's --------------------------------------------------------------

CLAIMS: Mapping[str, tuple[Change, str, str]] = {
    "everything is taken for program state": (patch(squares, "within_program_state", yes), "jrst1", "equivalence"),
    "everything is taken to trap": (patch(Square, "always_traps", property(lambda _: True)), "mfpi", "equivalence"),
    "the results need not be the same": (patch(squares, "_same", nothing), "psw-storable", "equivalence"),
    "R need not stay inside": (patch(squares, "_still_confined", true), "r-writable", "resource_control"),
    "devices and timer may be touched": (patch(squares, "_untouched", nothing), "open-console", "resource_control"),
    "others' memory may change": (patch(squares, "others_memory_same", true), "spill", "resource_control"),
    "secrets may differ": (patch(squares, "_alike", nothing), "mfpi", "isolation"),
    "an address is taken to have a successor": (
        lambda m: m.setattr(Pair, "translations", _with_successors(Pair.translations)),
        "spill",
        "resource_control",
    ),
    "virtual and real base are taken to be equal": (
        lambda m: m.setattr(Pair, "given", _with(Pair.given, lambda p: same(p.loaded[BASE], p.kept[BASE]))),
        "lra-readable",
        "equivalence",
    ),
    "interrupts are taken to be always enabled": (
        lambda m: m.setattr(Pair, "given", _with(Pair.given, lambda p: same(p.kept[IE], 1))),
        "pushf",
        "equivalence",
    ),
    "virtual mode is taken to be user": (
        lambda m: m.setattr(Pair, "given", _with(Pair.given, lambda p: same(p.kept[MODE], 1))),
        "jrst1",
        "equivalence",
    ),
}


def _with(given: Callable[[Pair], list[Any]], fact: Callable[[Pair], Any]) -> Callable[[Pair], list[Any]]:
    return lambda pair: [*given(pair), fact(pair)]


def _with_successors(translations: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    def more(pair: Pair, *, alike: bool = True) -> list[Any]:
        ends = [implies(pair.legal(a), less(pair.virtual.real(a) + 1, pair.w)) for a in pair.addresses]
        return [*translations(pair, alike=alike), *ends]

    return more


@pytest.mark.parametrize("fault", CLAIMS)
def test_a_claim_that_is_too_weak_is_noticed(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has "refuted" where a prover with this fault does not."""
    change, name, prop = CLAIMS[fault]
    isa = only(name)
    assert status(isa, prop) is Status.REFUTED
    _forget()
    change(monkeypatch)
    assert status(isa, prop) is not Status.REFUTED


def test_a_shortcut_that_goes_too_far_contradicts_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked without shortcuts, the solver gives the right answer still."""
    monkeypatch.setattr(squares, "within_program_state", yes)
    isa = only("mode-readable")
    assert prove(isa, TRAP_AND_EMULATE, classes_of(isa)).verdict("equivalence").status is Status.PROVED
    _forget()
    asked = prove(isa, TRAP_AND_EMULATE, classes_of(isa), structural=False)
    assert asked.verdict("equivalence").status is Status.REFUTED


def test_classes_that_nobody_asks_about_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shortcut that says "it does not mention it" too often makes theorem 1 hold where the table says it does not."""
    isa = only("lra-readable")
    assert theorem_3(classify(isa, showing=Showing.NOTHING)).blame == ("lra",)
    _forget()
    monkeypatch.setattr(classes_module, "_looked_at", lambda *_: frozenset())
    assert theorem_1(classify(isa, showing=Showing.NOTHING)).holds
    _forget()
    assert theorem_1(classify(isa, structural=False, showing=Showing.NOTHING)).blame == ("lra",)


# Claims about the map: the planted faults of monitors are no longer refuted -----------------------------------------

EVENTS: Mapping[str, tuple[str, Monitor]] = {
    "the translation lemma is taken for granted": (
        "_translation",
        evolve(TRAP_AND_EMULATE, name="wrong", entry={BASE: K}),
    ),
    "the ticks are taken for granted": (
        "_ticks",
        evolve(TRAP_AND_EMULATE, name="wrong", recovery={TIMER: kept(TIMER)}),
    ),
    "entry is taken for granted": ("_initial", evolve(TRAP_AND_EMULATE, name="wrong", entry={MODE: as_expr(MODE)})),
    "the dispatcher is taken for granted": (
        "_dispatch",
        evolve(
            TRAP_AND_EMULATE,
            name="wrong",
            dispatcher={**DISPATCHER, **dict.fromkeys([c for c in DISPATCHER if c.name == "ILLEGAL"], Action.SKIP)},
        ),
    ),
}


@pytest.mark.parametrize("fault", EVENTS)
def test_a_claim_about_the_map_that_is_left_out_is_noticed(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong monitor that is refuted now is not refuted then."""
    name, monitor = EVENTS[fault]
    isa = only("add-traps")
    assert status(isa, "equivalence", monitor) is Status.REFUTED
    _forget()
    monkeypatch.setattr(events, name, nothing)
    assert status(isa, "equivalence", monitor) is not Status.REFUTED


# Vacuity, the solver's limit, the memory of what was proved ---------------------------------------------------------


def test_assumptions_that_nothing_meets_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a contradiction everything follows, so it is called vacuous, and not proved."""
    monkeypatch.setattr(Pair, "given", _with(Pair.given, lambda _: FALSE))
    assert {status(only("jrst1"), p) for p in ("equivalence", "resource_control")} == {Status.VACUOUS}


def test_a_solver_that_gives_up_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the limit is reached, nobody knows."""
    monkeypatch.setattr(solver, "RESOURCES", 1)
    assert status(only("setb"), "equivalence") is Status.UNKNOWN


def test_what_was_proved_of_one_monitor_is_not_believed_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decided is kept by everything that it depends on; a key that forgets the map is noticed."""
    isa, wrong = only("add-traps"), evolve(TRAP_AND_EMULATE, name="wrong", entry={BASE: K})
    assert status(isa, "equivalence") is Status.PROVED
    assert status(isa, "equivalence", wrong) is Status.REFUTED
    _forget()
    monkeypatch.setattr(properties, "_frame", lambda *_: ())
    assert status(isa, "equivalence") is Status.PROVED
    assert status(isa, "equivalence", wrong) is Status.PROVED


# Operators ----------------------------------------------------------------------------------------------------------


def disagreement(how: Notation, ops: tuple[Op, ...]) -> Op | None:
    """Return an operator on which what the solver is given differs from the engines' integers, if there is one."""
    numbers = integers()
    for op in ops:
        takes, gives = OPERATORS[op]
        differing = []
        for row in _rows(takes):
            written = how.operators[op](*(_written(how, v, s) for v, s in zip(row, takes, strict=True)))
            differing.append(f"(not (= {written} {_written(how, numbers.operators[op](*row), gives)}))")
        asked = z3.SimpleSolver(ctx=z3.Context())
        asked.from_string(f"(assert (or false {' '.join(differing)}))")
        if asked.check() == z3.sat:
            return op
    return None


def _written(how: Notation, value: int, sort: Sort) -> str:
    return how.constant(value) if sort is Sort.WORD else str(bool(value)).lower()


def _rows(takes: tuple[Sort, ...]) -> Iterator[tuple[int, ...]]:
    words = (*EDGES[:12], 5, 31, 32, 0xDEAD_BEEF)
    rows: list[tuple[int, ...]] = [()]
    for sort in takes:
        rows = [(*r, v) for r in rows for v in (words if sort is Sort.WORD else (True, False))]
    return iter(rows)


LINEAR = (Op.ADD, Op.SUB, Op.EQ, Op.ULT, Op.SLT, Op.TRUE, Op.FALSE, Op.NOT, Op.BOTH, Op.EITHER, Op.ITE)


def test_terms_mean_what_the_engines_integers_mean() -> None:
    """All operators over bit-vectors, and those that ranged integers do not leave open, on words that matter."""
    assert disagreement(smtlib.bits(), tuple(OPERATORS)) is None
    assert disagreement(smtlib.integers(), LINEAR) is None


_ANOTHER = {
    Op.ADD: Op.SUB, Op.SUB: Op.ADD, Op.MUL: Op.ADD, Op.UDIV: Op.UREM, Op.UREM: Op.UDIV, Op.AND: Op.OR, Op.OR: Op.XOR,
    Op.XOR: Op.OR, Op.SHL: Op.LSHR, Op.LSHR: Op.ASHR, Op.ASHR: Op.LSHR, Op.EQ: Op.ULT, Op.ULT: Op.SLT, Op.SLT: Op.ULT,
    Op.BOTH: Op.EITHER, Op.EITHER: Op.BOTH, Op.TRUE: Op.FALSE, Op.FALSE: Op.TRUE,
}  # fmt: skip


def mistaken(how: Notation, op: Op) -> Notation:
    """Return a notation in which one operator means another."""
    return evolve(how, operators={**how.operators, op: how.operators[_ANOTHER[op]]})


@pytest.mark.parametrize("op", _ANOTHER, ids=lambda o: o.value)
def test_a_wrong_operator_is_noticed(op: Op) -> None:
    """One operator in the place of another differs from the integers somewhere."""
    assert disagreement(mistaken(smtlib.bits(), op), (op,)) is op
    if op in LINEAR:
        assert disagreement(mistaken(smtlib.integers(), op), (op,)) is op


def test_a_sum_that_does_not_wrap_is_noticed() -> None:
    """Ranged integers that forget the word's end prove relocation where it wraps."""
    right = smtlib.integers()
    for op, careless in ((Op.ADD, "+"), (Op.SUB, "-")):
        wrong = {**right.operators, op: lambda a, b, sign=careless: f"({sign} {a} {b})"}
        assert disagreement(evolve(right, operators=wrong), (op,)) is op


WRONG = (Op.ADD, Op.EQ, Op.ULT, Op.BOTH, Op.SUB)
TOLD = ("jrst1", "setb", "spill", "mfpi", "lra-readable", "add-traps", "open-console")


@pytest.mark.parametrize("op", WRONG, ids=lambda o: o.value)
def test_a_solver_that_takes_an_operator_for_another_contradicts_the_table(
    op: Op, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gives another answer, or a model of its own does not replay on the engines, which ends the run."""
    right = smtlib.notation
    monkeypatch.setattr(smtlib, "notation", lambda over, width=32: mistaken(right(over, width), op))
    assert any(not _as_the_table_has_it(only(name)) for name in TOLD)


@pytest.mark.parametrize("op", WRONG, ids=lambda o: o.value)
def test_questions_with_an_operator_for_another_contradict_the_table(op: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prover that states one operator where an instruction has another gives another answer, too."""
    wrong = {**EXPRESSIONS.operators, op: EXPRESSIONS.operators[_ANOTHER[op]]}
    for module in (symbolic, inside, events):
        monkeypatch.setattr(module, "EXPRESSIONS", evolve(EXPRESSIONS, operators=wrong))
    assert any(not _as_the_table_has_it(only(name)) for name in TOLD)


def test_the_simplifier_keeps_the_meaning() -> None:
    """Random expressions come to the same over the integers, before and after, at 8 bits and at 32."""
    assert not any(_changed(seed) for seed in range(400))


SIMPLIFIER: Mapping[str, tuple[str, Callable[..., Any]]] = {
    "everything is equal": ("EQ", true),
    "everything is small": ("ULT", true),
    "both are what either is": ("BOTH", lambda a, b: b if a is TRUE else a),
    "either is what both are": ("EITHER", lambda a, b: b if a is TRUE else None),
    "not is nothing": ("NOT", lambda a: a),
    "a choice is its first": ("ITE", lambda *args: args[1]),
    "a choice is one of its two, whatever is chosen": ("EQ", lambda a, b: TRUE if b in a.args[1:] else None),
    "whatever is said of two is so": ("EITHER", lambda _, b: TRUE if b.op is Op.EITHER else None),
    "a mask hides what it lets through": ("AND", lambda a, b: a if b.op is Op.CONST else None),
    "nothing but zero is zero": ("OR", lambda a, b: a if b.op is Op.CONST else None),
    "what differs is what is zero": ("XOR", lambda a, b: b if a.op is Op.CONST else None),
    "a sum is its first": ("ADD", lambda *args: args[0]),
    "a difference is its second": ("SUB", lambda *args: args[1]),
}


@pytest.mark.parametrize("fault", SIMPLIFIER)
def test_a_simplifier_that_goes_too_far_is_noticed(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong rule changes what some random expression comes to."""
    name, rule = SIMPLIFIER[fault]
    monkeypatch.setattr(simplify, "_known", {})
    monkeypatch.setitem(simplify._RULES, Op[name], rule)
    assert any(_changed(seed) for seed in range(400))


def _told_apart(seed: int, several: Callable[[list[Expr]], tuple[Expr, ...]]) -> bool:
    """Whether claims that are simplified together hold in other states than they did."""
    random = Random(seed)  # noqa: S311 - no secret
    parts = [_random_truth(random, 2) for _ in range(3)]
    claims = [unchecked(random.choice((Op.BOTH, Op.EITHER)), *random.choices(parts, k=2)) for _ in range(3)]
    claims.append(unchecked(Op.NOT, unchecked(Op.EITHER, *random.choices(parts, k=2))))
    plain = several(claims)
    for width, _ in product((8, 32), range(12)):
        words = {n: random.choice((0, 1, 2, 7, random.getrandbits(width))) for n in "xyz"}
        model = Model(words, {}, width)
        if all(model.value(c) for c in claims) != all(model.value(c) for c in plain):
            return True
    return False


def test_claims_that_are_simplified_together_keep_their_meaning() -> None:
    """What one of them says is left out of the others, and in no state does it make a difference."""
    assert not any(_told_apart(seed, simplify.together) for seed in range(400))


TOGETHER: Mapping[str, tuple[str, Any]] = {
    "a claim is left out because of itself": ("_without", lambda claim, known: known.get(claim, claim)),
    "what is claimed is taken for false": ("_without", lambda claim, known: FALSE if len(known) > 4 else claim),
    "of two claims one is enough": ("_parts", lambda claims: (c.args[0] if c.op is Op.BOTH else c for c in claims)),
}


@pytest.mark.parametrize("fault", TOGETHER)
def test_claims_of_which_too_much_is_left_out_are_noticed(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some state then meets what is left, and not what was claimed."""
    monkeypatch.setattr(simplify, *TOGETHER[fault])
    assert any(_told_apart(seed, simplify.together) for seed in range(400))


def _changed(seed: int) -> bool:
    """Whether simplifying a random truth changes what it comes to, in some state."""
    random = Random(seed)  # noqa: S311 - no secret
    claim = _random_truth(random, 4)
    plain = simplify.simplified(claim)
    for width, _ in product((8, 32), range(6)):
        words = {n: random.choice((0, 1, 2, 7, random.getrandbits(width))) for n in "xyz"}
        model = Model(words, {}, width)
        if model.value(claim) != model.value(plain):
            return True
    return False


def _random_word(random: Random, depth: int) -> Expr:
    if depth == 0 or random.random() < 0.2:
        return random.choice([*(operand(n) for n in "xyz"), *(as_expr(n) for n in (0, 1, 2, 7, 13, 255, 1792, -1))])
    if random.random() < 0.3:
        when = _random_truth(random, depth - 1)
        return unchecked(Op.ITE, when, *(_random_word(random, depth - 1) for _ in range(2)))
    op = random.choice((Op.ADD, Op.SUB, Op.AND, Op.AND, Op.OR, Op.XOR, Op.SHL, Op.LSHR))
    return unchecked(op, *(_random_word(random, depth - 1) for _ in range(2)))


def _random_truth(random: Random, depth: int) -> Expr:
    if depth < 2 or random.random() < 0.4:
        op = random.choice((Op.EQ, Op.ULT, Op.SLT))
        return unchecked(op, *(_random_word(random, max(0, depth - 1)) for _ in range(2)))
    op = random.choice((Op.BOTH, Op.EITHER, Op.NOT))
    return unchecked(op, *(_random_truth(random, depth - 1) for _ in range(1 if op is Op.NOT else 2)))


def test_a_sample_that_does_not_meet_the_assumptions_refutes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were assumptions not looked at, the square of an instruction that is proved would be refuted."""
    assert status(only("spill"), "equivalence") is Status.PROVED
    _forget()
    monkeypatch.setattr(obligation, "_breaks", lambda sample, asked: not sample.holds(asked.goal))
    assert status(only("spill"), "equivalence") is Status.REFUTED


def test_assumptions_about_something_else_matter_if_nothing_meets_them() -> None:
    """What a goal does not depend on is left out, but not that nothing meets it."""
    x, y = operand("x"), operand("y")
    expected = {(): Status.PROVED, (less(y, 4),): Status.PROVED, (less(y, 0),): Status.VACUOUS}
    for more, status_ in expected.items():
        question = Question((less(x, 3), *more), less(x, 5))
        asked = Obligation("it", "is so", "equivalence", "it", partial(evolve, question))
        assert discharge(asked).status is status_


PROVED = {
    "jrst1": "CFI", "setb": "ECFI", "spill": "EF", "mfpi": "CF", "lra-readable": "CFI", "add-traps": "ECI",
    "open-console": "FI",
}  # fmt: skip


def _as_the_table_has_it(isa: Isa) -> bool:
    try:
        classes = classify(isa)
    except AssertionError:
        return False
    proof = prove(isa, TRAP_AND_EMULATE, classes)
    letters = dict(zip(PROPERTIES, "ECFI", strict=True))
    found = "".join(letters[p] for p in PROPERTIES if proof.verdict(p).status is Status.PROVED)
    return found == PROVED[isa.name] and theorem_1(classes).holds == (isa.name == "add-traps")
