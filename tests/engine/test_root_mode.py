"""Root mode: a program that uses guest mode itself, with a control block in memory; and what breaks it."""

from collections.abc import Mapping

import pytest
from attrs import evolve

from popek.engine import root_mode
from popek.engine.machine import Machine
from popek.engine.root_mode import RootMachine, control_words
from popek.engine.stepper import Outcome, Result
from popek.guests import library
from popek.isa import control_block as cb
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT, GUEST_MODE
from popek.isa.control_block import BLOCK, IN_GUEST, layout, rooted, size
from popek.isa.slot import BASE, BOUND, IE, MEMORY, MODE, PC, TIMER
from popek.prove.classes import classify

ROOTED = rooted(CLASSIC_VT)
WITHOUT_DISK = [n for n in library.names() if library.find(n).isa == "classic" and "disk" not in library.find(n).source]

STEPS = 20_000
"""More than any of the guests takes, the hypervisor's own included."""

BLOCK_AT, GUEST_AT, GUEST_SIZE = 64, 128, 64
ROOT = f"ldi r13, {BLOCK_AT}\nvmenter r13\nhalt\n"


def root(
    guest: str, values: Mapping[str, int] | None = None, exits: tuple[str, ...] = (), text: str = ROOT
) -> RootMachine:
    """Return a machine whose program enters guest mode once, with a guest, and then halts."""
    words = dict(assemble(text, ROOTED).words)
    given = {"memory_base": GUEST_AT, "memory_size": GUEST_SIZE, "pc": 16, "bound": GUEST_SIZE, **(values or {})}
    words |= dict(enumerate(control_words(GUEST_MODE, ROOTED, given, exits), BLOCK_AT))
    words |= {GUEST_AT + a: w for a, w in assemble(guest, ROOTED).words.items()}
    return RootMachine(CLASSIC_VT, words, memory=256)


def block(machine: RootMachine) -> dict[str, int]:
    """Return the control block by name, as it is in memory."""
    return {f.name: machine.state.memory[BLOCK_AT + f.offset] for f in layout(GUEST_MODE)}


def why(machine: RootMachine) -> tuple[int, int, int]:
    """Return reason, cause and detail of the last exit."""
    found = block(machine)
    return found["exit_reason"], found["exit_cause"], found["exit_detail"]


def test_the_layout_has_a_word_for_each_field() -> None:
    """No two overlap, nothing is left between, and each copy is there once."""
    places = [f.offset + n for f in layout(GUEST_MODE) for n in range(f.words)]
    assert sorted(places) == list(range(size(GUEST_MODE)))
    assert [f.slot for f in layout(GUEST_MODE)][-len(GUEST_MODE.copies) :] == list(GUEST_MODE.copies)


def test_the_instructions_are_privileged_and_only_root_has_them() -> None:
    """In user mode they trap; on an ISA without guest mode there are none; the guest's ISA is the one without them."""
    privileged = {c.name for c in classify(ROOTED) if c.privileged}
    assert {"vmenter"} <= privileged
    assert rooted(CLASSIC) is CLASSIC
    assert ROOTED.by_name.keys() - CLASSIC_VT.by_name.keys() == {"vmenter", "vmexit"}
    user = RootMachine(
        CLASSIC_VT, assemble(".org 8\n.word 0, 20, 0, -1\n.org 16\nldi r1, 18\njsu r1\nvmexit 1\n", ROOTED).words
    )
    user.run(3)
    assert user.state.memory[4] == 3


# Entry and exit -----------------------------------------------------------------------------------------------------


def test_entry_loads_the_copies_and_exit_stores_them() -> None:
    """The guest has its own mode, R, timer and pc; root's are as they were, and it goes on behind the entry."""
    machine = root("setr r1, r2\nsettimer r3\nldi r13, 7\nvmexit 5\n", {"bound": 64, "timer": 9, "register": 3})
    for number, value in ((1, 0), (2, 40), (3, 30)):
        machine.state.registers[number] = value
    before = {s: machine.state.slot(s) for s in (MODE, BASE, IE, TIMER)}
    assert machine.run().outcome is Outcome.HALTED
    found = block(machine)
    assert (found["pc"], found["base"], found["bound"], found["timer"]) == (19, 0, 40, 28)
    assert (found["register"], machine.state.registers[13]) == (7, BLOCK_AT)
    assert {s: machine.state.slot(s) for s in before} == before
    assert why(machine) == (cb.INSTRUCTION, 0, ROOTED["vmexit"].encode({"imm": 5}))
    assert machine.exits == {"an instruction": 1}


