"""Hypercalls at run time: they really trap, and do what their instruction means; batches, and what breaks them."""

from collections.abc import Mapping

import pytest

from popek.engine.stepper import Outcome
from popek.guests import library
from popek.isa import porting
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.hypercall import batch, hypercall
from popek.isa.shipped import find
from popek.isa.slot import MEMORY, REGISTERS, TIMER
from popek.isa.variants import VARIANTS
from popek.library import running
from popek.prove.classes import classify
from popek.prove.obligation import Obligation
from popek.prove.properties import obligations
from popek.vmm.allotment import Allotment
from popek.vmm.compare import LockStep
from popek.vmm.monitor import PARAVIRTUAL, PARAVIRTUAL_UNPORTED, TRAP_AND_EMULATE
from popek.vmm.virtual_machine import VirtualMachine

PROBES = [n for n in library.names() if n.startswith("probe-")]


def critical(isa: Isa) -> frozenset[str]:
    """Return the names of the critical instructions."""
    return frozenset(c.name for c in classify(isa) if c.critical)


def variant(name: str) -> Isa:
    """Return a shipped ISA that certainly exists."""
    isa = find(name)
    assert isa
    return isa


def machine(words: Mapping[int, int], isa: Isa = CLASSIC) -> VirtualMachine:
    """Return a virtual machine for ported guests, with a guest as it is."""
    return VirtualMachine(isa, words, monitor=PARAVIRTUAL, allotment=Allotment(64, 256), memory=512)


def said(*lines: str) -> dict[int, int]:
    """Return the words of a program."""
    return dict(assemble("\n".join(lines), CLASSIC).words)


def word(vm: VirtualMachine, address: int) -> int:
    """Return a word of the guest's memory."""
    return vm.state.element(MEMORY, address)


@pytest.mark.parametrize("name", PROBES)
def test_a_ported_probe_cannot_tell_and_an_unported_one_can(name: str) -> None:
    """Porting makes the guest equivalent where trap-and-emulate is not; without it the guest fails in the same way."""
    isa = library.find(name).detects
    assert running.run(name, isa=isa, monitor="paravirtual").as_expected
    assert running.compare(name, isa=isa, monitor="paravirtual").equivalent
    for unported in ("paravirtual-unported", "trap-and-emulate"):
        assert not running.run(name, isa=isa, monitor=unported).as_expected


def test_a_hypercall_really_traps() -> None:
    """The real machine finds an illegal opcode in user mode; the exit is the hypercall's, and counted."""
    run = running.run("probe-popf", isa="popf", monitor="paravirtual")
    assert run.exits["hypercall"] == run.treated["hypercall"] == 1
    assert "illegal" not in run.exits
    unported = running.run("probe-popf", isa="popf", monitor="trap-and-emulate")
    assert "hypercall" not in unported.exits


def test_hypercalls_in_a_row_are_one_exit() -> None:
    """And each of them is a step of the virtual machine, with its tick."""
    words = said("ldi r1, 90", "settimer r1", *["nop"] * 6, "halt")
    words |= {18 + n: hypercall(CLASSIC["gettimer"].encode({"a": 2})) for n in range(6)}
    vm = machine(words)
    assert vm.run().outcome is Outcome.HALTED
    assert (vm.counts["hypercall"], vm.exits.get("hypercall", 0)) == (6, 0)
    assert vm.state.element(REGISTERS, 2) == 90 - 6
    apart = machine(words | {20: CLASSIC["nop"].encode({})})
    apart.run()
    assert (apart.counts["hypercall"], apart.exits["hypercall"]) == (5, 1)


def test_an_unknown_hypercall_is_an_illegal_opcode() -> None:
    """As on a machine without a monitor: the guest's own handler has it, with the word as its detail."""
    words = said(".org 8", ".word 0, handler, 0, -1", ".org 16", ".word 0xFF000000", "handler: halt") | {}
    vm = machine(words)
    assert vm.run().outcome is Outcome.HALTED
    assert [word(vm, n) for n in (1, 4, 5)] == [16, 2, 0xFF000000]
    assert vm.counts.get("hypercall", 0) == 0


