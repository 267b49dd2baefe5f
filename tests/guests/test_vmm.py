"""The monitor in assembly as an ordinary program, and beside it the bare machine that its guest must equal."""

from collections.abc import Mapping
from functools import cache

import pytest

from popek.guests import library
from popek.isa.assembler import assemble
from popek.isa.behaviour import Cause
from popek.isa.classic import CLASSIC, SYSTEM
from popek.isa.shipped import find as find_isa
from popek.isa.slot import HALTED, RUN, SUPERVISOR, USER
from popek.testing.hosted import Hosted, Terms, hosted, monitor
from popek.testing.programs import guest as random_guest
from popek.testing.words import EDGES

MEMORY = 96
CLASSIC_GUESTS = [n for n in library.names() if library.find(n).isa == "classic"]
ENDLESS = [n for n in CLASSIC_GUESTS if library.find(n).expected.outcome != "halted"]
MONITOR = library.find("vmm").source

HANDLED = """
        .org    8
        .word   0, handler, 0, -1
        .org    16
start:  {code}
        halt
psw:    .word   {status}, there - {base}, {base}, 80
wild:   .word   3, 0, -3, -1
there:  {then}
        .space  79 - .
handler:
        halt
buffer: .space  16
"""
"""A program of 96 words around a few instructions. A trap ends in the handler, with the trap words to be compared."""


@cache
def terms_of(name: str) -> Terms:
    """Return a shipped guest on the machine that its header asks for."""
    guest = library.find(name)
    words = assemble(guest.source, CLASSIC, file=guest.file).words
    return Terms(words, guest.memory, guest.input, guest.disk)


@cache
def terms_for(code: str, *, status: int = 0, base: int = 3, then: str = "halt", quantum: int = 1) -> Terms:
    """Return a few instructions on a machine of 96 words; with a quantum of 1 each of them is compared."""
    text = HANDLED.format(code=code, status=status, base=base, then=then)
    words = {a: w for a, w in assemble(text, CLASSIC).words.items() if a < MEMORY}
    return Terms(words, MEMORY, b"typed", tuple(range(100, 200)), quantum)


def ends_alike(terms: Terms, *, attempts: int = 1000) -> Hosted:
    """Run a program on both machines to its end, and fail where they differ."""
    pair = hosted(terms)
    assert pair.run(attempts) is None, pair.difference
    assert pair.real.slot(RUN) == pair.bare.slot(RUN) == HALTED
    return pair


def test_it_is_small() -> None:
    """The whole control program, tables included, is fewer than 500 words, as its page says."""
    assert monitor().symbols["machine_0"] < 500


@pytest.mark.parametrize("name", [n for n in CLASSIC_GUESTS if n not in ENDLESS and n != "vmm"])
def test_no_guest_of_classic_can_tell(name: str) -> None:
    """Whenever a guest is entered, and at its end, all is as on the bare machine: registers, memory, time, devices."""
    pair = ends_alike(terms_of(name), attempts=20_000)
    assert pair.entries > 1


@pytest.mark.parametrize("name", ENDLESS)
def test_a_guest_without_end_stays_the_same(name: str) -> None:
    """So it is with one that never halts, as far as anybody looks; a trap loop is a loop of reflections."""
    pair = hosted(terms_of(name))
    assert pair.run(100) is None, pair.difference
    assert pair.attempts == 100


