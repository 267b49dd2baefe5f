"""Values that an instruction may tell apart: its own constants and bit fields, and the ends of a guest's memory.

A guest program that shows a refutation has to give the instruction operands, and words in memory, on which the two
machines go apart. What those may be is read off the behaviour: only what it mentions is varied.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice, product
from random import Random

from attrs import field, frozen

from popek.isa.behaviour import Behaviour, Copy, Store
from popek.isa.encoding import WORD_MASK, Operand
from popek.isa.expression import Expr, Op, element, operand, subtrees
from popek.isa.instruction import IMM, Instruction, ra, rb, rc
from popek.isa.slot import MEMORY, REGISTERS, Array, Slot
from popek.vmm.allotment import Allotment

ALLOTMENT = Allotment(64, 64)
"""Where the guest is, in the little machine on which witnesses are run."""

_REGISTERS = (ra, rb, rc)
_SIZE = ALLOTMENT.size
_USUAL = (0, 1, 2, 3, 4, 8, 16, 40, _SIZE - 1, _SIZE, _SIZE + 1, 2 * _SIZE, 2 * _SIZE + 36, WORD_MASK)


@frozen
class Variant:
    """One choice of what an instruction is given: registers, the immediate, words of memory by virtual address.

    `fields` are the instruction's own, by name: which registers it names, and the immediate.
    """

    fields: Mapping[str, int]
    registers: Mapping[int, int] = field(factory=dict)
    words: Mapping[int, int] = field(factory=dict)


Bits = tuple[int, int]
"""The lowest bit of a field, and the mask above it."""


@frozen
class Mentions:
    """What the behaviours of an instruction, in either mode, mention."""

    operands: tuple[Operand, ...]
    """Those registers, named by operands, of which the value matters."""
    registers: tuple[int, ...]
    """Registers that are always the same ones."""
    immediate: Operand | None
    memory: bool
    slots: frozenset[Slot]
    values: tuple[int, ...]
    """Constants, and each constant in each bit field; then the usual ones."""
    bits: "Mapping[Expr | None, tuple[Bits, ...]]"
    """Bit fields of a register that are looked at; under nothing, those of whatever is no register, such as memory."""
    compared: Mapping[Expr, tuple[int, ...]]
    """What an operand, or a register, is itself compared with."""


@cache
def mentions(instruction: Instruction) -> Mentions:
    """Return what an instruction's behaviours mention."""
    nodes = [n for b in (instruction.supervisor, instruction.user) for n in _nodes(b)]
    indices = [n.args[0] for n in nodes if n.op is Op.ELEMENT and n.payload is REGISTERS]
    named = {i.payload for i in indices if i.op is Op.OPERAND}
    fields = list(_bits(nodes))
    leaves = {leaf for leaf, _ in fields}
    every = tuple(dict.fromkeys(f for _, f in fields))
    slots: set[Slot | Array] = set()
    for behaviour in (instruction.supervisor, instruction.user):
        slots |= behaviour.reads | behaviour.writes.keys()
    immediates = [o for o in instruction.format if not o.register]
    mentioned = {n.payload for n in nodes if n.op is Op.OPERAND}
    return Mentions(
        tuple(o for o in instruction.format if o.register and o.field.name in named),
        tuple(sorted({i.payload for i in indices if i.op is Op.CONST and isinstance(i.payload, int)})),
        next((o for o in immediates if o.field.name in mentioned), None),
        any(n.op in (Op.LOAD, Op.REAL, Op.LEGAL) or n.payload is MEMORY for n in nodes) or _stores(instruction),
        frozenset(s for s in slots if isinstance(s, Slot)),
        tuple(dict.fromkeys(v & WORD_MASK for v in (*_constants(nodes, every), *_USUAL))),
        {leaf: tuple(dict.fromkeys(f for other, f in fields if other is leaf)) for leaf in leaves},
        {leaf: tuple(dict.fromkeys(_compared(nodes, leaf))) for leaf in (*_REGISTERS, IMM)},
    )


def _nodes(behaviour: Behaviour) -> Iterator[Expr]:
    """Give every node of everything that a behaviour evaluates."""
    roots = [e for t in behaviour.guards() for e in (t.when, t.detail)]
    for root in (*roots, *behaviour.values()):
        yield from subtrees(root)


def _stores(instruction: Instruction) -> bool:
    effects = (*instruction.supervisor.effects, *instruction.user.effects)
    return any(isinstance(e, Store | Copy) or e.array is MEMORY for e in effects)


def _bits(nodes: list[Expr]) -> Iterator[tuple[Expr | None, Bits]]:
    """Give the bit fields that are looked at, each with the register that it is of."""
    masked: set[Expr] = set()
    for node in nodes:
        if node.op is Op.AND:
            for mask, other in (node.args, node.args[::-1]):
                if mask.op is Op.CONST:
                    masked.add(other)
                    yield _register(other), (_shift(other), _number(mask) & WORD_MASK)
    yield from ((_register(n), (_shift(n), 1)) for n in nodes if n.op is Op.LSHR and _shift(n) and n not in masked)


