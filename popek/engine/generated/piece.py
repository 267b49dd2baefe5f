"""One instruction of a guest at one place: everything that is fixed there is a constant, and what is left is small.

A *place* is what the meaning of code at a virtual address depends on besides the words themselves: mode, R, and the
size of memory. Not every instruction can be part of compiled code: what has to do with time, interrupts, modes, R or
devices is left to the attempts, one at a time.
"""

from collections.abc import Mapping
from functools import cached_property

from attrs import field, frozen

from popek.engine.simplify import Known, value
from popek.isa.architecture import Decoded, Isa
from popek.isa.behaviour import Behaviour, Put
from popek.isa.encoding import WORD_MASK
from popek.isa.expression import FALSE, TRUE, Expr, Op, as_expr, rewrite, subtrees
from popek.isa.slot import BASE, BOUND, IE, MEMORY, MODE, PC, RUN, Array, Slot

Part = Slot | tuple[Array, int]
"""A part of the state that compiled code keeps in a variable: a slot, or one element of an array such as a register."""

Constants = Mapping[Part, int]


@frozen
class Piece:
    """What is left of an instruction: when it traps (it is then not done here), what it writes, and the next pc."""

    traps: tuple[Expr, ...]
    slots: Mapping[Slot, Expr]
    puts: tuple[Put, ...]
    next: Expr

    def exprs(self) -> list[Expr]:
        """Return all its expressions."""
        written = [e for p in self.puts for e in (p.when, p.index, p.value)]
        return [*self.traps, *self.slots.values(), *written, self.next]


@frozen(eq=False)
class Place:
    """A mode, an R and a size of memory, on one ISA."""

    isa: Isa
    mode: int
    base: int
    bound: int
    size: int
    _fit: dict[str, bool] = field(factory=dict, init=False)
    _addresses: dict[int, int | None] = field(factory=dict, init=False)

    @cached_property
    def _fixed(self) -> Mapping[Slot, int]:
        return {MODE: self.mode, BASE: self.base, BOUND: self.bound}

    @cached_property
    def _apart(self) -> frozenset[Slot | Array]:
        """What compiled code does not write: by it steps are told apart, or what they mean."""
        pending = {s for i in self.isa.cycle.interrupts for e in subtrees(i.ready) if (s := e.payload) is not None}
        return frozenset(s for s in pending if isinstance(s, Slot)) | {*self._fixed, IE, RUN} | self._timed

    @cached_property
    def _timed(self) -> frozenset[Slot | Array]:
        """What changes with time, so that compiled code, in which no time passes, must not look at it."""
        return frozenset(s for c in self.isa.clocks for s in (c, c.clock) if s is not None)

    def address(self, pc: int) -> int | None:
        """Return the physical address of an instruction, if that is fixed and the fetch does not fault."""
        if pc not in self._addresses:
            self._addresses[pc] = self._address(pc)
        return self._addresses[pc]

    def _address(self, pc: int) -> int | None:
        known = Known()
        fault, word = (known.simplify(self._placed(e, {"pc": pc}, pc, {})) for e in self.isa.fetch)
        if fault is not FALSE or word.op is not Op.ELEMENT or word.payload is not MEMORY:
            return None
        found = value(word.args[0])
        return found if found is not None and found < self.size else None

    def piece(self, decoded: Decoded, pc: int, constants: Constants) -> Piece | None:
        """Return what is left of an instruction where some parts of the state are known; nothing: not for us."""
        if not self.fits(decoded):
            return None
        behaviour = self.isa.lowered(decoded.instruction, self.mode)
        values = {**decoded.values, "word": decoded.word}
        known = Known()

        def small(expr: Expr) -> Expr:
            return known.simplify(self._placed(expr, values, pc, constants))

        traps = []
        for trap in behaviour.traps:
            when = small(trap.when)
            if when is TRUE:
                return None
            if when is not FALSE:
                traps.append(when)
                if when.op is Op.NOT:
                    known.assume(when.args[0])
        slots = {s: small(e) for s, e in behaviour.writes.items() if s is not PC}
        puts = [Put(e.array, small(e.index), small(e.value), small(e.when)) for e in _puts(behaviour)]
        left = Piece(tuple(traps), slots, tuple(p for p in puts if p.when is not FALSE), small(behaviour.writes[PC]))
        return left if all(_reachable(e) for e in left.exprs()) and all(_settled(p) for p in left.puts) else None

    def fits(self, decoded: Decoded) -> bool:
        """Say whether an instruction may be part of compiled code at all."""
        name = decoded.instruction.name
        if name not in self._fit:
            behaviour = self.isa.lowered(decoded.instruction, self.mode)
            arrays = {s for s in behaviour.reads if isinstance(s, Array)}
            arrays |= {p.array for p in _puts(behaviour)}
            self._fit[name] = (
                PC in behaviour.writes
                and len(_puts(behaviour)) == len(behaviour.effects)
                and self._apart.isdisjoint(behaviour.writes)
                and self._timed.isdisjoint(behaviour.reads)
                and all(a is MEMORY or isinstance(a.size, int) for a in arrays)
            )
        return self._fit[name]

    def _placed(self, expr: Expr, values: Mapping[str, int], pc: int, constants: Constants) -> Expr:
        def change(here: Expr) -> Expr:
            what = here.payload
            if here.op is Op.OPERAND:
                return as_expr(values[str(what)] & WORD_MASK)
            if here.op is Op.SIZE:
                return as_expr(self.size)
            if here.op is Op.SLOT:
                assert isinstance(what, Slot)
                found = pc if what is PC else self._fixed.get(what, constants.get(what))
                return here if found is None else as_expr(found)
            if here.op is Op.ELEMENT and here.args[0].op is Op.CONST:
                assert isinstance(what, Array)
                found = constants.get((what, value(here.args[0]) or 0))
                return here if found is None else as_expr(found)
            return here

        return rewrite(expr, change)


def _puts(behaviour: Behaviour) -> list[Put]:
    return [e for e in behaviour.effects if isinstance(e, Put)]


def _settled(put: Put) -> bool:
    """Say whether it is known which element is written, where elements are kept in variables."""
    return put.array is MEMORY or _element(put.array, put.index)


def _reachable(expr: Expr) -> bool:
    """Say whether all elements that are read, but those of memory, are known."""
    elements = (e for e in subtrees(expr) if e.op is Op.ELEMENT and isinstance(e.payload, Array))
    return all(e.payload is MEMORY or _element(e.payload, e.args[0]) for e in elements if isinstance(e.payload, Array))


def _element(array: Array, index: Expr) -> bool:
    number = value(index)
    return number is not None and isinstance(array.size, int) and number < array.size
