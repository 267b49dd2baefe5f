;@ title: Fibonacci, recursively
;@ teaches: Calls, returns and a stack.

start:  ldi     sp, stack
        ld      r9, rounds(r0)
        ldi     r10, 0
        ldi     r5, 2
again:  ldi     r1, 14
        call    fib
        add     r10, r10, r2
        addi    r9, r9, -1
        bne     r9, r0, again
        halt
fib:    bltu    r1, r5, least
        addi    sp, sp, -2
        st      lr, 0(sp)
        st      r1, 1(sp)
        addi    r1, r1, -1
        call    fib
        ld      r1, 1(sp)
        st      r2, 1(sp)
        addi    r1, r1, -2
        call    fib
        ld      r3, 1(sp)
        ld      lr, 0(sp)
        addi    sp, sp, 2
        add     r2, r2, r3
        ret
least:  mov     r2, r1
        ret
rounds: .word   1
        .space  64
stack:                                  ; grows down
