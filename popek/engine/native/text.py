"""LLVM's assembly language, as text: the one thing that is written by hand here.

Only `llvm.py` knows the compiler. Words are `i32`, truths `i1`. Variables are stack slots, which the compiler's first
pass turns into values; so nothing here thinks about where control flow meets.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial


class Text:
    """A function's body in the making."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._variables: list[str] = []
        self._count = 0

    def fresh(self, hint: str = "b") -> str:
        """Return a name that nothing else has."""
        self._count += 1
        return f"{hint}.{self._count}"

    def do(self, line: str) -> None:
        """Write an instruction that has no value."""
        self.lines.append(f"  {line}")

    def value(self, instruction: str) -> str:
        """Write an instruction and return the name of its value."""
        name = f"%{self.fresh('v')}"
        self.do(f"{name} = {instruction}")
        return name

    def variable(self, name: str, kind: str = "i32") -> str:
        """Declare a variable of the function."""
        self._variables.append(f"  %{name} = alloca {kind}")
        return f"%{name}"

    def load(self, place: str, kind: str = "i32") -> str:
        """Read a variable, or any place in memory."""
        return self.value(f"load {kind}, ptr {place}")

    def store(self, value: str | int, place: str, kind: str = "i32") -> None:
        """Write a variable, or any place in memory."""
        self.do(f"store {kind} {value}, ptr {place}")

    def at(self, pointer: str, index: str | int, kind: str = "i32", by: str = "i64") -> str:
        """Return the place of an element; the index is taken as unsigned."""
        if by == "i32":
            index, by = self.value(f"zext i32 {index} to i64"), "i64"
        return self.value(f"getelementptr inbounds {kind}, ptr {pointer}, {by} {index}")

    def label(self, name: str) -> None:
        """Begin a block."""
        self.lines.append(f"{name}:")

    def go(self, label: str) -> None:
        """End a block."""
        self.do(f"br label %{label}")

    def branch(self, truth: str, yes: str, no: str, *, seldom: bool = False) -> None:
        """End a block by one of two ways on; `seldom`: the first is hardly ever taken."""
        weights = ", !prof !0" if seldom else ""
        self.do(f"br i1 {truth}, label %{yes}, label %{no}{weights}")

    def leave_if(self, truth: str, there: str) -> None:
        """Go somewhere else if a truth holds, which is seldom, and on if not."""
        on = self.fresh("on")
        self.branch(truth, there, on, seldom=True)
        self.label(on)

    @contextmanager
    def only_if(self, truth: str) -> Iterator[None]:
        """Do what is written meanwhile only if a truth holds."""
        then, on = self.fresh("then"), self.fresh("on")
        self.branch(truth, then, on)
        self.label(then)
        yield
        self.go(on)
        self.label(on)

    def define(self, signature: str) -> str:
        """Return the whole function; every block before the first label belongs to its entry."""
        body = "\n".join([*self._variables, *self.lines])
        return f"define {signature} nounwind {{\nentry:\n{body}\n}}\n"


METADATA = '\n!0 = !{!"branch_weights", i32 1, i32 1000}\n'
"""What `seldom` means."""

select = partial("select i1 {}, i32 {}, i32 {}".format)
