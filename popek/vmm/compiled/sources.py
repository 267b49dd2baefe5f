"""The words of memory that a cache was translated from, as marks: so that compiled code notices a store into one."""

from popek.engine.native.marks import Marks
from popek.vmm.translation.cache import TranslationCache


class Sources:
    """Those of one cache. Only the reference translates, and who has let it do so has to `follow` before he goes on."""

    def __init__(self, cache: TranslationCache, marks: Marks) -> None:
        self._cache, self._marks = cache, marks
        self._claimed: frozenset[int] = frozenset()

    def follow(self) -> None:
        """Mark the words that something is translated from now, and no others."""
        sources = frozenset(self._cache.sources)
        if sources != self._claimed:
            self._marks.claim(sources - self._claimed)
            self._marks.release(self._claimed - sources)
            self._claimed = sources

    def check(self) -> None:
        """End what was translated from other words than are there now."""
        self._cache.check()
        self.follow()
