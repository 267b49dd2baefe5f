"""Witnesses of refutations: the smallest guest program that shows it, found by running it.

A refuted obligation names an instruction and a virtual mode. First there is a setup (`setups.py`), which is run once;
then operands are tried on it by the hundred (`probe.py`). What shows the refutation is written down as a program that
begins at reset, run in lock step on the bare machine and under the monitor, and shrunk until nothing can be dropped and
no constant made simpler. Of an event, programs are tried in which events happen (`candidates.py`). What cannot be shown
by a program is never called refuted.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from attrs import evolve, field, frozen

from popek import shown
from popek.engine.stepper import Record
from popek.errors import PopekError
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.instruction import TRAPS
from popek.isa.slot import MODE
from popek.language.phrase import say
from popek.prove.candidates import of_event
from popek.prove.checks import REAL_MEMORY, Search, Shown
from popek.prove.pools import ALLOTMENT, Variant, mentions, variants
from popek.prove.probe import Probe, probe, smaller
from popek.prove.setups import Setup, assignments, setups
from popek.prove.values import Classes
from popek.vmm.compare import Divergence
from popek.vmm.monitor import Monitor

CANDIDATES = 500
"""How many programs are tried for a refutation that an event is to blame for."""

ROUNDS = (3, 12, 40, 400)
"""How many operands are tried on every setup, round after round; in the last on those that set what matters."""


@frozen
class Witness(shown.Shown):
    """A guest program that shows a refutation, and what it shows: `says`, at step `step`, of `what`."""

    property: str
    blame: str
    isa: str
    monitor: str
    program: str
    says: str
    step: int
    first_divergence: Divergence | None = field(repr=False)
    bare: tuple[Record, ...] = field(repr=False)
    virtual: tuple[Record, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        differences = self.first_divergence.differences if self.first_divergence else ()
        return {
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
    """Return a witness, shrunk; nothing if no candidate shows the refutation.

    `user` narrows the virtual mode, and `hints` gives operands to try when all others fail.
    """
    sought = _sought(isa, monitor, prop, blame, classes, user=user, hints=hints)
    key = sought.key
    if key not in _found:
        _found[key] = _first(sought) or _in_company(sought)
    found = _found[key]
    return found and evolve(found, monitor=monitor.name)


def shows(program: str, isa: Isa, monitor: Monitor, *, prop: str, blame: str, classes: Sequence[Classes]) -> str | None:
    """Run a guest program, in assembly, as witnesses are run; return what it shows of a refutation, if anything."""
    shown = _try(_sought(isa, monitor, prop, blame, classes), program.splitlines())
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


def _first(sought: Search) -> Witness | None:
    programs = islice(of_event(sought), CANDIDATES) if sought.of_event else suspected(sought)
    for lines in programs:
        if _try(sought, lines) is not None:
            smallest = _shrink(sought, lines)
            shown = _try(sought, smallest, records=True)
            assert shown is not None, f"{smallest} shows something once and not again"
            return _witness(sought, smallest, shown)
    return None


def _in_company(sought: Search) -> Witness | None:
    """Look where all other critical instructions trap: one of them may be what it takes to get there.

    Of the ISA as it is, the same program shows a refutation as well, though of the other one, and sooner.
    """
    others = sorted(sought.critical - {sought.blame})
    if sought.of_event or not others:
        return None
    mended = sought.isa.vary(sought.isa.name, dict.fromkeys(others, TRAPS))
    found = _first(evolve(sought, isa=mended, critical=sought.critical & {sought.blame}))
    used = [
        n for n in others if found is not None and any(line.split()[:1] == [n] for line in found.program.splitlines())
    ]
    if found is None or _try(sought, found.program.splitlines()) is None:
        return None
    return evolve(
        found, says=say("{says}, where {used} is privileged", says=found.says, used=", ".join(f"`{n}`" for n in used))
    )


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


def _try(sought: Search, lines: Sequence[str], *, records: bool = False) -> Shown | None:
    try:
        program = assemble("\n".join(lines), sought.isa)
    except PopekError:
        return None
    fits = max(program.words, default=0) < ALLOTMENT.size
    return sought.run(program.words, records=records) if fits else None


def _witness(sought: Search, lines: Sequence[str], shown: Shown) -> Witness:
    names = sought.prop, sought.blame, sought.isa.name, sought.monitor.name
    text = "\n".join(line if line.endswith(":") else f"        {line}" for line in lines).replace(" - 0,", ",")
    return Witness(*names, text + "\n", shown.says, shown.step, shown.divergence, shown.bare, shown.virtual)


# Shrinking ----------------------------------------------------------------------------------------------------------


_FIXED = (
    ".org ",
    ".word 0, handler",
    ".word 0, go",
    ".word 1, go",
    ".word 2, go",
    ".word 3, go",
    "svc 0",
    "go:",
)


def _shrink(sought: Search, lines: list[str]) -> list[str]:
    """Drop lines and simplify constants as long as the program still shows the refutation."""
    improved = True
    while improved:
        improved = False
        for fewer in _smaller(lines):
            if _try(sought, fewer) is not None:
                lines, improved = fewer, True
                break
    return lines


def _smaller(lines: list[str]) -> Iterator[list[str]]:
    fixed = [n for n, line in enumerate(lines) if line.startswith(_FIXED)]
    if fixed:
        yield [line for n, line in enumerate(lines) if n not in fixed]
    yield from (lines[:n] + lines[n + 1 :] for n in range(len(lines)) if n not in fixed)
    for n, line in enumerate(lines):
        if line.startswith(("ldi ", "li ")):
            register, value = line.split(" ", 1)[1].split(", ")
            yield from (
                [*lines[:n], *assignments({int(register[1:]): v}), *lines[n + 1 :]] for v in smaller(int(value))
            )
