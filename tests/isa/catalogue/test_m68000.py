"""Motorola 68000 and 68010: one instruction makes the difference."""

from functools import cache

import pytest

from popek.engine.machine import Machine
from popek.guests import library
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.behaviour import Cause
from popek.isa.catalogue.m68000 import CCR, ISAS, M68000, M68010
from popek.isa.classic import INNOCUOUS, sets
from popek.isa.cycle import OLD_CAUSE
from popek.isa.expression import as_expr, shl
from popek.isa.instruction import EXECUTES, A
from popek.isa.slot import DISK_WAIT, IE, MEMORY, MODE, RUN
from popek.prove.classes import classify
from popek.prove.decide import verdict
from popek.prove.theorems import theorem_1, theorem_3
from popek.prove.values import Classes, IsaVerdict, MonitorVerdict, PropertyVerdict, Status
from popek.vmm.allotment import Allotment
from popek.vmm.compare import Comparison, LockStep
from popek.vmm.monitor import MONITORS

GUEST = "m68000-status"


@cache
def decided(isa: Isa) -> IsaVerdict:
    """Return the verdict on an ISA."""
    return verdict(isa).only


def classes(isa: Isa, name: str) -> Classes:
    """Return the classes of one instruction."""
    return next(c for c in decided(isa).instructions if c.name == name)


def properties(monitor: MonitorVerdict) -> tuple[PropertyVerdict, ...]:
    """Return the verdicts on the properties under a monitor."""
    return monitor.equivalence, monitor.resource_control, monitor.efficiency, monitor.isolation


@cache
def compared(isa: Isa, monitor: str) -> Comparison:
    """Run the guest on an ISA, bare and under a monitor."""
    guest, known = library.find(GUEST), decided(isa).instructions
    return LockStep(
        isa,
        assemble(guest.source, M68000, file=guest.file).words,
        monitor=MONITORS[monitor],
        sensitive={c.name for c in known if c.sensitive},
        critical={c.name for c in known if c.critical},
        allotment=Allotment(64, guest.memory),
    ).run(guest.max_steps)


def ran(text: str, steps: int) -> Machine:
    """Return a bare 68000 that has done some steps of a program."""
    machine = Machine(M68000, assemble(f".org 16\n{text}\n", M68000).words, memory=128)
    for _ in range(steps):
        machine.step()
    return machine


def test_the_68000_fails_by_move_from_sr_alone() -> None:
    """Theorems 1 and 3 blame it: for the supervisor bit, and for the interrupt mask."""
    found = decided(M68000)
    assert found.theorem(1).blame == found.theorem(3).blame == ("move-from-sr",)
    assert set(classes(M68000, "move-from-sr").kinds) == {"interrupt", "mode"}
    assert classes(M68000, "move-from-sr").user_kinds == ("interrupt",)


def test_the_68010_holds() -> None:
    """All three theorems, and all properties under trap-and-emulate."""
    found = decided(M68010)
    assert all(found.theorem(n).holds for n in (1, 2, 3))
    assert all(p.holds for p in properties(found["trap-and-emulate"]))


def test_they_differ_by_one_instruction_and_a_harmless_one() -> None:
    """MOVE from SR is privileged, MOVE from CCR is new, and nothing else has changed."""
    assert M68010.extends == M68000.name
    changed = {i.name for i in M68010.instructions if M68000.by_name.get(i.name) != i}
    assert changed == {"move-from-sr", "move-from-ccr"}
    assert M68010["move-from-sr"].does == M68000["move-from-sr"].does
    assert classes(M68010, "move-from-ccr").innocuous


def test_without_the_mask_theorem_3_holds_for_the_68000() -> None:
    """In the paper's own state, which knows no interrupts, two user-mode states show the same status register."""
    bare = sets(A, shl(as_expr(1) - MODE, 13) | CCR)
    old = M68000["move-from-sr"]
    paper = M68000.vary("paper", {"move-from-sr": type(old)(old.name, old.operands, old.opcode, old.doc, bare)})
    known = classify(paper)
    assert theorem_1(known).blame == ("move-from-sr",)
    assert theorem_3(known).holds


@pytest.mark.parametrize("isa", ISAS, ids=lambda i: i.name)
def test_every_refutation_has_a_witness(isa: Isa) -> None:
    """Each property that is refuted comes with a program that was run, in this machine's own mnemonics."""
    for monitor in decided(isa).monitors:
        for found in properties(monitor):
            assert found.status is not Status.UNKNOWN
            assert (found.status is Status.REFUTED) == (found.witness is not None)
    witness = decided(M68000)["trap-and-emulate"].equivalence.witness
    assert witness is not None
    assert witness.program.strip() == "move-from-sr r1"


def test_the_guest_can_tell_on_the_68000_only() -> None:
    """Translated it is not told, nor on the 68010; run directly on the 68000 it finds itself in user mode."""
    expected = library.find(GUEST).expected.output
    for isa, monitor in ((M68000, "translation-full"), (M68000, "paravirtual"), (M68010, "trap-and-emulate")):
        run = compared(isa, monitor)
        assert run.equivalent
        assert run.violation is None
        assert run.bare.output == run.virtual.output == expected
    assert not compared(M68000, "trap-and-emulate").equivalent
    assert compared(M68000, "trap-and-emulate").virtual.output == "user, user"


def test_every_behaviour_has_a_source() -> None:
    """Whoever doubts a behaviour can look it up."""
    for isa in ISAS:
        assert isa.sources
        assert all(i.source and i.doc.endswith(".") for i in isa.instructions if i not in INNOCUOUS)


def test_the_status_register_comes_back_as_it_was_loaded() -> None:
    """What MOVE to SR has loaded, MOVE from SR reads, and the immediate forms work on it bit by bit."""
    machine = ran("ldi r1, 0x271f\nmove-to-sr r1\nmove-from-sr r2", 3)
    assert machine.state.registers[2] == 0x271F
    assert machine.state.slot(IE) == 0
    machine = ran("ori-to-sr 0x0005\nandi-to-sr 0xf8fc\neori-to-sr 0x0008\nmove-from-sr r2", 4)
    assert machine.state.registers[2] == 0x200C
    assert machine.state.slot(IE) == 1


def test_stop_refuses_a_status_register_without_the_supervisor_bit() -> None:
    """Even the supervisor gets a privilege violation then; with the bit it stops."""
    refused = ran("stop 0x0700", 1)
    assert refused.state.element(MEMORY, OLD_CAUSE) == Cause.PRIVILEGED
    assert refused.state.slot(RUN) == 0
    assert ran("stop 0x2700", 1).state.slot(RUN) == 1


def test_reset_stops_the_devices() -> None:
    """RESET leaves the processor alone, and no transfer under way."""
    machine = ran("reset", 1)
    assert machine.state.slot(DISK_WAIT) == 0
    assert M68000["reset"].does.writes.keys().isdisjoint({MODE, IE})


def test_the_condition_codes_are_a_programs_own() -> None:
    """Loading and reading them is harmless in any mode."""
    for name in ("move-to-ccr", "move-from-ccr"):
        assert M68010[name].in_user is EXECUTES
        assert classes(M68010, name).innocuous
