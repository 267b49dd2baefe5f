"""Small programs: a witness is shrunk until no line can be dropped and no constant made simpler.

What *simpler* means is said here, once: nearer to what is there at reset, or as near, and above it unless the constant
itself was below. What is there at reset is 0, but of the bound in the new PSW it is all of memory. `simpler` lists what
is tried; a program is a local minimum if with none of these, and without none of its lines, it still shows what it has
shown. Where a word lies is no constant of a program, and neither is a register's number; but registers get the lowest
numbers that do.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from popek.isa.cycle import NEW_BASE, NEW_BOUND, NEW_PC, NEW_STATUS
from popek.prove.pools import ALLOTMENT
from popek.prove.setups import assignments
from popek.prove.terms import WIDTH

Lines = Sequence[str]
"""A program in assembly: one line for each label, word or instruction."""

_VECTOR = f".org {NEW_STATUS}"
_WAY = (".org ", ".word 0, handler", *(f".word {n}, go" for n in range(8)), "svc 0", "go:")
"""How lines begin that together lead through a trap to another PSW."""

_NUMBER = re.compile(r"(?<![\w.])-?(?:0x[0-9a-f]+|\d+)\b")
_REGISTER = re.compile(r"\br(\d+)\b")


def simpler(value: int, rest: int = 0) -> list[int]:
    """Return values that are simpler than one, the simplest first; at `rest` there are none.

    They are `rest`, and what is 1 or 2 away from it; half as far away, or 1 less; as far, less one bit of the distance.
    """
    far, signs = abs(value - rest), (1, -1) if value < rest else (1,)
    ways = {0, 1, 2, far // 2, far - 1, *(far & ~(1 << bit) for bit in range(far.bit_length()))}
    found = {rest + sign * way for way in ways if 0 <= way < far for sign in signs}
    mirrored = {rest + far} if value < rest else set()
    return sorted(found | mirrored, key=lambda v: (abs(v - rest), v < rest))


def shrunk(lines: Lines, shows: Callable[[Lines], bool]) -> list[str]:
    """Return a local minimum of a program that shows something: no smaller one does."""
    smallest, refused = list(lines), set[tuple[str, ...]]()
    while True:
        for fewer in smaller(smallest):
            if tuple(fewer) not in refused and shows(fewer):
                smallest = fewer
                break
            refused.add(tuple(fewer))
        else:
            return smallest


def smaller(lines: Lines) -> Iterator[list[str]]:
    """Give what a program may be shrunk to in one step."""
    if any(line.startswith(_WAY) for line in lines):
        yield [line for line in lines if not line.startswith(_WAY)]
    yield from ([*lines[:n], *lines[n + 1 :]] for n in range(len(lines)))
    for n, line in enumerate(lines):
        vector = n > 0 and lines[n - 1] == _VECTOR
        for instead in chain(_relocated(line) if vector else (), _simpler_line(line, vector=vector)):
            yield [*lines[:n], *instead, *lines[n + 1 :]]
    yield from _renumbered(lines)


def _simpler_line(line: str, *, vector: bool) -> Iterator[list[str]]:
    """Give the line with one constant made simpler; `vector`: it is the new PSW."""
    name, _, operands = line.partition(" ")
    if name in ("ldi", "li"):
        register, value = operands.split(", ")
        for word in simpler(int(value)):
            yield assignments({int(register[1:]): word % (1 << WIDTH)}) or [f"ldi {register}, 0"]
    elif name != ".org":
        for found in _NUMBER.finditer(operands):
            place = operands.count(",", 0, found.start())
            rest = ALLOTMENT.size if vector and place == NEW_BOUND - NEW_STATUS else 0
            for number in simpler(int(found[0], 0), rest):
                written = hex(number) if found[0].startswith("0x") and number > 9 else str(number)
                yield [f"{name} {operands[: found.start()]}{written}{operands[found.end() :]}"]


def _relocated(line: str) -> Iterator[list[str]]:
    """Give the new PSW with a simpler base, and the pc that goes with it."""
    words = line.removeprefix(".word ").split(", ")
    pc, base = NEW_PC - NEW_STATUS, NEW_BASE - NEW_STATUS
    label, minus, before = words[pc].partition(" - ")
    if minus and before == words[base]:
        for value in simpler(int(before)):
            words[pc], words[base] = f"{label} - {value}", str(value)
            yield [f".word {', '.join(words)}"]


def _renumbered(lines: Lines) -> Iterator[list[str]]:
    """Give the program with one register called by a lower number, but that no line names two by the same."""
    named = [{int(n) for n in _REGISTER.findall(line.partition(" ")[2])} for line in lines]
    for old in sorted(set().union(*named)):
        for new in range(1, old):
            if not any({old, new} <= those for those in named):
                yield [_with(line, old, new) for line in lines]


def _with(line: str, old: int, new: int) -> str:
    name, space, operands = line.partition(" ")
    return name + space + re.sub(rf"\br{old}\b", f"r{new}", operands)
