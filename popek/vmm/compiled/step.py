"""A monitor and its guest as one compiled loop: direct execution, and, where it ends, what the monitor does.

The loop of the real machine is the engine's (`engine/native/interpreter.py`), regions included; here is what comes
after a real trap. The virtual state is recovered by the VM map, the dispatcher's action is done, and the guest is
entered again by the map, all from the expressions that a proof is about. What Python has to do is handed over: between
two steps, or, after an exit, the attempt at an instruction. The virtual devices are seen by windows; where one has to
be opened first, the attempt is made then. The real ones are Python's.

A step of the loop is one of the guest's. An attempt that traps really is that step too, if the monitor interprets it.
"""

from collections.abc import Iterable

from attrs import evolve, frozen

from popek.engine.native.attempt import Trapping
from popek.engine.native.behaviours import apply
from popek.engine.native.context import EXITS, Field, Trapped
from popek.engine.native.expressions import Emission, View
from popek.engine.native.interpreter import Step, buffered, parameters
from popek.engine.native.views import DIRTY, Buffered
from popek.isa.architecture import Isa
from popek.isa.behaviour import Cause
from popek.isa.cycle import Interrupt
from popek.isa.slot import MODE, PC, SUPERVISOR, TIMER
from popek.vmm import vm_map
from popek.vmm.compiled.hypercalls import Hypercalls, OfHypercall
from popek.vmm.compiled.quanta import Quanta, unseen
from popek.vmm.compiled.routines import Routines
from popek.vmm.compiled.shares import Shares
from popek.vmm.compiled.views import K, Stored, W, owned, virtual
from popek.vmm.compiled.ways import ASKED, DIRECT, EXITED, HYPERCALL, Pending
from popek.vmm.monitor import FRUITLESS, Action, Monitor, Treatment


@frozen
class Compilation:
    """What a compiled monitor is made from; `hosted`: for a guest that is not alone on the real machine."""

    isa: Isa
    believed: Isa
    monitor: Monitor
    hosted: bool = False

    def directly(self, *, user: bool) -> bool:
        """Say whether the code of a virtual mode runs directly."""
        return self.monitor.plan(user=user).others is not Treatment.EMULATED


