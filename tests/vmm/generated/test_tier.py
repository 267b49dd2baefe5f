"""A monitor generated as Python source does what the reference's does: real state, virtual state, notes and counts."""

from functools import partial
from random import Random
from typing import Any

import pytest
from attrs import evolve

import popek
from popek.engine.generated.attempts import Names
from popek.engine.generated.steps import Steps
from popek.engine.generated.tier import PythonTier
from popek.engine.stepper import Outcome
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.behaviour import Cause
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.expression import as_expr
from popek.isa.hypercall import HYPERCALL, batch
from popek.isa.porting import port
from popek.isa.shipped import catalogue
from popek.isa.slot import HALTED, IE, MODE, REGISTERS, RUN, TIMER
from popek.testing.calls import calling
from popek.testing.loops import SIZE, TRAPPING, looping
from popek.testing.programs import guest
from popek.testing.virtual_tiers import differing, everything, of, of_guest, of_loop, of_words
from popek.vmm import vm_map
from popek.vmm.allotment import Allotment
from popek.vmm.generated import maps, tier
from popek.vmm.generated.tier import GeneratedMonitor, possible
from popek.vmm.monitor import (
    FRUITLESS,
    HARDWARE_ASSISTED,
    HYBRID,
    INTERPRETER,
    MONITORS,
    PARAVIRTUAL,
    PARAVIRTUAL_UNPORTED,
    TRANSLATION,
    TRAP_AND_EMULATE,
    Action,
    Monitor,
    Plan,
    Treatment,
)
from popek.vmm.virtual_machine import VirtualMachine

GENERATED = (TRAP_AND_EMULATE, HYBRID, INTERPRETER, PARAVIRTUAL, PARAVIRTUAL_UNPORTED)

APART = frozenset(i.name for i in SYSTEM)

guests = partial(of_guest, engine="python")
loops = partial(of_loop, engine="python")


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make regions at once."""
    monkeypatch.setattr(tier, "PythonTier", partial(PythonTier, hot=1))


def run(machine: VirtualMachine, engine: str, steps: int = 1000) -> VirtualMachine:
    """Run a machine on an engine."""
    machine.engine = engine
    machine.run(steps)
    return machine


@pytest.mark.parametrize("monitor", GENERATED, ids=lambda m: m.name)
def test_random_guests_run_as_under_the_reference(monitor: Monitor) -> None:
    """Exits, reflection, emulation, delivery, quanta, devices; real and virtual state, notes, and counts by cause."""
    for seed in range(700, 712):
        assert not guests(CLASSIC, monitor, seed), seed
    assert not loops(CLASSIC, monitor, 7, 1000)


@pytest.mark.parametrize("monitor", GENERATED, ids=lambda m: m.name)
def test_they_do_so_where_only_hot_code_is_compiled(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it usually is."""
    monkeypatch.setattr(tier, "PythonTier", PythonTier)
    for seed in range(4):
        assert not loops(CLASSIC, monitor, seed, 500), seed


@pytest.mark.soak
@pytest.mark.parametrize("monitor", GENERATED, ids=lambda m: m.name)
@pytest.mark.parametrize("part", range(20))
def test_many_random_guests_run_as_under_the_reference(monitor: Monitor, part: int) -> None:
    """The same, twenty thousand guests under each."""
    for seed in range(10_000 + part * 1000, 11_000 + part * 1000):
        assert not guests(CLASSIC, monitor, seed), seed
        assert not of(calling(CLASSIC, seed), CLASSIC, monitor, 300, engine="python"), seed
    for seed in range(10_000 + part * 10, 10_010 + part * 10):
        assert not loops(CLASSIC, monitor, seed), seed