def test_the_guest_is_translated_twice() -> None:
    """By its R, and into its memory, where it ends: what is beyond is a memory trap of the guest's own."""
    text = (
        ".org 8\n.word 0, handler, 0, 64\n.org 16\nldi r1, 64\nldi r2, 5\nst r2, -1(r1)\nst r2, 0(r1)\nhandler: halt\n"
    )
    machine = root(text, {"bound": 2**32 - 1})
    machine.run()
    memory = list(machine.state.memory)
    assert (memory[GUEST_AT + 63], memory[GUEST_AT + 64]) == (5, 0)
    assert memory[GUEST_AT + 4 : GUEST_AT + 6] == [1, 64]
    assert memory[0:8] == [0] * 8


@pytest.mark.parametrize("where", [{"memory_base": 250}, {"memory_size": 16}, {"memory_base": 2**32 - 1}])
def test_an_entry_with_memory_that_there_is_not_is_refused(where: dict[str, int]) -> None:
    """Root goes on at once, and the block says why."""
    machine = root("halt\n", where)
    assert machine.run().outcome is Outcome.HALTED
    assert why(machine)[0] == cb.REFUSED
    assert machine.counts["instructions"] == 3


def test_a_block_that_does_not_fit_is_a_memory_trap() -> None:
    """Of the instruction that was to enter."""
    machine = root("halt\n", text=".org 8\n.word 0, 18, 0, -1\n.org 16\nldi r13, 250\nvmenter r13\nhalt\n")
    machine.run()
    assert list(machine.state.memory[4:6]) == [1, 250]
    assert not machine.exits


@pytest.mark.parametrize("enabled", [0, 1])
def test_a_real_interrupt_leaves_guest_mode(enabled: int) -> None:
    """Whatever root's interrupt enable is; it is root's own timer that has run out, and the guest knows nothing."""
    text = f"ldi r13, {BLOCK_AT}\nldi r1, {enabled}\nldi r2, 10\nsetie r1\nsettimer r2\nvmenter r13\nhalt\n"
    machine = root("loop: addi r3, r3, 1\njmp loop\n", text=text)
    machine.run(40)
    assert why(machine) == (cb.INTERRUPT, 6, 0)
    assert machine.state.registers[3] == 5
    assert block(machine)["timer_pending"] == 0


def test_instructions_leave_as_asked() -> None:
    """Those that always do, and those of the bitmap; the others do not, sensitive or not."""
    sensitive = "getr r1, r2\ngetmode r3\ngetie r4\nvmexit 0\n"
    assert why(root_run(sensitive))[2] == ROOTED["vmexit"].encode({"imm": 0})
    for name in ("getr", "getmode", "getie"):
        machine = root_run(sensitive, exits=(name,))
        assert ROOTED.decode(why(machine)[2]).instruction.name == name  # type: ignore[union-attr]
    assert why(root_run("add r1, r2, r3\nhalt\n", exits=("add",)))[2] >> 24 == ROOTED["add"].opcode
    assert why(root_run("out r1, 0\nhalt\n"))[2] >> 24 == ROOTED["out"].opcode


def root_run(text: str, values: Mapping[str, int] | None = None, exits: tuple[str, ...] = ()) -> RootMachine:
    """Return a machine that has run."""
    machine = root(text, values, exits)
    machine.run(200)
    return machine


@pytest.mark.parametrize(
    ("text", "cause", "detail"),
    [
        ("svc 7\n", 4, 7),
        ("divu r1, r2, r0\n", 5, 0),
        ("ldi r1, 99\nld r2, 0(r1)\n", 1, 99),
        (".word 0\n", 2, 0),
        ("ldi r1, 99\njalr r2, r1\n", 1, 99),
    ],
)
def test_traps_leave_as_asked(text: str, cause: int, detail: int) -> None:
    """With the bit of their cause set they leave, and are not taken; else they are the guest's own."""
    asked = root_run(text, {"exit_traps": 1 << cause})
    assert why(asked) == (cb.TRAP, cause, detail)
    assert list(asked.state.memory[GUEST_AT : GUEST_AT + 7]) == [0] * 7
    own = root_run(".org 8\n.word 0, 40, 0, 64\n.org 40\nhalt\n.org 16\n" + text)
    assert why(own)[2] >> 24 == ROOTED["halt"].opcode
    assert list(own.state.memory[GUEST_AT + 4 : GUEST_AT + 6]) == [cause, detail]


def test_a_guest_that_traps_for_ever_is_not_the_machines_trap_loop() -> None:
    """Root's timer ends it."""
    text = f"ldi r13, {BLOCK_AT}\nldi r2, 500\nsettimer r2\nvmenter r13\nhalt\n"
    machine = root(".word 0\n", text=text)
    assert machine.run(2000).outcome is Outcome.HALTED
    assert why(machine)[:2] == (cb.INTERRUPT, 6)


