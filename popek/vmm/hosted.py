"""A virtual machine among others: its phase, its shares, and what it has had of the real machine."""

from enum import Enum, unique
from fractions import Fraction
from typing import Any

from attrs import frozen

from popek.engine.stepper import Result
from popek.vmm.ledger import Ledger
from popek.vmm.virtual_machine import VirtualMachine


@unique
class Phase(Enum):
    """Where a virtual machine is in its life. `ENDED`: by itself, or because its budget is used."""

    READY = "ready"
    PAUSED = "paused"
    ENDED = "ended"
    DESTROYED = "destroyed"


@frozen
class Account:
    """What a virtual machine has had of the real one, in ticks of real time.

    `used` is its own time, and `present` all the time since its start that it was not paused, until its end; `due` is
    its part of that, by the shares of those that were ready. `longest_wait` is the longest time that it was ready and
    others ran.
    """

    shares: int
    quanta: int
    used: int
    due: Fraction
    present: int
    longest_wait: int

    @property
    def share(self) -> Fraction:
        """The part of the time that it had while it was there."""
        return Fraction(self.used, self.present) if self.present else Fraction(0)

    @property
    def fair_share(self) -> Fraction:
        """The part that was its due."""
        return self.due / self.present if self.present else Fraction(0)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "shares": self.shares,
            "quanta": self.quanta,
            "used": self.used,
            "due": round(float(self.due), 3),
            "present": self.present,
            "longest_wait": self.longest_wait,
        }


class Hosted:
    """One of several virtual machines. `budget` is the most steps that it may take. It is ready when it has joined.

    All that changes is in `notes` and goes through the journal. While it is ready, what it is present, its due and how
    long it waits go on without a note: they follow from what the ledger had when it joined, and when it last ran.
    """

    def __init__(self, name: str, number: int, vm: VirtualMachine, *, shares: int, budget: int, ledger: Ledger) -> None:
        self.name, self.number, self.vm, self.shares, self.budget = name, number, vm, shares, budget
        self._ledger, self._journal = ledger, vm.journal
        self.notes: dict[str, Any] = {
            "phase": Phase.PAUSED, "quanta": 0, "given": 0, "spent": 0, "debt": 0, "used": 0, "passed": Fraction(0),
            "due": Fraction(0), "present": 0, "waiting": 0, "longest_wait": 0, "fruitless": 0, "result": (),
            "joined": 0, "joined_at": Fraction(0), "ran": 0,
        }  # fmt: skip

    def note(self, **values: Any) -> None:
        """Change notes. None is not for them: the journal would take it for a note that was not there."""
        for name, value in values.items():
            if self.notes[name] != value:
                self._journal.write(self.notes, name, value)

    @property
    def phase(self) -> Phase:
        """Where it is in its life."""
        found: Phase = self.notes["phase"]
        return found

    @property
    def ready(self) -> bool:
        """Whether it wants the processor."""
        return self.notes["phase"] is Phase.READY

    @property
    def over(self) -> bool:
        """Whether its quantum is over: it has no time left, and its monitor nothing to finish."""
        state = self.vm.state
        return not state.inside and not state.notes["left"] and not self.vm.unfinished

    @property
    def result(self) -> Result:
        """What it has come to so far; of one that was destroyed, what it had come to then."""
        return self.notes["result"] or self.vm.result()

    @property
    def account(self) -> Account:
        """What it has had of the real machine, up to its last quantum's end."""
        quanta, used = self.notes["quanta"], self.notes["used"]
        return Account(self.shares, quanta, used, self._due, self._present, max(self.notes["longest_wait"], self._wait))

    @property
    def _due(self) -> Fraction:
        due: Fraction = self.notes["due"]
        return due + self.shares * (self._ledger.for_one_share - self.notes["joined_at"]) if self.ready else due

    @property
    def _present(self) -> int:
        present: int = self.notes["present"]
        return present + self._ledger.clock - self.notes["joined"] if self.ready else present

    @property
    def _wait(self) -> int:
        """How long others have run since it last did, or joined."""
        return self._ledger.clock - self.notes["ran"] if self.ready else int(self.notes["waiting"])

    def join(self, passed: Fraction) -> None:
        """Be ready from now on, at a pass that is no less than somebody's."""
        ledger = self._ledger
        ledger.changes(self.shares)
        self.note(phase=Phase.READY, passed=max(self.notes["passed"], passed))
        self.note(joined=ledger.clock, joined_at=ledger.for_one_share, ran=ledger.clock)

    def leave(self, phase: Phase) -> None:
        """Be ready no more."""
        if self.ready:
            self.note(due=self._due, present=self._present, waiting=self._wait)
            self._ledger.changes(-self.shares)
        self.note(phase=phase)

    def grant(self, quantum: int) -> None:
        """Begin a quantum, which is shorter by what the last ones were too long, because of the exits at their ends."""
        given = max(1, quantum - self.notes["debt"])
        self.vm.state.renew(given)
        self.note(quanta=self.notes["quanta"] + 1, given=given, debt=self.notes["debt"] - (quantum - given))

    def spends(self, ticks: int) -> None:
        """Note real time that has gone by for it."""
        if ticks:
            self.note(spent=self.notes["spent"] + ticks)

    def settle(self) -> None:
        """Enter the time of the quantum in the books."""
        ticks: int = self.notes["spent"]
        waited = max(self.notes["longest_wait"], self._wait)
        self._ledger.passes(ticks)
        self.note(
            spent=0,
            debt=self.notes["debt"] + max(0, ticks - self.notes["given"]),
            used=self.notes["used"] + ticks,
            passed=self.notes["passed"] + Fraction(ticks, self.shares),
            longest_wait=waited,
            ran=self._ledger.clock,
        )

    def __repr__(self) -> str:
        return f"<Hosted {self.name}: {self.phase.value}, {self.vm.counts['steps']} steps>"
