"""An ISA: instructions, the slots they work on, the translation, and the machine's step.

A variant is a named delta on another ISA, never a copy: `CLASSIC.vary("deaf", setie=IGNORED)`.
"""

from collections.abc import Mapping
from functools import cached_property

from attrs import evolve, field, frozen

from popek.errors import PopekError, Problem, nearest
from popek.isa import wellformed
from popek.isa.behaviour import Behaviour
from popek.isa.cycle import CYCLE, Cycle, tick
from popek.isa.encoding import OPCODE_LOW
from popek.isa.expression import Expr, legal, load, not_, operand
from popek.isa.instruction import Instruction, InUser
from popek.isa.slot import ARRAYS, SLOTS, SUPERVISOR, Array, Slot
from popek.isa.translation import RELOCATION_BOUNDS, Translation
from popek.language.phrase import Phrase, say


@frozen
class Decoded:
    """An instruction word taken apart: the instruction and the values of its operand fields."""

    instruction: Instruction
    values: Mapping[str, int]
    word: int


@frozen
class GuestMode:
    """A mode for virtual machines, in hardware.

    The guest has `copies` of some resources of its own: of mode and R at least. Addresses are translated twice, and the
    instructions in `exits` leave the mode, in whatever mode the guest believes to be.
    """

    copies: tuple[Slot, ...]
    exits: tuple[str, ...]


@frozen(eq=False)
class Rings:
    """More than two modes: rings, of which all but the innermost are user mode, and memory that is not for all of them.

    Both tables say, over the guest's own slots, what stands in the slots that decide it while a guest runs directly in
    real user mode: `least`, if all of the guest is put in the least privileged ring; `compressed`, if its two innermost
    rings are put in the second one, and each other one where it was.
    """

    least: Mapping[Slot, Expr]
    compressed: Mapping[Slot, Expr]


@frozen(eq=False, repr=False)
class Isa:
    """An instruction set architecture. `year` is that of first delivery; `extends` names what it is a delta on.

    `story` says in a few words what it is to the history of virtualization, for a timeline.
    """

    name: str
    instructions: tuple[Instruction, ...]
    title: str = field(default="", converter=Phrase)
    doc: str = field(default="", converter=Phrase)
    year: int | None = None
    extends: str | None = None
    aliases: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = SLOTS
    arrays: tuple[Array, ...] = ARRAYS
    translation: Translation = RELOCATION_BOUNDS
    cycle: Cycle = CYCLE
    guest: GuestMode | None = None
    rings: Rings | None = None
    story: str = field(default="", converter=Phrase)

    def __attrs_post_init__(self) -> None:
        wellformed.check(self)

    @cached_property
    def by_name(self) -> Mapping[str, Instruction]:
        """The instructions by mnemonic."""
        return {i.name: i for i in self.instructions}

    @cached_property
    def _by_opcode(self) -> Mapping[int, Instruction]:
        return {i.opcode: i for i in self.instructions}

    def __getitem__(self, name: str) -> Instruction:
        """Return the instruction of that name; raise `PopekError` with the nearest one if there is none."""
        if name not in self.by_name:
            raise PopekError(
                Problem(
                    say("{isa} has no instruction `{name}`", isa=self.name, name=name),
                    hint=nearest(name, self.by_name) or say("`popek isa ISA` lists its instructions"),
                )
            )
        return self.by_name[name]

    def decode(self, word: int) -> Decoded | None:
        """Take an instruction word apart; nothing if it is an illegal opcode."""
        instruction = self._by_opcode.get(word >> OPCODE_LOW)
        values = instruction.extract(word) if instruction else None
        return None if instruction is None or values is None else Decoded(instruction, values, word)

    @cached_property
    def _lowered(self) -> dict[tuple[str, bool], Behaviour]:
        return {}

    def lowered(self, instruction: Instruction, mode: int) -> Behaviour:
        """Return what an instruction does in a mode, with its references to memory made explicit."""
        key = instruction.name, mode == SUPERVISOR
        if key not in self._lowered:
            self._lowered[key] = instruction.behaviour(mode).lower(self.translation)
        return self._lowered[key]

    @cached_property
    def fetch(self) -> tuple[Expr, Expr]:
        """Whether the fetch at the operand `pc` faults, and the word that it gets."""
        pc = operand("pc")
        return self.translation.lower(not_(legal(pc))), self.translation.lower(load(pc))

    @cached_property
    def clocks(self) -> tuple[Slot, ...]:
        """The slots that count down by themselves."""
        return tuple(s for s in self.slots if s.clock is not None)

    @cached_property
    def tick(self) -> Behaviour:
        """One tick of every clock."""
        return tick(self.slots)

    def vary(
        self,
        name: str,
        changes: Mapping[str, InUser | Behaviour | Instruction] | None = None,
        /,
        *,
        title: str = "",
        doc: str = "",
        **named: InUser | Behaviour | Instruction,
    ) -> "Isa":
        """Return a variant: some instructions with another behaviour in user mode, or replaced, or added.

        Names with a hyphen go into `changes`, others may be keywords. An `Instruction` replaces the one of its name,
        or is added.
        """
        delta = {**(changes or {}), **named}
        table = dict(self.by_name)
        for mnemonic, change in delta.items():
            if isinstance(change, Instruction):
                table[mnemonic] = change
            else:
                table[mnemonic] = self[mnemonic].with_user(change)
        return evolve(
            self,
            name=name,
            title=title or name,
            doc=doc,
            year=None,
            story="",
            aliases=(),
            extends=self.name,
            instructions=tuple(table.values()),
        )

    def __repr__(self) -> str:
        return f"<Isa {self.name}: {len(self.instructions)} instructions>"
