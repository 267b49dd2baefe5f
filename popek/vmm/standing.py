"""What a host knows of its virtual machines without looking at each: by number, who is ready, who has which memory.

All of it follows from what is noted of each, so it is no part of the state: after going back it is made anew.
"""

from collections.abc import Iterable

from popek.vmm.allocator import Room
from popek.vmm.claimants import Claimant, Claimants
from popek.vmm.hosted import Hosted, Phase


class Standing:
    """Kept up to date by whoever changes a virtual machine's phase or pass."""

    def __init__(self, hosted: Iterable[Hosted], memory: int) -> None:
        self.by_number = {h.number: h for h in hosted}
        self.ready = Claimants(_claimant(h) for h in self.by_number.values() if h.ready)
        self.room = Room(memory)
        for one in self.by_number.values():
            if one.phase is not Phase.DESTROYED:
                self.room.give(one.name, one.vm.allotment)

    def comes(self, hosted: Hosted) -> None:
        """Note a new virtual machine."""
        self.by_number[hosted.number] = hosted
        self.room.give(hosted.name, hosted.vm.allotment)

    def claims(self, hosted: Hosted) -> None:
        """Note that somebody is ready, or its new pass."""
        self.ready.put(_claimant(hosted))

    def leaves(self, hosted: Hosted) -> None:
        """Note that somebody is ready no more."""
        self.ready.remove(hosted.number)


def _claimant(hosted: Hosted) -> Claimant:
    return Claimant(hosted.number, hosted.notes["passed"])
