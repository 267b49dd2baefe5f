"""What a monitor was wanted for in a run, by service: read off the steps of a virtual machine, as a sink."""

from collections import Counter
from functools import cache

from popek.engine.reference import Event, Kind
from popek.engine.stepper import Record
from popek.isa.behaviour import Behaviour, Copy, Put
from popek.isa.instruction import Instruction
from popek.isa.slot import Array, Slot
from popek.vmm.structure import Service

DEVICE = "device"
"""The kind of resource that devices are, in the declaration of the state."""


class Services:
    """A sink that counts services: those for which the guest has left, and those for which it was outside already.

    An exit for an instruction that touches a device, and completes, is for a device; one whose cause is one of the
    machine's interrupts is for that; every other is for the processor. Who emulates or translates is in the monitor
    already, and crosses something for a device alone.
    """

    def __init__(self, interrupts: frozenset[str]) -> None:
        self.exited: Counter[Service] = Counter()
        self.outside: Counter[Service] = Counter()
        self._interrupts = interrupts

    def __call__(self, record: Record) -> None:
        """Count what one step of the guest was served with."""
        exits: list[str] = record.notes.get("exits", [])
        others = [e for e in exits if e not in self._interrupts]
        self.exited[Service.INTERRUPT] += len(exits) - len(others)
        device = touches_device(record.event)
        if others:
            self.exited[Service.PROCESSOR] += len(others) - device
            self.exited[Service.DEVICE] += device
        elif device and not record.notes.get("direct", True):
            self.outside[Service.DEVICE] += 1


def touches_device(event: Event) -> bool:
    """Say whether a step was an instruction that has read or changed the state of a device."""
    return event.kind is Kind.EXECUTED and event.decoded is not None and _about_devices(event.decoded.instruction)


@cache
def _about_devices(instruction: Instruction) -> bool:
    behaviour = instruction.does
    return any(part.kind == DEVICE for part in (*behaviour.reads, *behaviour.writes, *_arrays(behaviour)))


def _arrays(behaviour: Behaviour) -> list[Slot | Array]:
    return [e.array for e in behaviour.effects if isinstance(e, Put | Copy)]
