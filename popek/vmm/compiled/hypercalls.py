"""Hypercalls as compiled code: the instruction that a word stands for, on the virtual state, in the current mode.

A batch, a transfer to or from a device, and a word that stands for nothing are Python's, as if nothing had been tried.
"""

from typing import TYPE_CHECKING

from attrs import frozen

from popek.engine.native.attempt import Attempt, Trapping
from popek.engine.native.context import Trapped
from popek.engine.native.expressions import Emission
from popek.isa.encoding import OPCODE_LOW, WORD_MASK
from popek.isa.hypercall import HYPERCALL
from popek.isa.slot import PC

if TYPE_CHECKING:
    from popek.vmm.compiled.step import MonitorStep


@frozen
class OfHypercall(Attempt):
    """Writes the attempt at the instruction whose word is at `%asked`."""

    def write(self) -> None:
        """Write it all; the word was fetched already."""
        self._decode(self.text.load("%asked"))


def unknown(made: Trapping) -> bool:
    """Say whether what would be a trap is a word that stands for no instruction."""
    return made.kind is Trapped.ILLEGAL


class Hypercalls:
    """Writes where a monitor for ported guests meets them: before it enters its guest, and after an exit."""

    def __init__(self, step: "MonitorStep") -> None:
        self._step = step

    def _word(self) -> tuple[str, str]:
        """Return whether the next word of the guest cannot be fetched, and the word; it is only read where it can."""
        step = self._step
        fault, word_at = step.made.believed.fetch
        fetch = Emission(step.text, step.virtual, {"pc": step.virtual.slot(step.text, PC)})
        return fetch(fault), fetch(word_at)

    def before_entry(self) -> None:
        """Write the step that a hypercall is, which needs no exit: the monitor has the processor."""
        step, text = self._step, self._step.text
        fault, word = self._word()
        ready, on, other = text.fresh("ready"), text.fresh("on"), text.fresh("other")
        text.branch(fault, on, ready)
        text.label(ready)
        opcode = text.value(f"lshr i32 {word}, {OPCODE_LOW}")
        cases = " ".join(f"i32 {i.opcode}, label %{on}" for i in step.isa.instructions)
        text.do(f"switch i32 {opcode}, label %{other} [ {cases} ]")
        text.label(other)
        text.branch(self._asks(word), "hypercall.here", on)
        text.label("hypercall.here")
        step.routines.begin()
        text.go("hypercall.it")
        text.label(on)

    def after_exit(self, cause_is_illegal: str) -> None:
        """Write where an exit is seen to be a hypercall's."""
        text = self._step.text
        illegal, ready, on = text.fresh("illegal"), text.fresh("ready"), text.fresh("on")
        text.branch(cause_is_illegal, illegal, on, seldom=True)
        text.label(illegal)
        fault, word = self._word()
        text.branch(fault, on, ready)
        text.label(ready)
        text.branch(self._asks(word), "hypercall.asked", on)
        text.label("hypercall.asked")
        self._step.give_back()
        text.go("hypercall.after")
        text.label(on)

    def again(self) -> None:
        """Write where the hypercall of an exit is tried again: its word is there."""
        self._step.text.label("hypercall.again")
        self._asks(self._word()[1])
        self._step.text.go("hypercall.after")

    def _asks(self, word: str) -> str:
        text = self._step.text
        text.store(text.value(f"and i32 {word}, {~HYPERCALL & WORD_MASK}"), "%asked")
        return text.value(f"icmp slt i32 {word}, 0")
