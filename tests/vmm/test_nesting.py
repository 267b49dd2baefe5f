"""Monitors under monitors: the guest cannot tell how many, and the exits say."""

from itertools import pairwise, product

import pytest

from popek.engine.machine import Machine
from popek.engine.state import differences
from popek.engine.stepper import Outcome
from popek.errors import PopekError
from popek.files import load
from popek.guests import library
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.instruction import EXECUTES
from popek.isa.slot import BASE, BOUND, IE, MEMORY, MODE, RUN, TIMER, TIMER_PENDING, Role
from popek.testing.programs import guest
from popek.vmm.allotment import Allotment
from popek.vmm.control import broken
from popek.vmm.monitor import HARDWARE_ASSISTED, HYBRID, INTERPRETER, TRANSLATION, TRAP_AND_EMULATE, Monitor
from popek.vmm.nesting import DEEPEST, OWN, Nested, monitors, operations
from popek.vmm.vm_map import vm_map


def program(name: str) -> dict[int, int]:
    """Return a shipped guest's words."""
    return dict(assemble(library.find(name).source, CLASSIC).words)


def lock_step(nested: Nested, bare: Machine, steps: int) -> list[str]:
    """Return in what the two differ after the first step after which they do; and at the end, in all of memory."""
    for _ in range(steps):
        events = bare.step(), nested.step()
        found = [f"{name} is {b}, not {a}" for name, a, b in differences(bare.state, nested.state, nested.isa)]
        if found or (events[0] is None) != (events[1] is None):
            return [f"step {bare.counts['steps']}", *found]
        if events[0] is None:
            break
        outermost = nested.levels[0]
        if outermost.state.inside and outermost.state.view is None:
            assert not list(broken(outermost.real, outermost.allotment))
    memory = range(nested.state.size)
    return [f"word {a}" for a in memory if bare.state.element(MEMORY, a) != nested.state.element(MEMORY, a)]


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["timer", "os", "disk-read", "self-modifying", "echo"])
def test_the_guest_cannot_tell_how_deep_it_is(name: str, depth: int) -> None:
    """Every step is the bare machine's, and the output is the expected one."""
    found = library.find(name)
    nested = Nested(
        CLASSIC, program(name), monitors=monitors(TRAP_AND_EMULATE, depth), memory=1024, typed=found.input,
        disk=found.disk,
    )  # fmt: skip
    bare = Machine(CLASSIC, program(name), memory=nested.allotment.size, typed=found.input, disk=found.disk)
    assert lock_step(nested, bare, 400) == []
    assert nested.run() == bare.run()
    assert nested.result().output == found.expected.output


@pytest.mark.parametrize(("depth", "seeds"), [(2, range(24)), (3, range(24, 34))], ids=str)
def test_random_guests_cannot_tell(depth: int, seeds: range) -> None:
    """Whatever they do, with quanta of a few instructions at every level."""
    for seed in seeds:
        drawn = guest(CLASSIC, seed)
        under = [TRAP_AND_EMULATE.vary("t", quantum=drawn.quantum + n) for n in range(depth)]
        size = drawn.allotment.size + OWN * (depth - 1)
        nested = Nested(
            CLASSIC, drawn.words, monitors=under, allotment=Allotment(drawn.allotment.base, size),
            memory=drawn.allotment.base + size, typed=drawn.typed, disk=drawn.disk,
        )  # fmt: skip
        bare = Machine(CLASSIC, drawn.words, memory=drawn.allotment.size, typed=drawn.typed, disk=drawn.disk)
        assert lock_step(nested, bare, drawn.steps) == [], drawn.paste()


@pytest.mark.soak
def test_many_random_guests_cannot_tell() -> None:
    """3,000 guests, at a depth from 1 to 4, under mixed techniques."""
    mixed = list(product((TRAP_AND_EMULATE, HYBRID, INTERPRETER), repeat=4))
    for seed in range(3000):
        drawn, depth = guest(CLASSIC, seed), 1 + seed % 4
        under = [m.vary(m.name, quantum=drawn.quantum + n) for n, m in enumerate(mixed[seed % 81][:depth])]
        size = drawn.allotment.size + OWN * (depth - 1)
        nested = Nested(
            CLASSIC, drawn.words, monitors=under, allotment=Allotment(16, size), memory=16 + size,
            typed=drawn.typed, disk=drawn.disk,
        )  # fmt: skip
        bare = Machine(CLASSIC, drawn.words, memory=drawn.allotment.size, typed=drawn.typed, disk=drawn.disk)
        assert lock_step(nested, bare, drawn.steps) == [], drawn.paste()


