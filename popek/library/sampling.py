"""A run in which somebody looks at the exits now and then, so that they can be seen over time.

How long a run is nobody knows before, so the moments lie twice as far apart whenever there are too many of them. What
happens between two moments is left to the engine, which does not notice.
"""

from collections.abc import Mapping

from attrs import frozen

from popek.vmm.virtual_machine import VirtualMachine

MOST = 64
"""So many moments are kept at most."""

FIRST = 8
"""Steps from one moment to the next, at first."""


@frozen
class Moment:
    """The exits by cause up to a moment, and how many instructions the guest has done up to it."""

    instructions: int
    exits: Mapping[str, int]


def run(machine: VirtualMachine, steps: int) -> tuple[Moment, ...]:
    """Let a virtual machine run so many steps, or to its end; return moments of it, the beginning and the end too."""
    limit = machine.counts["steps"] + steps
    found, apart = [_now(machine)], FIRST
    while machine.outcome is None and (left := limit - machine.counts["steps"]) > 0:
        machine.run(min(apart, left))
        found.append(_now(machine))
        if len(found) > MOST:
            found, apart = found[::2], 2 * apart
    return tuple(found if found[-1] == _now(machine) else [*found, _now(machine)])


def _now(machine: VirtualMachine) -> Moment:
    return Moment(machine.counts["instructions"], machine.exits)
