"""Expressions: what an instruction computes, as data.

An expression is an immutable tree over the state before the instruction. It has no width: a domain (`domain.py`)
gives it one, and a meaning. Trees are hash-consed: equal trees are one object, so `==` and `is` agree, a table keyed
by an expression is cheap, and a shared part is evaluated once.

There are two sorts, words and truths. Nothing here simplifies: `x + 0` stays as it was written.
"""

from collections.abc import Callable, Iterator
from enum import Enum, unique
from functools import cached_property
from typing import Any

from attrs import field, frozen

from popek.isa.slot import Array, Slot


@unique
class Sort(Enum):
    """What an expression's value is: a machine word, or a truth."""

    WORD = "word"
    TRUTH = "truth"


@unique
class Op(Enum):
    """Every kind of node. The sign is in the name: `ULT` compares unsigned, `SLT` signed."""

    # Leaves: a constant, a slot's value, an operand of the instruction, the size of physical memory in words.
    CONST = "const"
    SLOT = "slot"
    OPERAND = "operand"
    SIZE = "size"
    # Parts of the state. An ELEMENT of an array is physical. LOAD, REAL and LEGAL take a *virtual* address; what
    # translates it belongs to the machine (`translation.py`), not to the instruction.
    ELEMENT = "element"
    LOAD = "load"
    REAL = "real"
    LEGAL = "legal"
    # Words. Every operator is total: division by zero gives all ones, the remainder by zero gives the dividend
    # (as in SMT-LIB), and a shift by the width or more shifts everything out.
    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    UDIV = "udiv"
    UREM = "urem"
    AND = "and"
    OR = "or"
    XOR = "xor"
    SHL = "shl"
    LSHR = "lshr"
    ASHR = "ashr"
    # Comparisons, from words to a truth.
    EQ = "eq"
    ULT = "ult"
    SLT = "slt"
    # Truths.
    TRUE = "true"
    FALSE = "false"
    NOT = "not"
    BOTH = "both"
    EITHER = "either"
    # Choice: a truth and two words.
    ITE = "ite"

    __hash__ = object.__hash__  # a member is equal to itself alone, and tables by operator are read all the time


_W, _T = Sort.WORD, Sort.TRUTH

OPERATORS: dict[Op, tuple[tuple[Sort, ...], Sort]] = {
    **dict.fromkeys(
        (Op.ADD, Op.SUB, Op.MUL, Op.UDIV, Op.UREM, Op.AND, Op.OR, Op.XOR, Op.SHL, Op.LSHR, Op.ASHR),
        ((_W, _W), _W),
    ),
    **dict.fromkeys((Op.EQ, Op.ULT, Op.SLT), ((_W, _W), _T)),
    **dict.fromkeys((Op.TRUE, Op.FALSE), ((), _T)),
    **dict.fromkeys((Op.BOTH, Op.EITHER), ((_T, _T), _T)),
    Op.NOT: ((_T,), _T),
    Op.ITE: ((_T, _W, _W), _W),
}
"""The operators that a domain must give a meaning: the sorts they take and the sort they give."""

STATEFUL: dict[Op, tuple[tuple[Sort, ...], Sort]] = {
    Op.CONST: ((), _W),
    Op.SLOT: ((), _W),
    Op.OPERAND: ((), _W),
    Op.SIZE: ((), _W),
    Op.ELEMENT: ((_W,), _W),
    Op.LOAD: ((_W,), _W),
    Op.REAL: ((_W,), _W),
    Op.LEGAL: ((_W,), _T),
}
"""The nodes whose meaning comes from the state, the instruction word or the translation."""

SIGNATURES = OPERATORS | STATEFUL

Payload = int | str | Slot | Array | None