@pytest.mark.parametrize("isa", catalogue(), ids=lambda i: i.name)
def test_machines_of_any_kind_run_in_the_same_way(isa: Isa) -> None:
    """Rightly or wrongly: whatever a guest does to the real machine, it does it here as well."""
    for seed in (9_100, 9_101):
        random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        names = [i for i in isa.instructions for _ in "ab"]
        words = {a: (random.choice(names).opcode << 24) | random.getrandbits(24) for a in range(16, 200)}
        assert not of_words(isa, TRAP_AND_EMULATE, words, seed, steps=150, engine="python"), seed


WRONG = (
    TRAP_AND_EMULATE.vary("resumes", dispatcher={Cause.SVC: Action.RESUME}),
    TRAP_AND_EMULATE.vary("skips", dispatcher={Cause.PRIVILEGED: Action.SKIP}),
    TRAP_AND_EMULATE.vary("renews", renews=True),
    TRAP_AND_EMULATE.vary("loses the timer", entry={TIMER: 5}),
    TRAP_AND_EMULATE.vary("forgets the mode", recovery={MODE: vm_map.kept(MODE) & 0}),
    TRAP_AND_EMULATE.vary("leaves the mode", recovery={MODE: as_expr(MODE)}, entry={MODE: as_expr(MODE)}),
    TRAP_AND_EMULATE.vary("is deaf", dispatcher={Cause.MEMORY: Action.SKIP}, entry={IE: as_expr(0)}),
    TRAP_AND_EMULATE.vary("halts", recovery={RUN: as_expr(IE)}),
    HYBRID.vary("hybrid, renewing", renews=True),
)


@pytest.mark.parametrize("monitor", WRONG, ids=lambda m: m.name)
def test_a_wrong_monitor_is_as_wrong_when_it_is_generated(monitor: Monitor) -> None:
    """It is data like a right one; one that gets nowhere loses the processor after as many exits."""
    assert possible(CLASSIC, monitor) == (monitor.name != "halts")
    for seed in range(720, 726):
        assert not guests(CLASSIC, monitor, seed), seed
    assert not loops(CLASSIC, monitor, 2, 500)


def test_a_guest_that_gets_nowhere_is_given_up_at_the_same_exit() -> None:
    """After a thousand exits in a row."""
    words = {16: CLASSIC["ldi"].encode({"a": 1, "imm": 5}), 17: CLASSIC["svc"].encode({"imm": 7})}
    made = [VirtualMachine(CLASSIC, words, monitor=WRONG[0], memory=512) for _ in range(2)]
    assert not differing(made, 10_000, 1, "python")
    assert [m.outcome for m in made] == [Outcome.LOST] * 2
    assert made[1].exits == {"svc": FRUITLESS}


def test_who_stops_the_real_processor_has_it_lost() -> None:
    """And not before the next step."""
    isa = popek.load("open-halt")
    words = assemble("ldi r1, 5\nhalt\n", isa).words
    slow, fast = (run(VirtualMachine(isa, words, memory=512), e, 2) for e in ("reference", "python"))
    assert fast.real.slots[RUN] == HALTED
    assert everything(slow) == everything(fast)
    assert run(slow, "reference").outcome is run(fast, "python").outcome is Outcome.LOST
    assert everything(slow) == everything(fast)


def test_going_back_is_exact() -> None:
    """Over exits, quanta and a device, by replay."""
    one, other = (
        VirtualMachine(CLASSIC, looping(CLASSIC, 3), allotment=Allotment(300, SIZE), memory=700) for _ in "ab"
    )
    for machine, engine in ((one, "reference"), (other, "python")):
        run(machine, engine, 5000)
        machine.back(1234)
    assert everything(one) == everything(other)


def trapping(monitor: Monitor, quantum: int) -> tuple[bool, VirtualMachine]:
    """Run it; say whether it was the same all the time, and return the machine that ran it in a tier."""
    words = assemble(TRAPPING, CLASSIC).words
    under, place = evolve(monitor, quantum=quantum), Allotment(300, 512)
    one, other = (VirtualMachine(CLASSIC, words, monitor=under, memory=1024, allotment=place) for _ in "ab")
    same = []
    for steps in (3, 1000):
        run(one, "reference", steps)
        run(other, "python", steps)
        same.append(everything(one) == everything(other))
    return all(same), other


