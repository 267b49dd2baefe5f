"""Beside a guest: a neighbour with words of its own, a disk that is not the guest's, and a watch on every entry.

What a monitor loads when it enters a guest is its own doing, no step of the guest's, so lock step does not see it. Here
it is seen: R, the devices, the timer, and whether the quantum was renewed. The neighbour runs whenever the guest does
not, and in its memory, as in the monitor's, is a program: whoever executes a word of it can be told from the guest.
"""

from functools import cache

from attrs import define, field

from popek.engine.state import State
from popek.errors import PopekError
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.cycle import OLD_BASE, OLD_BOUND, TRAP_WORDS
from popek.isa.slot import TIMER, TIMER_PENDING, Role, Slot
from popek.language.phrase import say
from popek.prove.pools import ALLOTMENT
from popek.vmm.allotment import Allotment
from popek.vmm.compare import LockStep
from popek.vmm.control import LOADED, broken

NEIGHBOUR = Allotment(128, 64)
"""Another virtual machine's. It runs in turn, so that the real trap words hold its R when this one is entered."""

_EVERY = 5
"""After so many entries a disk transfer of somebody else's is complete."""


def program_word(isa: Isa, secret: int) -> int:
    """Return a word that is an instruction, and does something to the registers, if the ISA has such a one."""
    try:
        return next(iter(assemble(f"ldi r5, {secret}", isa).words.values()))
    except PopekError:
        return secret


@cache
def monitors_own(isa: Isa) -> tuple[Slot, ...]:
    """Return the resources that no map loads, and that are no device's: while a guest runs they are the monitor's."""
    set_by_clocks = {c.clock for c in isa.clocks}
    return tuple(
        s
        for s in isa.slots
        if s.role is Role.RESOURCE and s not in LOADED | set_by_clocks and s.clock is None and s.kind != "device"
    )


@define(eq=False)
class Watch:
    """A neighbour of a guest, and what was seen at its entries; `interrupts`: the neighbour's disk is busy."""

    run: LockStep
    word: int
    interrupts: bool = False
    own: bool = False
    """Whether the registers that are the monitor's own hold something else than at reset."""
    sentences: list[str] = field(factory=list, init=False)
    _entries: int = field(default=0, init=False)
    _before: tuple[int, int] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        for first, end in ((TRAP_WORDS, ALLOTMENT.base), (NEIGHBOUR.base, NEIGHBOUR.end)):
            self.run.virtual.real.load_words(dict.fromkeys(range(first, end), self.word))
        self.run.virtual.meanwhile = self._entered

    def _entered(self, real: State) -> None:
        self.sentences += [*broken(real, ALLOTMENT), *self._devices(real), *self._time(real)]
        real.load_words({OLD_BASE: NEIGHBOUR.base, OLD_BOUND: NEIGHBOUR.size})
        self._entries += 1
        if self.own:
            for slot in monitors_own(real.isa):
                real.set_slot(slot, 1)
        if self.interrupts and self._entries % _EVERY == 0:
            for interrupt in real.isa.cycle.interrupts:
                if interrupt.pending is not TIMER_PENDING:
                    real.set_slot(interrupt.pending, 1)

    def _devices(self, real: State) -> list[str]:
        slots = [s for s in real.isa.slots if s.kind == "device"]
        return [
            say("the real {s} is {slot} on entry, which no device has come to", s=s, slot=real.slot(s))
            for s in slots
            if real.slot(s)
        ]

    def _time(self, real: State) -> list[str]:
        virtual = self.run.virtual
        left, timer = virtual.state.notes["left"], real.slot(TIMER)
        missed = [n for c, n in virtual.exits.items() if c not in ("timer", "disk")]
        attempts = virtual.counts["direct"] + sum(missed)
        sentences: list[str] = []
        if not 0 < timer <= left:
            sentences.append(
                say(
                    "the real timer is {timer} on entry, and {left} instructions of the quantum are left",
                    timer=timer,
                    left=left,
                )
            )
        if self._before is not None:
            were_left, so_far = self._before
            should = were_left - (attempts - so_far)
            if 0 < should < left:
                sentences.append(
                    say(
                        "{should} instructions of the quantum were left, and after an exit there are {left}",
                        should=should,
                        left=left,
                    )
                )
        self._before = left, attempts
        return sentences
