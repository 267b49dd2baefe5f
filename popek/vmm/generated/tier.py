"""A monitor and its guest in one loop, without a compiler: functions made from the expressions, exactly the reference.

The guest runs directly in the engine's Python tier. Where it traps, the virtual state is recovered by the VM map, the
dispatcher's action is done on it, and the guest is entered again. What may be a trap right after a trap is handed over,
since only the stepper knows trap loops: with the state as the first one has left it.
"""

from collections import Counter
from typing import Any

from attrs import frozen

from popek.engine.generated.attempts import Attempts, Names, parts
from popek.engine.generated.depth import shallow
from popek.engine.generated.steps import Steps, Trapped, Trapping, event
from popek.engine.generated.tier import PythonTier
from popek.engine.simplify import value
from popek.engine.state import State
from popek.engine.tiers import Sprint, Stop
from popek.isa.architecture import Isa
from popek.isa.behaviour import Cause, Effect, Put
from popek.isa.cycle import TRAP_WORDS
from popek.isa.encoding import WORD_MASK
from popek.isa.hypercall import HYPERCALL, as_batch, meant
from popek.isa.slot import HALTED, MEMORY, MODE, PC, RUN, TIMER, USER, Array, Role, Slot
from popek.vmm import hypercall, vm_map
from popek.vmm.count_names import DIRECT, EXIT, EXITED, MODES, exit_by, in_mode
from popek.vmm.generated import maps
from popek.vmm.hosting import Hosting
from popek.vmm.monitor import FRUITLESS, Action, Monitor, Treatment
from popek.vmm.virtual import VirtualState

EMULATED, ASKED = Treatment.EMULATED.value, Treatment.HYPERCALL.value
_IN_MODE = {(w, m): in_mode(w, m) for w in (DIRECT, EXITED, EMULATED, ASKED) for m in MODES}
_EXITS = {c: exit_by(c) for c in Cause}


def possible(isa: Isa, monitor: Monitor) -> bool:
    """Say whether there can be such a monitor: guests run directly or are emulated, by a map that names nothing else.

    Hypercalls are no exception, a port has put them there.
    """
    plans, table = (monitor.supervisor, monitor.user), monitor.table(isa)
    ways = (Treatment.DIRECT, Treatment.EMULATED)
    plain = all(p.others in ways and p.sensitive is None and p.critical in (None, Treatment.HYPERCALL) for p in plans)
    usual = table.recovery[RUN] is vm_map.kept(RUN) and all(map(_in_trap_words, isa.cycle.swap.effects))
    source = shallow(isa) and shallow(monitor.believes(isa)) and maps.writable(isa, table)
    return plain and usual and source


def _in_trap_words(effect: Effect) -> bool:
    """Say whether it is known that a trap stores nothing elsewhere."""
    if not isinstance(effect, Put) or effect.array is not MEMORY:
        return False
    address = value(effect.index)
    return address is not None and address < TRAP_WORDS


def _attempts(believed: Isa, virtual: VirtualState, marks: bytearray, valid: dict[Any, Any]) -> Attempts:
    """Return what attempts instructions on the virtual state, while the guest is not inside."""
    given = parts(believed, virtual.own.slots, _arrays(virtual), virtual.size)
    given |= {"k": virtual.allotment.base, "C": marks, "V": valid}
    return Attempts(Names(believed, placed=True), given)


def _arrays(virtual: VirtualState) -> dict[Array, Any]:
    """Return the buffers in which the virtual arrays are; memory begins with the real one's."""
    real, own = virtual.real.arrays, virtual.own.arrays
    return {a: (real if a is MEMORY or a.role is Role.PROGRAM else own)[a] for a in virtual.isa.arrays}


@frozen
class _Before:
    """All that entering a guest, and an exit that does nothing for it, can change."""

    real: dict[Slot, int]
    own: dict[Slot, int]
    trap_words: Any
    left: int
    loaded: int
    fruitless: int
    counts: dict[str, int]


