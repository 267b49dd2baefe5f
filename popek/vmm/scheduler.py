"""Schedulers: which virtual machine has the processor next, each time that the real timer has ended a quantum.

A scheduler is a rule over what is known of those that are ready; it is deterministic and keeps nothing to itself.

- *Round robin*: each in turn.
- *Proportional share*, by stride scheduling (Waldspurger and Weihl, Stride Scheduling: Deterministic
  Proportional-Share Resource Management, MIT/LCS/TM-528, 1995): each has a *pass*, which is the real time that it has
  used divided by its shares. The least goes first. Who comes, or comes back, begins at the least pass of the others, so
  that nobody saves up time by being away.
"""

from collections.abc import Callable, Mapping

from attrs import frozen

from popek.errors import PopekError, Problem, nearest
from popek.language.phrase import say
from popek.vmm.claimants import Claimants


@frozen
class Scheduler:
    """A rule: of those that are ready, at least one, and the number of whoever was last, the number of the next.

    `weighs`: whether shares matter to it.
    """

    name: str
    doc: str
    pick: Callable[[Claimants, int], int]
    weighs: bool = False


def in_turn(ready: Claimants, last: int) -> int:
    """Return the next number after the last one, or the first."""
    return ready.after(last)


def least_pass(ready: Claimants, last: int) -> int:
    """Return whoever has had the least for its shares; of several, the first."""
    del last
    return ready.least().number


ROUND_ROBIN = Scheduler("round-robin", say("Each in turn, a quantum at a time."), in_turn)
PROPORTIONAL = Scheduler("proportional", say("Real time in proportion to shares."), least_pass, weighs=True)

SCHEDULERS: Mapping[str, Scheduler] = {s.name: s for s in (ROUND_ROBIN, PROPORTIONAL)}
"""The schedulers, by name."""


def find(name: str) -> Scheduler:
    """Return the scheduler of that name; raise `PopekError` with the nearest one if there is none."""
    if name not in SCHEDULERS:
        raise PopekError(Problem(say("there is no scheduler `{name}`", name=name), hint=nearest(name, SCHEDULERS)))
    return SCHEDULERS[name]
