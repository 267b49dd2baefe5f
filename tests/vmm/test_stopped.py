"""Where a processor has stopped, no tier goes on: the real one, or one that a wrong monitor takes for halted."""

import pytest

import popek
from popek.engine import tiers
from popek.engine.stepper import Outcome
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.expression import ite, ult
from popek.isa.slot import PC, RUN
from popek.testing import host_tiers
from popek.testing.loops import looping
from popek.testing.virtual_tiers import everything, of_words
from popek.testing.wrong_monitors import WRONG_MONITORS
from popek.vmm.monitor import MONITORS, TRAP_AND_EMULATE, Monitor
from popek.vmm.virtual_machine import VirtualMachine

WRONG = (
    WRONG_MONITORS["processor left halted"][1],
    WRONG_MONITORS["run state made up"][1],
    TRAP_AND_EMULATE.vary("takes it for halted somewhere", recovery={RUN: ite(ult(PC, 66), 0, 1)}),
)

ENGINES = pytest.mark.parametrize("engine", [name for name, source in tiers.SOURCES.items() if source.available])


@ENGINES
@pytest.mark.parametrize("monitor", [m for m in MONITORS.values() if not m.in_guest_mode], ids=lambda m: m.name)
def test_a_guest_whose_budget_ends_where_it_stops_the_real_processor_does_not_go_on(
    monitor: Monitor, engine: str
) -> None:
    """The next run finds the processor lost, whatever comes behind."""
    isa = popek.load("open-halt")
    words = assemble("ldi r1, 5\nhalt\nldi r2, 7\nsvc 3\nldi r3, 9", isa).words
    one, other = (VirtualMachine(isa, words, memory=512, monitor=monitor) for _ in "ab")
    one.engine, other.engine = "reference", engine
    for budget in (2, 1, 5):
        one.run(budget)
        other.run(budget)
        assert everything(one) == everything(other)
    assert one.outcome in (Outcome.LOST, Outcome.HALTED)


@ENGINES
@pytest.mark.parametrize("monitor", WRONG, ids=lambda m: m.name)
def test_a_monitor_that_is_wrong_about_who_has_halted_is_as_wrong_in_a_tier(monitor: Monitor, engine: str) -> None:
    """Alone, and among others."""
    for seed in range(3):
        assert not of_words(CLASSIC, monitor, looping(CLASSIC, seed), seed, steps=200, engine=engine), seed
        hosts = [host_tiers.inhabited(CLASSIC, seed, 200, monitors=(monitor, TRAP_AND_EMULATE)) for _ in "ab"]
        assert not host_tiers.differing(hosts, 600, seed, engine), seed
