"""Ring compression: proved where nothing tells the two innermost rings apart, refuted by a program where it does."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from attrs import evolve, frozen

from popek.errors import PopekError
from popek.guests import library
from popek.isa.architecture import Isa, Rings
from popek.isa.assembler import assemble
from popek.isa.catalogue.vax_rings import EXECUTIVE, EXECUTIVE_WORDS, KERNEL_WORDS, LEVEL, RING, VAX_RINGS
from popek.isa.classic import CLASSIC
from popek.isa.domain import Evaluation, integers
from popek.isa.expression import Expr, as_expr, both, ite, not_, ult
from popek.isa.slot import MODE, USER, Slot
from popek.isa.translation import RELOCATION_BOUNDS, Translation
from popek.prove.classes import classify
from popek.prove.decide import decide
from popek.prove.properties import prove
from popek.prove.small.verdict import small_verdict
from popek.prove.values import PROPERTIES, IsaVerdict, Status
from popek.vmm import rings
from popek.vmm.allotment import Allotment
from popek.vmm.compare import Comparison, LockStep
from popek.vmm.monitor import INTERPRETER, TRAP_AND_EMULATE, Monitor
from popek.vmm.rings import NAME, ring_compression

COMPRESSED = ring_compression(VAX_RINGS)
GUEST = library.find("vax-rings")


IN_THREE = ite(ult(EXECUTIVE, LEVEL), LEVEL, EXECUTIVE)


@frozen
class Given:
    """A state of which some slots are known."""

    slots: Mapping[Slot, int]

    def slot(self, slot: Slot) -> int:
        """Return a slot's value."""
        return self.slots[slot]


@cache
def decided() -> IsaVerdict:
    """Return the verdict under everything that there is for the ISA."""
    return decide(VAX_RINGS)


def statuses(found: IsaVerdict, monitor: str) -> list[Status]:
    """Return what became of the four properties."""
    return [getattr(found[monitor], p).status for p in PROPERTIES]


def compared(monitor: Monitor) -> Comparison:
    """Run the guest that tries, in each outer mode, what it may touch."""
    words = assemble(GUEST.source, VAX_RINGS, file=GUEST.file).words
    return LockStep(VAX_RINGS, words, monitor=monitor, allotment=Allotment(64, GUEST.memory)).run(GUEST.max_steps)


def among_the_outer(compressed: Expr = IN_THREE) -> Isa:
    """Return the ISA on which nothing is kernel mode's alone: what executive mode may not touch there is nothing of."""
    outer = ult(EXECUTIVE, LEVEL)
    return evolve(
        VAX_RINGS,
        name="outer",
        translation=Translation(
            "outer",
            "As relocation-bounds; the executive's words are legal in kernel and executive mode alone.",
            legal=lambda a: both(RELOCATION_BOUNDS.legal(a), not_(both(ult(a, EXECUTIVE_WORDS), outer))),
            real=RELOCATION_BOUNDS.real,
        ),
        rings=Rings(
            least={RING: as_expr(3), EXECUTIVE_WORDS: ite(outer, EXECUTIVE_WORDS, 0)},
            compressed={RING: compressed, EXECUTIVE_WORDS: as_expr(EXECUTIVE_WORDS)},
        ),
    )


def test_in_the_least_privileged_mode_everything_is_proved() -> None:
    """A monitor that shows each virtual mode its own protection needs no rings."""
    assert statuses(decided(), TRAP_AND_EMULATE.name) == [Status.PROVED] * len(PROPERTIES)


def test_ring_compression_loses_equivalence_and_nothing_else() -> None:
    """Virtual executive mode reaches the kernel's words: a program shows it. The monitor keeps what is its own."""
    assert statuses(decided(), NAME) == [Status.REFUTED, Status.PROVED, Status.PROVED, Status.PROVED]
    found = decided()[NAME].equivalence
    assert found.blame == ("event:fetch",)
    assert found.witness is not None
    assert "set-protection" in found.witness.program


def test_where_nothing_is_the_kernels_alone_ring_compression_is_proved() -> None:
    """Then three real rings tell four virtual ones apart as far as a guest can see."""
    isa = among_the_outer()
    assert statuses(decide(isa, monitors=[ring_compression(isa)]), NAME) == [Status.PROVED] * len(PROPERTIES)


@pytest.mark.parametrize("wrong", [as_expr(1), as_expr(3), as_expr(RING)], ids=["one", "user", "as it is"])
def test_a_wrong_compression_is_not_proved(wrong: Expr) -> None:
    """All in executive mode, all in user mode, or the ring that the kernel has left behind: equivalence fails."""
    isa = among_the_outer(wrong)
    found = decide(isa, monitors=[ring_compression(isa)])[NAME]
    assert found.equivalence.status is not Status.PROVED
    assert found.resource_control.status is Status.PROVED


def test_a_guest_sees_it() -> None:
    """The guest that tries what each mode may touch: as its header says but under ring compression."""
    for monitor in (TRAP_AND_EMULATE, INTERPRETER):
        run = compared(monitor)
        assert run.equivalent
        assert run.violation is None
        assert run.bare.output == run.virtual.output == GUEST.expected.output
    run = compared(COMPRESSED)
    assert not run.equivalent
    assert run.violation is None
    assert run.virtual.output == "executive yy, supervisor --, user --"


def test_real_user_mode_is_divided_as_the_virtual_modes_are() -> None:
    """Virtual kernel and executive mode are real executive mode, supervisor and user mode are themselves."""
    entry = COMPRESSED.table(VAX_RINGS).entry
    assert entry[MODE] is as_expr(USER)
    virtual = [(0, 0), (1, 1), (1, 2), (1, 3), (1, 0)]
    states: list[Any] = [Given({MODE: mode, RING: ring}) for mode, ring in virtual]
    real = [Evaluation(integers(), s)(entry[RING]) for s in states]
    assert real == [1, 1, 2, 3, 3]


def test_it_needs_rings() -> None:
    """On an ISA with two modes there is nothing to compress, and one has to be named."""
    with pytest.raises(PopekError, match="classic has two"):
        rings.find(NAME, CLASSIC)
    with pytest.raises(PopekError, match="for ISAs with rings"):
        rings.find(NAME)
    with pytest.raises(PopekError, match=f"did you mean `{NAME}`"):
        rings.find("ring-compresion", VAX_RINGS)
    assert rings.find(NAME, VAX_RINGS) is COMPRESSED
    assert COMPRESSED not in rings.available(CLASSIC)


@pytest.mark.parametrize("compressed", [False, True], ids=["least privileged", "compressed"])
def test_stepping_a_small_machine_comes_to_the_same(compressed: bool) -> None:
    """Which properties hold is decided a second way, without the solver, on a machine of six bits with such rings."""
    few = tuple(CLASSIC[n] for n in ("nop", "ld", "st", "svc", "jsu", "settimer"))
    slots = (*CLASSIC.slots, *(s for s in VAX_RINGS.slots if s in (RING, KERNEL_WORDS, EXECUTIVE_WORDS)))
    small_isa = evolve(CLASSIC, name="ringed", instructions=few, slots=slots)
    isa = evolve(small_isa, translation=VAX_RINGS.translation, rings=VAX_RINGS.rings)
    monitor = ring_compression(isa) if compressed else TRAP_AND_EMULATE
    small, proof = small_verdict(isa, [monitor]), prove(isa, monitor, classify(isa))
    broken = {p for p in PROPERTIES if small.blame[monitor.name, p]}
    assert broken == {p for p in PROPERTIES if proof.verdict(p).status is not Status.PROVED}
    assert broken == ({"equivalence"} if compressed else set())
