"""A compiled monitor does what the one in Python does: real state, virtual state, notes and counts."""

from random import Random

import pytest
from attrs import evolve

import popek

pytest.importorskip("llvmlite")

from popek.engine.native.context import Field
from popek.engine.native.text import Text
from popek.engine.stepper import Outcome
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.behaviour import Cause
from popek.isa.classic import CLASSIC
from popek.isa.hypercall import HYPERCALL
from popek.isa.slot import Slot
from popek.testing.loops import SIZE, TRAPPING, looping
from popek.testing.programs import guest
from popek.testing.virtual_tiers import differing, everything, of_guest, of_loop
from popek.testing.wrong_monitors import RECOVERIES, WRONG_MONITORS
from popek.vmm.allotment import Allotment
from popek.vmm.compiled import quanta, step, views
from popek.vmm.compiled import tier as compiled
from popek.vmm.generated import tier as generated
from popek.vmm.monitor import (
    HARDWARE_ASSISTED,
    HYBRID,
    INTERPRETER,
    PARAVIRTUAL,
    PARAVIRTUAL_UNPORTED,
    TRAP_AND_EMULATE,
    Action,
    Monitor,
    Plan,
    Treatment,
)
from popek.vmm.virtual_machine import VirtualMachine

FEW = evolve(
    CLASSIC,
    name="few-monitored",
    instructions=tuple(
        i
        for i in CLASSIC.instructions
        if i.name in (
            "ldi", "ld", "st", "add", "addi", "sub", "mul", "and", "or", "xor", "shl", "shr", "sar", "slt", "sltu",
            "divu", "remu", "beq", "bne", "blt", "bltu", "jal", "svc", "getmode", "settimer", "lpsw", "halt",
        )
    ),
)  # fmt: skip
"""A part of `classic`, enough for a loop with a handler."""


VT = popek.load("classic-vt")

COMPILED = (TRAP_AND_EMULATE, HYBRID, INTERPRETER, PARAVIRTUAL, PARAVIRTUAL_UNPORTED, HARDWARE_ASSISTED)


def on(monitor: Monitor) -> Isa:
    """Return an ISA that has what a monitor needs."""
    return VT if monitor.in_guest_mode else CLASSIC


@pytest.mark.parametrize("monitor", COMPILED, ids=lambda m: m.name)
def test_random_guests_run_as_under_the_reference(monitor: Monitor) -> None:
    """Exits, reflection, emulation, delivery, quanta, devices; real and virtual state, notes, and counts by cause."""
    for seed in range(6):
        assert not of_guest(on(monitor), monitor, seed), seed
    assert not of_loop(on(monitor), monitor, 3, 1000)


CONTROLLED = HARDWARE_ASSISTED.vary("controlled", controls=("getmode", "lpsw", "mul", "arithmetic", "illegal"))


def test_controls_and_ends_of_quanta_in_guest_mode() -> None:
    """What a monitor asks for leaves guest mode, and an interrupt of the guest's may come as a quantum ends."""
    for seed in (1, 16, 17):
        assert not of_guest(VT, CONTROLLED, seed), seed
    assert not of_guest(VT, HARDWARE_ASSISTED, 16)
    assert not of_loop(VT, CONTROLLED, 5, 700)


@pytest.mark.parametrize("slot", ["timer", "timer_pending", "disk_pending", "ie"])
def test_guest_mode_with_a_copy_too_few_lets_the_guest_at_the_real_one(slot: str) -> None:
    """Compiled or not."""
    assert VT.guest is not None
    copies = tuple(s for s in VT.guest.copies if s.name != slot)
    poor = evolve(VT, name=f"without-{slot}", guest=evolve(VT.guest, copies=copies))
    for seed in range(3):
        assert not of_guest(poor, HARDWARE_ASSISTED, seed), seed
    assert not of_loop(poor, HARDWARE_ASSISTED, 2, 500)


def test_guest_mode_that_nothing_leaves_lets_the_guest_stop_the_processor() -> None:
    """And use the real devices."""
    assert VT.guest is not None
    open_ = evolve(VT, name="open-vt", guest=evolve(VT.guest, exits=()))
    for seed in range(3):
        assert not of_guest(open_, HARDWARE_ASSISTED, seed), seed


@pytest.mark.soak
@pytest.mark.parametrize("monitor", COMPILED, ids=lambda m: m.name)
@pytest.mark.parametrize("part", range(20))
def test_many_random_guests_run_as_under_the_reference(monitor: Monitor, part: int) -> None:
    """The same, twenty thousand guests under each."""
    for seed in range(10_000 + part * 1000, 11_000 + part * 1000):
        assert not of_guest(on(monitor), monitor, seed), seed
    for seed in range(10_000 + part * 10, 10_010 + part * 10):
        assert not of_loop(on(monitor), monitor, seed), seed


