;@ title: The sieve of Eratosthenes
;@ teaches: An old program of innocuous instructions only, but for its output: the kind a monitor runs at full speed.
;@ output: "46 primes below 200, the last is 199\n"
;@ register: r8 = 46
;@ register: r9 = 199
;@ memory: 512

        .equ    limit, 200

start:  ldi     r0, 0
        ldi     sp, stack
        ldi     r7, limit
        ldi     r8, 0                   ; primes so far
        ldi     r4, 1                   ; what a crossed-out number is marked with
        ldi     r5, 2                   ; the number under test
test:   bgeu    r5, r7, report
        ld      r1, crossed(r5)         ; crossed[r5]
        bne     r1, r0, next
        addi    r8, r8, 1               ; a prime
        mov     r9, r5
        mul     r6, r5, r5              ; smaller multiples are crossed out already
cross:  bgeu    r6, r7, next
        st      r4, crossed(r6)
        add     r6, r6, r5
        jmp     cross
next:   addi    r5, r5, 1
        jmp     test

report: mov     r1, r8
        call    number
        ldi     r1, says_primes
        call    text
        ldi     r1, limit
        call    number
        ldi     r1, says_last
        call    text
        mov     r1, r9
        call    number
        ldi     r1, '\n'
        out     r1, 0
        halt

; Print r1 in decimal: what is in front of the last digit first, then the last digit. Changes r1, r2, r3.
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

; Print the text at r1. Changes r1, r2.
text:   ld      r2, 0(r1)
        beq     r2, r0, end
        out     r2, 0
        addi    r1, r1, 1
        jmp     text
end:    ret

says_primes:
        .string " primes below "
says_last:
        .string ", the last is "

        .space  16
stack:                                  ; grows down
crossed:
        .space  limit
