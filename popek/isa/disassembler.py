"""The disassembler: words to text that assembles to the same words again."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from popek.isa import encoding
from popek.isa.architecture import Decoded, Isa
from popek.isa.encoding import OPERANDS, Operand
from popek.isa.program import MEMORY_LIMIT, Program

_RUN = 4
"""So many equal words that are no instructions are written as one `.space`."""


def disassemble_word(word: int, isa: Isa, address: int | None = None) -> str:
    """Return one instruction as text, or `.word 0x...` for an illegal opcode.

    A branch's target is an address if the instruction's own is given, else a distance from `.`.
    """
    decoded = isa.decode(word)
    return f".word 0x{word:08x}" if decoded is None else disassemble_decoded(decoded, address)


def disassemble_decoded(decoded: Decoded, address: int | None = None) -> str:
    """Return an instruction that is decoded already as text."""
    syntax = encoding.tokens(decoded.instruction.operands)
    return " ".join(filter(None, (decoded.instruction.name, "".join(_written(t, decoded, address) for t in syntax))))


def _written(part: str, decoded: Decoded, address: int | None) -> str:
    operand = OPERANDS.get(part)
    if operand is None:
        return ", " if part == "," else part
    return _operand(operand, decoded.values[operand.field.name], address)


def _operand(operand: Operand, value: int, address: int | None) -> str:
    if operand.register:
        return f"r{value}"
    if not operand.relative:
        return str(value)
    if address is None or address + value not in range(MEMORY_LIMIT):
        return f".{value:+}"
    return str(address + value)


def disassemble(words: Mapping[int, int] | Program, isa: Isa) -> str:
    """Return words, or a program's, as text with `.org` directives. Assembling it gives the same words."""
    table = words.words if isinstance(words, Program) else words
    return "".join(f"{line}\n" for line in _lines(table, isa))


def _lines(table: Mapping[int, int], isa: Isa) -> Iterator[str]:
    for _, run in groupby(enumerate(sorted(table)), lambda pair: pair[1] - pair[0]):
        addresses = [address for _, address in run]
        yield f"        .org {addresses[0]}"
        for word, group in groupby(addresses, lambda a: table[a]):
            yield from _equal_words(word, list(group), isa)


def _equal_words(word: int, addresses: list[int], isa: Isa) -> Iterator[str]:
    if len(addresses) >= _RUN and isa.decode(word) is None:
        yield _line(f".space {len(addresses)}" + (f", 0x{word:08x}" if word else ""), addresses[0], word)
        return
    for address in addresses:
        yield _line(disassemble_word(word, isa, address), address, word)


def _line(text: str, address: int, word: int) -> str:
    return f"        {text:<28}; {address:>5}: {word:08x}"
