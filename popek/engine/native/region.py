"""A region as one compiled function: registers in variables, resources as constants that its entry checks.

It takes the number of steps that are quiet and returns how many it has done. A block that does not fit in what is left
is not begun; a trap leaves before its instruction, which the interpreter then attempts; a store into compiled words
leaves after it.
"""

from collections.abc import Iterator

from attrs import frozen

from popek.engine.native import behaviours
from popek.engine.native.context import Field
from popek.engine.native.discover import Found, Placed
from popek.engine.native.expressions import Emission
from popek.engine.native.interpreter import buffered, parameters, view
from popek.engine.native.specialise import constant
from popek.engine.native.text import METADATA, Text
from popek.engine.native.views import DIRTY, Buffered
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Put, Trap
from popek.isa.expression import Expr, Op
from popek.isa.slot import PC, REGISTERS, Array, Role, Slot


@frozen
class Registers(Buffered):
    """The view of a region: registers are variables too, since all their numbers are known."""

    def element(self, text: Text, array: Array, index: str, *, inside: bool) -> str:
        """Return an element."""
        if array is REGISTERS:
            return text.load(f"%r.{index}")
        return super().element(text, array, index, inside=inside)

    def put(self, text: Text, array: Array, index: str, value: str, *, inside: bool) -> None:
        """Write an element."""
        if array is REGISTERS:
            text.store(value, f"%r.{index}")
        else:
            super().put(text, array, index, value, inside=inside)