INSTRUCTIONS: Mapping[str, tuple[str, Cause | None, int]] = {
    "halt": ("halt", None, 0),
    "lpsw": ("lpsw psw(r0)", None, 0),
    "lpsw, R without any memory": ("lpsw wild(r0)", Cause.MEMORY, 0),
    "lpsw, not legal": ("ldi r1, 97; lpsw 0(r1)", Cause.MEMORY, 97),
    "lpsw, third word not legal": ("ldi r1, 94; lpsw 0(r1)", Cause.MEMORY, 96),
    "lpsw, last word not legal": ("ldi r1, 95; lpsw -2(r1)", Cause.MEMORY, 96),
    "lpsw, around the end of all addresses": ("ldi r1, -2; lpsw 0(r1)", Cause.MEMORY, 2**32 - 2),
    "lpsw, by a negative address that wraps": ("ldi r1, -2; lpsw psw + 2(r1)", None, 0),
    "spsw": ("ldi r1, 1; setie r1; spsw buffer(r0)", None, 0),
    "spsw, not legal": ("spsw 96(r0)", Cause.MEMORY, 96),
    "spsw, second word not legal": ("spsw 95(r0)", Cause.MEMORY, 96),
    "spsw over the trap words": ("spsw 6(r0)", None, 0),
    "setr": ("ldi r2, 50; setr r0, r2; getr r3, r4", None, 0),
    "setr, relocated": ("ldi r1, 3; ldi r2, 93; setr r1, r2; nop; nop; nop; nop; nop; lra r4, r1", None, 0),
    "setr, bound beyond memory": ("ldi r1, 1; ldi r2, 200; setr r1, r2; nop; ldi r2, 95; lra r3, r2", Cause.MEMORY, 95),
    "setr, base beyond memory": ("ldi r1, 96; setr r1, r1", Cause.MEMORY, 18),
    "setr, base far beyond": ("ldi r1, -1; setr r1, r1", Cause.MEMORY, 18),
    "setr, bound 0": ("setr r0, r0", Cause.MEMORY, 17),
    "getr": ("getr r1, r2", None, 0),
    "getr to one register": ("getr r1, r1", None, 0),
    "getmode": ("ldi r1, 9; getmode r1", None, 0),
    "lra": ("ldi r1, 95; lra r2, r1", None, 0),
    "lra, not legal": ("ldi r1, 96; lra r2, r1", Cause.MEMORY, 96),
    "jsu": ("ldi r1, there; jsu r1", Cause.PRIVILEGED, 0x40000000),
    "getie": ("ldi r1, 3; setie r1; getie r2", None, 0),
    "setie, an even number": ("ldi r1, 2; setie r1; getie r2", None, 0),
    "gettimer": ("ldi r1, 7; settimer r1; nop; gettimer r2", None, 0),
    "settimer takes back what is pending": ("ldi r1, 1; settimer r1; nop; settimer r0; setie r1; nop", None, 0),
    "in": ("in r1, 0; in r2, 0; in r3, 0", None, 0),
    "in, past the end": ("in r1, 0; in r1, 0; in r1, 0; in r1, 0; in r1, 0; in r1, 0", None, 0),
    "in, disk": ("ldi r1, buffer - 1; disk r1, r0, 0; nop; in r2, 1", None, 0),
    "in, a port without a device": ("ldi r1, 5; in r1, 2; in r1, 65535", None, 0),
    "out": ("ldi r1, 65; out r1, 0; li r1, 0x12345678; out r1, 0", None, 0),
    "out, ports without a device": ("ldi r1, 65; out r1, 1; out r1, 40000", None, 0),
    "disk": ("ldi r1, 80; ldi r2, 3; disk r1, r2, 0", None, 0),
    "disk, write": ("ldi r2, 2; disk r0, r2, 1; ldi r2, -1; disk r0, r2, 7", None, 0),
    "disk, a sector with a wild number": ("ldi r1, 80; li r2, 0x70000001; disk r1, r2, 2", None, 0),
    "disk, does not fit": ("ldi r1, 81; disk r1, r0, 0", Cause.MEMORY, 81),
    "disk, not in memory": ("ldi r1, -16; disk r1, r0, 1", Cause.MEMORY, 2**32 - 16),
    "disk knows no R": ("ldi r1, 3; ldi r2, 93; setr r1, r2; nop; nop; nop; nop; ldi r1, 80; disk r1, r0, 0", None, 0),
    "mfpi": ("ldi r1, 9; st r1, 2(r0); st r1, 3(r0); ldi r2, 8; mfpi r3, r2", None, 0),
    "mfpi, out of bound": ("ldi r1, 9; st r1, 2(r0); st r1, 3(r0); mfpi r3, r1", Cause.MEMORY, 9),
    "mfpi, out of memory": ("ldi r1, 90; st r1, 2(r0); st r1, 3(r0); ldi r2, 6; mfpi r3, r2", Cause.MEMORY, 6),
    "mfpi, wraps": ("ldi r1, -1; st r1, 2(r0); st r1, 3(r0); ldi r2, 1; mfpi r3, r2", Cause.MEMORY, 1),
    "mtpi": ("ldi r1, 9; st r1, 2(r0); st r1, 3(r0); ldi r2, 8; mtpi r1, r2", None, 0),
    "mtpi over its own base": ("ldi r1, 2; st r1, 2(r0); st r1, 3(r0); mtpi r1, r0; mtpi r2, r0", None, 0),
    "mtpi, out of bound": ("st r0, 3(r0); mtpi r1, r0", Cause.MEMORY, 0),
}
"""What each system instruction does in virtual supervisor mode; the trap that it ends in, if it does."""