@pytest.mark.parametrize("quantum", [1, 2, 3, 1000])
@pytest.mark.parametrize("monitor", GENERATED, ids=lambda m: m.name)
def test_a_trap_loop_lasts_until_the_clocks_have_stopped(monitor: Monitor, quantum: int) -> None:
    """Who looks for it has to see the state as the first trap left it, though the clocks tick for the second before."""
    same, machine = trapping(monitor, quantum)
    assert same
    assert machine.outcome is Outcome.TRAP_LOOP
    assert machine.counts["steps"] > 40


TRANSFERRING = """
        .org    16
        ldi     r1, 60
        ldi     r3, loop
        ldi     r4, 1
loop:   addi    r2, r2, 1
        addi    r5, r5, 1
        bne     r2, r1, loop
        beq     r4, r0, over
        ldi     r2, 0
        ldi     r4, 0
        disk    r3, r0, 0
        jmp     loop
over:   halt
        .space  16
"""
"""A loop that is hot, over which a sector of the disk is read; it then adds two."""


def transferring() -> bool:
    """Say whether what the disk has put over hot code is run."""
    program = assemble(TRANSFERRING, CLASSIC)
    start = program.symbols["loop"]
    sector = [program.words.get(start + n, 0) for n in range(16)]
    sector[1] = CLASSIC["addi"].encode({"a": 5, "b": 5, "imm": 2})
    slow, fast = (VirtualMachine(CLASSIC, program.words, disk=sector, memory=1024) for _ in "ab")
    same = everything(run(slow, "reference")) == everything(run(fast, "python"))
    return same and fast.state.element(REGISTERS, 5) == 180


def test_a_transfer_over_hot_code_is_seen() -> None:
    """The monitor does it for the guest."""
    assert transferring()


@pytest.mark.parametrize("monitor", [PARAVIRTUAL, PARAVIRTUAL.vary("renewing", renews=True)], ids=lambda m: m.name)
def test_hypercalls_are_served_as_by_the_reference(monitor: Monitor) -> None:
    """In both modes, with and without an exit, in a quantum or at its end, batches too: any word may be one."""
    hypercalls = 0
    for seed in range(500, 530):
        drawn, random = guest(CLASSIC, seed), Random(seed)  # noqa: S311 - to be repeated, not to be secret
        words = {a: w | HYPERCALL if a >= 26 and random.random() < 0.5 else w for a, w in drawn.words.items()}
        words |= {a: batch(random.randrange(16), random.randrange(16)) for a in words if random.random() < 0.05}
        under = evolve(monitor, quantum=random.choice((1, 2, 3, 1000)))
        options: dict[str, Any] = {"allotment": drawn.allotment, "memory": drawn.memory, "disk": drawn.disk}
        pair = [VirtualMachine(CLASSIC, words, monitor=under, typed=drawn.typed, **options) for _ in range(2)]
        assert not differing(pair, 3 * drawn.steps, seed, "python"), seed
        hypercalls += pair[1].counts.get("hypercall", 0)
    assert hypercalls > 200


@pytest.mark.parametrize("quantum", [1, 2, 3, 5, 11, 50])
def test_random_ported_loops_run_as_under_the_reference(quantum: int) -> None:
    """With interrupts, traps, hypercalls and code that patches itself; quanta so short that they end everywhere."""
    for seed in range(2):
        words = port(looping(CLASSIC, seed), CLASSIC, APART).words
        assert not of_words(CLASSIC, PARAVIRTUAL, words, seed, steps=500, quantum=quantum, engine="python"), seed


EXITING = """
        ldi     r1, 3000
loop:   getie   r3
        settimer r2
        svc     1
        addi    r1, r1, -1
        bne     r1, r0, loop
        halt
        .org    8
        .word   0, served, 0, -1
        .org    200
served: lpsw    0(r0)
"""


