"""Quanta that end with nothing to do: the monitor only takes the processor and gives it back.

Where nobody else is there who may wait, such exits change nothing but counts, so the compiled loop does not make each
of them. The real timer is loaded with several quanta at once, never with more than end before the budget or a virtual
clock does, and at the next real trap it is put right: what the timer holds, what is left, how often the quantum has
ended, and how far the guest's clocks have come. In between nobody sees it; the last exit of all is a real one.

That is so only where nothing that runs directly can tell: no real timer that can be read, no device, no physical
address, no way out of user mode. `unseen` looks at the instructions.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from popek.engine.native import behaviours
from popek.engine.native.attempt import stops
from popek.engine.native.clocks import timed, touches
from popek.engine.native.context import EXITS, Field
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Put, Trap
from popek.isa.expression import TRUE, Op, as_expr
from popek.isa.slot import MEMORY, SUPERVISOR, TIMER, USER, Role, Slot

if TYPE_CHECKING:
    from popek.vmm.compiled.step import MonitorStep


def unseen(isa: Isa) -> bool:
    """Say whether no instruction, in user mode, can tell how the real timer was loaded, or stop early."""
    for instruction in isa.instructions:
        abstract = instruction.behaviour(USER)
        if any(t.when == TRUE for t in abstract.traps):
            continue
        lowered = behaviours.effective(isa.lowered(instruction, USER))
        physical = any(e.op is Op.ELEMENT and e.payload is MEMORY for e in behaviours.mentioned(abstract))
        physical |= any(isinstance(e, Put) and e.array is MEMORY for e in abstract.effects)
        resources = any(s.role is Role.RESOURCE for s in abstract.writes)
        told = touches(lowered, timed(isa)) or stops(lowered) or not behaviours.compilable(lowered)
        if physical or resources or told:
            return False
    return True


def unseen_in_guest_mode(isa: Isa, copies: Iterable[Slot], leaving: Iterable[str]) -> bool:
    """Say the same of guest mode, where `leaving` leave it: whether all resources in what stays are the guest's copies.

    Physical memory is the guest's own there.
    """
    known, exits = frozenset(copies), frozenset(leaving)
    inside = [isa.lowered(i, m) for i in isa.instructions if i.name not in exits for m in (SUPERVISOR, USER)]
    around = [
        isa.cycle.swap,
        *(Behaviour({i.pending: as_expr(0)}, traps=[Trap(i.ready, i.cause)]) for i in isa.cycle.interrupts),
    ]
    others = frozenset(s for s in isa.slots if s.role is Role.RESOURCE and s not in known)
    return all(
        behaviours.compilable(b) and not touches(b, others) for b in map(behaviours.effective, (*inside, *around))
    )


class Quanta:
    """Writes the lengthening of the real timer and what puts it right; `clocks` are those that it counts besides."""

    def __init__(self, step: "MonitorStep", clocks: Iterable[Slot], *, unseen: bool) -> None:
        self.step, self._clocks = step, tuple(clocks)
        monitor = step.made.monitor
        shipped = not monitor.entry and not monitor.recovery and not monitor.renews
        resumes = monitor.dispatcher[Cause.TIMER].value == "resume"
        self.used = shipped and resumes and unseen and not step.made.hosted

    def lengthen(self) -> None:
        """Load the real timer with further quanta, if what it holds is what is left of one."""
        step, text = self.step, self.step.text
        step.note(Field.SKIPPED, 0)
        if not self.used:
            return
        loaded = step.noted(Field.LOADED)
        room = text.load("%left", "i64")
        for clock in self._clocks:
            value = text.value(f"zext i32 {step.virtual.slot(text, clock)} to i64")
            before = text.value(f"sub i64 {value}, 1")
            less = text.value(f"icmp ult i64 {before}, {room}")
            room = text.value(f"select i1 {less}, i64 {before}, i64 {room}")
        few = text.value(f"icmp ult i64 {room}, {1 << 30}")
        room = text.value(f"select i1 {few}, i64 {room}, i64 {1 << 30}")
        whole = text.value(f"icmp eq i64 {loaded}, {step.noted(Field.LEFT)}")
        fits = text.value(f"icmp ugt i64 {room}, {loaded}")
        with text.only_if(text.value(f"and i1 {whole}, {fits}")):
            more = text.value(f"sub i64 {text.value(f'sub i64 {room}, {loaded}')}, 1")
            quantum = step.noted(Field.QUANTUM)
            skipped = text.value(f"mul i64 {text.value(f'udiv i64 {more}, {quantum}')}, {quantum}")
            step.note(Field.SKIPPED, skipped)
            timer = text.value(f"add i64 {loaded}, {skipped}")
            step.real.set_slot(text, TIMER, text.value(f"trunc i64 {timer} to i32"))

    def shorten(self) -> None:
        """Before a real trap, all being settled: what the timer would hold, and what its exits would have done."""
        step, text = self.step, self.step.text
        if not self.used:
            return
        skipped = step.noted(Field.SKIPPED)
        with text.only_if(text.value(f"icmp ne i64 {skipped}, 0")):
            loaded, quantum = step.noted(Field.LOADED), step.noted(Field.QUANTUM)
            gone = self._gone(loaded, skipped)
            step.real.set_slot(text, TIMER, text.value(f"trunc i64 {text.value(f'sub i64 {loaded}, {gone}')} to i32"))
            step.note(Field.SKIPPED, 0)
            with text.only_if(text.value(f"icmp ugt i64 {gone}, {loaded}")):
                self._ended(gone, loaded, quantum)
            if TIMER.clock is not None:
                with text.only_if(text.value(f"icmp eq i32 {step.real.slot(text, TIMER)}, 0")):
                    step.real.set_slot(text, TIMER.clock, "1")

    def ended_before(self) -> str:
        """Return whether a quantum has ended just before the attempt that is being made, all being settled."""
        step, text = self.step, self.step.text
        skipped, loaded = step.noted(Field.SKIPPED), step.noted(Field.LOADED)
        gone = self._gone(loaded, skipped)
        beyond = text.value(f"sub i64 {text.value(f'sub i64 {gone}, 1')}, {loaded}")
        over = text.value(f"icmp sge i64 {beyond}, 0")
        whole = text.value(f"icmp eq i64 {text.value(f'urem i64 {beyond}, {step.noted(Field.QUANTUM)}')}, 0")
        some = text.value(f"icmp ne i64 {skipped}, 0")
        return text.value(f"and i1 {some}, {text.value(f'and i1 {over}, {whole}')}")

    def _gone(self, loaded: str, skipped: str) -> str:
        """Return how long the guest has run since the timer was loaded with some time and some quanta more."""
        text = self.step.text
        timer = text.value(f"zext i32 {self.step.real.slot(text, TIMER)} to i64")
        return text.value(f"sub i64 {text.value(f'add i64 {loaded}, {skipped}')}, {timer}")

    def _ended(self, gone: str, loaded: str, quantum: str) -> None:
        """Write what the quanta that have ended would have left behind."""
        step, text = self.step, self.step.text
        beyond = text.value(f"sub i64 {text.value(f'sub i64 {gone}, {loaded}')}, 1")
        further = text.value(f"udiv i64 {beyond}, {quantum}")
        since = text.value(f"add i64 {text.value(f'urem i64 {beyond}, {quantum}')}, 1")
        before = text.value(f"sub i64 {gone}, {since}")
        few = text.value(f"trunc i64 {before} to i32")
        for clock in self._clocks:
            value = step.virtual.slot(text, clock)
            stopped = text.value(f"icmp eq i32 {value}, 0")
            later = text.value(f"sub i32 {value}, {few}")
            step.virtual.set_slot(text, clock, text.value(f"select i1 {stopped}, i32 0, i32 {later}"))
        step.real.set_slot(text, TIMER, text.value(f"trunc i64 {text.value(f'sub i64 {quantum}, {since}')} to i32"))
        step.note(Field.LOADED, quantum)
        step.note(Field.LEFT, quantum)
        place = step.text.at("%ctx", EXITS + int(Cause.TIMER), "i64")
        ended = text.value(f"add i64 {further}, 1")
        text.store(text.value(f"add i64 {text.load(place, 'i64')}, {ended}"), place, "i64")