@pytest.mark.parametrize("under", list(product((TRAP_AND_EMULATE, TRANSLATION, HYBRID, INTERPRETER), repeat=2)))
def test_techniques_can_be_mixed(under: tuple[Monitor, ...]) -> None:
    """Any of them on any other, and over a third."""
    apart = {"sensitive": frozenset(i.name for i in SYSTEM)}
    three = (*under, TRAP_AND_EMULATE)
    nested = Nested(CLASSIC, program("timer"), monitors=three, memory=1024, apart=lambda _: apart)
    bare = Machine(CLASSIC, program("timer"), memory=nested.allotment.size)
    assert lock_step(nested, bare, 250) == []


def exits(vm: Nested) -> list[int]:
    """Return how often each level was left, from the real machine up."""
    return [sum(level.exits.values()) for level in vm.levels]


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_each_level_has_three_exits_for_one_of_the_next(depth: int) -> None:
    """The trap itself, and two privileged instructions by which the guest is let go on: PSW and timer.

    The beginning has no trap, and the end no going on, so that there may be two more.
    """
    patient = TRAP_AND_EMULATE.vary("patient", quantum=10**6)
    nested = Nested(CLASSIC, program("timer"), monitors=[patient] * depth, memory=1024)
    nested.run()
    counts = exits(nested)
    assert counts[-1] == 26
    assert all(below - 3 * above in (0, 2) for below, above in pairwise(counts))


def test_a_level_has_more_exits_only_for_its_own_quanta() -> None:
    """Each that is over is one, and the levels above do not notice."""
    nested = Nested(
        CLASSIC, program("os"), memory=1024,
        monitors=[TRAP_AND_EMULATE.vary("hasty", quantum=q) for q in (10, 50, 10**6)],
    )  # fmt: skip
    nested.run()
    hasty, quick, patient = exits(nested)
    assert quick > 3 * patient
    assert hasty > 3 * quick
    assert nested.levels[0].exits["svc"] == nested.levels[2].exits["svc"] == 25


def test_what_runs_directly_runs_directly_at_every_level() -> None:
    """The real processor executes the guest's innocuous instructions, however deep."""
    nested = Nested(CLASSIC, program("timer"), monitors=monitors(TRAP_AND_EMULATE, 3), memory=1024)
    nested.run()
    assert [level.counts["direct"] for level in nested.levels] == [554] * 3


def test_a_guest_mode_is_there_for_the_first_level_alone() -> None:
    """In it traps need no exit, so its own exits do not multiply; those of the levels above do."""
    under = monitors(HARDWARE_ASSISTED, 3)
    assert [m.name for m in under] == ["hardware-assisted", "trap-and-emulate", "trap-and-emulate"]
    counts = {}
    for depth in (1, 2, 3):
        nested = Nested(CLASSIC_VT, program("os"), monitors=under[:depth], memory=1024)
        bare = Machine(CLASSIC_VT, program("os"), memory=nested.allotment.size)
        assert lock_step(nested, bare, 300) == []
        assert nested.run() == bare.run()
        counts[depth] = exits(nested)
    assert counts[1][0] == counts[2][0] == counts[3][0]
    assert counts[3][1] - 3 * counts[3][2] in (0, 2)


def test_an_isa_on_which_theorem_1_fails_is_no_better_deeper_down() -> None:
    """The guest that can tell one monitor can tell two."""
    isa = load("jrst1")
    words = dict(assemble(library.find("probe-jrst1").source, isa).words)
    for depth in (1, 2, 3):
        nested = Nested(isa, words, monitors=monitors(TRAP_AND_EMULATE, depth), memory=1024)
        assert lock_step(nested, Machine(isa, words, memory=nested.allotment.size), 50)