@pytest.mark.parametrize("what", INSTRUCTIONS)
def test_an_interpreter_routine_does_what_the_instruction_does(what: str) -> None:
    """Every system instruction, in all its ways, leaves what it leaves on the bare machine, its traps included."""
    code, cause, detail = INSTRUCTIONS[what]
    pair = ends_alike(terms_for(code.replace(";", "\n")))
    assert list(pair.bare.memory[4:6]) == [cause or 0, detail & 0xFFFF_FFFF]


def test_every_system_instruction_is_among_them() -> None:
    """The table above leaves none out."""
    used = {word for code, _, _ in INSTRUCTIONS.values() for word in code.replace(";", " ").split()}
    assert {i.name for i in SYSTEM} <= used


@pytest.mark.parametrize("name", [i.name for i in SYSTEM])
def test_a_system_instruction_in_virtual_user_mode_is_refused(name: str) -> None:
    """There the guest's own kernel hears of it, as on the bare machine."""
    word = CLASSIC[name].encode({o.field.name: 1 for o in CLASSIC[name].format})
    pair = ends_alike(terms_for("lpsw psw(r0)", status=1, base=0, then=f".word {word}"))
    assert list(pair.bare.memory[4:6]) == [Cause.PRIVILEGED, word]
    assert pair.bare.memory[0] == USER


TRAPS: Mapping[Cause, tuple[str, int]] = {
    Cause.MEMORY: ("ldi r1, 96; ld r2, 0(r1)", 96),
    Cause.ILLEGAL: (".word 0x05000001", 0x05000001),
    Cause.SVC: ("svc 4711", 4711),
    Cause.ARITHMETIC: ("divu r1, r1, r0", 0),
    Cause.TIMER: ("ldi r1, 2; settimer r1; setie r1; ldi r1, 1; setie r1; nop; nop", 0),
    Cause.DISK: ("ldi r1, 80; disk r1, r0, 0; ldi r1, 1; setie r1; beq r0, r0, .", 0),
}


@pytest.mark.parametrize("mode", [SUPERVISOR, USER])
@pytest.mark.parametrize("cause", [c for c in TRAPS if c < Cause.TIMER], ids=lambda c: c.name.lower())
def test_a_trap_is_reflected(cause: Cause, mode: int) -> None:
    """Every trap of the guest's own reaches its handler, from either virtual mode, with its words stored."""
    code, detail = TRAPS[cause]
    then = code.replace(";", "\n")
    pair = ends_alike(terms_for("lpsw psw(r0)", status=mode, base=0, then=then))
    assert list(pair.bare.memory[4:6]) == [cause, detail]
    assert pair.bare.memory[0] == mode


@pytest.mark.parametrize("quantum", [1, 2, 3, 7, 39, 40, 41, 1000])
@pytest.mark.parametrize("cause", [Cause.TIMER, Cause.DISK], ids=lambda c: c.name.lower())
def test_an_interrupt_is_delivered_in_time(cause: Cause, quantum: int) -> None:
    """It comes at the same attempt as on the bare machine, wherever the monitor's own quanta end."""
    pair = ends_alike(terms_for(TRAPS[cause][0].replace(";", "\n"), quantum=quantum))
    assert pair.bare.memory[4] == cause


PAIRS = [(a, b) for a in EDGES[::7] for b in EDGES[::9]] + [(a, a + d) for a in (0, 2**31 - 2) for d in range(-4, 5)]


@pytest.mark.parametrize("low", [0, 2**30])
def test_no_register_is_lost_on_the_way(low: int) -> None:
    """Whatever r11 and r12 hold when a trap leaves no register free, and if no register has a small number at all."""
    code = [f"li r{n}, {low + 0x1000 * n}" for n in range(16) if low or n not in (0, 11, 12)]
    for a, b in PAIRS[:: 4 if low else 1]:
        code += [f"li r11, {a & 0xFFFFFFFF}", f"li r12, {b & 0xFFFFFFFF}", "svc 0", "mov r13, r11", "svc 0"]
    text = ".org 8\n.word 0, back, 0, -1\n.org 16\n" + "\n".join(code)
    if low:  # nothing is small: it goes on by itself, interrupted after each attempt
        words = assemble(text.replace("svc 0", "nop").replace("back", "16") + "\nhalt", CLASSIC).words
    else:
        words = assemble(text + "\nhalt\nback: lpsw 0(r0)", CLASSIC).words
    ends_alike(Terms(words, max(words) + 20, quantum=1 if low else 1000))