@pytest.mark.parametrize("name", ["psw-loadable", "open-halt"])
def test_machines_that_cannot_be_virtualized_run_wrongly_in_the_same_way(name: str) -> None:
    """Whatever a guest does to the real machine, compiled code does it as well."""
    isa = popek.load(name)
    for seed in range(4):
        assert not of_guest(isa, TRAP_AND_EMULATE, seed), seed


WRONG = (
    TRAP_AND_EMULATE.vary("resumes", dispatcher={Cause.SVC: Action.RESUME}),
    TRAP_AND_EMULATE.vary("skips", dispatcher={Cause.PRIVILEGED: Action.SKIP}),
    TRAP_AND_EMULATE.vary("renews", renews=True),
)


@pytest.mark.parametrize("monitor", WRONG, ids=lambda m: m.name)
def test_a_wrong_monitor_is_as_wrong_when_it_is_compiled(monitor: Monitor) -> None:
    """It is data like a right one; one that gets nowhere loses the processor after as many exits."""
    for seed in range(2):
        assert not of_loop(FEW, monitor, seed, 500), seed


def test_a_guest_that_gets_nowhere_is_given_up_at_the_same_exit() -> None:
    """After a thousand exits in a row."""
    words = {16: FEW["ldi"].encode({"a": 1, "imm": 5}), 17: 0x1B00_0007}
    made = [VirtualMachine(FEW, words, monitor=WRONG[0], memory=512) for _ in range(2)]
    assert not differing(made, 10_000, 1)
    assert [m.outcome for m in made] == [Outcome.LOST] * 2
    assert made[1].exits == {"svc": 1000}


def test_going_back_is_exact() -> None:
    """Over exits, quanta and a device, by replay."""
    one, other = (
        VirtualMachine(CLASSIC, looping(CLASSIC, 3), allotment=Allotment(300, SIZE), memory=700) for _ in "ab"
    )
    one.engine, other.engine = "reference", "native"
    for machine in (one, other):
        machine.run(5000)
        machine.back(1234)
    assert everything(one) == everything(other)


def test_what_cannot_be_compiled_runs_all_the_same() -> None:
    """A monitor that emulates the sensitive instructions alone looks at each, and nobody is told otherwise."""
    plan = Plan(Treatment.DIRECT, sensitive=Treatment.EMULATED)
    apart = TRAP_AND_EMULATE.vary("apart", supervisor=plan, user=plan)
    assert not compiled.possible(CLASSIC, apart)
    machine = VirtualMachine(CLASSIC, guest(CLASSIC, 3).words, monitor=apart)
    machine.engine = "native"
    assert machine.run(100).steps == 100
    assert not machine.sprinted


