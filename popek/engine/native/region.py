"""A region as one compiled function: registers in variables, resources as constants that its entry checks.

It takes the number of steps that are quiet and returns how many it has done. It is made of trees (`unfold.py`): one
that may not fit in what is left is not begun; a trap leaves before its instruction, which the interpreter then
attempts; a store into compiled words leaves after it.
"""

from collections.abc import Iterator
from functools import partial

from attrs import evolve

from popek.engine.native import behaviours
from popek.engine.native.context import Field
from popek.engine.native.discover import Found, Placed
from popek.engine.native.entry import MOST_BITS
from popek.engine.native.interpreter import buffered, parameters, view
from popek.engine.native.path import TALLY, Frame, Path, at_home
from popek.engine.native.text import METADATA, Text
from popek.engine.native.unfold import Copy, Size, Unfolding
from popek.engine.native.views import DIRTY, MARKS
from popek.engine.native.wishes import Wishes
from popek.engine.simplify import value
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Put
from popek.isa.expression import FALSE, TRUE, Expr, Op, as_expr, eq
from popek.isa.slot import BASE, MEMORY, PC, REGISTERS, Role, Slot

_BITS = MOST_BITS + 1


class Region:
    """Writes one region."""

    def __init__(self, isa: Isa, found: Found, size: int, unfolded: Size) -> None:
        self.isa, self.found = isa, found
        self.text = Text()
        self.view = view(isa, "slot", str(size))
        self.trees = Unfolding(found, unfolded)
        written = [p.behaviour for p in found.code.values()]
        program = [s for s in isa.slots if s.role is Role.PROGRAM and s is not PC and any(_uses(b, s) for b in written)]
        counted = [s for s in program if all(_counts(b, s) for b in written)][: 64 // _BITS]
        self._own = [s for s in program if s not in counted]
        self._frame = Frame(found.assumed.get(BASE, 0), {s: 1 << _BITS * n for n, s in enumerate(counted)})
        self._read = sorted({n for b in written for n in _registers(b)})
        self._written = sorted({n for b in written for n in _puts(b)})

    def write(self) -> str:
        """Return the whole function."""
        text = self.text
        text.variable("left", "i64")
        text.variable(DIRTY[1:], "i8")
        text.variable("pc")
        text.variable(TALLY[1:], "i64")
        text.store(0, TALLY, "i64")
        for number in self._read:
            text.variable(f"r.{number}")
        for slot in self._own:
            text.variable(self.view.place(slot)[1:])
        text.store(text.load(self._slot(PC)), "%pc")
        text.store("%quiet", "%left", "i64")
        for slot, assumed in self.found.assumed.items():
            other = text.value(f"icmp ne i32 {text.load(self._slot(slot))}, {assumed}")
            text.leave_if(other, "refuse")
        self._settle_at_home()
        for number in self._read:
            text.store(text.load(text.at("%array.registers", number)), f"%r.{number}")
        for slot in self._own:
            text.store(text.load(self._slot(slot)), self.view.place(slot))
        text.go("dispatch")
        self._dispatch()
        for head, needed in self.trees.needs().items():
            self._tree(head, needed)
        self._exit()
        text.label("refuse")
        text.do("ret i64 0")
        return text.define(f"i64 @region({parameters(buffered(self.isa))}, i64 %quiet)") + METADATA

    def _settle_at_home(self) -> None:
        """Write where the home of the code is, the beginning of what R gives: as if that were not known."""
        text = self.text
        home = text.load(self._slot(BASE)) if self._frame.home else "0"
        for pointer, kind in ((self.view.buffers[MEMORY].pointer, "i32"), (MARKS, "i8")):
            text.do(f"{at_home(pointer)} = getelementptr inbounds {kind}, ptr {pointer}, i32 {home}")

    def _slot(self, slot: Slot) -> str:
        return self.text.at("%slots", self.isa.slots.index(slot))

    def _dispatch(self) -> None:
        text = self.text
        text.label("dispatch")
        cases = " ".join(f"i32 {e}, label %tree.{e}" for e in self.found.entries)
        text.do(f"switch i32 {text.load('%pc')}, label %exit [ {cases} ]")

    def _tree(self, head: int, needed: int) -> None:
        """Write a tree, and its first block by itself, for where the tree does not fit or what it wishes is not so."""
        text, tree = self.text, self.trees.trees[head]
        text.label(f"tree.{head}")
        alone = Copy(tree.block, 0)
        wishes = self._wishes(tree) if tree.next else None
        if wishes is not None and wishes.can_be(int(self.view.size)):
            short, fits = text.fresh("short"), text.fresh("fits")
            text.branch(self._short(needed), short, fits, seldom=True)
            text.label(short)
            text.do('call void asm sideeffect "", ""()')
            text.go(f"block.{head}")
            text.label(fits)
            path = Path(text, self.view, self._frame)
            path.grant(wishes, partial(text.go, f"block.{head}"))
            self._copy(tree, path)
            text.label(f"block.{head}")
        path = Path(text, self.view, self._frame)
        path.leave_if(self._short(alone.end), partial(self._leave, path, str(head), 0))
        self._copy(alone, path)

    def _short(self, needed: int) -> str:
        return self.text.value(f"icmp ult i64 {self.text.load('%left', 'i64')}, {needed}")

    def _wishes(self, tree: Copy) -> Wishes:
        """Return what a tree would take for granted: what is asked when it is written somewhere else."""
        wishes, text = Wishes(), self.text
        self.text = Text()
        self._copy(tree, Path(self.text, self.view, self._frame, wishes))
        self.text = text
        return wishes

    def _copy(self, copy: Copy, path: Path) -> None:
        """Write a block, and all that is behind it in its tree."""
        goes = copy.last.goes
        for n, placed in enumerate(copy.block):
            done = copy.before + n
            for trap in placed.behaviour.traps:
                if path.guard(trap.when, partial(self._leave, path, str(placed.pc), done)):
                    return
            goes = path.now(placed.goes)
            if placed is copy.last and placed.computed:
                self._computed(copy, path, goes)
                return
            self._commit(path, placed, goes, done + 1)
        self._go_on(copy, path, goes)

    def _commit(self, path: Path, placed: Placed, following: Expr, done: int) -> None:
        """Write what an instruction writes, and leave if that is compiled."""
        marks = path.commit(placed.behaviour)
        if marks is not None:
            self._watch(path, marks, following, done)

    def _watch(self, path: Path, marks: str, following: Expr, done: int) -> None:
        """Leave if what was written is compiled."""
        text = self.text

        def leave() -> None:
            text.store(1, text.at("%ctx", int(Field.DIRTY), "i64"), "i64")
            at = path.fork()
            self._leave(at, at.name(following), done)

        path.leave_if(text.value(f"icmp ne i8 {marks}, 0"), leave)

    def _leave(self, path: Path, pc: str, done: int) -> None:
        """Write the way out, with the next pc and how many instructions were executed in this tree."""
        self._end(path.fork(), done)
        self.text.store(pc, "%pc")
        self.text.go("exit")

    def _end(self, path: Path, done: int) -> None:
        """End a tree: what it has changed is put where the next one finds it, and the time that it took is counted."""
        path.flush()
        if done:
            left = self.text.load("%left", "i64")
            self.text.store(self.text.value(f"sub i64 {left}, {done}"), "%left", "i64")

    def _go_on(self, copy: Copy, path: Path, goes: Expr) -> None:
        """Write where a block goes."""
        text = self.text
        if (target := value(goes)) is not None:
            self._go(copy, path, target)
        elif goes.op is Op.ITE and None not in (targets := [value(a) for a in goes.args[1:]]):
            yes, no = text.fresh("yes"), text.fresh("no")
            text.branch(path.name(goes.args[0]), yes, no)
            for label, way in zip((yes, no), targets, strict=True):
                assert way is not None, "nothing is not in it"
                text.label(label)
                self._go(copy, path.fork(), way)
        else:
            self._search(path, goes, copy.end)

    def _computed(self, copy: Copy, path: Path, goes: Expr) -> None:
        """Write a computed jump: to places behind calls, compared one by one, the likely ones first, or where it says.

        If there is nowhere else to go, then it is left to others.
        """
        targets = {head: target for target, head in self.found.returns.items()}
        likely = copy.targets()
        others = [h for h in targets if h not in likely] if self.found.closed else []
        for head in (*likely, *others):
            same = path.now(eq(goes, targets.get(head, head)))
            if same is TRUE:
                self._take(copy, path, goes, head)
                return
            if same is not FALSE:
                yes, no = self.text.fresh("yes"), self.text.fresh("no")
                self.text.branch(path.name(same), yes, no)
                self.text.label(yes)
                self._take(copy, path.fork(), goes, head)
                self.text.label(no)
        if self.found.closed:
            self._leave(path, str(copy.last.pc), copy.end - 1)
        else:
            self._take(copy, path, goes, None)

    def _take(self, copy: Copy, path: Path, goes: Expr, head: int | None) -> None:
        """Write the rest of a computed jump."""
        self._commit(path, copy.last, goes, copy.end)
        if head is None:
            self._search(path, goes, copy.end)
        else:
            self._go(copy, path, head)

    def _go(self, copy: Copy, path: Path, target: int) -> None:
        """Write the way to a known address: on in the tree, to another one, or out."""
        if target in copy.next:
            self._copy(copy.next[target], path)
        elif target in self.trees.trees:
            self._end(path, copy.end)
            self.text.go(f"tree.{target}")
        else:
            self._leave(path, str(target), copy.end)

    def _search(self, path: Path, goes: Expr, done: int) -> None:
        """Write the way to an address that is not known."""
        pc = path.name(goes)
        self._end(path, done)
        self.text.store(pc, "%pc")
        self.text.go("dispatch")

    def _exit(self) -> None:
        text = self.text
        text.label("exit")
        for number in self._written:
            text.store(text.load(f"%r.{number}"), text.at("%array.registers", number))
        for slot in self._own:
            text.store(text.load(self.view.place(slot)), self._slot(slot))
        for counted, one in self._frame.tallies.items():
            assert isinstance(counted, Slot)
            more = text.value(f"udiv i64 {text.load(TALLY, 'i64')}, {one}")
            more = text.value(f"trunc i64 {text.value(f'and i64 {more}, {(1 << _BITS) - 1}')} to i32")
            text.store(text.value(f"add i32 {text.load(self._slot(counted))}, {more}"), self._slot(counted))
        text.store(text.load("%pc"), self._slot(PC))
        left = text.load("%left", "i64")
        text.do(f"ret i64 {text.value(f'sub i64 %quiet, {left}')}")


def _uses(behaviour: Behaviour, slot: Slot) -> bool:
    return slot in behaviour.writes or any(e.payload is slot for e in behaviours.mentioned(behaviour))


def _counts(behaviour: Behaviour, slot: Slot) -> bool:
    """Say whether a slot is only made greater, by one at the most, if anything is done with it."""
    new = behaviour.writes.get(slot, as_expr(slot) + 0)
    rest = evolve(behaviour, writes={s: e for s, e in behaviour.writes.items() if s is not slot})
    return new.op is Op.ADD and new.args[0] is as_expr(slot) and _one_or_none(new.args[1]) and not _uses(rest, slot)


def _one_or_none(expr: Expr) -> bool:
    if expr.op is Op.ITE:
        return all(map(_one_or_none, expr.args[1:]))
    return value(expr) in (0, 1)


def _registers(behaviour: Behaviour) -> Iterator[int]:
    """Give the numbers of the registers that a behaviour reads or writes."""
    for expr in behaviours.mentioned(behaviour):
        number = value(expr.args[0]) if expr.payload is REGISTERS else None
        if number is not None:
            yield number
    yield from _puts(behaviour)


def _puts(behaviour: Behaviour) -> Iterator[int]:
    for effect in behaviour.effects:
        if isinstance(effect, Put) and effect.array is REGISTERS:
            number = value(effect.index)
            assert number is not None
            yield number
