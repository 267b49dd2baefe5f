"""One function for each instruction and mode, with the operands as arguments, and one for each thing around it.

They do to a state what `reference` does, on the state's own slots and arrays: `attempt` returns nothing, or which trap
holds and its detail; then nothing is written. Whatever is written to memory is looked up among the marks of compiled
code, and what was found valid is valid no more if it was marked.
"""

from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any
from weakref import WeakKeyDictionary

from attrs import define, field, frozen

from popek.engine.generated.source import Writer
from popek.engine.state import State
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Copy, Effect, Put
from popek.isa.encoding import WORD_MASK
from popek.isa.expression import FALSE, TRUE, Expr, operand
from popek.isa.instruction import Instruction
from popek.isa.slot import MEMORY, Array, Slot

Attempt = Callable[..., tuple[int, int] | None]

_codes: WeakKeyDictionary[Isa, dict[object, CodeType]] = WeakKeyDictionary()


@frozen
class Names:
    """The state as the generated functions see it: slots in `S`, arrays by number, the size of memory in `q`.

    `placed`: it is a virtual one, the memory of which begins at word `k` of the real one.
    """

    isa: Isa
    placed: bool = False

    def slot(self, slot: Slot) -> str:
        """Return a slot's value."""
        return f"S[s{self.isa.slots.index(slot)}]"

    def operand(self, name: str) -> str:
        """Return the argument of that name."""
        return f"x_{name}"

    def array(self, array: Array) -> str:
        """Return the name of an array."""
        return f"a{self.isa.arrays.index(array)}"

    def place(self, array: Array, index: str) -> str:
        """Return where in its buffer an element is."""
        return f"k + {index}" if self.placed and array is MEMORY else index

    def element(self, array: Array, _: Expr, text: str, limit: int) -> str:
        """Return an element; beyond the array, its default."""
        name, default = self.array(array), array.default & WORD_MASK
        if array.size is None:
            return f"{name}.get({text}, {default})"
        found = f"{name}[{self.place(array, text)}]"
        if isinstance(array.size, int) and limit < array.size:
            return found
        return f"({found} if {text} < {array.size} else {default})"


@define
class _Function:
    """Writes one function that commits a behaviour."""

    names: Names
    writer: Writer = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.writer = Writer(self.names, "q")

    def behaviour(self, behaviour: Behaviour, limits: Mapping[str, int]) -> str:
        """Return the body of a function: the first trap whose guard holds, or else the writes."""
        w = self.writer
        parts = [e for t in behaviour.traps for e in (t.when, t.detail)]
        w.begin((*parts, *behaviour.values()))
        w.known.limits |= {operand(name): limit for name, limit in limits.items()}
        for number, trap in enumerate(behaviour.traps):
            if trap.when is not FALSE:
                condition = w.text(trap.when)
                w.line(f"if {condition}:")
                w.depth += 1
                kept = dict(w.variables)
                w.line(f"return {number}, {w.text(trap.detail)}")
                w.variables = kept
                w.depth -= 1
        self._writes(behaviour)
        return "\n".join(w.lines)

    def _writes(self, behaviour: Behaviour) -> None:
        w = self.writer
        slots = [(s, w.variable(w.text(e))) for s, e in behaviour.writes.items()]
        effects = [self._prepared(n, e) for n, e in enumerate(behaviour.effects)]
        for slot, name in slots:
            w.line(f"{w.names.slot(slot)} = {name}")
        for commit in effects:
            commit()
        w.line("return None")

    def _prepared(self, number: int, effect: Effect) -> Callable[[], None]:
        """Compute what an effect needs; return what commits it."""
        w = self.writer
        assert isinstance(effect, Put | Copy), f"{effect} was not lowered"
        condition = "" if effect.when is TRUE else w.variable(w.text(effect.when))
        index = w.variable(w.text(effect.index))
        if isinstance(effect, Put):
            words = w.variable(w.text(effect.value))
        else:
            words = f"m{number}"
            w.line(f"{words} = []")
            start = w.variable(w.text(effect.start))
            w.line(f"for n in range({effect.count if not condition else f'{effect.count} if {condition} else 0'}):")
            w.depth += 1
            w.line(f"i = {start} + n & {WORD_MASK}")
            w.line(f"{words}.append({w.names.element(effect.source, effect.start, 'i', WORD_MASK)})")
            w.depth -= 1
        return lambda: self._commit(effect, condition, index, words)

    def _commit(self, effect: Put | Copy, condition: str, index: str, words: str) -> None:
        w = self.writer
        depth = w.depth
        if condition:
            w.line(f"if {condition}:")
            w.depth += 1
        if isinstance(effect, Copy):
            w.line(f"for n, v in enumerate({words}):")
            w.depth += 1
            w.line(f"i = {index} + n & {WORD_MASK}")
            index, words = "i", "v"
        self._put(effect.array, index, words)
        w.depth = depth

    def _put(self, array: Array, index: str, word: str) -> None:
        w = self.writer
        name, place = self.names.array(array), self.names.place(array, index)
        if array.size is None:
            w.line(f"{name}[{index}] = {word}")
            return
        w.line(f"if {index} < {array.size}:")
        w.depth += 1
        w.line(f"{name}[{place}] = {word}")
        if array is MEMORY:
            w.line(f"if C[{place}]: V.clear()")
        w.depth -= 1


