"""A second opinion on who traps: each instruction in user mode here, and in the Unicorn emulator, which others wrote.

Unicorn is no truth either. Its known errors are listed here, and each has to be one still. It is no dependency: whoever
wants this opinion installs the package `unicorn`.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from popek.engine.machine import Machine
from popek.engine.reference import Kind
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.catalogue.m68000 import M68000, M68010, MOVE_FROM_CCR
from popek.isa.catalogue.riscv import COUNTERS, RISCV, WFI
from popek.isa.catalogue.x86 import X86
from popek.isa.classic import INNOCUOUS

unicorn = pytest.importorskip("unicorn", reason="the Unicorn emulator is an optional second opinion")
x86 = pytest.importorskip("unicorn.x86_const")
m68k = pytest.importorskip("unicorn.m68k_const")
riscv = pytest.importorskip("unicorn.riscv_const")

CODE, TABLE, DATA, STACK, BOOT = 0x1000, 0x4000, 0x5000, 0x8000, 0x2000
PRIVILEGE_VIOLATION, GENERAL_PROTECTION, ILLEGAL_INSTRUCTION = 8, 13, 2


def popek_traps(isa: Isa, lines: str) -> bool:
    """Say whether the last of some lines traps in user mode; the descriptors 12 and 13 are of ring 3."""
    program = f".org 8\n.word 1, go, 0, 128, 0x00cffa00, 0x00cff200\n.org 16\nsvc 0\ngo: {lines}\n"
    machine = Machine(isa, assemble(program.replace("; ", "\n"), isa).words, memory=128)
    for _ in range(lines.count(";") + 2):
        machine.step()
    assert machine.last_event is not None
    return machine.last_event.kind is not Kind.EXECUTED


def traps_of(cpu: Any) -> list[int]:
    """Return a list that fills with the numbers of the traps that an emulated processor makes; it stops at each."""
    traps: list[int] = []

    def trapped(cpu: Any, number: int, _data: object) -> None:
        traps.append(number)
        cpu.emu_stop()

    cpu.hook_add(unicorn.UC_HOOK_INTR, trapped)
    return traps


# x86 ----------------------------------------------------------------------------------------------------------------

_AT = DATA.to_bytes(4, "little").hex()


def _behind(length: int) -> str:
    return (CODE + length).to_bytes(4, "little").hex()


_FAR = "ldi r1, 40; ldi r2, 0x63; "
_SELECTOR = "ldi r1, 0x6b; "
X86_SITUATIONS: Mapping[str, tuple[str, str]] = {
    "sgdt": ("0f0105" + _AT, "sgdt r1"),
    "sidt": ("0f010d" + _AT, "sidt r1"),
    "sldt": ("0f00c0", "sldt r1"),
    "str": ("0f00c8", "str r1"),
    "smsw": ("0f01e0", "smsw r1"),
    "lgdt": ("0f0115" + _AT, "lgdt r1"),
    "lidt": ("0f011d" + _AT, "lidt r1"),
    "lldt": ("0f00d0", "lldt r1"),
    "ltr": ("0f00d8", "ltr r1"),
    "lmsw": ("0f01f0", "lmsw r1"),
    "invlpg": ("0f013d" + _AT, "invlpg r1"),
    "verr": ("0f00e0", _SELECTOR + "verr r1"),
    "verw": ("0f00e8", _SELECTOR + "verw r1"),
    "lar": ("0f02c1", _SELECTOR + "lar r2, r1"),
    "lsl": ("0f03c1", _SELECTOR + "lsl r2, r1"),
    "pushf": ("9c", "pushf r1"),
    "popf": ("9c9d", "popf r1"),
    "push-seg": ("0e", "push-seg r1, 1"),
    "pop-seg": ("1e1f", _SELECTOR + "pop-seg r1, 3"),
    "mov-from-seg": ("8cc8", "mov-from-seg r1, 1"),
    "mov-to-seg": ("8ed8", _SELECTOR + "mov-to-seg r1, 3"),
    "call-far": ("9a" + _behind(7) + "1b00", _FAR + "call-far r1, r2"),
    "jmp-far": ("ea" + _behind(7) + "1b00", _FAR + "jmp-far r1, r2"),
    "ret-far": ("0e68" + _behind(7) + "cb", _FAR + "ret-far r1, r2"),
    "iret": ("9c0e68" + _behind(8) + "cf", _FAR + "iret r1, r2, r0"),
    "int-n": ("cd80", "int-n 0x80"),
    "mov-to-cr": ("0f22c0", "mov-to-cr r1, r2, 0"),
    "mov-from-cr": ("0f20c0", "mov-from-cr r1, r2, 0"),
    "mov-to-dr": ("0f23f8", "mov-to-dr r1"),
    "mov-from-dr": ("0f21f8", "mov-from-dr r1"),
    "clts": ("0f06", "clts"),
    "hlt": ("f4", "hlt"),
    "invd": ("0f08", "invd"),
    "wbinvd": ("0f09", "wbinvd"),
    "rdmsr": ("0f32", "rdmsr r1"),
    "wrmsr": ("0f30", "wrmsr r1"),
    "cli": ("fa", "cli"),
    "sti": ("fb", "sti"),
    "in": ("e440", "in r1, 0x40"),
    "out": ("e640", "out r1, 0x40"),
}
"""Each instruction as IA-32 has it, run in ring 3 with flat segments of that ring, and as popek has it, likewise."""

X86_ERRORS = {"in": False, "out": False}
"""What Unicorn makes of them: input and output do not fault in ring 3, whatever IOPL is."""


def _descriptor(access: int) -> bytes:
    return (0xFFFF | access << 40 | 0xCF << 48).to_bytes(8, "little")


def x86_traps(code: bytes) -> bool:
    """Say whether some machine code traps in ring 3, where a far return has led."""
    cpu = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)
    cpu.mem_map(0, 0x10000)
    table = bytes(8) + b"".join(_descriptor(a) for a in (0x9B, 0x93, 0xFB, 0xF3))
    cpu.mem_write(TABLE, table)
    cpu.mem_write(CODE, code)
    cpu.mem_write(BOOT, bytes.fromhex(f"6a2368{STACK.to_bytes(4, 'little').hex()}6a1b68{_behind(0)}cb"))
    cpu.reg_write(x86.UC_X86_REG_GDTR, (0, TABLE, len(table) - 1, 0))
    registers = {"SS": 0x10, "CS": 0x08, "DS": 0x23, "ES": 0x23, "ESP": STACK, "EAX": 0x23, "ECX": 0x23}
    for name, value in registers.items():
        cpu.reg_write(getattr(x86, f"UC_X86_REG_{name}"), value)
    traps = traps_of(cpu)
    cpu.emu_start(BOOT, CODE)
    assert cpu.reg_read(x86.UC_X86_REG_CS) == 0x1B
    assert not traps
    cpu.emu_start(CODE, CODE + len(code))
    assert set(traps) <= {GENERAL_PROTECTION, 0x80}
    return bool(traps)


@pytest.mark.parametrize("name", X86_SITUATIONS)
def test_x86_traps_where_unicorn_does(name: str) -> None:
    """Ring 3 makes the same of it, known errors aside."""
    code, lines = X86_SITUATIONS[name]
    theirs = x86_traps(bytes.fromhex(code))
    assert theirs == X86_ERRORS.get(name, popek_traps(X86, lines))


def test_every_x86_instruction_is_asked_about() -> None:
    """None is left out, and the known errors are errors."""
    assert X86_SITUATIONS.keys() == {i.name for i in X86.instructions if i not in INNOCUOUS}
    assert all(popek_traps(X86, X86_SITUATIONS[n][1]) is not theirs for n, theirs in X86_ERRORS.items())


# 68000 --------------------------------------------------------------------------------------------------------------

M68K_SITUATIONS: Mapping[str, tuple[str, str]] = {
    "move-from-sr": ("40c0", "move-from-sr r1"),
    "move-to-sr": ("46c0", "move-to-sr r1"),
    "andi-to-sr": ("027cffff", "andi-to-sr 0xffff"),
    "ori-to-sr": ("007c0000", "ori-to-sr 0"),
    "eori-to-sr": ("0a7c0000", "eori-to-sr 0"),
    "move-to-ccr": ("44c0", "move-to-ccr r1"),
    "move-to-usp": ("4e60", "move-to-usp r1"),
    "move-from-usp": ("4e68", "move-from-usp r1"),
    "rte": ("4e73", "rte"),
    "stop": ("4e722700", "stop 0x2700"),
    "reset": ("4e70", "reset"),
}
"""Each instruction as the 68000 has it, and as popek has it. MOVEP stands for what is outside the processor."""

OUTSIDE = {"movep-to-device", "movep-from-device", "movep-to-mmu", "movep-from-mmu"}


def m68k_traps(code: str, model: int) -> bool:
    """Say whether some machine code traps in user mode on a model of the family."""
    cpu = unicorn.Uc(unicorn.UC_ARCH_M68K, unicorn.UC_MODE_BIG_ENDIAN)
    cpu.ctl_set_cpu_model(model)
    cpu.mem_map(0, 0x10000)
    cpu.mem_write(CODE, bytes.fromhex(code))
    cpu.reg_write(m68k.UC_M68K_REG_A7, STACK)
    cpu.reg_write(m68k.UC_M68K_REG_SR, 0)
    traps = traps_of(cpu)
    cpu.emu_start(CODE, CODE + len(code) // 2)
    assert set(traps) <= {PRIVILEGE_VIOLATION}
    return bool(traps)


@pytest.mark.parametrize("name", M68K_SITUATIONS)
def test_the_68000_traps_where_unicorn_does(name: str) -> None:
    """User mode makes the same of it."""
    code, line = M68K_SITUATIONS[name]
    assert m68k_traps(code, m68k.UC_CPU_M68K_M68000) == popek_traps(M68000, line)


def test_the_68010_traps_where_unicorns_68020_does() -> None:
    """MOVE from SR aside, which by architecture traps on both, and in Unicorn on neither."""
    model = m68k.UC_CPU_M68K_M68020
    for name, (code, line) in M68K_SITUATIONS.items():
        ours = popek_traps(M68010, line)
        assert m68k_traps(code, model) == (ours and name != "move-from-sr")
    assert popek_traps(M68010, "move-from-sr r1")
    assert m68k_traps("42c0", model) == popek_traps(M68010, f"{MOVE_FROM_CCR.name} r1")


def test_every_68000_instruction_is_asked_about() -> None:
    """None is left out but those that stand for what is outside the processor."""
    assert M68K_SITUATIONS.keys() == {i.name for i in M68000.instructions if i not in INNOCUOUS} - OUTSIDE


# RISC-V -------------------------------------------------------------------------------------------------------------

_CSRRW, _MRET, _LOOKS = 0x1073, 0x30200073, 0x2073
CSRS = {
    "csrrw-mstatus": 0x300,
    "csrrw-sstatus": 0x100,
    "csrrw-mtvec": 0x305,
    "csrrw-stvec": 0x105,
    "csrrw-mepc": 0x341,
    "csrrw-sepc": 0x141,
    "csrrw-mcause": 0x342,
    "csrrw-mtval": 0x343,
    "csrrw-mscratch": 0x340,
    "csrrw-satp": 0x180,
    "csrrw-pmpaddr": 0x3B0,
    "csrrw-minstret": 0xB02,
}
"""The number of each control and status register."""

COUNTING = {"rdcycle": 0xC00, "rdtime": 0xC01, "rdinstret": 0xC02}


def _csrrw(number: int, to: int, source: int) -> int:
    return number << 20 | source << 15 | to << 7 | _CSRRW


RISCV_SITUATIONS: Mapping[str, tuple[int, str]] = {
    **{name: (_csrrw(number, 1, 2), f"{name} r1, r2") for name, number in CSRS.items()},
    **{name: (number << 20 | 1 << 7 | _LOOKS, f"{name} r1") for name, number in COUNTING.items()},
    "mret": (_MRET, "mret"),
    "sret": (0x10200073, "sret"),
    "sfence-vma": (0x12000073, "sfence-vma"),
    "wfi": (0x10500073, "wfi"),
}
"""Each instruction as RV32 has it, run in U, and as popek has it."""

RISCV_OUTSIDE = {"csrrw-stimecmp", "lw-io", "sw-io"}
"""A register that Unicorn's model of the processor has not, and what stands for a page."""

