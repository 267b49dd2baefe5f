"""A compiled monitor sees the virtual devices by windows, and nobody can tell."""

from random import Random
from typing import Any

import pytest
from attrs import evolve

import popek

pytest.importorskip("llvmlite")


from popek.engine.native import windows
from popek.engine.native.context import Field
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.behaviour import Behaviour
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.expression import as_expr, element
from popek.isa.hypercall import HYPERCALL
from popek.isa.instruction import Instruction, ra
from popek.isa.porting import port
from popek.isa.slot import DISK, PC
from popek.testing import host_tiers
from popek.testing.chatting import CHATTY, ECHO, OPEN, chatting
from popek.testing.loops import SIZE
from popek.testing.virtual_tiers import differing, everything, of_words
from popek.vmm.allotment import Allotment
from popek.vmm.compiled import tier as compiled
from popek.vmm.monitor import MONITORS, PARAVIRTUAL, TRANSLATION, TRANSLATION_FULL, TRAP_AND_EMULATE, Monitor
from popek.vmm.virtual_machine import VirtualMachine

TEXT = bytes(n * 7 % 251 for n in range(2 * windows.LENGTH + 5))
"""More than two windows have room for."""

UNDER = pytest.mark.parametrize("monitor", MONITORS.values(), ids=lambda m: m.name)


def on(monitor: Monitor, isa: Isa) -> Isa:
    """Return an ISA that has what a monitor needs."""
    return evolve(isa, name=f"{isa.name}-vt", guest=CLASSIC_VT.guest) if monitor.in_guest_mode else isa


def machine(isa: Isa, source: str, monitor: Monitor, engine: str, **options: Any) -> VirtualMachine:
    """Return a virtual machine with a guest, ported if the monitor is for such."""
    words = assemble(source, isa).words
    apart = frozenset(i.name for i in SYSTEM)
    ported = port(words, isa, apart).words if monitor.for_ported else words
    made = VirtualMachine(isa, ported, monitor=monitor, sensitive=apart, **options)
    made.engine = engine
    return made


@UNDER
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_typed_and_printed_is_the_same_wherever_a_run_ends(monitor: Monitor, seed: int) -> None:
    """Over the ends of windows and of what is typed, by budgets that end between two words."""
    options = {"typed": TEXT, "allotment": Allotment(300, SIZE), "memory": 700}
    under = evolve(monitor, quantum=(1, 40, 1000)[seed % 3])
    made = [machine(on(monitor, CLASSIC), ECHO, under, "native", **options) for _ in "ab"]
    assert not differing(made, 3000, seed)


@UNDER
def test_python_is_entered_once_for_many_words(monitor: Monitor) -> None:
    """All steps are compiled code's, but for those that a translator has to see, and there are no exits less."""
    isa = on(monitor, CLASSIC)
    one, other = (machine(isa, ECHO, monitor, engine, typed=TEXT) for engine in ("reference", "native"))
    assert one.run() == other.run()
    assert one.exits == other.exits
    assert everything(one) == everything(other)
    left = other.counts["steps"] - other.sprinted["native"]
    assert left < 30 if other.translation else left == 0


@UNDER
def test_going_back_over_what_was_printed_is_exact(monitor: Monitor) -> None:
    """By replay, and forth again."""
    isa = on(monitor, CLASSIC)
    one, other = (machine(isa, ECHO, monitor, engine, typed=TEXT) for engine in ("reference", "native"))
    for each in (one, other):
        each.run(2000)
        each.back(700)
    assert everything(one) == everything(other)
    assert not differing([one, other], 1600, 3)


def test_a_device_that_everybody_may_use_is_the_real_one() -> None:
    """In user mode what is printed reaches the real console, which is Python's; the monitor's own is not."""
    source = """
            ldi     r1, 512
            setr    r0, r1
            ldi     r2, loop
            ldi     r1, 65
            ldi     r3, 90
            out     r3, 0
            jsu     r2
    loop:   out     r1, 0
            in      r4, 0
            addi    r1, r1, 1
            bne     r1, r3, loop
            svc     0
    """
    isa = popek.load("open-console")
    one, other = (
        machine(isa, source, TRAP_AND_EMULATE, engine, typed=b"abc", memory=2048) for engine in ("reference", "native")
    )
    for budget in (5, 17, 60):
        one.run(budget)
        other.run(budget)
        assert everything(one) == everything(other)


