"""Copies in the translation cache: what is copied there does what the instruction does where the guest has it.

The squares (`squares.py`) are about a real pc that is the guest's. In the cache the real pc is any other, and what runs
is the copy (`popek/vmm/translation/own_pc.py`), which the run time takes from the same function. So of each instruction
that is run directly from the cache it is claimed that the copy, at any pc, makes the same trap or the same changes, and
that the exit which it takes leads to where the instruction goes on.
"""

from collections.abc import Iterator
from typing import Any

import z3
from attrs import evolve

from popek.isa.slot import PC
from popek.prove.obligation import Obligation
from popek.prove.squares import Square
from popek.prove.symbolic import Execution
from popek.vmm.translation.own_pc import Copied, copied


def copy(square: Square) -> Obligation:
    """State that a copy in the translation cache does what the instruction does, whatever the cache's pc is."""
    meaning = copied(square.really)

    def query() -> tuple[list[Any], Any]:
        pair = square.pair()
        there = evolve(
            pair.real,
            slots={**pair.real.slots, PC: pair.terms.unknown("cache.pc")},
            operands={**pair.real.operands, "own.pc": pair.real.slots[PC]},
        )
        here, in_cache = Execution(pair.real, square.really), Execution(there, meaning.behaviour)
        goal = z3.And(
            here.cause == in_cache.cause,
            here.detail == in_cache.detail,
            z3.Implies(here.completes, z3.And(*_goes_on(meaning, here, in_cache), *_same(square, here, in_cache))),
        )
        return [*square.given(pair), *pair.translations()], goal

    spared = square.structural and (square.always_traps or not mentions_pc(square, meaning))
    return Obligation(
        f"{square.instruction.name}, {'virtual user' if square.user else 'virtual supervisor'}, copied",
        "in the translation cache it does what it does at the guest's own pc, and goes on where it goes on there",
        "equivalence",
        square.instruction.name,
        None if spared else query,
        why="the real machine always traps here" if square.always_traps else "it only goes on to the next word",
    )


def mentions_pc(square: Square, meaning: Copied) -> bool:
    """Say whether a copy is other than the instruction, its going on to the next word aside."""
    behaviour = square.really
    rest = evolve(behaviour, writes={s: e for s, e in behaviour.writes.items() if s is not PC})
    return not meaning.falls or rest != meaning.behaviour


def _goes_on(meaning: Copied, here: Execution, there: Execution) -> Iterator[Any]:
    """State that the exit that is taken leads to the address that the instruction writes to the pc."""
    taken = there.value(meaning.taken)
    for number, way in enumerate(meaning.exits):
        yield z3.Implies(taken == number, there.value(way.target) == here.slot(PC))
    yield z3.Or(*(taken == number for number in range(len(meaning.exits))))


def _same(square: Square, here: Execution, there: Execution) -> Iterator[Any]:
    for slot in square.isa.slots:
        if slot is not PC:
            yield here.slot(slot) == there.slot(slot)
    index = here.state.pair.terms.unknown("element")
    for array in square.isa.arrays:
        yield here.element(array, index) == there.element(array, index)
