"""Broken on purpose: wrong monitors and wrong machines, one fault each, and lock step notices every one.

A suite that would pass with a fault in it proves nothing. The faults are those that one makes when one writes a
monitor for the first time.
"""

from collections.abc import Callable, Mapping
from functools import cache

import pytest
from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Copy, Effect, Put, Store
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.cycle import OLD_PC, OLD_TIMER, SWAP
from popek.isa.expression import Expr, Op, as_expr, node, operand, rewrite
from popek.isa.instruction import ra
from popek.isa.slot import (
    BASE,
    BOUND,
    DISK_PENDING,
    DISK_WAIT,
    IE,
    MODE,
    PC,
    RUN,
    TIMER,
    TIMER_PENDING,
    USER,
    Slot,
)
from popek.isa.variants import VARIANTS
from popek.testing.lockstep import lock_step
from popek.testing.programs import Guest, guest
from popek.vmm.compare import Comparison
from popek.vmm.monitor import TRAP_AND_EMULATE, Action, Monitor
from popek.vmm.vm_map import QUANTUM, K, kept, vm_map

BY_NAME = {v.name: v for v in VARIANTS}
ENTRY, RECOVERY = vm_map(CLASSIC).entry, vm_map(CLASSIC).recovery


@cache
def drawn(isa: Isa, seed: int) -> Guest:
    """Return a random guest, made once."""
    return guest(isa, seed)


def first(
    isa: Isa,
    wrong: Callable[[Comparison], bool],
    monitor: Monitor = TRAP_AND_EMULATE,
    *,
    bare: Isa | None = None,
    guests: int = 300,
) -> Comparison | None:
    """Return the first of so many random guests that comes out wrong."""
    for seed in range(guests):
        comparison = lock_step(drawn(isa, seed), isa, monitor=monitor, bare=bare)
        if wrong(comparison):
            return comparison
    return None


def diverges(comparison: Comparison) -> bool:
    """Say whether the guest could tell."""
    return not comparison.equivalent


def escapes(comparison: Comparison) -> bool:
    """Say whether the monitor lost control."""
    return comparison.violation is not None


def monitor(
    entry: Mapping[Slot, Expr] | None = None,
    recovery: Mapping[Slot, Expr] | None = None,
    reflection: Behaviour | None = None,
    dispatcher: Mapping[Cause, Action] | None = None,
    routines: Mapping[str, Behaviour] | None = None,
) -> Monitor:
    """Return trap-and-emulate with some of its parts replaced."""
    return evolve(
        TRAP_AND_EMULATE,
        name="wrong",
        entry=entry or {},
        recovery=recovery or {},
        reflection=reflection,
        dispatcher={**TRAP_AND_EMULATE.dispatcher, **(dispatcher or {})},
        routines=routines or {},
    )


def swap(writes: Mapping[Slot, Expr] | None = None, stored: Mapping[int, Expr] | None = None) -> Behaviour:
    """Return the trap with some of what it loads, or stores, replaced."""
    effects: list[Effect] = []
    for effect in SWAP.effects:
        assert isinstance(effect, Put)
        place = effect.index.payload
        effects.append(evolve(effect, value=stored[place]) if stored and place in stored else effect)  # type: ignore[index]
    return evolve(SWAP, writes={**SWAP.writes, **(writes or {})}, effects=effects)


WRONG_ALLOCATORS = {
    "base added twice": {BASE: K + K + BASE},
    "base not added": {BASE: as_expr(BASE)},
    "guest always at the start of its allotment": {BASE: K},
    "bound not clipped": {BOUND: as_expr(BOUND)},
    "bound one too large": {BOUND: ENTRY[BOUND] + 1},
    "timer one too long": {TIMER: ENTRY[TIMER] + 1},
    "timer only for the quantum": {TIMER: QUANTUM},
    "interrupts left off": {IE: as_expr(0)},
    "pc moved on": {PC: as_expr(PC) + 1},
    "guest left in its own mode": {MODE: as_expr(MODE)},
    "old timer interrupt left pending, guest in supervisor mode": {TIMER_PENDING: as_expr(1), MODE: as_expr(0)},
}

