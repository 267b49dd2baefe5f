"""What is known on a way through code: the registers' values as expressions, ranges, and words of memory.

Values that are computed are *named*: an operand leaf whose name is LLVM's. Registers hold a constant, a name, or a name
and a constant, so that an address on a stack is seen to be so far from another. A guard that what is known decides is
not written; one that is written makes more known. Written down is what is not known, each expression once.
"""

from collections.abc import Callable, Mapping

from attrs import field, frozen

from popek.engine.native.expressions import Emission
from popek.engine.native.text import Text
from popek.engine.native.views import DIRTY, MARKS, Buffered
from popek.engine.native.wishes import Part, Wishes
from popek.engine.simplify import Known, value
from popek.isa.behaviour import Behaviour, Put
from popek.isa.encoding import WORD_BITS, WORD_MASK
from popek.isa.expression import FALSE, TRUE, Expr, Op, as_expr, ite, node, operand, rewrite
from popek.isa.slot import MEMORY, PC, REGISTERS, Array, Slot

Leave = Callable[[], None]
"""Writes what is done where a way is left; must end the block."""


TALLY = "%tally"
"""The variable that has what is counted."""

_WHOLE, _HALF = 1 << WORD_BITS, 1 << (WORD_BITS - 1)
_ANY = (0, WORD_MASK)
_PLAIN = Known()


class _Names(dict[str, str]):
    """Every name is its own value's."""

    def __missing__(self, key: str) -> str:
        return key


def apart(expr: Expr) -> tuple[Expr | None, int]:
    """Return an expression as a term and a constant that is added to it; a constant has no term."""
    number = value(expr)
    if number is not None:
        return None, number
    if expr.op is Op.ADD and (addend := value(expr.args[1])) is not None:
        return expr.args[0], addend
    return expr, 0


@frozen
class Frame:
    """What all ways of a region have in common: the address of its home, and the slots that it only counts in.

    Those are kept in one number, each as so many times one.
    """

    home: int = 0
    tallies: Mapping[Slot | int, int] = field(factory=dict)


