"""The peers' programs are what a RISC-V tool chain makes of the same text."""

import shutil
import subprocess
from pathlib import Path

import pytest

from popek.library.bench import rv32
from popek.library.bench.loops import LOOPS, Loop

COMPILER = shutil.which("riscv64-unknown-elf-gcc")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("add t0, t1, t2", 0x007302B3),
        ("sub a0, a1, a2", 0x40C58533),
        ("xor x1, x2, x3", 0x003140B3),
        ("addi sp, sp, -16", 0xFF010113),
        ("slli t5, t0, 2", 0x00229F13),
        ("srli a1, a0, 8", 0x00855593),
        ("lw t0, 8(sp)", 0x00812283),
        ("sw ra, -4(sp)", 0xFE112E23),
        ("beq t0, t1, 0x1008", 0x00628463),
        ("bgeu s1, zero, 0xff8", 0xFE04FCE3),
        ("jal ra, 0x1800", 0x001000EF),
        ("j 0xffc", 0xFFDFF06F),
        ("jalr zero, 0(ra)", 0x00008067),
        ("lui a0, 0x12345", 0x12345537),
        ("ecall", 0x00000073),
    ],
)
def test_words_of_the_manual(line: str, word: int) -> None:
    """Each format, with fields at both ends."""
    assert rv32.assemble(line, 0x1000, {}) == [word]


@pytest.mark.parametrize("value", [0, 1, 0x7FF, 0x800, 0xFFF, 0x12345FFF, 0x8000_0000, 0xFFFF_F800])
def test_a_constant_is_two_instructions(value: int) -> None:
    """The upper part, and the lower one with its sign, come to the value."""
    upper, lower = rv32.assemble(f"li a0, {value}", 0, {})
    low = (lower >> 20) - (0x1000 if lower >> 31 else 0)
    assert ((upper & 0xFFFF_F000) + low) & 0xFFFF_FFFF == value


@pytest.mark.skipif(COMPILER is None, reason="no RISC-V tool chain is installed")
@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.name)
def test_a_tool_chain_makes_the_same(loop: Loop, tmp_path: Path) -> None:
    """Word for word, where `li` is written out."""
    lines = []
    for line in loop.source("rv32").splitlines():
        label, _, rest = line.partition("li ") if " li " in f" {line}" else (line, "", "")
        register, _, value = rest.partition(",")
        number = {"rounds": "12345678", "data": "131072"}.get(value.strip(), value.strip())
        lines += (
            [label, f"lui {register},%hi({number})", f"addi {register},{register},%lo({number})"] if rest else [line]
        )
    source, target = tmp_path / "loop.s", tmp_path / "loop.elf"
    source.write_text("\n".join((".option norelax", *lines, "")), "utf-8")
    options = ["-march=rv32i", "-mabi=ilp32", "-nostdlib", "-Wl,-Ttext=0x10000", "-Wl,-estart"]
    assert COMPILER is not None
    subprocess.run([COMPILER, *options, str(source), "-o", str(target)], check=True, capture_output=True)
    flat = tmp_path / "loop.bin"
    subprocess.run([COMPILER.replace("gcc", "objcopy"), "-O", "binary", str(target), str(flat)], check=True)
    assert flat.read_bytes() == loop.rv32(12345678, 0x10000, 131072)
