"""Witnesses are local minima: whatever line is dropped, and whatever constant made simpler, nothing is shown any more.

Nothing here is the shrinker's: how a program is changed, and what a changed one has to do to count, is written again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import pytest
from attrs import evolve

from popek.engine.machine import Machine
from popek.errors import PopekError
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.behaviour import Cause
from popek.isa.instruction import TRAPS
from popek.isa.slot import BASE, PC
from popek.library.obligations import obligations
from popek.prove.checks import Search
from popek.prove.found import Found
from popek.prove.guest_witness import Witness, shows
from popek.prove.shrink import simpler
from popek.prove.values import PROPERTIES
from popek.testing.faults import classes_of
from popek.vmm.monitor import Monitor
from popek.vmm.rings import available

MEMORY = 64
"""Words of the virtual machine that a witness is for: what the bound is at reset."""

CONSTANT = re.compile(r"-?\b(?:0x[0-9a-f]+|[0-9]+)\b")
REGISTER = re.compile(r"\br[0-9]+\b")


def without_a_line(lines: Sequence[str]) -> Iterator[list[str]]:
    """Give the program without each of its lines."""
    for n in range(len(lines)):
        yield [*lines[:n], *lines[n + 1 :]]


def with_a_simpler_constant(lines: Sequence[str]) -> Iterator[list[str]]:
    """Give the program with each constant nearer to 0, the bound in the new PSW nearer to all of memory."""
    for n, line in enumerate(lines):
        name, *operands = line.split(maxsplit=1)
        if not operands or name == ".org":
            continue
        new_psw = n > 0 and lines[n - 1].split() == [".org", "8"]
        for found in CONSTANT.finditer(operands[0]):
            ours = new_psw and operands[0][: found.start()].count(",") == 3
            for value in nearer(int(found[0], 0), MEMORY if ours else 0):
                changed = operands[0][: found.start()] + str(value) + operands[0][found.end() :]
                yield [*lines[:n], f"{name} {changed}", *lines[n + 1 :]]


def nearer(value: int, end: int) -> set[int]:
    """Return values nearer to an end: the end, the next one, half-way, one step, and the distance without each bit."""
    distance = abs(value - end)
    steps = {0, 1, distance // 2, distance - 1, *(distance ^ (1 << n) for n in range(32) if distance >> n & 1)}
    shorter = [step for step in steps if 0 <= step < distance]
    if value >= end:
        return {end + step for step in shorter}
    return {end + distance, *(end + step for step in shorter), *(end - step for step in shorter)}


def with_a_lower_register(lines: Sequence[str]) -> Iterator[list[str]]:
    """Give the program with each register called by a lower number that it does not use, from r1 on."""
    used = {int(r[1:]) for line in lines for r in REGISTER.findall(line)}
    for old in used:
        for new in set(range(1, old)) - used:
            yield [re.sub(rf"\br{old}\b", f"r{new}", line) for line in lines]


def still_shows(witness: Witness, isa: Isa, monitor: Monitor, lines: Sequence[str]) -> bool:
    """Say whether a program shows the same, by instructions of its own and after the one to blame."""
    known = classes_of(isa)
    sensitive = frozenset(c.name for c in known if c.sensitive is not False)
    critical = frozenset(c.name for c in known if c.critical is not False)
    try:
        words = assemble("\n".join(lines), isa).words
    except PopekError:
        return False
    if max(words, default=0) >= MEMORY:
        return False
    shown = Search(isa, monitor, witness.property, witness.blame, sensitive, critical).run(words)
    return shown is not None and is_its_own(isa, words, shown.step, witness.blame)


def is_its_own(isa: Isa, words: Mapping[int, int], steps: int, blame: str) -> bool:
    """Say whether the bare machine executes, so far, only words of the program, and has attempted what is to blame."""
    machine = Machine(isa, words, memory=MEMORY, typed=b"ab", disk=range(1, 64))
    attempted = set()
    for _ in range(steps):
        state = machine.state
        at = (state.slot(BASE) + state.slot(PC)) % 2**32
        event = machine.step()
        if event is None:
            break
        if event.decoded is not None:
            attempted.add(event.decoded.instruction.name)
        fetched = event.kind.value != "interrupt" and (event.decoded or event.cause is not Cause.MEMORY)
        if fetched and at not in words:
            return False
    return blame.startswith("event:") or blame in attempted


def mended(isa: Isa, witness: Witness) -> Isa:
    """Return the ISA on which a witness shows what it says."""
    return isa.vary(isa.name, dict.fromkeys(witness.privileged, TRAPS)) if witness.privileged else isa


@cache
def witnesses(isa: Isa) -> dict[tuple[str, str, str], tuple[Witness, Monitor]]:
    """Return all witnesses of an ISA that differ, under all monitors: one for each property, and who is to blame."""
    found: dict[tuple[str, str, str], tuple[Witness, Monitor]] = {}
    for monitor in available(isa):
        proof = obligations(isa, monitor, PROPERTIES)
        assert not any(verdict.unseen for verdict in proof.properties.values()), monitor
        for witness in proof.witnesses:
            found.setdefault((witness.property, witness.blame, witness.program), (witness, monitor))
    return found


def smaller_ones(isa: Isa, witness: Witness, monitor: Monitor) -> list[str]:
    """Return the programs one change smaller than a witness's that show the same."""
    lines, on = witness.program.splitlines(), mended(isa, witness)
    assert still_shows(witness, on, monitor, lines), witness.program
    changed = (with_it for change in CHANGES for with_it in change(lines))
    return ["\n".join(fewer) for fewer in changed if still_shows(witness, on, monitor, fewer)]


