"""The little programs that questions run: straight on, in supervisor mode and then, perhaps, in user mode."""

from random import Random

from popek.isa.classic import CLASSIC
from popek.isa.program import Program
from popek.library.texts import assemble

PLAIN = (
    "add r3, r1, r2",
    "addi r1, r1, 7",
    "mul r2, r1, r1",
    "xor r3, r3, r1",
    "st r1, 50(r0)",
    "ld r4, 50(r0)",
    "nop",
)
CALL = "svc 1"
SYSTEM = (
    "getmode r5", "getie r5", "gettimer r5", "getr r5, r6", "lra r5, r0", "out r1, 0", "in r5, 0", "spsw 50(r0)",
    "settimer r0", "setie r0",
)  # fmt: skip
"""Instructions that go on to the next word, whatever there is in the registers."""

_HANDLER = """
        .org 40
handler:                        ; go back
        lpsw 0(r0)
to_user:
        .word 1, user, 0, 64
        .org 8
        .word 0, handler, 0, 64
        .org 16
        ldi r1, 3
        ldi r2, 4
"""


def program(random: Random, least: int = 2, most: int = 5) -> str:
    """Return a program's text: some lines in supervisor mode, some perhaps in user mode, and a halt."""
    lines = [random.choice((*PLAIN, *SYSTEM, CALL)) for _ in range(random.randint(least, most))]
    if random.random() < 0.5:
        after = [random.choice((*PLAIN, CALL)) for _ in range(random.randint(1, 3))]
        lines += ["lpsw to_user(r0)", "user:", *after, "ldi r7, ends", "st r7, 9(r0)", CALL, "ends:"]
    else:
        lines.append("user:")
    return _HANDLER + "".join(_line(x) for x in [*lines, "halt"])


def _line(text: str) -> str:
    return f"{text}\n" if text.endswith(":") else f"        {text}\n"


def assembled(text: str) -> Program:
    """Return a program's words, for `classic`."""
    return assemble(text, CLASSIC, file="<question>")
