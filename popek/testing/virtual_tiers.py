"""A virtual machine in a tier beside the same one in the reference: the same guest, by stretches of random length.

All is compared that a step may change: real and virtual state, devices, the monitor's notes, translated code, counts.
What the monitor has kept of a guest that is inside, and reads no more before it has left, is nobody's: a compiled
monitor does not make the exits that change nothing else. So are, where the guest may come out of its translated code
without a trap, the real trap words, once the monitor has read them, and what the timer was loaded with, once it is out:
who goes on from there may enter once more, for no step, to make the same test again.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, TypeVar

from attrs import astuple, evolve

from popek.engine.stepper import Stepper
from popek.isa.architecture import Isa
from popek.isa.cycle import OLD_TIMER
from popek.isa.expression import subtrees
from popek.isa.slot import Slot
from popek.testing.loops import SIZE, looping
from popek.testing.programs import Guest, guest
from popek.vmm.allotment import Allotment
from popek.vmm.monitor import Monitor
from popek.vmm.translation.cells import Block, Cell
from popek.vmm.virtual_machine import VirtualMachine

S = TypeVar("S", bound=Stepper)

STRETCHES = (1, 2, 3, 5, 17, 50, 100, 200, 500)
"""The budgets that are drawn from."""

QUANTA = (1, 7, 50, 333, 1000)


def everything(vm: VirtualMachine) -> dict[str, Any]:
    """Return all that a step may change, as values."""
    found = {name: _values(container) for name, container in vm.everything().items()}
    if vm.state.inside:
        kept = read_again(vm)
        found["virtual "] = {s: v for s, v in found["virtual "].items() if s in kept}
    if vm.translation is not None:
        del found["real phys"][: OLD_TIMER + 1]
        if not vm.state.inside:
            del found["monitor "]["loaded"]
    return found


def _values(container: Any) -> Any:
    """Return a container's content, translated code as what it says."""
    if isinstance(container, dict):
        return {key: _told(value) for key, value in container.items()}
    return [_told(v) for v in container] if isinstance(container, list) else container.copy()


def _told(value: Any) -> Any:
    return (type(value), *astuple(value, recurse=False)) if isinstance(value, Cell | Block) else value


def read_again(vm: VirtualMachine) -> frozenset[Slot]:
    """Return the slots of which the recovery reads what the monitor has kept."""
    table = vm.monitor.table(vm.isa).recovery.values()
    named = {e.payload for expr in table for e in subtrees(expr) if isinstance(e.payload, str)}
    return frozenset(s for s in vm.isa.slots if f"v.{s.name}" in named)


def of_guest(isa: Isa, monitor: Monitor, seed: int, **options: Any) -> dict[str, Any]:
    """Return what differs in the run of a random guest under a monitor."""
    drawn = guest(isa, seed)
    return of(drawn, isa, monitor, 3 * drawn.steps, **options)


def of(
    drawn: Guest, isa: Isa, monitor: Monitor, steps: int, *, engine: str = "native", **options: Any
) -> dict[str, Any]:
    """Return what differs in a run of a guest, so many steps long or a little longer."""
    under = evolve(monitor, quantum=drawn.quantum)
    options |= {"allotment": drawn.allotment, "memory": drawn.memory, "typed": drawn.typed, "disk": drawn.disk}
    made = [VirtualMachine(isa, drawn.words, monitor=under, **options) for _ in range(2)]
    return differing(made, steps, drawn.seed, engine)


def of_loop(isa: Isa, monitor: Monitor, seed: int, steps: int = 2000, **options: Any) -> dict[str, Any]:
    """Return what differs in the run of a random guest that loops."""
    return of_words(isa, monitor, looping(isa, seed), seed, steps=steps, **options)


def of_words(
    isa: Isa,
    monitor: Monitor,
    words: Mapping[int, int],
    seed: int,
    *,
    steps: int,
    quantum: int = 0,
    engine: str = "native",
    **options: Any,
) -> dict[str, Any]:
    """Return what differs in the run of a guest of a looping one's size; its quantum is drawn if none is given."""
    quantum = quantum or Random(seed).choice(QUANTA)  # noqa: S311 - to be repeated, not to be secret
    under = evolve(monitor, quantum=quantum)
    place = Allotment(300, SIZE)
    made = [VirtualMachine(isa, words, monitor=under, allotment=place, memory=700, **options) for _ in range(2)]
    return differing(made, steps, seed, engine)


def differing(pair: list[VirtualMachine], steps: int, seed: int, engine: str = "native") -> dict[str, Any]:
    """Run both, one by the reference; return what differs first."""
    return side_by_side(pair, steps, seed, engine, everything)


def side_by_side(
    pair: Sequence[S], steps: int, seed: int, engine: str, told: Callable[[S], dict[str, Any]]
) -> dict[str, Any]:
    """Run two, one by the reference, for so many steps in the same stretches; return what first differs."""
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    one, other = pair
    one.engine, other.engine = "reference", engine
    while one.outcome is None and one.counts["steps"] < steps:
        budget = random.choice(STRETCHES)
        one.run(budget)
        other.run(budget)
        before, after = told(one), told(other)
        if before != after:
            return {k: (before[k], after[k]) for k in before if before[k] != after[k]}
    assert one.outcome is not None or other.sprinted.get(engine), "nothing was run by the tier"
    return {}