@frozen(eq=False, repr=False)
class Expr:
    """A node. Build one with the functions below; `Expr` itself does not hash-cons."""

    op: Op
    args: tuple["Expr", ...] = ()
    payload: Payload = field(default=None)

    @property
    def sort(self) -> Sort:
        """Whether this is a word or a truth."""
        return SIGNATURES[self.op][1]

    @cached_property
    def mentions(self) -> frozenset[Slot | Array]:
        """Every slot and array in it."""
        found: frozenset[Slot | Array] = frozenset()
        if isinstance(self.payload, Slot | Array):
            found = frozenset((self.payload,))
        for arg in self.args:
            found = found | arg.mentions if found else arg.mentions
        return found

    @cached_property
    def references(self) -> tuple["Expr", ...]:
        """Every virtual address at which it refers to memory, in the order in which it does."""
        found = dict.fromkeys(a for arg in self.args for a in arg.references)
        if self.op is Op.LOAD or self.op is Op.REAL:
            found[self.args[0]] = None
        return tuple(found)

    @cached_property
    def operands(self) -> frozenset[str]:
        """The name of every operand in it."""
        if self.op is Op.OPERAND:
            return frozenset((str(self.payload),))
        return _union([a.operands for a in self.args])

    @cached_property
    def ops(self) -> frozenset[Op]:
        """Every kind of node in it."""
        return _OWN[self.op] | _union([a.ops for a in self.args])

    def with_args(self, args: tuple["Expr", ...]) -> "Expr":
        """Return the same kind of node with other arguments, of the same sorts."""
        return _intern(self.op, args, self.payload)

    def __add__(self, other: "Word") -> "Expr":
        return node(Op.ADD, self, other)

    def __sub__(self, other: "Word") -> "Expr":
        return node(Op.SUB, self, other)

    def __mul__(self, other: "Word") -> "Expr":
        return node(Op.MUL, self, other)

    def __and__(self, other: "Word") -> "Expr":
        return node(Op.AND, self, other)

    def __or__(self, other: "Word") -> "Expr":
        return node(Op.OR, self, other)

    def __xor__(self, other: "Word") -> "Expr":
        return node(Op.XOR, self, other)

    def __bool__(self) -> bool:
        raise TypeError(f"the truth of {self} is not known before it is evaluated; use ite(), both(), either()")

    def __reduce__(self) -> tuple[Callable[..., "Expr"], tuple[object, ...]]:
        return _intern, (self.op, self.args, self.payload)

    def __repr__(self) -> str:
        return show(self)


_OWN = {op: frozenset((op,)) for op in Op}


def _union(sets: list[frozenset[Any]]) -> frozenset[Any]:
    """Join sets, most of which say the same or nothing."""
    found: frozenset[Any] = frozenset()
    for each in sets:
        if not found >= each:
            found = found | each if found else each
    return found


Word = Expr | Slot | int
"""What the builders below take for a word: an expression, a slot (its value), or an integer (a constant)."""

_nodes: dict[tuple[Op, tuple[Expr, ...], Payload], Expr] = {}
"""Every node there is. None is ever forgotten: what is known of a node, and what was proved, is kept by the node."""


def _intern(op: Op, args: tuple[Expr, ...], payload: Payload) -> Expr:
    key = (op, args, payload)
    found = _nodes.get(key)
    if found is None:
        found = _nodes.setdefault(key, Expr(op, args, payload))
    return found


def as_expr(value: Word) -> Expr:
    """Turn an integer into a constant and a slot into its value; an expression stays itself."""
    if isinstance(value, Expr):
        return value
    if isinstance(value, Slot):
        return _intern(Op.SLOT, (), value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"an expression was expected, not {value!r} ({type(value).__name__})")
    return _intern(Op.CONST, (), value)


def node(op: Op, *args: Word, payload: Payload = None) -> Expr:
    """Build a node, its arguments checked against the operator's signature."""
    built = tuple([a if type(a) is Expr else as_expr(a) for a in args])
    found = _nodes.get((op, built, payload))
    if found is not None:
        return found
    takes = SIGNATURES[op][0]
    given = tuple(a.sort for a in built)
    if given != takes:
        want = ", ".join(s.value for s in takes)
        raise TypeError(f"{op.value} takes ({want}), not ({', '.join(s.value for s in given)})")
    return _intern(op, built, payload)


def unchecked(op: Op, *args: Expr) -> Expr:
    """Build a node without a payload, of arguments that are known to be right: what a domain of expressions does."""
    return _intern(op, args, None)


TRUE = node(Op.TRUE)
FALSE = node(Op.FALSE)
SIZE = node(Op.SIZE)
"""The number of words of physical memory, q."""


def operand(name: str) -> Expr:
    """Return the value of the instruction's operand field of that name."""
    return node(Op.OPERAND, payload=name)


def element(array: Array, index: Word) -> Expr:
    """Return the word of `array` at `index`; for memory the index is a physical address."""
    return node(Op.ELEMENT, index, payload=array)


def load(address: Word) -> Expr:
    """Return the word at a virtual address; where the address is not legal, the instruction makes a memory trap."""
    return node(Op.LOAD, address)


def real(address: Word) -> Expr:
    """Return the physical address of a virtual one; where it is not legal, the instruction makes a memory trap."""
    return node(Op.REAL, address)


def legal(address: Word) -> Expr:
    """Say whether a virtual address may be referred to."""
    return node(Op.LEGAL, address)