def _register(node: Expr) -> Expr | None:
    """Return the register that a node is, or is shifted; nothing if it is something else."""
    under = node.args[0] if _shift(node) else node
    return under if under.op is Op.ELEMENT and under.payload is REGISTERS else None


def _shift(node: Expr) -> int:
    """Return by how much a node is shifted right, if by a constant."""
    return _number(node.args[1]) & 31 if node.op is Op.LSHR and node.args[1].op is Op.CONST else 0


def _compared(nodes: list[Expr], leaf: Expr) -> Iterator[int]:
    """Give the constants that a leaf is compared with."""
    for node in nodes:
        if node.op in (Op.EQ, Op.ULT, Op.SLT) and leaf in node.args:
            yield from (_number(a) for a in node.args if a.op is Op.CONST)


def _constants(nodes: list[Expr], bits: tuple[Bits, ...]) -> Iterator[int]:
    found = dict.fromkeys(_number(n) for n in nodes if n.op is Op.CONST)
    for number in found:
        yield number
        yield from (number << low for low, mask in bits if number <= mask)
    for number in found:
        yield from (number + 1, number - 1)


def _number(constant: Expr) -> int:
    assert isinstance(constant.payload, int)
    return constant.payload


def variants(instruction: Instruction, *, first: int = 1, seed: int = 0) -> Iterator[Variant]:
    """Give choices without end, the simplest ones first; registers are numbered from `first`.

    If nothing is to be chosen there is only one. Deterministic: the same for the same seed.
    """
    about = mentions(instruction)
    registers = [o for o in instruction.format if o.register]
    numbers = {o.field.name: n for n, o in enumerate(registers, start=first)}
    plain = {**numbers, **{o.field.name: 1 if o.relative else 0 for o in instruction.format if not o.register}}
    yield Variant(plain)
    if len(registers) > 1:
        yield Variant({**plain, **dict.fromkeys(numbers, first)})
    free = {numbers[o.field.name]: element(REGISTERS, operand(o.field.name)) for o in about.operands}
    free |= {n: element(REGISTERS, n) for n in about.registers}
    if not (free or about.immediate or about.memory):
        return
    immediates = [{about.immediate.field.name: v} for v in about.compared[IMM]] if about.immediate else []
    last = (_SIZE - 1,) if about.memory else ()
    for value, immediate in product((5, 40, 1, 2, 3, 100, _SIZE, *last), [*immediates, {}]):
        yield Variant({**plain, **immediate}, dict.fromkeys(free, value))
    draw = _Draw(about, Random(seed))  # noqa: S311 - no secret, but a choice that is to be repeated
    while True:
        one = draw.random.random() < 0.1 and len(registers) > 1
        fields = {**plain, **(dict.fromkeys(numbers, first) if one else {})}
        if about.immediate is not None and draw.random.random() < 0.7:
            fields[about.immediate.field.name] = draw.immediate(about.immediate)
        chosen = {first if one else n: draw.word(leaf) for n, leaf in free.items()}
        yield Variant(fields, chosen, {a: draw.fields() for a in range(_SIZE)} if about.memory else {})


@frozen
class _Draw:
    """Draws words that an instruction may tell from others."""

    about: Mentions
    random: Random

    def word(self, leaf: Expr) -> int:
        """Return a word for a register: what it is compared with, one of the values, or bit fields."""
        compared = self.about.compared.get(leaf)
        if compared and any(compared) and self.random.random() < 0.5:
            return self.random.choice(compared) & WORD_MASK
        return self.fields(leaf) if self.random.random() < 0.6 else self.random.choice(self.about.values)

    def fields(self, leaf: Expr | None = None) -> int:
        """Return a word in which every bit field that is looked at holds something, or one of the values."""
        bits = self.about.bits.get(leaf)
        if not bits or self.random.random() < 0.1:
            return self.random.choice(self.about.values)
        word = 0
        for low, mask in bits:
            word |= self._part(mask) << low
        return word & WORD_MASK

    def _part(self, mask: int) -> int:
        if mask < _SIZE:
            return self.random.choice((0, mask, mask if mask == 1 else 0, self.random.randrange(mask + 1)))
        return self.random.choice((0, 0, mask, self.random.randrange(_SIZE), self.random.randrange(_SIZE))) & mask

    def immediate(self, given: Operand) -> int:
        """Return an immediate, most of them small."""
        if self.about.compared[IMM] and self.random.random() < 0.8:
            return self.random.choice(self.about.compared[IMM])
        usual = [1, 2, 3, 16, 40, *([-1] if given.field.signed and not given.relative else [])]
        fitting = [v for v in self.about.values if v in given.field.span and (v or not given.relative)]
        return self.random.choice([*usual, *fitting])


def few(instruction: Instruction, count: int, *, first: int = 1, seed: int = 0) -> list[Variant]:
    """Return the first so many choices."""
    return list(islice(variants(instruction, first=first, seed=seed), count))
