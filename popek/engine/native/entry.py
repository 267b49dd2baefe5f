"""Where the interpreter's loop looks for regions: at the target of a jump.

A table has, for some addresses, the compiled region that begins there; it is asked by the pc and by what the
translation of the pc depends on. An address that is often jumped to and has none is reported as hot; so is one whose
region has done as many steps as it may before it is made anew, better.
"""

from typing import TYPE_CHECKING

from popek.engine.native.context import ENTRIES, VALID, WORDS, Entry, Field
from popek.isa.architecture import Isa
from popek.isa.expression import subtrees
from popek.isa.slot import PC, Slot

if TYPE_CHECKING:
    from popek.engine.native.interpreter import Step

SHORTEST = 8
"""A region is not entered for fewer instructions than these."""

MORE = 1000
"""By how much a region may go beyond the steps that it may do, so that it always does some."""


MOST_BITS = 24
"""A region does at the most two to this many steps at a time, so that what it counts fits in a few bits more."""


def places(isa: Isa) -> tuple[Slot, ...]:
    """Return the slots that the place of the next instruction depends on, besides the pc."""
    return tuple({e.payload: None for root in isa.fetch for e in subtrees(root) if isinstance(e.payload, Slot)})


def write(step: "Step") -> None:
    """Write the block `jumped`: a region if there is one and it fits, or else the loop."""
    text = step.text
    text.label("jumped")
    quiet = text.load("%quiet", "i64")
    text.leave_if(text.value(f"icmp ult i64 {quiet}, {SHORTEST}"), "loop")
    key = pc = step.view.slot(text, PC)
    for slot in places(step.isa):
        key = text.value(f"add i32 {key}, {step.view.slot(text, slot)}")
    index = text.value(f"and i32 {key}, {ENTRIES - 1}")
    regions = text.load(step.field(Field.TABLE), "ptr")
    tag = text.at(regions, text.value(f"mul i32 {index}, {WORDS}"), "i64", by="i32")
    wanted = text.value(f"or i64 {step.tagged(text.value(f'zext i32 {pc} to i64'))}, {VALID}")
    found, missed = text.fresh("found"), text.fresh("missed")
    text.branch(text.value(f"icmp eq i64 {text.load(tag, 'i64')}, {wanted}"), found, missed)
    text.label(found)
    _call(step, tag, quiet)
    text.label(missed)
    counts = text.load(step.field(Field.COUNTS), "ptr")
    place = text.at(counts, index, "i32", by="i32")
    count = text.value(f"add i32 {text.load(place)}, 1")
    text.store(count, place)
    wide = text.value(f"zext i32 {count} to i64")
    text.leave_if(text.value(f"icmp ugt i64 {wide}, {step.noted(Field.THRESHOLD)}"), "hot")
    text.go("loop")
    text.label("hot")
    text.store(0, place)
    text.go("again")
    text.label("again")
    step.note(Field.HOT, pc, "i32")
    text.go("exit.hot")


def _call(step: "Step", tag: str, quiet: str) -> None:
    """Write the call of a region, for as many steps as are quiet; one that does none leaves the step to the loop."""
    text = step.text
    region = text.load(text.at(tag, int(Entry.CODE), "i64"), "ptr")
    place = text.at(tag, int(Entry.MAY), "i64")
    may = text.load(place, "i64")
    text.leave_if(text.value(f"icmp slt i64 {may}, 1"), "again")
    needs = text.load(text.at(tag, int(Entry.NEEDS), "i64"), "i64")
    text.leave_if(text.value(f"icmp ult i64 {quiet}, {needs}"), "loop")
    most = text.value(f"add i64 {may}, {MORE}")
    less = text.value(f"icmp ult i64 {most}, {quiet}")
    granted = text.value(f"select i1 {less}, i64 {most}, i64 {quiet}")
    less = text.value(f"icmp ult i64 {granted}, {1 << MOST_BITS}")
    granted = text.value(f"select i1 {less}, i64 {granted}, i64 {1 << MOST_BITS}")
    text.store(step.view.slot(text, PC), f"{step.view.place(PC)}.at")
    buffers = ", ".join(f"ptr {b.pointer}" for b in step.view.buffers.values())
    executed = text.value(f"call i64 {region}(ptr %ctx, ptr %slots, ptr %marks, {buffers}, i64 {granted})")
    text.leave_if(text.value(f"icmp eq i64 {executed}, 0"), "loop")
    text.store(text.value(f"sub i64 {may}, {executed}"), place, "i64")
    text.store(text.load(f"{step.view.place(PC)}.at"), step.view.place(PC))
    text.store(text.value(f"sub i64 {quiet}, {executed}"), "%quiet", "i64")
    step.add(Field.REGIONS, executed)
    step.returned()
    text.leave_if(text.value(f"icmp ne i64 {step.noted(Field.DIRTY)}, 0"), "exit.changed")
    text.go("jumped")


def indexed(isa: Isa, pc: int, slots: dict[Slot, int]) -> int:
    """Return where in the table the region at a pc belongs."""
    return (pc + sum(slots[s] for s in places(isa))) % ENTRIES
