"""Exit controls: what a monitor asks to leave guest mode leaves it, nothing else does, and the guest cannot tell."""

import pytest

from popek.cli.main import main
from popek.engine.guest_view import GuestView
from popek.errors import PopekError
from popek.isa.classic_vt import CLASSIC_VT
from popek.library import naming, running
from popek.prove.classes import classify
from popek.prove.properties import prove
from popek.prove.values import Status
from popek.testing.lockstep import lock_step, told
from popek.testing.programs import guest
from popek.vmm.monitor import HARDWARE_ASSISTED, Monitor

SENSITIVE = tuple(c.name for c in classify(CLASSIC_VT) if c.sensitive)
TRAPS = ("memory", "illegal", "privileged", "svc", "arithmetic")


def asking(*exits: str) -> Monitor:
    """Return the monitor with more exits."""
    return HARDWARE_ASSISTED.vary("asking", controls=exits)


def test_exits_fall_to_those_asked_for() -> None:
    """From all that is sensitive and all traps, over either, to what must: the same result each time, fewer exits."""
    asked = ((*SENSITIVE, *TRAPS), SENSITIVE, TRAPS, ())
    runs = [running.run("os", isa=CLASSIC_VT, monitor=asking(*a)) for a in asked]
    assert all(r.as_expected for r in runs)
    exits = [r.exits["guest-exit"] for r in runs]
    assert exits[0] > exits[1] > exits[3] == 40
    assert exits[0] > exits[2] > exits[3]
    assert [r.result.instructions for r in runs] == [runs[0].result.instructions] * 4


@pytest.mark.parametrize("controls", [SENSITIVE, TRAPS, ("add", "svc")], ids=lambda c: c[0])
def test_random_guests_cannot_tell_what_leaves(controls: tuple[str, ...]) -> None:
    """In lock step with the bare machine, whatever was asked for."""
    for seed in range(50_000, 50_025):
        drawn = guest(CLASSIC_VT, seed)
        comparison = lock_step(drawn, CLASSIC_VT, monitor=asking(*controls))
        assert comparison.equivalent, told(drawn, comparison)
        assert comparison.violation is None, told(drawn, comparison)


def test_what_leaves_is_proved_as_emulated() -> None:
    """Sensitive instructions that leave cost no property; an innocuous one that leaves costs efficiency."""
    classes = classify(CLASSIC_VT)
    tight, slow = (prove(CLASSIC_VT, asking(*c), classes) for c in (SENSITIVE, ("add",)))
    for proof in (tight, slow):
        assert proof.verdict("equivalence").status is Status.PROVED
        assert proof.verdict("resource_control").status is Status.PROVED
    assert tight.verdict("efficiency").status is Status.PROVED
    assert (slow.verdict("efficiency").status, slow.verdict("efficiency").blame) == (Status.REFUTED, ("add",))


def test_a_control_that_is_ignored_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the hardware does not look at what was asked for; the exits are not there, and an open device is.

    The fault is the reference's: what is compiled has the controls in its own code.
    """
    isa = CLASSIC_VT
    exits = running.run("os", isa=isa, monitor=asking("memory"), engine="reference").exits["guest-exit"]
    monkeypatch.setattr(GuestView, "trapping", lambda _: None)
    assert running.run("os", isa=isa, monitor=asking("memory"), engine="reference").exits["guest-exit"] < exits
    monkeypatch.setattr(GuestView, "leaving", lambda _: None)
    assert not running.compare("hello", isa=isa, monitor=HARDWARE_ASSISTED).equivalent


def test_what_cannot_leave_is_refused() -> None:
    """No such instruction or cause, no tuple, no guest mode."""
    with pytest.raises(PopekError, match="`hatl` cannot leave guest mode"):
        running.run("hello", isa=CLASSIC_VT, monitor=asking("hatl"))
    with pytest.raises(PopekError, match="`controls` are a tuple of names"):
        HARDWARE_ASSISTED.vary("odd", controls="add").check_parts(CLASSIC_VT)
    with pytest.raises(PopekError, match="trap-and-emulate runs nothing in guest mode"):
        naming.asking("trap-and-emulate", ["add"])


def test_more_exits_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """As a list, with the counts in the statistics."""
    line = "run os --isa classic-vt --exit-on setr,svc --exit-on lpsw --stats"
    assert main(line.split()) == 0
    asked = capsys.readouterr().out
    assert main(["run", "os", "--monitor", "hardware-assisted", "--isa", "classic-vt", "--stats"]) == 0
    assert "guest-exit" in asked
    assert asked != capsys.readouterr().out
