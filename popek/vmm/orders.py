"""What was asked of a host between its steps: to start, pause, resume or destroy. Going on anew asks it again."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import takewhile

from attrs import field, frozen


@frozen
class Order:
    """Something that was asked after so many steps; `idle`: and after a step more in which nobody got anywhere."""

    step: int
    idle: bool
    do: Callable[[], None] = field(repr=False)


class Orders:
    """Orders in the order in which they were given, so by step."""

    def __init__(self) -> None:
        self._given: list[Order] = []

    def add(self, order: Order) -> None:
        """Keep an order, given after all others."""
        self._given.append(order)

    def _from(self, step: int) -> int:
        return bisect_left(self._given, step, key=lambda o: o.step)

    def at(self, step: int) -> Iterator[Order]:
        """Give those that were given after so many steps."""
        return takewhile(lambda o: o.step == step, self._given[self._from(step) :])

    def before_next(self, step: int) -> int | None:
        """Return how many steps come, after so many, before the one that the next order belongs to; nothing if none."""
        place = self._from(step + 1)
        return self._given[place].step - 1 - step if place < len(self._given) else None

    def forget(self, step: int) -> None:
        """Forget those that were given after more steps than that."""
        del self._given[self._from(step + 1) :]
