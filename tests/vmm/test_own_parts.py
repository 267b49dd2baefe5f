"""Monitors of one's own: a delta on another, and one clear sentence for whatever is wrong in it."""

from collections.abc import Callable
from typing import Any

import pytest

from popek.errors import PopekError
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.classic import CLASSIC
from popek.isa.expression import Expr, as_expr, element, eq, load, operand
from popek.isa.instruction import ra, rb
from popek.isa.slot import BASE, BOUND, IE, MEMORY, MODE, REGISTERS, TIMER, Slot
from popek.prove.decide import assumptions
from popek.vmm.monitor import (
    ASSUMED,
    DIRECT,
    EMULATED,
    GUEST,
    HARDWARE_ASSISTED,
    HYBRID,
    INTERPRETER,
    TRAP_AND_EMULATE,
    Action,
    Monitor,
    Plan,
    Treatment,
)
from popek.vmm.vm_map import K, kept

OTHER = Slot("other", "No slot of classic's.")


def test_a_delta_changes_only_what_it_says() -> None:
    """Tables keep their other entries, and the original stays as it was."""
    mine = TRAP_AND_EMULATE.vary("mine", dispatcher={Cause.SVC: Action.SKIP}, routines={"setie": Behaviour({IE: ra})})
    again = mine.vary("again", routines={"settimer": Behaviour({TIMER: ra})}, quantum=7)
    assert again.dispatcher == {**TRAP_AND_EMULATE.dispatcher, Cause.SVC: Action.SKIP}
    assert set(again.routines) == {"setie", "settimer"}
    assert (again.quantum, again.name) == (7, "again")
    assert TRAP_AND_EMULATE.routines == {}
    again.check(CLASSIC)


def test_an_instruction_may_stand_for_its_name() -> None:
    """A table by instruction takes the record too, and a number or a slot is a formula."""
    mine = TRAP_AND_EMULATE.vary("mine", routines={CLASSIC["setie"]: Behaviour()}, entry={IE: 1, BASE: BASE})
    assert mine.routines == {"setie": Behaviour()}
    assert mine.entry == {IE: as_expr(1), BASE: as_expr(BASE)}


def of(**parts: Any) -> Callable[[], Monitor]:
    """Return what makes a monitor with these parts, and checks it."""

    def make() -> Monitor:
        mine = TRAP_AND_EMULATE.vary("mine", **parts)
        mine.check(CLASSIC)
        return mine

    return make


WRONG = {
    "a function for a routine": (of(routines={"setie": lambda s: s}), "is a Python function, and must be a Behaviour"),
    "a function for a formula": (of(entry={BASE: lambda s: s}), "for base is a Python function, and must be a formula"),
    "a function for an action": (of(dispatcher={Cause.SVC: print}), "for svc is a Python function"),
    "a word for an action": (of(dispatcher={Cause.SVC: "skip"}), "did you mean `Action.SKIP`"),
    "a word for a cause": (of(dispatcher={"svc": Action.SKIP}), "did you mean `Cause.SVC`"),
    "a name for a slot": (of(entry={"timer": 3}), "from popek.isa.slot import TIMER"),
    "a slot of another machine": (of(entry={OTHER: 3}), "classic has no slot `other`"),
    "a formula over another machine": (of(recovery={BASE: as_expr(OTHER)}), "classic has no slot `other`"),
    "a truth for a word": (of(entry={BOUND: eq(BASE, 1)}), "is a truth, and must be a word"),
    "too wide": (of(entry={MODE: as_expr(BASE)}), "is a whole word, and mode has 1 bit"),
    "an operand that is not there": (of(entry={BASE: operand("kk")}), "names `kk`"),
    "kept values on entry": (of(entry={BASE: K + kept(BASE)}), "names `v.base`"),
    "no such instruction": (of(routines={"setei": Behaviour()}), "did you mean `setie`"),
    "an operand that it does not have": (of(routines={"setie": Behaviour({IE: rb})}), "its operands are: ra"),
    "a reflection that is none": (of(reflection=3), "`reflection` is an int, and must be a Behaviour"),
    "no such part": (of(rutines={}), "did you mean `routines`"),
    "no table": (of(routines=3), "`routines` is a table"),
    "no plan": (of(user="direct"), "`user` is a str, and must be a Plan"),
    "no quantum": (of(quantum=0), "lets no guest run"),
    "half in guest mode": (of(user=GUEST), "runs there in both virtual modes"),
    "a number for an instruction": (of(routines={3: Behaviour()}), "by an instruction's name"),
    "a text for a document": (of(doc=3), "`doc` is an int"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_whatever_is_wrong_is_one_clear_sentence(wrong: str) -> None:
    """What is no data, unknown, or too wide, is refused by name, with what is nearest."""
    make, sentence = WRONG[wrong]
    with pytest.raises(PopekError) as caught:
        make()
    assert len(caught.value.problems) == 1
    assert sentence.lower() in str(caught.value).lower()


def test_a_cause_that_nothing_is_done_about() -> None:
    """A dispatcher has an action for every cause."""
    with pytest.raises(PopekError, match="nothing for illegal"):
        Monitor("mine", "", dispatcher={c: Action.RESUME for c in Cause if c is not Cause.ILLEGAL})


def test_what_keeps_a_slot_is_as_narrow_as_the_slot() -> None:
    """A one-bit slot may be loaded with, or read back as, what another one-bit slot holds or held."""
    TRAP_AND_EMULATE.vary("mine", entry={IE: as_expr(IE)}, recovery={IE: kept(IE)}).check(CLASSIC)


def test_guest_mode_needs_hardware() -> None:
    """A monitor that uses guest mode cannot run guests where there is none."""
    with pytest.raises(PopekError, match="classic has none"):
        HARDWARE_ASSISTED.check(CLASSIC)
    assert HARDWARE_ASSISTED.in_guest_mode
    assert not Monitor("m", "", supervisor=EMULATED, user=DIRECT).in_guest_mode
    with pytest.raises(PopekError, match="guest mode"):
        HARDWARE_ASSISTED.vary("mine", supervisor=Plan(GUEST.others, sensitive=DIRECT.others))


@pytest.mark.parametrize("looked", [element(MEMORY, 60), element(REGISTERS, 3), load(K)], ids=str)
@pytest.mark.parametrize("part", ["entry", "recovery"])
def test_a_map_that_looks_at_what_a_guest_can_change_is_refused(part: str, looked: Expr) -> None:
    """What goes by a word of memory would come out otherwise after a store, and no proof follows that."""
    with pytest.raises(PopekError, match=f"`{part}` for base looks at .*, and may look at slots only"):
        of(**{part: {BASE: looked}})().check(CLASSIC)


def test_what_a_plan_takes_for_granted_is_said_of_a_monitor_of_ones_own_as_well() -> None:
    """No trap stops a processor before an instruction that it would complete: whoever counts on that has to say so."""
    (stops,) = ASSUMED[Treatment.EMULATED]
    stopping = TRAP_AND_EMULATE.vary("stopping", supervisor=Plan(Treatment.DIRECT, critical=Treatment.EMULATED))
    assert stopping.rests_on == (stops,)
    assert f"stopping: {stops}" in assumptions(stopping)
    translating = Plan(Treatment.EMULATED, sensitive=Treatment.TRANSLATED)
    assert TRAP_AND_EMULATE.vary("own", supervisor=translating, assumes=("mine",)).rests_on == (
        *ASSUMED[Treatment.TRANSLATED],
        "mine",
    )
    assert INTERPRETER.rests_on == HYBRID.rests_on == TRAP_AND_EMULATE.rests_on == ()
