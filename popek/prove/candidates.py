"""Guest programs that may show a refutation, roughly the shortest first: what `guest_witness.py` runs.

For an instruction: ways to begin (in supervisor mode, through a trap to another PSW, after an exit, once more) and
operands for it. For an event: programs in which that kind of event happens, at every alignment with the quantum.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, product
from typing import Any

from attrs import frozen

from popek.engine.machine import Machine
from popek.engine.reference import Kind
from popek.errors import PopekError
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.encoding import Operand
from popek.isa.instruction import Instruction
from popek.isa.slot import MODE, PC, SUPERVISOR
from popek.vmm.allotment import Allotment
from popek.vmm.monitor import Monitor

ALLOTMENT = Allotment(64, 64)

UNAIDED = 24
"""How many candidates are tried before the solver is asked for hints."""

_VALUES = (0, 1, 8, 63, 16, 2, 40, 64, 128, 5, 0xFFFFFFFF, 3)
_IMMEDIATES = (0, 1, 2, -1)

Operands = tuple[tuple[int, ...], int]
"""What the registers hold that an instruction names, in their order, and its immediate."""


@frozen
class Sought:
    """What is looked for: a property refuted for an instruction (or an event) of an ISA under a monitor."""

    isa: Isa
    monitor: Monitor
    prop: str
    blame: str
    sensitive: frozenset[str]
    critical: frozenset[str]
    user: bool | None = None
    """The virtual mode in which it is refuted, if that is known."""
    hints: Callable[[], Iterable[Operands]] = tuple
    """Operands that a solver's model suggests, asked for if the first candidates fail."""

    @property
    def of_event(self) -> bool:
        """Whether an event is to blame, and no instruction."""
        return self.blame.startswith("event:")


def candidates(sought: Sought) -> Iterator[list[str]]:
    """Give programs, roughly the shortest first."""
    if sought.of_event:
        yield from _generic(sought)
        return
    instruction = sought.isa[sought.blame]
    plain, setups = _operands(instruction), _setups(sought)
    yield from _with_operands(instruction, islice(_by_size(plain, setups), UNAIDED))
    yield from _with_operands(instruction, _by_size(sought.hints(), setups))
    yield from ([*setup, *body, *_to_one_register(instruction)] for setup, body in setups)
    yield from _with_operands(instruction, islice(_by_size(plain, setups), UNAIDED, None))


def _with_operands(instruction: Instruction, chosen: Iterable[Any]) -> Iterator[list[str]]:
    for (values, immediate), (setup, body) in chosen:
        yield [*setup, *_assignments(values), *body, *_invocation(instruction, immediate)]


