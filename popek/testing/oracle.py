"""An oracle for `classic`: the whole machine once more, by hand, in plain Python, sharing no meaning with popek.

It is what an engine is held against, not one to use. What it takes from popek is where a `State` keeps its parts.
"""

from collections.abc import Callable
from typing import Any

from popek.engine.state import State
from popek.isa.slot import CONSOLE_INPUT, CONSOLE_OUTPUT, DISK, SLOTS

M = 0xFFFFFFFF

FORMATS = {
    "nop": "", "ldi": "ai", "ldih": "au", "mov": "ab", "add": "abc", "addi": "abi", "sub": "abc", "mul": "abc",
    "divu": "abc", "remu": "abc", "and": "abc", "or": "abc", "xor": "abc", "shl": "abc", "shr": "abc", "sar": "abc",
    "slt": "abc", "sltu": "abc", "ld": "abi", "st": "abi", "beq": "abi", "bne": "abi", "blt": "abi", "bltu": "abi",
    "jal": "ai", "jalr": "ab", "svc": "u",
}  # fmt: skip
SYSTEM_FORMATS = {
    "halt": "", "lpsw": "bi", "spsw": "bi", "setr": "ab", "getr": "ab", "getmode": "a", "lra": "ab", "jsu": "a",
    "getie": "a", "setie": "a", "gettimer": "a", "settimer": "a", "in": "au", "out": "au", "disk": "abu",
    "mfpi": "ab", "mtpi": "ab",
}  # fmt: skip
OPCODES = {n: 0x01 + k for k, n in enumerate(FORMATS)} | {n: 0x40 + k for k, n in enumerate(SYSTEM_FORMATS)}
PLACES = {"a": (20, 0xF), "b": (16, 0xF), "c": (12, 0xF), "i": (0, 0xFFFF), "u": (0, 0xFFFF)}


class Trapped(Exception):  # noqa: N818 - a trap is no error
    """A trap: its cause and detail."""


class Oracle:
    """The machine: a state as it is in a `State`, as plain attributes."""

    def __init__(self, state: State) -> None:
        self.pc, self.mode, self.base, self.bound, self.ie, self.timer, self.timer_pending = map(state.slot, SLOTS[:7])
        self.run, self.console_read, self.console_written, self.disk_wait, self.disk_pending = map(
            state.slot, SLOTS[7:]
        )
        self.size = state.size
        self.registers = list(state.registers)
        self.phys = list(state.memory)
        self.console_input: dict[int, int] = dict(state.arrays[CONSOLE_INPUT])
        self.console_output: dict[int, int] = dict(state.arrays[CONSOLE_OUTPUT])
        self.disk: dict[int, int] = dict(state.arrays[DISK])

    def everything(self) -> dict[str, Any]:
        """Return the state as `contents` does."""
        return {n: v for n, v in vars(self).items() if n != "size"}

    def swap(self, pc: int, cause: int, detail: int) -> None:
        """Take a trap."""
        status = self.mode + 2 * self.ie
        self.mode, self.ie = self.phys[8] % 2, self.phys[8] // 2 % 2
        new = self.phys[9:12]
        self.phys[0:7] = [status, pc, self.base, self.bound, cause, detail, self.timer]
        self.pc, self.base, self.bound = new

    def step(self) -> None:
        """Do one step."""
        if self.ie and self.timer_pending:
            self.timer_pending = 0
            self.swap(self.pc, 6, 0)
            return
        if self.ie and self.disk_pending:
            self.disk_pending = 0
            self.swap(self.pc, 7, 0)
            return
        for clock, pending in (("timer", "timer_pending"), ("disk_wait", "disk_pending")):
            left = getattr(self, clock)
            if left:
                setattr(self, clock, left - 1)
            if left == 1:
                setattr(self, pending, 1)
        at = self.pc
        try:
            self.instruction(self.read(at))
        except Trapped as trapped:
            cause, detail = trapped.args
            self.swap((at + (cause == 4)) & M, cause, detail)

    def where(self, address: int) -> int:
        """Translate a virtual address."""
        physical = self.base + address
        if address >= self.bound or physical > M or physical >= self.size:
            raise Trapped(1, address)
        return physical

    def read(self, address: int) -> int:
        """Return the word at a virtual address."""
        return self.phys[self.where(address)]

    def instruction(self, word: int) -> None:
        """Decode and execute."""
        name = next((n for n, code in OPCODES.items() if code == word >> 24), None)
        used = 0xFF000000
        values = {"a": 0, "b": 0, "c": 0, "i": 0, "u": 0}
        for letter in (FORMATS | SYSTEM_FORMATS).get(name or "", ""):
            low, mask = PLACES[letter]
            used |= mask << low
            values[letter] = word >> low & mask
        if name is None or word & ~used & M:
            raise Trapped(2, word)
        if name in SYSTEM_FORMATS and self.mode:
            raise Trapped(3, word)
        if values["i"] >= 0x8000:
            values["i"] += 0xFFFF0000
        go = DO[name](self, **values)
        self.pc = (self.pc + 1) & M if go is None else go & M


