"""Devices as the machines of the catalogue share them: a console and a disk, whatever their instructions are called."""

from popek.isa.behaviour import Behaviour, Cause, Copy, Put, Trap
from popek.isa.classic import DISK_LATENCY, SECTOR, sets
from popek.isa.expression import SIZE, Expr, as_expr, both, element, eq, not_, ult
from popek.isa.instruction import A, imm, ra, rb
from popek.isa.slot import (
    CONSOLE_INPUT,
    CONSOLE_OUTPUT,
    CONSOLE_READ,
    CONSOLE_WRITTEN,
    DISK,
    DISK_WAIT,
    MEMORY,
    Slot,
)

Writes = dict[Slot, Expr | Slot | int]


def prints(value: Expr = ra, writes: Writes | None = None) -> Behaviour:
    """Return the behaviour that writes a word on the console, and some slots."""
    return Behaviour(
        {CONSOLE_WRITTEN: as_expr(CONSOLE_WRITTEN) + 1, **(writes or {})},
        [Put(CONSOLE_OUTPUT, CONSOLE_WRITTEN, value)],
    )


def reads(register: Expr = A, writes: Writes | None = None) -> Behaviour:
    """Return the behaviour that takes the next word typed into a register; all ones when there is none any more."""
    typed = element(CONSOLE_INPUT, CONSOLE_READ)
    return sets(register, typed, {CONSOLE_READ: as_expr(CONSOLE_READ) + 1, **(writes or {})})


_FITS = both(ult(ra, SIZE), not_(ult(SIZE, ra + SECTOR)), not_(ult(ra + SECTOR, ra)))
_START = rb * SECTOR


def transfers(writes: Writes | None = None) -> Behaviour:
    """Return the behaviour that moves disk sector `rb` to real memory at `ra`, or back if the immediate is odd."""
    return Behaviour(
        {DISK_WAIT: DISK_LATENCY, **(writes or {})},
        [
            Copy(MEMORY, ra, DISK, _START, SECTOR, when=eq(imm & 1, 0)),
            Copy(DISK, _START, MEMORY, ra, SECTOR, when=eq(imm & 1, 1)),
        ],
        [Trap(not_(_FITS), Cause.MEMORY, ra)],
    )
