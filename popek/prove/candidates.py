"""Guest programs in which events happen, of every kind and at every alignment with the quantum.

`guest_witness.py` runs them where an event is to blame for a refutation, and no instruction.
"""

from collections.abc import Iterator
from itertools import product

from popek.isa.architecture import Isa
from popek.isa.expression import operand
from popek.isa.slot import BASE, BOUND, IE, MODE, TIMER, Slot
from popek.prove.checks import Search
from popek.prove.pools import few
from popek.prove.setups import assignments, invocation, psw, writers

_HANDLER = (".org 8", ".word 0, handler, 0, 64", ".org 16")
_ENDS = ("handler:", "nop")
_RELOCATED = ((0, 100), (0, 65), (8, 64), (8, 100), (1, 64), (8, 40))
"""Bases and bounds, most of which reach beyond the virtual memory's end."""

_STATUSES = tuple(n << 2 | 1 for n in range(4))
"""Statuses of user mode, with all there may be in the two bits above what every machine has in a status."""


def of_event(sought: Search) -> Iterator[list[str]]:
    """Give programs, roughly the shortest first."""
    if sought.prop != "equivalence":
        yield ["nop"]
        yield from ([f"ldi r2, {v}", f"{op} r1, 0(r2)"] for v in (63, 64, 65, 100, -1) for op in ("st", "ld"))
    yield [*_HANDLER, "svc 0", *_ENDS]
    yield [*_HANDLER, ".word 0", *_ENDS]
    yield from ([*_HANDLER, f"ldi r2, {v}", "ld r1, 0(r2)", *_ENDS] for v in (63, 64, 65, 100, -1, 0))
    yield from ([*_HANDLER, f"ldi r2, {v}", "jalr r3, r2", *_ENDS] for v in (64, 63, -1))
    yield [".org 8", ".word 1, handler - 8, 8, 24", ".org 16", "svc 0", *_ENDS, "svc 1"]
    parts = [_of_clocks, _of_waiting]
    of_memory = (_of_protection, _of_relocation)
    parts[0:0] = of_memory if sought.blame == "event:fetch" else ()
    parts += of_memory if sought.blame != "event:fetch" else ()
    for part in parts:
        yield from part(sought)
    for name in sorted(sought.sensitive):
        for variant in few(sought.isa[name], 12):
            line = invocation(sought.isa[name], variant.fields)
            yield [*_HANDLER, *assignments(variant.registers), line, *_ENDS]


def _sets(sought: Search, slot: Slot) -> list[tuple[str, ...]]:
    """Return lines that set a slot, to one value or another."""
    found = writers(sought.isa, slot, sought.critical)
    return [w.setup.before for w in found if not w.setup.words]


def _reads(isa: Isa, *slots: Slot) -> Iterator[str]:
    """Give instructions that only look at some slots, among others."""
    for instruction in isa.instructions:
        if not instruction.supervisor.reads.isdisjoint(slots) and not set(slots) & instruction.supervisor.writes.keys():
            yield invocation(instruction, few(instruction, 1, first=3)[0].fields)


def _of_clocks(sought: Search) -> Iterator[list[str]]:
    """Give programs in which the timer runs out, or is looked at before."""
    for timer in _sets(sought, TIMER):
        for enabled, spins in product(_sets(sought, IE)[:1], (3, 6)):
            yield [*_HANDLER, *timer, *enabled, *["nop"] * spins, *_ENDS]
        for line, spins in product(_reads(sought.isa, TIMER), (1, 2, 3, 4)):
            yield [*_HANDLER, *timer, *["nop"] * spins, line, *_ENDS]


def _of_waiting(sought: Search) -> Iterator[list[str]]:
    """Give programs that wait for a device: with its interrupt on, off, or while a slower timer runs."""
    timers = [(), *_sets(sought, TIMER)[-1:]]
    for clock in sought.isa.clocks:
        for start in _sets(sought, clock)[:1] if clock is not TIMER else []:
            on = [*(e for e in _sets(sought, IE)[:1]), ()]
            for before, enabled, spins in product(timers, on, (0, 1)):
                yield [*_HANDLER, *before, *start, *["nop"] * spins, *enabled, "jal r3, . + 0", *_ENDS]


def _of_relocation(sought: Search) -> Iterator[list[str]]:
    for base, bound in _RELOCATED:
        for address, op in product((bound - 1, 63 - base, 64 - base), ("ld", "st")):
            setup = psw(0, base, bound)
            yield [*setup.vector, ".org 16", f"ldi r2, {address}", *setup.after, f"{op} r1, 0(r2)"]
    yield from _of_r(sought)


def _of_protection(sought: Search) -> Iterator[list[str]]:
    """Give programs that set what else the translation looks at, and go through a trap to each mode there may be."""
    address, rules = operand("address"), sought.isa.translation
    looked_at = (rules.legal(address).mentions | rules.real(address).mentions) - {BASE, BOUND, MODE}
    for slot in sorted((s for s in looked_at if isinstance(s, Slot)), key=str):
        for before, status in product(_sets(sought, slot), _STATUSES):
            yield [".org 8", f".word {status}, go, 0, 64", ".org 16", *before, "svc 0", "go:", "nop"]


def _of_r(sought: Search) -> Iterator[list[str]]:
    """Give programs that set R by an instruction, and then read it, or refer to memory."""
    for instruction in sought.isa.instructions:
        if not {BASE, BOUND} <= instruction.supervisor.writes.keys() or len(instruction.format) != 2:
            continue
        line = invocation(instruction, few(instruction, 1)[0].fields)
        for base, bound in ((8, 40), (8, 64), (0, 100), (20, 20), (60, 10), (100, 3), (100, 100)):
            for after in ("ld r3, 0(r4)", *_reads(sought.isa, BASE, BOUND)):
                yield [*_HANDLER, *assignments({1: base, 2: bound}), line, after, *_ENDS]
