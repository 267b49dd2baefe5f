"""Random instructions: small expressions over the state, random writes, guarded traps, references to memory.

They are there to find a behaviour that nobody thought of, on which two ways to decide a claim differ.
"""

from random import Random

from popek.isa.behaviour import Behaviour, Cause, Effect, Put, Store, Trap
from popek.isa.expression import (
    TRUE,
    Expr,
    Op,
    as_expr,
    both,
    either,
    element,
    eq,
    ite,
    legal,
    load,
    node,
    not_,
    real,
    slt,
    ult,
)
from popek.isa.instruction import EXECUTES, IGNORED, INSTRUCTION_WORD, TRAPS, A, Instruction, imm, ra, rb
from popek.isa.slot import CONSOLE_INPUT, CONSOLE_OUTPUT, DISK, MEMORY, PC, REGISTERS, SLOTS, Role, Slot

RESOURCES: tuple[Slot, ...] = tuple(s for s in SLOTS if s.role is Role.RESOURCE)
_OPERATORS = (Op.ADD, Op.SUB, Op.XOR, Op.AND, Op.OR)


def random_instruction(seed: int, *, wild: bool = False) -> Instruction:
    """Return the instruction of a seed, `ra, rb, imm`, named `random`.

    Unless it may be `wild`, its virtual addresses depend on program state alone, and it makes privilege traps in user
    mode alone: what shows in nothing but a memory trap, or in a privilege trap of the supervisor, is in no class.
    """
    return _Maker(Random(seed), wild=wild).instruction(seed)  # noqa: S311 - no secret, but a test case


def faults_alike(instruction: Instruction) -> bool:
    """Say whether an instruction makes memory traps for the same reasons in both modes.

    If not, and it is innocuous, the theorems do not speak of it: the paper sets pairs of states aside of which one
    makes such a trap, and a fault that one mode alone makes may show in no other pair.
    """
    in_modes = instruction.supervisor, instruction.user
    one, other = ({t.when for t in b.unprivileged().guards() if t.cause is Cause.MEMORY} for b in in_modes)
    return one == other


class _Maker:
    def __init__(self, random: Random, *, wild: bool) -> None:
        self.random, self.wild = random, wild
        self.tame = 0
        self.user = True

    def chance(self, one_in: int) -> bool:
        """Say yes, one time in so many."""
        return self.random.randrange(one_in) == 0

    def word(self, depth: int) -> Expr:
        """Return a word."""
        if depth == 0 or self.chance(3):
            return self.leaf()
        if self.chance(6):
            return self.reference(depth - 1)
        if self.chance(5):
            return ite(self.truth(depth - 1), self.word(depth - 1), self.word(depth - 1))
        return node(self.random.choice(_OPERATORS), self.word(depth - 1), self.word(depth - 1))

    def leaf(self) -> Expr:
        """Return a word of the state, an operand or a constant; a resource one time in three."""
        if self.chance(3) and not self.tame:
            return as_expr(self.random.choice(RESOURCES))
        if self.chance(8) and not self.tame:
            return element(MEMORY, self.random.randrange(16))
        return as_expr(self.random.choice((ra, rb, rb, imm, PC, 0, 1, 2, 3, -1)))

    def address(self, depth: int) -> Expr:
        """Return a virtual address."""
        self.tame += not self.wild
        address = self.word(depth)
        self.tame -= not self.wild
        return address

    def reference(self, depth: int) -> Expr:
        """Return a word of an array."""
        choice = self.random.randrange(4 if self.tame else 8)
        if choice < 3:
            return load(self.address(depth))
        if choice == 3:
            return element(REGISTERS, self.word(depth) & 3)
        if choice == 4:
            return real(self.address(depth))
        return element((MEMORY, CONSOLE_INPUT, DISK)[choice - 5], self.word(depth))

    def truth(self, depth: int) -> Expr:
        """Return a truth."""
        if depth and self.chance(4):
            return self.random.choice((both, either))(self.truth(depth - 1), self.truth(depth - 1))
        if self.chance(5):
            return not_(self.truth(depth))
        if self.chance(10) and not self.tame:
            return legal(self.address(max(depth - 1, 0)))
        comparison = self.random.choice((eq, eq, ult, ult, slt))
        return comparison(self.word(max(depth - 1, 0)), self.word(max(depth - 1, 0)))

    def trap(self) -> Trap:
        """Return a guarded trap, most often a privilege trap."""
        when = TRUE if self.chance(6) else self.truth(2)
        if not self.chance(3) and (self.user or self.wild):
            return Trap(when, Cause.PRIVILEGED, INSTRUCTION_WORD, privilege=True)
        return Trap(when, self.random.choice((Cause.ARITHMETIC, Cause.SVC, Cause.ILLEGAL)), self.word(1))

    def effect(self) -> Effect:
        """Return a write to an array, to registers and guest memory most often."""
        when = TRUE if self.chance(2) else self.truth(1)
        if not self.chance(3):
            return Put(REGISTERS, A, self.word(2), when)
        if not self.chance(3):
            return Store(self.address(1), self.word(1), when)
        return Put(self.random.choice((MEMORY, CONSOLE_OUTPUT)), self.word(1), self.word(1), when)

    def behaviour(self, *, user: bool) -> Behaviour:
        """Return a behaviour with a few writes and traps."""
        self.user = user
        slots = self.random.sample((PC, *RESOURCES), self.random.choice((0, 0, 1, 1, 2)))
        effects = [self.effect() for _ in range(self.random.choice((0, 1, 1, 2)))]
        traps = [self.trap() for _ in range(self.random.choice((0, 0, 0, 1, 2)))]
        return Behaviour({s: self.word(2) for s in slots}, effects, traps)

    def instruction(self, seed: int) -> Instruction:
        """Return an instruction, with one of the usual behaviours in user mode, or one of its own."""
        does = self.behaviour(user=False)
        apart = self.behaviour(user=True)
        own = (does.trapping(self.trap()), does.trapping(self.trap()), apart)
        in_user = self.random.choice((TRAPS, EXECUTES, EXECUTES, IGNORED, *own))
        return Instruction("random", "ra, rb, imm", 0x60, f"Random behaviour {seed}.", does, in_user)
