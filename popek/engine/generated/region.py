"""A region: the hot code around an entry as one Python function, with the registers that it uses in local variables.

It consists of *heads*, each a loop around a tree of paths: from the head on, instruction after instruction, both ways
at every branch, to where a path comes back to a head, gets too long, or reaches what is not for compiled code. A head
is entered only if there is time for its longest path; so nothing is counted on the way, and every way out knows how
many instructions were done. An instruction that traps is not done: the way out is before it. After a store to marked
code the way out is behind it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from popek.engine.generated.piece import Part, Piece, Place
from popek.engine.generated.source import Writer
from popek.engine.simplify import value
from popek.engine.state import State
from popek.isa.behaviour import Put
from popek.isa.encoding import WORD_MASK
from popek.isa.expression import TRUE, Expr, Op
from popek.isa.slot import MEMORY, PC, Array, Slot

LONGEST_PATH = 48
"""Instructions on one path. Time that is left and shorter than a path is spent outside compiled code."""

LARGEST = 240
"""Instructions that the source of one region has, counted as often as they occur."""

HEADS = 12
COPIES = 2
"""How often an instruction may occur in one tree before it becomes a head of its own."""

DEEPEST = 16
"""Branches on one path: each is a level of indentation, of which Python allows a hundred."""

_LEAVE = "@leave"


@frozen(eq=False)
class Region:
    """Compiled code: `run` does at most `n` instructions from a head on, and returns how many are left of them.

    `heads` are numbers by virtual address; `words` the code that it was made from, as stretches of
    physical memory.
    """

    run: Callable[[int, int], int] = field(repr=False)
    heads: Mapping[int, int]
    words: tuple[tuple[int, Sequence[int]], ...] = field(repr=False)
    source: str = field(repr=False)


@define
class _Names:
    """Variables for parts of the state, numbered as they are met."""

    size: int
    parts: dict[Part, str] = field(factory=dict)
    written: dict[Part, str] = field(factory=dict)

    def part(self, part: Part) -> str:
        """Return the variable of a part of the state."""
        return self.parts.setdefault(part, f"v{len(self.parts)}")

    def writes(self, part: Part) -> str:
        """Return the variable of a part that is written."""
        return self.written.setdefault(part, self.part(part))

    def slot(self, slot: Slot) -> str:
        """Return a slot's variable."""
        return self.part(slot)

    def operand(self, name: str) -> str:
        """Refuse: operands are constants here."""
        raise AssertionError(name)

    def element(self, array: Array, index: Expr, text: str, limit: int) -> str:
        """Return an element: a variable, or a word of memory."""
        if array is not MEMORY:
            return self.part((array, value(index) or 0))
        return f"m[{text}]" if limit < self.size else f"(m[{text}] if {text} < {self.size} else 0)"


