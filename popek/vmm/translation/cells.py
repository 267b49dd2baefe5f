"""What the words of the translation cache hold. Every word knows the guest's pc that it stands for."""

from collections.abc import Mapping

from attrs import frozen

from popek.isa.architecture import Decoded
from popek.vmm.translation.own_pc import Copied

DOOR = 0
"""The cache's first word: the way to the monitor for all that does not know its target before it is there."""

SMALLEST_CACHE = 2
"""Words: the door, and a call. What does not fit otherwise becomes a call."""

CACHE = 4096
"""Words of the translation cache, unless a monitor says otherwise."""

Context = tuple[int, ...]
"""What decides, besides the pc, which word is fetched and how it is run: the mode and R, as the guest has them."""

Key = tuple[int, ...]
"""A context and a pc: what a block is translated for."""


@frozen(eq=False)
class Copy:
    """An instruction that is run directly. `links` are its exits: each a link's address, or none if it is computed.

    `values` are its operands, its own pc among them; `source` is the real address of the word it was translated from.
    """

    pc: int
    block: int
    decoded: Decoded
    meaning: Copied
    values: Mapping[str, int]
    links: tuple[int | None, ...]
    source: int
    stays: bool = True


@frozen(eq=False)
class Guard:
    """A test whether the copy behind it would trap; if so, it is a call of the monitor, and else goes on to it."""

    pc: int
    block: int


@frozen(eq=False)
class Call:
    """A call of the monitor, which does the instruction; without `decoded`, what comes of fetching it, a trap."""

    pc: int
    block: int
    decoded: Decoded | None
    way: str


@frozen(eq=False)
class Link:
    """A jump: to a block's first word once that is known, and until then (`to` is the door) to the monitor.

    Whatever is no longer so is overwritten with such a word, too.
    """

    pc: int
    block: int
    to: int = DOOR


@frozen(eq=False)
class Empty:
    """Nothing yet."""


EMPTY = Empty()

Cell = Copy | Guard | Call | Link | Empty


@frozen(eq=False)
class Block:
    """A piece of translated code: words `start` to `end` - 1 of the cache, for a context and a pc.

    `sources` are the words that it was translated from, by their real addresses.
    """

    start: int
    end: int
    key: Key
    sources: Mapping[int, int]

    @property
    def context(self) -> Context:
        """The context that it was translated for."""
        return self.key[:-1]
