"""Witnesses of refutations: the smallest guest program that shows it, found by running it.

A refuted obligation names an instruction and a virtual mode. First there is a setup (`setups.py`), which is run once;
then operands are tried on it by the hundred (`probe.py`). What shows the refutation is written down as a program that
begins at reset, and run in lock step on the bare machine and under the monitor. Of an event, programs are tried in
which events happen (`candidates.py`). What cannot be shown by a program is never called refuted. What is found is
shrunk when somebody looks at it (`found.py`, `shrink.py`).
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from attrs import evolve, field, frozen

from popek.isa.architecture import Isa
from popek.isa.instruction import TRAPS
from popek.isa.slot import MODE
from popek.prove.candidates import of_event
from popek.prove.checks import REAL_MEMORY, Search
from popek.prove.found import Found, Kept, Shrunk, replayed
from popek.prove.pools import ALLOTMENT, Variant, mentions, variants
from popek.prove.probe import Probe, probe
from popek.prove.setups import Setup, setups
from popek.prove.values import Classes
from popek.vmm.monitor import Monitor

CANDIDATES = 500
"""How many programs are tried for a refutation that an event is to blame for."""

CHOICE = 20
"""Among how many that show it one is looked for that executes no words but its own."""

ROUNDS = (3, 12, 40, 400)
"""How many operands are tried on every setup, round after round; in the last on those that set what matters."""


@frozen
class Witness(Shrunk):
    """A guest program that shows a refutation.

    `privileged` are instructions that have to be privileged so that the one to blame can be reached.
    """

    property: str
    blame: str
    isa: str
    monitor: str
    found: Found | Kept = field(repr=False, eq=lambda found: (tuple(found.smallest), found.shown))
    privileged: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        differences = self.first_divergence.differences if self.first_divergence else ()
        return {
            "blame": self.blame,
            "program": self.program,
            "says": self.says,
            "step": self.step,
            "allotment": [ALLOTMENT.base, ALLOTMENT.size],
            "memory": REAL_MEMORY,
            "differences": [{"what": d.what, "bare": d.bare, "virtual": d.virtual} for d in differences],
            "bare": [r.to_dict() for r in self.bare],
            "virtual": [r.to_dict() for r in self.virtual],
        }


def search(
    isa: Isa,
    monitor: Monitor,
    prop: str,
    blame: str,
    classes: Sequence[Classes],
    *,
    user: bool | None = None,
    hints: Callable[[], Iterable[Variant]] = tuple,
) -> Witness | None:
    """Return a witness; nothing if no candidate shows the refutation.

    `user` narrows the virtual mode, and `hints` gives operands to try when all others fail.
    """
    sought = _sought(isa, monitor, prop, blame, classes, user=user, hints=hints)
    key = sought.key
    if key not in _found:
        alone = _first(sought)
        _found[key] = _in_company(sought) if alone is None else _witness(alone)
    found = _found[key]
    return found and evolve(found, monitor=monitor.name)


def shows(program: str, isa: Isa, monitor: Monitor, *, prop: str, blame: str, classes: Sequence[Classes]) -> str | None:
    """Run a guest program, in assembly, as witnesses are run; return what it shows of a refutation, if anything."""
    shown = replayed(_sought(isa, monitor, prop, blame, classes), program.splitlines(), strict=False)
    return None if shown is None else shown.says


def _sought(
    isa: Isa,
    monitor: Monitor,
    prop: str,
    blame: str,
    classes: Sequence[Classes],
    *,
    user: bool | None = None,
    hints: Callable[[], Iterable[Variant]] = tuple,
) -> Search:
    sensitive = frozenset(c.name for c in classes if c.sensitive is not False)
    critical = frozenset(c.name for c in classes if c.critical is not False)
    return Search(isa, monitor, prop, blame, sensitive, critical, user, hints)


_found: dict[Hashable, Witness | None] = {}


def _first(sought: Search) -> Found | None:
    programs = islice(of_event(sought), CANDIDATES) if sought.of_event else suspected(sought)
    showing = ((lines, shown) for lines in programs if (shown := replayed(sought, lines)) is not None)
    strays: Found | None = None
    for lines, shown in islice(showing, CHOICE):
        if not shown.strayed:
            return Found(sought, lines)
        strays = strays or Found(sought, lines, strays=True)
    return strays


def _in_company(sought: Search) -> Witness | None:
    """Look where all other critical instructions trap: one of them may be what it takes to get there.

    Of the ISA as it is, the same program shows a refutation as well, though of the other one, and sooner.
    """
    others = sorted(sought.critical - {sought.blame})
    if sought.of_event or not others:
        return None
    mended = sought.isa.vary(sought.isa.name, dict.fromkeys(others, TRAPS))
    alone = _first(evolve(sought, isa=mended, critical=sought.critical & {sought.blame}))
    if alone is None or replayed(sought, alone.lines, strict=False) is None:
        return None
    together = evolve(alone, also=sought)
    names = {line.partition(" ")[0] for line in together.smallest}
    return evolve(_witness(together), privileged=tuple(n for n in others if n in names))


def suspected(sought: Search) -> Iterator[list[str]]:
    """Give programs that should show it, by what was seen of their last step."""
    ready = _Ready(sought, setups(sought.isa, sought.blame, sought.sensitive, sought.critical, user=sought.user))
    given = variants(sought.isa[sought.blame])
    own = mentions(sought.isa[sought.blame]).slots - {MODE}
    for count in ROUNDS:
        tried = list(islice(given, count))
        for each in ready.probes():
            if count != ROUNDS[-1] or each.setup.slots & own or not each.setup.slots:
                yield from _programs(each, tried)
        if len(tried) < count:
            break
    hinted = list(sought.hints())
    for each in ready.probes():
        yield from _programs(each, hinted)


def _programs(on: Probe, tried: Iterable[Variant]) -> Iterator[list[str]]:
    for variant in tried:
        if on.shows(variant):
            lines = on.draft(on.smallest(variant)).lines()
            yield lines
            yield [*lines[:-1], "nop", lines[-1]]
            yield [*lines, "nop", "nop"]
            return


class _Ready:
    """The setups that have been run, made when they are first asked for."""

    def __init__(self, sought: Search, asked: Iterable[Setup]) -> None:
        self._sought, self._asked = sought, iter(asked)
        self._made: list[Probe] = []

    def probes(self) -> Iterator[Probe]:
        """Give all, those made before first."""
        yield from list(self._made)
        for setup in self._asked:
            made = probe(self._sought, setup)
            if made is not None:
                self._made.append(made)
                yield made


def _witness(found: Found) -> Witness:
    sought = found.sought
    return Witness(sought.prop, sought.blame, sought.isa.name, sought.monitor.name, found)
