"""Guests for those who share a machine: some that do no harm, and some that do what they can."""

from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC, SYSTEM
from popek.testing.hosting import Tenant
from popek.vmm.host import Host
from popek.vmm.monitor import (
    HYBRID,
    INTERPRETER,
    PARAVIRTUAL_UNPORTED,
    TRANSLATION,
    TRANSLATION_FULL,
    TRAP_AND_EMULATE,
)

TECHNIQUES = (TRAP_AND_EMULATE, INTERPRETER, TRANSLATION, HYBRID, TRANSLATION_FULL, PARAVIRTUAL_UNPORTED)
"""Techniques that need nothing of the ISA."""

APART = {"sensitive": frozenset(i.name for i in SYSTEM)}
"""What monitors treat apart on `classic`: no instruction is critical."""


def words(source: str) -> dict[int, int]:
    """Return an assembled program."""
    return dict(assemble(source, CLASSIC).words)


COUNTER = """
        .org    16
        ldi     r0, 0
        ldi     r1, 15
        ldi     r2, 0
        ldi     r7, 'a'
again:  add     r2, r2, r1
        out     r7, 0
        addi    r7, r7, 1
        addi    r1, r1, -1
        bne     r1, r0, again
        st      r2, 60(r0)
        halt
"""
"""Counts, and prints the alphabet; every register that it uses is told in the end."""

_GOES_ON = """
        .org    8
        .word   0, handler, 0, -1
        .org    40
handler:
        ld      r5, 1(r0)
        addi    r5, r5, 1
        st      r5, 1(r0)
        lpsw    0(r0)
        .org    16
        ldi     r0, 0
        ldi     r1, 64
        ldi     r2, -1
        ldi     r3, again
"""
"""Whatever traps, this goes on behind it; r1 is the first address that is not the guest's."""

HOSTILE = {
    "an endless loop with interrupts off": "ldi r1, 0\n setie r1\nhere: beq r0, r0, here",
    "an endless loop with the timer off": "ldi r1, 0\n settimer r1\n setie r1\nhere: jal r5, here",
    "a trap loop": ".org 8\n .word 0, 1000, 0, 64\n .org 16\n svc 1",
    "a trap at each instruction": _GOES_ON + "again: svc 1\n nop\n svc 2\n nop\n svc 3\n nop\n jmp again",
    "an instruction that is emulated, for ever": "here: getmode r1\n setie r1\n jmp here",
    "transfers to everywhere": _GOES_ON + "again: disk r1, r0, 0\n disk r1, r0, 1\n sub r4, r0, r1\n disk r4, r0, 0\n"
    "addi r1, r1, 5\n jmp again",
    "writes to everywhere": _GOES_ON + "again: st r2, 0(r1)\n mtpi r2, r1\n sub r4, r0, r1\n st r2, 0(r4)\n"
    "mtpi r2, r4\n addi r1, r1, 7\n jmp again",
    "an R that is everything": _GOES_ON
    + "again: setr r0, r2\n st r2, 300(r0)\n ld r4, 0(r1)\n addi r1, r1, 9\n jmp again",
    "words that are no instructions": _GOES_ON + "again: .word -1\n .word 0x7f000000\n .word 0\n jmp again",
    "everything that is privileged, in user mode": _GOES_ON
    + "jsu r3\nagain: halt\n setie r0\n settimer r0\n setr r0, r2\n"
    "lpsw 8(r0)\n out r2, 0\n disk r1, r0, 0\n jmp again",
}
"""What a guest may do that is not nice."""


def counters(count: int) -> dict[str, Tenant]:
    """Return tenants that do no harm, under one technique after the other."""
    names = [f"n{i}" for i in range(count)]
    return {
        n: Tenant(n, words(COUNTER), size=70 + i, monitor=TECHNIQUES[i % len(TECHNIQUES)]) for i, n in enumerate(names)
    }


def inhabited(tenants: dict[str, Tenant], **terms: int) -> Host:
    """Return a host on which tenants have run to their ends."""
    host = Host(CLASSIC, apart=lambda _: APART, memory=16 + sum(t.size for t in tenants.values()), **terms)  # type: ignore[arg-type]
    for tenant in tenants.values():
        tenant.move_into(host)
    host.run()
    return host
