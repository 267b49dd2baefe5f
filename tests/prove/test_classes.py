"""The classes are those of the paper, made exact; each "is" comes with states that have been stepped."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
from attrs import evolve

from popek.engine.reference import apply
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Put, Trap
from popek.isa.classic import CLASSIC, INNOCUOUS, SYSTEM
from popek.isa.expression import as_expr, element, eq, ite, load
from popek.isa.instruction import EXECUTES, IGNORED, TRAPS, A, Instruction, rb
from popek.isa.slot import BASE, BOUND, MEMORY, MODE, PC, REGISTERS, TIMER
from popek.prove.classes import Showing, classify, classify_instruction, classify_one
from popek.prove.inquiry import Inquiry, Question
from popek.prove.symbolic import StateSpace
from popek.prove.theorems import theorem_1, theorem_2, theorem_3
from popek.prove.values import Classes, PropertyVerdict, Status
from popek.testing.made_classes import made_classes
from popek.testing.states import made

CLASSES = {c.name: c for c in classify(CLASSIC)}

KINDS = {
    "halt": ("control",),
    "lpsw": ("control",),
    "spsw": ("mode", "location", "bound", "interrupt"),
    "setr": ("control",),
    "getr": ("location", "bound"),
    "getmode": ("mode",),
    "lra": ("location",),
    "jsu": ("control",),
    "getie": ("interrupt",),
    "setie": ("control",),
    "gettimer": ("timer",),
    "settimer": ("control",),
    "in": ("control", "device"),
    "out": ("control",),
    "disk": ("control", "location", "bound", "memory", "device"),
    "mfpi": ("location", "bound", "memory"),
    "mtpi": ("control", "location", "bound"),
}
"""By hand: what each system instruction changes, or depends on."""


@pytest.mark.parametrize("name", [i.name for i in SYSTEM])
def test_system_instructions_are_privileged_and_sensitive(name: str) -> None:
    """Each is one of the paper's sensitive instructions, and a privileged one."""
    found = CLASSES[name]
    assert (found.privileged, found.sensitive, found.critical) == (True, True, False)
    assert {*found.kinds} >= {*KINDS[name]} & {"control", "mode", "timer", "interrupt"}


@pytest.mark.parametrize("name", [i.name for i in INNOCUOUS])
def test_the_rest_is_innocuous(name: str) -> None:
    """Supervisor calls, loads that fault, stores, arithmetic traps: none of them is sensitive, in any mode."""
    found = CLASSES[name]
    assert (found.innocuous, found.privileged, found.user_sensitive, found.kinds) == (True, False, False, ())


def test_a_privileged_no_operation_is_innocuous() -> None:
    """A trap is an outcome, and no change of state: what does nothing when it is let is not sensitive."""
    found = classify_one(CLASSIC.vary("odd", nop=TRAPS), "nop")
    assert (found.privileged, found.sensitive) == (True, False)


def test_a_privileged_read_of_the_mode_is_sensitive() -> None:
    """Though it always traps in user mode: sensitivity is of the meaning."""
    assert CLASSES["getmode"].kinds == ("mode",)
    assert not CLASSES["getmode"].user_sensitive


def test_a_privileged_addition_changes_no_theorem() -> None:
    """`--trap add`: both premises hold still."""
    classes = classify(CLASSIC.vary("slow", add=TRAPS), showing=Showing.NOTHING)
    assert theorem_1(classes).holds
    assert theorem_3(classes).holds


def test_ignoring_is_not_trapping() -> None:
    """A silent no-op is explicitly no privileged instruction in the paper."""
    found = classify_one(CLASSIC.vary("popf", setie=IGNORED), "setie")
    assert (found.privileged, found.critical, found.user_critical) == (False, True, False)


def test_what_happens_only_in_a_memory_trap_is_set_aside() -> None:
    """A load depends on base and bound by its faults alone, and those are no difference."""
    assert CLASSES["ld"].kinds == ()