def udiv(a: Word, b: Word) -> Expr:
    """Divide, unsigned; by zero: all ones."""
    return node(Op.UDIV, a, b)


def urem(a: Word, b: Word) -> Expr:
    """Return the unsigned remainder; by zero: `a`."""
    return node(Op.UREM, a, b)


def shl(a: Word, b: Word) -> Expr:
    """Shift left by `b`, unsigned; by the width or more: zero."""
    return node(Op.SHL, a, b)


def lshr(a: Word, b: Word) -> Expr:
    """Shift right and fill with zeros."""
    return node(Op.LSHR, a, b)


def ashr(a: Word, b: Word) -> Expr:
    """Shift right and fill with the sign."""
    return node(Op.ASHR, a, b)


def eq(a: Word, b: Word) -> Expr:
    """Say whether two words are equal; Python's `==` says whether two *trees* are."""
    return node(Op.EQ, a, b)


def ne(a: Word, b: Word) -> Expr:
    """Say whether two words differ."""
    return not_(eq(a, b))


def ult(a: Word, b: Word) -> Expr:
    """Compare unsigned."""
    return node(Op.ULT, a, b)


def slt(a: Word, b: Word) -> Expr:
    """Compare as two's complement."""
    return node(Op.SLT, a, b)


def not_(a: Expr) -> Expr:
    """Negate a truth."""
    return node(Op.NOT, a)


def both(*truths: Expr) -> Expr:
    """Join truths by "and"."""
    return _fold(Op.BOTH, TRUE, truths)


def either(*truths: Expr) -> Expr:
    """Join truths by "or"."""
    return _fold(Op.EITHER, FALSE, truths)


def ite(condition: Expr, then: Word, otherwise: Word) -> Expr:
    """Choose between two words."""
    return node(Op.ITE, condition, then, otherwise)


def _fold(op: Op, empty: Expr, truths: tuple[Expr, ...]) -> Expr:
    if not truths:
        return empty
    result = truths[0]
    for truth in truths[1:]:
        result = node(op, result, truth)
    return result


def subtrees(expr: Expr) -> Iterator[Expr]:
    """Walk every distinct node once, arguments before what uses them."""
    seen: set[Expr] = set()
    stack = [(expr, False)]
    while stack:
        here, expanded = stack.pop()
        if here in seen:
            continue
        if expanded:
            seen.add(here)
            yield here
        else:
            stack.append((here, True))
            stack.extend((a, False) for a in reversed(here.args))


def rewrite(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Rebuild a tree from its leaves up; `change` sees each node once, its arguments already rewritten."""
    done: dict[Expr, Expr] = {}
    for here in subtrees(expr):
        args = tuple(done[a] for a in here.args)
        done[here] = change(here if args == here.args else _intern(here.op, args, here.payload))
    return done[expr]


_INFIX = {
    Op.ADD: "+", Op.SUB: "-", Op.MUL: "*", Op.AND: "&", Op.OR: "|", Op.XOR: "^", Op.EQ: "=", Op.ULT: "<",
    Op.SLT: "<s", Op.BOTH: "and", Op.EITHER: "or", Op.SHL: "<<", Op.LSHR: ">>", Op.ASHR: ">>s",
    Op.UDIV: "/", Op.UREM: "%",
}  # fmt: skip

_LEAVES: dict[Op, Callable[[Expr], str]] = {
    Op.CONST: lambda e: str(e.payload),
    Op.SLOT: lambda e: getattr(e.payload, "name", ""),
    Op.OPERAND: lambda e: str(e.payload),
    Op.SIZE: lambda _: "q",
    Op.TRUE: lambda _: "true",
    Op.FALSE: lambda _: "false",
}


def show(expr: Expr) -> str:
    """Write an expression as people do: `ra + rb`, `mem[a]` for a virtual address, `phys[a]` for a physical one."""
    if expr.op in _LEAVES:
        return _LEAVES[expr.op](expr)
    args = [show(a) for a in expr.args]
    if expr.op is Op.ELEMENT:
        assert isinstance(expr.payload, Array)
        of_operand = expr.args[0].op is Op.OPERAND and expr.payload.name == "registers"
        return f"r{args[0]}" if of_operand else f"{expr.payload.name}[{args[0]}]"
    if expr.op is Op.LOAD:
        return f"mem[{args[0]}]"
    if expr.op in _INFIX:
        return "(" + f" {_INFIX[expr.op]} ".join(args) + ")"
    if expr.op is Op.ITE:
        return f"(if {args[0]} then {args[1]} else {args[2]})"
    return f"{expr.op.value}({', '.join(args)})"
