"""What the compiled monitors of one real machine have in common: which words are compiled, and to what.

Each has its own guest's state. The marks are the real machine's, so that a store into a word of which code was made is
noticed whosever code it is. Guests that run as they lie in memory have the regions in common as well, since those ask
for the R that they were made for; who runs from a cache, or in guest mode, has regions of its own.

Words are looked at again only when one that is marked was stored to, or when it is not known who has had the machine
meanwhile: many machines do not each look at all of them in each quantum.
"""

from collections.abc import Callable

from popek.engine.native.marks import Marks
from popek.engine.native.memory import Memory
from popek.engine.native.regions import Regions
from popek.engine.state import State
from popek.isa.architecture import Isa
from popek.vmm.compiled.sources import Sources
from popek.vmm.translation.cache import TranslationCache


class Together:
    """The marks of one real machine, its regions, and who has to look when marked words have changed."""

    def __init__(self, isa: Isa, real: State) -> None:
        self.marks = Marks(real.size)
        self.memory = Memory(real, marks=self.marks)
        self.regions = Regions(isa, self.memory)
        self._looks: list[Callable[[], None]] = [self.regions.check]
        self._sources: dict[int, Sources] = {}
        self._known = False
        real.watchers.append(self._stored)

    def joins(self, look: Callable[[], None]) -> None:
        """Take in somebody who has regions of its own; `look` drops those whose words have changed."""
        self._looks.append(look)

    def sources(self, cache: TranslationCache) -> Sources:
        """Return the words that a cache was translated from, whether its monitor is compiled or not."""
        if id(cache) not in self._sources:
            self._sources[id(cache)] = Sources(cache, self.marks)
        return self._sources[id(cache)]

    def forget(self) -> None:
        """Take nothing for granted: somebody may have written words without telling anybody."""
        self._known = False

    def begin(self) -> None:
        """See to it that no code is run of which the words have changed since."""
        if not self._known:
            self.look()

    def look(self) -> None:
        """Let all look at their words."""
        for look in self._looks:
            look()
        for sources in self._sources.values():
            sources.check()
        self._known = True

    def _stored(self, address: int) -> None:
        if self.marks.bytes[address]:
            self._known = False