class GeneratedMonitor:
    """Runs one virtual machine. Nothing is pending where it has stopped; `fruitless` counts turns without a step.

    Among others (`hosting`) it stops, too, when the guest's quantum is over and the guest outside.
    """

    name, pending = "python", 0

    def __init__(
        self,
        isa: Isa,
        believed: Isa,
        monitor: Monitor,
        virtual: VirtualState,
        hosting: Hosting[PythonTier] | None = None,
    ) -> None:
        real: State = virtual.real
        self._hosting = hosting
        self._virtual = virtual
        self._real, self._own, self._memory = real.slots, virtual.own.slots, real.memory
        direct = self._direct = hosting.in_common if hosting else PythonTier(isa, real)
        self._steps = Steps(believed, _attempts(believed, virtual, direct.marks, direct.valid), self._own)
        table, allotment = monitor.table(isa), virtual.allotment
        both = {"O": virtual.own.slots, "k": allotment.base, "w": allotment.size}
        entered = {**parts(isa, real.slots, _arrays(virtual), allotment.size), **both}
        left = {**parts(isa, real.slots, real.arrays, real.size), **both}
        self._load = maps.made(isa, maps.entering, table, entered)
        self._recover = maps.made(isa, maps.recovering, table, left)
        self._actions = {c: monitor.dispatcher[c] for c in Cause}
        self._emulates = {m: monitor.plan(user=m == USER).others is Treatment.EMULATED for m in MODES}
        self._ported, self._renews = monitor.for_ported, monitor.renews
        self._counts: Counter[str] = Counter()
        self._begin(trapped=False)

    def _begin(self, *, trapped: bool) -> None:
        notes = self._virtual.notes
        self._inside, self._left, self._loaded = notes["inside"], notes["left"], notes["loaded"]
        self._done = self._interrupts = 0
        self._trapped, self.fruitless = trapped, 0
        self._trap: Trapped | None = None
        self._before: _Before | None = None
        self._counts.clear()
        self._direct.begin()

    def advance(self, budget: int, *, trapped: bool, fruitless: int = 0) -> Sprint:
        """Do at most `budget` steps of the guest."""
        self._begin(trapped=trapped)
        self.fruitless = fruitless
        stop = self._go(budget)
        self._virtual.notes.update(inside=self._inside, left=self._left, loaded=self._loaded)
        return Sprint(self._done, self._done - self._interrupts, stop, event(self._trap))

    def counted(self) -> dict[str, int]:
        """Return what the last advance has counted, by the names that a virtual machine has for it."""
        return dict(self._counts)

    def _go(self, budget: int) -> Stop:
        real, own, directly = self._real, self._own, self._direct.directly
        while self._done < budget:
            if real[RUN] == HALTED:
                return Stop.HAND_OVER
            if self.fruitless >= FRUITLESS:
                return Stop.LOST
            if self._inside:
                done, end = directly(budget - self._done)
                if done:
                    self._counts[DIRECT] += done
                    self._did(DIRECT, own[MODE], done)
                goes_on = end is None or self._exit(end)
            elif self._hosting is not None and not self._left:
                return Stop.HAND_OVER if self._take_back() else Stop.BUDGET
            else:
                goes_on = self._turn()
            if not goes_on:
                return Stop.HAND_OVER
            if own[RUN] == HALTED:
                return Stop.HALTED
        return Stop.BUDGET

    def _did(self, way: str, mode: int, steps: int = 1) -> None:
        """Count steps that were no traps."""
        self._counts[_IN_MODE[way, mode]] += steps
        self._done += steps
        self.fruitless, self._trapped, self._trap, self._before = 0, False, None, None

    # The guest is not inside: what is next?

    def _turn(self) -> bool:
        """Do what the monitor does without an exit, or enter the guest; say whether it is not left to the reference."""
        own, steps = self._own, self._steps
        source = steps.ready()
        if source >= 0:
            steps.interrupt(source)
            self._done, self._interrupts = self._done + 1, self._interrupts + 1
            self.fruitless, self._trapped, self._trap, self._before = 0, False, None, None
            return True
        if self._ported and (word := self._asked()) >= 0:
            return self._without_exit(ASKED, word)
        if self._emulates[own[MODE]]:
            return self._without_exit(EMULATED)
        if self._trapped and self._before is None:
            self._before = self._now()
        self._left = self._left or self._virtual.quantum
        self._load(self._left)
        self._loaded, self._inside = self._real[TIMER], 1
        return True

    def _without_exit(self, way: str, asked: int | None = None) -> bool:
        """Attempt what is next, or what is asked for, without an exit; batches are the reference's."""
        if asked is not None and as_batch(asked) is not None:
            self._take_back()
            return False
        if self._trapped and self._before is None:
            self._before = self._now()
        self._steps.tick()
        if not self._attempt(way, asked):
            return False
        self._counts[way] += 1
        self._charge(1)
        return True

    def _asked(self) -> int:
        """Return the word that is to be attempted next if it is a hypercall; else, it is negative."""
        word = self._steps.fetch(self._own[PC])
        known = word >= HYPERCALL and (as_batch(word) is not None or meant(self._steps.isa, word) is not None)
        return word if known else -1

    # The guest is inside, and the real machine traps.

    def _exit(self, end: int | Trapping) -> bool:
        """Recover the virtual state, and dispatch; say whether that is not left to the reference."""
        if self._trapped and self._before is None:
            self._direct.take_back(end)
            return False
        real, own = self._direct.steps, self._own
        if isinstance(end, int):
            cause = real.interrupt(end)
        else:
            cause = end[1]
            real.trap(end)
        left = self._left - self._recover(self._loaded, cause.old_pc)
        self._inside, self._left = 0, max(0, left)
        self.fruitless += 1
        if self._ported and cause is Cause.ILLEGAL and (word := self._asked()) >= 0:
            return self._hypercall(word)
        self._left_for(_EXITS[cause])
        action = self._actions[cause]
        if action is Action.INTERPRET:
            return self._attempt(EXITED)
        if action is Action.SKIP:
            own[PC] = (own[PC] + 1) & WORD_MASK
            self._did(EXITED, own[MODE])
        return True

    def _hypercall(self, word: int) -> bool:
        """Do what a hypercall asks for; say whether that is not left to the reference."""
        self._left_for(f"{EXIT}{ASKED}")
        self._counts[ASKED] += 1
        if as_batch(word) is None:
            return self._attempt(ASKED, word)
        if self._trapped:
            self._take_back()
            return False
        self._virtual.notes["inside"] = 0
        done = hypercall.perform(self._steps.isa, self._virtual)
        self._direct.begin()
        if done.cause is None:
            self._did(ASKED, done.mode)
        else:
            self._trapped_in(ASKED, ((done.decoded, done.cause, done.detail, done.privilege), done.pc, done.mode))
        return True

    def _now(self) -> _Before:
        words, counts = self._memory[:TRAP_WORDS], dict(self._counts)
        return _Before(self._real.copy(), self._own.copy(), words, self._left, self._loaded, self.fruitless, counts)

    def _take_back(self) -> bool:
        """Take back whatever came after the last trap, which was no step; say whether there was anything."""
        before = self._before
        if before is None:
            return False
        self._real.update(before.real)
        self._own.update(before.own)
        self._memory[:TRAP_WORDS] = before.trap_words
        self._left, self._loaded, self._inside, self.fruitless = before.left, before.loaded, 0, before.fruitless
        self._counts.clear()
        self._counts.update(before.counts)
        return True

    def _left_for(self, why: str) -> None:
        """Count an exit, and charge for it."""
        self._counts[why] += 1
        if self._hosting is not None:
            self._charge(self._hosting.exit_ticks)
        if self._renews:
            self._left = self._virtual.quantum

    def _charge(self, ticks: int) -> None:
        """Take time from the quantum, if others wait for it."""
        if self._hosting is not None:
            self._left = max(0, self._left - ticks)

    def _attempt(self, way: str, asked: int | None = None) -> bool:
        """Do the interpreter routine of what is next, or that a hypercall asks for; no trap right after a trap."""
        own, steps = self._own, self._steps
        pc, mode = own[PC], own[MODE]
        _, trap = steps.attempt(pc) if asked is None else steps.attempt_word(asked & ~HYPERCALL)
        if trap is None:
            self._did(way, mode)
            return True
        if self._trapped:
            self._take_back()
            return False
        self._trapped_in(way, steps.trap(trap))
        return True

    def _trapped_in(self, way: str, trapped: Trapped) -> None:
        """Count a step that was a trap."""
        self._counts[_IN_MODE[way, trapped[2]]] += 1
        self._done += 1
        self.fruitless, self._trapped, self._trap, self._before = 0, True, trapped, None


def hosting(isa: Isa, real: State, exit_ticks: int) -> Hosting[PythonTier]:
    """Return what the monitors on one real machine have in common: who runs their guests directly."""
    return Hosting(PythonTier(isa, real), exit_ticks)


def make(
    isa: Isa, believed: Isa, monitor: Monitor, virtual: VirtualState, hosting: Hosting[PythonTier] | None = None
) -> GeneratedMonitor | None:
    """Return the generated monitor of a virtual machine, if there can be one."""
    return GeneratedMonitor(isa, believed, monitor, virtual, hosting) if possible(isa, monitor) else None