def test_a_hypercall_is_in_the_current_virtual_mode() -> None:
    """In virtual user mode it makes the trap that its instruction would, with the instruction's word as detail."""
    isa = CLASSIC
    lines = (".org 8", ".word 0, handler, 0, -1", ".org 16", "ldi r1, user", "jsu r1", "user: nop", "handler: halt")
    words = said(*lines)
    words[18] = hypercall(isa["getie"].encode({"a": 3}))
    vm = machine(words)
    vm.run()
    assert [word(vm, n) for n in (1, 4, 5)] == [18, 3, isa["getie"].encode({"a": 3})]


def test_a_port_that_misses_an_instruction_is_found() -> None:
    """Planted: one `getie` of several is not ported, and the guest reads the monitor's interrupt enable."""
    isa, text = variant("pushf"), "getie r1\ngetie r2\ngetie r3\nhalt\n"
    program = assemble(text, isa)
    whole = LockStep(isa, program.words, monitor=PARAVIRTUAL, critical={"getie"}, code=program.code).run()
    assert whole.equivalent
    for missed in (16, 17, 18):
        found = LockStep(
            isa, program.words, monitor=PARAVIRTUAL, critical={"getie"}, code=program.code - {missed}
        ).run()
        assert found.divergence
        assert f"r{missed - 15}" in [d.what for d in found.divergence.differences]


def test_a_guest_that_makes_its_instructions_at_run_time_is_not_ported() -> None:
    """What the porter says that it cannot see: the word is data to the assembler, and listed if it stands there."""
    isa = variant("pushf")
    text = "li r1, made\nld r2, 0(r1)\nst r2, 6(r1)\njmp made+6\nmade: .word 0x48500000\n.space 6\nhalt\n"
    program = assemble(text, isa)
    done = porting.port_program(program, isa, {"getie"})[1]
    assert (len(done.changed), [w.instruction for w in done.left]) == (0, ["getie"])


def test_a_guest_that_reads_its_own_code_reads_the_hypercall() -> None:
    """A port cannot hide itself; the comparison says so."""
    isa = variant("pushf")
    program = assemble("ldi r0, 0\ngetie r2\nld r1, 17(r0)\nhalt\n", isa)
    found = LockStep(isa, program.words, monitor=PARAVIRTUAL, critical={"getie"}, code=program.code).run()
    assert found.divergence
    assert [d.what for d in found.divergence.differences] == ["r1"]


# Batches ------------------------------------------------------------------------------------------------------------


QUEUE = 100


def queued(*entries: tuple[str, Mapping[str, int], tuple[int, int, int]], lead: tuple[str, ...] = ()) -> dict[int, int]:
    """Return a guest that has a batch done, of instructions with fields and values for their operands."""
    words = said(*lead, f"ldi r1, {len(entries)}", f"ldi r2, {QUEUE}", "nop", "halt")
    words[18 + len(lead)] = batch(1, 2)
    for n, (name, fields, values) in enumerate(entries):
        words[QUEUE + 4 * n] = hypercall(CLASSIC[name].encode(fields))
        words |= {QUEUE + 4 * n + 1 + i: v for i, v in enumerate(values)}
    return words


def test_a_batch_is_one_exit_for_all_its_entries() -> None:
    """As many exits are saved as there are entries but one; operands are values, and results come back in the entry."""
    run = {m: running.run("hypercall-batch", monitor=m) for m in ("trap-and-emulate", "paravirtual")}
    assert all(r.as_expected for r in run.values())
    assert run["paravirtual"].exits == {"privileged": 1, "hypercall": 1}
    assert run["paravirtual"].treated["hypercall"] == len("many in one") + 1
    assert sum(run["trap-and-emulate"].exits.values()) == len("many in one") + 2
    entries = [("out", {"a": 9, "imm": 0}, (ord(c), 0, 0)) for c in "ab"]
    vm = machine(
        queued(*entries, ("add", {"a": 4, "b": 5, "c": 6}, (0, 30, 12)), ("getr", {"a": 7, "b": 7}, (0, 0, 0)))
    )
    done = vm.run()
    assert (done.output, done.registers[:3], done.registers[4:10]) == ("ab", (0, 0, QUEUE + 16), (0,) * 6)
    assert word(vm, QUEUE + 9) == 42
    assert word(vm, QUEUE + 13) == 256