def test_two_traps_never_differ_whatever_their_cause() -> None:
    """A trap for one reason in one mode and for another in the other is a trap in both."""
    cause = Behaviour(
        traps=[Trap(eq(MODE, 0), Cause.ARITHMETIC), Trap(eq(MODE, 1), Cause.SVC)],
    )
    isa = CLASSIC.vary("odd", odd=Instruction("odd", "", 0x60, "Trap.", cause))
    assert classify_one(isa, "odd").innocuous


def test_a_privilege_trap_that_depends_on_a_resource_is_a_difference() -> None:
    """Between two states of user mode, who is let through may not depend on what the control program owns."""
    does = Behaviour({}, [Put(REGISTERS, A, 1)])
    in_user = does.trapping(Trap(eq(TIMER, 0), Cause.PRIVILEGED, privilege=True))
    isa = CLASSIC.vary("odd", odd=Instruction("odd", "ra", 0x60, "Trap at rest.", does, in_user))
    found = classify_one(isa, "odd")
    assert found.user_kinds == ("timer",)
    assert found.witnesses["timer"].differs == "outcome"


def test_to_the_letter_a_supervisor_call_is_sensitive() -> None:
    """Read so, every trap changes the mode, and no machine with a system call is virtualizable."""
    literal = {c.name: c for c in classify(CLASSIC, literal=True)}
    assert literal["svc"].kinds == ("trap",)
    assert theorem_1(tuple(literal.values())).blame == ("svc",)
    assert "to the letter" in literal["svc"].witnesses["trap"].says


@pytest.mark.parametrize("name", CLASSES)
def test_every_witness_is_a_step_of_the_engine(name: str) -> None:
    """What the witness of control shows has been changed, in a state that the engine has stepped."""
    found = CLASSES[name]
    for kind, witness in {**found.witnesses, **found.user_witnesses}.items():
        assert witness.kind == kind
        assert len(witness.before) == len(witness.after) == len(witness.outcomes) == (1 if kind == "control" else 2)
        assert witness.differs
        if kind == "control":
            assert witness.outcomes == ("completes",)
            assert witness.before[0].values[witness.differs] != witness.after[0].values[witness.differs]
        elif witness.differs != "outcome" and not witness.differs.startswith("mem["):
            assert witness.after[0].values[witness.differs] != witness.after[1].values[witness.differs]


def test_a_witness_can_be_stepped_by_hand() -> None:
    """The state of "read mode", made again: supervisor mode reads 0, user mode 1."""
    (isa,) = (CLASSIC.vary("readable", getmode=EXECUTES),)
    for mode in (0, 1):
        state = made(isa, slots={MODE: mode, PC: 16, BASE: 0, BOUND: 64})
        apply(isa.lowered(isa["getmode"], mode), state, {"a": 3, "word": 0})
        assert state.registers[3] == mode


def _classes(privileged: bool | None, sensitive: bool | None) -> Classes:
    return made_classes("odd", privileged=privileged, sensitive=sensitive, user_sensitive=sensitive)


def test_what_nobody_knows_is_said_to_be_unknown() -> None:
    """A premise of which one part is not decided is neither met nor refuted; without instructions it says nothing."""
    unknown = theorem_1([_classes(privileged=False, sensitive=None)])
    assert (unknown.status, unknown.holds, unknown.blame) == (Status.UNKNOWN, None, ("odd",))
    assert theorem_3([_classes(privileged=True, sensitive=None)]).status is Status.PROVED
    assert theorem_1([_classes(privileged=None, sensitive=False)]).status is Status.PROVED
    assert theorem_1([]).status is Status.VACUOUS


def test_theorem_2_needs_a_monitor_that_does_not_know_the_time() -> None:
    """Theorem 1's premise is part of it; then it stands or falls with the monitor's own time."""
    first = theorem_1([_classes(privileged=True, sensitive=True)])
    late = PropertyVerdict(Status.REFUTED, ("odd",), "it reads the real timer")
    assert theorem_2(first, PropertyVerdict(Status.PROVED)).holds
    assert theorem_2(first, late).blame == ("odd",)
    refuted = theorem_1([_classes(privileged=False, sensitive=True)])
    assert theorem_2(refuted, PropertyVerdict(Status.PROVED)).blame == ("odd",)


