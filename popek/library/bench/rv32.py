"""An assembler for the RV32I programs that peers run: as much of the language as those programs use.

The RISC-V Instruction Set Manual, Volume I, chapters 2 and 24 (formats and opcodes of RV32I). `li` is always two
instructions, so that sizes do not depend on values.
"""

import re
from collections.abc import Callable, Mapping

REGISTERS = {
    **{f"x{n}": n for n in range(32)},
    **{n: i for i, n in enumerate(("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1"))},
    **{f"a{n}": 10 + n for n in range(8)},
    **{f"s{n}": 16 + n for n in range(2, 12)},
    **{f"t{n}": 25 + n for n in range(3, 7)},
}

_LINE = re.compile(r"\s*(?:(\w+):)?\s*(?:([a-z]+)\s*(.*?))?\s*(?:#.*)?$")


def _r(funct3: int, funct7: int = 0) -> Callable[..., int]:
    return lambda rd, a, b: funct7 << 25 | b << 20 | a << 15 | funct3 << 12 | rd << 7 | 0x33


def _i(funct3: int, opcode: int) -> Callable[..., int]:
    return lambda rd, a, imm: (imm & 0xFFF) << 20 | a << 15 | funct3 << 12 | rd << 7 | opcode


def _store(b: int, a: int, imm: int) -> int:
    return (imm >> 5 & 0x7F) << 25 | b << 20 | a << 15 | 2 << 12 | (imm & 0x1F) << 7 | 0x23


def _branch(funct3: int) -> Callable[..., int]:
    def encode(a: int, b: int, by: int) -> int:
        distance = (by >> 12 & 1) << 31 | (by >> 5 & 0x3F) << 25 | (by >> 1 & 0xF) << 8 | (by >> 11 & 1) << 7
        return distance | b << 20 | a << 15 | funct3 << 12 | 0x63

    return encode


def _jal(rd: int, by: int) -> int:
    high = (by >> 20 & 1) << 31 | (by >> 1 & 0x3FF) << 21
    return high | (by >> 11 & 1) << 20 | (by >> 12 & 0xFF) << 12 | rd << 7 | 0x6F


_FORMS: Mapping[str, tuple[str, Callable[..., int]]] = {
    **{n: ("rrr", _r(f)) for n, f in (("add", 0), ("xor", 4), ("or", 6), ("and", 7))},
    "sub": ("rrr", _r(0, 0x20)),
    "addi": ("rri", _i(0, 0x13)),
    "slli": ("rri", _i(1, 0x13)),
    "srli": ("rri", _i(5, 0x13)),
    "andi": ("rri", _i(7, 0x13)),
    "lw": ("rm", _i(2, 0x03)),
    "jalr": ("rm", _i(0, 0x67)),
    "sw": ("rm", _store),
    **{n: ("rrb", _branch(f)) for n, f in (("beq", 0), ("bne", 1), ("bltu", 6), ("bgeu", 7))},
    "jal": ("rb", _jal),
    "lui": ("ri", lambda rd, imm: (imm & 0xFFFFF) << 12 | rd << 7 | 0x37),
    "ecall": ("", lambda: 0x73),
}
"""The operands of an instruction, and its encoding. r register, i number, m offset(register), b distance to a label."""

_PSEUDO: Mapping[str, Callable[..., list[str]]] = {
    "nop": lambda: ["addi zero, zero, 0"],
    "mv": lambda rd, a: [f"addi {rd}, {a}, 0"],
    "j": lambda label: [f"jal zero, {label}"],
    "li": lambda rd, value: [f"lui {rd}, %hi({value})", f"addi {rd}, {rd}, %lo({value})"],
}


def assemble(source: str, origin: int, symbols: Mapping[str, int]) -> list[int]:
    """Return the instruction words of a program at an address; `symbols` are numbers that it may name."""
    names, lines = dict(symbols), list[str]()
    for text in source.splitlines():
        found = _LINE.match(text)
        assert found is not None, text
        label, name, rest = found.groups()
        if label:
            names[label] = origin + 4 * len(lines)
        if name:
            operands = [o.strip() for o in rest.split(",")] if rest else []
            lines += _PSEUDO[name](*operands) if name in _PSEUDO else [f"{name} {', '.join(operands)}"]
    return [_encode(line, origin + 4 * n, names) for n, line in enumerate(lines)]


def _encode(line: str, at: int, names: Mapping[str, int]) -> int:
    name, _, rest = line.partition(" ")
    form, encode = _FORMS[name]
    values: list[int] = []
    for kind, operand in zip(form, rest.split(", ") if rest else (), strict=True):
        if kind == "r":
            values.append(REGISTERS[operand])
        elif kind == "m":
            offset, register = operand.rstrip(")").split("(")
            values += [REGISTERS[register], int(offset)]
        else:
            values.append(_number(operand, names) - (at if kind == "b" else 0))
    return encode(*values)


def _number(text: str, names: Mapping[str, int]) -> int:
    """Return a number, a name's value, or the upper or lower part of either, the lower with a sign."""
    if text.startswith("%"):
        value = _number(text[4:-1], names)
        upper = value + 0x800 >> 12
        return upper if text.startswith("%hi") else value - (upper << 12)
    return names[text] if text in names else int(text, 0)