def signed(word: int) -> int:
    """Return a word's value in two's complement."""
    return word - (1 << 32) if word >> 31 else word


def computes(of: Callable[[int, int], int]) -> Callable[..., None]:
    """Return an instruction that puts a function of rb and rc in ra."""

    def do(m: Oracle, a: int, b: int, c: int, **_: int) -> None:
        m.registers[a] = of(m.registers[b], m.registers[c]) & M

    return do


def branches(taken: Callable[[int, int], bool]) -> Callable[..., int]:
    """Return a branch on a comparison of ra and rb."""
    return lambda m, a, b, i, **_: m.pc + (i if taken(m.registers[a], m.registers[b]) else 1)


def divides(of: Callable[[int, int], int]) -> Callable[..., None]:
    """Return a division, which traps for zero."""

    def do(m: Oracle, a: int, b: int, c: int, **_: int) -> None:
        if m.registers[c] == 0:
            raise Trapped(5, 0)
        m.registers[a] = of(m.registers[b], m.registers[c])

    return do


def ldi(m: Oracle, a: int, i: int, **_: int) -> None:
    """Load a signed immediate."""
    m.registers[a] = i


def ldih(m: Oracle, a: int, u: int, **_: int) -> None:
    """Replace the upper half."""
    m.registers[a] = m.registers[a] % 65536 + u * 65536


def mov(m: Oracle, a: int, b: int, **_: int) -> None:
    """Copy."""
    m.registers[a] = m.registers[b]


def addi(m: Oracle, a: int, b: int, i: int, **_: int) -> None:
    """Add an immediate."""
    m.registers[a] = (m.registers[b] + i) & M


def ld(m: Oracle, a: int, b: int, i: int, **_: int) -> None:
    """Load."""
    m.registers[a] = m.read((m.registers[b] + i) & M)


def st(m: Oracle, a: int, b: int, i: int, **_: int) -> None:
    """Store."""
    m.phys[m.where((m.registers[b] + i) & M)] = m.registers[a]


def jal(m: Oracle, a: int, i: int, **_: int) -> int:
    """Jump and link."""
    m.registers[a] = (m.pc + 1) & M
    return int(m.pc + i)


def jalr(m: Oracle, a: int, b: int, **_: int) -> int:
    """Jump to a register and link; the old value counts if both are one."""
    target = m.registers[b]
    m.registers[a] = (m.pc + 1) & M
    return target


def svc(_m: Oracle, u: int, **_: int) -> None:
    """Call the supervisor."""
    raise Trapped(4, u)


def halt(m: Oracle, **_: int) -> None:
    """Stop."""
    m.run = 1


def lpsw(m: Oracle, b: int, i: int, **_: int) -> int:
    """Load the PSW."""
    status, pc, base, bound = [m.read((m.registers[b] + i + n) & M) for n in range(4)]
    m.mode, m.ie, m.base, m.bound = status % 2, status // 2 % 2, base, bound
    return pc


def spsw(m: Oracle, b: int, i: int, **_: int) -> None:
    """Store the PSW."""
    places = [m.where((m.registers[b] + i + n) & M) for n in range(4)]
    words = [m.mode + 2 * m.ie, (m.pc + 1) & M, m.base, m.bound]
    for place, word in zip(places, words, strict=True):
        m.phys[place] = word


def setr(m: Oracle, a: int, b: int, **_: int) -> None:
    """Set R."""
    m.base, m.bound = m.registers[a], m.registers[b]