WRONG_RECOVERIES = {
    "tick lost": {TIMER: kept(TIMER)},
    "timer off by one": {TIMER: RECOVERY[TIMER] + 1},
    "timer read as the real one": {TIMER: as_expr(TIMER)},
    "tick of the disk lost": {DISK_WAIT: kept(DISK_WAIT)},
    "pending timer lost": {TIMER_PENDING: kept(TIMER_PENDING)},
    "pending disk lost": {DISK_PENDING: kept(DISK_PENDING)},
    "real mode shown": {MODE: as_expr(MODE)},
    "real base shown": {BASE: as_expr(BASE)},
    "real bound shown": {BOUND: as_expr(BOUND)},
    "real interrupt enable shown": {IE: as_expr(IE)},
    "real run state shown after all, and wrongly": {RUN: as_expr(MODE)},
}

WRONG_REFLECTIONS = {
    "mode not loaded": swap({MODE: as_expr(MODE)}),
    "handler entered in user mode": swap({MODE: as_expr(USER)}),
    "interrupts not switched off": swap({IE: as_expr(IE)}),
    "R not loaded": swap({BASE: as_expr(BASE), BOUND: as_expr(BOUND)}),
    "new base not loaded": swap({BASE: as_expr(BASE)}),
    "pc not loaded": swap({PC: as_expr(PC)}),
    "old pc one further": swap(stored={OLD_PC: operand("pc") + 1}),
    "timer not stored": swap(stored={OLD_TIMER: as_expr(0)}),
}

SKIPPED = [Cause.MEMORY, Cause.ILLEGAL, Cause.PRIVILEGED, Cause.SVC, Cause.ARITHMETIC]


@pytest.mark.parametrize("fault", WRONG_ALLOCATORS)
def test_a_wrong_allocator_is_noticed(fault: str) -> None:
    """What is loaded into the real machine matters, part by part."""
    assert first(CLASSIC, diverges, monitor(entry=WRONG_ALLOCATORS[fault])), fault


@pytest.mark.parametrize("fault", WRONG_RECOVERIES)
def test_a_wrong_recovery_is_noticed(fault: str) -> None:
    """What is read back from the real machine matters, part by part."""
    assert first(CLASSIC, diverges, monitor(recovery=WRONG_RECOVERIES[fault])), fault


@pytest.mark.parametrize("fault", WRONG_REFLECTIONS)
def test_a_wrong_reflection_is_noticed(fault: str) -> None:
    """A virtual trap is the bare one, or the guest can tell."""
    assert first(CLASSIC, diverges, monitor(reflection=WRONG_REFLECTIONS[fault])), fault


@pytest.mark.parametrize("cause", SKIPPED, ids=lambda c: c.name.lower())
def test_a_trap_that_is_not_reflected_is_noticed(cause: Cause) -> None:
    """To go on behind an instruction that should trap is noticed for every cause."""
    assert first(CLASSIC, diverges, monitor(dispatcher={cause: Action.SKIP}))


def test_a_timer_exit_taken_for_a_trap_is_noticed() -> None:
    """An exit of the monitor's own is no attempt of the guest's: to interpret an instruction then loses its tick."""
    assert first(CLASSIC, diverges, monitor(dispatcher={Cause.TIMER: Action.INTERPRET}))


def test_a_privileged_instruction_that_is_only_resumed_never_ends() -> None:
    """To resume a guest at what will trap again makes no progress; that is lost, not a hang."""
    found = first(CLASSIC, diverges, monitor(dispatcher={Cause.PRIVILEGED: Action.RESUME}))
    assert found
    assert found.virtual.outcome.value == "processor-lost"


@pytest.mark.parametrize("name", [i.name for i in SYSTEM])
def test_a_routine_that_does_nothing_is_noticed(name: str) -> None:
    """Every interpreter routine is needed."""
    assert first(CLASSIC, diverges, monitor(routines={name: Behaviour()}))


def test_a_routine_that_forgets_the_pending_interrupt_is_noticed() -> None:
    """Writing the timer clears what is pending: half the meaning is not enough."""
    assert first(CLASSIC, diverges, monitor(routines={"settimer": Behaviour({TIMER: ra})}))


def test_a_bound_that_is_not_read_back_is_noticed() -> None:
    """On an ISA whose programs may shrink the bound without a trap, the monitor must read it back."""
    isa = BY_NAME["setb"]
    assert first(isa, diverges, monitor(recovery={BOUND: kept(BOUND)}))


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({MODE: as_expr(MODE)}, "the real mode is user"),
        ({IE: as_expr(0)}, "interrupts are enabled"),
        ({BOUND: as_expr(BOUND)}, "R lies inside the allotment"),
        ({BASE: as_expr(BASE)}, "R lies inside the allotment"),
    ],
    ids=["mode", "interrupts", "bound", "base"],
)
def test_a_monitor_that_gives_too_much_away_is_told_so(entry: Mapping[Slot, Expr], sentence: str) -> None:
    """Resource control is checked at every step, with a sentence that says what is not so."""
    found = first(CLASSIC, escapes, monitor(entry=entry))
    assert found
    assert found.violation
    assert f"not so: {sentence}" in found.violation.sentences


