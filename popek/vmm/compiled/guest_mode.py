"""A monitor that leaves its guest to the hardware's guest mode, and that hardware, as one compiled loop.

Guest mode is the machine's own step on another view of the state (`engine/guest_view.py`), and so it is here: the slots
that compiled code has are the guest's copies, and the real ones where there are none; memory is the allotment. What is
compiled for the bare machine, regions too, therefore serves as it is. The real slots of which the guest has copies are
kept beside, and both sets of clocks tick.
"""

from collections.abc import Iterator

from attrs import evolve, field, frozen

from popek.engine.native.attempt import Attempt, Ends, Trapping
from popek.engine.native.clocks import Clocks, touches
from popek.engine.native.context import Field
from popek.engine.native.expressions import Emission
from popek.engine.native.interpreter import Step
from popek.engine.native.views import Buffer, Buffered
from popek.isa.architecture import GuestMode, Isa
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.control_block import root_instructions
from popek.isa.cycle import Interrupt, tick
from popek.isa.instruction import Instruction
from popek.isa.slot import MEMORY, MODE, PC, Slot
from popek.vmm.compiled.quanta import Quanta, unseen_in_guest_mode
from popek.vmm.compiled.step import Compilation, MonitorStep


@frozen
class Outside(Buffered):
    """The real machine's own slots while the guest is in guest mode: of those with a copy, what is kept beside."""

    copied: frozenset[Slot] = field(kw_only=True)

    def place(self, slot: Slot) -> str:
        """Return the variable of a slot."""
        return f"%real.{slot.name}" if slot in self.copied else super().place(slot)


@frozen
class InGuestMode(Attempt):
    """Writes an attempt in guest mode, which some instructions leave; `leave` writes where they go."""

    leaving: frozenset[str] = field(kw_only=True)
    root: tuple[Instruction, ...] = field(kw_only=True)

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """What the opcodes stand for, to hardware that has a root mode."""
        return (*self.isa.instructions, *self.root)

    def decoded(self, instruction: Instruction, values: dict[str, str]) -> None:
        """Write what is done about an instruction."""
        if instruction.name in self.leaving:
            self.text.go("leave")
        else:
            super().decoded(instruction, values)


def leaving(isa: Isa, guest: GuestMode, controls: tuple[str, ...]) -> frozenset[str]:
    """Return the instructions that leave guest mode."""
    asked = (n for n in controls if n in isa.by_name)
    return frozenset((*guest.exits, *asked, *(i.name for i in root_instructions(guest))))


def staying(isa: Isa, guest: GuestMode, controls: tuple[str, ...]) -> Isa:
    """Return an ISA without the instructions that leave guest mode, for regions to be made of the others."""
    away = leaving(isa, guest, controls)
    return evolve(isa, instructions=tuple(i for i in isa.instructions if i.name not in away), guest=None)


