"""A guest program as a value: its text, what it needs, what it teaches, and the result that is expected of it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import field, frozen

from popek.language.phrase import Phrase, say

MAX_STEPS = 100_000
MEMORY = 1024
OUTCOMES = ("halted", "budget", "trap-loop")

ADDRESS = re.compile(r"(?P<start>[A-Za-z_]\w*|0x[0-9A-Fa-f]+|[0-9]+)\s*(?:(?P<sign>[+-])\s*(?P<offset>[0-9]+))?")
"""Where a word of memory is: a number or a symbol, then perhaps plus or minus a number."""


@frozen
class Expected:
    """What is expected of a run. What is None, or not in a table, may be anything.

    `registers` are by number. `words` are words of (virtual) physical memory, by address as `ADDRESS` has it.
    """

    outcome: str | None = None
    output: str | None = None
    registers: Mapping[int, int] = field(factory=dict)
    words: Mapping[str, int] = field(factory=dict)

    def mismatches(
        self,
        outcome: str,
        output: str,
        registers: Sequence[int],
        memory: Callable[[int], int],
        symbols: Mapping[str, int],
    ) -> tuple[str, ...]:
        """Return a sentence for everything in which a result is not the expected one; none if all is well.

        `memory` gives the word at an address, and `symbols` are those of the assembled program.
        """
        return tuple(self._mismatches(outcome, output, registers, memory, symbols))

    def _mismatches(
        self,
        outcome: str,
        output: str,
        registers: Sequence[int],
        memory: Callable[[int], int],
        symbols: Mapping[str, int],
    ) -> Iterator[str]:
        if self.outcome not in (None, outcome):
            yield say("the outcome is {outcome}, not {outcome_2}", outcome=outcome, outcome_2=self.outcome)
        if self.output not in (None, output):
            yield say("the output is {output!r}, not {output_2!r}", output=output, output_2=self.output)
        for number, value in self.registers.items():
            if registers[number] != value:
                yield say(
                    "r{number} is {registers}, not {value}", number=number, registers=registers[number], value=value
                )
        for where, value in self.words.items():
            at = address(where, symbols)
            if at is None:
                yield say(
                    "the word at {where} is expected to be {value}, but the program has no such symbol",
                    where=where,
                    value=value,
                )
            elif memory(at) != value:
                yield say("the word at {where} is {memory}, not {value}", where=where, memory=memory(at), value=value)


def address(where: str, symbols: Mapping[str, int]) -> int | None:
    """Return the address that a text in the form of `ADDRESS` means; nothing if its symbol is not known."""
    found = ADDRESS.fullmatch(where)
    assert found, f"not an address: {where!r}"
    start, offset = found["start"], int(found["offset"] or 0)
    base = int(start, 0) if start[0].isdigit() else symbols.get(start)
    return None if base is None else base + (-offset if found["sign"] == "-" else offset)


@frozen
class Guest:
    """A guest program. `memory` is the least number of words that it needs; `disk` holds words.

    `detects` names the ISA on which the program finds out that it is in a virtual machine; `demonstrates` the one on
    which it takes what is its monitor's.
    """

    name: str
    source: str = field(repr=False)
    file: str = ""
    title: str = field(default="", converter=Phrase)
    teaches: str = field(default="", converter=Phrase)
    isa: str = "classic"
    memory: int = MEMORY
    input: bytes = b""
    disk: tuple[int, ...] = field(default=(), repr=False)
    max_steps: int = MAX_STEPS
    expected: Expected = field(factory=Expected)
    detects: str = ""
    demonstrates: str = ""