def test_a_batch_takes_the_time_of_its_entries() -> None:
    """One step each, and one to go on: the virtual timer counts them, and may interrupt in between."""
    entries = [("gettimer", {"a": 3}, (0, 0, 0))] * 3
    vm = machine(queued(*entries, lead=("ldi r3, 50", "settimer r3")))
    vm.run()
    assert [word(vm, QUEUE + 4 * n + 1) for n in range(3)] == [47, 46, 45]
    assert vm.state.slot(TIMER) == 43


@pytest.mark.parametrize(
    ("entry", "cause", "detail"),
    [
        (("divu", {"a": 3, "b": 4, "c": 5}, (0, 1, 0)), 5, 0),
        (("ld", {"a": 3, "b": 4, "imm": 0}, (0, 5000, 0)), 1, 5000),
        (("jsu", {"a": 3}, (16, 0, 0)), 2, hypercall(CLASSIC["jsu"].encode({"a": 3}))),
    ],
)
def test_a_trap_in_a_batch_is_the_guests(
    entry: tuple[str, Mapping[str, int], tuple[int, int, int]], cause: int, detail: int
) -> None:
    """It comes at the batch, whose operands say which entry made it; what cannot be batched is an illegal opcode."""
    words = queued(("out", {"a": 9, "imm": 0}, (65, 0, 0)), entry, ("out", {"a": 9, "imm": 0}, (66, 0, 0)))
    words |= {8: 0, 9: 19, 10: 0, 11: 256}
    vm = machine(words)
    done = vm.run()
    assert (done.outcome, done.output) == (Outcome.HALTED, "A")
    assert done.registers[1:3] == (2, QUEUE + 4)
    assert [word(vm, n) for n in (1, 4, 5)] == [18, cause, detail]


def test_a_list_that_is_not_in_memory_is_a_memory_trap() -> None:
    """The address that is not legal is the detail."""
    words = {**queued(("nop", {}, (0, 0, 0))), 17: CLASSIC["ldi"].encode({"a": 2, "imm": 254}), 8: 0, 9: 19, 11: 256}
    vm = machine(words)
    assert vm.run().outcome is Outcome.HALTED
    assert [word(vm, n) for n in (1, 4, 5)] == [18, 1, 256]


def test_a_batch_that_is_flushed_too_late_is_found() -> None:
    """Planted: what was queued should have been done before the guest asks for something at once, and was not."""
    name = library.find("hypercall-batch").source
    late = name.replace("flush:  ldi     r2, queue", "flush:  out     r4, 0\n        ldi     r2, queue")
    program = assemble(late, CLASSIC)
    vm = machine(program.words)
    assert vm.run().output != library.find("hypercall-batch").expected.output


# One definition -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("isa", VARIANTS, ids=lambda i: i.name)
def test_what_the_proof_says_of_hypercalls_is_what_the_monitor_does(isa: Isa) -> None:
    """The obligation is about the instruction's own routine, and that is what the monitor executes."""
    classes = classify(isa)
    about: list[Obligation] = [
        o for o in obligations(isa, PARAVIRTUAL, classes) if ", hypercall, interpreted" in o.name
    ]
    assert {o.blame for o in about} == critical(isa)
    for name in critical(isa):
        assert PARAVIRTUAL.believes(isa)[name] is isa[name]
    assert not [o for o in obligations(isa, PARAVIRTUAL_UNPORTED, classes) if ", hypercall" in o.name]


def test_a_monitor_for_unported_guests_knows_no_hypercalls() -> None:
    """They are illegal opcodes under any other monitor."""
    words = said("nop", "halt") | {8: 0, 9: 17, 10: 0, 11: 256, 16: hypercall(CLASSIC["getmode"].encode({"a": 1}))}
    for monitor in (TRAP_AND_EMULATE, PARAVIRTUAL_UNPORTED):
        vm = VirtualMachine(CLASSIC, words, monitor=monitor, allotment=Allotment(64, 256), memory=512)
        vm.run()
        assert vm.exits["illegal"] == 1