class GuestStep(MonitorStep):
    """Writes the loop of a virtual machine in guest mode."""

    def __init__(self, made: Compilation) -> None:
        super().__init__(made)
        assert made.isa.guest is not None, f"{made.isa.name} has no guest mode"
        self._guest = made.isa.guest
        copied = frozenset(self._guest.copies)
        controls = made.monitor.controls
        self._leaving = leaving(made.isa, self._guest, controls)
        self._causes = [c for c in Cause if c.name.lower() in controls]
        buffers = {**self.virtual.buffers, MEMORY: Buffer("%array.phys", self.view.size)}
        self.virtual, self.running = evolve(self.virtual, buffers=buffers), self.view
        self.real = Outside("slot", self.view.size, self.view.buffers, copied=copied)
        own = tick(c for c in self._guest.copies if c.clock is not None)
        self.clocks = Clocks(self.text, (self.real, made.isa.tick), (self.view, own))
        counted = [c for c in made.isa.clocks if c not in copied]
        nobody = unseen_in_guest_mode(made.isa, copied, self._leaving)
        self.quanta = Quanta(self, counted, unseen=nobody)
        self._timed |= {MODE}
        self.keeps += len(copied)

    def _first(self) -> None:
        for n, slot in enumerate(self._guest.copies, len(self.isa.slots)):
            self.text.do(f"%real.{slot.name} = getelementptr inbounds i32, ptr %own, i64 {n}")
        super()._first()

    def load(self) -> None:
        """Load the guest's copies."""
        for slot in self._guest.copies:
            self.view.set_slot(self.text, slot, self.virtual.slot(self.text, slot))

    def kept(self) -> dict[str, str]:
        """Return what the recovery is over besides the real state: the copies as well."""
        copies = {f"guest.{s.name}": self.view.slot(self.text, s) for s in self._guest.copies}
        return {**super().kept(), **copies}

    # In guest mode.

    def attempt(self, ends: Ends) -> Attempt:
        """Return what writes an attempt."""
        ends = evolve(ends, executing=self._executing)
        root = root_instructions(self._guest)
        return InGuestMode(self.text, self.isa, self.view, ends, leaving=self._leaving, root=root)

    def _executing(self, behaviour: Behaviour) -> None:
        """Before what changes the virtual mode, count what was done in the other."""
        if touches(behaviour, frozenset((MODE,))):
            self._counted()

    def _counted(self) -> None:
        """Count what was done directly so far; all is settled."""
        self.directly(0)
        self.text.store(self.text.load("%left", "i64"), "%entered", "i64")

    def _interrupts(self) -> None:
        """Write the real interrupts, which leave, whatever `ie` is, and then the guest's own."""
        self._real_interrupts()
        super()._interrupts()

    def _real_interrupts(self) -> None:
        text = self.text
        for source in self.isa.cycle.interrupts:
            leaves, on = text.fresh("real"), text.fresh("on")
            pending = self.real.slot(text, source.pending)
            text.branch(text.value(f"icmp ne i32 {pending}, 0"), leaves, on, seldom=True)
            text.label(leaves)
            text.store(int(source.cause), "%swap.cause")
            text.go("leave.interrupted")
            text.label(on)

    def _interrupted(self, source: Interrupt) -> None:
        """Write an interrupt of the guest's; if a quantum ends just then, that comes first."""
        text = self.text
        self.quanta.shorten()
        self._real_interrupts()
        self._counted()
        pc = self.view.slot(text, PC)
        self.view.set_slot(text, source.pending, "0")
        self._swap(text.value(f"add i32 {pc}, {source.cause.old_pc}"), str(int(source.cause)), "0")
        self.add(Field.INTERRUPTS, 1)
        self.took()
        text.store(text.load("%left", "i64"), "%entered", "i64")
        text.go("watched")

    def _made(self, made: Trapping) -> None:
        if made.cause in self._causes:
            self.text.go("leave")
        else:
            Step._made(self, made)  # noqa: SLF001 - a trap in guest mode is the bare machine's

    def _trap(self) -> None:
        text = self.text
        text.label("trap")
        self.clocks.settle()
        self._counted()
        self._swap(*(text.load(f"%swap.{name}") for name in ("pc", "cause", "detail")))
        self.note_trapped(self._recovered())
        text.store(text.load("%left", "i64"), "%last.trap", "i64")
        text.go("watched.jump")
        self._watched()
        self._left()

    def _recovered(self) -> Iterator[str]:
        """Give the virtual slots of a guest that is inside, all being settled."""
        text = self.text
        loaded = text.value(f"add i64 {self.noted(Field.LOADED)}, {self.noted(Field.SKIPPED)}")
        kept = {**self.kept(), "loaded": text.value(f"trunc i64 {loaded} to i32")}
        recovery, emission = self.made.monitor.table(self.isa).recovery, Emission(text, self.real, kept)
        yield from (emission(recovery[slot]) for slot in self.isa.slots)

    # Out of it.

    def _left(self) -> None:
        """Write the ways out: an instruction, which the monitor attempts, its tick being done; and an interrupt."""
        text = self.text
        text.label("leave")
        self.clocks.settle()
        self._out(1)
        self.add(Field.GUEST_EXITS, 1)
        self.renew()
        self.fruitless()
        text.go("interpret")
        text.label("leave.interrupted")
        self._out(0)
        cause = text.load("%swap.cause")
        self.exited(cause)
        self.dispatch(cause)

    def _out(self, attempted: int) -> None:
        text = self.text
        self.quanta.shorten()
        text.store(attempted, "%attempted", "i64")
        self.directly(attempted)
        self.recover(self.real)

    def _finish(self) -> None:
        with self.text.only_if(self.text.value(f"icmp ne i64 {self.noted(Field.INSIDE)}, 0")):
            self.quanta.shorten()
        super()._finish()


def module(made: Compilation) -> str:
    """Return the loop of a virtual machine in guest mode, as LLVM's text."""
    return GuestStep(made).write()
