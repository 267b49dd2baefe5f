"""Instructions: a name, operands, a sentence, a meaning, and what user mode sees of it.

The classes (privileged, sensitive, ...) are not declared here or anywhere: they are derived from the behaviour.
"""

from collections.abc import Mapping
from enum import Enum, unique
from functools import cached_property

from attrs import evolve, field, frozen

from popek.isa.behaviour import Behaviour, Cause, Trap
from popek.isa.encoding import Operand, encode, extract, operands
from popek.isa.expression import TRUE, Expr, element, operand
from popek.isa.slot import REGISTERS, SUPERVISOR
from popek.language.phrase import Phrase


@unique
class InUser(Enum):
    """The three usual things that user mode makes of an instruction; a `Behaviour` is the fourth."""

    TRAPS = "traps"
    EXECUTES = "executes"
    IGNORED = "ignored"


TRAPS, EXECUTES, IGNORED = InUser.TRAPS, InUser.EXECUTES, InUser.IGNORED

A, B, C, IMM = operand("a"), operand("b"), operand("c"), operand("imm")
ra, rb, rc = element(REGISTERS, A), element(REGISTERS, B), element(REGISTERS, C)
imm = IMM
"""The operands as expressions: the registers' values and the immediate."""


def _behaviour(value: object) -> Behaviour:
    if not isinstance(value, Behaviour):
        raise TypeError(f"a Behaviour was expected, not {type(value).__name__}: what cannot be data cannot be proved")
    return value


def _user(value: object) -> InUser | Behaviour:
    if isinstance(value, str):
        names = {each.value: f"popek.{each.name}" for each in InUser}
        meant = names.get(value) or " or ".join(names.values())
        raise TypeError(f"a Behaviour was expected, or {meant}, not the text {value!r}")
    return value if isinstance(value, InUser) else _behaviour(value)


@frozen(repr=False, cache_hash=True)
class Instruction:
    """One instruction of an ISA.

    `operands` is its assembly syntax, such as `ra, imm(rb)`. `does` is what it does in supervisor mode, and `in_user`
    what it does in every other mode: traps, executes (as in supervisor mode), is ignored, or a behaviour of its own.
    A behaviour that does not write the pc goes on to the next word.
    """

    name: str
    operands: str
    opcode: int
    doc: str = field(converter=Phrase)
    does: Behaviour = field(converter=_behaviour)
    in_user: InUser | Behaviour = field(default=EXECUTES, converter=_user)
    source: str = ""

    def __repr__(self) -> str:
        return f"<Instruction {self.name} {self.operands}".rstrip() + ">"

    @cached_property
    def format(self) -> tuple[Operand, ...]:
        """The operands, in the order in which they are written."""
        return operands(self.operands)

    @cached_property
    def supervisor(self) -> Behaviour:
        """What it does in supervisor mode, the next pc included."""
        return self.does.advancing()

    @cached_property
    def user(self) -> Behaviour:
        """What it does in any other mode, the next pc included."""
        if isinstance(self.in_user, Behaviour):
            return self.in_user.advancing()
        return {TRAPS: self.supervisor.trapping(PRIVILEGE_TRAP), EXECUTES: self.supervisor, IGNORED: NOTHING}[
            self.in_user
        ]

    def behaviour(self, mode: int) -> Behaviour:
        """Return what it does in that mode."""
        return self.supervisor if mode == SUPERVISOR else self.user

    def encode(self, values: Mapping[str, int]) -> int:
        """Return the instruction word for the values of its fields."""
        return encode(self.opcode, self.operands, values)

    def extract(self, word: int) -> dict[str, int] | None:
        """Return the values of its fields, or nothing if the word is not one of its encodings."""
        return extract(self.operands, word)

    def with_user(self, in_user: InUser | Behaviour) -> "Instruction":
        """Return the same instruction with another behaviour in user mode."""
        return evolve(self, in_user=in_user)

    def __str__(self) -> str:
        return self.name


INSTRUCTION_WORD: Expr = operand("word")
"""The instruction word itself, as the detail of the traps that store it."""

PRIVILEGE_TRAP = Trap(TRUE, Cause.PRIVILEGED, INSTRUCTION_WORD, privilege=True)
NOTHING = Behaviour().advancing()
