"""Guests that are nasty on purpose, for `classic` and what shares its instructions: each makes trouble in one way.

They share a frame: a timer that interrupts `wait` instructions after it was set (0: never), and a handler that mixes
cause, detail and pc of every trap into r12, so that one wrong word, or one at a wrong time, shows in the end. After a
fault it goes on behind the instruction, or, once, where r8 says, in supervisor mode with all of memory.
"""

from collections.abc import Mapping

from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC

SIZE = 144
"""Words of memory that such a guest has."""

STEPS = 600
"""Within so many steps it has ended, if its timer is off."""

_FRAME = """
        .equ    size, {size}
        .org    8
        .word   0, handler, 0, -1
        .org    16
        ldi     r0, 0
        ldi     r13, {wait}
        settimer r13
        ldi     r13, 1
        setie   r13
{body}
        halt

handler:
        ld      r11, 4(r0)              ; the cause
        ldi     r9, 31
        mul     r12, r12, r9
        add     r12, r12, r11
        ld      r10, 5(r0)              ; the detail
        xor     r12, r12, r10
        mul     r12, r12, r9
        add     r12, r12, r10
        ld      r10, 1(r0)              ; the pc
        add     r12, r12, r10
        ldi     r9, 4
        beq     r11, r9, called
        bltu    r9, r11, later          ; an arithmetic trap, or an interrupt
fault:  bne     r8, r0, escape
        addi    r10, r10, 1
        st      r10, 1(r0)
        lpsw    0(r0)
later:  addi    r9, r9, 1
        beq     r11, r9, fault
        lpsw    0(r0)
called: ld      r10, 5(r0)
        ldi     r9, 9                   ; svc 9: be the supervisor
        beq     r10, r9, raise
        lpsw    0(r0)
escape: st      r8, 1(r0)
        ldi     r8, 0
        st      r0, 2(r0)
        ldi     r9, -1
        st      r9, 3(r0)
raise:  ldi     r9, 2
        st      r9, 0(r0)
        lpsw    0(r0)
{data}
"""

_REWRITES = (
    """
        ldi     r1, 4
loop:   ld      r2, patch(r0)
        addi    r2, r2, 1
        st      r2, next(r0)            ; the first word of the block that comes next
        st      r2, last(r0)            ; the word behind this one's end
        st      r2, ahead(r0)           ; the second word from here
        addi    r5, r5, 1
ahead:  ldi     r3, 1
        add     r4, r4, r3
        beq     r0, r0, next
last:   ldi     r3, 1
next:   ldi     r3, 1
        add     r4, r4, r3
        st      r2, patch(r0)
        addi    r1, r1, -1
        bne     r1, r0, loop
        ld      r2, nothing(r0)
        st      r2, coming(r0)
coming: ldi     r4, 99                  ; nothing, when it is reached
self:   st      r2, self(r0)            ; over itself, and once more
        bne     r6, r0, done
        ldi     r6, 1
        jmp     self
done:   nop
""",
    "patch:  ldi r3, 1\nnothing: nop",
)

_READS_ITSELF = (
    """
        ldi     r2, 60
        ldi     r4, 1
again:  ldi     r1, 0
sum:    ld      r3, 0(r1)
        add     r5, r5, r3
        xor     r6, r6, r5
        addi    r1, r1, 1
        bne     r1, r2, sum
        addi    r4, r4, -1
        bne     r4, r0, again
""",
    "",
)

_ODD_R = (
    """
        ldi     r7, psws
        ldi     r6, over
next:   ldi     r8, behind
        lpsw    0(r7)
behind: addi    r7, r7, 4
        bne     r7, r6, next
        ldi     r1, 3                   ; a bound that cuts off this code
        ldi     r8, cut
        setr    r0, r1
        nop
cut:    ldi     r1, size                ; a base where nothing is
        ldi     r8, away
        setr    r1, r1
        nop
away:   ldi     r1, -5                  ; one that wraps around
        ldi     r8, round
        setr    r1, r6
        nop
round:  getr    r1, r2
        lra     r3, r6
        ldi     r1, user
        jsu     r1
user:   ld      r1, -1(r0)
        svc     9
        mfpi    r4, r6
        mtpi    r4, r7
""",
    """
psws:   .word   1, user, 0, 0
        .word   1, user, size, 64
        .word   1, user, -1, -1
        .word   3, 4, size - 7, 5
        .word   0, user, 0, 20
        .word   1, size - 1, 0, -1
        .word   2, size, 0, -1
        .word   -1, 0, size - 1, 1
over:
""",
)