class Path:
    """A way from a head to here, with what is known now."""

    def __init__(self, text: Text, view: Buffered, frame: "Frame", wishes: Wishes | None = None) -> None:
        self.text = text
        self._frame = frame
        self._wishes = wishes
        self._origins: dict[Expr, Part] = {}
        self.changed: dict[Part, Expr] = dict.fromkeys(frame.tallies, as_expr(0))
        self._view = view
        self._read: dict[Part, Expr] = {}
        self._ranges: dict[Expr, tuple[int, int]] = {}
        self._words: dict[Expr, Expr] = {}
        self._clean: set[Expr] = set()
        self._wide: dict[Expr, str] = {}
        self._emit = Emission(text, view, _Names())

    def fork(self) -> "Path":
        """Return the same knowledge, to go on with on another way."""
        other = Path(self.text, self._view, self._frame, self._wishes)
        for mine, its in (
            (self.changed, other.changed),
            (self._read, other._read),
            (self._origins, other._origins),
            (self._ranges, other._ranges),
            (self._words, other._words),
            (self._wide, other._wide),
        ):
            its.update(mine)  # type: ignore[arg-type]
        other._clean |= self._clean
        other._emit.learn(self._emit)
        return other

    def name(self, expr: Expr) -> str:
        """Return the value of an expression over names."""
        return self._emit(expr)

    def now(self, expr: Expr) -> Expr:
        """Return an expression over the state as one over names; what it reads of memory is read here."""
        return rewrite(expr, self._current)

    def _current(self, here: Expr) -> Expr:
        if isinstance(here.payload, Slot):
            return self._part(here.payload)
        if isinstance(here.payload, Array):
            return self._element(here.payload, here.args[0])
        return _sum(_PLAIN.node(here))

    def _part(self, part: Part) -> Expr:
        if part in self.changed:
            return self.changed[part]
        if part not in self._read:
            self._read[part] = operand(self.text.load(self.variable(part)))
            self._origins[self._read[part]] = part
        return self._read[part]

    def variable(self, part: Part) -> str:
        """Return where the value of a part is between trees."""
        return self._view.place(part) if isinstance(part, Slot) else f"%r.{part}"

    def _kept(self, expr: Expr) -> Expr:
        """Return an expression that may stay as it is, or the name of its value."""
        term, _ = apart(expr)
        return expr if term is None or term.op is Op.OPERAND else operand(self.name(expr))

    def flush(self) -> None:
        """Write what has changed to where the parts are between trees."""
        counted = ""
        for part, new in self.changed.items():
            if part not in self._frame.tallies:
                self.text.store(self.name(new), self.variable(part))
            elif value(new) != 0:
                wide = self.text.value(f"zext i32 {self.name(new)} to i64")
                more = self.text.value(f"mul i64 {wide}, {self._frame.tallies[part]}")
                counted = self.text.value(f"add i64 {counted or self.text.load(TALLY, 'i64')}, {more}")
        if counted:
            self.text.store(counted, TALLY, "i64")

    def _element(self, array: Array, index: Expr) -> Expr:
        if array is REGISTERS:
            return self._part(_number(index))
        if array is not MEMORY:
            return operand(self._view.element(self.text, array, self.name(index), inside=False))
        if index not in self._words:
            place = self._place(self._view.buffers[array].pointer, index, "i32")
            read = self._view.element(self.text, array, self.name(index), inside=False) if place is None else None
            self._words[index] = operand(read or self.text.load(place or ""))
        return self._words[index]

    def _place(self, pointer: str, index: Expr, kind: str) -> str | None:
        """Return where a word of memory is, or its mark, if the index is known to be inside."""
        term, addend = apart(index)
        size = int(self._view.size)
        if term is None:
            return self.text.at(pointer, addend, kind) if addend < size else None
        low, high = self._ranges.get(term, _ANY)
        for step in (addend, addend - _WHOLE):
            if low + step >= 0 and high + step < size:
                return self.text.at(at_home(pointer), self._widened(term, step - self._frame.home), kind)
        return None

    def _widened(self, term: Expr, step: int) -> str:
        """Return the sum of a term and a constant, in 64 bits, where it cannot wrap."""
        if term not in self._wide:
            self._wide[term] = self.text.value(f"zext i32 {self.name(term)} to i64")
        return self.text.value(f"add nsw i64 {self._wide[term]}, {step}") if step else self._wide[term]

    def guard(self, when: Expr, leave: Leave) -> bool:
        """Leave if a guard holds, or might: a reference that wraps is left to others. Return whether it always does."""
        when = self.now(when)
        below = when.args[0] if when.op is Op.NOT else when
        if when is TRUE:
            leave()
        elif when.op is Op.NOT and below.op is Op.ULT and 0 < (value(below.args[1]) or 0) < _HALF:
            self._below(below.args[0], value(below.args[1]) or 0, leave)
        elif when is not FALSE:
            self.leave_if(self.name(when), leave)
        return when is TRUE

    def _below(self, word: Expr, limit: int, leave: Leave) -> None:
        """Leave unless a word is below a limit; if it is a sum, then without wrapping."""
        term, addend = apart(word)
        assert term is not None, "a comparison of constants is one of them"
        step = _signed(addend)
        low, high = self._ranges.get(term, _ANY)
        if low + step >= 0 and high + step < limit:
            return
        if step >= limit:
            self.leave_if(self.text.value(f"icmp uge i32 {self.name(word)}, {limit}"), leave)
            return
        if self._wished(term, lambda wishes, part: wishes.reference(part, step, limit)):
            self._ranges[term] = max(low, -step), min(high, limit - step - 1)
            return
        if step >= 0:
            beyond = self.text.value(f"icmp uge i32 {self.name(term)}, {limit - step}")
        else:
            beyond = self.text.value(f"icmp uge i32 {self.name(word)}, {limit}")
        self.leave_if(beyond, leave)
        self._ranges[term] = max(low, -step), min(high, limit - step - 1)

    def _wished(self, term: Expr | None, wish: Callable[[Wishes, Part], bool]) -> bool:
        """Say whether something is wished of a value of the head's, if wishes are taken."""
        part = self._origins.get(term) if term is not None else None
        return self._wishes is not None and part is not None and wish(self._wishes, part)

    def grant(self, wishes: Wishes, leave: Leave) -> None:
        """Leave unless what is wished of the values here is so, and take it as known."""
        for part, low, high in wishes.ranges(int(self._view.size)):
            term = self._part(part)
            known = self._ranges.get(term, _ANY)
            above = self.text.value(f"sub i32 {self.name(term)}, {low}")
            self.leave_if(self.text.value(f"icmp ugt i32 {above}, {high - low}"), leave)
            self._ranges[term] = max(known[0], low), min(known[1], high)
        for part, first, count in wishes.windows():
            term = self._part(part)
            place = self._place(MARKS, moved(term, first), "i8")
            assert place is not None, "what is looked at is in range"
            marks = self.text.value(f"load i{8 * count}, ptr {place}, align 1")
            self.leave_if(self.text.value(f"icmp ne i{8 * count} {marks}, 0"), leave)
            self._clean |= {moved(term, step) for step in range(first, first + count)}

    def leave_if(self, truth: str, leave: Leave) -> None:
        """Leave if a truth holds, which is seldom."""
        leaving, on = self.text.fresh("leave"), self.text.fresh("on")
        self.text.branch(truth, leaving, on, seldom=True)
        self.text.label(leaving)
        leave()
        self.text.label(on)

    def commit(self, behaviour: Behaviour) -> str | None:
        """Do all writes but that of the pc; return the marks of the words that were written, if any can be."""
        slots = [(s, self._kept(self.now(e))) for s, e in behaviour.writes.items() if s is not PC]
        puts = [
            (e, self.now(e.when), self.now(e.index), self._kept(self.now(e.value)))
            for e in behaviour.effects
            if isinstance(e, Put)
        ]
        self.changed.update(slots)
        marks = [self._put(p.array, when, index, new) for p, when, index, new in puts]
        hit = [m for m in marks if m]
        for n in range(1, len(hit)):
            hit[n] = self.text.value(f"or i8 {hit[n - 1]}, {hit[n]}")
        return hit[-1] if hit else None

    def _put(self, array: Array, when: Expr, index: Expr, new: Expr) -> str | None:
        if array is REGISTERS:
            number = _number(index)
            self.changed[number] = new if when is TRUE else self._kept(ite(when, new, self._part(number)))
            return None
        if array is MEMORY and when is TRUE and (mark := self._store(index, new)) is not None:
            return mark
        at, word, text = self.name(index), self.name(new), self.text
        text.store(0, DIRTY, "i8")
        with text.only_if(self.name(when)):
            self._view.put(text, array, at, word, inside=False)
        if array is not MEMORY:
            return None
        self._words.clear()
        return text.load(DIRTY, "i8")

    def _store(self, index: Expr, new: Expr) -> str | None:
        """Write a word of memory and return its mark, if it is known to be inside."""
        place = self._place(self._view.buffers[MEMORY].pointer, index, "i32")
        mark = self._place(MARKS, index, "i8")
        if place is None or mark is None:
            return None
        self.text.store(self.name(new), place)
        term, addend = apart(index)
        if term is not None and self._wished(term, lambda wishes, part: wishes.store(part, _signed(addend))):
            self._clean.add(index)
        others = [(i, *apart(i)) for i in self._words]
        self._words = {i: self._words[i] for i, t, a in others if t is term and a != addend}
        self._words[index] = new
        if index in self._clean:
            return ""
        self._clean.add(index)
        return self.text.load(mark, "i8")


def at_home(pointer: str) -> str:
    """Return what points to the word of an array that is at home: most distances from there are short."""
    return f"%home{pointer[1:]}"


def _signed(addend: int) -> int:
    return addend - _WHOLE if addend >= _HALF else addend


def moved(term: Expr, step: int) -> Expr:
    """Return what is so many words from a term, as indices are written."""
    return node(Op.ADD, term, step & WORD_MASK) if step else term


def _sum(expr: Expr) -> Expr:
    """Return a sum of a sum and a constant as a sum of one term and one constant."""
    if expr.op is not Op.ADD:
        return expr
    term, first = apart(expr.args[0])
    second = value(expr.args[1])
    if term is None or second is None or term is expr.args[0]:
        return expr
    total = (first + second) & WORD_MASK
    return node(Op.ADD, term, total) if total else term


def _number(index: Expr) -> int:
    number = value(index)
    assert number is not None, "the number of a register is known"
    return number
