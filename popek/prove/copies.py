"""Copies in the translation cache: what is copied there does what the instruction does where the guest has it.

The squares (`squares.py`) are about a real pc that is the guest's. In the cache the real pc is any other, and what runs
is the copy (`popek/vmm/translation/own_pc.py`), which the run time takes from the same function. So of each instruction
that is run directly from the cache it is claimed that the copy, at any pc, makes the same trap or the same changes, and
that the exit which it takes leads to where the instruction goes on.
"""

from collections.abc import Iterator
from typing import Any

from attrs import evolve

from popek.isa.slot import PC
from popek.language.phrase import say
from popek.prove.obligation import Obligation, Question
from popek.prove.squares import Square
from popek.prove.symbolic import Execution
from popek.prove.terms import every, implies, same, some, unknown
from popek.vmm.translation.own_pc import Copied, copied


def copy(square: Square) -> Obligation:
    """State that a copy in the translation cache does what the instruction does, whatever the cache's pc is."""
    meaning = copied(square.really)

    def query() -> Question:
        pair = square.pair()
        there = evolve(
            pair.real,
            slots={**pair.real.slots, PC: unknown("cache.pc")},
            operands={**pair.real.operands, "own.pc": pair.real.slots[PC]},
        )
        here, in_cache = Execution(pair.real, square.really), Execution(there, meaning.behaviour)
        goal = every(
            same(here.cause, in_cache.cause),
            same(here.detail, in_cache.detail),
            implies(here.completes, every(*_goes_on(meaning, here, in_cache), *_alike(square, here, in_cache))),
        )
        return Question((*square.given(pair), *pair.translations()), goal)

    spared = square.structural and (square.always_traps or not mentions_pc(square, meaning))
    return Obligation(
        f"{square.instruction.name}, {'virtual user' if square.user else 'virtual supervisor'}, copied",
        say("in the translation cache it does what it does at the guest's own pc, and goes on where it goes on there"),
        "equivalence",
        square.instruction.name,
        None if spared else query,
        user=square.user,
        why=say("the real machine always traps here")
        if square.always_traps
        else say("it only goes on to the next word"),
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
        yield implies(same(taken, number), same(there.value(way.target), here.slot(PC)))
    yield some(*(same(taken, number) for number in range(len(meaning.exits))))


def _alike(square: Square, here: Execution, there: Execution) -> Iterator[Any]:
    for slot in square.isa.slots:
        if slot is not PC:
            yield same(here.slot(slot), there.slot(slot))
    index = unknown("element")
    for array in square.isa.arrays:
        yield same(here.element(array, index), there.element(array, index))
