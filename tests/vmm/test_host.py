"""Several virtual machines on one real machine: each comes to what it comes to alone, whoever is beside it."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from random import Random

import pytest
from attrs import evolve

from popek.engine.stepper import Outcome
from popek.errors import PopekError
from popek.guests import library
from popek.isa.assembler import assemble
from popek.isa.behaviour import Cause
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.instruction import EXECUTES
from popek.isa.porting import port
from popek.isa.slot import MEMORY, REGISTERS
from popek.testing.hosting import Tenant, complaints, remains, unfair
from popek.testing.programs import guest
from popek.vmm import allocator
from popek.vmm.allotment import Allotment
from popek.vmm.hardware import RealState
from popek.vmm.host import Host
from popek.vmm.hosted import Hosted, Phase
from popek.vmm.monitor import (
    HARDWARE_ASSISTED,
    HYBRID,
    INTERPRETER,
    PARAVIRTUAL,
    PARAVIRTUAL_UNPORTED,
    TRANSLATION,
    TRANSLATION_FULL,
    TRAP_AND_EMULATE,
    Action,
    Monitor,
)
from popek.vmm.scheduler import PROPORTIONAL, ROUND_ROBIN, Claimant, Scheduler
from popek.vmm.virtual import VirtualState

STUCK = {Cause.PRIVILEGED: Action.RESUME}
TECHNIQUES = (TRAP_AND_EMULATE, INTERPRETER, TRANSLATION, HYBRID, TRANSLATION_FULL, PARAVIRTUAL_UNPORTED)
APART = {"sensitive": frozenset(i.name for i in SYSTEM)}


def words(source: str) -> dict[int, int]:
    """Return an assembled program."""
    return dict(assemble(source, CLASSIC).words)


COUNTER = """
        .org    16
        ldi     r0, 0
        ldi     r1, 15
        ldi     r2, 0
        ldi     r7, 'a'
again:  add     r2, r2, r1
        out     r7, 0
        addi    r7, r7, 1
        addi    r1, r1, -1
        bne     r1, r0, again
        st      r2, 60(r0)
        halt
