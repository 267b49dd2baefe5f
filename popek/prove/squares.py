"""The commuting square, instruction by instruction: g(real step) = bare step(g(state)).

For an instruction that is run directly, the real machine executes its user-mode behaviour on the real state, and the
bare machine its behaviour in the virtual mode on the virtual state. Where the real one traps, the monitor is entered
and applies its interpreter routine to the virtual state; where the instruction is not run directly at all, likewise.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from attrs import define, evolve, field

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.expression import FALSE, TRUE, Expr
from popek.isa.instruction import Instruction
from popek.isa.slot import BOUND, IE, MEMORY, MODE, RUN, RUNNING, SUPERVISOR, TIMER, TIMER_PENDING, USER, Role, Slot
from popek.language.phrase import say
from popek.prove.inside import Pair, inside
from popek.prove.obligation import Obligation, Question
from popek.prove.structure import apart, within_program_state, writes_program_state
from popek.prove.symbolic import Execution, encodable
from popek.prove.terms import constant, every, implies, less, negated, same, some, unequal, unknown
from popek.prove.values import Status
from popek.vmm.monitor import Action, Monitor, Treatment

MODES = ((False, "virtual supervisor"), (True, "virtual user"))


@define(eq=False)
class Square:
    """One instruction, in one virtual mode, run directly under a monitor."""

    isa: Isa
    monitor: Monitor
    instruction: Instruction
    user: bool
    structural: bool = True
    _operands: Mapping[str, Any] = field(init=False, factory=dict)

    @property
    def really(self) -> Behaviour:
        """What the real machine executes: the real mode is user."""
        return self.instruction.user

    @property
    def barely(self) -> Behaviour:
        """What the bare machine executes."""
        return self.instruction.user if self.user else self.instruction.supervisor

    @property
    def always_traps(self) -> bool:
        """Whether the real machine is seen to trap in every state."""
        return any(t.when is TRUE for t in self.really.traps[:1])

    @property
    def harmless(self) -> bool:
        """Whether both sides are the same expressions of program state, and write nothing else."""
        return self.really == self.barely and within_program_state(self.really) and self.apart

    @property
    def apart(self) -> bool:
        """Whether the map does not mix program state with the rest."""
        return apart(self.isa, self.monitor)

    def blank(self, tag: str = "", time: str = "") -> Pair:
        """Return the states before, their operands not known yet."""
        return inside(self.isa, self.monitor, tag=tag, time=time)

    def pair(self, tag: str = "", time: str = "") -> Pair:
        """Return the states before, with unknown operands."""
        pair = self.blank(tag, time)
        if not self._operands:
            names = [o.field.name for o in self.instruction.format]
            self._operands = {n: unknown(f"operand.{n}") for n in (*names, "word")}
        for side in (pair.real, pair.virtual):
            side.operands = self._operands
        return pair

    def given(self, pair: Pair) -> list[Any]:
        """Return the assumptions: inside, and in this virtual mode."""
        in_mode = same(pair.virtual.slots[MODE], SUPERVISOR)
        return [
            *pair.given(),
            negated(in_mode) if self.user else in_mode,
            *encodable(self.instruction, pair.real),
        ]

    def run(self, pair: Pair) -> tuple[Execution, Execution]:
        """Return both executions."""
        return Execution(pair.real, self.really), Execution(pair.virtual, self.barely)


def _asked(square: Square, pair: Pair, goal: Expr, *more: Expr) -> Question:
    """Return assumptions and goal; what the translation lemma says of each address that came up is among the former."""
    return Question((*square.given(pair), *pair.translations(), *more), goal)


def _asked_of_real(square: Square, pair: Pair, goal: Expr, *more: Expr) -> Question:
    """Return the same for a claim about the real machine, which holds whether the bare one faults as well or not."""
    return Question((*square.given(pair), *pair.translations(alike=False), *more), goal)


def _confined(pair: Pair) -> list[Any]:
    """Return that R lies inside the allotment now, as is proved of every state inside (`events.py`)."""
    return [holds for _, holds in pair.invariant(pair.real)]


# Equivalence --------------------------------------------------------------------------------------------------------


def equivalence(square: Square) -> Obligation:
    """State that where the real machine completes, the bare one does, and with the recovered result."""
    name, says = _name(square), say("what completes directly completes on the bare machine, with the same result")

    def query() -> Question:
        pair = square.pair()
        real, bare = square.run(pair)
        goal = every(bare.completes, *_same(pair, real, bare), *_still_inside(pair, real))
        return _asked(square, pair, implies(real.completes, goal))

    return _obligation(square, "equivalence", name, says, query)


def _same(pair: Pair, real: Execution, bare: Execution) -> Iterator[Any]:
    after = _slots_after(real)
    recovered = pair.recover(after)
    for slot in pair.isa.slots:
        yield same(recovered[slot], bare.slot(slot))
    index, guest = unknown("element"), unknown("word")
    for array in pair.isa.arrays:
        if array is MEMORY:
            alike = same(real.element(MEMORY, pair.k + guest), bare.element(MEMORY, guest))
            yield implies(less(guest, pair.w), alike)
        elif array.role is Role.PROGRAM:
            small = less(index, constant(array.size if isinstance(array.size, int) else 0))
            alike = same(real.element(array, index), bare.element(array, index))
            yield implies(small, alike) if isinstance(array.size, int) else alike
        else:  # the guest's own device: the real machine does not touch it
            yield same(pair.virtual.arrays[array](index), bare.element(array, index))


def _slots_after(run: Execution) -> dict[Slot, Any]:
    return {s: run.slot(s) for s in run.state.pair.isa.slots}


def _still_inside(pair: Pair, real: Execution) -> Iterator[Any]:
    """State that the step has left the real resources as the map loaded them; the bound may shrink."""
    for slot in pair.loaded:
        if slot.role is Role.RESOURCE and slot is not BOUND:
            yield same(real.slot(slot), pair.real.slots[slot])
    yield negated(less(pair.loaded[BOUND], real.slot(BOUND)))


# Resource control ---------------------------------------------------------------------------------------------------


def resource_control(square: Square) -> Obligation:
    """State that where the real machine completes, the monitor still has everything that is its own."""
    name, says = (
        _name(square),
        say("mode, R, interrupts, timer, devices and other memory stay under the monitor's control"),
    )

    def query() -> Question:
        pair = square.pair()
        real, _ = square.run(pair)
        after = evolve(pair.real, slots=_slots_after(real))
        goal = every(
            _still_confined(pair, real),
            same(after.slots[MODE], USER),
            same(after.slots[IE], 1),
            same(after.slots[RUN], RUNNING),
            *_untouched(pair, real),
            others_memory_same(pair, real, first=0),
        )
        return _asked_of_real(square, pair, implies(real.completes, goal), *_confined(pair))

    return _obligation(square, "resource_control", name, says, query, spares=True)


def _still_confined(pair: Pair, real: Execution) -> Any:
    """State that R lies inside the allotment: it is as it was, or smaller, or is seen to be inside."""
    after = evolve(pair.real, slots=_slots_after(real))
    same_base = [same(real.slot(s), pair.real.slots[s]) for s in pair.loaded if s.kind == "location"]
    smaller = every(*same_base, negated(less(pair.real.slots[BOUND], real.slot(BOUND))))
    return some(smaller, every(*(holds for _, holds in pair.invariant(after))))


def _untouched(pair: Pair, real: Execution) -> Iterator[Any]:
    for slot in pair.isa.slots:
        own = slot in (TIMER, TIMER_PENDING) or slot.kind == "device" or slot not in pair.loaded
        if slot.role is Role.RESOURCE and own:
            yield same(real.slot(slot), pair.real.slots[slot])
    index = unknown("element")
    for array in pair.isa.arrays:
        if array.role is Role.RESOURCE and array is not MEMORY:
            yield same(real.element(array, index), pair.real.element(array, index))


def others_memory_same(pair: Pair, real: Execution, first: int) -> Any:
    """State that real memory outside the allotment, from word `first` on, is as it was."""
    offset = unknown("offset")
    physical = pair.k + offset  # so that nobody need subtract: a guest's word is at k plus something less than w
    outside = every(
        less(physical, pair.q),
        negated(less(physical, constant(first))),
        negated(less(offset, pair.w)),
    )
    return implies(outside, same(real.element(MEMORY, physical), pair.real.element(MEMORY, physical)))


# Isolation ----------------------------------------------------------------------------------------------------------


def integrity(square: Square) -> Obligation:
    """State that a direct step leaves another VM as it was, and this one confined."""
    says = say("no word of another virtual machine changes, and R stays inside the allotment, in user mode")

    def query() -> Question:
        pair = square.pair()
        real, _ = square.run(pair)
        goal = every(_still_confined(pair, real), same(real.slot(MODE), USER), others_memory_same(pair, real, first=16))
        return _asked_of_real(square, pair, implies(real.completes, goal), *_confined(pair))

    return _obligation(square, "isolation", f"{_name(square)}, integrity", says, query, spares=True)


def confidentiality(square: Square) -> Obligation:
    """State that a direct step does not depend on a word of another virtual machine."""
    says = say("what comes of the step is the same whatever the other virtual machines hold")

    def query() -> Question:
        one, two = square.pair(), square.pair(tag="'")
        runs = Execution(one.real, square.really), Execution(two.real, square.really)
        goal = implies(runs[0].completes, every(*_alike(one, *runs)))
        return _asked_of_real(square, one, goal, *two.translations(alike=False))

    return _obligation(
        square,
        "isolation",
        f"{_name(square)}, confidentiality",
        says,
        query if MEMORY in square.really.reads or not square.structural else None,
    )


def _alike(pair: Pair, one: Execution, two: Execution) -> Iterator[Any]:
    yield two.completes
    for slot in pair.isa.slots:
        yield same(one.slot(slot), two.slot(slot))
    index = unknown("element")
    for array in pair.isa.arrays:
        if array is not MEMORY:
            yield same(one.element(array, index), two.element(array, index))
    guest = unknown("word")
    alike = same(one.element(MEMORY, pair.k + guest), two.element(MEMORY, pair.k + guest))
    yield implies(less(guest, pair.w), alike)


# Independence of time -----------------------------------------------------------------------------------------------


def independence(square: Square) -> Obligation:
    """State that a direct step does not depend on the real timer, which holds the monitor's time (theorem 2)."""
    says = say("what comes of the step does not depend on the monitor's own time")

    def query() -> Question:
        one, two = square.pair(), square.pair(time="'")
        runs = Execution(one.real, square.really), Execution(two.real, square.really)
        equal = [same(one.virtual.slots[s], two.virtual.slots[s]) for s in one.isa.slots]
        recovered = [p.recover(_slots_after(r)) for p, r in zip((one, two), runs, strict=True)]
        alike = [same(recovered[0][s], recovered[1][s]) for s in one.isa.slots]
        index = unknown("element")
        alike += [
            same(runs[0].element(a, index), runs[1].element(a, index)) for a in one.isa.arrays if a.role is Role.PROGRAM
        ]
        goal = implies(runs[0].completes, every(runs[1].completes, *alike))
        return _asked(square, one, goal, *two.given(), *equal)

    holding_time = {TIMER, TIMER_PENDING, MEMORY}  # in memory the trap words do
    reads_time = not holding_time.isdisjoint(square.really.reads | square.really.writes.keys())
    query_or_none = query if reads_time or not square.structural else None
    return _obligation(square, "independence", _name(square), says, query_or_none)


