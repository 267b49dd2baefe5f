"""The monitor's interpreter routines as compiled code: an instruction's own meaning, attempted on the virtual state.

What an attempt comes to is a step of the guest: it is done, or it is a virtual trap, which is reflected. It is left to
Python if it cannot be compiled, or if a trap would follow upon a trap; or it waits for a window on a device.
"""

from typing import TYPE_CHECKING

from popek.engine.native import behaviours
from popek.engine.native.attempt import Attempt, Ends, Trapping, stops
from popek.engine.native.context import Field
from popek.isa.behaviour import Behaviour
from popek.isa.slot import HALTED, MODE, PC, RUN, Array
from popek.vmm.compiled.hypercalls import OfHypercall, unknown
from popek.vmm.compiled.ways import ASKED, EMULATED, EXITED, PENDING

if TYPE_CHECKING:
    from popek.vmm.compiled.step import MonitorStep


class Routines:
    """Writes them."""

    def __init__(self, step: "MonitorStep") -> None:
        self._step = step

    def emulated(self) -> None:
        """Write the step of code that is not run directly."""
        text = self._step.text
        text.label("emulate")
        self.begin()
        text.go("emulate.it")
        self.attempt("emulate.it", EMULATED)

    def begin(self) -> None:
        """Tick for an attempt at an instruction on the virtual state, so that it can be taken back."""
        step, text = self._step, self._step.text
        for slot in step.made.believed.tick.writes:
            text.store(step.virtual.slot(text, slot), f"%virtually.{slot.name}")
        behaviours.apply(text, step.virtual, step.made.believed.tick)

    def attempt(self, label: str, way: int, kind: type[Attempt] = Attempt) -> None:
        """Write one, by the way that it is counted: the instruction's own meaning, on the virtual state."""
        step, text = self._step, self._step.text
        text.label(label)
        refused, absent = text.fresh("refused"), text.fresh("absent")

        def done(behaviour: Behaviour) -> None:
            step.took()
            if stops(behaviour):
                halted = text.value(f"icmp eq i32 {step.virtual.slot(text, RUN)}, {HALTED}")
                text.leave_if(halted, "exit.halted")
            text.go("virtually.watched" if behaviours.stores(behaviour) else "turn")

        def made(trap: Trapping) -> None:
            if kind is OfHypercall and unknown(trap):
                text.go(refused)
            else:
                self._reflect(trap, way, refused)

        def missed(array: Array, index: str) -> None:
            step.note_missed(array, index)
            text.go(absent)

        ends = Ends(done, made, lambda: text.go(refused), missed, executing=lambda _: self._counts_as(way))
        kind(text, step.made.believed, step.virtual, ends).write()
        self._refused(way, refused, "exit.hand.over")
        self._refused(way, absent, "exit.missed")

    def _refused(self, way: int, label: str, there: str) -> None:
        """Write what is done where an attempt is not made, or not yet: an exit that was made is noted."""
        step, text = self._step, self._step.text
        text.label(label)
        if way in PENDING:
            step.note(Field.ATTEMPT, int(PENDING[way]))
        else:
            for slot in step.made.believed.tick.writes:
                step.virtual.set_slot(text, slot, text.load(f"%virtually.{slot.name}"))
        text.go(there)

    def _counts_as(self, way: int) -> None:
        """Count a step, and an exit that is known for one only now; charge for a step that had none."""
        self._step.count(way)
        if way == ASKED:
            self._step.renew()
        elif way != EXITED:
            self._step.shares.charge("1")

    def _reflect(self, made: Trapping, way: int, refused: str) -> None:
        """Write a virtual trap; if the last step was one too, it is handed over."""
        step, text = self._step, self._step.text
        last = text.load("%last.trap", "i64")
        text.leave_if(text.value(f"icmp eq i64 {last}, {text.load('%left', 'i64')}"), refused)
        pc = step.virtual.slot(text, PC)
        step.event(made, pc, step.virtual.slot(text, MODE))
        self._counts_as(way)
        text.store(text.value(f"add i32 {pc}, {made.cause.old_pc}"), "%swap.pc")
        text.store(int(made.cause), "%swap.cause")
        text.store(made.detail, "%swap.detail")
        text.go("reflect")

    def trapped(self) -> None:
        """Write what every virtual trap does."""
        step, text = self._step, self._step.text
        text.label("reflect")
        step.virtual_swap(*(text.load(f"%swap.{name}") for name in ("pc", "cause", "detail")))
        step.note_trapped(step.virtual.slot(text, slot) for slot in step.isa.slots)
        step.took()
        text.store(text.load("%left", "i64"), "%last.trap", "i64")
        text.go("virtually.watched")