@pytest.mark.parametrize("monitor", [TRANSLATION, TRANSLATION_FULL], ids=lambda m: m.name)
def test_who_jumps_by_what_a_device_says_is_not_copied_in_machine_code(monitor: Monitor) -> None:
    """Where to, or whether; the rest of its guest is."""
    to = Instruction("jd", "ra", 0x70, "Jump to what the disk says.", Behaviour({PC: element(DISK, ra)}))
    by = Instruction("bd", "ra", 0x71, "Skip if it is odd.", Behaviour({PC: as_expr(PC) + 1 + (element(DISK, ra) & 1)}))
    isa = evolve(CLASSIC, name="jumpy", instructions=(*CLASSIC.instructions, to, by))
    source = """
            ldi     r1, 40
            ldi     r3, next
    next:   addi    r2, r2, 1
            bd      r1
            addi    r2, r2, 1
            addi    r1, r1, -1
            jd      r1
    """
    options = {"disk": [18 + n % 2 for n in range(40)], "memory": 1024}
    made = [machine(isa, source, monitor, "native", **options) for _ in "ab"]
    assert not differing(made, 500, 1)


@UNDER
@pytest.mark.parametrize("isa", [CHATTY, OPEN], ids=lambda isa: isa.name)
def test_any_element_of_a_device_is_the_right_one(monitor: Monitor, isa: Isa) -> None:
    """One by another, several at once, in guards, under conditions, near both ends; virtual or, in user mode, real."""
    for seed in (1, 5, 8):
        assert not of_words(on(monitor, isa), monitor, chatting(isa, seed), seed, steps=600, typed=TEXT), seed


@pytest.mark.soak
@UNDER
@pytest.mark.parametrize("isa", [CHATTY, OPEN], ids=lambda isa: isa.name)
@pytest.mark.parametrize("part", range(5))
def test_any_element_of_a_device_is_the_right_one_in_many_guests(monitor: Monitor, isa: Isa, part: int) -> None:
    """The same, five hundred of them under each."""
    for seed in range(1000 + part * 100, 1100 + part * 100):
        assert not of_words(on(monitor, isa), monitor, chatting(isa, seed), seed, steps=1000, typed=TEXT), seed


def test_guests_that_share_a_machine_have_a_device_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """And none sees another's, under whatever technique and however often they take turns; the real ones are shared."""
    monkeypatch.setattr(host_tiers, "looping", chatting)
    for seed in (0, 3, 5):
        for isa in (CHATTY, OPEN):
            assert not host_tiers.of_seed(evolve(isa, guest=CLASSIC_VT.guest), seed, 400), (isa, seed)


@pytest.mark.parametrize("length", [1, 128])
def test_a_hypercall_that_wants_a_device_is_served_as_by_the_reference(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an exit and without; one that is missed after an exit is that exit still."""
    monkeypatch.setattr(windows, "LENGTH", length)
    compiled._loop.cache_clear()
    calls = 0
    for seed in range(8):
        drawn, random = chatting(CHATTY, seed), Random(seed)  # noqa: S311 - to be repeated, not to be secret
        device = range(CHATTY["peek"].opcode, CHATTY["both"].opcode + 1)
        wanted = {*device, CHATTY["in"].opcode, CHATTY["out"].opcode}
        words = {a: w | HYPERCALL if w >> 24 in wanted and random.random() < 0.7 else w for a, w in drawn.items()}
        place = Allotment(300, SIZE)
        under = evolve(PARAVIRTUAL, quantum=random.choice((1, 7, 1000)))
        pair = [VirtualMachine(CHATTY, words, monitor=under, allotment=place, memory=700, typed=TEXT) for _ in "ab"]
        assert not differing(pair, 1200, seed), seed
        calls += pair[1].counts.get("hypercall", 0)
    compiled._loop.cache_clear()
    assert calls > 500


def test_words_that_an_exit_has_changed_are_seen_though_a_window_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trap words may be compiled themselves; who comes back after a miss must not forget that they were written."""
    seen = []
    right = compiled.CompiledMonitor._changed

    def changed(self: compiled.CompiledMonitor) -> None:
        seen.append(1)
        right(self)

    monkeypatch.setattr(compiled.CompiledMonitor, "_changed", changed)
    made = machine(CLASSIC, ECHO, TRAP_AND_EMULATE, "native", typed=TEXT)
    made.run(1)
    monitor = made._fast._monitors["native"]
    monitor.memory.marks.bytes[0] = 1
    made.run(3)
    assert seen


@pytest.mark.usefixtures("fresh")
def test_an_attempt_that_is_forgotten_when_a_window_is_missed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exit would be made, and counted, twice."""
    right = windows.Windows.open

    def open_(self: windows.Windows, number: int, index: int, left: int) -> bool:
        found = right(self, number, index, left)
        made._fast._monitors["native"].memory.fields[Field.ATTEMPT] = 0
        return found

    made = machine(CLASSIC, ECHO, TRAP_AND_EMULATE, "native", typed=TEXT)
    reference = machine(CLASSIC, ECHO, TRAP_AND_EMULATE, "reference", typed=TEXT)
    monkeypatch.setattr(windows.Windows, "open", open_)
    assert differing([reference, made], 2000, 1)
