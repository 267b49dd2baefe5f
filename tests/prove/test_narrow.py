"""At 8 bits, asked of the solver without any shortcut, verdict and blame are those at 32 bits."""

import pytest

from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.expression import TRUE, operand, ult
from popek.isa.variants import VARIANTS
from popek.prove.narrow import narrowed
from popek.prove.properties import prove
from popek.prove.symbolic import LARGEST_MEMORY
from popek.prove.values import PROPERTIES
from popek.testing.faults import classes_of
from popek.vmm.monitor import MONITORS, TRAP_AND_EMULATE, Monitor

ISAS = {i.name: i for i in (CLASSIC, CLASSIC_VT, *VARIANTS)}
SOME = ("jrst1", "setb", "spill", "mfpi", "psw-storable")


def verdicts(isa: Isa, monitor: Monitor, width: int) -> dict[str, object]:
    """Return status and blame of each property; at another width than 32 without structure or simplifier."""
    proof = prove(isa, monitor, classes_of(isa), structural=width == 32, width=width)
    return {p: (proof.verdict(p).status, proof.verdict(p).blame) for p in PROPERTIES}


@pytest.mark.parametrize("name", SOME)
def test_eight_bits_are_as_good_as_thirty_two(name: str) -> None:
    """Trap words, an allotment and a machine of 8-bit addresses: whatever holds or fails does so there as well."""
    assert verdicts(ISAS[name], TRAP_AND_EMULATE, 8) == verdicts(ISAS[name], TRAP_AND_EMULATE, 32)


@pytest.mark.soak
@pytest.mark.parametrize("monitor", MONITORS.values(), ids=lambda m: m.name)
@pytest.mark.parametrize("name", ISAS)
def test_eight_bits_are_as_good_under_every_monitor(name: str, monitor: Monitor) -> None:
    """For the whole family, under all monitors that make sense."""
    if not monitor.in_guest_mode or ISAS[name].guest is not None:
        assert verdicts(ISAS[name], monitor, 8) == verdicts(ISAS[name], monitor, 32)


def test_what_no_word_reaches_is_no_bound() -> None:
    """2^16 is above every 8-bit word; the largest memory becomes less than half of what a word counts."""
    word = operand("x")
    assert narrowed(ult(word, 1 << 16), 8) is TRUE
    assert narrowed(ult(word, 5), 8) is ult(word, 5)
    assert narrowed(ult(word, LARGEST_MEMORY + 1), 8) is ult(word, 128)
