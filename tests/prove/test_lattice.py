"""Every configuration, decided by composition: the same as deciding each, only counted."""

from collections import Counter
from collections.abc import Mapping
from itertools import product

import pytest

from popek.errors import PopekError
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.prove.claim import THEOREM_1, THEOREM_3, Claim, of_events, of_instruction_under, of_monitor, read, together
from popek.prove.classes import Showing, classify
from popek.prove.lattice import OWN, Lattice, lattice, settings_of
from popek.prove.properties import prove
from popek.prove.theorems import theorem_1, theorem_3
from popek.prove.values import PROPERTIES, Status
from popek.vmm.monitor import HYBRID, TRAP_AND_EMULATE

MONITORS = (TRAP_AND_EMULATE, HYBRID)
SAFE = of_monitor("trap-and-emulate", "equivalence", "resource_control")


def named(name: str) -> Isa:
    """Return a shipped ISA."""
    found = shipped.find(name)
    assert found
    return found


def decided(isa: Isa) -> dict[Claim, Status]:
    """Decide an ISA as a whole, without any composition."""
    classes = classify(isa, showing=Showing.NOTHING)
    found = {THEOREM_1: theorem_1(classes).status, THEOREM_3: theorem_3(classes).status}
    for monitor in MONITORS:
        proof = prove(isa, monitor, classes)
        found |= {Claim(0, monitor.name, p): proof.verdict(p).status for p in PROPERTIES}
    return found


def configured(isa: Isa, users: Mapping[str, str]) -> Isa:
    """Return the ISA of a configuration."""
    return isa.vary("configured", {n: settings_of(isa, n)[u] for n, u in users.items()}) if users else isa


@pytest.mark.parametrize(
    ("name", "only"),
    [("classic", ("jsu", "setie", "setr")), ("setb", ("setb", "getmode", "gettimer")), ("add-traps", ("add", "mfpi"))],
)
def test_composition_is_brute_force(name: str, only: tuple[str, ...]) -> None:
    """Counted by composition, configurations have the outcomes that each has when it is decided as a whole."""
    isa = named(name)
    found = lattice(isa, only=only, monitors=MONITORS)
    walked: Counter[frozenset[tuple[Claim, Status]]] = Counter()
    for users in product(*(settings_of(isa, n) for n in only)):
        walked[frozenset(decided(configured(isa, dict(zip(only, users, strict=True)))).items())] += 1
    assert {frozenset(o.statuses.items()): o.count for o in found.outcomes} == dict(walked)
    assert len(found.outcomes) > 1


@pytest.mark.parametrize("name", ["classic", "spill", "setb", "jrst1", "psw-loadable"])
def test_parts_make_the_whole(name: str) -> None:
    """What becomes of an ISA is the worst of what becomes of its instructions and of the events."""
    isa = named(name)
    parts = [of_instruction_under(isa, MONITORS, c) for c in classify(isa, showing=Showing.NOTHING)]
    assert together([of_events(isa, MONITORS), *parts]) == decided(isa)


@pytest.fixture(name="classic", scope="module")
def _classic() -> Lattice:
    return lattice(CLASSIC)


def test_all_configurations_are_counted(classic: Lattice) -> None:
    """Three behaviours for each of 17 instructions, each configuration in one outcome, none undecided."""
    assert len(classic.instructions) == 17
    assert classic.configurations == 3**17
    assert classic.undecided() == 0


def test_theorems_hold_where_they_should(classic: Lattice) -> None:
    """Theorem 1 asks that all 17 be privileged: one configuration; theorem 3's premise is met in more."""
    assert classic.count(THEOREM_1) == 1
    assert classic.count(THEOREM_1, THEOREM_3) == 1
    innocent = [s for s in classic.settings if s.user_critical is False]
    per_instruction = Counter(s.instruction for s in innocent)
    expected = 1
    for count in per_instruction.values():
        expected *= count
    assert classic.count(THEOREM_3) == expected > 1


def test_nearest_configurations_are_what_they_say(classic: Lattice) -> None:
    """The configuration that stands for an outcome has that outcome when it is decided as a whole."""
    for outcome in classic.outcomes:
        whole = decided(configured(CLASSIC, outcome.nearest))
        assert {c: outcome.statuses[c] for c in whole} == whole
    assert classic.outcomes[0].nearest == {}


@pytest.mark.parametrize("isa", shipped.every(), ids=lambda i: i.name)
def test_theorems_are_sound(isa: Isa) -> None:
    """Over the whole lattice of every ISA, a premise never holds where a promise of the theorem is not proved."""
    found = lattice(isa, monitors=MONITORS)
    own = sum(OWN in settings_of(isa, n) for n in found.instructions)
    assert found.configurations == 3 ** (len(found.instructions) - own) * 4**own
    assert found.undecided() == 0
    for sound, promises in zip(found.soundness, ("trap-and-emulate", "hybrid"), strict=True):
        assert set(sound.promises) == {*of_monitor(promises, "equivalence", "resource_control", "isolation")}
        assert sound.exceptions == 0
        assert sound.holds > 0


def test_theorems_are_not_necessary() -> None:
    """With a bound that may only shrink, theorem 1 fails in some configuration, and its promises are kept."""
    found = lattice(named("setb"))
    assert found.configurations == 3**17 * 4
    assert found.count(*SAFE, refuted=[THEOREM_1]) == 1
    (outcome,) = found.where(*SAFE, refuted=[THEOREM_1])
    assert outcome.nearest == {}
    assert {s.user for s in found.settings if s.instruction == "setb"} == {"traps", "executes", "ignored", OWN}


def test_literally_nothing_is_virtualizable() -> None:
    """Read to the letter, a supervisor call is sensitive, and theorem 1 holds in no configuration without it."""
    found = lattice(CLASSIC, literal=True, only=("jsu",), monitors=MONITORS[:1])
    assert found.count(THEOREM_1) == 0


def test_claims_have_names() -> None:
    """A claim is read as it is written; what is none is refused."""
    for claim in (THEOREM_1, THEOREM_3, *of_monitor("hybrid"), *of_monitor("translation-full")):
        assert read(str(claim)) == claim
    assert read("resource_control") == read("trap-and-emulate.resource-control")
    with pytest.raises(PopekError, match="equivalence"):
        read("equivalense")