CHANGES = (without_a_line, with_a_simpler_constant, with_a_lower_register)

VARIANTS = (*shipped.bases(), *shipped.variants())
SOME = [shipped.find(name) for name in ("pdp10-ks", "vax-rings", "alpha")]
"""Of the catalogue: a constant of one bit, an event to blame under ring compression, and what takes company to show."""


@pytest.mark.parametrize("isa", [*VARIANTS, *SOME], ids=lambda isa: isa.name)
def test_nothing_in_a_witness_can_be_spared(isa: Isa) -> None:
    """On the variants and some of the catalogue; under every monitor, for every property, whoever is to blame."""
    assert not {w.program: s for w, m in witnesses(isa).values() if (s := smaller_ones(isa, w, m))}


@pytest.mark.soak
@pytest.mark.parametrize("isa", [i for i in shipped.catalogue() if i not in SOME], ids=lambda isa: isa.name)
def test_nothing_in_a_witness_of_the_catalogue_can_be_spared(isa: Isa) -> None:
    """On the rest of the catalogue."""
    assert not {w.program: s for w, m in witnesses(isa).values() if (s := smaller_ones(isa, w, m))}


@pytest.mark.parametrize(
    "bloated",
    [
        "nop\njsu r1",
        "ldi r2, 5\njsu r2",
        "ldi r1, 1\njsu r1",
        "jsu r4",
        ".org 8\n.word 0, go, 0, 40\n.org 16\nsvc 0\ngo:\njsu r1",
    ],
)
def test_what_can_be_spared_is_found(bloated: str) -> None:
    """A line, a constant, a register's number, a bound: this test sees what is too much, and the shrinker takes it."""
    (isa,) = (i for i in VARIANTS if i.name == "jrst1")
    ((witness, monitor),) = [w for w in witnesses(isa).values() if w[0].property == "equivalence"]
    assert isinstance(witness.found, Found)
    fat = evolve(witness, found=Found(witness.found.sought, bloated.splitlines()))
    assert fat.program == witness.program == "        jsu r1\n"
    changed = [with_it for change in CHANGES for with_it in change(bloated.splitlines())]
    assert any(still_shows(witness, isa, monitor, fewer) for fewer in changed)


def test_a_program_that_runs_into_empty_memory_is_not_taken_for_a_smaller_one() -> None:
    """The empty word at 16 is an illegal opcode, and its trap, too, would lead to user mode."""
    (isa,) = (i for i in VARIANTS if i.name == "pushf")
    witness, monitor = next(w for w in witnesses(isa).values() if "svc 0" in w[0].program)
    lines = [line for line in witness.program.splitlines() if "svc" not in line and ".org 16" not in line]
    assert shows("\n".join(lines), isa, monitor, prop="equivalence", blame="getie", classes=classes_of(isa))
    assert not still_shows(witness, isa, monitor, lines)


@pytest.mark.parametrize(("value", "rest"), [(0, 0), (64, 64)])
def test_nothing_is_simpler_than_what_is_there_at_reset(value: int, rest: int) -> None:
    """0, and of the bound all of memory."""
    assert simpler(value, rest) == []


def test_simpler_is_nearer_and_the_simplest_comes_first() -> None:
    """From above nothing below is, and from below what is as far above is simpler."""
    assert simpler(3) == [0, 1, 2]
    assert simpler(-2) == [0, 1, -1, 2]
    assert simpler(67, 64) == [64, 65, 66]
    assert {992, 999, 500} <= {*simpler(1000)}
    assert all(abs(v) < 1000 or v == 1000 for v in simpler(-1000))
