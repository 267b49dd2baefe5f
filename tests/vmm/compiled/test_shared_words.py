"""Compiled monitors on one real machine, where they once came to something else than the reference."""

from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("llvmlite")

from popek.isa.behaviour import Cause
from popek.isa.classic import CLASSIC
from popek.isa.encoding import WORD_MASK
from popek.isa.instruction import EXECUTES
from popek.testing.host_tiers import APART, differing, known
from popek.testing.hostile import counters, words
from popek.testing.hosting import Tenant
from popek.testing.loops import SIZE, looping
from popek.testing.virtual_tiers import of_loop
from popek.testing.wrong_monitors import WRONG_MONITORS
from popek.vmm.host import Host
from popek.vmm.monitor import MONITORS, TRANSLATION_FULL, Action

OPEN = CLASSIC.vary("open", setr=EXECUTES)
"""Whoever likes may reach all of real memory."""


def pair(*tenants: Tenant, **terms: Any) -> list[Host]:
    """Return two hosts with the same tenants, at the same places."""
    made = [Host(OPEN, memory=2000, apart=lambda _: APART, **terms) for _ in "ab"]
    for host in made:
        for tenant in tenants:
            tenant.move_into(host)
    return made


def word(name: str, **operands: int) -> int:
    """Return an instruction word."""
    return OPEN[name].encode(operands) & WORD_MASK


@pytest.mark.parametrize("fault", ["processor left halted", "run state made up"])
def test_a_monitor_that_makes_up_whether_the_processor_runs_has_each_step_looked_at(fault: str) -> None:
    """Such a guest is over after a step, alone or not."""
    monitor = WRONG_MONITORS[fault][1]
    assert not of_loop(CLASSIC, monitor, 3, 500)
    tenant = Tenant("wrong", looping(CLASSIC, 3), SIZE, 500, monitor)
    assert not differing(pair(tenant, *counters(1).values(), quantum=7), 400, 1)


@pytest.mark.parametrize("technique", ["translation", "translation-full"])
def test_to_come_into_a_cache_is_a_turn_without_a_step(technique: str) -> None:
    """A guest that gets nowhere is lost after as many turns."""
    stuck = MONITORS[technique].vary("stuck", dispatcher={Cause.ARITHMETIC: Action.RESUME})
    divides = words("ldi r1, 0\n nop\n divu r2, r1, r1")
    for quantum in (1, 2, 7):
        hosts = pair(Tenant("stuck", divides, 64, 100, stuck), *counters(1).values(), quantum=quantum)
        assert not differing(hosts, 3000, quantum)


BLOCKS = 60
ATTACKS = f"""
        .org    16
        ldi     r2, 16
        ldi     r3, 1900
        ldi     r0, 0
        ldi     r4, {word("addi", a=2, b=2, imm=1000) & 0xFFFF}
        ldih    r4, {word("addi", a=2, b=2, imm=1000) >> 16}
        ldi     r5, {word("addi", a=2, b=2, imm=1) & 0xFFFF}
        ldih    r5, {word("addi", a=2, b=2, imm=1) >> 16}
        ldi     r7, {64 + 17 + 3 * BLOCKS}
again:  ldi     r6, {64 + 17}
there:  setr    r2, r3
        st      r4, 0(r6)
        addi    r6, r6, 3
        bne     r6, r7, there
        ldi     r6, {64 + 17}
back:   setr    r2, r3
        st      r5, 0(r6)
        addi    r6, r6, 3
        bne     r6, r7, back
        jmp     again
        .org    8
        .word   0, again, 0, 64
"""
"""Changes an instruction of each of another guest's blocks, and changes it back."""


@pytest.mark.parametrize("quantum", [20, 28])
def test_what_was_translated_last_in_a_quantum_is_watched_in_the_next_one(quantum: int) -> None:
    """Each block begins with a call, after which the guest's time may be over; then others store into the block."""
    blocks = "".join(f"b{n}: getmode r1\n addi r2, r2, 1\n jmp b{n + 1}\n" for n in range(BLOCKS))
    victim = words(f" .org 16\n{blocks}b{BLOCKS}: jmp b0\n")
    attacker = Tenant("attacker", words(ATTACKS), 64, 20_000)
    hosts = pair(attacker, Tenant("victim", victim, 256, 20_000, TRANSLATION_FULL), quantum=quantum)
    assert not differing(hosts, 4000, 0)
    assert hosts[1]["victim"].vm.counts["translation:invalidations"] > 10


def in_the_trap_words() -> Mapping[int, int]:
    """Return a guest with hot code in the real trap words, where a trap writes that Python has to finish."""
    jumps = word("jal", a=15, imm=44 - 5)
    loads = [("ldi", 0, 0), ("ldi", 3, 1900), ("ldi", 4, jumps & 0xFFFF), ("ldih", 4, jumps >> 16), ("ldi", 6, 20)]
    found = [*(word(n, a=a, imm=i) for n, a, i in loads), word("ldi", a=2, imm=48), word("jal", a=15, imm=40 - 22)]
    real = {
        41: word("st", a=4, b=0, imm=5),
        42: word("nop"),
        43: word("jal", a=15, imm=5 - 43),
        44: word("addi", a=6, b=6, imm=-1),
        45: word("bne", a=6, b=0, imm=-2),
        46: word("disk", a=0, b=0, imm=0),
        48: word("jal", a=15, imm=5 - 48),
    }
    reaches = {40: word("setr", a=0, b=3), 46: word("disk", a=2, b=0, imm=0), 47: word("setr", a=0, b=3)}
    vector = {8: 0, 9: 16, 10: 0, 11: 64}
    return vector | dict(enumerate(found, 16)) | {at - 16: w for at, w in real.items()} | reaches


def test_a_marked_word_that_a_trap_writes_before_python_goes_on_is_noticed() -> None:
    """The code that was there is run no more."""
    others = Tenant("other", words("here: addi r1, r1, 1\n jmp here"), 64, 20_000)
    hosts = pair(Tenant("odd", in_the_trap_words(), 64, 20_000, disk=(1, 2, 3)), others, quantum=1000)
    assert not differing(hosts, 2000, 1)
    assert hosts[1].sprinted["native"] > 1500


@pytest.mark.parametrize("technique", ["trap-and-emulate", "translation-full", "paravirtual"])
def test_a_step_back_is_never_into_the_middle_of_a_step(technique: str) -> None:
    """Exits belong to the step that comes after them, also where the reference has finished that."""
    transfers = words("ldi r2, 40\nhere: disk r2, r0, 0\n svc 1\n jmp here\n .org 8\n .word 0, here, 0, 64")
    tenant = Tenant("one", transfers, 64, 2000, MONITORS[technique], disk=(1, 2, 3))
    hosts = pair(tenant, *counters(1).values(), quantum=2, exit_ticks=3)
    hosts[0].engine, hosts[1].engine = "reference", "native"
    for steps in range(1, 40):
        for host in hosts:
            host.run(steps)
            host.back(1)
        assert known(hosts[0]) == known(hosts[1]), steps