def test_a_monitor_that_renews_the_quantum_is_not_noticed_by_a_guest() -> None:
    """It wrongs the other guests, not this one: virtual time does not know of the quantum."""
    renewing = evolve(TRAP_AND_EMULATE, name="renewing", renews=True)
    for seed in range(60):
        assert lock_step(drawn(CLASSIC, seed), CLASSIC, monitor=renewing).equivalent


EFFECT_OF_VARIANT = {
    **dict.fromkeys((v.name for v in VARIANTS), diverges),
    "spill": escapes,
    "r-writable": escapes,
    "open-disk": escapes,
    "timer-writable": escapes,
    "open-console": escapes,
    "open-keyboard": escapes,
    "setb": None,
    "add-traps": None,
}


@pytest.mark.parametrize("name", EFFECT_OF_VARIANT)
def test_a_textbook_variant_is_noticed(name: str) -> None:
    """Each ISA that is wrong in one way is noticed under trap-and-emulate, and the two that are only odd are not."""
    wrong = EFFECT_OF_VARIANT[name]
    isa = BY_NAME[name]
    if wrong is None:
        assert first(isa, lambda c: diverges(c) or escapes(c), guests=100) is None
    else:
        assert first(isa, wrong)


WRONG_OPERATORS: dict[Op, Op] = {
    Op.ADD: Op.SUB,
    Op.SUB: Op.ADD,
    Op.MUL: Op.ADD,
    Op.UDIV: Op.UREM,
    Op.UREM: Op.UDIV,
    Op.AND: Op.OR,
    Op.OR: Op.XOR,
    Op.XOR: Op.OR,
    Op.SHL: Op.LSHR,
    Op.LSHR: Op.ASHR,
    Op.ASHR: Op.LSHR,
    Op.EQ: Op.ULT,
    Op.ULT: Op.SLT,
    Op.SLT: Op.ULT,
    Op.BOTH: Op.EITHER,
}


def changed(isa: Isa, change: Callable[[Expr], Expr]) -> Isa:
    """Return an ISA with every expression of every instruction rewritten."""

    def of(expr: Expr) -> Expr:
        return rewrite(expr, change)

    def effect(old: Effect) -> Effect:
        if isinstance(old, Copy):
            return evolve(old, index=of(old.index), start=of(old.start), when=of(old.when))
        if isinstance(old, Store):
            return evolve(old, address=of(old.address), value=of(old.value), when=of(old.when))
        return evolve(old, index=of(old.index), value=of(old.value), when=of(old.when))

    def behaviour(old: Behaviour) -> Behaviour:
        return Behaviour(
            {s: of(e) for s, e in old.writes.items()},
            map(effect, old.effects),
            (evolve(t, when=of(t.when), detail=of(t.detail)) for t in old.traps),
        )

    return evolve(isa, name="wrong", instructions=tuple(evolve(i, does=behaviour(i.does)) for i in isa.instructions))


@pytest.mark.parametrize("operator", WRONG_OPERATORS, ids=lambda o: o.value)
def test_a_wrong_operator_on_one_side_is_noticed(operator: Op) -> None:
    """The random guests are sensitive to every operator that an instruction is made of."""
    wrong = changed(
        CLASSIC, lambda e: node(WRONG_OPERATORS[operator], *e.args, payload=e.payload) if e.op is operator else e
    )
    assert first(CLASSIC, diverges, bare=wrong)


def test_choosing_the_wrong_way_is_noticed() -> None:
    """So they are to a choice whose branches are the wrong way round, and to a "not" that is left out."""
    swapped = changed(CLASSIC, lambda e: node(Op.ITE, e.args[0], e.args[2], e.args[1]) if e.op is Op.ITE else e)
    straight = changed(CLASSIC, lambda e: e.args[0] if e.op is Op.NOT else e)
    assert first(CLASSIC, diverges, bare=swapped)
    assert first(CLASSIC, diverges, bare=straight)
