"""Words that matter: samples that meet the edges on purpose, since uniform words almost never do."""

from random import Random

from popek.isa.encoding import WORD_MASK


def edges(width: int = 32) -> tuple[int, ...]:
    """Return the words near which operators and address checks change their mind, for a width in bits, in order."""
    mask = (1 << width) - 1
    near = {0, 1, 2, 3, 15, 16, 17, width - 1, width, width + 1, 1 << (width // 2), 1 << (width - 1), mask}
    return tuple(sorted({(n + d) & mask for n in near for d in (-1, 0, 1)}))


EDGES = edges()
"""The edges of the machine's own words."""


def word(random: Random, near: int = 0) -> int:
    """Return an edge, a small word, one close to `near`, one with few bits set, or any word at all."""
    kind = random.randrange(6)
    if kind == 0:
        return random.choice(EDGES)
    if kind == 1:
        return random.randrange(64)
    if kind == 2:
        return (near + random.randint(-3, 3)) & WORD_MASK
    if kind == 3:
        return 1 << random.randrange(32) | 1 << random.randrange(32)
    if kind == 4:
        return -random.randrange(1, 64) & WORD_MASK
    return random.getrandbits(32)
