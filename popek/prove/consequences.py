"""What goes wrong under a monitor: which parts of the state come out differently, or are taken, where a claim fails.

An obligation says that all is well. Where it is refuted, its parts are asked for one by one, so that a sentence can
name them.
"""

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from popek.isa.architecture import Isa
from popek.isa.expression import TRUE
from popek.isa.slot import BOUND, MEMORY, Role
from popek.language.phrase import say
from popek.prove.claim import of_one, ways
from popek.prove.inside import Pair
from popek.prove.properties import decided, silent
from popek.prove.solver import Dialog
from popek.prove.squares import MODES, Square
from popek.prove.symbolic import Execution
from popek.prove.terms import constant, every, less, negated, unequal, unknown
from popek.prove.values import PROPERTIES, Classes, Status
from popek.vmm.monitor import Monitor, Treatment

Part = tuple[str, Any]
"""A part of the state by name, and the formula that it is not as it should be."""


@frozen
class InMode:
    """What becomes of one instruction in one virtual mode, under a monitor.

    `statuses` has each property; `differ` the parts of the virtual state that can come out other than on the bare
    machine, `taken` the real resources that can change, both only where the claim about them is refuted.
    """

    user: bool
    how: Treatment
    statuses: dict[str, Status]
    always_traps: bool
    harmless: bool
    bare_traps: bool
    differ: tuple[str, ...]
    taken: tuple[str, ...]

    @property
    def safe(self) -> bool:
        """Whether equivalence and resource control are proved."""
        return all(self.statuses.get(p) in (Status.PROVED, None) for p in ("equivalence", "resource_control"))


def consequences(isa: Isa, monitor: Monitor, classes: Classes) -> tuple[InMode, ...]:
    """Return what becomes of an instruction under a monitor, in each virtual mode."""
    return tuple(_in_mode(isa, monitor, classes, user=user) for user, _ in MODES)


def _in_mode(isa: Isa, monitor: Monitor, classes: Classes, *, user: bool) -> InMode:
    how = ways(isa, monitor, classes)
    square = Square(isa, monitor, isa[classes.name], user)
    statuses: dict[str, Status] = {}
    for obligation in of_one(isa, monitor, classes):
        if obligation.property in PROPERTIES and obligation.user == user:
            status = decided(isa, monitor, obligation).status
            if silent(obligation, status):
                continue
            worse = statuses.get(obligation.property) in (None, Status.PROVED)
            statuses[obligation.property] = status if worse else statuses[obligation.property]
    direct = how[user] is Treatment.DIRECT
    unequal = direct and statuses.get("equivalence") is Status.REFUTED
    uncontrolled = direct and statuses.get("resource_control") is Status.REFUTED
    differ = _possible(square, _differences) if unequal else ()
    return InMode(
        user,
        how[user],
        statuses,
        square.always_traps,
        square.harmless,
        TRAPS in differ,
        tuple(d for d in differ if d != TRAPS),
        _possible(square, _losses) if uncontrolled else (),
    )


TRAPS = say("a trap")


def _possible(square: Square, parts: Any) -> tuple[str, ...]:
    """Return the names of those parts that can be other than they should."""
    pair = square.pair()
    real, bare = square.run(pair)
    named = list(parts(pair, real, bare))
    asked = Dialog(*square.given(pair), real.completes, *pair.translations())
    found: dict[str, None] = {}
    for name, wrong in named:
        asked.push()
        asked.add(wrong)
        if name not in found and asked.check():
            found[name] = None
        asked.pop()
    return tuple(found)


def _differences(pair: Pair, real: Execution, bare: Execution) -> Iterator[Part]:
    yield TRAPS, negated(bare.completes)
    recovered = pair.recover({s: real.slot(s) for s in pair.isa.slots})
    for slot in pair.isa.slots:
        yield f"`{slot.name}`", every(bare.completes, unequal(recovered[slot], bare.slot(slot)))
    index, guest = unknown("element"), unknown("word")
    for array in pair.isa.arrays:
        if array is MEMORY:
            differ = unequal(real.element(MEMORY, pair.k + guest), bare.element(MEMORY, guest))
            yield say("the guest's memory"), every(bare.completes, less(guest, pair.w), differ)
        else:
            before = real.element(array, index) if array.role is Role.PROGRAM else pair.virtual.arrays[array](index)
            size = constant(array.size) if isinstance(array.size, int) else None
            small = TRUE if size is None else less(index, size)
            name = say("a register") if array.role is Role.PROGRAM else f"`{array.name}`"
            yield name, every(bare.completes, small, unequal(before, bare.element(array, index)))


def _losses(pair: Pair, real: Execution, _bare: Execution) -> Iterator[Part]:
    for slot in pair.isa.slots:
        if slot.role is Role.RESOURCE:
            was, now = pair.real.slots[slot], real.slot(slot)
            yield f"`{slot.name}`", less(was, now) if slot is BOUND else unequal(was, now)
    index = unknown("element")
    for array in pair.isa.arrays:
        if array.role is Role.RESOURCE and array is not MEMORY:
            yield f"`{array.name}`", unequal(real.element(array, index), pair.real.element(array, index))
    outside = every(less(index, pair.q), negated(less(index - pair.k, pair.w)))
    changed = unequal(real.element(MEMORY, index), pair.real.element(MEMORY, index))
    yield say("memory outside the allotment"), every(outside, changed)