@pytest.mark.parametrize("engine", ["python", "native"])
def test_direct_execution_alone_may_be_a_tiers(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the monitor is not compiled, a tier of the real machine runs what is direct, up to each exit."""
    for made in (compiled, generated):
        monkeypatch.setattr(made, "possible", lambda _isa, _monitor: False)
    for seed in range(3):
        under = evolve(TRAP_AND_EMULATE, quantum=40)
        place = Allotment(300, SIZE)
        one, other = (
            VirtualMachine(CLASSIC, looping(CLASSIC, seed), monitor=under, allotment=place, memory=700) for _ in "ab"
        )
        one.engine, other.engine = "reference", engine
        for budget in (1, 50, 333, 700):
            one.run(budget)
            other.run(budget)
            assert everything(one) == everything(other)
    assert other.sprinted.get(engine)


def test_a_device_is_not_pythons() -> None:
    """No attempt at a word that is printed is; the exits are all counted."""
    source = "start: ldi r1, 65\nldi r2, 70\nloop: out r1, 0\naddi r1, r1, 1\nbne r1, r2, loop\nhalt"
    machine = VirtualMachine(CLASSIC, assemble(source, CLASSIC).words)
    machine.engine = "native"
    assert machine.run().output == "ABCDE"
    assert machine.exits == {"privileged": 6}
    assert machine.sprinted == {"native": 18}


def noticed() -> bool:
    """Say whether some random loop runs otherwise than under the reference."""
    return any(of_loop(FEW, TRAP_AND_EMULATE, seed, 700) for seed in range(8))


@pytest.mark.usefixtures("fresh")
def test_quanta_that_are_miscounted_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An end of a quantum too many or too few, among those that are not made one by one."""
    right = quanta.Quanta._ended

    def ended(self: quanta.Quanta, gone: str, loaded: str, quantum: str) -> None:
        right(self, self.step.text.value(f"add i64 {gone}, 1"), loaded, quantum)

    monkeypatch.setattr(quanta.Quanta, "_ended", ended)
    assert noticed()


@pytest.mark.usefixtures("fresh")
def test_a_state_that_is_recovered_from_the_wrong_place_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the real slots, that is, which the trap has changed, and not from what it has stored."""

    def slot(self: views.Stored, text: Text, slot: Slot) -> str:
        return self.real.slot(text, slot)

    monkeypatch.setattr(views.Stored, "slot", slot)
    assert noticed()


@pytest.mark.usefixtures("fresh")
def test_an_attempt_that_is_counted_twice_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The budget is the guest's: an exit takes nothing of it, but for the step that is made of it."""
    monkeypatch.setattr(step.MonitorStep, "give_back", lambda _self: None)
    assert noticed()


def test_the_ends_of_quanta_are_only_passed_over_where_nobody_can_tell() -> None:
    """Not where user mode reads a timer, or physical memory, or can stop or leave."""
    assert quanta.unseen(CLASSIC)
    telling = (
        "timer-readable",
        "timer-writable",
        "mfpi",
        "mtpi",
        "spill",
        "open-halt",
        "open-console",
        "setb",
        "jrst1",
    )
    for name in telling:
        assert not quanta.unseen(popek.load(name)), name


def test_most_of_the_run_is_in_regions() -> None:
    """Direct execution is the engine's, with everything it has."""
    machine = VirtualMachine(CLASSIC, looping(CLASSIC, 2), allotment=Allotment(300, SIZE), memory=700)
    machine.engine = "native"
    machine.run(20_000)
    fields = machine._fast._monitors["native"].memory.fields
    assert fields[Field.REGIONS] > 5_000


@pytest.mark.parametrize("quantum", [1, 2, 1000])
@pytest.mark.parametrize(
    "monitor", [*COMPILED, HARDWARE_ASSISTED.vary("more", controls=("mfpi",))], ids=lambda m: m.name
)
def test_a_trap_loop_lasts_until_the_clocks_have_stopped(monitor: Monitor, quantum: int) -> None:
    """Python has to see the slots as the first trap left them, though they change before it has the second one."""
    isa = on(monitor)
    words = assemble(TRAPPING, isa).words
    under, place = evolve(monitor, quantum=quantum), Allotment(300, 512)
    one, other = (VirtualMachine(isa, words, monitor=under, allotment=place, memory=1024) for _ in "ab")
    one.engine, other.engine = "reference", "native"
    assert one.run(3) == other.run(3)
    assert one.run(1000) == other.run(1000)
    assert other.outcome is Outcome.TRAP_LOOP
    assert other.counts["steps"] > 40


@pytest.mark.parametrize("wrong", RECOVERIES)
def test_a_trap_loop_under_a_wrong_monitor_is_found_at_the_same_step(wrong: str) -> None:
    """Whatever its recovery makes of the state between two traps."""
    monitor = WRONG_MONITORS[wrong][1]
    words = assemble(TRAPPING, CLASSIC).words
    place = Allotment(300, 512)
    one, other = (VirtualMachine(CLASSIC, words, monitor=monitor, allotment=place, memory=1024) for _ in "ab")
    one.engine, other.engine = "reference", "native"
    for budget in (3, 1000):
        assert one.run(budget) == other.run(budget)


RENEWING = PARAVIRTUAL.vary("renewing", renews=True)


@pytest.mark.parametrize("monitor", [PARAVIRTUAL, RENEWING], ids=lambda m: m.name)
def test_hypercalls_are_served_as_by_the_reference(monitor: Monitor) -> None:
    """In both modes, with and without an exit, as part of a quantum or at its end: any word may be one, by the dozen.

    Of those that stand for nothing, batches, and transfers to or from a device, Python does the whole.
    """
    hypercalls = 0
    for seed in range(500, 525):
        drawn, random = guest(CLASSIC, seed), Random(seed)  # noqa: S311 - to be repeated, not to be secret
        words = {a: w | HYPERCALL if a >= 26 and random.random() < 0.5 else w for a, w in drawn.words.items()}
        quantum = random.choice((1, 2, 3, 1000))
        options = {"allotment": drawn.allotment, "memory": drawn.memory, "typed": drawn.typed, "disk": drawn.disk}
        under = evolve(monitor, quantum=quantum)
        pair = [VirtualMachine(CLASSIC, words, monitor=under, **options) for _ in range(2)]  # type: ignore[arg-type]
        assert not differing(pair, 3 * drawn.steps, seed), seed
        hypercalls += pair[1].counts.get("hypercall", 0)
    assert hypercalls > 200


def test_python_is_not_entered_for_a_hypercall() -> None:
    """A loop of them is one sprint."""
    call = f".word {CLASSIC['getie'].encode({'a': 3}) | HYPERCALL:#x}"
    program = assemble(f"ldi r1, 500\nloop: {call}\naddi r1, r1, -1\nbne r1, r0, loop\nhalt", CLASSIC)
    vm = VirtualMachine(CLASSIC, program.words, monitor=PARAVIRTUAL)
    vm.engine = "native"
    vm.run(1)
    made = vm._fast._monitors["native"]
    assert made.advance(1400, trapped=False).steps == 1400
    assert made.counted()["hypercall in supervisor"] == 467