class MonitorStep(Step):
    """Writes the loop of a virtual machine.

    `view` is what runs directly, `virtual` what the monitor keeps, `real` the machine's own slots, and `running` where
    the virtual mode is while the guest is inside. `keeps` slots are kept beside those that run; behind them are the
    virtual ones as the last virtual trap has left them: they have changed again when an attempt after it is handed
    over, the clocks at least, and whoever looks for trap loops has to know them as they were.
    """

    def __init__(self, made: Compilation) -> None:
        super().__init__(made.isa)
        self.made = made
        self.virtual = virtual(made.isa)
        self.view = evolve(self.view, windows={})
        self.real, self.running = self.view, self.virtual
        self.quanta = Quanta(self, made.isa.clocks, unseen=unseen(made.isa))
        self.shares = Shares(self)
        self.routines = Routines(self)
        self._hypercalls = Hypercalls(self)
        self.keeps = len(made.isa.slots)

    def sees(self) -> Buffered:
        """Return the view that has windows: those of the guest's devices."""
        return self.virtual

    def signature(self) -> str:
        """Return what the function takes."""
        own = ("%own", *(f"%own.{a.name}" for a in owned(self.isa)))
        return ", ".join((parameters(buffered(self.isa)), *(f"ptr noalias {p}" for p in own)))

    def _first(self) -> None:
        text = self.text
        for n, slot in enumerate(self.isa.slots):
            text.do(f"{self.virtual.place(slot)} = getelementptr inbounds i32, ptr %own, i64 {n}")
        for name, field in ((K, Field.BASE), (W, Field.SIZE)):
            place = self.field(field)
            text.do(f"{name} = load i32, ptr {place}")
        for name, kind in (("fruitless", "i64"), ("entered", "i64"), ("attempted", "i64"), ("old.pc", "i32")):
            text.variable(name, kind)
        for slot in self.made.believed.tick.writes:
            text.variable(f"virtually.{slot.name}")
        text.store(self.noted(Field.FRUITLESS), "%fruitless", "i64")
        text.store(text.load("%left", "i64"), "%entered", "i64")
        attempt = self.noted(Field.ATTEMPT)
        self.note(Field.ATTEMPT, int(Pending.NOTHING))
        again = {Pending.ATTEMPT: "interpret"}
        if self.made.monitor.for_ported:
            again[Pending.EXIT] = "hypercall.again"
        cases = " ".join(f"i64 {int(pending)}, label %{label}" for pending, label in again.items())
        text.do(f"switch i64 {attempt}, label %on.with.it [ {cases} ]")
        text.label("on.with.it")
        inside = text.value(f"icmp ne i64 {self.noted(Field.INSIDE)}, 0")
        text.branch(inside, "loop", "turn")
        self._turn()
        self.routines.emulated()
        self.routines.attempt("interpret", EXITED)
        if self.made.monitor.for_ported:
            text.variable("asked")
            self.routines.attempt("hypercall.it", HYPERCALL, OfHypercall)
            self.routines.attempt("hypercall.after", ASKED, OfHypercall)
            self._hypercalls.again()

    def count(self, way: int, steps: str | int = 1) -> None:
        """Count steps of the guest, by the virtual mode that it was in before."""
        text, view = self.text, self.running if way == DIRECT else self.virtual
        mode = text.value(f"zext i32 {view.slot(text, MODE)} to i64")
        place = text.at("%ctx", text.value(f"add i64 {mode}, {Field.DIRECT + 2 * way}"), "i64")
        text.store(text.value(f"add i64 {text.load(place, 'i64')}, {steps}"), place, "i64")

    def took(self) -> None:
        """Note a step of the guest that was not direct; the budget is settled."""
        left = self.text.load("%left", "i64")
        self.text.store(self.text.value(f"sub i64 {left}, 1"), "%left", "i64")
        self.text.store(0, "%fruitless", "i64")

    def note_trapped(self, values: Iterable[str]) -> None:
        """Keep the virtual slots as a virtual trap leaves them."""
        for n, value in enumerate(values, self.keeps):
            self.text.store(value, self.text.at("%own", n))

    # The guest is not inside: what is next?

    def _turn(self) -> None:
        text = self.text
        text.label("virtually.watched")
        text.leave_if(text.value(f"icmp ne i8 {text.load(DIRTY, 'i8')}, 0"), "exit.changed")
        text.go("turn")
        text.label("turn")
        text.leave_if(text.value(f"icmp ne i64 {self.noted(Field.DIRTY)}, 0"), "exit.changed")
        text.leave_if(text.value(f"icmp eq i64 {text.load('%left', 'i64')}, 0"), "exit.budget")
        self.leave_if_lost()
        self.shares.leave_if_over()
        for source in self.made.believed.cycle.interrupts:
            taken, on = text.fresh("deliver"), text.fresh("on")
            text.branch(Emission(text, self.virtual, {})(source.ready), taken, on, seldom=True)
            text.label(taken)
            pc = self.virtual.slot(text, PC)
            self.virtual.set_slot(text, source.pending, "0")
            self.virtual_swap(text.value(f"add i32 {pc}, {source.cause.old_pc}"), str(int(source.cause)), "0")
            self.add(Field.INTERRUPTS, 1)
            self.took()
            text.go("virtually.watched")
            text.label(on)
        if self.made.monitor.for_ported:
            self._hypercalls.before_entry()
        supervisor = text.value(f"icmp eq i32 {self.virtual.slot(text, MODE)}, {SUPERVISOR}")
        text.branch(supervisor, self.way(user=False), self.way(user=True))
        self._enter()

    def way(self, *, user: bool) -> str:
        """Return where code of a virtual mode is run."""
        return "enter" if self.made.directly(user=user) else "emulate"

    def _enter(self) -> None:
        """Write the allocator: what is loaded, by the VM map."""
        text = self.text
        text.label("enter")
        left = self.noted(Field.LEFT)
        over = text.value(f"icmp eq i64 {left}, 0")
        left = text.value(f"select i1 {over}, i64 {self.noted(Field.QUANTUM)}, i64 {left}")
        self.note(Field.LEFT, left)
        self.load()
        values = {"k": K, "w": W, "quantum": text.value(f"trunc i64 {left} to i32")}
        emission = Emission(text, self.virtual, values)
        table = self.made.monitor.table(self.isa).entry
        loaded = [(s, emission(e)) for s, e in table.items()]
        for slot, value in loaded:
            self.real.set_slot(text, slot, value)
        self.note(Field.LOADED, self.real.slot(text, TIMER), "i32")
        self.note(Field.INSIDE, 1)
        text.store(text.load("%left", "i64"), "%entered", "i64")
        self.entered()
        self.quanta.lengthen()
        text.go("jumped.in")
        text.label("jumped.in")
        self._interrupts()
        self.clocks.grant()
        text.store(text.value(f"add i64 {text.load('%quiet', 'i64')}, 1"), "%quiet", "i64")
        ticked = text.load("%ticked", "i1")
        back, on = text.fresh("back"), text.fresh("on")
        text.branch(ticked, back, on, seldom=True)
        text.label(back)
        text.store(0, "%quiet", "i64")
        text.go("attempt")
        text.label(on)
        text.go("jumped")

    def load(self) -> None:
        """Write what is loaded before all else: nothing, but in guest mode."""

    def entered(self) -> None:
        """Write what is done when the guest has been loaded: nothing, but for one that runs from a cache."""

    # The guest is inside, and the real machine traps.

    def _interrupted(self, source: Interrupt) -> None:
        text = self.text
        self.quanta.shorten()
        pc = self.view.slot(text, PC)
        self.view.set_slot(text, source.pending, "0")
        text.store(0, "%attempted", "i64")
        self._trapping(source.cause, pc, "0")

    def _trapping(self, cause: Cause, pc: str, detail: str) -> None:
        text = self.text
        text.store(text.value(f"add i32 {pc}, {cause.old_pc}"), "%swap.pc")
        text.store(cause.old_pc, "%old.pc")
        text.store(int(cause), "%swap.cause")
        text.store(detail, "%swap.detail")
        text.go("trap")

    def _made(self, made: Trapping) -> None:
        if self.made.monitor.for_ported and made.kind is Trapped.ILLEGAL and self.quanta.used:
            self._after_a_quantum()
        self.text.store(1, "%attempted", "i64")
        self._trapping(made.cause, self.view.slot(self.text, PC), made.detail)

    def _after_a_quantum(self) -> None:
        """If a quantum has ended just before what may be a hypercall, make that exit instead.

        Who has the processor then does the hypercall without an exit of its own.
        """
        text = self.text
        late, on = text.fresh("late"), text.fresh("on")
        self.clocks.settle()
        text.branch(self.quanta.ended_before(), late, on, seldom=True)
        text.label(late)
        self.clocks.take_back()
        self.clocks.settle()
        self.quanta.shorten()
        text.go("begin")
        text.label(on)

    def _trap(self) -> None:
        text = self.text
        text.label("trap")
        self.clocks.settle()
        self.quanta.shorten()
        self.directly(text.load("%attempted", "i64"))
        self._swap(*(text.load(f"%swap.{name}") for name in ("pc", "cause", "detail")))
        with text.only_if(text.value(f"icmp ne i8 {text.load(DIRTY, 'i8')}, 0")):
            self.note(Field.DIRTY, 1)
        self.recover(Stored(self.view, text, text.load("%old.pc")))
        cause = text.load("%swap.cause")
        if self.made.monitor.for_ported:
            self._hypercalls.after_exit(text.value(f"icmp eq i32 {cause}, {int(Cause.ILLEGAL)}"))
        self.exited(cause)
        self.dispatch(cause)
        self._watched()

    def exited(self, cause: str) -> None:
        """Count an exit."""
        text = self.text
        wide = text.value(f"zext i32 {cause} to i64")
        place = text.at("%ctx", text.value(f"add i64 {wide}, {EXITS}"), "i64")
        text.store(text.value(f"add i64 {text.load(place, 'i64')}, 1"), place, "i64")
        self.renew()

    def renew(self) -> None:
        """Charge for an exit, and give the guest a whole quantum again, if an exit does that."""
        self.shares.charge_exit()
        if self.made.monitor.renews:
            self.note(Field.LEFT, self.noted(Field.QUANTUM))

    def give_back(self) -> None:
        """Take back the count of an attempt that has trapped: the guest's step is still to come."""
        text = self.text
        text.store(text.value(f"add i64 {text.load('%left', 'i64')}, {text.load('%attempted', 'i64')}"), "%left", "i64")

    def directly(self, attempted: str | int) -> None:
        """Count what was done directly since the guest was entered, but for an attempt that trapped."""
        text = self.text
        entered, left = text.load("%entered", "i64"), text.load("%left", "i64")
        steps = text.value(f"sub i64 {text.value(f'sub i64 {entered}, {left}')}, {attempted}")
        self.count(DIRECT, steps)
        some = text.value(f"icmp ne i64 {steps}, 0")
        kept = text.load("%fruitless", "i64")
        text.store(text.value(f"select i1 {some}, i64 0, i64 {kept}"), "%fruitless", "i64")

    def kept(self) -> dict[str, str]:
        """Return what the recovery is over besides the real state."""
        text = self.text
        own = {f"v.{s.name}": self.virtual.slot(text, s) for s in self.isa.slots}
        return {**own, "k": K, "w": W, "loaded": text.value(f"trunc i64 {self.noted(Field.LOADED)} to i32")}

    def recover(self, real: View) -> None:
        """Write the recovery: the virtual state, from the real one as it was and what is kept."""
        text = self.text
        emission = Emission(text, real, self.kept())
        recovered = [(s, emission(e)) for s, e in self.made.monitor.table(self.isa).recovery.items()]
        spent = text.value(f"zext i32 {emission(vm_map.elapsed())} to i64")
        for slot, value in recovered:
            self.virtual.set_slot(text, slot, value)
        self.note(Field.INSIDE, 0)
        left = self.noted(Field.LEFT)
        over = text.value(f"icmp ult i64 {left}, {spent}")
        self.note(Field.LEFT, text.value(f"select i1 {over}, i64 0, i64 {text.value(f'sub i64 {left}, {spent}')}"))

    def fruitless(self) -> None:
        """Count an exit, of which no step of the guest has come yet."""
        self.got_nowhere()
        self.give_back()

    def got_nowhere(self) -> None:
        """Count that the guest had the processor, and did no step."""
        text = self.text
        text.store(text.value(f"add i64 {text.load('%fruitless', 'i64')}, 1"), "%fruitless", "i64")

    def leave_if_lost(self) -> None:
        """Stop if the guest has had the processor too often for nothing."""
        text = self.text
        text.leave_if(text.value(f"icmp uge i64 {text.load('%fruitless', 'i64')}, {FRUITLESS}"), "exit.lost")

    def dispatch(self, cause: str) -> None:
        """Write the dispatcher: a switch over the causes."""
        text = self.text
        self.fruitless()
        causes = [(c, self.made.monitor.dispatcher[c]) for c in Cause]
        cases = " ".join(f"i32 {int(c)}, label %{a.value}" for c, a in causes if a is not Action.RESUME)
        text.do(f"switch i32 {cause}, label %resume [ {cases} ]")
        text.label("resume")
        text.go("turn")
        text.label("skip")
        self.count(EXITED)
        self.virtual.set_slot(text, PC, text.value(f"add i32 {self.virtual.slot(text, PC)}, 1"))
        self.took()
        text.go("resume")

    def _watched(self) -> None:
        super()._watched()
        self.routines.trapped()

    def virtual_swap(self, pc: str, cause: str, detail: str) -> None:
        """Write what a virtual trap or interrupt does."""
        operands = {"pc": pc, "cause": cause, "detail": detail}
        apply(self.text, self.virtual, self.made.believed.cycle.swap, operands)

    def _finish(self) -> None:
        """Count what was done directly, if the guest is inside."""
        with self.text.only_if(self.text.value(f"icmp ne i64 {self.noted(Field.INSIDE)}, 0")):
            self.directly(0)
        self.note(Field.FRUITLESS, self.text.load("%fruitless", "i64"))
        with self.text.only_if(self.text.value(f"icmp ne i8 {self.text.load(DIRTY, 'i8')}, 0")):
            self.note(Field.DIRTY, 1)


def module(made: Compilation) -> str:
    """Return the loop of a virtual machine, as LLVM's text."""
    return MonitorStep(made).write()
