"""A virtual machine: a deprivileged guest in its allotment, under a monitor, on a real machine.

The monitor is written here in Python, but it sees only what a control program on the real machine would: it has the
processor when the real machine has trapped, reads the cause from the real trap words, and gives the processor back by
loading mode, R, timer and interrupt enable.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from attrs import evolve

from popek.engine import reference
from popek.engine.guest_view import GuestView
from popek.engine.machine import MEMORY_SIZE, check_fits
from popek.engine.reference import Event, Kind
from popek.engine.state import Change, State, connect
from popek.engine.stepper import HISTORY, Sink, Stepper
from popek.engine.tiers import Sprint
from popek.isa.architecture import Decoded, GuestMode, Isa
from popek.isa.behaviour import Cause
from popek.isa.encoding import WORD_MASK
from popek.isa.slot import MEMORY, MODE, PC, SUPERVISOR
from popek.vmm import hypercall
from popek.vmm.allotment import Allotment
from popek.vmm.count_names import DIRECT, EXIT, EXITED, GUEST_EXIT, HYPERCALL, INTERRUPTED, MODES, in_mode
from popek.vmm.fast import Fast, Spurt
from popek.vmm.hardware import MONITOR_ENTRY, Hardware, Platform
from popek.vmm.monitor import ACTIONS, FRUITLESS, TRAP_AND_EMULATE, Monitor, Plan, Treatment
from popek.vmm.translation.cache import TranslationCache
from popek.vmm.translation.cells import DOOR, Copy
from popek.vmm.translation.code import TranslatedCode
from popek.vmm.translation.statistics import Statistics
from popek.vmm.virtual import VirtualState

Done = tuple[Event, str]
"""A step of the guest, and the way in which it came about."""


class VirtualMachine(Stepper):
    """A guest under a monitor. `memory` is the real machine's size in words; `allotment` lies within it.

    `sensitive` and `critical` name the instructions of those classes, for monitors that treat them apart. A guest of a
    monitor that wants it ported has to be ported (`isa/porting.py`); what is not runs as it would anywhere. `meanwhile`
    is done to the real state whenever the guest gets the processor: what others have done who had it before. `at_traps`
    is given the real state, and what the step has changed, whenever the monitor gets it.

    `platform` is what the monitor has, if that is no real machine of its own. Then somebody else decides when it runs,
    and gives it the processor step by step (`turn`, `proceed`); the changes go into the platform's journal. With
    `exit_ticks`, work that is done for the guest counts against its quantum, and so much for every exit besides; and
    `hosting` is then what its compiled monitor has in common with others.
    """

    def __init__(
        self,
        isa: Isa,
        words: Mapping[int, int],
        *,
        monitor: Monitor = TRAP_AND_EMULATE,
        sensitive: Container[str] = (),
        critical: Container[str] = (),
        allotment: Allotment | None = None,
        memory: int = MEMORY_SIZE,
        typed: bytes = b"",
        disk: Iterable[int] = (),
        sink: Sink | None = None,
        history: int = HISTORY,
        platform: Platform | None = None,
        exit_ticks: int | None = None,
    ) -> None:
        monitor.check(isa)
        self.platform = platform or Hardware(isa, memory)
        self.real: Any = self.platform.state
        super().__init__(isa, self.real.journal, sink, history)
        self._exit_ticks = exit_ticks
        self.monitor = monitor
        self.believed = monitor.believes(isa)
        self._sensitive, self._critical = sensitive, critical
        self.allotment = (allotment or default_allotment(self.real.size)).within(self.real.size)
        check_fits(words, self.allotment.size, "the allotment")
        for address, word in words.items():
            self.real.put(MEMORY, self.allotment.base + address, word & WORD_MASK)
        guest = isa.guest if monitor.in_guest_mode else None
        self._view = self._guest_mode(isa, guest) if guest else None
        table = monitor.table(isa)
        self._virtual = VirtualState(isa, self.real, self.allotment, table, monitor.quantum, view=self._view)
        connect(self._virtual.own, typed, disk)
        translates = isinstance(self.real, State) and any(monitor.plan(user=u).translates for u in (False, True))
        self._code = TranslatedCode(isa, self._virtual, monitor.cache, self._way, self._count) if translates else None
        self.counts[DIRECT] = 0
        self.direct_changes: list[Change] = []
        self.meanwhile: Callable[[State], None] | None = None
        self.at_traps: Callable[[State, list[Change]], None] | None = None
        self.hosting: Any = None
        self._fast = Fast(self)
        if platform is None:
            self._begin()

    @property
    def state(self) -> VirtualState:
        """The virtual state."""
        return self._virtual

    @property
    def exits(self) -> dict[str, int]:
        """How often the guest left direct execution, by the cause of the real trap; or because it left guest mode."""
        names = [*(c.name.lower() for c in Cause), GUEST_EXIT, HYPERCALL]
        return {n: self.counts[f"{EXIT}{n}"] for n in names if f"{EXIT}{n}" in self.counts}

    @property
    def by_mode(self) -> dict[str, dict[str, int]]:
        """How many instructions were run in each way, by virtual mode: directly, after an exit, or as a plan has it."""
        ways = [DIRECT, EXITED, *(t.value for t in Treatment if t not in (Treatment.DIRECT, Treatment.GUEST))]
        counts = {m: {w: self.counts.get(in_mode(w, n), 0) for w in ways} for n, m in MODES.items()}
        return {m: {w: n for w, n in c.items() if n} for m, c in counts.items()}

    @property
    def cache(self) -> TranslationCache | None:
        """The translation cache, if the monitor translates."""
        return self._code.cache if self._code else None

    @property
    def translation(self) -> Statistics | None:
        """What translation has cost, if the monitor translates."""
        return self._code.statistics(self.counts) if self._code else None

    def _containers(self) -> Mapping[str, object]:
        return {**self.platform.containers(), **self.containers()}

    def containers(self) -> Mapping[str, Any]:
        """Name every list and dict that is this virtual machine's own."""
        own = self._virtual.own
        return {
            "virtual ": own.slots,
            **{f"virtual {a.name}": words for a, words in own.arrays.items()},
            **({"guest ": self._view.copies} if self._view else {}),
            "monitor ": self._virtual.notes,
        }

    @property
    def books(self) -> Mapping[str, Any]:
        """What is counted and noticed, and what is translated, by name; a step changes it as well."""
        code = self._code.containers() if self._code else {}
        return {**super().books, **{f"translation {n}": c for n, c in code.items()}}

    def _sprint(self, budget: int) -> tuple[str, Sprint] | None:
        done = self._fast.sprint(budget, trapped=self._loop["traps"] > 0)
        return (done.tier, done.sprint) if done else None

    def sprint(self, budget: int, *, fruitless: int) -> Spurt | None:
        """Do at most `budget` steps in a tier, for somebody who gives it the processor; nothing if there is none.

        `fruitless` is how often it has had the processor for nothing.
        """
        done = self._fast.sprint(budget, trapped=self._loop["traps"] > 0, fruitless=fruitless)
        if done is not None:
            self._sprinted(done.tier, done.sprint)
        return done

    @property
    def unfinished(self) -> bool:
        """Whether an exit was made that the monitor has still to finish."""
        return self._fast.pending

    def _advance(self) -> tuple[Event, Mapping[str, object]] | None:
        exits: list[str] = []
        if self._code is not None:
            self._code.happened.clear()
        while self.platform.running and len(exits) < FRUITLESS:
            event = self.turn(exits)
            if event is not None:
                return event, self._notes(exits)
        return None

    def proceed(self) -> Event | None:
        """Do one step for somebody who has this machine at his disposal; nothing: its processor is lost.

        It is counted, but that traps follow one another is his affair.
        """
        done = self._advance()
        if done is None:
            self.settle(None)
            return None
        self._count("steps")
        self._count("instructions", done[0].kind is not Kind.INTERRUPT)
        return done[0]

    def _notes(self, exits: list[str]) -> dict[str, object]:
        notes: dict[str, object] = {"direct": self._virtual.inside, "exits": exits}
        return {**notes, "translation": list(self._code.happened)} if self._code else notes

    def turn(self, exits: list[str]) -> Event | None:
        """Give the guest the processor for one step; return the virtual step that came of it, if one did.

        The names of the exits on the way are added to `exits`.
        """
        self.direct_changes = []
        done = self._turn(exits)
        if done is None:
            return None
        event, way = done
        if event.kind is not Kind.INTERRUPT:
            self._count(in_mode(way, event.mode))
        return event

    def _turn(self, exits: list[str]) -> Done | None:
        """Give the guest the processor for one step; return the virtual step that came of it, if one did."""
        pending = self._fast.take()
        if pending is not None:
            return pending(exits)
        virtual, plan = self._virtual, self._plan()
        if self._code is not None and plan.translates:
            return self._from_cache(self._code, plan, exits)
        treatment = self._treatment(plan)
        directly = treatment in (Treatment.DIRECT, Treatment.GUEST)
        if virtual.inside and not directly:
            virtual.pause()
        if not virtual.inside:
            done = self._without_entry(None if directly else treatment)
            if done is not None:
                return done
            self._enter()
        if self._view is not None:
            return self._in_guest_mode(self._view, exits)
        return self._directly(self.platform.step, exits)

    def _from_cache(self, code: TranslatedCode, plan: Plan, exits: list[str]) -> Done | None:
        """Run one instruction of translated code, or make one step on the way to it."""
        virtual, call = self._virtual, None
        if virtual.inside and not code.cached:
            virtual.pause()
        if virtual.inside:
            copy = code.copy()
            if copy is not None:
                return self._directly(lambda: code.step(copy), exits, copy)
            call = code.leave()
            if self._exit_ticks is not None and not virtual.notes["left"]:
                return None
        event = reference.interrupt(self.believed, virtual)
        if event is not None:
            return event, INTERRUPTED
        address = DOOR if call else code.dispatch(plan)
        call = call or code.call_at(address)
        if call is not None:
            self.note_treated(Treatment(call.way))
            return code.call(call, self.believed), call.way
        self._enter()
        code.enter(address)
        return None

    def _enter(self) -> None:
        self._virtual.enter()
        if self.meanwhile is not None:
            self.meanwhile(self.real)

    def _directly(self, step: Callable[[], Event | None], exits: list[str], copy: Copy | None = None) -> Done | None:
        """Let the real machine do one step, of a copied instruction if it runs from the cache, and take its trap."""
        mode, address = self._virtual.own.slot(MODE), self.real.slot(PC)
        before = len(self.journal.changes)
        event = step()
        if event is None:
            return None
        if event.kind is Kind.EXECUTED:
            self.direct_changes = self.journal.changes[before:]
            self._count(DIRECT)
            return evolve(event, mode=mode), DIRECT
        if self.at_traps is not None:
            self.at_traps(self.real, self.journal.changes[before:])
        cause = self._virtual.leave()
        if self._code is not None and copy is not None:
            self._code.left(address, copy if event.kind is Kind.TRAP else None)
        return self.exit(cause, exits)

    @property
    def alone(self) -> bool:
        """Whether the real machine is this one's alone."""
        return bool(self._beginning) and self._exit_ticks is None

    @property
    def elsewhere(self) -> bool:
        """Whether the guest runs in guest mode, or from a cache: not by the real machine's own step alone."""
        return self._view is not None or self._code is not None

    def count_direct(self, steps: int) -> None:
        """Count steps that a tier of the engine has done directly."""
        self._count(DIRECT, steps)
        self._count(in_mode(DIRECT, self._virtual.own.slot(MODE)), steps)

    def attempt(self) -> Done:
        """Attempt an instruction on the virtual state, after an exit that is counted already."""
        return reference.attempt(self.believed, self._virtual), EXITED

    def exit(self, cause: Cause, exits: list[str]) -> Done | None:
        """Do what the dispatcher has for a real trap, or what a hypercall asks for."""
        if cause is Cause.ILLEGAL and self._asks():
            self.left(HYPERCALL, exits)
            self._count(HYPERCALL)
            return hypercall.perform(self.believed, self._virtual), HYPERCALL
        self.left(cause.name.lower(), exits)
        answer = ACTIONS[self.monitor.dispatcher[cause]](self.believed, self._virtual)
        return (answer, EXITED) if answer is not None else None

    def _asks(self) -> bool:
        """Say whether the guest's next word is a hypercall of this monitor's."""
        return self.monitor.for_ported and hypercall.asks(self.believed, self._virtual)

    def _without_entry(self, treatment: Treatment | None) -> Done | None:
        """Do what the monitor does while it has the processor: an interrupt, a hypercall, or what is not direct."""
        event = reference.interrupt(self.believed, self._virtual)
        if event is not None:
            return event, INTERRUPTED
        if self._asks():
            self.note_treated(Treatment.HYPERCALL)
            reference.apply(self.believed.tick, self._virtual)
            return hypercall.perform(self.believed, self._virtual), HYPERCALL
        if treatment is None:
            return None
        self.note_treated(treatment)
        return reference.step(self.believed, self._virtual), treatment.value

    def _guest_mode(self, isa: Isa, guest: GuestMode) -> GuestView:
        """Return what the hardware works on in guest mode, with the exits that the monitor asks for."""
        place, names = self.allotment, self.monitor.controls
        controls = [n for n in names if n in isa.by_name]
        traps = [c for c in Cause if c.name.lower() in names]
        return GuestView(isa, guest, self.real, base=place.base, size=place.size, controls=controls, traps=traps)

    def _in_guest_mode(self, view: GuestView, exits: list[str]) -> Done | None:
        """Let the hardware do one step in guest mode, or leave it."""
        cause = view.interrupted()
        if cause is not None:
            self._virtual.pause()
            return self.exit(cause, exits)
        before = len(self.journal.changes)
        event = view.step()
        if event is None:
            self._virtual.pause()
            self.left(GUEST_EXIT, exits)
            return reference.attempt(self.believed, self._virtual), EXITED
        self.direct_changes = self.journal.changes[before:]
        self._count(DIRECT, event.kind is not Kind.INTERRUPT)
        return event, DIRECT

    def left(self, why: str, exits: list[str]) -> None:
        """Note an exit."""
        exits.append(why)
        self._count(f"{EXIT}{why}")
        self._spend(self._exit_ticks or 0)
        if self.monitor.renews:
            self._virtual.renew()

    @property
    def plainly_inside(self) -> bool:
        """Whether the guest is inside, and all that it does until the next trap is the real machine's own step."""
        plan = self._plan()
        plain = plan.others is Treatment.DIRECT and plan.sensitive is None and plan.critical is None
        return plain and not self.monitor.stops and self._virtual.inside and self._view is None and self._code is None

    def ran_directly(self, steps: int) -> None:
        """Count steps that somebody else has made the real machine do for the guest, none of them a trap."""
        for name in ("steps", "instructions", DIRECT, in_mode(DIRECT, self._virtual.own.slot(MODE))):
            self._count(name, steps)
        if steps:
            self._loop.update(traps=0, signature=(), clocked=False)

    def note_treated(self, treatment: Treatment) -> None:
        """Count a step that the monitor does for the guest without an exit."""
        self._count(treatment.value)
        self._spend()

    def _spend(self, ticks: int = 1) -> None:
        """Count what was done for the guest against its quantum, if others wait for the processor."""
        if self._exit_ticks is not None and ticks:
            self._virtual.spend(ticks)

    def _plan(self) -> Plan:
        """Return the plan for the virtual mode that the guest is in."""
        state = self._virtual.own if self._view is None else self._virtual
        return self.monitor.plan(user=state.slot(MODE) != SUPERVISOR)

    def _treatment(self, plan: Plan) -> Treatment:
        """Return how the next instruction is run."""
        if plan.sensitive is None and plan.critical is None:
            return plan.others
        return self._way(plan, reference.upcoming(self.isa, self._virtual))

    def _way(self, plan: Plan, decoded: Decoded | None) -> Treatment:
        """Return how an instruction is run."""
        name = decoded.instruction.name if decoded else ""
        found = plan.treatment(sensitive=name in self._sensitive, critical=name in self._critical)
        return plan.others if found is Treatment.HYPERCALL else found  # a port has replaced it, or there is nothing

    def __repr__(self) -> str:
        where = f"{self.allotment.base}:{self.allotment.size}"
        return f"<VirtualMachine {self.isa.name} under {self.monitor.name} at {where}: {self.counts['steps']} steps>"


def default_allotment(memory: int) -> Allotment:
    """Return most of real memory, above what a monitor needs; a little is left above, which somebody else may own."""
    base = max(MONITOR_ENTRY, memory // 4)
    return Allotment(base, memory - base - memory // 16)