def _by_size(first: Iterable[Any], second: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Give all pairs, those early in both lists first."""
    ones, twos = list(first), list(second)
    pairs = [(i + 3 * j, i, j) for i in range(len(ones)) for j in range(len(twos))]
    for _, i, j in sorted(pairs):
        yield ones[i], twos[j]


def _registers(instruction: Instruction) -> list[Operand]:
    return [o for o in instruction.format if o.register]


def _operands(instruction: Instruction) -> list[Operands]:
    immediates = _IMMEDIATES if any(not o.register for o in instruction.format) else (0,)
    count = len(_registers(instruction))
    indices = sorted(product(range(len(_VALUES)), repeat=count), key=sum)
    return [(tuple(_VALUES[i] for i in row), immediate) for row in indices for immediate in immediates][:1200]


def _assignments(values: Sequence[int]) -> list[str]:
    half = 1 << 15
    signed = [v - (1 << 32) if v >> 31 else v for v in values]
    return [f"{'ldi' if -half <= v < half else 'li'} r{n}, {v}" for n, v in enumerate(signed, start=1) if v]


def _invocation(instruction: Instruction, immediate: int) -> list[str]:
    text, register = instruction.operands, 1
    for operand in instruction.format:
        if operand.register:
            text = text.replace(operand.token, f"r{register}", 1)
            register += 1
        elif operand.relative:
            text = text.replace(operand.token, f". + {max(immediate, 1)}", 1)
        else:
            text = text.replace(operand.token, str(immediate if operand.field.signed else abs(immediate)), 1)
    return [f"{instruction.name} {text}".strip()]


def _to_one_register(instruction: Instruction) -> list[str]:
    """Return the instruction with all its registers the same."""
    line = _invocation(instruction, 0)[0]
    return [line.replace("r2", "r1").replace("r3", "r1")]


def _setups(sought: Sought) -> list[tuple[list[str], list[str]]]:
    """Return ways to begin: in supervisor mode, through a trap to another PSW, after an exit to the monitor."""
    twice = _invocation(sought.isa[sought.blame], 0)
    before = [f"ldi r{n}, 5" for n in (7, 8, 9)]
    once = twice[0].replace("r1", "r7").replace("r2", "r8").replace("r3", "r9")
    user = [_through_trap(status, base) for status, base in ((1, 0), (3, 0), (1, 8))]
    user.append((user[-1][0], [*user[-1][1], *twice]))
    if sought.user:
        return user
    supervisor: list[tuple[list[str], list[str]]] = [([], [])]
    harmless = _harmless_exit(sought)
    if harmless:
        supervisor.append(([], [harmless]))
    supervisor += [_through_trap(status, base) for status, base in ((0, 0), (2, 0), (0, 8))]
    supervisor += [_through_trap(0, 0, bound) for bound in (40, 100)]
    supervisor.append(([*before, once], []))
    supervisor += [(lines, body) for lines in _clocks_started(sought) for body in ([], ["nop"])]
    return supervisor if sought.user is False else [*supervisor, *user]


def _clocks_started(sought: Sought) -> Iterator[list[str]]:
    """Give lines that start a clock, soon to run out or not."""
    if "settimer" in sought.isa.by_name:
        yield from ([f"ldi r7, {ticks}", "settimer r7"] for ticks in (1, 2, 3, 5))
    if "disk" in sought.isa.by_name:
        yield ["ldi r7, 40", "disk r7, r8, 0"]


def _through_trap(status: int, base: int, bound: int | None = None) -> tuple[list[str], list[str]]:
    """Return lines that load a PSW by a supervisor call: the trap's new PSW, and the call."""
    words = f".word {status}, go - {base}, {base}, {ALLOTMENT.size - base if bound is None else bound}"
    return [".org 8", words, ".org 16"], ["svc 0", "go:"]


def _harmless_exit(sought: Sought) -> str | None:
    """Return a privileged instruction that changes nothing but registers on the bare machine, to cause an exit."""
    for name in sorted(sought.sensitive - {sought.blame} - sought.critical):
        line = _invocation(sought.isa[name], 0)[0].replace("r1", "r9").replace("r2", "r10")
        try:
            machine = Machine(sought.isa, assemble(line, sought.isa).words, memory=ALLOTMENT.size)
        except PopekError:
            continue
        before = dict(machine.state.slots)
        event = machine.step()
        same = {s for s in before if before[s] != machine.state.slots[s]} == {PC}
        if event is not None and event.kind is Kind.EXECUTED and same and before[MODE] == SUPERVISOR:
            return line
    return None


_HANDLER = (".org 8", ".word 0, handler, 0, 64", ".org 16")
_ENDS = ("handler:", "nop")
_RELOCATED = ((0, 100), (0, 65), (8, 64), (8, 100), (1, 64), (8, 40))
"""Bases and bounds, most of which reach beyond the virtual memory's end."""


def _generic(sought: Sought) -> Iterator[list[str]]:
    """Give programs in which every kind of event happens."""
    if sought.prop != "equivalence":
        yield ["nop"]
        yield from ([f"ldi r2, {v}", f"{op} r1, 0(r2)"] for v in (63, 64, 65, 100, -1) for op in ("st", "ld"))
    yield [*_HANDLER, "svc 0", *_ENDS]
    yield [*_HANDLER, ".word 0", *_ENDS]
    yield from ([*_HANDLER, f"ldi r2, {v}", "ld r1, 0(r2)", *_ENDS] for v in (63, 64, 65, 100, -1, 0))
    yield from ([*_HANDLER, f"ldi r2, {v}", "jalr r3, r2", *_ENDS] for v in (64, 63, -1))
    yield [".org 8", ".word 1, handler - 8, 8, 24", ".org 16", "svc 0", *_ENDS, "svc 1"]
    parts = [_of_clocks, _of_the_disk]
    parts.insert(0 if sought.blame == "event:fetch" else 2, _of_relocation)
    for part in parts:
        yield from part(sought)
    for name in sorted(sought.sensitive):
        for values, immediate in _operands(sought.isa[name])[:12]:
            yield [*_HANDLER, *_assignments(values), *_invocation(sought.isa[name], immediate), *_ENDS]


def _of_clocks(sought: Sought) -> Iterator[list[str]]:
    if {"settimer", "setie", "gettimer"} <= sought.isa.by_name.keys():
        for ticks, spins in product((1, 2, 3, 4), (3, 6)):
            timer = [f"ldi r1, {ticks}", "ldi r2, 1", "settimer r1", "setie r2"]
            yield [*_HANDLER, *timer, *["nop"] * spins, *_ENDS]
            yield [*_HANDLER, "ldi r1, 6", "settimer r1", *["nop"] * ticks, "gettimer r3", *_ENDS]


def _of_the_disk(sought: Sought) -> Iterator[list[str]]:
    """Give programs that wait for the disk: with its interrupt on, off, or while a slower timer runs."""
    if {"disk", "setie", "settimer"} <= sought.isa.by_name.keys():
        start, timer = ["ldi r1, 40", "ldi r2, 1", "disk r1, r2, 0"], ["ldi r4, 100", "settimer r4"]
        for before, after in product(([], timer), (["setie r2"], ["nop", "setie r2"], [], ["nop"])):
            yield [*_HANDLER, *before, *start, *after, "jal r3, . + 0", *_ENDS]


def _of_relocation(sought: Sought) -> Iterator[list[str]]:
    for base, bound in _RELOCATED:
        for address, op in product((bound - 1, 63 - base, 64 - base), ("ld", "st")):
            vector = [".org 8", f".word 0, go - {base}, {base}, {bound}", ".org 16"]
            yield [*vector, f"ldi r2, {address}", "svc 0", "go:", f"{op} r1, 0(r2)"]
    if {"getr", "setr"} <= sought.isa.by_name.keys():
        for base, bound in ((8, 40), (8, 64), (0, 100), (20, 20), (60, 10), (100, 3), (100, 100)):
            yield [*_HANDLER, f"ldi r1, {base}", f"ldi r2, {bound}", "setr r1, r2", "ld r3, 0(r4)", *_ENDS]
            yield [*_HANDLER, f"ldi r1, {base}", f"ldi r2, {bound}", "setr r1, r2", "getr r3, r4", *_ENDS]