# Efficiency ---------------------------------------------------------------------------------------------------------


NEVER_COMPLETES = say("it never completes on the bare machine, so that there is nothing to ask for")


def never_completes(behaviour: Behaviour) -> bool:
    """Say whether a behaviour is seen to trap in every state."""
    return any(t.when is TRUE for t in behaviour.traps)


def efficiency(square: Square, treatment: Treatment) -> Obligation:
    """State that an innocuous instruction that completes on the bare machine completes without the monitor."""
    name = f"{_name(square, treatment)}"
    says = say("what completes on the bare machine completes without entering the monitor")
    direct = treatment is Treatment.DIRECT

    def query() -> Question:
        pair = square.pair()
        real, bare = square.run(pair)
        goal = real.completes if direct else FALSE
        return _asked(square, pair, implies(bare.completes, goal), bare.completes)

    claim = partial(Obligation, name, says, "efficiency", square.instruction.name, user=square.user)
    if square.structural and never_completes(square.barely):
        return claim(settled=Status.VACUOUS, why=NEVER_COMPLETES)
    always = square.structural and not any(square.barely.guards())
    if direct and square.harmless and always:
        return claim()
    if not direct and always:
        why = say("it always completes on the bare machine, and is not run directly")
        return claim(settled=Status.REFUTED, why=why)
    return claim(query)


