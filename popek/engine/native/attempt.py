"""An attempt at one instruction as compiled code: fetch, decode by a switch, and what each instruction does."""

from collections.abc import Callable

from attrs import frozen

from popek.engine.native import behaviours
from popek.engine.native.context import Trapped
from popek.engine.native.expressions import Emission
from popek.engine.native.text import Text
from popek.engine.native.views import Buffered
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Trap
from popek.isa.encoding import OPCODE_LOW, WORD_MASK, Operand
from popek.isa.expression import as_expr
from popek.isa.instruction import Instruction
from popek.isa.slot import MODE, PC, RUN, SUPERVISOR, USER, Array


@frozen
class Trapping:
    """A trap that an attempt makes, as far as it is known when it is compiled, and the values that are not."""

    kind: Trapped
    instruction: Instruction | None
    cause: Cause
    privilege: bool
    word: str
    detail: str


@frozen
class Ends:
    """How the ways out of an attempt go on; each writes the end of a block.

    `done`: the instruction was executed, by this behaviour. `before` is written before it is tried, and `executing`
    before its writes, when no trap is made. `missed`: an element, by array and index, is in no window.
    """

    done: Callable[[Behaviour], None]
    trap: Callable[[Trapping], None]
    hand_over: Callable[[], None]
    missed: Callable[[Array, str], None]
    before: Callable[[Behaviour], None] = lambda _: None
    executing: Callable[[Behaviour], None] = lambda _: None


@frozen
class Attempt:
    """Writes an attempt on a view of a state."""

    text: Text
    isa: Isa
    view: Buffered
    ends: Ends

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """What the opcodes stand for."""
        return self.isa.instructions

    def write(self) -> None:
        """Write it all, from the fetch on."""
        text, view = self.text, self.view
        pc = view.slot(text, PC)
        fault, word_at = self.isa.fetch
        fetch = Emission(text, view, {"pc": pc})
        faulting, on = text.fresh("fault"), text.fresh("fetch")
        text.branch(fetch(fault), faulting, on, seldom=True)
        text.label(faulting)
        self.ends.trap(Trapping(Trapped.FETCH, None, Cause.MEMORY, privilege=False, word="0", detail=pc))
        text.label(on)
        fetch.rule_out(fault)
        word = fetch(word_at)
        self._decode(word)

    def _decode(self, word: str) -> None:
        text = self.text
        illegal = text.fresh("illegal")
        labels = {i: text.fresh(i.name) for i in self.instructions}
        opcode = text.value(f"lshr i32 {word}, {OPCODE_LOW}")
        cases = " ".join(f"i32 {i.opcode}, label %{label}" for i, label in labels.items())
        text.do(f"switch i32 {opcode}, label %{illegal} [ {cases} ]")
        for instruction, label in labels.items():
            text.label(label)
            self._instruction(instruction, word, illegal)
        text.label(illegal)
        self.ends.trap(Trapping(Trapped.ILLEGAL, None, Cause.ILLEGAL, privilege=False, word=word, detail=word))

    def _instruction(self, instruction: Instruction, word: str, illegal: str) -> None:
        text = self.text
        used = 0xFF << OPCODE_LOW
        for operand in instruction.format:
            used |= operand.field.mask
        strange = text.value(f"and i32 {word}, {~used & WORD_MASK}")
        text.leave_if(text.value(f"icmp ne i32 {strange}, 0"), illegal)
        values = {o.field.name: _field(text, o, word) for o in instruction.format}
        values["word"] = word
        self.decoded(instruction, values)

    def decoded(self, instruction: Instruction, values: dict[str, str]) -> None:
        """Write what is done about an instruction that is a legal one, given the values of its operands."""
        text, mode = self.text, self.view.slot(self.text, MODE)
        each = [behaviours.effective(self.isa.lowered(instruction, m)) for m in (SUPERVISOR, USER)]
        if each[0] == each[1]:
            self._behaviour(instruction, each[0], values)
            return
        labels = text.fresh("supervisor"), text.fresh("user")
        text.branch(text.value(f"icmp eq i32 {mode}, {SUPERVISOR}"), *labels)
        for label, behaviour in zip(labels, each, strict=True):
            text.label(label)
            self._behaviour(instruction, behaviour, values)

    def _behaviour(self, instruction: Instruction, behaviour: Behaviour, values: dict[str, str]) -> None:
        if not behaviours.compilable(behaviour, self.view.windows):
            self.ends.hand_over()
            return

        def on_trap(trap: Trap, detail: str) -> None:
            self.ends.trap(
                Trapping(Trapped.INSTRUCTION, instruction, trap.cause, trap.privilege, values["word"], detail)
            )

        self.ends.before(behaviour)
        emission = Emission(self.text, self.view, values, self._reach)
        behaviours.guards(emission, behaviour, on_trap)
        behaviours.commit(emission, behaviour, lambda: self.ends.executing(behaviour))
        self.ends.done(behaviour)

    def _reach(self, array: Array, index: str, when: str) -> None:
        """Leave if an element is not at hand; of an array that is a buffer, all are."""
        if array not in self.view.windows:
            return
        text = self.text
        missed, on = text.fresh("missed"), text.fresh("on")
        outside = self.view.windows[array].outside(text, index)
        text.branch(text.value(f"and i1 {when}, {outside}"), missed, on, seldom=True)
        text.label(missed)
        self.ends.missed(array, index)
        text.label(on)


def _field(text: Text, operand: Operand, word: str) -> str:
    """Return an operand field's value; a signed one is extended."""
    field = operand.field
    left = text.value(f"shl i32 {word}, {32 - field.low - field.width}")
    return text.value(f"{'ashr' if field.signed else 'lshr'} i32 {left}, {32 - field.width}")


def stops(behaviour: Behaviour) -> bool:
    """Say whether a behaviour may halt the processor."""
    return behaviour.writes.get(RUN, as_expr(RUN)) != as_expr(RUN)