"""
"""Counts, and prints the alphabet; every register that it uses is told in the end."""

HOSTILE = {
    "an endless loop with interrupts off": "ldi r1, 0\n setie r1\nhere: beq r0, r0, here",
    "an endless loop with the timer off": "ldi r1, 0\n settimer r1\n setie r1\nhere: jal r5, here",
    "a trap loop": ".org 8\n .word 0, 1000, 0, 64\n .org 16\n svc 1",
    "a trap at each instruction": ".org 8\n .word 0, 20, 0, -1\n .org 16\n svc 1\n svc 2\n .org 20\n"
    "ld r1, 5(r0)\n lpsw 24(r0)\n .org 24\n .word 0, 16, 0, 64",
    "an instruction that is emulated, for ever": "here: getmode r1\n setie r1\n jmp here",
    "transfers to everywhere": "ldi r1, -8\nagain: addi r1, r1, 8\n disk r1, r0, 0\n disk r1, r0, 1\n jmp again\n"
    ".org 8\n .word 0, 17, 0, -1",
    "writes to everywhere": ".org 8\n .word 0, 18, 0, -1\n .org 16\n ldi r1, -40\n ldi r2, -1\n addi r1, r1, 7\n"
    "mtpi r2, r1\n st r2, 64(r1)\n jmp 18",
    "an R that is everything": ".org 16\n ldi r1, 0\n ldi r2, -1\n setr r1, r2\n st r2, 300(r1)\nhere: jmp here",
    "words that are no instructions": ".org 8\n .word 2, 40, 0, -1\n .org 16\n .word -1\n .org 40\n .word -1, -2, -3",
    "a status that says supervisor, from user mode": "ldi r3, 20\n jsu r3\n .org 20\nhere: lpsw 8(r0)\n jmp here",
}
"""What a guest may do that is not nice."""


def counters(count: int) -> dict[str, Tenant]:
    """Return tenants that do no harm, under one technique after the other."""
    names = [f"n{i}" for i in range(count)]
    return {
        n: Tenant(n, words(COUNTER), size=70 + i, monitor=TECHNIQUES[i % len(TECHNIQUES)]) for i, n in enumerate(names)
    }


def inhabited(tenants: dict[str, Tenant], **terms: int) -> Host:
    """Return a host on which tenants have run to their ends."""
    host = Host(CLASSIC, apart=lambda _: APART, memory=16 + sum(t.size for t in tenants.values()), **terms)  # type: ignore[arg-type]
    for tenant in tenants.values():
        tenant.move_into(host)
    host.run()
    return host


@pytest.mark.parametrize("monitor", TECHNIQUES, ids=lambda m: m.name)
@pytest.mark.parametrize("kind", HOSTILE)
def test_seven_neighbours_of_a_hostile_guest_do_not_notice(kind: str, monitor: Monitor) -> None:
    """Whatever it does, their results and instruction counts are those of running alone, and none waits longer."""
    tenants = counters(8)
    tenants["n3"] = Tenant("n3", words(HOSTILE[kind]), size=64, steps=150, monitor=monitor)
    assert list(complaints(inhabited(tenants, quantum=9), tenants)) == []


def test_a_hostile_guest_has_its_share_of_the_time_and_no_more() -> None:
    """While eight want the processor, each has an eighth; what is charged for exits is charged to who exits."""
    for kind in ("an endless loop with interrupts off", "an instruction that is emulated, for ever"):
        tenants = {n: evolve(t, steps=10_000, words=words("here: jmp here")) for n, t in counters(8).items()}
        tenants["n3"] = evolve(tenants["n3"], words=words(HOSTILE[kind]))
        host = Host(CLASSIC, apart=lambda _: APART, memory=1000, quantum=20, exit_ticks=7)
        for tenant in tenants.values():
            tenant.move_into(host)
        host.run(4000)
        used = [h.account.used for h in host.vms.values()]
        assert max(used) - min(used) <= host.quantum + host.exit_ticks
        assert list(unfair(host)) == []
        assert sum(used) <= host.clock + host.quantum


def test_who_exits_more_gets_less_done() -> None:
    """An exit takes real time, and that comes from its guest's quantum."""
    each = {"many": "here: getmode r1\n jmp here", "few": "here: jmp here"}
    host = Host(CLASSIC, apart=lambda _: APART, memory=200, quantum=50, exit_ticks=10)
    for name, source in each.items():
        Tenant(name, words(source), steps=10_000).move_into(host)
    host.run(3000)
    many, few = (host[n] for n in each)
    assert abs(many.account.used - few.account.used) <= host.quantum + host.exit_ticks
    assert 4 * many.result.instructions < few.result.instructions


@pytest.mark.parametrize("seeds", [range(4 * n, 4 * n + 4) for n in range(12)], ids=str)
def test_random_neighbours_do_not_matter(seeds: range) -> None:
    """Random guests under random techniques, budgets and quanta: result, memory and devices are as alone."""
    random = Random(seeds.start)  # noqa: S311 - to be repeated, not to be secret
    tenants = {}
    for seed in seeds:
        drawn, monitor = guest(CLASSIC, seed), random.choice(TECHNIQUES)
        tenants[str(seed)] = Tenant(
            str(seed), drawn.words, drawn.allotment.size, drawn.steps, monitor, drawn.typed, drawn.disk
        )
    assert list(complaints(inhabited(tenants, quantum=random.randint(1, 20)), tenants)) == []


@pytest.mark.soak
def test_many_random_neighbours_do_not_matter() -> None:
    """The same for 4,000 guests in groups of up to nine."""
    random = Random(0)  # noqa: S311 - to be repeated, not to be secret
    seeds = iter(range(4000))
    while group := [s for _, s in zip(range(random.randint(1, 9)), seeds, strict=False)]:
        drawn = {str(s): guest(CLASSIC, s) for s in group}
        tenants = {
            n: Tenant(n, g.words, g.allotment.size, g.steps, random.choice(TECHNIQUES), g.typed, g.disk)
            for n, g in drawn.items()
        }
        assert list(complaints(inhabited(tenants, quantum=random.randint(1, 20)), tenants)) == [], group