# What need not be asked, and what is not run directly ---------------------------------------------------------------


def _obligation(square: Square, prop: str, name: str, says: str, query: Any, *, spares: bool = False) -> Obligation:
    """Return an obligation, settled by structure where that can be seen; `spares`: it is about what is written."""
    claim = partial(Obligation, name, says, prop, square.instruction.name, user=square.user)
    if query is None:
        return claim(why=say("it does not mention what is varied"))
    if square.structural and square.always_traps:
        return claim(why=say("the real machine always traps here"))
    if square.structural and square.harmless:
        return claim()
    if square.structural and spares and writes_program_state(square.really):
        return claim(why=say("it writes program state alone, and a store goes through R"))
    return claim(query)


def _name(square: Square, treatment: Treatment = Treatment.DIRECT) -> str:
    mode = MODES[square.user][1]
    return f"{square.instruction.name}, {mode}, {treatment.value}"


def emulation(square: Square, treatment: Treatment) -> Obligation:
    """State that the monitor's interpreter routine, and its reflection of a trap, do what the bare machine does."""
    believed = square.monitor.believes(square.isa)
    routine = believed[square.instruction.name]
    theirs = routine.user if square.user else routine.supervisor
    swaps = square.isa.cycle.swap, believed.cycle.swap

    def query() -> Question:
        pair = square.pair()
        bare, emulated = Execution(pair.virtual, square.barely), Execution(pair.virtual, theirs)
        operands = {n: unknown(n) for n in ("pc", "cause", "detail")}
        reflecting = evolve(pair.virtual, operands=operands)
        reflections = [Execution(reflecting, s) for s in swaps]
        goal = every(
            same(bare.cause, emulated.cause),
            implies(bare.completes, every(*_identical(pair, bare, emulated))),
            implies(
                negated(bare.completes),
                every(same(bare.detail, emulated.detail), *_identical(pair, *reflections)),
            ),
        )
        if treatment is Treatment.DIRECT:
            goal = some(Execution(pair.real, square.really).completes, goal)
        if treatment is Treatment.GUEST:
            goal = implies(some(*(same(bare.cause, c) for c in controlled(square))), goal)
        return _asked(square, pair, goal)

    return Obligation(
        f"{_name(square, treatment)}, interpreted",
        say("the interpreter routine does what the bare machine does"),
        "equivalence",
        square.instruction.name,
        None if theirs == square.barely and swaps[0] == swaps[1] and square.structural else query,
        user=square.user,
        why=say("the routine is the meaning itself"),
    )