@pytest.mark.parametrize("showing", Showing)
@pytest.mark.parametrize(
    "isa", [CLASSIC, *(shipped.find(n) for n in ("x86", "vax-rings", "armv7"))], ids=lambda i: i.name
)
def test_what_is_asked_first_changes_nothing(isa: Isa, showing: Showing) -> None:
    """Whether it is sensitive, how, and shown by which states, does not depend on what was wanted before."""
    space = StateSpace(isa.slots, isa.arrays, isa.translation)
    orders = ("sensitive", "user_sensitive", "kinds"), ("user_kinds", "sensitive"), ("kinds", "user_sensitive")
    for each in isa.instructions if showing is not Showing.NICE else isa.instructions[::9]:
        found = []
        for order in orders:
            fresh = classify_instruction.__wrapped__(space, each, showing=showing)
            for name in order:
                getattr(fresh, name)
            found.append((fresh.to_dict(), fresh.witnesses, fresh.user_witnesses))
        assert found[0] == found[1] == found[2]
        known = fresh.to_dict()
        assert known["sensitive"] == bool(known["kinds"])
        assert known["user_sensitive"] == bool(known["user_kinds"])


def test_classes_are_values() -> None:
    """They are copied and compared with all that there is to be found out of them."""
    one = classify_one(CLASSIC.vary("readable", getmode=EXECUTES), "getmode")
    again = copy.deepcopy(one)
    assert again == one
    assert again.witnesses["mode"] == one.witnesses["mode"]
    assert one != CLASSES["getmode"]


def test_a_choice_between_equal_values_depends_on_nothing() -> None:
    """The solver sees through what structure does not: mentioning the mode is not depending on it."""
    does = Behaviour({}, [Put(REGISTERS, A, ite(eq(MODE, 0), load(rb), load(rb)))])
    isa = CLASSIC.vary("odd", odd=Instruction("odd", "ra, rb", 0x60, "Load.", does))
    assert classify_one(isa, "odd").innocuous
    same = Behaviour({}, [Put(REGISTERS, A, as_expr(TIMER) - TIMER)])
    isa = CLASSIC.vary("odd", odd=Instruction("odd", "ra", 0x60, "Nothing.", same))
    assert classify_one(isa, "odd").innocuous


def test_a_return_through_fixed_words_does_not_depend_on_where_it_stands() -> None:
    """A guess that looks at memory by the R that the instruction has just loaded would show a difference."""
    old_r = {BASE: element(MEMORY, 2), BOUND: element(MEMORY, 3)}
    isa = CLASSIC.vary(
        "returning", {"back": Instruction("back", "", 0x60, "Load R from words 2 and 3.", Behaviour(old_r))}
    )
    asked = classify(evolve(isa, instructions=(isa["back"],)), structural=False, showing=Showing.NOTHING)
    guessed = classify(evolve(isa, instructions=(isa["back"],)))
    assert guessed[0].kinds == asked[0].kinds


def test_whoever_looks_at_the_questions_sees_them_all() -> None:
    """Two who do so by turns, as threads do: what one has made is the other's, too."""
    questions = [Question(kind, user=True, sides=(), formula=tuple) for kind in "abcdef"]
    inquiry = Inquiry(iter(questions), lambda _: (False, None), "abcdef", once=True)
    one, other = inquiry._all(), inquiry._all()
    seen = [next(x) for x in (one, other, other, one, one, other)]
    assert [q.kind for q in seen] == list("aabbcc")
    assert [*one] == [*other] == questions[3:]


def test_threads_find_out_the_same() -> None:
    """Of the same classes, at the same time."""
    space = StateSpace(CLASSIC.slots, CLASSIC.arrays, CLASSIC.translation)
    for name in ("mtpi", "disk", "spsw"):
        once = classify_instruction.__wrapped__(space, CLASSIC[name])
        expected = classify_one(CLASSIC, name).found()
        with ThreadPoolExecutor(4) as pool:
            assert all(found == expected for found in pool.map(lambda _, c=once: c.found(), range(8)))
