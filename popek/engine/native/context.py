"""What compiled code and its driver tell each other: a row of 64-bit fields, and the words of the slots.

The names are numbered here, and nowhere else; the compiled code's key contains them.
"""

from enum import IntEnum, auto, unique

ENTRIES = 4096
"""How many entries the table of regions has, and the counts of jumps; a power of two."""


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
    BASE = auto()
    """The allotment, under a monitor; likewise the next fields."""
    SIZE = auto()
    QUANTUM = auto()
    INSIDE = auto()
    LEFT = auto()
    LOADED = auto()
    DIRECT = auto()
    FRUITLESS = auto()
    EXITS = auto()
    """The first of the counts of exits by cause, at the cause's number; the names of `Treatment` follow."""


EXIT_COUNTS = 16
"""Room for the counts of exits."""

FIELDS = Field.EXITS + EXIT_COUNTS


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


@unique
class Trapped(IntEnum):
    """What a trap was of."""

    FETCH = 0
    ILLEGAL = 1
    INSTRUCTION = 2
