"""Ways to begin a guest program: at reset, through a trap to another PSW, with a system register set before.

What sets a register of the architecture's own is found in its instructions: whichever one, executed at reset with some
operands, has changed it. No instruction's name is written here.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations

from attrs import field, frozen

from popek.engine import reference
from popek.engine.machine import Machine
from popek.engine.reference import Kind
from popek.engine.state import State
from popek.isa.architecture import Decoded, Isa
from popek.isa.cycle import TRAP_WORDS
from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, BOUND, IE, MODE, PC, RUN, SUPERVISOR, Role, Slot
from popek.prove.pools import ALLOTMENT, Variant, few, mentions

_SIZE = ALLOTMENT.size
_OWN_REGISTER = 7
"""The first register that a setup uses: the ones before are the instruction's to blame."""

_TRIED, _KEPT = 200, 4
"""How many operands an instruction is tried with to set a register, and how many of the values found are kept."""

_ENOUGH = 30
"""After so many, no more than are kept need be found."""


@frozen
class Setup:
    """The head of a program: `vector` and `words` are data, `before` comes before the operands' assignments."""

    vector: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    words: Mapping[int, int] = field(factory=dict)
    slots: frozenset[Slot] = frozenset()
    """What it sets, beside the program's own state."""

    def following(self, other: "Setup") -> "Setup":
        """Return both, the other one first."""
        return Setup(
            (*other.vector, *self.vector),
            (*other.before, *self.before),
            (*other.after, *self.after),
            {**other.words, **self.words},
            self.slots | other.slots,
        )


@frozen
class Writer:
    """A line, with its registers' assignments, that sets slots, and to what."""

    setup: Setup
    values: Mapping[Slot, int]


def psw(status: int, base: int = 0, bound: int | None = None) -> Setup:
    """Return the way through a trap: its new PSW, and the supervisor call that takes it."""
    bound = _SIZE - base if bound is None else bound
    vector = (".org 8", f".word {status}, go - {base}, {base}, {bound}")
    changed = {s for s, given in ((BASE, base), (BOUND, bound - _SIZE), (IE, status & 2)) if given}
    return Setup(vector, (), ("svc 0", "go:"), {}, frozenset(changed | {MODE}))


def assignments(registers: Mapping[int, int]) -> list[str]:
    """Return lines that set registers; what is 0 need not be set."""
    half = 1 << 15
    signed = {n: v - (1 << 32) if v >> 31 else v for n, v in registers.items()}
    return [f"{'ldi' if -half <= v < half else 'li'} r{n}, {v}" for n, v in signed.items() if v]


def invocation(instruction: Instruction, fields: Mapping[str, int]) -> str:
    """Return the line of an instruction with these fields."""
    text = instruction.operands
    for operand in instruction.format:
        value = fields[operand.field.name]
        shown = f"r{value}" if operand.register else f". + {value}" if operand.relative else str(value)
        text = text.replace(operand.token, shown, 1)
    return f"{instruction.name} {text}".strip()


@cache
def writers(isa: Isa, slot: Slot, avoided: frozenset[str]) -> tuple[Writer, ...]:
    """Return ways to set a slot in supervisor mode, to some different values; the simplest first."""
    found: dict[int, tuple[tuple[int, int], Writer]] = {}
    for instruction in isa.instructions:
        if slot in instruction.supervisor.writes and instruction.name not in avoided:
            for number, variant in enumerate(few(instruction, _TRIED, first=_OWN_REGISTER)):
                if number > _ENOUGH and len(found) >= _KEPT:
                    break
                writer = _tried(isa, instruction, variant)
                if writer is not None and slot in writer.values:
                    cost = len(writer.values), number
                    value = writer.values[slot]
                    if value not in found or cost < found[value][0]:
                        found[value] = cost, writer
    in_order = sorted(found, key=lambda v: (found[v][0][0], v if slot.clock else not _in_memory(v), found[v][0][1]))
    return tuple(found[v][1] for v in in_order[:_KEPT])


def _in_memory(value: int) -> bool:
    """Say whether a value, taken for an address, is of use in the guest's memory."""
    return TRAP_WORDS < value < _SIZE


def _tried(isa: Isa, instruction: Instruction, variant: Variant) -> Writer | None:
    """Execute an instruction at reset; return what it has set, if it goes on in supervisor mode."""
    state = _at_reset(isa)
    words = {a: v for a, v in variant.words.items() if not 8 <= a < _SIZE - 16}
    for number, value in variant.registers.items():
        state.registers[number] = value
    state.load_words(words)
    before = dict(state.slots)
    word = instruction.encode(variant.fields)
    event = reference.execute(isa, state, Decoded(instruction, variant.fields, word))
    changed = {s: v for s, v in state.slots.items() if v != before[s]}
    if event.kind is not Kind.EXECUTED or changed.pop(PC, 0) != before[PC] + 1 or not changed.keys().isdisjoint(_FIXED):
        return None
    lines = (*assignments(variant.registers), invocation(instruction, variant.fields))
    needed = words if mentions(instruction).memory else {}
    return Writer(Setup((), lines, (), needed, frozenset(changed)), changed)


