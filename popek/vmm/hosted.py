"""A virtual machine among others: its phase, its shares, and what it has had of the real machine."""

from enum import Enum, unique
from fractions import Fraction
from typing import Any

from attrs import field, frozen

from popek.engine.state import Journal
from popek.engine.stepper import Result
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
    """One of several virtual machines. `budget` is the most steps that it may take.

    All that changes is in `notes` and goes through the journal.
    """

    def __init__(self, name: str, number: int, vm: VirtualMachine, shares: int, budget: int) -> None:
        self.name, self.number, self.vm, self.shares, self.budget = name, number, vm, shares, budget
        self._journal: Journal = vm.journal
        self.notes: dict[str, Any] = {
            "phase": Phase.READY, "quanta": 0, "given": 0, "spent": 0, "debt": 0, "used": 0, "passed": Fraction(0),
            "due": Fraction(0), "present": 0, "waiting": 0, "longest_wait": 0, "fruitless": 0, "result": (),
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
        """Whether its quantum is over."""
        state = self.vm.state
        return not state.inside and not state.notes["left"]

    @property
    def result(self) -> Result:
        """What it has come to so far; of one that was destroyed, what it had come to then."""
        return self.notes["result"] or self.vm.result()

    @property
    def account(self) -> Account:
        """What it has had of the real machine, up to its last quantum's end."""
        names = "quanta", "used", "due", "present"
        wait = max(self.notes["longest_wait"], self.notes["waiting"])
        return Account(self.shares, **{n: self.notes[n] for n in names}, longest_wait=wait)

    def grant(self, quantum: int) -> None:
        """Begin a quantum, which is shorter by what the last ones were too long, because of the exits at their ends."""
        given = max(1, quantum - self.notes["debt"])
        self.vm.state.renew(given)
        self.note(quanta=self.notes["quanta"] + 1, given=given, debt=self.notes["debt"] - (quantum - given))

    def spends(self, ticks: int) -> None:
        """Note real time that has gone by for it."""
        if ticks:
            self.note(spent=self.notes["spent"] + ticks)

    def settle(self) -> int:
        """Enter the time of the quantum in the books, and return it."""
        ticks: int = self.notes["spent"]
        self.note(
            spent=0,
            debt=self.notes["debt"] + max(0, ticks - self.notes["given"]),
            used=self.notes["used"] + ticks,
            passed=self.notes["passed"] + Fraction(ticks, self.shares),
            longest_wait=max(self.notes["longest_wait"], self.notes["waiting"]),
            waiting=0,
        )
        return ticks

    def __repr__(self) -> str:
        return f"<Hosted {self.name}: {self.phase.value}, {self.vm.counts['steps']} steps>"


@frozen
class Order:
    """Something that was asked of a host after so many steps: start, pause, resume or destroy.

    `idle`: and after a step more in which nobody got anywhere.
    """

    step: int
    idle: bool
    do: Any = field(repr=False)
