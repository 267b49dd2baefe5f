"""The machine's step as one compiled loop: interrupts, tick, attempt, trap, all generated from the ISA's expressions.

The loop stops before a step that it does not do, with the clocks as they were. Slots are where the driver has them,
but for the pc. What is stored at fixed places is in `context.py`, and how time is kept in `clocks.py`.
"""

from collections.abc import Iterable

from attrs import evolve

from popek.engine.native import behaviours, entry, windows
from popek.engine.native.attempt import Attempt, Ends, Trapping, stops
from popek.engine.native.clocks import Clocks, timed, touches
from popek.engine.native.context import Code, Field
from popek.engine.native.expressions import Emission
from popek.engine.native.text import METADATA, Text
from popek.engine.native.views import DIRTY, MARKS, Buffer, Buffered
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour
from popek.isa.cycle import Interrupt
from popek.isa.slot import HALTED, MODE, PC, RUN, Array


def compilable(isa: Isa) -> bool:
    """Say whether an ISA's step can be compiled: whether what is around its instructions touches no device."""
    return all(behaviours.compilable(b) for b in (isa.cycle.swap, isa.tick))


def buffered(isa: Isa) -> tuple[Array, ...]:
    """Return the arrays that are buffers, in the order in which compiled code takes them."""
    return tuple(a for a in isa.arrays if a.size is not None)


def unbounded(isa: Isa) -> tuple[Array, ...]:
    """Return the arrays that have an element for each word value; compiled code sees them by windows, in this order."""
    return tuple(a for a in isa.arrays if a.size is None)


def parameters(arrays: Iterable[Array]) -> str:
    """Return the parameters of compiled code: fields, slots, marks, and the arrays' buffers."""
    pointers = ("%ctx", "%slots", MARKS, *(f"%array.{a.name}" for a in arrays))
    return ", ".join(f"ptr noalias {p}" for p in pointers)


def view(isa: Isa, prefix: str, size: str) -> Buffered:
    """Return the view of a whole machine."""
    buffers = {a: Buffer(f"%array.{a.name}", size if a.size == "q" else str(a.size)) for a in buffered(isa)}
    return Buffered(prefix, size, buffers)