@define
class Builder:
    """Writes the source of a region, from the words that are in memory now."""

    place: Place
    memory: Any
    heads: list[int]
    words: dict[int, int] = field(factory=dict)
    _names: _Names = field(init=False)
    _writer: Writer = field(init=False)
    _copies: Counter[int] = field(factory=Counter)
    _tree: Counter[int] = field(factory=Counter)
    _head: int = 0
    _longest: int = 0
    _dispatched: bool = False

    def __attrs_post_init__(self) -> None:
        self._names = _Names(self.place.size)
        self._writer = Writer(self._names, str(self.place.size))

    def source(self) -> str:
        """Return the source of a function that makes `run` on a state; empty if not even one instruction fits."""
        bodies: list[tuple[int, list[str]]] = []
        while len(bodies) < len(self.heads):
            self._head, self._longest = self.heads[len(bodies)], 0
            self._writer.lines, self._writer.depth, self._tree = [], 0, Counter()
            self._path(self._head, 0, {}, frozenset(), 0)
            bodies.append((self._longest, self._writer.lines))
        if not self._copies:
            return ""
        lines = self._lines(bodies)
        values = "".join(f", {v}" for v in self._names.written.values())
        return "\n".join(lines).replace(_LEAVE, values)

    @property
    def fruitful(self) -> list[bool]:
        """Whether anything is done at each head."""
        return [self._copies[h] > 0 for h in self.heads]

    def _lines(self, bodies: list[tuple[int, list[str]]]) -> list[str]:
        given = "".join(f", {v}" for v in self._names.parts.values())
        before = "".join(f", {self._home(p)}" for p in self._names.parts)
        after = "".join(f", {self._home(p)}" for p in self._names.written)
        dispatched = self._dispatched or len(bodies) > 1
        lines = ["def make(S, A, m, C, V, P, H):", f"    def body(n, b{given}, m=m, C=C):"]
        lines += ["        while True:"] if dispatched else []
        for number, (longest, body) in enumerate(bodies):
            lines += [f"            if b == {number}:"] if dispatched else []
            pad = " " * (16 if dispatched else 8)
            lines += [f"{pad}while n >= {max(longest, 1)}:", *(f"{pad}    {line}" for line in body)]
            lines += [f"{pad}else:", f"{pad}    return {self.heads[number]}, n{_LEAVE}"]
        lines += ["    def run(n, b):", f"        S[P], n{after} = body(n, b{before})", "        return n"]
        return [*lines, "    return run", ""]

    def _home(self, part: Part) -> str:
        """Return where a part of the state is when no compiled code runs."""
        if isinstance(part, Slot):
            return f"S[A[{self.place.isa.slots.index(part)}]]"
        return f"A[{self._array_number(part[0])}][{part[1]}]"

    def _array_number(self, array: Array) -> int:
        return len(self.place.isa.slots) + self.place.isa.arrays.index(array)

    def _path(self, pc: int, count: int, constants: dict[Part, int], seen: frozenset[int], branches: int) -> None:
        """Write a path from an instruction on, `count` having been done since the head."""
        while True:
            if count and self._ends(pc, count, seen, branches):
                return
            piece = self._take(pc, constants)
            if piece is None:
                self._leave(str(pc), count)
                return
            self._copies[pc] += 1
            self._tree[pc] += 1
            seen |= {pc}
            self._guards(piece, pc, count)
            count += 1
            target = self._commit(piece, count, constants)
            if piece.next.op is Op.CONST:
                pc = value(piece.next) or 0
            elif (ways := _ways(piece.next)) is not None:
                branches += 1
                self._writer.line(f"if {target}:")
                self._writer.depth += 1
                self._path(ways[0], count, dict(constants), seen, branches)
                self._writer.depth -= 1
                pc = ways[1]
            else:
                self._jump(target, count)
                return

    def _take(self, pc: int, constants: dict[Part, int]) -> Piece | None:
        """Return what is left of the instruction at a pc, and note its word; nothing if it is not for us."""
        address = self.place.address(pc)
        decoded = None if address is None else self.place.isa.decode(self.memory[address])
        piece = None if decoded is None else self.place.piece(decoded, pc, constants)
        if piece is not None and address is not None and decoded is not None:
            self.words[address] = decoded.word
            if _calls(piece, pc) and len(self.heads) < HEADS and self._back(pc) not in self.heads:
                self.heads.append(self._back(pc))
        return piece

    @staticmethod
    def _back(pc: int) -> int:
        return (pc + 1) & WORD_MASK

    def _ends(self, pc: int, count: int, seen: frozenset[int], branches: int) -> bool:
        """End a path where another head takes over, or where it gets too long; say whether it was ended."""
        full = self._copies.total() >= LARGEST
        long = count >= LONGEST_PATH or branches >= DEEPEST or self._tree[pc] >= COPIES
        if pc not in self.heads and not full and not long and pc not in seen:
            return False
        if pc not in self.heads and not full and len(self.heads) < HEADS:
            self.heads.append(pc)
        if pc not in self.heads:
            self._leave(str(pc), count)
            return True
        self._longest = max(self._longest, count)
        self._writer.line(f"n -= {count}")
        if pc == self._head:
            self._writer.line("continue")
        else:
            self._dispatched = True
            self._writer.line(f"b = {self.heads.index(pc)}")
            self._writer.line("break")
        return True

    def _leave(self, target: str, count: int) -> None:
        self._longest = max(self._longest, count)
        self._writer.line(f"return {target}, n - {count}{_LEAVE}" if count else f"return {target}, n{_LEAVE}")

    def _guards(self, piece: Piece, pc: int, count: int) -> None:
        """Write the ways out before an instruction that traps; one too many does no harm."""
        w = self._writer
        w.begin(piece.exprs())
        for when in piece.traps:
            small = when.args[0] if when.op is Op.NOT and when.args[0].op is Op.ULT else None
            limit = value(small.args[1]) if small is not None else None
            if small is not None and limit is not None:
                condition = w.unless_below(small.args[0], limit)
            else:
                condition = w.text(when)
            w.line(f"if {condition}:")
            w.depth += 1
            self._leave(str(pc), count)
            w.depth -= 1
            if when.op is Op.NOT:
                w.known.assume(when.args[0])

    def _commit(self, piece: Piece, count: int, constants: dict[Part, int]) -> str:
        """Write what an instruction writes; return the condition of a branch, or the address of a jump."""
        w = self._writer
        ways = _ways(piece.next)
        target = "" if piece.next.op is Op.CONST else w.text(piece.next if ways is None else piece.next.args[0])
        writes = len(piece.puts) + len(piece.slots)
        if writes and target:
            target = w.variable(target)
        parts: list[tuple[Part, Expr, Expr]] = [(s, e, TRUE) for s, e in piece.slots.items()]
        parts += [((p.array, value(p.index) or 0), p.value, p.when) for p in piece.puts if p.array is not MEMORY]
        stores = [p for p in piece.puts if p.array is MEMORY]
        if writes == 1 and not stores:
            self._write(*parts[0])
        else:
            self._write_all(parts, stores, piece.next, target, count)
        for part, expr, when in parts:
            number = value(expr)
            if number is not None and when is TRUE:
                constants[part] = number
            else:
                constants.pop(part, None)
        return target

    def _write(self, part: Part, expr: Expr, when: Expr) -> None:
        w = self._writer
        name = self._names.writes(part)
        if when is TRUE:
            w.assign(name, expr)
        else:
            w.line(f"{name} = {w.text(expr)} if {w.text(when)} else {self._names.part(part)}")

    def _write_all(
        self, parts: list[tuple[Part, Expr, Expr]], stores: list[Put], after: Expr, target: str, count: int
    ) -> None:
        """Write several things at once: all is computed before anything is written."""
        w = self._writer
        ready = [(p, w.variable(w.text(e)), "" if c is TRUE else w.variable(w.text(c))) for p, e, c in parts]
        prepared = [self._prepared(put) for put in stores]
        for part, name, condition in ready:
            own = self._names.writes(part)
            w.line(f"{own} = {name} if {condition} else {own}" if condition else f"{own} = {name}")
        for condition, index, word in prepared:
            w.line(f"if {condition}: m[{index}] = {word}" if condition else f"m[{index}] = {word}")
        if stores:
            marked = [f"{c} and C[{i}]" if c else f"C[{i}]" for c, i, _ in prepared]
            self._watch(" or ".join(marked), after, target, count)

    def _prepared(self, put: Put) -> tuple[str, str, str]:
        """Compute a store: whether it is done (nothing: always), where and what."""
        w = self._writer
        tests = [] if put.when is TRUE else [w.text(put.when)]
        index = w.variable(w.text(put.index))
        tests += [f"{index} < {self.place.size}"] if w.known.upper(put.index) >= self.place.size else []
        return w.variable(" and ".join(tests)) if tests else "", index, w.variable(w.text(put.value))

    def _watch(self, marked: str, after: Expr, target: str, count: int) -> None:
        """Leave behind a store to marked words."""
        w = self._writer
        ways = _ways(after)
        pc = str(value(after)) if not target else target if ways is None else f"{ways[0]} if {target} else {ways[1]}"
        w.line(f"if {marked}:")
        w.depth += 1
        w.line("V.clear()")
        self._leave(pc, count)
        w.depth -= 1

    def _jump(self, target: str, count: int) -> None:
        """Go to a head by its address, or leave."""
        w = self._writer
        self._dispatched = True
        self._longest = max(self._longest, count)
        w.line(f"b = H.get({target}, -1)")
        w.line("if b < 0:")
        w.depth += 1
        self._leave(target, count)
        w.depth -= 1
        w.line(f"n -= {count}")
        w.line("break")