def getr(m: Oracle, a: int, b: int, **_: int) -> None:
    """Get R."""
    m.registers[a] = m.base
    m.registers[b] = m.bound


def puts(of: Callable[[Oracle], int]) -> Callable[..., None]:
    """Return an instruction that reads a part of the state."""

    def do(m: Oracle, a: int, **_: int) -> None:
        m.registers[a] = of(m)

    return do


def lra(m: Oracle, a: int, b: int, **_: int) -> None:
    """Load a real address."""
    m.registers[a] = m.where(m.registers[b])


def jsu(m: Oracle, a: int, **_: int) -> int:
    """Drop to user mode and jump."""
    m.mode = 1
    return m.registers[a]


def setie(m: Oracle, a: int, **_: int) -> None:
    """Set the interrupt enable."""
    m.ie = m.registers[a] % 2


def settimer(m: Oracle, a: int, **_: int) -> None:
    """Set the timer."""
    m.timer, m.timer_pending = m.registers[a], 0


def in_(m: Oracle, a: int, u: int, **_: int) -> None:
    """Read from a port."""
    m.registers[a] = {0: m.console_input.get(m.console_read, M), 1: m.disk_wait}.get(u, 0)
    if u == 0:
        m.console_read = (m.console_read + 1) & M


def out(m: Oracle, a: int, u: int, **_: int) -> None:
    """Write to a port."""
    if u == 0:
        m.console_output[m.console_written] = m.registers[a]
        m.console_written = (m.console_written + 1) & M


def disk(m: Oracle, a: int, b: int, u: int, **_: int) -> None:
    """Start a disk transfer."""
    at, sector = m.registers[a], m.registers[b] * 16
    if at + 16 > m.size:
        raise Trapped(1, at)
    for n in range(16):
        if u % 2:
            m.disk[(sector + n) & M] = m.phys[at + n]
        else:
            m.phys[at + n] = m.disk.get((sector + n) & M, 0)
    m.disk_wait = 40


def previous(m: Oracle, address: int) -> int:
    """Translate through the old PSW's R."""
    physical = m.phys[2] + address
    if address >= m.phys[3] or physical > M or physical >= m.size:
        raise Trapped(1, address)
    return physical


def mfpi(m: Oracle, a: int, b: int, **_: int) -> None:
    """Load through the previous address space."""
    m.registers[a] = m.phys[previous(m, m.registers[b])]


def mtpi(m: Oracle, a: int, b: int, **_: int) -> None:
    """Store through the previous address space."""
    m.phys[previous(m, m.registers[b])] = m.registers[a]


DO: dict[str, Callable[..., int | None]] = {
    "nop": lambda _m, **_: None, "ldi": ldi, "ldih": ldih, "mov": mov, "addi": addi, "ld": ld, "st": st, "jal": jal,
    "jalr": jalr, "svc": svc, "halt": halt, "lpsw": lpsw, "spsw": spsw, "setr": setr, "getr": getr, "lra": lra,
    "jsu": jsu, "setie": setie, "settimer": settimer, "in": in_, "out": out, "disk": disk, "mfpi": mfpi, "mtpi": mtpi,
    "add": computes(lambda x, y: x + y), "sub": computes(lambda x, y: x - y), "mul": computes(lambda x, y: x * y),
    "divu": divides(lambda x, y: x // y), "remu": divides(lambda x, y: x % y), "and": computes(lambda x, y: x & y),
    "or": computes(lambda x, y: x | y), "xor": computes(lambda x, y: x ^ y),
    "shl": computes(lambda x, y: x << y if y < 32 else 0), "shr": computes(lambda x, y: x >> min(y, 32)),
    "sar": computes(lambda x, y: signed(x) >> min(y, 31)), "slt": computes(lambda x, y: signed(x) < signed(y)),
    "sltu": computes(lambda x, y: x < y), "beq": branches(lambda x, y: x == y), "bne": branches(lambda x, y: x != y),
    "blt": branches(lambda x, y: signed(x) < signed(y)), "bltu": branches(lambda x, y: x < y),
    "getmode": puts(lambda m: m.mode), "getie": puts(lambda m: m.ie), "gettimer": puts(lambda m: m.timer),
}  # fmt: skip
