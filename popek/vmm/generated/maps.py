"""The VM map as Python source: what is loaded when a guest is entered, and what is recovered after a real trap.

Real slots are in `S`, the monitor's in `O`; both are made from the expressions that a proof is about.
"""

from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any
from weakref import WeakKeyDictionary

from attrs import frozen

from popek.engine.generated.attempts import Names, function
from popek.engine.generated.source import Writer
from popek.isa.architecture import Isa
from popek.isa.expression import Expr, Op, subtrees
from popek.isa.slot import Slot
from popek.vmm import vm_map
from popek.vmm.vm_map import VmMap

_codes: WeakKeyDictionary[Isa, dict[object, CodeType]] = WeakKeyDictionary()

_PLAIN = ("k", "w", "quantum", "loaded", "old_pc")


def kept(isa: Isa) -> Mapping[str, str]:
    """Return the source of what the monitor keeps, by the names that the map has for it."""
    return {**{n: n for n in _PLAIN}, **{f"v.{s.name}": f"O[s{n}]" for n, s in enumerate(isa.slots)}}


def writable(isa: Isa, table: VmMap) -> bool:
    """Say whether a map names nothing but what there is here."""
    exprs = (*table.entry.values(), *table.recovery.values())
    named = {str(e.payload) for expr in exprs for e in subtrees(expr) if e.op is Op.OPERAND}
    return named <= kept(isa).keys()


@frozen
class _Virtual(Names):
    """The virtual state while the guest is not inside."""

    def slot(self, slot: Slot) -> str:
        """Return a slot's value."""
        return f"O[s{self.isa.slots.index(slot)}]"

    def operand(self, name: str) -> str:
        """Return what the map is given."""
        return kept(self.isa)[name]


@frozen
class _Stored(Names):
    """The real state as it was before a trap: some slots are in variables of their own."""

    before: Mapping[Slot, str] = {}

    def slot(self, slot: Slot) -> str:
        """Return a slot's value."""
        return self.before.get(slot) or super().slot(slot)

    def operand(self, name: str) -> str:
        """Return what the map is given."""
        return kept(self.isa)[name]


def _assign(w: Writer, table: Mapping[Slot, Expr], to: Callable[[Slot], str]) -> None:
    """Write assignments, of values that are all computed before; what stays as it is is left out."""
    values = [(to(s), w.text(e)) for s, e in table.items()]
    changed = [(place, text) for place, text in values if place != text]
    if changed:
        w.line(f"{', '.join(p for p, _ in changed)} = {', '.join(t for _, t in changed)}")


def entering(isa: Isa, table: VmMap) -> str:
    """Return the source of the allocator: given what is left of the quantum, it loads the guest."""
    w = Writer(_Virtual(isa, placed=True), "w")
    w.begin(table.entry.values())
    _assign(w, table.entry, lambda s: f"S[s{isa.slots.index(s)}]")
    return "\n".join(("def f(quantum):", *w.lines, ""))


def recovering(isa: Isa, table: VmMap) -> str:
    """Return the source of the recovery: given what was loaded, and how far the pc has gone on, the time that it took.

    The real slots are as the trap has left them; what they were is in the trap words.
    """
    stored = vm_map.stored()
    before = {s: f"b{n}" for n, s in enumerate(stored)}
    first = Writer(_Stored(isa), "q")
    first.begin(stored.values())
    _assign(first, stored, lambda s: before[s])
    w = Writer(_Stored(isa, before=before), "q")
    w.begin((*table.recovery.values(), vm_map.elapsed()))
    spent = w.variable(w.text(vm_map.elapsed()))
    _assign(w, table.recovery, lambda s: f"O[s{isa.slots.index(s)}]")
    return "\n".join(("def f(loaded, old_pc):", *first.lines, *w.lines, f"    return {spent}", ""))


def made(isa: Isa, source: Callable[[Isa, VmMap], str], table: VmMap, given: Mapping[str, Any]) -> Any:
    """Return a function of a map; the code is shared by all who have the same."""
    codes = _codes.setdefault(isa, {})
    key = source, tuple(table.entry.items()), tuple(table.recovery.items())
    if key not in codes:
        codes[key] = compile(source(isa, table), f"<{isa.name} {source.__name__}>", "exec")
    return function(codes[key], given)