@pytest.mark.parametrize("quantum", range(1, 14))
def test_the_quantum_does_not_matter_to_results(quantum: int) -> None:
    """Whichever instruction it ends before."""
    tenants = counters(4)
    assert list(complaints(inhabited(tenants, quantum=quantum), tenants)) == []


def test_the_size_of_an_allotment_does_not_matter_to_the_neighbours() -> None:
    """From the smallest on, one word more each; who has too little memory for its program alone has so here."""
    filler = words("ldi r0, 0\n ldi r1, -1\nagain: addi r1, r1, 1\n st r1, 0(r1)\n jmp again")
    for size in range(22, 60):
        tenants = {**counters(1), "small": Tenant("small", filler, size, 120)}
        assert list(complaints(inhabited(tenants, quantum=11), tenants)) == [], size


def test_guests_in_guest_mode_share_the_machine_with_others() -> None:
    """`classic-vt` has one guest mode, which is every guest's in turn."""
    tenants = {n: evolve(t, monitor=m) for (n, t), m in zip(
        counters(4).items(), (HARDWARE_ASSISTED, TRAP_AND_EMULATE, HARDWARE_ASSISTED, INTERPRETER), strict=True
    )}  # fmt: skip
    tenants["n1"] = evolve(tenants["n1"], words=words(HOSTILE["an endless loop with interrupts off"]))
    host = Host(CLASSIC_VT, memory=1000, quantum=7)
    for tenant in tenants.values():
        tenant.move_into(host)
    host.run()
    assert list(complaints(host, tenants)) == []


def test_the_shipped_operating_system_beside_seven_others() -> None:
    """The guests that ship come to what their headers say."""
    host = Host(CLASSIC, apart=lambda _: APART, quantum=100)
    for n, name in enumerate(("os", "timer", "disk-read", "echo", "hello", "fibonacci", "psw-round-trip", "timer")):
        found = library.find(name)
        program = assemble(found.source, CLASSIC)
        host.start(
            program.words, name=f"{name}{n}", allotment=4096, typed=found.input, disk=found.disk,
            monitor=TECHNIQUES[n % len(TECHNIQUES)],
        )  # fmt: skip
    host.run()
    for name, hosted in host.vms.items():
        found, state = library.find(name[:-1]), hosted.vm.state
        program = assemble(found.source, CLASSIC)
        result = hosted.result

        def memory(address: int, state: VirtualState = state) -> int:
            return state.element(MEMORY, address)

        told = found.expected.mismatches(result.outcome.value, result.output, result.registers, memory, program.symbols)
        assert told == (), name


# What is broken on purpose is noticed.


def starving() -> Scheduler:
    """Return a scheduler that knows but the first."""
    return Scheduler("starving", "The first, always.", lambda ready, _: ready[0].number)


def test_a_scheduler_that_starves_is_noticed() -> None:
    """Who is never chosen waits for more than the others' quanta."""
    tenants = counters(3)
    host = Host(CLASSIC, apart=lambda _: APART, memory=400, scheduler=starving(), quantum=9)
    for tenant in tenants.values():
        tenant.move_into(host)
    host.run()
    assert [c.split()[0] for c in complaints(host, tenants)] == ["n1", "n2"]


