;@ title: Arithmetic
;@ teaches: A loop of seven instructions that never touches memory.

start:  ld      r9, rounds(r0)
        ldi     r1, 0
        ldi     r2, 1
        ldi     r8, 1000
again:  ldi     r3, 0
loop:   add     r1, r1, r2
        xor     r2, r2, r1
        addi    r3, r3, 1
        sub     r5, r1, r3
        and     r6, r5, r2
        or      r7, r6, r3
        bne     r3, r8, loop
        addi    r9, r9, -1
        bne     r9, r0, again
        mov     r10, r2
        halt
rounds: .word   1
