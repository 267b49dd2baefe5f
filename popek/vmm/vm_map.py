"""The VM map, as data: what the real machine holds while a guest runs directly, and how to read the virtual state back.

The paper's map f takes a state of the virtual machine to one of the real machine. Not all of the virtual state can be
kept in the real one (the real mode is always user), nor all of it beside (the timer moves, and a bound may shrink,
while the guest runs). So there are two tables, both generic in the declaration of the slots:

- `entry`: real slots as expressions over the virtual ones, evaluated when the guest is entered;
- `recovery`, the function g: virtual slots as expressions over the real ones and over what the monitor keeps.

Operands: `k` and `w` are the allotment, `quantum` is what is left of the guest's time, `v.NAME` a virtual slot as it
was when the guest was entered, `loaded` the value that was put in the real timer then, and `guest.NAME` the guest's
copy of a slot, which hardware with a guest mode keeps.
"""

from collections.abc import Mapping
from functools import cache

from attrs import frozen

from popek.isa.architecture import GuestMode, Isa
from popek.isa.cycle import OLD_BASE, OLD_BOUND, OLD_PC, OLD_STATUS, OLD_TIMER
from popek.isa.expression import Expr, as_expr, both, element, eq, ite, lshr, ne, not_, operand, ult
from popek.isa.slot import BASE, BOUND, IE, MEMORY, MODE, PC, RUN, RUNNING, TIMER, TIMER_PENDING, USER, Role, Slot

K, W, QUANTUM, LOADED = operand("k"), operand("w"), operand("quantum"), operand("loaded")


@frozen(eq=False)
class VmMap:
    """The map of one ISA under one monitor: `entry` by real slot, `recovery` by virtual slot."""

    entry: Mapping[Slot, Expr]
    recovery: Mapping[Slot, Expr]


@cache
def vm_map(isa: Isa) -> VmMap:
    """Return the map that the shipped monitors use."""
    return VmMap(entry(isa), recovery(isa))


def kept(slot: Slot) -> Expr:
    """Return a virtual slot's value as the monitor keeps it, from when the guest was entered."""
    return operand(f"v.{slot.name}")


def clipped(base: Expr, bound: Expr) -> Expr:
    """Return how many words a virtual R really gives: the bound, cut off where the virtual memory ends."""
    room = W - base
    return ite(ult(base, W), ite(ult(bound, room), bound, room), 0)


def entry(isa: Isa) -> Mapping[Slot, Expr]:
    """Return what is loaded into the real machine to run a guest directly, over the virtual slots.

    Slots that are not in the table keep the monitor's own value.
    """
    bound = clipped(as_expr(BASE), as_expr(BOUND))
    return {
        **{s: as_expr(s) for s in isa.slots if s.role is Role.PROGRAM},
        MODE: as_expr(USER),
        RUN: as_expr(RUNNING),
        IE: as_expr(1),
        BASE: ite(ult(BASE, W), K + BASE, K),
        BOUND: bound,
        TIMER: _least(QUANTUM, isa.clocks),
        TIMER_PENDING: as_expr(0),
        **(isa.rings.least if isa.rings is not None else {}),
    }


def _least(quantum: Expr, clocks: tuple[Slot, ...]) -> Expr:
    least = quantum
    for clock in clocks:
        least = ite(both(ne(clock, 0), ult(clock, least)), clock, least)
    return least


def recovery(isa: Isa) -> Mapping[Slot, Expr]:
    """Return the virtual slots over the real ones and what the monitor keeps: the function g."""
    table = {s: as_expr(s) if s.role is Role.PROGRAM else kept(s) for s in isa.slots}
    table[BOUND] = ite(ult(BOUND, clipped(kept(BASE), kept(BOUND))), BOUND, kept(BOUND))
    return {**table, **_clocks(isa.clocks, table)}


def _clocks(clocks: tuple[Slot, ...], table: Mapping[Slot, Expr]) -> dict[Slot, Expr]:
    """Return clocks that the real timer has counted, and what they set, which is otherwise as the table has it."""
    left = {c: kept(c) - elapsed() for c in clocks}
    running = {c: not_(eq(kept(c), 0)) for c in clocks}
    found: dict[Slot, Expr] = {c: ite(running[c], left[c], 0) for c in clocks}
    for clock in clocks:
        assert clock.clock is not None
        before = found.get(clock.clock, table[clock.clock])
        found[clock.clock] = ite(both(running[clock], eq(left[clock], 0)), 1, before)
    return found


def guest_map(isa: Isa, guest: GuestMode) -> VmMap:
    """Return the map for guest mode: the hardware has the guest's copies, so little is left to the monitor.

    `entry` is over the real slots, which are the monitor's own; the copies are loaded with the virtual values as they
    are. Clocks of which the guest has no copy are counted by the real timer.
    """
    own = tuple(c for c in isa.clocks if c not in guest.copies)
    loaded = {
        **{s: as_expr(s) for s in isa.slots if s.role is Role.PROGRAM},
        MODE: as_expr(USER),
        RUN: as_expr(RUNNING),
        IE: as_expr(1),
        BASE: K,
        BOUND: W,
        TIMER: _least(QUANTUM, own),
        TIMER_PENDING: as_expr(0),
    }
    table = {s: as_expr(s) if s.role is Role.PROGRAM else kept(s) for s in isa.slots}
    table |= {s: operand(f"guest.{s.name}") for s in guest.copies}
    return VmMap(loaded, {**table, **_clocks(own, table)})


def stored() -> Mapping[Slot, Expr]:
    """Return what the real slots were before a trap, over the trap words; `old_pc` is how far the pc has gone on."""

    def word(address: int) -> Expr:
        return element(MEMORY, address)

    return {
        MODE: word(OLD_STATUS) & 1,
        IE: lshr(word(OLD_STATUS), 1) & 1,
        PC: word(OLD_PC) - operand("old_pc"),
        BASE: word(OLD_BASE),
        BOUND: word(OLD_BOUND),
        TIMER: word(OLD_TIMER),
    }


def elapsed() -> Expr:
    """Return how many instructions the guest has attempted since it was entered."""
    return LOADED - TIMER
