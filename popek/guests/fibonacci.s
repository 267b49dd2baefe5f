;@ title: Fibonacci, recursively
;@ teaches: A stack is a register, an agreement, and memory.
;@ output: "144\n"
;@ register: r4 = 144
;@ memory: 256

start:  ldi     r0, 0
        ldi     sp, stack
        ldi     r1, 12
        call    fib
        mov     r4, r1
        call    number
        ldi     r1, '\n'
        out     r1, 0
        halt

; r1 := the r1-th Fibonacci number. Changes r2.
fib:    ldi     r2, 2
        bltu    r1, r2, known           ; fib(0) = 0, fib(1) = 1
        push    lr
        push    r1
        addi    r1, r1, -1
        call    fib
        pop     r2
        push    r1                      ; fib(n - 1)
        addi    r1, r2, -2
        call    fib
        pop     r2
        add     r1, r1, r2
        pop     lr
known:  ret

; Print r1 in decimal. Changes r1, r2, r3.
number: push    lr
        ldi     r2, 10
        remu    r3, r1, r2
        push    r3
        divu    r1, r1, r2
        beq     r1, r0, digit
        call    number
digit:  pop     r3
        addi    r3, r3, '0'
        out     r3, 0
        pop     lr
        ret

        .space  64
stack:                                  ; grows down