@pytest.mark.parametrize("forgotten", range(16))
def test_a_register_that_is_not_restored_is_noticed(forgotten: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever it is."""
    move = VirtualState._move

    def careless(self: VirtualState, here: RealState, there: RealState) -> None:
        kept = there.element(REGISTERS, forgotten)
        move(self, here, there)
        there.put(REGISTERS, forgotten, kept)

    waits = "nop\n" * 12 + "halt"
    tenants = {
        n: Tenant(n, words("\n".join(f"ldi r{r}, {9 * r + i}" for r in range(16)) + "\n" + waits))
        for i, n in enumerate(("one", "two"))
    }
    assert list(complaints(inhabited(tenants, quantum=9), tenants)) == []
    monkeypatch.setattr(VirtualState, "_move", careless)
    assert list(complaints(inhabited(tenants, quantum=9), tenants))


def test_allotments_that_overlap_by_a_word_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody uses the word."""
    right = allocator.place

    def wrong(taken: dict[str, Allotment], memory: int, size: int) -> Allotment:
        found = right(taken, memory, size)
        return Allotment(found.base - 1, found.size) if taken else found

    filler = words("ldi r0, 0\n ldi r1, 25\nagain: addi r1, r1, 1\n st r1, 0(r1)\n jmp again")
    tenants = {n: Tenant(n, filler, 40, 100) for n in ("one", "two")}
    assert list(complaints(inhabited(tenants, quantum=9), tenants)) == []
    monkeypatch.setattr(allocator, "place", wrong)
    assert [c.split()[0] for c in complaints(inhabited(tenants, quantum=9), tenants)] == ["one"]


def leaks(host: Host) -> bool:
    """Say whether a new guest finds anything of one that was destroyed."""
    Tenant("old", words("ldi r0, 0\n ldi r1, 77\n st r1, 50(r0)\n halt")).move_into(host)
    host.run()
    host.destroy("old")
    looking = Tenant("new", words("ldi r0, 0\n ld r1, 50(r0)\n halt"))
    looking.move_into(host)
    host.run()
    assert host["new"].vm.allotment == host["old"].vm.allotment
    return remains(host["new"].vm) != remains(looking.alone(CLASSIC, APART))


def test_memory_is_cleared_before_somebody_else_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """And if it is not, that is noticed."""
    assert not leaks(Host(CLASSIC, apart=lambda _: APART, memory=100))
    monkeypatch.setattr(Host, "_clear", lambda _self, _hosted: None)
    assert leaks(Host(CLASSIC, apart=lambda _: APART, memory=100))


def test_a_monitor_that_renews_the_quantum_starves_the_others() -> None:
    """A guest that exits often is then never stopped."""
    tenants = counters(3)
    often = words("here: getmode r1\n jmp here")
    tenants["n1"] = Tenant("n1", often, 64, 500, evolve(TRAP_AND_EMULATE, renews=True))
    assert any("has waited" in c for c in complaints(inhabited(tenants, quantum=9), tenants))


def test_on_a_machine_that_lets_a_guest_turn_interrupts_off_it_has_all_the_time() -> None:
    """Resource control is refuted there, and this is what follows."""
    isa = CLASSIC.vary("open", setie=EXECUTES)
    host = Host(isa, memory=400, quantum=9)
    Tenant("hostile", words(HOSTILE["an endless loop with interrupts off"]), 64, 500).move_into(host)
    Tenant("n1", words(COUNTER), 70, 100).move_into(host)
    host.run()
    assert host["hostile"].account.longest_wait == 0
    assert host["n1"].account.longest_wait == 500
    assert list(unfair(host)) == ["n1 has waited 500 ticks, and the others' quanta are 9"]


def test_hypercalls_are_on_the_time_of_who_makes_them() -> None:
    """However many follow one another without an exit."""
    isa = CLASSIC.vary("open", getmode=EXECUTES, setr=EXECUTES)
    critical = frozenset(("getmode", "setr"))
    endless = port(words("here: getmode r1\n" + "getmode r2\n" * 30 + "jmp here"), isa, critical, None).words
    tenants = {n: evolve(t, monitor=PARAVIRTUAL) for n, t in counters(3).items()}
    tenants["n1"] = evolve(tenants["n1"], words=endless)
    host = Host(isa, memory=400, quantum=9, apart=lambda _: {"critical": critical})
    for tenant in tenants.values():
        tenant.move_into(host)
    host.run()
    assert host["n1"].vm.counts["hypercall"] > 200
    assert list(complaints(host, tenants)) == []


def test_who_stops_the_real_processor_stops_everybody() -> None:
    """An outcome with a name, and it is known whose doing it was."""
    isa = CLASSIC.vary("open", halt=EXECUTES)
    host = Host(isa, memory=400, quantum=9)
    Tenant("n0", words("here: jmp here"), steps=100).move_into(host)
    Tenant("hostile", words("nop\n halt")).move_into(host)
    host.run()
    assert (host.outcome, host.lost_by) == (Outcome.LOST, "hostile")
    assert [h.result.outcome for h in host.vms.values()] == [Outcome.LOST, Outcome.LOST]
    assert host.step() is None


# Start, pause, resume, destroy.


@pytest.fixture
def host() -> Iterator[Host]:
    """Give a host with two guests that have run for a while."""
    made = Host(CLASSIC, apart=lambda _: APART, memory=400, quantum=7, history=40)
    for name in ("one", "two"):
        Tenant(name, words(COUNTER), 70).move_into(made)
    made.run(30)
    yield made
    assert sum(h.vm.counts["steps"] for h in made.vms.values()) == made.counts["steps"]


def test_a_paused_guest_stands_still_and_goes_on_where_it_was(host: Host) -> None:
    """To the same end."""
    host.pause("one")
    before = remains(host["one"].vm)
    host.run(50)
    assert (remains(host["one"].vm), host["one"].phase) == (before, Phase.PAUSED)
    host.resume("one")
    host.run()
    tenants = {n: Tenant(n, words(COUNTER), 70) for n in ("one", "two")}
    assert list(complaints(host, tenants)) == []


def test_nobody_is_ready_when_all_are_paused(host: Host) -> None:
    """Then there is nothing to run."""
    for name in ("one", "two"):
        host.pause(name)
    steps = host.counts["steps"]
    assert (host.run().steps, host.outcome) == (steps, Outcome.HALTED)


def test_destroying_gives_memory_back_and_keeps_the_result(host: Host) -> None:
    """The same words can be given to somebody else at once."""
    was = host["one"].result
    place = host["one"].vm.allotment
    host.destroy("one")
    assert host["one"].result == was
    assert not any(host.state.memory[place.base : place.end])
    assert host.start(words(COUNTER), name="three", allotment=70).vm.allotment == place
    with pytest.raises(PopekError, match="`one` is destroyed: it cannot become ready"):
        host.resume("one")


def test_what_cannot_be_is_refused(host: Host) -> None:
    """With what to do about it."""
    with pytest.raises(PopekError, match="20 words at 90 overlaps the 70 words at 86 of two"):
        host.start({}, allotment=Allotment(90, 20))
    with pytest.raises(PopekError, match=r"30 words at 150 overlaps the 70 words at 86 of two\n.*244 words at 156"):
        host.start({}, allotment=Allotment(150, 30))
    with pytest.raises(PopekError, match=r"no 300 words of real memory in a row are free\n.*free are 244 words at 156"):
        host.start({}, allotment=300)
    with pytest.raises(PopekError, match="does not fit in 400 words"):
        host.start({}, allotment=Allotment(300, 200))
    with pytest.raises(PopekError, match="there is a virtual machine `two` already"):
        host.start({}, name="two", allotment=30)
    with pytest.raises(PopekError, match=r"there is no virtual machine `tow`\n.*did you mean `two`"):
        host.pause("tow")
    with pytest.raises(PopekError, match="`two` is ready: it cannot become ready"):
        host.resume("two")
    with pytest.raises(PopekError, match=r"there is no scheduler `round`\n.*did you mean `round-robin`"):
        Host(CLASSIC, scheduler="round")
    with pytest.raises(PopekError, match="a number of shares of 0 is not possible"):
        host.start({}, allotment=30, shares=0)
    with pytest.raises(PopekError, match="a quantum of 0 is not possible"):
        Host(CLASSIC, quantum=0)
    with pytest.raises(PopekError, match=r"there is no monitor `hybird`\n.*did you mean `hybrid`"):
        host.start({}, allotment=30, monitor="hybird")


def test_a_guest_without_a_budget_has_ended_at_once(host: Host) -> None:
    """It takes no step."""
    made = host.start({}, allotment=30, budget=0)
    assert (made.phase, made.result.steps) == (Phase.ENDED, 0)
    assert repr(made) == "<Hosted vm2: ended, 0 steps>"
    assert repr(host) == "<Host classic, round-robin: 3 VMs, 30 steps>"


# Back and forth.


def everything(host: Host) -> object:
    """Return all that there is to a host, as values."""
    return {n: dict(c) if isinstance(c, dict) else list(c) for n, c in host._all().items() if n != "vms"}


def test_going_back_is_exact_over_the_whole_host_and_what_was_asked_of_it() -> None:
    """Beyond what is kept as deltas as well: starts, pauses, ends and destructions are taken back and come again."""
    made = Host(CLASSIC, apart=lambda _: APART, memory=400, quantum=5, history=30)
    for name in ("one", "two"):
        Tenant(name, words(COUNTER), 70).move_into(made)
    asked: dict[int, Callable[[Host], object]] = {
        20: lambda h: h.pause("one"),
        50: lambda h: Tenant("three", words(HOSTILE["transfers to everywhere"]), 64, 60, HYBRID).move_into(h),
        70: lambda h: h.resume("one"),
        90: lambda h: h.destroy("two"),
        100: lambda h: Tenant("four", words(COUNTER), 70, 40, INTERPRETER).move_into(h),
    }
    seen = [everything(made)]
    while made.outcome is None:
        made.step()
        if made.counts["steps"] in asked:
            asked[made.counts["steps"]](made)
        seen.append(everything(made))
    total = made.counts["steps"]
    assert total > 180
    for steps in (1, 2, 29, 30):
        made.back(steps)
        assert everything(made) == seen[made.counts["steps"]]
    for at in (101, 100, 71, 51, 49):
        made.back(made.counts["steps"] - at)
        assert everything(made) == seen[at]
    assert list(made.vms) == ["one", "two"]
    made.run(10)
    assert made["one"].phase is Phase.PAUSED
    with pytest.raises(PopekError, match="cannot go back"):
        made.back(1000)


def test_going_back_knows_who_got_nowhere() -> None:
    """A guest that its monitor has lost ends without a step; what was asked after that comes after that again."""
    stuck = TRAP_AND_EMULATE.vary("stuck", doc="Does nothing about a privilege trap.", dispatcher=STUCK)
    made = Host(CLASSIC, apart=lambda _: APART, memory=400, quantum=5, history=10)
    Tenant("stuck", words("nop\n nop\n getmode r1"), 64, 100, stuck).move_into(made)
    made.run()
    assert made["stuck"].result.outcome is Outcome.LOST
    Tenant("later", words(COUNTER), 70).move_into(made)
    made.run(40)
    before = everything(made)
    made.run(30)
    made.back(30)
    assert everything(made) == before
    assert made["stuck"].result.outcome is Outcome.LOST


def test_a_trace_names_whose_step_it_was() -> None:
    """And the exits on the way, other guests' with their names."""
    seen: list[dict[str, object]] = []
    made = Host(CLASSIC, apart=lambda _: APART, memory=400, quantum=5, sink=lambda r: seen.append(r.to_dict()))
    for name in ("one", "two"):
        Tenant(name, words(COUNTER), 70).move_into(made)
    made.run(40)
    assert [r["step"] for r in seen] == list(range(1, 41))
    assert [r["vm"] for r in seen[:12]] == ["one"] * 5 + ["two"] * 5 + ["one"] * 2
    assert seen[5]["exits"] == ["one: timer"]
    names = {str(c[0]) for r in seen for c in r["changes"]}  # type: ignore[attr-defined]
    assert {"real pc", "two: virtual pc", "real registers[7]"} <= names


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_tier_of_the_engine_runs_them_as_the_reference_does(kind: str) -> None:
    """In every account and every word; and the way back, which is to begin anew, leads to the same."""
    tenants = {n: evolve(t, monitor=TECHNIQUES[i % 2]) for i, (n, t) in enumerate(counters(3).items())}
    tenants["n1"] = Tenant("n1", words(HOSTILE[kind]), size=64, steps=400)
    hosts = []
    for engine in ("reference", "python"):
        host = Host(CLASSIC, memory=400, quantum=13)
        host.engine = engine
        for tenant in tenants.values():
            tenant.move_into(host)
        host.run(60)
        host.pause("n0")
        host.run(50)
        host.resume("n0")
        host.run()
        assert list(complaints(host, tenants)) == []
        hosts.append(host)
    slow, fast = hosts
    assert everything(fast) == everything(slow)
    for host in hosts:
        host.back(host.counts["steps"] - 70)
    assert everything(fast) == everything(slow)
    assert fast["n0"].phase is Phase.PAUSED
    assert "n0" in slow.vms


def test_a_tier_is_really_used_and_stops_for_who_stops_the_processor() -> None:
    """Long loops run in it; a processor that is lost in it is lost."""
    isa = CLASSIC.vary("open", halt=EXECUTES)
    host = Host(isa, memory=400)
    host.engine = "python"
    Tenant("n0", words("here: jmp here"), steps=5000).move_into(host)
    Tenant("n1", words("ldi r1, 0\n ldi r2, 900\nagain: addi r1, r1, 1\n bne r1, r2, again\n halt")).move_into(
        host, budget=9000
    )
    host.run()
    assert (host.outcome, host.lost_by) == (Outcome.LOST, "n1")
    assert host.sprinted["python"] > 3000


# Shares.


def spinners(host: Host, *shares: int) -> list[Hosted]:
    """Start guests that never end."""
    endless = words("here: jmp here")
    return [
        Tenant(f"s{n}", endless, 40, 10**6, TECHNIQUES[n % 2], shares=s).move_into(host) for n, s in enumerate(shares)
    ]


@pytest.mark.parametrize("shares", [(1, 2, 5), (1, 1), (7, 3), (1, 1, 1, 13), (5,)], ids=str)
def test_time_is_in_proportion_to_shares(shares: tuple[int, ...]) -> None:
    """At any moment nobody is further from its due than by a quantum for each of the others."""
    host = Host(CLASSIC, apart=lambda _: APART, memory=400, scheduler=PROPORTIONAL, quantum=10)
    each = spinners(host, *shares)
    for _ in range(40):
        host.run(37)
        passes = [h.notes["passed"] for h in each]
        assert max(passes) - min(passes) <= 10 / min(shares)
        assert all(abs(h.account.used - h.account.due) <= 10 * len(shares) for h in each)
    assert sum(h.account.used for h in each) == host.clock


def test_who_comes_late_or_was_away_gets_nothing_for_it() -> None:
    """Its time counts from when it is there."""
    host = Host(CLASSIC, apart=lambda _: APART, memory=400, scheduler=PROPORTIONAL, quantum=10)
    one, two = spinners(host, 1, 1)
    host.pause(two.name)
    host.run(1000)
    host.resume(two.name)
    Tenant("late", words("here: jmp here"), 40, 10**6).move_into(host)
    before = one.account.used
    host.run(900)
    assert one.account.used - before >= 290
    assert abs(two.account.used - host["late"].account.used) <= 10
    assert one.account.longest_wait <= 20


def test_in_turn_is_in_the_order_of_starts() -> None:
    """Whoever is ready after the last one, or the first."""
    ready = [Claimant(n, Fraction(9 - n)) for n in (0, 2, 5)]
    assert [ROUND_ROBIN.pick(ready, last) for last in (-1, 0, 1, 2, 5, 9)] == [0, 2, 2, 5, 0, 0]
    assert PROPORTIONAL.pick(ready, 0) == 5
