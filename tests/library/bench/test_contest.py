"""A contest is fair: the same work, checked, in turn; and its answer is what was measured."""

import json
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from attrs import frozen
from rich.console import Console

from popek.engine import tiers
from popek.errors import PopekError
from popek.library.bench import contest as contests
from popek.library.bench import peers
from popek.library.bench.contest import Contest, contest
from popek.library.bench.contestants import Contestant, Done, Engine, engines
from popek.library.bench.exits import exits
from popek.library.bench.growth import Growth, growth
from popek.library.bench.loops import LOOPS, Loop
from popek.library.bench.shipped import LEAST, geometric, long_enough
from popek.library.bench.spread import Spread
from popek.library.benching import bench
from popek.report.answer import envelope, schema
from popek.report.plotting import plot

RESULTS = {"arithmetic": 396394694, "sieve": 309, "fibonacci": 377}


@frozen
class Peer:
    """Somebody whose second is always the same: a round takes `seconds`."""

    name: str
    seconds: float
    off: int = 0
    starts: bool = False
    folds: bool = False
    version = "1.0"

    def run(self, loop: Loop, rounds: int) -> Done:
        """Say what the loop's result is, or something else."""
        result = Engine(tiers.REFERENCE if rounds == 1 else tiers.AUTO).run(loop, 1).result + self.off
        return Done(self.seconds * rounds + self.starts, peers.folded(result) if self.folds else result)


def among(monkeypatch: pytest.MonkeyPatch, *others: Contestant) -> None:
    """Let these be the peers that are installed."""
    monkeypatch.setattr(peers, "installed", lambda: (list(others), ["Nobody"]))
    monkeypatch.setattr(contests, "engines", lambda: ("python",))
    monkeypatch.setattr(contests, "TECHNIQUES", ("trap-and-emulate",))


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.name)
@pytest.mark.parametrize("engine", engines())
def test_every_engine_comes_to_the_same_result(loop: Loop, engine: str) -> None:
    """The number of primes below 2,048, and Fibonacci's of 14, are known; all engines agree."""
    found = Engine(engine).run(loop, 1).result
    assert found == Engine(tiers.REFERENCE).run(loop, 1).result
    if loop.name != "arithmetic":
        assert found == RESULTS[loop.name]


@pytest.mark.parametrize("peer", peers.installed()[0], ids=lambda p: p.name)
@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.name)
def test_every_peer_that_is_installed_comes_to_the_same_result(loop: Loop, peer: Contestant) -> None:
    """Three rounds of each loop."""
    expected = Engine(tiers.AUTO).run(loop, 3).result
    assert peer.run(loop, 3).result == (peers.folded(expected) if contests.folds(peer) else expected)
    assert peer.version


def test_speeds_and_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    """In popek's instructions for the same work; a process's start is taken away; ratios are taken turn by turn."""
    among(monkeypatch, Peer("steady", 0.001), Peer("process", 0.002, starts=True, folds=True))
    found = contest(turns=2, seconds=0.01, techniques=False, loops=["fibonacci"])
    (event,) = found.events
    speeds = {s.name: s for s in event.speeds}
    assert speeds["steady"].mips.median == pytest.approx(event.instructions / 0.001 / 1e6)
    assert speeds["process"].mips.median == pytest.approx(event.instructions / 0.002 / 1e6)
    assert found.missing == ("Nobody",)
    assert [(r.of, r.to) for r in event.ratios] == [("python", "steady"), ("python", "process")]
    for ratio in event.ratios:
        assert 0 < ratio.times.low <= ratio.times.median <= ratio.times.high


