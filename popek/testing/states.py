"""States made to measure, and at random, for tests that begin in the middle of things."""

from collections.abc import Mapping
from random import Random
from typing import Any

from popek.engine.state import State
from popek.isa.architecture import Isa
from popek.isa.slot import BASE, BOUND, DISK_WAIT, PC, TIMER, Slot
from popek.testing.words import word


def made(
    isa: Isa,
    size: int = 64,
    *,
    slots: Mapping[Slot, int] | None = None,
    registers: Mapping[int, int] | None = None,
    memory: Mapping[int, int] | None = None,
) -> State:
    """Return a state at reset but for what is given."""
    state = State(isa, size)
    state.slots.update(slots or {})
    state.load_words(memory or {})
    for number, value in (registers or {}).items():
        state.registers[number] = value
    return state


def any_state(random: Random, isa: Isa, size: int = 64) -> State:
    """Return a random state: edge-heavy words everywhere, an R that is often of some use, clocks about to run out."""
    base = random.choice((0, 0, 1, 16, size // 2, word(random, size)))
    bound = random.choice((0, 1, 16, size - base, size - base + 1, size, word(random, size))) & 0xFFFF_FFFF
    values = {s: random.getrandbits(s.bits) if s.bits else word(random, size) for s in isa.slots}
    pc = random.choice((0, 5, bound - 1, size - base - 1, word(random))) & 0xFFFF_FFFF
    values |= {BASE: base, BOUND: bound, PC: pc}
    values |= {c: random.choice((0, 0, 1, 2, 40, word(random))) for c in (TIMER, DISK_WAIT)}
    near = dict(enumerate(word(random, size) for _ in range(size)))
    return made(isa, size, slots=values, registers={n: word(random, size) for n in range(16)}, memory=near)


def contents(state: State) -> dict[str, Any]:
    """Return everything that is in a state, copied and comparable."""
    slots = {s.name: v for s, v in state.slots.items()}
    return slots | {a.name: dict(w) if isinstance(w, dict) else list(w) for a, w in state.arrays.items()}
