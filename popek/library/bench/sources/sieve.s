;@ title: The sieve of Eratosthenes
;@ teaches: Loads and stores all over an array of 2048 words.

        .equ    limit, 2048

start:  ld      r9, rounds(r0)
        ldi     r2, limit
        ldi     r4, 1
again:  ldi     r1, 0
        ldi     r10, 0
clear:  st      r0, array(r1)
        addi    r1, r1, 1
        bne     r1, r2, clear
        ldi     r5, 2
test:   ld      r1, array(r5)
        bne     r1, r0, next
        addi    r10, r10, 1
        add     r6, r5, r5
        bgeu    r6, r2, next
cross:  st      r4, array(r6)
        add     r6, r6, r5
        bltu    r6, r2, cross
next:   addi    r5, r5, 1
        bne     r5, r2, test
        addi    r9, r9, -1
        bne     r9, r0, again
        halt
rounds: .word   1
array:  .space  limit
