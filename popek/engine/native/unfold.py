"""Unfolding: the code of a region as trees of blocks, each a copy of its own, so that on a way nothing is forgotten.

A tree begins at its head with nothing known, and every block in it has one way in. So what is known there, of values,
ranges and open calls, is known for good; time is counted once, at the head; a loop is done several times over; and a
call that is entered comes back to where it came from without a search. Where no open call is known, one behind a
call near by is tried. Where a tree ends, the head of another begins.
"""

from collections import deque
from collections.abc import Iterator, Mapping

from attrs import define, field, frozen

from popek.engine.native.discover import Found, Placed

FARTHEST = 48
"""Instructions on a way through a tree, unless its first block alone has more."""

OPEN = 8
"""How many calls are remembered that have not come back."""


NEAREST = 2
"""Of so many places behind calls one is tried where it is not known whose call comes back."""


@frozen
class Size:
    """How much unfolding there is: instructions in a tree, and about how many in all."""

    tree: int = 0
    region: int = 0


@define(eq=False)
class Copy:
    """A block in a tree: its instructions, how many come before it, where open calls return to, and what follows.

    Where none is open, `guesses` are tried.
    """

    block: tuple[Placed, ...]
    before: int
    returns: tuple[int, ...] = ()
    guesses: tuple[int, ...] = ()
    next: dict[int, "Copy"] = field(factory=dict)

    @property
    def end(self) -> int:
        """How many instructions there are from the head to its end."""
        return self.before + len(self.block)

    @property
    def last(self) -> Placed:
        """The instruction that decides where it goes."""
        return self.block[-1]

    def afterwards(self) -> tuple[int, ...]:
        """Return where the calls return to that are open behind it."""
        if self.last.link is not None:
            return (*self.returns, self.last.link)[-OPEN:]
        return self.returns[:-1] if self.last.computed else self.returns

    def targets(self) -> tuple[int, ...]:
        """Return where it goes on, or is expected to."""
        return (self.returns[-1:] or self.guesses) if self.last.computed else self.last.targets

    def tree(self) -> Iterator["Copy"]:
        """Give it and all behind it."""
        yield self
        for copy in self.next.values():
            yield from copy.tree()


class Unfolding:
    """The trees of a region, by the addresses of their heads."""

    def __init__(self, found: Found, size: Size) -> None:
        self._found = found
        self._blocks = {leader: tuple(_block(found, leader)) for leader in found.leaders}
        self._loops = {t for p in found.code.values() if p.link is None for t in p.targets if t <= p.pc}
        self._size = min(size.tree, size.region // len(found.leaders))
        self.trees: dict[int, Copy] = {}
        waiting = deque(found.entries)
        while waiting:
            head = waiting.popleft()
            if head not in self.trees:
                tree = self.trees[head] = self._tree(head)
                waiting.extend(t for c in tree.tree() for t in c.targets() if t not in c.next and t in self._blocks)

    def _tree(self, head: int) -> Copy:
        """Return a tree that has the nearest blocks first."""
        root = Copy(self._blocks[head], 0, guesses=self._guesses(self._blocks[head]))
        count, waiting = root.end, deque([root])
        while waiting:
            here = waiting.popleft()
            for target in here.targets():
                block = self._blocks.get(target)
                if block is None or (target in self._loops and target != head):
                    continue
                if here.end + len(block) <= FARTHEST and count + len(block) <= self._size:
                    copy = here.next[target] = Copy(block, here.end, here.afterwards(), self._guesses(block))
                    count += len(block)
                    waiting.append(copy)
        return root

    def _guesses(self, block: tuple[Placed, ...]) -> tuple[int, ...]:
        """Return the first of the nearest places behind calls.

        A routine that calls itself mostly comes back to itself, and behind its first call there is the most to do.
        """
        near = sorted(self._found.returns.values(), key=lambda head: abs(head - block[-1].pc))
        return tuple(sorted(near[:NEAREST])[:1])

    def needs(self) -> Mapping[int, int]:
        """Return how many steps each tree may take, by head."""
        return {head: max(c.end for c in tree.tree()) for head, tree in self.trees.items()}


def _block(found: Found, leader: int) -> Iterator[Placed]:
    """Give the instructions of a block."""
    pc = leader
    while pc in found.code and (pc == leader or pc not in found.leaders):
        placed = found.code[pc]
        yield placed
        if placed.targets != (placed.on,):
            return
        pc = placed.on