_FIXED = (MODE, RUN, BASE, BOUND)


def _at_reset(isa: Isa) -> State:
    return Machine(isa, {}, memory=_SIZE, typed=b"ab", disk=range(1, 64)).state


@cache
def harmless_exit(isa: Isa, names: frozenset[str]) -> str | None:
    """Return one of these instructions that changes nothing but registers on the bare machine, to cause an exit."""
    for name in sorted(names):
        instruction = isa[name]
        variant = few(instruction, 1, first=_OWN_REGISTER + 2)[0]
        state = _at_reset(isa)
        before = dict(state.slots)
        decoded = Decoded(instruction, variant.fields, instruction.encode(variant.fields))
        event = reference.execute(isa, state, decoded)
        same = {s for s in before if before[s] != state.slots[s]} == {PC}
        if event.kind is Kind.EXECUTED and same and state.slots[MODE] == SUPERVISOR:
            return invocation(instruction, variant.fields)
    return None


def setups(
    isa: Isa, blame: str, sensitive: frozenset[str], critical: Container[str], *, user: bool | None
) -> Iterator[Setup]:
    """Give ways to begin before an instruction, the shortest and most promising first."""
    avoided = frozenset(n for n in sensitive if n in critical)
    exits = frozenset(sensitive - avoided - {blame})
    if not user:
        yield from _in_supervisor_mode(isa, isa[blame], avoided, exits)
    if user is not False:
        yield from _in_user_mode(isa, isa[blame], avoided, exits)


def _in_supervisor_mode(
    isa: Isa, instruction: Instruction, avoided: frozenset[str], exits: frozenset[str]
) -> Iterator[Setup]:
    yield Setup()
    yield from _registers(isa, instruction, avoided)
    yield from _aligned(isa, exits)
    yield from _psw(0, 2)
    yield _once(instruction)
    yield from _clocks(isa, avoided)


def _in_user_mode(
    isa: Isa, instruction: Instruction, avoided: frozenset[str], exits: frozenset[str]
) -> Iterator[Setup]:
    first, second, *others = _psw(1, 3)
    yield from (first, second)
    yield from (first.following(r) for r in _registers(isa, instruction, avoided))
    yield from others
    yield _once(instruction).following(first)
    yield from (_after(first, s) for s in _aligned(isa, exits))
    yield from (first.following(c) for c in _clocks(isa, avoided))
    line = invocation(instruction, few(instruction, 1, first=_OWN_REGISTER)[0].fields)
    yield from (_after(each, Setup((), (), (line,))) for each in (first, *others[::2]))


def _after(one: Setup, two: Setup) -> Setup:
    return Setup(one.vector, one.before, (*one.after, *two.after), one.words, one.slots)


def _once(instruction: Instruction) -> Setup:
    """Return that the instruction was executed before."""
    line = invocation(instruction, few(instruction, 1, first=_OWN_REGISTER)[0].fields)
    return Setup((), (*assignments(dict.fromkeys(range(_OWN_REGISTER, _OWN_REGISTER + 3), 5)), line))


def _aligned(isa: Isa, exits: frozenset[str]) -> Iterator[Setup]:
    """Give what comes right before the instruction: nothing of note, or an exit."""
    yield Setup((), (), ("nop",))
    line = harmless_exit(isa, exits)
    if line is not None:
        yield Setup((), (), (line,))


def _psw(*modes: int) -> Iterator[Setup]:
    for base, bound in ((0, None), (8, None), (0, 100), (0, 40), (16, 24)):
        yield from (psw(status, base, bound) for status in modes)


def _registers(isa: Isa, instruction: Instruction, avoided: frozenset[str]) -> Iterator[Setup]:
    """Give ways to set the registers of the architecture's own that an instruction mentions, and pairs of them."""
    own = [s for s in isa.slots if s in mentions(instruction).slots and settable(s)]
    found: list[Sequence[Writer]] = [writers(isa, s, avoided) for s in own]
    for row in range(2):
        yield from (w[row].setup for w in found if row < len(w))
    for one, two in combinations([w[0] for w in found if w], 2):
        yield two.setup.following(one.setup)


def settable(slot: Slot) -> bool:
    """Say whether a slot is one that a setup may set by an instruction: the PSW has others, and clocks are apart."""
    return slot not in (PC, *_FIXED) and slot.clock is None and slot.role is Role.RESOURCE


def _clocks(isa: Isa, avoided: frozenset[str]) -> list[Setup]:
    """Return ways to start a clock, soon to run out or not."""
    found = [w.setup for clock in isa.clocks for w in writers(isa, clock, avoided)]
    return [*found, *(_after(each, Setup((), (), ("nop",))) for each in found)]
