"""Contests: everybody does the same work, in turn and again and again, so that what disturbs one disturbs all.

Speeds are in millions of *popek's* instructions for the same work a second, whatever a peer executes for it. A ratio is
taken in each turn by itself; what is told is the median of the turns, and the least and the most. Time is the
processor's, as far as the system counts it, so that a machine may have other work as well.
"""

import platform
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import define, field, frozen

from popek.engine import tiers
from popek.errors import PopekError
from popek.library.bench import peers
from popek.library.bench.contestants import TECHNIQUES, Contestant, Engine, engines
from popek.library.bench.loops import LOOPS, Loop
from popek.library.bench.peers import SENTENCE, folded
from popek.library.bench.shipped import NAME, Guests, Means
from popek.library.bench.spread import Ratio, Speed, Spread
from popek.shown import Shown

TURNS, SECONDS = 5, 0.3
"""How often each does each work, and for about how long."""

MOST_ROUNDS = 10**9

Progress = Callable[[str], None]


@frozen
class Event(Shown):
    """One loop: its size, everybody's speed, and the ratios that matter."""

    loop: str
    title: str
    instructions: int
    speeds: tuple[Speed, ...]
    ratios: tuple[Ratio, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "loop": self.loop,
            "title": self.title,
            "instructions": self.instructions,
            "speeds": [s.to_dict() for s in self.speeds],
            "ratios": [r.to_dict() for r in self.ratios],
        }


@frozen
class Contest(Shown):
    """All of it: who took part in which version, who is not installed, on what, each loop, and the shipped guests."""

    events: tuple[Event, ...]
    versions: dict[str, str]
    missing: tuple[str, ...]
    turns: int
    guests: Means | None = None
    python: str = field(factory=platform.python_version)
    machine: str = field(factory=platform.machine)

    @property
    def note(self) -> str:
        """What has to be said wherever a ratio to a peer is."""
        return SENTENCE

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "benchmark": "loops",
            "note": SENTENCE,
            "turns": self.turns,
            "python": self.python,
            "machine": self.machine,
            "versions": self.versions,
            "missing": list(self.missing),
            "loops": [e.to_dict() for e in self.events],
            **({"guests": self.guests.to_dict()} if self.guests else {}),
        }


def starts(one: Contestant) -> bool:
    """Say whether each run of somebody begins with the start of a process: that is measured apart, and taken away."""
    return bool(getattr(one, "starts", False))


def folds(one: Contestant) -> bool:
    """Say whether somebody can say no more of a result than fits in an exit status."""
    return bool(getattr(one, "folds", False))


@define
class _Course:
    """One loop, run by all."""

    loop: Loop
    contestants: Sequence[Contestant]
    seconds: float
    progress: Progress
    rounds: dict[str, int] = field(factory=dict)
    mips: dict[str, list[float]] = field(factory=dict)
    size: int = 0

    def measured(self) -> int:
        """Return the instructions of one round, by counting those of one and of two."""
        counts = []
        for rounds in (1, 2):
            machine = Engine(tiers.AUTO).ready(self.loop, rounds)
            counts.append(machine.run(10**9).instructions)
        return counts[1] - counts[0]

    def prepare(self) -> None:
        """Let everybody do it once, and compare what comes out; then find out how many rounds take long enough.

        That is about the time that is wanted, and some times as long as a process takes to start.
        """
        expected = Engine(tiers.AUTO).run(self.loop, 1).result
        for one in self.contestants:
            self.progress(f"{self.loop.name}: {one.name}")
            done = one.run(self.loop, 1)
            if done.result != (folded(expected) if folds(one) else expected):
                message = f"{one.name} {one.version} has come to another result in `{self.loop.name}`: {done.result}"
                raise PopekError(f"{message}, not {expected}; leave it out with --no-peers")
            start = done.seconds if starts(one) else 0.0
            self.rounds[one.name] = self._rounds(one, start, max(self.seconds, 4 * start))

    def _rounds(self, one: Contestant, start: float, wanted: float) -> int:
        """Return how many rounds take about so many seconds, once what can be compiled is compiled."""
        rounds = 1 + starts(one)
        while rounds < MOST_ROUNDS:
            seconds = one.run(self.loop, rounds).seconds - start
            if wanted / 2 <= seconds < 4 * wanted:  # something may have been compiled in it
                seconds = one.run(self.loop, rounds).seconds - start
            if seconds >= wanted / 2:
                break
            rounds = min(MOST_ROUNDS, rounds * max(2, min(10, int(wanted / max(seconds, 1e-9)))))
        return rounds

    def turn(self) -> None:
        """Let everybody do it once."""
        for one in self.contestants:
            self.progress(f"{self.loop.name}: {one.name}")
            rounds = self.rounds[one.name]
            seconds = one.run(self.loop, rounds).seconds
            if starts(one):
                seconds, rounds = max(1e-9, seconds - one.run(self.loop, 1).seconds), rounds - 1
            self.mips.setdefault(one.name, []).append(self.size * rounds / seconds / 1e6)

    def event(self, pairs: Iterable[tuple[str, str]]) -> Event:
        """Return what has been measured."""
        ratios = []
        for of, to in pairs:
            turns = zip(self.mips[of], self.mips[to], strict=True)
            ratios.append(Ratio(of, to, Spread.of([a / b for a, b in turns])))
        speeds = tuple(Speed(n, Spread.of(m), self.rounds[n]) for n, m in self.mips.items())
        return Event(self.loop.name, self.loop.title, self.size, speeds, tuple(ratios))


def contest(
    *,
    turns: int = TURNS,
    seconds: float = SECONDS,
    engine: str | None = None,
    with_peers: bool = True,
    techniques: bool = True,
    loops: Sequence[str] = (),
    progress: Progress = lambda _: None,
) -> Contest:
    """Measure the loops on popek's engines, under its techniques and on the peers that are installed.

    `loops` are the names of those that are wanted, all if there is none; "guests" stands for the shipped guests.
    """
    ours = [Engine(e) for e in (engines() if engine is None else (engine,))]
    best = ours[0].engine
    under = [Engine(best, t) for t in TECHNIQUES] if techniques else []
    others, missing = peers.installed() if with_peers else ([], [])
    contestants: list[Contestant] = [*ours, *under, *others]
    pairs = [(e.name, o.name) for e in ours for o in others]
    own_pairs = [(a.name, b.name) for n, a in enumerate(ours) for b in ours[n + 1 :]] + [(u.name, best) for u in under]
    pairs += own_pairs
    chosen = [loop for loop in LOOPS if not loops or loop.name in loops]
    courses = [_Course(loop, contestants, seconds, progress) for loop in chosen]
    for course in courses:
        course.size = course.measured()
        course.prepare()
    guests = Guests([*ours, *under], seconds, progress) if not loops or NAME in loops else None
    if guests is not None:
        guests.prepare()
    everything = [c.turn for c in courses] + ([guests.turn] if guests else [])
    for _ in range(turns):
        for turn in everything:
            turn()
    versions = {o.name: o.version for o in others}
    means = guests.means(own_pairs) if guests else None
    return Contest(tuple(c.event(pairs) for c in courses), versions, tuple(missing), turns, means)
