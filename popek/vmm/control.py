"""Resource control as the real machine shows it: what must hold whenever the guest has the processor.

`INVARIANT` is data: the same sentences are claims for a prover and checks for a run. Beside it stand the parts of the
real state that a guest's own step must leave alone altogether: memory outside the allotment, and the real devices.
"""

from collections.abc import Iterable, Iterator

from attrs import frozen

from popek.engine.compiled import closure
from popek.engine.state import Change, State
from popek.isa.cycle import NEW_BASE, NEW_BOUND, NEW_PC, TRAP_WORDS
from popek.isa.expression import Expr, as_expr, both, either, eq, not_, ult
from popek.isa.slot import (
    BASE,
    BOUND,
    IE,
    MEMORY,
    MODE,
    PC,
    RUN,
    RUNNING,
    SUPERVISOR,
    TIMER,
    TIMER_PENDING,
    USER,
    Role,
)
from popek.language.phrase import say
from popek.vmm.allotment import Allotment
from popek.vmm.vm_map import K, W


@frozen
class Claim:
    """A sentence about the real state, and the expression that says it; operands `k` and `w` are the allotment."""

    says: str
    holds: Expr


_OFFSET = as_expr(BASE) - K

INVARIANT = (
    Claim(say("the real mode is user"), eq(MODE, USER)),
    Claim(say("interrupts are enabled"), eq(IE, 1)),
    Claim(say("the processor is running"), eq(RUN, RUNNING)),
    Claim(
        say("R lies inside the allotment"),
        either(
            eq(BOUND, 0),
            both(not_(ult(BASE, K)), ult(_OFFSET, W), not_(ult(W - _OFFSET, BOUND))),
        ),
    ),
)


LOADED = frozenset((MODE, IE, RUN, BASE, BOUND, TIMER, TIMER_PENDING))
"""The real slots that a monitor loads for a guest, and that `INVARIANT` and the tick speak of; the rest is its own."""


def broken(real: State, allotment: Allotment) -> Iterator[str]:
    """Give every sentence of the invariant that does not hold in a real state."""
    values = {"k": allotment.base, "w": allotment.size}
    for claim in INVARIANT:
        if not closure(claim.holds)(real, values):
            yield say("not so: {says}", says=claim.says)


def spoilt(real: State, allotment: Allotment, changes: Iterable[Change]) -> Iterator[str]:
    """Give what a real trap, just taken, has done that no trap should: what the monitor does not get, or has lost."""
    owners = {id(words): array for array, words in real.arrays.items()}
    clocked = {*real.isa.clocks, *(c.clock for c in real.isa.clocks)}
    words = zip((PC, BASE, BOUND), (NEW_PC, NEW_BASE, NEW_BOUND), strict=True)
    wanted = {MODE: SUPERVISOR, IE: 0, RUN: RUNNING, **{s: real.element(MEMORY, w) for s, w in words}}
    for slot, value in wanted.items():
        if real.slot(slot) != value:
            yield say(
                "after a real trap {slot} is {found}, and the monitor's is {wanted}",
                slot=slot.name,
                found=real.slot(slot),
                wanted=value,
            )
    for container, key, old in changes:
        array = owners.get(id(container))
        if array is MEMORY and key not in allotment and key >= TRAP_WORDS and container[key] != old:
            yield say(
                "real memory word {key}, outside the allotment, changed from {old} to {now} in a trap",
                key=key,
                old=old,
                now=container[key],
            )
        elif array is not None and array is not MEMORY and array.role is Role.RESOURCE:
            yield say("the real {name} was written at {key} by a trap", name=array.name, key=key)
        elif container is real.slots and key.kind == "device" and key not in clocked and container[key] != old:
            yield say(
                "the real {name} changed from {old} to {now} in a trap", name=key.name, old=old, now=container[key]
            )


def trespasses(real: State, allotment: Allotment, changes: Iterable[Change]) -> Iterator[str]:
    """Give, of one direct step's changes to the real state, those that a guest has no business to make."""
    owners = {id(words): array for array, words in real.arrays.items()}
    free = {*real.isa.clocks, *(c.clock for c in real.isa.clocks)}
    first: dict[tuple[int, object], Change] = {}
    for change in changes:
        first.setdefault((id(change[0]), change[1]), change)
    for container, key, old in first.values():
        array = owners.get(id(container))
        if array is MEMORY and key not in allotment and container[key] != old:
            yield say(
                "real memory word {key}, outside the allotment, changed from {old} to {now}",
                key=key,
                old=old,
                now=container[key],
            )
        elif array is not None and array is not MEMORY and array.role is Role.RESOURCE:
            yield say("the real {array} was written at {key}", array=array.name, key=key)
        elif container is real.slots and key is TIMER and (old or 0) - container[key] != 1:
            yield say("the real timer went from {old} to {now}, and not by its tick", old=old, now=container[key])
        elif container is real.slots and key.role is Role.RESOURCE and key not in free | LOADED:
            yield say("the real {key} changed from {old} to {now}", key=key.name, old=old, now=container[key])
