"""What compiled code and its driver tell each other: a row of 64-bit fields, and the words of the slots.

The names are numbered here, and nowhere else; the compiled code's key contains them.
"""

from enum import IntEnum, auto, unique

ENTRIES = 4096
"""How many entries the table of regions has, and the counts of jumps; a power of two."""


VALID = 1 << 32
"""What an entry's tag has besides the address, if there is anything in the entry."""


@unique
class Entry(IntEnum):
    """The words of an entry in the table of regions."""

    TAG = 0
    CODE = auto()
    """Where the region's code is."""
    MAY = auto()
    """How many steps it may still do before it is to be made anew; signed."""
    NEEDS = auto()
    """How many steps it needs to do any."""


WORDS = len(Entry)


@unique
class Field(IntEnum):
    """The fields, by what they hold. Counters only grow while compiled code runs."""

    BUDGET = 0
    """Steps that may still be done."""
    INTERRUPTS = auto()
    """Steps that were the entry of an interrupt."""
    TRAPPED = auto()
    """Whether the last step was a trap."""
    TRAPS = auto()
    """Whether traps may be taken at all."""
    KIND = auto()
    """What the last trap was of: a `Trapped`."""
    WORD = auto()
    """The instruction word of the last trap."""
    PC = auto()
    MODE = auto()
    CAUSE = auto()
    DETAIL = auto()
    PRIVILEGE = auto()
    DIRTY = auto()
    """Whether a word that is compiled was written."""
    THRESHOLD = auto()
    """How many jumps to an address make it hot."""
    HOT = auto()
    """The address that is hot."""
    EXECUTED = auto()
    """How many instructions of the last region were executed."""
    REGIONS = auto()
    """How many instructions were executed in regions."""
    TABLE = auto()
    """Where the table of regions is."""
    COUNTS = auto()
    """Where the counts of jumps are."""
    WINDOWS = auto()
    """Where the windows are."""
    MISSED = auto()
    """The array, by number, of which an element is wanted that is in no window, and its index."""
    INDEX = auto()
    BASE = auto()
    """Where the allotment begins; this and what follows is of use under a monitor only."""
    SIZE = auto()
    """How many words it has."""
    QUANTUM = auto()
    """A whole quantum."""
    INSIDE = auto()
    """Whether the guest is inside; likewise the monitor's other notes."""
    LEFT = auto()
    LOADED = auto()
    ATTEMPT = auto()
    """Whether an attempt is to be made on the virtual state, after an exit."""
    FRUITLESS = auto()
    """How many exits there were since the last step of the guest."""
    SKIPPED = auto()
    """By how much the real timer was loaded with more than the map says."""
    CACHED = auto()
    """Whether the guest runs from a translation cache, where it left it, by what link, and where to; as it is noted."""
    AT = auto()
    LINK = auto()
    TARGET = auto()
    EXIT_TICKS = auto()
    """How much of the quantum an exit takes."""
    CELLS = auto()
    """Where the words of the translation cache are."""
    HEADS = auto()
    """Where its blocks are found."""
    GUEST_EXITS = auto()
    """How often an instruction has left guest mode, which is no trap. This and what follows are counts."""
    CHAINED = auto()
    """Jumps from block to block, and the other counts of translation."""
    LOOKED_UP = auto()
    DISPATCHES = auto()
    CALLS = auto()
    DIRECT = auto()
    """The first of the counts by way and virtual mode: directly, after an exit, emulated, translated, hypercalls."""


WAYS = 6
"""How many ways are counted by mode."""

EXITS = Field.DIRECT + 2 * WAYS
"""The first of the counts of exits, at the cause's number."""

FIELDS = EXITS + 16
"""How many fields there are, with room for the counts."""


@unique
class Code(IntEnum):
    """Why compiled code has returned."""

    BUDGET = 0
    HALTED = 1
    HAND_OVER = 2
    CHANGED = 3
    """Compiled words were written."""
    HOT = 4
    """An address is worth compiling."""
    LOST = 5
    """A virtual machine's monitor has lost the processor."""
    MISSED = 6
    """An element is wanted that is in no window."""


@unique
class Trapped(IntEnum):
    """What a trap was of."""

    FETCH = 0
    ILLEGAL = 1
    INSTRUCTION = 2
