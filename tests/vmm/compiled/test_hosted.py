"""Several virtual machines with compiled monitors come to what they come to under the reference, tick by tick."""

import pytest

import popek

pytest.importorskip("llvmlite")

from popek.engine.stepper import Outcome
from popek.isa.architecture import Isa
from popek.isa.behaviour import Cause
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.instruction import EXECUTES
from popek.testing.host_tiers import APART, differing, inhabited, known, of_seed
from popek.testing.hostile import HOSTILE, counters, words
from popek.testing.hosting import Tenant
from popek.vmm.compiled.shares import Shares
from popek.vmm.compiled.together import Together
from popek.vmm.host import Host
from popek.vmm.monitor import HARDWARE_ASSISTED, MONITORS, TRANSLATION_FULL, TRAP_AND_EMULATE, Action, Monitor

OPEN = CLASSIC.vary("open", setr=EXECUTES)
"""Whoever likes may reach all of real memory."""


@pytest.mark.parametrize("isa", [CLASSIC, CLASSIC_VT, OPEN, *(popek.load(n) for n in ("open-halt", "timer-writable"))])
def test_random_guests_together_run_as_under_the_reference(isa: Isa) -> None:
    """Under all techniques, whatever the quantum and the time that an exit takes, with everybody's account."""
    for seed in range(5):
        assert not of_seed(isa, seed), seed


@pytest.mark.soak
@pytest.mark.parametrize("isa", [CLASSIC, CLASSIC_VT, OPEN])
def test_many_random_guests_together_run_as_under_the_reference(isa: Isa) -> None:
    """Five hundred hosts of each."""
    for seed in range(100, 600):
        assert not of_seed(isa, seed), seed


def pair(isa: Isa, *tenants: Tenant, **terms: int) -> list[Host]:
    """Return two hosts with the same tenants."""
    made = [Host(isa, memory=2000, apart=lambda _: APART, **terms) for _ in "ab"]  # type: ignore[arg-type]
    for host in made:
        for tenant in tenants:
            tenant.move_into(host)
    return made


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_guests_are_as_hostile(kind: str) -> None:
    """Among others that do no harm, under a technique each."""
    others = counters(5).values()
    one = Tenant("hostile", words(HOSTILE[kind]), 64, 400)
    assert not differing(pair(CLASSIC, one, *others, quantum=9, exit_ticks=2), 2000, 1)


def test_hardly_anything_is_left_to_python() -> None:
    """Not exits, nor hypercalls; of the quanta, only whose turn it is."""
    exiting = words("here: getmode r1\n addi r2, r2, 1\n jmp here")
    monitors = [m for m in MONITORS.values() if not m.in_guest_mode]
    host = pair(CLASSIC, *(Tenant(m.name, exiting, 64, 10_000, m) for m in monitors), quantum=50)[0]
    host.engine = "native"
    host.run()
    assert host.counts["steps"] == 10_000 * len(monitors)
    assert host.sprinted["native"] > 0.999 * host.counts["steps"]


CALLER = """
        ldi     r1, 0
again:  jal     r5, callee
        jmp     again
callee: addi    r1, r1, 1
        jalr    r6, r5
"""


def attacked(monitor: Monitor) -> list[Host]:
    """Return two hosts on which a guest stores another instruction where the other one's callee is."""
    isa = CLASSIC_VT.vary("open", setr=EXECUTES)
    other = isa["addi"].encode({"a": 1, "b": 1, "imm": 1000})
    reaches = f"""
        ldi     r0, 0
        ldi     r2, 900
wait:   addi    r2, r2, -1
        bne     r2, r0, wait
        ldi     r2, 16
        ldi     r3, 1900
        setr    r2, r3
        ldi     r4, {other & 0xFFFF}
        ldih    r4, {other >> 16}
        st      r4, {64 + 19}(r0)
here:   addi    r7, r7, 1
        jmp     here
    """
    victim = Tenant("victim", words(CALLER), 64, 6000, monitor)
    return pair(isa, Tenant("attacker", words(reaches), 64, 6000), victim, quantum=100)


VICTIMS = pytest.mark.parametrize(
    "monitor", [TRAP_AND_EMULATE, TRANSLATION_FULL, HARDWARE_ASSISTED], ids=lambda m: m.name
)


@VICTIMS
def test_code_that_another_one_changes_is_the_changed_code(monitor: Monitor) -> None:
    """Hot, compiled, and called from compiled code; the other guest stores there natively."""
    hosts = attacked(monitor)
    assert not differing(hosts, 12_000, 3)
    assert hosts[1]["victim"].result.registers[1] > 100_000
    assert hosts[1].sprinted["native"] > 9_000


@VICTIMS
def test_words_at_which_nobody_looks_again_are_noticed(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever's code it is that has changed."""
    monkeypatch.setattr(Together, "look", lambda _self: None)
    assert differing(attacked(monitor), 12_000, 3)


def test_who_is_lost_or_stops_everybody_is_so_at_the_same_step() -> None:
    """A guest that its monitor gets nowhere with, and one that may stop the real processor."""
    stuck = TRAP_AND_EMULATE.vary("stuck", dispatcher={Cause.SVC: Action.RESUME})
    lost = pair(CLASSIC, Tenant("stuck", words("nop\n svc 1"), 64, 100, stuck), *counters(2).values(), quantum=7)
    assert not differing(lost, 1000, 1)
    assert lost[1]["stuck"].result.outcome is Outcome.LOST
    isa = CLASSIC.vary("open", halt=EXECUTES)
    stopped = pair(isa, *counters(2).values(), Tenant("hostile", words("nop\n halt")), quantum=3)
    assert not differing(stopped, 1000, 2)
    assert (stopped[1].outcome, stopped[1].lost_by) == (Outcome.LOST, "hostile")


@pytest.mark.parametrize("seed", range(4))
def test_going_back_and_other_engines_in_between_change_nothing(seed: int) -> None:
    """Nor does what is asked of the host in between, which comes again when it goes on."""
    one, other = (inhabited(CLASSIC_VT, seed, history=50) for _ in "ab")
    one.engine, name = "reference", "n0"
    for host in (one, other):
        host.run(300)
        host.pause(name)
    for turn, engine in enumerate(("native", "reference", "native", "python", "native")):
        other.engine = engine
        for host in (one, other):
            host.run(200)
            if not turn:
                host.resume(name)
        before = other.counts["steps"]
        other.run(500)
        other.back(other.counts["steps"] - before)
        assert known(one) == known(other)
    other.engine = "native"
    for steps in (30, 900):
        for host in (one, other):
            host.back(steps)
        assert known(one) == known(other)


def noticed() -> bool:
    """Say whether some random guests together run otherwise than under the reference."""
    return any(of_seed(isa, seed, 300) for isa in (CLASSIC, CLASSIC_VT) for seed in range(8))


def test_nothing_is_noticed_where_nothing_is_wrong() -> None:
    """What the next tests rest on."""
    assert not noticed()


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("what", ["charge", "charge_exit", "leave_if_over", "turn_if_over"])
def test_time_that_nobody_pays_for_is_noticed(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a monitor does, and an exit; and whoever stays when its time is over."""
    monkeypatch.setattr(Shares, what, lambda *_: None)
    assert noticed()