def limits(instruction: Instruction) -> dict[str, int]:
    """Return the largest value of each operand, as an unsigned word."""
    return {o.field.name: WORD_MASK if o.field.signed else o.field.span[-1] for o in instruction.format}


def _behaviour(names: Names, behaviour: Behaviour, bounds: Mapping[str, int]) -> str:
    arguments = ", ".join(f"x_{name}" for name in bounds)
    return f"def f({arguments}):\n{_Function(names).behaviour(behaviour, bounds)}\n"


def _fetch(names: Names) -> str:
    w = Writer(names, "q")
    fault, word = names.isa.fetch
    w.begin((fault, word))
    w.line(f"if {w.text(fault)}: return -1")
    w.line(f"return {w.text(word)}")
    return "\n".join(("def f(x_pc):", *w.lines, ""))


def _ready(names: Names) -> str:
    w = Writer(names, "q")
    for number, source in enumerate(names.isa.cycle.interrupts):
        w.begin((source.ready,))
        w.line(f"if {w.text(source.ready)}: return {number}")
    w.line("return -1")
    return "\n".join(("def f():", *w.lines, ""))


@define(eq=False)
class Attempts:
    """The functions of one ISA on one state, made when they are first wanted; the code is shared by all states.

    `given` are the state's parts by their names in the source.
    """

    names: Names
    given: dict[str, Any]
    _made: dict[tuple[str, int], Attempt] = field(factory=dict)

    @classmethod
    def on(cls, isa: Isa, state: State, marks: bytearray, valid: dict[Any, Any]) -> "Attempts":
        """Return those of a state. `marks` are by physical word, `valid` is what is emptied when one was written."""
        return cls(Names(isa), {**parts(isa, state.slots, state.arrays, state.size), "C": marks, "V": valid})

    def instruction(self, instruction: Instruction, mode: int) -> Attempt:
        """Return what attempts an instruction in a mode, with its operands in the order of its fields, and its word."""
        key = instruction.name, mode
        if key not in self._made:
            behaviour = self.names.isa.lowered(instruction, mode)
            bounds = {**limits(instruction), "word": WORD_MASK}
            self._made[key] = self._function(key, lambda: _behaviour(self.names, behaviour, bounds))
        return self._made[key]

    def fetch(self) -> Callable[[int], int]:
        """Return what gives the word at a virtual address, or -1."""
        made: Callable[[int], int] = self._function("fetch", lambda: _fetch(self.names))
        return made

    def ready(self) -> Callable[[], int]:
        """Return what gives the number of the interrupt that is to be taken now, or -1."""
        made: Callable[[], int] = self._function("ready", lambda: _ready(self.names))
        return made

    def tick(self) -> Callable[[], None]:
        """Return what lets every clock tick once."""
        made: Callable[[], None] = self._function("tick", lambda: _behaviour(self.names, self.names.isa.tick, {}))
        return made

    def swap(self) -> Callable[[int, int, int], None]:
        """Return what swaps the PSW, given the old pc, the cause and the detail."""
        bounds = dict.fromkeys(("pc", "cause", "detail"), WORD_MASK)
        made: Callable[[int, int, int], None] = self._function(
            "swap", lambda: _behaviour(self.names, self.names.isa.cycle.swap, bounds)
        )
        return made

    def _function(self, key: object, source: Callable[[], str]) -> Any:
        isa = self.names.isa
        codes = _codes.setdefault(isa, {})
        key = key, self.names.placed
        if key not in codes:
            codes[key] = compile(source(), f"<{isa.name} {key}>", "exec")
        return function(codes[key], self.given)


def parts(isa: Isa, slots: Mapping[Slot, int], arrays: Mapping[Array, Any], size: int) -> dict[str, Any]:
    """Return the parts of a state by the names that source has for them."""
    found: dict[str, Any] = {"S": slots, "q": size}
    found |= {f"s{n}": slot for n, slot in enumerate(isa.slots)}
    return found | {f"a{n}": arrays[array] for n, array in enumerate(isa.arrays)}


def function(code: CodeType, given: Mapping[str, Any]) -> Any:
    """Return the function `f` that code defines, with some names given."""
    made = dict(given)
    exec(code, made)  # noqa: S102 - what was generated from data that has been checked
    return made["f"]