class Step:
    """Writes one loop over the steps of a bare machine."""

    def __init__(self, isa: Isa) -> None:
        self.isa = isa
        self.text = Text()
        self.view = evolve(view(isa, "slot", "%size"), windows=windows.named(unbounded(isa)))
        self.clocks = Clocks(self.text, (self.view, isa.tick))
        self._timed = timed(isa)

    def field(self, field: Field) -> str:
        """Return the place of a field."""
        return self.text.at("%ctx", int(field), "i64")

    def note(self, field: Field, value: str | int, kind: str = "i64") -> None:
        """Write a field."""
        if kind != "i64":
            value = self.text.value(f"zext {kind} {value} to i64")
        self.text.store(value, self.field(field), "i64")

    def noted(self, field: Field) -> str:
        """Read a field."""
        return self.text.load(self.field(field), "i64")

    def add(self, field: Field, amount: str | int) -> None:
        """Add to a field."""
        self.note(field, self.text.value(f"add i64 {self.noted(field)}, {amount}"))

    def write(self) -> str:
        """Return the whole function."""
        self._begin()
        self._loop()
        entry.write(self)
        self._trap()
        self._exits()
        return self.text.define(f"i64 @run({self.signature()})") + METADATA

    def sees(self) -> Buffered:
        """Return the view that has windows."""
        return self.view

    def signature(self) -> str:
        """Return what the function takes."""
        return parameters(buffered(self.isa))

    def _begin(self) -> None:
        text = self.text
        text.variable(DIRTY[1:], "i8")
        text.store(0, DIRTY, "i8")
        text.variable("code", "i64")
        text.variable("last.trap", "i64")
        for name in ("pc", "cause", "detail"):
            text.variable(f"swap.{name}")
        for n, slot in enumerate(self.isa.slots):
            text.do(f"{self.view.place(slot)}{'.at' * (slot is PC)} = getelementptr inbounds i32, ptr %slots, i64 {n}")
        place = text.at("%slots", len(self.isa.slots))
        text.do(f"{self.view.size} = load i32, ptr {place}")
        text.variable(self.view.place(PC)[1:])
        text.store(text.load(f"{self.view.place(PC)}.at"), self.view.place(PC))
        windows.begin(text, text.load(self.field(Field.WINDOWS), "ptr"), self.sees().windows.values())
        budget = self.noted(Field.BUDGET)
        self.clocks.begin(budget)
        trapped = text.value(f"icmp ne i64 {self.noted(Field.TRAPPED)}, 0")
        text.store(text.value(f"select i1 {trapped}, i64 {budget}, i64 -1"), "%last.trap", "i64")
        self._first()

    def _first(self) -> None:
        """Write where to begin."""
        self.text.go("loop")

    def _loop(self) -> None:
        text = self.text
        text.label("loop")
        quiet = text.load("%quiet", "i64")
        text.branch(text.value(f"icmp eq i64 {quiet}, 0"), "begin", "go.on", seldom=True)
        text.label("go.on")
        text.store(text.value(f"sub i64 {quiet}, 1"), "%quiet", "i64")
        text.go("attempt")
        text.label("begin")
        self.clocks.settle()
        text.leave_if(text.value(f"icmp eq i64 {text.load('%left', 'i64')}, 0"), "exit.budget")
        self._ready()
        self._interrupts()
        self.clocks.grant()
        text.go("attempt")
        text.label("attempt")
        self._attempting()
        ends = Ends(self._done, self._made, lambda: text.go("hand.over"), self._missed, self._settled)
        self.attempt(ends).write()

    def _ready(self) -> None:
        """Write what comes first when a step begins and all is settled."""

    def _attempting(self) -> None:
        """Write what comes before the attempt at an instruction."""

    def tagged(self, pc: str) -> str:
        """Return what a pc, as 64 bits, is known by in the table of regions."""
        return pc

    def returned(self) -> None:
        """Write what is done when a region has returned."""

    def attempt(self, ends: Ends) -> Attempt:
        """Return what writes an attempt."""
        return Attempt(self.text, self.isa, self.view, ends)

    def _interrupts(self) -> None:
        """Write the entry of the first interrupt that is ready; it is a step of its own."""
        text = self.text
        for source in self.isa.cycle.interrupts:
            taken, on = text.fresh("interrupt"), text.fresh("on")
            text.branch(Emission(text, self.view, {})(source.ready), taken, on, seldom=True)
            text.label(taken)
            self._interrupted(source)
            text.label(on)

    def _interrupted(self, source: Interrupt) -> None:
        """Write one entry; not made if the caller wants to see it first."""
        text = self.text
        text.leave_if(text.value(f"icmp eq i64 {self.noted(Field.TRAPS)}, 0"), "exit.hand.over")
        pc = self.view.slot(text, PC)
        self.view.set_slot(text, source.pending, "0")
        self._swap(text.value(f"add i32 {pc}, {source.cause.old_pc}"), str(int(source.cause)), "0")
        self.add(Field.INTERRUPTS, 1)
        text.store(text.value(f"sub i64 {text.load('%left', 'i64')}, 1"), "%left", "i64")
        text.go("watched")

    def _settled(self, behaviour: Behaviour) -> None:
        """Before an instruction that can tell the time: let it."""
        if touches(behaviour, self._timed):
            self.clocks.settle()

    def _done(self, behaviour: Behaviour) -> None:
        """Write what follows an instruction that was executed."""
        text = self.text
        if stops(behaviour):
            halted = text.value(f"icmp eq i32 {self.view.slot(text, RUN)}, {HALTED}")
            text.leave_if(halted, "exit.halted")
        jump = not behaviours.sequential(behaviour)
        if behaviours.stores(behaviour):
            text.go("watched.jump" if jump else "watched")
        else:
            text.go("jumped" if jump else "loop")

    def _made(self, made: Trapping) -> None:
        """Write a trap; not taken right after another one, nor if the caller wants to see it first."""
        text = self.text
        last = text.value(f"sub i64 {text.load('%last.trap', 'i64')}, 1")
        again = text.value(f"icmp eq i64 {last}, {self.clocks.left()}")
        refused = text.value(f"icmp eq i64 {self.noted(Field.TRAPS)}, 0")
        text.leave_if(text.value(f"or i1 {again}, {refused}"), "hand.over")
        pc = self.view.slot(text, PC)
        self.event(made, pc, self.view.slot(text, MODE))
        text.store(text.value(f"add i32 {pc}, {made.cause.old_pc}"), "%swap.pc")
        text.store(int(made.cause), "%swap.cause")
        text.store(made.detail, "%swap.detail")
        text.go("trap")

    def note_missed(self, array: Array, index: str) -> None:
        """Note an element that is in no window."""
        self.note(Field.MISSED, list(self.sees().windows).index(array))
        self.note(Field.INDEX, index, "i32")

    def _missed(self, array: Array, index: str) -> None:
        """Write what is done where an element is in no window: nothing of the step."""
        self.note_missed(array, index)
        self.text.go("missed")

    def event(self, made: Trapping, pc: str, mode: str) -> None:
        """Note a trap for whoever watches them."""
        self.note(Field.KIND, int(made.kind))
        self.note(Field.CAUSE, int(made.cause))
        self.note(Field.PRIVILEGE, int(made.privilege))
        words = {Field.WORD: made.word, Field.DETAIL: made.detail, Field.PC: pc, Field.MODE: mode}
        for field, value in words.items():
            self.note(field, value, "i32")

    def _trap(self) -> None:
        """Write the trap itself, once for all that make one."""
        text = self.text
        text.label("trap")
        self.clocks.settle()
        self._swap(*(text.load(f"%swap.{name}") for name in ("pc", "cause", "detail")))
        text.store(text.load("%left", "i64"), "%last.trap", "i64")
        text.go("watched.jump")
        self._watched()

    def _watched(self) -> None:
        """Write what follows a store: out, if it was into compiled words."""
        text = self.text
        for label, on in (("watched", "loop"), ("watched.jump", "jumped")):
            text.label(label)
            changed = text.value(f"icmp ne i8 {text.load(DIRTY, 'i8')}, 0")
            text.branch(changed, "exit.changed", on, seldom=True)

    def _swap(self, pc: str, cause: str, detail: str) -> None:
        operands = {"pc": pc, "cause": cause, "detail": detail}
        behaviours.apply(self.text, self.view, self.isa.cycle.swap, operands)

    def _exits(self) -> None:
        text = self.text
        text.label("hand.over")
        self.clocks.take_back()
        text.go("exit.hand.over")
        text.label("missed")
        self.clocks.take_back()
        text.go("exit.missed")
        self._codes()
        self.clocks.settle()
        self._finish()
        text.store(self.view.slot(text, PC), f"{self.view.place(PC)}.at")
        left = text.load("%left", "i64")
        self.note(Field.BUDGET, left)
        trapped = text.value(f"icmp eq i64 {text.load('%last.trap', 'i64')}, {left}")
        self.note(Field.TRAPPED, trapped, "i1")
        text.do(f"ret i64 {text.load('%code', 'i64')}")

    def _finish(self) -> None:
        """Write what else is to be done at the end."""

    def _codes(self) -> None:
        text = self.text
        for code in Code:
            text.label(f"exit.{code.name.lower().replace('_', '.')}")
            text.store(int(code), "%code", "i64")
            text.go("exit")
        text.label("exit")


def module(isa: Isa) -> str:
    """Return the loop of an ISA, as LLVM's text."""
    return Step(isa).write()