@pytest.mark.parametrize("monitor", [TRAP_AND_EMULATE, PARAVIRTUAL], ids=lambda m: m.name)
def test_all_of_a_run_is_one_sprint(monitor: Monitor) -> None:
    """Emulation, reflection and hypercalls do not come back to the reference; no step is its own."""
    words = assemble(EXITING.replace("ldi     r1", ".org 16\n ldi r1"), CLASSIC).words
    vm = VirtualMachine(CLASSIC, port(words, CLASSIC, APART).words if monitor.for_ported else words, monitor=monitor)
    vm.engine = "python"
    vm.run(2)
    made = vm._fast._monitors["python"]
    assert isinstance(made, GeneratedMonitor)
    assert made.advance(10_000, trapped=False).steps == 10_000
    assert sum(n for name, n in made.counted().items() if name.startswith("exit:")) > 2000


def test_what_is_not_plain_has_no_such_monitor() -> None:
    """Instructions that are emulated apart, translation, guest mode, and a map that names something else."""
    plan = Plan(Treatment.DIRECT, sensitive=Treatment.EMULATED)
    apart = TRAP_AND_EMULATE.vary("apart", supervisor=plan, user=plan)
    vt = popek.load("classic-vt")
    assert [possible(vt, m) for m in (apart, TRANSLATION, HARDWARE_ASSISTED)] == [False] * 3
    assert {m.name for m in MONITORS.values() if possible(vt, m)} == {m.name for m in GENERATED}
    assert not maps.writable(CLASSIC, HARDWARE_ASSISTED.table(vt))
    vm = run(VirtualMachine(CLASSIC, guest(CLASSIC, 3).words, monitor=apart), "python", 100)
    assert vm.counts["steps"] == 100


# Each of the rules that make it exact is needed.


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generate all anew, and forget it afterwards."""
    for module in ("engine.generated.attempts", "vmm.generated.maps"):
        monkeypatch.setattr(f"popek.{module}._codes", {})


def _recovered_from_the_wrong_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps._Stored, "slot", Names.slot)


def _counted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    right = GeneratedMonitor._did
    monkeypatch.setattr(GeneratedMonitor, "_did", lambda self, way, mode, n=1: right(self, way, mode, n + (n > 1)))


def _memory_of_the_monitors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Names, "place", lambda _self, _array, index: index)


def _no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    right = tier._attempts
    monkeypatch.setattr(tier, "_attempts", lambda isa, v, marks, valid: right(isa, v, bytearray(len(marks)), valid))


def _no_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PythonTier, "_validate", lambda *_: True)


def _nothing_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GeneratedMonitor, "_take_back", lambda _self: None)


def _trap_loops_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = GeneratedMonitor._attempt

    def attempt(self: GeneratedMonitor, *args: Any) -> bool:
        self._trapped = False
        return right(self, *args)

    monkeypatch.setattr(GeneratedMonitor, "_attempt", attempt)


def _no_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Steps.__init__

    def init(self: Steps, *args: Any) -> None:
        right(self, *args)
        if args[1].names.placed:
            self.ready = lambda: -1

    monkeypatch.setattr(Steps, "__init__", init)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    "planted",
    [
        _recovered_from_the_wrong_place,
        _counted_twice,
        _memory_of_the_monitors,
        _no_mark,
        _no_begin,
        _nothing_taken_back,
        _trap_loops_unseen,
        _no_interrupts,
    ],
)
def test_what_is_broken_on_purpose_is_noticed(planted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By random guests and loops, trap loops among them."""
    planted(monkeypatch)
    noticed = (guests(CLASSIC, TRAP_AND_EMULATE, n) or loops(CLASSIC, TRAP_AND_EMULATE, n, 400) for n in range(4))
    assert any(noticed) or not transferring() or not trapping(TRAP_AND_EMULATE, 1)[0]
