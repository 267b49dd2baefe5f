"""An ISA: instructions, the slots they work on, the translation, and the machine's step.

A variant is a named delta on another ISA, never a copy: `CLASSIC.vary("deaf", setie=IGNORED)`.
"""

from collections.abc import Mapping
from functools import cached_property

from attrs import evolve, frozen

from popek.errors import PopekError, Problem, nearest
from popek.isa.behaviour import Behaviour
from popek.isa.cycle import CYCLE, Cycle, tick
from popek.isa.encoding import OPCODE_LOW
from popek.isa.expression import Expr, legal, load, not_, operand
from popek.isa.instruction import Instruction, InUser
from popek.isa.slot import ARRAYS, BASE, BOUND, MODE, SLOTS, SUPERVISOR, Array, Role, Slot
from popek.isa.translation import RELOCATION_BOUNDS, Translation
from popek.language.phrase import say


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


@frozen(eq=False, repr=False)
class Isa:
    """An instruction set architecture. `year` is that of first delivery; `extends` names what it is a delta on.

    `story` says in a few words what it is to the history of virtualization, for a timeline.
    """

    name: str
    instructions: tuple[Instruction, ...]
    title: str = ""
    doc: str = ""
    year: int | None = None
    extends: str | None = None
    aliases: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = SLOTS
    arrays: tuple[Array, ...] = ARRAYS
    translation: Translation = RELOCATION_BOUNDS
    cycle: Cycle = CYCLE
    guest: GuestMode | None = None
    story: str = ""

    def __attrs_post_init__(self) -> None:
        for what in ("name", "opcode"):
            values = [getattr(i, what) for i in self.instructions]
            double = sorted({str(v) for v in values if values.count(v) > 1})
            if double:
                raise PopekError(
                    say(
                        "ISA {isa}: two instructions have the {what} {double}",
                        isa=self.name,
                        what=what,
                        double=", ".join(double),
                    )
                )
        self._check_names()
        self._check_slots()
        for instruction in self.instructions:
            self._check_state(instruction)
        if self.guest is not None:
            self._check_guest(self.guest)

    def _check_guest(self, guest: GuestMode) -> None:
        names = [s.name for s in self.slots]
        for slot in (*guest.copies, MODE, BASE, BOUND):
            if slot not in self.slots or slot not in guest.copies:
                raise PopekError(
                    Problem(
                        say("ISA {isa}: guest mode has no copy of `{slot}`", isa=self.name, slot=slot)
                        if slot in self.slots
                        else say(
                            "ISA {isa}: guest mode copies `{slot}`, which the ISA does not declare",
                            isa=self.name,
                            slot=slot,
                        ),
                        hint=nearest(slot.name, names)
                        if slot not in self.slots
                        else say("of mode and R it must have one"),
                    )
                )
        strange = [n for n in guest.exits if n not in self.by_name]
        if strange:
            hint = nearest(strange[0], self.by_name)
            raise PopekError(
                Problem(
                    say(
                        "ISA {isa}: `{strange}` leaves guest mode, and is no instruction",
                        isa=self.name,
                        strange=strange[0],
                    ),
                    hint=hint,
                )
            )

    def _check_names(self) -> None:
        """Refuse state that could be taken for other state, and a slot that begins with more than it holds."""
        names = [*(s.name for s in self.slots), *(a.name for a in self.arrays)]
        for name in names:
            if not name.isidentifier() or not name.isascii():
                message = say("ISA {isa}: `{name}` cannot be the name of a slot or an array", isa=self.name, name=name)
                raise PopekError(Problem(message, hint=say("take letters, digits and `_`, a letter first")))
            if names.count(name) > 1:
                raise PopekError(say("ISA {isa}: two slots or arrays are called `{name}`", isa=self.name, name=name))
        for slot in self.slots:
            if slot.bits is not None and not (isinstance(slot.reset, int) and 0 <= slot.reset < 1 << slot.bits):
                raise PopekError(
                    say(
                        "ISA {isa}: `{slot}` has {bits} bits, and is {reset} at reset",
                        isa=self.name,
                        slot=slot,
                        bits=slot.bits,
                        reset=slot.reset,
                    )
                )

    def _check_slots(self) -> None:
        needed = {s.clock: say("`{s}` sets when it runs out", s=s) for s in self.slots if s.clock is not None}
        needed |= {
            i.pending: say("asks for the {cause} interrupt", cause=i.cause.name.lower()) for i in self.cycle.interrupts
        }
        for slot, why in needed.items():
            if slot not in self.slots:
                message = say("ISA {isa}: `{slot}`, which {why}, is not declared", isa=self.name, slot=slot, why=why)
                raise PopekError(Problem(message, hint=say("add it to the ISA's slots")))
        for array in self.arrays:
            if array.size == "q" and array.role is Role.PROGRAM:
                message = say(
                    "ISA {isa}: `{array}` is program state, and as large as physical memory",
                    isa=self.name,
                    array=array,
                )
                raise PopekError(
                    Problem(
                        message, hint=say("a virtual machine has less memory: give a number, or make it a resource")
                    )
                )

    def _check_state(self, instruction: Instruction) -> None:
        declared = {*self.slots, *self.arrays}
        for behaviour in (instruction.supervisor, instruction.user):
            used = behaviour.reads | behaviour.writes.keys() | {getattr(e, "array", None) for e in behaviour.effects}
            strange = sorted(str(s) for s in used - declared - {None})
            if strange:
                raise PopekError(
                    Problem(
                        say(
                            "ISA {isa}: `{instruction}` uses {strange}, which the ISA does not declare",
                            isa=self.name,
                            instruction=instruction,
                            strange=", ".join(strange),
                        ),
                        hint=say("add it to the ISA's slots or arrays"),
                    )
                )

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
                    hint=nearest(name, self.by_name),
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
