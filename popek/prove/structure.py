"""Structure: what is seen of a behaviour, or of a map, by looking at its expressions, so that nobody need be asked."""

from functools import cache

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Copy, Put
from popek.isa.expression import TRUE, Op, as_expr, subtrees
from popek.isa.slot import Role
from popek.vmm.monitor import Monitor


@cache
def writes_program_state(behaviour: Behaviour) -> bool:
    """Say whether a behaviour writes program state alone, memory by virtual address included."""
    arrays = {e.array for e in behaviour.effects if isinstance(e, Put | Copy)}
    return all(part.role is Role.PROGRAM for part in behaviour.writes.keys() | arrays)


@cache
def within_program_state(behaviour: Behaviour) -> bool:
    """Say whether a behaviour reads and writes program state alone, memory by virtual address included."""
    exprs = [t.when for t in behaviour.traps] + list(behaviour.values())
    physical = any(not e.ops.isdisjoint((Op.REAL, Op.SIZE)) for e in exprs)
    reads = all(part.role is Role.PROGRAM for part in behaviour.reads)
    return not physical and reads and writes_program_state(behaviour)


@cache
def apart(isa: Isa, monitor: Monitor) -> bool:
    """Say whether a monitor's map recovers program state as it is, and everything else without looking at it.

    The shipped one does, unless a clock, or what a clock sets, is declared to be program state.
    """
    return all(
        expr is as_expr(slot)
        if slot.role is Role.PROGRAM
        else not any(n.op is Op.ELEMENT or getattr(n.payload, "role", None) is Role.PROGRAM for n in subtrees(expr))
        for slot, expr in monitor.table(isa).recovery.items()
    )


@cache
def asks_whether(isa: Isa) -> bool:
    """Say whether an instruction that user mode may complete asks whether an address is legal, and goes on if not.

    If none does, more legal addresses on the real side are no hindrance; else what is legal has to be the same.
    """
    free = (i for i in isa.instructions if not any(t.when is TRUE for t in i.user.traps[:1]))
    behaviours = (b for i in free for b in (i.user, i.supervisor))
    exprs = (e for b in behaviours for e in (*b.values(), *(t.when for t in b.traps)))
    return any(Op.LEGAL in e.ops for e in exprs)
