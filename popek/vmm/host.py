"""Several virtual machines on one real machine, which a scheduler gives them by turns.

The host is the part of a monitor that all guests have in common. A guest has the processor until its quantum is over,
which the real timer says while it runs directly, and then the next one's registers are put in the place of its own.
What is done for a guest by the monitor counts as its time as well. Nothing that a guest can do, therefore, takes more
than a quantum and the exit that ends it from the others, unless the instruction set lets it have what is the monitor's.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from attrs import evolve

from popek.engine.machine import MEMORY_SIZE
from popek.engine.reference import Event, Kind
from popek.engine.state import State
from popek.engine.stepper import HISTORY, MAX_STEPS, Outcome, Sink, Stepper
from popek.engine.tiers import Sprint, Stop
from popek.errors import PopekError, Problem, nearest
from popek.isa.architecture import Isa
from popek.isa.slot import MEMORY
from popek.language.phrase import say
from popek.vmm import allocator, monitor, scheduler
from popek.vmm.allotment import Allotment
from popek.vmm.hardware import Hardware
from popek.vmm.host_tiers import HostTiers
from popek.vmm.hosted import Hosted, Phase
from popek.vmm.ledger import Ledger
from popek.vmm.monitor import FRUITLESS, QUANTUM, TRAP_AND_EMULATE, Monitor
from popek.vmm.orders import Order, Orders
from popek.vmm.scheduler import ROUND_ROBIN, Scheduler
from popek.vmm.standing import Standing
from popek.vmm.virtual_machine import VirtualMachine

MOST_SHARES = 10**6
"""The most shares that one virtual machine may have."""

MOST_STEPS = 10**18
"""The most steps that one may be given."""


class Host(Stepper):
    """A real machine, with `memory` words, on which virtual machines are started, paused, resumed and destroyed.

    One step of it is one step of one of them. `quantum` is in ticks of the real timer; `exit_ticks` is the real time
    that an exit takes, which is charged to who exits. `apart` says of a monitor which instructions are sensitive and
    critical, for monitors that treat those apart.
    """

    def __init__(
        self,
        isa: Isa,
        *,
        memory: int = MEMORY_SIZE,
        scheduler: Scheduler | str = ROUND_ROBIN,
        quantum: int = QUANTUM,
        exit_ticks: int = 0,
        apart: Callable[[Monitor], Mapping[str, Any]] = lambda _: {},
        sink: Sink | None = None,
        history: int = HISTORY,
    ) -> None:
        self.platform = Hardware(isa, memory)
        super().__init__(isa, self.platform.state.journal, sink, history)
        self.scheduler = _scheduler(scheduler)
        self.quantum = _within(quantum, say("a quantum"))
        self.exit_ticks = _within(exit_ticks, say("a time for an exit"), 0)
        self.vms: dict[str, Hosted] = {}
        self.apart = apart
        self._interrupts = {i.cause.name.lower() for i in isa.cycle.interrupts}
        self._notes: dict[str, Any] = {
            "current": "",
            "last": -1,
            "switches": 0,
            "lost_by": "",
            "idle": False,
        }
        self._ledger = Ledger(self.journal)
        self._known: Standing | None = None
        self._orders = Orders()
        self._replaying = False
        self._tiers = HostTiers(isa, self.state, exit_ticks)
        self.journal.on = True

    @property
    def state(self) -> State:
        """The real state."""
        return self.platform.state

    @property
    def clock(self) -> int:
        """Real time so far, in ticks, up to the end of the last quantum."""
        return self._ledger.clock

    @property
    def switches(self) -> int:
        """How often the processor went from one virtual machine to another."""
        return int(self._notes["switches"])

    @property
    def lost_by(self) -> str | None:
        """The virtual machine that has stopped the real processor, if one has."""
        return self._notes["lost_by"] or None

    @property
    def outcome(self) -> Outcome | None:
        """Nothing while somebody is ready; else `HALTED`, or `LOST` if a guest has stopped the real processor."""
        if self.lost_by is not None:
            return Outcome.LOST
        current = self.vms.get(self._notes["current"])
        if current is not None and current.ready:
            return None
        return None if self._standing.ready else Outcome.HALTED

    def __getitem__(self, name: str) -> Hosted:
        """Return the virtual machine of that name; raise `PopekError` with the nearest one if there is none."""
        if name not in self.vms:
            raise PopekError(
                Problem(say("there is no virtual machine `{name}`", name=name), hint=nearest(name, self.vms))
            )
        return self.vms[name]

    @property
    def taken(self) -> Mapping[str, Allotment]:
        """The allotments that are given away, by their owners' names."""
        return self._standing.room

    @property
    def _standing(self) -> Standing:
        if self._known is None:
            self._known = Standing(self.vms.values(), self.state.size)
        return self._known

    def start(
        self,
        words: Mapping[int, int],
        *,
        name: str = "",
        monitor: Monitor | str = TRAP_AND_EMULATE,
        allotment: Allotment | int,
        shares: int = 1,
        budget: int = MAX_STEPS,
        typed: bytes = b"",
        disk: Iterable[int] = (),
    ) -> Hosted:
        """Start a virtual machine with a program in its memory; it is ready at once.

        `allotment` is a place in real memory, or the number of words to find one for. Raise `PopekError` if it is not
        free, or if there is one of that name already, destroyed or not.
        """
        name = name or f"vm{len(self.vms)}"
        if name in self.vms:
            raise PopekError(
                Problem(say("there is a virtual machine `{name}` already", name=name), hint=say("give it another name"))
            )
        if isinstance(allotment, int):
            place = allocator.place(self._standing.room, allotment)
        else:
            place = allocator.claim(self._standing.room, allotment)
        under = evolve(_monitor(monitor), quantum=self.quantum)
        vm = partial(
            VirtualMachine, self.isa, dict(words), monitor=under, allotment=place, typed=typed, disk=tuple(disk),
            platform=self.platform, exit_ticks=self.exit_ticks, **self.apart(under),
        )  # fmt: skip
        shares = _within(shares, say("a number of shares"), most=MOST_SHARES)
        budget = _within(budget, say("a budget"), 0, MOST_STEPS)
        self._order(partial(self._start, name, vm, shares, budget))
        return self.vms[name]

    def pause(self, name: str) -> None:
        """Give a virtual machine the processor no more, until it is resumed."""
        self._change(name, (Phase.READY,), Phase.PAUSED)

    def resume(self, name: str) -> None:
        """Let a paused virtual machine go on."""
        self._change(name, (Phase.PAUSED,), Phase.READY)

    def destroy(self, name: str) -> None:
        """End a virtual machine, clear its memory and give that back. What it has come to is still known."""
        self._change(name, (Phase.READY, Phase.PAUSED, Phase.ENDED), Phase.DESTROYED)

    def _change(self, name: str, before: tuple[Phase, ...], after: Phase) -> None:
        found = self[name]
        if found.phase not in before:
            raise PopekError(
                say(
                    "virtual machine `{name}` is {phase}: it cannot become {after}",
                    name=name,
                    phase=found.phase.value,
                    after=after.value,
                )
            )
        self._order(partial(self._enter, name, after))

    def _order(self, do: Callable[[], None]) -> None:
        """Do what was asked for, as a part of the last step, so that going back takes it back as well.

        What is asked for before the first step belongs to the beginning, which is not remembered before it is over.
        """
        do()
        if self.counts["steps"]:
            self._orders.add(Order(self.counts["steps"], self._notes["idle"], do))
            self._belongs_to_last_step()
        else:
            self.journal.take()
            self._beginning = []

    def _belongs_to_last_step(self) -> None:
        changes = self.journal.take()
        if self._history:
            self._history[-1].extend(changes)

    def _start(self, name: str, make: Callable[[], VirtualMachine], shares: int, budget: int) -> None:
        vm = make()
        vm.state.wait()
        made = Hosted(name, len(self.vms), vm, shares=shares, budget=budget, ledger=self._ledger)
        standing = self._standing
        self.journal.write(self.vms, name, made)
        standing.comes(made)
        self._becomes(made, Phase.READY if budget else Phase.ENDED)

    def _enter(self, name: str, phase: Phase) -> None:
        found = self.vms[name]
        self._put_away(found)
        if phase is Phase.DESTROYED:
            found.note(result=found.vm.result())
            self._clear(found)
            self._standing.room.take_back(name)
        self._becomes(found, phase)

    def _clear(self, hosted: Hosted) -> None:
        allotment = hosted.vm.allotment
        for address in range(allotment.base, allotment.end):
            if self.state.memory[address]:
                self.state.put(MEMORY, address, 0)

    def _becomes(self, hosted: Hosted, phase: Phase) -> None:
        """Let one enter a phase. Who gets ready begins where the others are: who was away has saved nothing up."""
        standing = self._standing
        if phase is Phase.READY:
            hosted.join(standing.ready.least().passed if standing.ready else Fraction(0))
            standing.claims(hosted)
            return
        if hosted.ready:
            standing.leaves(hosted)
        hosted.leave(phase)

    def _containers(self) -> Mapping[str, Any]:
        own = [(f"{h.name}: {n}", c) for h in self.vms.values() for n, c in h.vm.containers().items()]
        return {**self.platform.containers(), **dict(own)}

    @property
    def books(self) -> Mapping[str, dict[str, Any]]:
        """What is counted and noticed, of the host and of each virtual machine."""
        each = {f"{h.name}: {n}": c for h in self.vms.values() for n, c in (*h.vm.books.items(), ("account", h.notes))}
        return {**super().books, "host": self._notes, "ledger": self._ledger.notes, "vms": self.vms, **each}

    def _advance(self) -> tuple[Event, Mapping[str, object]] | None:
        left: list[tuple[Hosted, str]] = []
        while (hosted := self._chosen()) is not None:
            exits: list[str] = []
            event = hosted.vm.turn(exits)
            self._tiers.stepped(hosted.vm)
            left += ((hosted, e) for e in exits)
            direct = hosted.vm.state.inside
            hosted.spends(self._ticks(event, exits))
            self._look_after(hosted, event)
            if event is not None:
                told = [e if h is hosted else f"{h.name}: {e}" for h, e in left]
                return event, {"vm": hosted.name, "direct": direct, "exits": told}
        return None

    def _ticks(self, event: Event | None, exits: list[str]) -> int:
        """Return the real time that a turn took: an attempt at an instruction, if it was one, and the exits."""
        missed = any(e not in self._interrupts for e in exits)
        attempts = missed if event is None else event.kind is not Kind.INTERRUPT
        return attempts + self.exit_ticks * len(exits)

    def settle(self, event: Event | None) -> None:
        """Count a step; nothing: nobody got anywhere, and nobody is ready any more."""
        self._note("idle", event is None)
        if event is not None:
            self._count("steps")
            self._count("instructions", event.kind is not Kind.INTERRUPT)

    def _look_after(self, hosted: Hosted, event: Event | None) -> None:
        """Count one's step, and notice its end."""
        vm = hosted.vm
        fruitless = 0 if event else hosted.notes["fruitless"] + 1
        hosted.note(fruitless=fruitless)
        if event is not None:
            vm.settle(event)
        if not self.platform.running:
            self._lose(hosted)
        elif fruitless >= FRUITLESS:
            vm.settle(None)
        self._end_if_over(hosted)

    def _end_if_over(self, hosted: Hosted) -> None:
        vm = hosted.vm
        if vm.outcome is not None or vm.counts["steps"] >= hosted.budget:
            self._put_away(hosted)
            self._becomes(hosted, Phase.ENDED)

    def _sprint(self, budget: int) -> tuple[str, Sprint] | None:
        """Let a tier run who has the processor, or has it next, up to the end of its quantum at most."""
        self._remember()
        most = self._until_order(budget)
        current = self._chosen() if most else None
        if current is None:
            return None
        done = self._tiers.turns(current, self.engine, min(most, current.budget - current.vm.counts["steps"]))
        if done is None:
            return None
        current.spends(done.ticks)
        current.note(fruitless=done.fruitless)
        if done.sprint.steps:
            self._note("idle", value=False)
        if not self.platform.running:
            self._lose(current)
        self._end_if_over(current)
        if done.sprint.stop is Stop.LOST and self.outcome is not None:
            self._note("idle", value=True)
        over = done.sprint.stop is not Stop.HAND_OVER or not self.platform.running
        return done.tier, evolve(done.sprint, stop=Stop.BUDGET if over else Stop.HAND_OVER, trap=None)

    def _run_to(self, limit: int) -> None:
        self._tiers.forget()
        super()._run_to(limit)

    def _until_order(self, budget: int) -> int:
        """Return how many steps of a budget come before the step that the next order belongs to, when going on anew."""
        if not self._replaying:
            return budget
        before = self._orders.before_next(self.counts["steps"])
        return budget if before is None else min(budget, before)

    def _lose(self, culprit: Hosted) -> None:
        """Note that the real processor has stopped: all that were to have it have lost it."""
        self._put_away(culprit)
        self._note("lost_by", culprit.name)
        for hosted in self.vms.values():
            if hosted.phase in (Phase.READY, Phase.PAUSED):
                hosted.vm.settle(None)
                self._becomes(hosted, Phase.ENDED)

    def _chosen(self) -> Hosted | None:
        """Return who has the processor now; if the quantum is over, that is decided anew."""
        current: Hosted | None = self.vms.get(self._notes["current"])
        if current is not None and current.ready and not current.over:
            return current
        if current is not None:
            self._charge(current)
        standing = self._standing
        if not standing.ready:
            return None
        chosen = standing.by_number[self.scheduler.pick(standing.ready, self._notes["last"])]
        if chosen is not current:
            if current is not None:
                current.vm.state.move_out()
            chosen.vm.state.move_in()
            self._note("switches", self.switches + 1)
        chosen.grant(self.quantum)
        self._note("current", chosen.name)
        self._note("last", chosen.number)
        return chosen

    def _put_away(self, hosted: Hosted) -> None:
        """Take the processor from a virtual machine, if it has it, with the time that it has used."""
        if self._notes["current"] == hosted.name:
            hosted.vm.state.move_out()
            self._charge(hosted)
            self._note("current", "")

    def _charge(self, hosted: Hosted) -> None:
        """Enter one's time in the books."""
        hosted.settle()
        if hosted.ready:
            self._standing.claims(hosted)

    def _note(self, name: str, value: Any) -> None:
        if self._notes[name] != value:
            self.journal.write(self._notes, name, value)

    def _remember(self) -> None:
        """Remember the beginning, if this is the first that is done."""
        if not self._beginning:
            self._begin()

    def _restore(self) -> None:
        super()._restore()
        self._known = None

    def step(self) -> Event | None:
        """Do one step of one virtual machine and return what it came to; nothing once nobody is ready."""
        self._remember()
        event = super().step()
        if self._replaying:
            for order in self._orders.at(self.counts["steps"]):
                if order.idle and not self._notes["idle"]:
                    super().step()
                order.do()
                self._belongs_to_last_step()
        return event

    def back(self, steps: int = 1) -> None:
        """Go back so many steps; what was asked of the host after them is taken back, too."""
        self._replaying = True
        super().back(steps)
        self._replaying, self._known = False, None
        self._orders.forget(self.counts["steps"])

    def __repr__(self) -> str:
        return f"<Host {self.isa.name}, {self.scheduler.name}: {len(self.vms)} VMs, {self.counts['steps']} steps>"


def _monitor(named: Monitor | str) -> Monitor:
    return named if isinstance(named, Monitor) else monitor.find(named)


def _scheduler(named: Scheduler | str) -> Scheduler:
    return named if isinstance(named, Scheduler) else scheduler.find(named)


def _within(number: int, what: str, least: int = 1, most: int = 1 << 31) -> int:
    if not least <= number <= most:
        message = say(
            "{what} of {number} is not possible: {least} to {most} are",
            what=what,
            number=number,
            least=least,
            most=most,
        )
        raise PopekError(message)
    return number
