"""Slots: the state of the machine, each part declared once with its role.

A state is the values of some slots (one word each) and some arrays (many words). *Program* state is what a program
is supposed to see; *resources* are what a control program must own. Classification, the VM map and the monitors are
generic in these declarations: an architecture that adds a system register gets its virtualization for nothing.
"""

from collections.abc import Callable
from enum import Enum, unique
from typing import Any
from weakref import WeakValueDictionary

from attrs import field, fields, frozen

from popek.language.phrase import Phrase


@unique
class Role(Enum):
    """Whom a part of the state belongs to."""

    PROGRAM = "program"
    RESOURCE = "resource"


_known: WeakValueDictionary[tuple[Any, ...], "_Declared"] = WeakValueDictionary()


def _declared(kind: "type[_Declared]", *values: object) -> "_Declared":
    return _known.get((kind, *values)) or kind(*values)


class _Declared:
    """A declaration is itself and equal to no other; a copy of it, or what comes back from a pickle, is the same."""

    __slots__ = ()

    def __attrs_post_init__(self) -> None:
        _known.setdefault((type(self), *self._values()), self)

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, f.name) for f in fields(type(self)))  # type: ignore[arg-type]

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return _declared, (type(self), *self._values())


@frozen(eq=False, repr=False)
class Slot(_Declared):
    """One word of state.

    `kind` names the resource, and so the sub-kind of sensitivity ("mode", "location", "timer", ...). `bits` is its
    width if it is less than a word's. `reset` is its value after power-on; "q" is the size of physical memory.
    `clock`, if given, makes the slot a clock: it counts down by one at each tick while it is not zero, and sets the
    slot `clock` when it reaches zero.
    """

    name: str
    doc: str = field(converter=Phrase)
    role: Role = Role.RESOURCE
    kind: str = field()
    bits: int | None = None
    reset: int | str = 0
    clock: "Slot | None" = None

    @kind.default
    def _own_name(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return self.name


@frozen(eq=False, repr=False)
class Array(_Declared):
    """Many words of state, by index. `default` is what an element holds at reset (-1: all ones).

    `size` is the number of elements; None: one for each word value; "q": the size of physical memory, which is a
    parameter of the machine. Beyond its size an array reads as `default`, and a write vanishes.
    """

    name: str
    doc: str = field(converter=Phrase)
    role: Role = Role.RESOURCE
    kind: str = ""
    size: int | str | None = None
    default: int = 0

    def __repr__(self) -> str:
        return self.name


PC = Slot("pc", "Program counter: the virtual address of the next instruction.", Role.PROGRAM, reset=16)
MODE = Slot("mode", "Processor mode: 0 supervisor, 1 user.", bits=1)
BASE = Slot("base", "Relocation-bounds register R: the physical address of virtual address 0.", kind="location")
BOUND = Slot("bound", "Relocation-bounds register R: the number of words that may be referred to.", reset="q")
IE = Slot("ie", "Interrupt enable.", kind="interrupt", bits=1)
TIMER_PENDING = Slot("timer_pending", "The timer has run out, and nobody was told yet.", kind="interrupt", bits=1)
TIMER = Slot("timer", "Instructions until the timer interrupts; 0: stopped.", clock=TIMER_PENDING)
RUN = Slot("run", "Run state: 0 running, 1 halted.", bits=1)
CONSOLE_READ = Slot("console_read", "Words read from the console so far.", kind="device")
CONSOLE_WRITTEN = Slot("console_written", "Words written to the console so far.", kind="device")
DISK_PENDING = Slot("disk_pending", "A disk transfer is complete, and nobody was told yet.", kind="interrupt", bits=1)
DISK_WAIT = Slot(
    "disk_wait", "Instructions until the disk reports completion; 0: idle.", kind="device", clock=DISK_PENDING
)

REGISTERS = Array("registers", "General registers r0..r15.", Role.PROGRAM, size=16)
MEMORY = Array("phys", "Physical memory.", kind="memory", size="q")
CONSOLE_INPUT = Array("console_input", "What will be typed; all ones after its end.", kind="device", default=-1)
CONSOLE_OUTPUT = Array("console_output", "What was printed.", kind="device")
DISK = Array("disk", "The disk's words.", kind="device")

SUPERVISOR, USER = 0, 1
RUNNING, HALTED = 0, 1

SLOTS = (
    PC, MODE, BASE, BOUND, IE, TIMER, TIMER_PENDING, RUN, CONSOLE_READ, CONSOLE_WRITTEN, DISK_WAIT, DISK_PENDING,
)  # fmt: skip
ARRAYS = (REGISTERS, MEMORY, CONSOLE_INPUT, CONSOLE_OUTPUT, DISK)
