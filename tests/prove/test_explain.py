"""What is said in words is true: each number is the witness's, each yes and no is the prover's."""

import re
from collections.abc import Iterator

import pytest

from popek.errors import PopekError
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.instruction import IGNORED
from popek.prove.classes import Showing, classify, classify_one
from popek.prove.explain import explain, overview
from popek.prove.explanation import About, Explanation
from popek.prove.properties import prove
from popek.vmm.monitor import HYBRID, TRAP_AND_EMULATE

IGNORING = "classic, ignoring"
"""`classic`, with all system instructions ignored in user mode."""

CHANGED = [
    (v.name, i.name)
    for v in shipped.variants()
    for i in v.instructions
    if i.name not in CLASSIC.by_name or i != CLASSIC[i.name]
]
EVERY = [
    *CHANGED,
    *(("classic", i.name) for i in CLASSIC.instructions),
    *((IGNORING, i.name) for i in SYSTEM),
]


def named(name: str) -> Isa:
    """Return a shipped ISA, or the one that ignores."""
    found = CLASSIC.vary(IGNORING, {i.name: IGNORED for i in SYSTEM}) if name == IGNORING else shipped.find(name)
    assert found
    return found


def numbers(text: str, isa: Isa, instruction: str) -> Iterator[int]:
    """Give the numbers in a text, but for those in what it quotes: documentation, the instruction, names."""
    for slot in isa.slots:
        text = re.sub(re.escape(slot.doc.rstrip(".")), "", text, flags=re.IGNORECASE)
    text = re.sub(rf"`{re.escape(instruction)}`|`[a-z_]+\[\d+\]`|`r\d+`|0x[0-9a-f]+", "", text)
    yield from (int(n) for n in re.findall(r"\d+", text))


@pytest.mark.parametrize(("isa_name", "name"), EVERY)
def test_every_number_is_the_witness_s(isa_name: str, name: str) -> None:
    """Words take their numbers from the states that stand below them, and these show the difference."""
    isa = named(isa_name)
    found = explain(isa, name)
    for passage in found.passages:
        witness = passage.witness
        if witness is None or passage.claim in ("user-sensitive", "not privileged"):
            continue
        values = {v for s in (*witness.before, *witness.after) for v in s.values.values()}
        assert set(numbers(passage.text, isa, witness.instruction)) <= values, passage.text
        assert f"`{witness.instruction}`" in passage.text
        if witness.kind == passage.claim and witness.differs != "outcome":
            assert f"`{witness.differs}`" in passage.text
            assert "not the same" not in passage.text


@pytest.mark.parametrize(("isa_name", "name"), EVERY)
def test_what_holds_is_what_is_decided(isa_name: str, name: str) -> None:
    """A passage holds exactly if the class, the theorem's condition or the obligations do."""
    isa = named(isa_name)
    found, classes = explain(isa, name), classify_one(isa, name)
    by_claim = {p.claim: p.holds for p in found.passages}
    assert by_claim["privileged"] == classes.privileged
    assert by_claim["theorem-1"] == (not classes.critical)
    assert by_claim["theorem-3"] == (not classes.user_critical)
    kinds = [p.claim for p in found.passages if p.about is About.CLASS and p.name.endswith(f"{p.claim}-sensitive")]
    assert set(kinds) - {"user-sensitive"} == set(classes.kinds)
    for monitor in (TRAP_AND_EMULATE, HYBRID):
        proof = prove(isa, monitor, (classes,))
        blame = {*proof.verdict("equivalence").blame, *proof.verdict("resource_control").blame}
        assert by_claim[monitor.name] == (name not in blame)
        lost = [
            p.replace("_", " ")
            for p in ("equivalence", "resource_control", "isolation")
            if name in proof.verdict(p).blame
        ]
        said = found[monitor.name].text.lower()
        assert [p for p in ("equivalence", "resource control", "isolation") if f"{p} is lost" in said] == lost


def test_a_supervisor_call_is_innocuous() -> None:
    """It traps, and that is no change of state; read to the letter it is."""
    found = explain(CLASSIC, "svc")
    assert found["innocuous"].holds
    assert "an outcome, not a change of state" in found["innocuous"].text
    assert "no privilege trap" in found["privileged"].text
    letter = explain(CLASSIC, "svc", literal=True)
    assert letter["theorem-1"].holds is False
    assert "sensitive by its trap" in [p.name for p in letter.passages]


def test_a_privileged_addition_is_innocuous() -> None:
    """It costs time, never correctness."""
    found = explain(named("add-traps"), "add")
    assert "never correctness" in found["innocuous"].text
    assert found["trap-and-emulate"].holds
    assert "costs efficiency" in found["trap-and-emulate"].text
    assert explain(named("add-traps"), "add", "trap-and-emulate.efficiency").passages[0].holds is False


def test_a_shrinking_bound_does_no_harm() -> None:
    """Theorem 1's premise fails on it, and the words say that nothing goes wrong."""
    found = explain(named("setb"), "setb")
    assert found["theorem-1"].holds is False
    assert found["trap-and-emulate"].holds
    assert "not necessary" in found["trap-and-emulate"].text


def test_a_mode_that_is_changed_behind_the_monitor_s_back() -> None:
    """JRST 1 loses the virtual mode in virtual supervisor mode, and nothing in virtual user mode."""
    text = explain(named("jrst1"), "jsu")["trap-and-emulate"].text
    supervisor, user = text.split("In virtual user mode")
    assert "`mode` can come out different" in supervisor
    assert "lost" not in user


@pytest.mark.parametrize("claim", ["control", "location-sensitive", "timer", "sensitive", "critical", "innocuous"])
def test_what_is_not_so_is_explained_too(claim: str) -> None:
    """A class in which an instruction is not can be asked for."""
    found = explain(CLASSIC, "add", claim)
    assert len(found.passages) == 1
    assert found.passages[0].text


def test_unknown_claims_and_instructions_are_refused() -> None:
    """What there is not cannot be explained."""
    with pytest.raises(PopekError, match="control"):
        explain(CLASSIC, "add", "contrl")
    with pytest.raises(PopekError, match="jsu"):
        explain(CLASSIC, "jsi")


@pytest.mark.parametrize("name", ["classic", "jrst1", "setb", "spill", "add-traps"])
def test_the_overview_blames_whom_the_prover_blames(name: str) -> None:
    """Each instruction that keeps something from being proved is named, and nobody else."""
    isa = named(name)
    classes = classify(isa, showing=Showing.NOTHING)
    proof = prove(isa, TRAP_AND_EMULATE, classes)
    blame = {c.name for c in classes if c.critical}
    for prop in ("equivalence", "resource_control", "efficiency", "isolation"):
        blame |= set(proof.verdict(prop).blame)
    assert {b.instruction for b in overview(isa).blamed} == blame


def test_explanations_are_values() -> None:
    """They show themselves, and answer by claim."""
    found = explain(named("jrst1"), "jsu")
    assert isinstance(found, Explanation)
    assert found["control"].witness is not None
    assert "jsu" in found._repr_html_()
    assert found.to_dict()["passages"][0]["claim"] == "privileged"
