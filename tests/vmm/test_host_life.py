"""Starting, pausing, resuming, destroying, and going back over all of it."""

from collections.abc import Callable, Iterator

import pytest

from popek.engine.stepper import Outcome
from popek.errors import PopekError
from popek.isa.behaviour import Cause
from popek.isa.classic import CLASSIC
from popek.testing.hostile import APART, COUNTER, HOSTILE, words
from popek.testing.hosting import Tenant, complaints, everything, remains
from popek.vmm.allotment import Allotment
from popek.vmm.host import Host
from popek.vmm.hosted import Phase
from popek.vmm.monitor import (
    HYBRID,
    INTERPRETER,
    TRAP_AND_EMULATE,
    Action,
)

STUCK = {Cause.PRIVILEGED: Action.RESUME}


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
    with pytest.raises(PopekError, match="a budget of -1 is not possible: 0 to"):
        host.start({}, allotment=30, budget=-1)
    with pytest.raises(PopekError, match="a quantum of 0 is not possible"):
        Host(CLASSIC, quantum=0)
    for ticks in (-1, 1 << 64):
        with pytest.raises(PopekError, match=f"a time for an exit of {ticks} is not possible: 0 to"):
            Host(CLASSIC, exit_ticks=ticks)
    with pytest.raises(PopekError, match=r"there is no monitor `hybird`\n.*did you mean `hybrid`"):
        host.start({}, allotment=30, monitor="hybird")


def test_a_guest_without_a_budget_has_ended_at_once(host: Host) -> None:
    """It takes no step."""
    made = host.start({}, allotment=30, budget=0)
    assert (made.phase, made.result.steps) == (Phase.ENDED, 0)
    assert repr(made) == "<Hosted vm2: ended, 0 steps>"
    assert repr(host) == "<Host classic, round-robin: 3 VMs, 30 steps>"


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