def _ways(after: Expr) -> tuple[int, int] | None:
    """Return where a branch goes if its condition holds, and where it goes if not."""
    if after.op is not Op.ITE:
        return None
    then, otherwise = value(after.args[1]), value(after.args[2])
    return None if then is None or otherwise is None else (then, otherwise)


def _calls(piece: Piece, pc: int) -> bool:
    """Say whether an instruction goes elsewhere and leaves the address behind it somewhere: to be come back to."""
    back = (pc + 1) & WORD_MASK
    return value(piece.next) != back and any(value(p.value) == back for p in piece.puts)


def build(place: Place, pc: int, state: State, marks: bytearray, valid: dict[Any, Any]) -> Region | None:
    """Return the region around a virtual address, and mark its words; nothing if the code there is not for us."""
    builder = Builder(place, state.memory, [pc])
    source = builder.source()
    if not source:
        return None
    names: dict[str, Any] = {}
    exec(compile(source, f"<region {pc}>", "exec"), names)  # noqa: S102 - generated above, from decoded instructions
    slots, arrays = place.isa.slots, place.isa.arrays
    homes = (*slots, *(state.arrays[a] for a in arrays))
    heads = {head: number for number, head in enumerate(builder.heads)}
    run = names["make"](state.slots, homes, state.memory, marks, valid, PC, heads)
    for address in builder.words:
        marks[address] = 1
    return Region(
        run, {h: n for h, n in heads.items() if builder.fruitful[n]}, stretches(builder.words, state.memory), source
    )


def stretches(addresses: Iterable[int], memory: Any) -> tuple[tuple[int, Sequence[int]], ...]:
    """Return the words at some addresses, those next to each other together, each with where it begins."""
    ordered = sorted(addresses)
    starts = [a for n, a in enumerate(ordered) if n == 0 or ordered[n - 1] != a - 1]
    ends = [a for n, a in enumerate(ordered) if n + 1 == len(ordered) or ordered[n + 1] != a + 1]
    return tuple((start, memory[start : end + 1]) for start, end in zip(starts, ends, strict=True))