def test_who_stops_the_real_processor_stops_every_level() -> None:
    """No monitor has it any more."""
    isa = CLASSIC.vary("open", halt=EXECUTES)
    nested = Nested(isa, {16: isa["nop"].encode({}), 17: isa["halt"].encode({})}, monitors=[TRAP_AND_EMULATE] * 3)
    assert nested.run().outcome is Outcome.LOST
    assert [level.outcome for level in nested.levels] == [Outcome.LOST] * 3


@pytest.mark.parametrize("depth", [2, 3])
def test_going_back_is_exact_at_every_level(depth: int) -> None:
    """All levels are in one journal; beyond its end all begin anew."""
    nested = Nested(CLASSIC, program("timer"), monitors=monitors(TRAP_AND_EMULATE, depth), memory=512, history=20)
    seen = []
    for _ in range(150):
        nested.step()
        seen.append({n: dict(c) if isinstance(c, dict) else list(c) for n, c in nested.everything().items()})
    for steps in (1, 3, 19, 40, 70):
        nested.back(steps)
        now = {n: dict(c) if isinstance(c, dict) else list(c) for n, c in nested.everything().items()}
        assert now == seen[nested.counts["steps"] - 1]


def test_a_trace_names_the_levels() -> None:
    """What changes at each of them."""
    names: set[str] = set()
    nested = Nested(
        CLASSIC, program("timer"), monitors=monitors(TRAP_AND_EMULATE, 2), memory=512,
        sink=lambda r: names.update(c[0] for c in r.changes),
    )  # fmt: skip
    nested.run(20)
    assert {"real pc", "level 1: virtual mode", "level 1: counts[exit:privileged]", "virtual pc"} <= names


@pytest.mark.parametrize("isa", [*shipped.bases(), *shipped.catalogue()], ids=str)
def test_the_operations_load_all_that_a_guest_is_entered_with(isa: Isa) -> None:
    """Each resource by one of them, which an instruction does; what none does, a timer without one, is the last."""
    groups = operations(isa)
    loaded = [s for g in groups for s in g]
    assert len(loaded) == len(set(loaded))
    assert set(loaded) == {s for s in vm_map(isa).entry if s.role is Role.RESOURCE} - {RUN}
    writable = {s for i in isa.instructions for s in i.supervisor.writes}
    assert all(any(g <= i.supervisor.writes.keys() for i in isa.instructions) for g in groups if g & writable)
    assert [g for g in groups if not g & writable] in ([], [groups[-1]])


def test_on_classic_the_operations_are_two() -> None:
    """The PSW, and the timer."""
    assert operations(CLASSIC) == (frozenset((MODE, IE, BASE, BOUND)), frozenset((TIMER, TIMER_PENDING)))


def test_what_cannot_be_is_refused() -> None:
    """Too deep, and too little memory for as many monitors."""
    for depth in (0, -1, DEEPEST + 1):
        with pytest.raises(PopekError, match=f"a depth of {depth} is not possible: 1 to {DEEPEST} are"):
            monitors(TRAP_AND_EMULATE, depth)
    with pytest.raises(PopekError, match=r"at level 3 nothing is left of the memory\n.*each level keeps 64 words"):
        Nested(CLASSIC, {}, monitors=[TRAP_AND_EMULATE] * 3, memory=200)
    nested = Nested(CLASSIC, {}, monitors=[TRAP_AND_EMULATE] * 2, memory=300)
    with pytest.raises(AssertionError, match="does not write the disk"):
        nested.real.put(next(a for a in CLASSIC.arrays if a.name == "disk"), 0, 1)
    assert repr(nested) == "<Nested classic, 2 deep: 0 steps>"


def test_a_slot_of_the_machine_below_can_be_loaded_alone() -> None:
    """By the operation that loads it: one exit."""
    nested = Nested(CLASSIC, program("timer"), monitors=[TRAP_AND_EMULATE] * 2, memory=512)
    nested.real.set_slot(TIMER, 5)
    assert (nested.real.slot(TIMER), nested.levels[0].exits) == (5, {"privileged": 1})
    assert list(nested.real.indices(MEMORY)) == list(range(512))
    nested.real.put(MEMORY, 10**6, 3)