def test_the_guest_has_no_guest_mode_of_its_own() -> None:
    """Both instructions leave, whatever mode the guest believes to be in."""
    for text in ("vmenter r1\n", "vmexit 1\n", "ldi r1, 18\njsu r1\nvmexit 1\n"):
        assert why(root_run(text))[0] == cb.INSTRUCTION


def test_the_way_back_is_exact() -> None:
    """Into guest mode and out of it, latched controls and copies included."""
    guest = library.find("vt-hypervisor")
    words = assemble(guest.source, ROOTED).words
    machine = RootMachine(CLASSIC_VT, words, memory=guest.memory, history=50)
    states = []
    for _ in range(300):
        states.append(told(machine))
        machine.step()
    for steps in (1, 30, 200):
        machine.back(steps)
        assert told(machine) == states[machine.counts["steps"]]
        machine.run(steps)


def told(machine: RootMachine) -> tuple[object, ...]:
    """Return all that a machine is."""
    state = machine.state
    return (
        tuple(state.slots.items()),
        tuple(state.memory),
        tuple(machine._copies.items()),
        tuple(machine._latched.items()),
    )


# The hypervisor that is a program -----------------------------------------------------------------------------------


def hosted(name: str) -> tuple[RootMachine, int]:
    """Return the shipped hypervisor with another guest in the place of its own, and where that is."""
    guest, program = library.find(name), assemble(library.find("vt-hypervisor").source, ROOTED)
    at = program.symbols["guest"]
    words = {a: w for a, w in program.words.items() if a < at}
    words |= {program.symbols["block"] + 1: guest.memory, program.symbols["block"] + cb.COPIES + 2: guest.memory}
    words |= {at + a: w for a, w in assemble(guest.source, CLASSIC).words.items()}
    return RootMachine(CLASSIC_VT, words, memory=at + guest.memory, typed=guest.input), at


def result(machine: RootMachine, at: int, name: str) -> tuple[str, ...]:
    """Return in what the guest's result is not the expected one."""
    guest = library.find(name)
    program = assemble(library.find("vt-hypervisor").source, ROOTED)
    done: Result = machine.run(STEPS)
    registers = machine.state.memory[program.symbols["block"] + 32 :][:16]
    symbols = assemble(guest.source, CLASSIC).symbols
    return guest.expected.mismatches(
        done.outcome.value, done.output, registers, lambda a: machine.state.element(MEMORY, at + a), symbols
    )


FEW = ("os", "echo", "timer", "psw-round-trip", "previous-mode", "supervisor-call", "probe-pushf")


@pytest.mark.parametrize("name", FEW)
def test_the_hypervisor_hosts_guests_that_are_not_its_own(name: str) -> None:
    """Each gives the bare machine's result: output, registers and memory, its r13 included."""
    assert result(*hosted(name), name) == ()


@pytest.mark.soak
@pytest.mark.parametrize("name", [n for n in WITHOUT_DISK if library.find(n).expected.outcome == "halted"])
def test_the_hypervisor_hosts_every_guest_without_a_disk(name: str) -> None:
    """All of `classic`'s that halt."""
    assert result(*hosted(name), name) == ()


# Broken on purpose --------------------------------------------------------------------------------------------------


def test_a_copy_that_is_not_restored_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the hardware forgets to load one copy on entry; some guest's result is another one, for each of them."""
    stored = RootMachine._stored
    for slot, name in ((MODE, "os"), (BASE, "os"), (BOUND, "os"), (PC, "echo")):
        with monkeypatch.context() as patch:
            patch.setattr(RootMachine, "_stored", lambda m, s=slot: ((k, v) for k, v in stored(m) if k is not s))
            machine, at = hosted(name)
            patch.setattr(RootMachine, "_leave", _forgetting(RootMachine._leave, slot))
            assert result(machine, at, name) != ()


def _forgetting(leave: object, slot: object) -> object:
    def left(machine: RootMachine, *why: int) -> None:
        leave(machine, *why)  # type: ignore[operator]
        machine.journal.write(machine._copies, slot, 1)

    return left


def test_an_exit_control_that_is_ignored_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the bitmap is not looked at; what was asked to leave does not."""
    monkeypatch.setattr(root_mode, "_instructions", lambda *_: ())
    machine = root_run("add r1, r2, r3\nhalt\n", exits=("add",))
    assert why(machine)[2] >> 24 != ROOTED["add"].opcode


def test_a_machine_without_the_extension_knows_none_of_it() -> None:
    """What a virtual machine is compared with: there both instructions are illegal opcodes."""
    words = assemble(".org 8\n.word 0, 18, 0, -1\n.org 16\nvmenter r1\nnop\nhalt\n", ROOTED).words
    machine = Machine(CLASSIC_VT, words, memory=64)
    machine.run()
    assert machine.state.memory[4] == 2
    assert IN_GUEST not in machine.state.slots
    assert BLOCK not in evolve(CLASSIC_VT).slots