RISCV_ERRORS = {"rdcycle": False, "rdinstret": False}
"""What Unicorn makes of them: cycle and instret can be read in U, whatever mcounteren is."""

COUNTERS_ERRORS = {"rdtime": True}
"""And time cannot, whatever mcounteren is, since no clock is attached."""


def riscv_traps(word: int, *, mcounteren: int = 0) -> bool:
    """Say whether an instruction traps in U, where an MRET has led; PMP lets U at all of memory."""
    cpu = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
    cpu.mem_map(0, 0x10000)
    set_up = {0x3B0: 0xFFFFFFFF, 0x3A0: 0x1F, 0x306: mcounteren, 0x106: mcounteren, 0x341: CODE, 0x300: 0}
    for register, value in enumerate(set_up.values(), start=10):
        cpu.reg_write(getattr(riscv, f"UC_RISCV_REG_X{register}"), value)
    boot = [_csrrw(number, 0, register) for register, number in enumerate(set_up, start=10)]
    for at, words in ((BOOT, [*boot, _MRET]), (CODE, [word])):
        cpu.mem_write(at, b"".join(w.to_bytes(4, "little") for w in words))
    traps = traps_of(cpu)
    cpu.emu_start(BOOT, CODE)
    assert cpu.reg_read(riscv.UC_RISCV_REG_PRIV) == 0
    assert not traps
    cpu.emu_start(CODE, CODE + 4, count=1)
    assert set(traps) <= {ILLEGAL_INSTRUCTION}
    return bool(traps)


@pytest.mark.parametrize("name", RISCV_SITUATIONS)
def test_riscv_traps_where_unicorn_does(name: str) -> None:
    """U makes the same of it, known errors aside."""
    word, line = RISCV_SITUATIONS[name]
    assert riscv_traps(word) == RISCV_ERRORS.get(name, popek_traps(RISCV, line))


@pytest.mark.parametrize("name", COUNTING)
def test_riscv_with_counters_traps_where_unicorn_does(name: str) -> None:
    """With mcounteren at 7 the counters can be read in U, the known error aside."""
    word, line = RISCV_SITUATIONS[name]
    assert not popek_traps(COUNTERS, line)
    assert riscv_traps(word, mcounteren=7) == COUNTERS_ERRORS.get(name, False)


def test_every_riscv_instruction_is_asked_about() -> None:
    """None is left out but what is outside, and the known errors are errors. A WFI that completes is a variant."""
    assert RISCV_SITUATIONS.keys() == {i.name for i in RISCV.instructions if i not in INNOCUOUS} - RISCV_OUTSIDE
    assert all(popek_traps(RISCV, RISCV_SITUATIONS[n][1]) is not theirs for n, theirs in RISCV_ERRORS.items())
    assert not popek_traps(WFI, "wfi")
