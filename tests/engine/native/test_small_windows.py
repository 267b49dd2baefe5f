"""Small windows: what two ways through a tree would access is more than there is, so nothing is both at once."""

import pytest

pytest.importorskip("llvmlite")

from popek.engine.machine import Machine
from popek.engine.native.wishes import Wishes
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC

pytestmark = pytest.mark.usefixtures("unfolded")

BASE = 100

GUEST = """
        .org 8
        .word 0, handler, 0, 256
        .org 16
        ldi r2, {way}
        ldi r4, {at}
        lpsw user(r0)
user:   .word 3, 0, {base}, {bound}
handler:
        addi r12, r12, 1
        ld r13, 1(r15)
        addi r13, r13, 1
        st r13, 1(r15)
        lpsw 0(r15)
        .org {base}
loop:   beq r2, r0, other
        ld r3, -7(r4)
        beq r0, r0, loop
other:  ld r3, {beyond}(r4)
        beq r0, r0, loop
"""
"""A loop in a window of a few words: one way reads in front of where r4 points, the other behind."""


def after(engine: str, **values: int) -> Machine:
    """Return a machine that has run the guest for a while."""
    machine = Machine(CLASSIC, assemble(GUEST.format(base=BASE, **values), CLASSIC).words, memory=256)
    machine.engine = engine
    machine.run(300)
    return machine


@pytest.mark.parametrize("bound", [8, 13])
@pytest.mark.parametrize("way", [0, 1])
def test_what_is_outside_a_small_window_is_not_read(bound: int, way: int) -> None:
    """Wherever r4 points."""
    for at in (0, 4, 6, 7, 8, 12, 20):
        one, other = (after(e, way=way, at=at, bound=bound, beyond=bound - 5) for e in ("reference", "native"))
        assert one.everything() == other.everything(), at
        assert other.sprinted["native"]


def test_what_cannot_be_is_known() -> None:
    """Of a value from which one goes back and forth by more than the window has."""
    wishes = Wishes()
    assert wishes.reference(4, -7, 13)
    assert wishes.can_be(256)
    assert wishes.reference(4, 8, 13)
    assert not wishes.can_be(256)
