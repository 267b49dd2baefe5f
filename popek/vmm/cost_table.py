"""Costs: what a run has counted, and tables that price what was counted.

Counts are exact. A table prices primitives, never a whole benchmark or anything that a result is then held against;
cycles are counts times prices, a model and no measurement. The shipped tables are TOML files beside this module, each
price with its source; one's own has the same form.
"""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import field, frozen

from popek.engine.reference import Kind
from popek.engine.stepper import Record
from popek.errors import PopekError, Problem, nearest
from popek.isa.reader import Reader, type_name
from popek.isa.toml import printable, read
from popek.language.phrase import Phrase, say
from popek.vmm.count_names import DIRECT, EXITED
from popek.vmm.monitor import Treatment
from popek.vmm.virtual_machine import VirtualMachine

PRIMITIVES: Mapping[str, str] = {
    "step": say("an instruction that the processor executes itself, bare or for a guest"),
    "trap": say("a trap or an interrupt that the processor takes itself, without a monitor"),
    "exit": say("from a deprivileged guest into the monitor and back"),
    "guest-exit": say("from guest mode into the monitor and back"),
    "emulate": say("an instruction that the monitor does for the guest, after an exit or without one"),
    "hypercall": say("a hypercall that the monitor does, its exit aside"),
    "call": say("a call of the monitor from translated code, and what it does"),
    "word": say("a word of the guest's code, translated"),
    "dispatch": say("a look-up of a block, by the monitor or in translated code"),
    "mode": say("a switch of mode between two parts of a hypervisor, those of the exit itself aside"),
    "world": say("a switch of worlds, of address space and registers, between two parts of a hypervisor"),
}
"""What is counted and priced, and what each means."""

DEFAULT = "core2"
"""The table that is used unless somebody names another."""

DEAREST = 10**9


@frozen
class CostTable:
    """A price in cycles for every primitive, and where it comes from."""

    name: str
    title: str = field(converter=Phrase)
    cycles: Mapping[str, int]
    source: Mapping[str, str]

    def price(self, counts: Mapping[str, int]) -> int:
        """Return the cycles of what was counted."""
        return sum(self.cycles[name] * count for name, count in counts.items())

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"name": self.name, "title": self.title, "cycles": dict(self.cycles), "source": dict(self.source)}


class HardwareTraps:
    """A sink that counts the traps of instructions, and the interrupts, that the processor takes itself."""

    def __init__(self) -> None:
        self.traps = self.interrupts = 0

    def __call__(self, record: Record) -> None:
        """Count one, if the step is one; behind an exit, or when no guest is inside, the monitor has made it."""
        if record.notes.get("direct", True) and not record.notes.get("exits"):
            self.traps += record.event.kind is Kind.TRAP
            self.interrupts += record.event.kind is Kind.INTERRUPT


def tally(machine: VirtualMachine, seen: HardwareTraps) -> dict[str, int]:
    """Return how often each primitive has occurred in a virtual machine; `seen` are the processor's own traps."""
    ways: Counter[str] = Counter()
    for counts in machine.by_mode.values():
        ways.update(counts)
    done = machine.translation
    return {
        "step": machine.counts[DIRECT] - seen.traps,
        "trap": seen.traps + seen.interrupts,
        "guest-exit" if machine.monitor.in_guest_mode else "exit": sum(machine.exits.values()),
        "emulate": ways[EXITED] + ways[Treatment.EMULATED.value],
        "hypercall": ways[Treatment.HYPERCALL.value],
        "call": ways[Treatment.TRANSLATED.value],
        "word": done.instructions if done else 0,
        "dispatch": done.dispatches + done.looked_up if done else 0,
    }


def tally_bare(instructions: int, seen: HardwareTraps) -> dict[str, int]:
    """Return how often each primitive has occurred on the bare machine, which has attempted so many instructions."""
    return {"step": instructions - seen.traps, "trap": seen.traps + seen.interrupts}


def names() -> tuple[str, ...]:
    """Return the names of the shipped tables."""
    found = (entry.name for entry in files(__package__).joinpath("costs").iterdir())
    return tuple(sorted(n.removesuffix(".toml") for n in found if n.endswith(".toml")))


@cache
def find(name: str) -> CostTable:
    """Return the shipped table of that name; raise `PopekError` with the nearest one if there is none."""
    if name not in names():
        hint = nearest(name, names()) or say(
            "shipped are {names}; a file's name ends in .toml", names=", ".join(names())
        )
        raise PopekError(Problem(say("there is no cost table `{name}`", name=printable(name)), hint=hint))
    file = f"{name}.toml"
    return parse(files(__package__).joinpath("costs", file).read_text("utf-8"), file)


def parse(text: str, file: str) -> CostTable:
    """Return the table that a TOML text is; raise `PopekError` with all that is wrong in it, and where."""
    reader = Reader(read(text, file))
    reader.only(("name", "title", "cycles", "source"), "key")
    reader.only(PRIMITIVES, "primitive", "cycles")
    reader.only(PRIMITIVES, "primitive", "source")
    cycles = {name: _price(reader, name) for name in PRIMITIVES}
    source = {name: reader.get(str, "source", name) or say("not said") for name in PRIMITIVES}
    name, title = (reader.get(str, key) for key in ("name", "title"))
    reader.finish()
    return CostTable(name or file, title or name or file, cycles, source)


def _price(reader: Reader, name: str) -> int:
    document = reader.document
    if name not in reader.table("cycles"):
        there = document.key("cycles") if "cycles" in document.data else document.value()
        reader.complain(
            say("`{name}` has no price", name=name),
            there,
            say("in [cycles]: {name} = 100   # {primitives}", name=name, primitives=PRIMITIVES[name]),
        )
        return 0
    value = reader.table("cycles")[name]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= DEAREST:
        return value
    message = say(
        "`{name}` takes a number of cycles, 0 to {dearest:,}, not {type_name}",
        name=name,
        dearest=DEAREST,
        type_name=type_name(value),
    )
    reader.complain(message, document.value("cycles", name))
    return 0
