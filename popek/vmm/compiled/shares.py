"""A guest's quantum where others wait for the processor: what is charged to it besides what the real timer counts.

That is the work which a monitor does for it, a tick for each step, and what an exit takes. When nothing is left, and
the guest is not inside, compiled code stops for somebody else to be chosen. Of a guest that is alone nothing of this is
written.
"""

from typing import TYPE_CHECKING

from popek.engine.native.context import Field

if TYPE_CHECKING:
    from popek.vmm.compiled.step import MonitorStep


class Shares:
    """Writes it."""

    def __init__(self, step: "MonitorStep") -> None:
        self._step = step
        self._hosted = step.made.hosted

    def _over(self) -> str:
        return self._step.text.value(f"icmp eq i64 {self._step.noted(Field.LEFT)}, 0")

    def leave_if_over(self) -> None:
        """Stop, the guest being outside, if its quantum is over."""
        if self._hosted:
            self._step.text.leave_if(self._over(), "exit.budget")

    def turn_if_over(self) -> None:
        """Do that on the way from a cache to a call: the guest has had the processor for nothing."""
        if not self._hosted:
            return
        text, on, over = self._step.text, self._step.text.fresh("on"), self._step.text.fresh("over")
        text.branch(self._over(), over, on, seldom=True)
        text.label(over)
        self._step.got_nowhere()
        text.go("turn")
        text.label(on)

    def turn(self) -> None:
        """Count the entry of a cache, a turn in which the guest does no step, and stop if it is one too many."""
        if self._hosted:
            self._step.got_nowhere()
            self._step.leave_if_lost()

    def charge_exit(self) -> None:
        """Charge for an exit."""
        if self._hosted:
            self.charge(self._step.noted(Field.EXIT_TICKS))

    def charge(self, ticks: str) -> None:
        """Take some ticks from the quantum, as far as there are any."""
        if not self._hosted:
            return
        step, text = self._step, self._step.text
        left = step.noted(Field.LEFT)
        fewer = text.value(f"sub i64 {left}, {ticks}")
        step.note(
            Field.LEFT, text.value(f"select i1 {text.value(f'icmp ult i64 {left}, {ticks}')}, i64 0, i64 {fewer}")
        )