def test_a_peer_that_is_wrong_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A speed means nothing if something else was done."""
    among(monkeypatch, Peer("wrong", 0.1, off=1))
    with pytest.raises(PopekError, match=r"wrong 1\.0 has come to another result in `fibonacci`: 378, not 377"):
        contest(turns=1, seconds=0.01, techniques=False, loops=["fibonacci"])


def checked(found: Contest | Growth) -> str:
    """Hold a value against the schema, draw it, and return its text."""
    answer = envelope("bench", found.to_dict(), ok=True)
    jsonschema.validate(json.loads(json.dumps(answer)), schema("bench"))
    picture = plot(found)
    root = ET.fromstring(picture)  # noqa: S314 - our own
    assert root.tag.endswith("svg")
    console = Console(record=True, width=100, file=None, quiet=False)
    with console.capture() as capture:
        console.print(found)
    return capture.get()


def test_a_contest_shows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """As text, with the sentence about the peers; as JSON after its schema; as a picture."""
    among(monkeypatch, Peer("steady", 0.001))
    told: list[str] = []
    found = bench(turns=1, seconds=0.001, loops=["fibonacci"], progress=told.append)
    assert isinstance(found, Contest)
    text = checked(found)
    assert "not installed: Nobody" in text
    assert "real instruction sets" in text
    assert "steady: 1.0" in text
    assert any("trap-and-emulate" in t for t in told)


def test_all_guests_that_run_long_enough_are_measured_beside_the_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are, on every engine and under the techniques; a mean is the geometric one."""
    among(monkeypatch, Peer("steady", 0.001))
    found = bench(turns=1, seconds=0.001, loops=["guests"])
    assert isinstance(found, Contest)
    means = found.guests
    assert means is not None
    assert means.sizes == long_enough()
    assert {"fibonacci", "os", "sieve", "vmm"} <= means.sizes.keys()
    assert min(means.sizes.values()) >= LEAST
    assert [s.name for s in means.speeds] == ["python", "python, trap-and-emulate"]
    assert [(r.of, r.to) for r in means.ratios] == [("python, trap-and-emulate", "python")]
    assert 0 < means.ratios[0].times.median < 1
    assert "geometric mean over the shipped guests" in checked(found)
    assert geometric([2.0, 8.0]) == pytest.approx(4.0)


def test_growth_shows_itself() -> None:
    """Runs of 10,000 instructions and ten times as long; one machine, and more; each as text, JSON and picture."""
    found = growth(engine="python", most=100_000, machines=(1, 3), turns=1)
    text = checked(found)
    assert [length.instructions for length in found.lengths] == [10_000, 100_000]
    assert [crowd.machines for crowd in found.crowds] == [1, 3]
    assert all(c.memory > 0 for c in found.crowds)
    assert "ns each" in text


def test_exits_show_themselves() -> None:
    """Each technique's own way to its monitor, and a guest's own supervisor call."""
    found = exits(engine="reference", turns=1)
    answer = envelope("bench", found.to_dict(), ok=True)
    jsonschema.validate(json.loads(json.dumps(answer)), schema("bench"))
    assert [(e.engine, e.where) for e in found.exits] == [
        ("reference", where)
        for where in (
            "trap-and-emulate", "trap-and-emulate", "paravirtual", "translation", "hardware-assisted, exiting", "bare",
            "trap-and-emulate", "paravirtual", "translation", "hardware-assisted",
        )
    ]  # fmt: skip
    assert all(e.nanoseconds.median > 0 for e in found.exits if e.where in {"bare", "trap-and-emulate"})
    console = Console(record=True, width=100)
    with console.capture() as capture:
        console.print(found)
    assert "reflected" in capture.get()


def test_a_spread_is_the_median_and_the_ends() -> None:
    """Of any numbers, in any order."""
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"subject": "loop"}, "nothing to measure called `loop`"),
        ({"loops": ["siev"]}, "there is no loop `siev`"),
        ({"turns": 0}, "0 turns measure nothing"),
        ({"engine": "pyton"}, "there is no engine `pyton`"),
    ],
)
def test_what_cannot_be_measured_is_said(terms: dict[str, object], message: str) -> None:
    """With the nearest name."""
    with pytest.raises(PopekError, match=message):
        bench(**terms)  # type: ignore[arg-type]
