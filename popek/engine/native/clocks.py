"""Time in compiled code: the clocks are not ticked at every step, but brought up to date when somebody looks.

At some step it is worked out how many steps are *quiet*: the budget lasts, and no clock runs out. That many are
*granted* at once, and each then takes one off what is `quiet`. What was granted and is no longer quiet is settled, all
in one sum, before an instruction that touches a clock, an interrupt, a trap, and at the end. The step at which a clock
runs out is ticked by the ISA's own expression.

Variables: `left` is the budget that is left, as of the last settling.
"""

from popek.engine.native import behaviours
from popek.engine.native.behaviours import mentioned
from popek.engine.native.text import Text
from popek.engine.native.views import Buffered
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour
from popek.isa.expression import subtrees
from popek.isa.slot import Slot


def timed(isa: Isa) -> frozenset[Slot]:
    """Return the slots that time changes, or that decide about interrupts."""
    asked = {e.payload for i in isa.cycle.interrupts for e in subtrees(i.ready) if isinstance(e.payload, Slot)}
    return frozenset({*isa.tick.writes, *asked, *(i.pending for i in isa.cycle.interrupts)})


def touches(behaviour: Behaviour, slots: frozenset[Slot]) -> bool:
    """Say whether a behaviour mentions or writes any of some slots."""
    return not slots.isdisjoint({*behaviour.writes, *(e.payload for e in mentioned(behaviour))})


class Clocks:
    """Writes what keeps time over a view, or over several of which each ticks in its turn."""

    def __init__(self, text: Text, *ticks: tuple[Buffered, Behaviour]) -> None:
        self.text, self._ticks = text, ticks
        self._clocks = [view.place(s) for view, tick in ticks for s in tick.writes if s.clock is not None]
        self._changed = tuple(dict.fromkeys(view.place(s) for view, tick in ticks for s in tick.writes))

    def begin(self, budget: str) -> None:
        """Begin with so many steps to do."""
        for name in ("left", "quiet", "granted"):
            self.text.variable(name, "i64")
        self.text.variable("ticked", "i1")
        for place in self._changed:
            self.text.variable(f"before.{place[1:]}")
        self.text.store(budget, "%left", "i64")
        self.text.store(0, "%quiet", "i64")
        self.text.store(0, "%granted", "i64")
        self.text.store(0, "%ticked", "i1")

    def pending(self) -> str:
        """Return how many steps are to be settled, the one that is being attempted included."""
        quiet, granted = self.text.load("%quiet", "i64"), self.text.load("%granted", "i64")
        return self.text.value(f"sub i64 {granted}, {quiet}")

    def left(self) -> str:
        """Return what will be left of the budget after this step."""
        left = self.text.load("%left", "i64")
        return self.text.value(f"sub i64 {left}, {self.pending()}")

    def settle(self) -> None:
        """Bring the clocks and the budget up to date; from then on nothing is quiet."""
        text = self.text
        steps = self.pending()
        few = text.value(f"trunc i64 {steps} to i32")
        for clock in self._clocks:
            value = text.load(clock)
            stopped = text.value(f"icmp eq i32 {value}, 0")
            later = text.value(f"sub i32 {value}, {few}")
            text.store(text.value(f"select i1 {stopped}, i32 0, i32 {later}"), clock)
        left = text.load("%left", "i64")
        text.store(text.value(f"sub i64 {left}, {steps}"), "%left", "i64")
        text.store(0, "%quiet", "i64")
        text.store(0, "%granted", "i64")

    def grant(self) -> None:
        """Begin a step, all being settled: grant what is quiet, or tick as the ISA says."""
        text = self.text
        quiet = left = text.load("%left", "i64")
        for clock in self._clocks:
            value = text.value(f"zext i32 {text.load(clock)} to i64")
            before = text.value(f"sub i64 {value}, 1")
            less = text.value(f"icmp ult i64 {before}, {quiet}")
            quiet = text.value(f"select i1 {less}, i64 {before}, i64 {quiet}")
        ticking, granting, on = text.fresh("tick"), text.fresh("grant"), text.fresh("on")
        text.branch(text.value(f"icmp eq i64 {quiet}, 0"), ticking, granting, seldom=True)
        text.label(ticking)
        for place in self._changed:
            text.store(text.load(place), f"%before.{place[1:]}")
        for view, tick in self._ticks:
            behaviours.apply(text, view, tick)
        text.store(text.value(f"sub i64 {left}, 1"), "%left", "i64")
        text.store(1, "%ticked", "i1")
        text.go(on)
        text.label(granting)
        text.store(quiet, "%granted", "i64")
        text.store(text.value(f"sub i64 {quiet}, 1"), "%quiet", "i64")
        text.store(0, "%ticked", "i1")
        text.go(on)
        text.label(on)

    def take_back(self) -> None:
        """Undo the beginning of this step."""
        text = self.text
        restoring, waiting, on = text.fresh("restore"), text.fresh("wait"), text.fresh("on")
        text.branch(text.load("%ticked", "i1"), restoring, waiting)
        text.label(restoring)
        for place in self._changed:
            text.store(text.load(f"%before.{place[1:]}"), place)
        text.store(text.value(f"add i64 {text.load('%left', 'i64')}, 1"), "%left", "i64")
        text.go(on)
        text.label(waiting)
        text.store(text.value(f"add i64 {text.load('%quiet', 'i64')}, 1"), "%quiet", "i64")
        text.go(on)
        text.label(on)