def test_a_borrowed_register_is_one_that_the_instruction_does_not_name() -> None:
    """Without a small number in any register, instructions run one by one, each with all of the registers it names."""
    loads = [f"li r{n}, {0x40000000 + 0x01010101 * n}" for n in range(16)]
    body = [
        "add r0, r1, r2",
        "sub r3, r2, r1",
        "mul r2, r0, r3",
        "xor r1, r1, r0",
        "jal r0, next",
        "next: slt r4, r0, r1",
    ]
    body += [f"ldih r{n}, 0x4000" for n in (0, 4)]
    words = assemble("\n".join((*loads, *body, "svc 1", "halt")), CLASSIC).words
    pair = hosted(Terms({8: 0, 9: 16, 11: 64, **words}, 64, quantum=1))
    seen = 0
    borrowed = pair.program.symbols["machine_0"] + pair.program.symbols["borrowed"]
    while pair.attempts < 120:
        assert pair.run(pair.attempts + 1) is None, pair.difference
        seen += bool(pair.real.memory[borrowed])
    assert seen > 20


@pytest.mark.parametrize("seed", range(12))
def test_random_guests_cannot_tell(seed: int) -> None:
    """Random guests, with quanta from one attempt on, are the bare machine's at every entry."""
    drawn = random_guest(CLASSIC, seed)
    pair = hosted(Terms(drawn.words, drawn.allotment.size, drawn.typed, drawn.disk, drawn.quantum))
    assert pair.run(drawn.steps) is None, f"{pair.difference}\n{drawn.paste()}"


@pytest.mark.soak
def test_many_random_guests_cannot_tell() -> None:
    """2,000 of them."""
    for seed in range(1000, 3000):
        drawn = random_guest(CLASSIC, seed)
        pair = hosted(Terms(drawn.words, drawn.allotment.size, drawn.typed, drawn.disk, drawn.quantum))
        assert pair.run(drawn.steps) is None, f"{pair.difference}\n{drawn.paste()}"


PASSED_THROUGH = ("probe-open-console", "probe-open-keyboard")
"""One guest alone has the real console, and what it does there itself is the same as what the monitor does for it."""


@pytest.mark.parametrize("name", [n for n in library.names() if library.find(n).detects and n not in PASSED_THROUGH])
def test_a_probe_tells_on_its_variant(name: str) -> None:
    """Theorem 1 the other way round: where a sensitive instruction does not trap, the guest can tell."""
    isa = find_isa(library.find(name).detects)
    assert isa
    assert hosted(terms_of(name), isa=isa).run(500) is not None
    assert hosted(terms_of(name), isa=CLASSIC).run(500) is None