class Region:
    """Writes one region."""

    def __init__(self, isa: Isa, found: Found, size: int) -> None:
        self.isa, self.found = isa, found
        self.text = Text()
        self.view = Registers("slot", str(size), view(isa, "slot", str(size)).buffers)
        self._own = [s for s in isa.slots if s.role is Role.PROGRAM and s is not PC]
        written = [p.behaviour for p in found.code.values()]
        self._read = sorted({n for b in written for n in _registers(b)})
        self._written = sorted({n for b in written for n in _puts(b)})

    def write(self) -> str:
        """Return the whole function."""
        text = self.text
        text.variable("left", "i64")
        text.variable(DIRTY[1:], "i8")
        text.variable("pc")
        for number in self._read:
            text.variable(f"r.{number}")
        for slot in self._own:
            text.variable(self.view.place(slot)[1:])
        text.store(text.load(self._slot(PC)), "%pc")
        text.store("%quiet", "%left", "i64")
        for slot, value in self.found.assumed.items():
            other = text.value(f"icmp ne i32 {text.load(self._slot(slot))}, {value}")
            text.leave_if(other, "refuse")
        for number in self._read:
            text.store(text.load(text.at("%array.registers", number)), f"%r.{number}")
        for slot in self._own:
            text.store(text.load(self._slot(slot)), self.view.place(slot))
        text.go("dispatch")
        self._dispatch()
        for leader in self.found.leaders:
            self._block(leader)
        self._exit()
        text.label("refuse")
        text.do("ret i64 0")
        return text.define(f"i64 @region({parameters(buffered(self.isa))}, i64 %quiet)") + METADATA

    def _slot(self, slot: Slot) -> str:
        return self.text.at("%slots", self.isa.slots.index(slot))

    def _dispatch(self) -> None:
        text = self.text
        text.label("dispatch")
        cases = " ".join(f"i32 {e}, label %block.{e}" for e in self.found.entries)
        text.do(f"switch i32 {text.load('%pc')}, label %exit [ {cases} ]")

    def _instructions(self, leader: int) -> Iterator[Placed]:
        """Give the instructions of a block."""
        pc = leader
        while pc in self.found.code and (pc == leader or pc not in self.found.leaders):
            placed = self.found.code[pc]
            yield placed
            if placed.targets != (placed.on,):
                return
            pc = placed.on

    def _block(self, leader: int) -> None:
        text = self.text
        block = list(self._instructions(leader))
        text.label(f"block.{leader}")
        left = text.load("%left", "i64")
        fits, misses = text.fresh("fits"), text.fresh("misses")
        text.branch(text.value(f"icmp ult i64 {left}, {len(block)}"), misses, fits, seldom=True)
        text.label(misses)
        self._leave(str(leader), 0)
        text.label(fits)
        text.store(text.value(f"sub i64 {left}, {len(block)}"), "%left", "i64")
        for n, placed in enumerate(block):
            self._instruction(placed, refund=len(block) - n, last=n + 1 == len(block))

    def _leave(self, pc: str, refund: int) -> None:
        """Write the way out, with the next pc, and how many instructions of the block were not executed."""
        text = self.text
        if refund:
            text.store(text.value(f"add i64 {text.load('%left', 'i64')}, {refund}"), "%left", "i64")
        text.store(pc, "%pc")
        text.go("exit")

    def _instruction(self, placed: Placed, *, refund: int, last: bool) -> None:
        text = self.text

        def on_trap(_trap: Trap, _detail: str) -> None:
            self._leave(str(placed.pc), refund)

        emission = Emission(text, self.view, {})
        behaviours.guards(emission, placed.behaviour, on_trap)
        goes = placed.goes
        chosen = emission(goes.args[0]) if goes.op is Op.ITE else ""
        following = (
            emission(goes) if goes.op is not Op.CONST or behaviours.stores(placed.behaviour) else str(constant(goes))
        )
        others = {s: e for s, e in placed.behaviour.writes.items() if s is not PC}
        behaviours.commit(emission, Behaviour(others, placed.behaviour.effects))
        if behaviours.stores(placed.behaviour):
            self._watch(following, refund - 1)
        if last:
            self._go_on(placed, goes, chosen, following)

    def _watch(self, following: str, refund: int) -> None:
        text = self.text
        changed, on = text.fresh("changed"), text.fresh("on")
        text.branch(text.value(f"icmp ne i8 {text.load(DIRTY, 'i8')}, 0"), changed, on, seldom=True)
        text.label(changed)
        text.store(1, text.at("%ctx", int(Field.DIRTY), "i64"), "i64")
        self._leave(following, refund)
        text.label(on)

    def _go_on(self, placed: Placed, goes: Expr, chosen: str, following: str) -> None:
        """Write where the last instruction of a block goes."""
        text = self.text
        if goes.op is Op.ITE and len(placed.targets) == 2:
            text.branch(chosen, *(self._there(t) for t in placed.targets))
        elif len(placed.targets) == 1 and goes.op is Op.CONST:
            text.go(self._there(placed.targets[0]))
        else:
            text.store(following, "%pc")
            text.go("dispatch")

    def _there(self, target: int) -> str:
        """Return the label of a target, which may be outside."""
        return f"block.{target}" if target in self.found.leaders else f"out.{target}"

    def _exit(self) -> None:
        text = self.text
        targets = {t for p in self.found.code.values() for t in (*p.targets, p.on)}
        for target in sorted(targets - {*self.found.leaders}):
            text.label(f"out.{target}")
            self._leave(str(target), 0)
        text.label("exit")
        for number in self._written:
            text.store(text.load(f"%r.{number}"), text.at("%array.registers", number))
        for slot in self._own:
            text.store(text.load(self.view.place(slot)), self._slot(slot))
        text.store(text.load("%pc"), self._slot(PC))
        left = text.load("%left", "i64")
        text.do(f"ret i64 {text.value(f'sub i64 %quiet, {left}')}")


def _registers(behaviour: Behaviour) -> Iterator[int]:
    """Give the numbers of the registers that a behaviour reads or writes."""
    for expr in behaviours.mentioned(behaviour):
        number = constant(expr.args[0]) if expr.payload is REGISTERS else None
        if number is not None:
            yield number
    yield from _puts(behaviour)


def _puts(behaviour: Behaviour) -> Iterator[int]:
    for effect in behaviour.effects:
        if isinstance(effect, Put) and effect.array is REGISTERS:
            number = constant(effect.index)
            assert number is not None
            yield number