_DMA = (
    """
        ldi     r2, 0
        ldi     r1, buffer
        jal     lr, buffer
        disk    r1, r2, 0               ; over code that has run
        jal     lr, buffer
        jal     lr, buffer
        ldi     r3, size - 8
        disk    r3, r2, 0               ; beyond the end of memory: a trap, and nothing is moved
        addi    r3, r0, -8
        disk    r3, r2, 0
        disk    r1, r2, 1               ; and back to the disk
        ldi     r2, 1
        ldi     r1, here
        disk    r1, r2, 0               ; over what comes next
here:   jmp     . + 15                  ; another instruction, when it is reached
        .space  14
        nop
""",
    "buffer: addi r4, r4, 1\n jalr r5, lr\n .space 14",
)

_DISK = tuple(
    assemble(
        ".org 16\n" + "addi r4, r4, 5\n" * 15 + "jalr r5, lr\n" + "addi r4, r4, 7\n" * 15 + "nop\n", CLASSIC
    ).words.values()
)

_EDGES = (
    """
        ldi     r1, size
        ld      r2, -1(r1)
        ld      r2, 0(r1)
        st      r1, -1(r1)
        st      r1, 0(r1)
        ld      r2, -1(r0)
        ldi     r8, over
        ldi     r3, size - 2
        jalr    r4, r3                  ; off the end, one instruction after the other
over:   ldi     r8, wrapped
        ldi     r3, -1
        jalr    r4, r3
wrapped: ldi    r8, deep
        ldi     r3, 4                   ; into the trap words
        jalr    r4, r3
deep:   ldi     r1, user
        jsu     r1
user:   st      r1, size(r0)
        out     r1, 0
        svc     9
""",
    "        .org    size - 2\n        addi r5, r5, 1\n        addi r5, r5, 1",
)

_TIMER_AT_ONE = (
    """
        ldi     r1, 1
        ldi     r2, 3
        settimer r1                     ; pending when this has been attempted once more
        gettimer r3
        setie   r0
        settimer r1
        nop
        gettimer r4
        setie   r1                      ; taken here
again:  settimer r1
        svc     1                       ; at the very tick
        settimer r1
        divu    r5, r1, r0
        settimer r1
        .word   0
        addi    r2, r2, -1
        bne     r2, r0, again
        ldi     r3, user
        settimer r1
        jsu     r3
user:   nop
        settimer r1                     ; refused
        svc     9
        in      r6, 0                   ; what was typed
        out     r6, 0
        in      r7, 1
        ldi     r3, buffer
        disk    r3, r0, 0
        in      r7, 1                   ; how long the disk still takes
        ldi     r4, 39
        settimer r4                     ; both at once
        ldi     r4, 45
wait:   addi    r4, r4, -1
        bne     r4, r0, wait
""",
    "buffer: .space 16",
)

_TRAP_WORDS = (
    """
        ldi     r1, first
        st      r1, 9(r0)               ; another handler, in user mode
        ldi     r2, 1
        st      r2, 8(r0)
        svc     1
first:  ldi     r3, handler
        st      r3, 9(r0)               ; user mode may write its own memory
        st      r0, 8(r0)
        svc     9
        spsw    here(r0)                ; four words of code
        jmp     here + 4
here:   .space  4
        ldi     r1, psw
        ldi     r3, moved
        st      r3, 1(r1)
        lpsw    0(r1)
moved:  nop
        svc     2
        ldi     r8, back
        svc     9
        ldi     r1, 3
        st      r1, 10(r0)              ; the handler three words on
        ldi     r2, handler - 3
        st      r2, 9(r0)
        svc     3
        nop
back:   st      r0, 10(r0)
""",
    "psw:    .word 1, 0, 0, size",
)

_PARTS: Mapping[str, tuple[str, str]] = {
    "rewrites": _REWRITES,
    "reads-itself": _READS_ITSELF,
    "odd-r": _ODD_R,
    "dma": _DMA,
    "edges": _EDGES,
    "timer-at-one": _TIMER_AT_ONE,
    "trap-words": _TRAP_WORDS,
}

NASTY = tuple(_PARTS)
"""The guests: one rewrites itself across blocks, one reads itself, one loads odd values into R, one has the disk write
over its code, one runs off both ends of memory, one is interrupted at the very tick, one moves its handler about."""


def source(name: str, wait: int = 0) -> str:
    """Return the text of a nasty guest whose timer interrupts so many instructions after it was set."""
    body, data = _PARTS[name]
    return _FRAME.format(size=SIZE, wait=wait, body=body, data=data)


def words(name: str, wait: int = 0) -> dict[int, int]:
    """Return the words of a nasty guest."""
    return dict(assemble(source(name, wait), CLASSIC, file=name).words)


TYPED = b"xyz"
"""What is typed on its console."""


def disk() -> tuple[int, ...]:
    """Return what is on its disk: two sectors of instructions."""
    return _DISK