FAULTS: Mapping[str, tuple[str, str]] = {
    "bound not clipped": ("bltu    r2, r4, clipped", "nop"),
    "bound not the guest's": ("mov     r2, r4\nclipped:", "nop\nclipped:"),
    "base added twice": ("add     r3, r3, r1\noutside:", "add     r3, r3, r1\n add r3, r3, r1\noutside:"),
    "base not added": ("add     r3, r3, r1\noutside:", "nop\noutside:"),
    "base beyond memory not looked at": ("bgeu    r1, r2, outside", "nop"),
    "mode not switched at reflection": (
        "st      r1, status(r12)\n        ld      r1, 1(r7)",
        "nop\n        ld      r1, 1(r7)",
    ),
    "guest left in supervisor mode": (".word   3, 16, \\origin", ".word   2, 16, \\origin"),
    "guest's interrupts taken from the monitor": (".word   3, 16, \\origin", ".word   1, 16, \\origin"),
    "timer one too long": ("entered - entering ;", "entered - entering + 1 ;"),
    "timer one too short": ("entered - entering ;", "entered - entering - 1 ;"),
    "ticks forgotten when r11 is read back": ("addi    r12, r12, 3", "addi    r12, r12, 2"),
    "all pairs taken for twins": ("bltu    r11, r12, below\n", "beq r0, r0, twins\n"),
    "signs not looked at": ("blt     r11, r12, apart\n", "nop\n"),
    "timer that has run out not noticed": ("st      r3, timer_pending(r12)\n", "nop\n"),
    "disk that is done not noticed": ("st      r3, disk_pending(r12)\n", "nop\n"),
    "pending timer not taken back": ("st      r0, timer_pending(r12)\n        jmp", "nop\n        jmp"),
    "interrupts delivered though disabled": ("beq     r1, r0, uninterrupted", "nop"),
    "user's privilege traps interpreted": ("beq     r1, r0, interpret", "jmp interpret"),
    "reflected pc one further": ("st      r3, old_pc(r7)", "addi r3, r3, 1\n st r3, old_pc(r7)"),
    "timer not stored": ("st      r3, old_timer(r7)", "nop"),
    "status bits not ignored": ("ldi     r2, in_user | enabled   ;", "ldi     r2, -1 ;"),
    "transfer not relocated": ("add     r2, r2, r1\n        ld      r4, 0(r4)", "nop\n        ld      r4, 0(r4)"),
    "transfer not bounded": ("bltu    r1, r6, fault", "nop"),
    "previous R not bounded by memory": ("bgeu    r1, r4, fault\n        add     r7", "nop\n        add     r7"),
    "register that is borrowed not given back": (
        "st      r2, 0(r1)\n        st      r0, borrowed",
        "nop\n st r0, borrowed",
    ),
    "a borrowed register that is named": ("beq     r6, r3, another", "nop"),
    "order of getr": ("st      r2, 0(r4)               ; if", "st r2, 0(r4)\n st r1, 0(r3) ; if"),
    "latency one too long": (".equ    latency, 40", ".equ    latency, 41"),
}
"""What is wrong on purpose: a text of the monitor's, which occurs once, and what stands there instead."""


def changed(fault: str) -> str:
    """Return the monitor's text with a fault in it."""
    right, wrong = FAULTS[fault]
    assert MONITOR.count(right) == 1, f"{MONITOR.count(right)} of {right!r}"
    return MONITOR.replace(right, wrong)


def everything() -> list[Terms]:
    """Return programs that between them notice every fault, the short ones first."""
    cases = [terms_for("li r11, 5\nli r12, 0x80000002\nhalt"), terms_for("li r12, 5\nli r11, 0x80000002\nhalt")]
    cases += [terms_for("li r11, 5\nli r12, 4\nhalt"), terms_for("li r11, 0x80000002\nli r12, 5\nhalt")]
    cases += [terms_for("li r11, -1\nldi r12, 1\nhalt"), terms_for("ldi r1, 50\nsettimer r1\nsvc 1")]
    cases += [terms_for("lpsw psw(r0)", status=-4), terms_for("lpsw psw(r0)", status=1, base=0, then="halt")]
    cases += [terms_for(code.replace(";", "\n")) for code, _ in TRAPS.values()]
    cases += [terms_for(code.replace(";", "\n")) for code, _, _ in INSTRUCTIONS.values()]
    large = "\n".join(f"li r{n}, {0x40000000 + n}" for n in range(16))
    return [*cases, terms_for(f"{large}\nadd r0, r1, r2\nadd r1, r0, r2\nadd r0, r2, r1")]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_monitor_is_noticed(fault: str) -> None:
    """Every part is needed: with one of them wrong, some program's machine is not the bare one."""
    program = monitor(changed(fault))
    assert any(hosted(terms, program=program).run(300) for terms in everything())


TIMELESS = ("hello", "echo", "memory-fault", "self-modifying")


def test_a_monitor_that_uses_the_guests_time_shows_it_only_to_those_who_look() -> None:
    """The paper's exception for timing: without the refund, the results of programs without a clock stay the same.

    Those with one come out otherwise, and so does a monitor: ours keeps a register in the timer for three instructions.
    """
    unrefunded = MONITOR.replace("addi    r1, r1, entered - entering ;", "addi    r1, r1, 0 ;")
    assert unrefunded != MONITOR
    program = monitor(unrefunded)
    for name in (*TIMELESS, "timer"):
        pair = hosted(terms_of(name), program=program)
        difference = pair.run(5000)
        assert (difference is None) == (name != "timer"), (name, difference)