def controlled(square: Square) -> tuple[Cause, ...]:
    """Return the causes for which the instruction's traps leave guest mode, so that it is interpreted then."""
    made = {t.cause for t in square.barely.guards()}
    return tuple(c for c in Cause if c in made and c.name.lower() in square.monitor.controls)


def dispatched(square: Square) -> Iterator[Obligation]:
    """State, of every cause that the dispatcher does not answer by interpretation, that it does not come up."""
    made = {t.cause for t in square.really.guards()}
    for cause, action in square.monitor.dispatcher.items():
        if action is not Action.INTERPRET and cause in made:
            yield Obligation(
                f"{_name(square)}, {cause.name.lower()} trap",
                say(
                    "the real machine makes no {cause} trap, to which the dispatcher's answer is wrong",
                    cause=cause.name.lower(),
                ),
                "equivalence",
                square.instruction.name,
                partial(_never_traps, square, cause),
                user=square.user,
            )


def _never_traps(square: Square, cause: Cause) -> Question:
    pair = square.pair()
    real, _ = square.run(pair)
    return _asked(square, pair, unequal(real.cause, cause))


def _identical(pair: Pair, one: Execution, two: Execution) -> Iterator[Any]:
    for slot in pair.isa.slots:
        yield same(one.slot(slot), two.slot(slot))
    index = unknown("element")
    for array in pair.isa.arrays:
        yield same(one.element(array, index), two.element(array, index))
