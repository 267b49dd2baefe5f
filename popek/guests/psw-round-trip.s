;@ title: A PSW, stored and loaded
;@ teaches: The PSW is four words: one instruction stores them, one loads them, and a program is somewhere else.
;@ output: "stored loaded user"
;@ memory-word: saved = 2
;@ memory-word: saved + 2 = 0
;@ memory-word: saved + 3 = 96
;@ memory: 128

; Bit 0 of the status is the mode, bit 1 the interrupt enable.
        .org    8
        .word   0, handler, 0, -1

        .org    16
start:  ldi     r0, 0
        ldi     r1, 1
        ldi     r2, 96
        setr    r0, r2                  ; R = (0, 96)
        setie   r1                      ; nothing can interrupt: the timer stands still
        ldi     r5, 0                   ; not been here before
        spsw    saved(r0)               ; the pc stored is that of the next word
        bne     r5, r0, again
        ldi     r5, 1
        setie   r0
        ldi     r1, says_stored
        call    print
        lpsw    saved(r0)               ; back behind `spsw`, with interrupts on as they were
again:  getie   r6
        beq     r6, r0, wrong
        ldi     r1, says_loaded
        call    print
        lpsw    user_psw(r0)            ; the same way into user mode
wrong:  halt

user:   getmode r1                      ; in user mode: a trap
handler:
        ldi     r0, 0
        ld      r1, 0(r0)               ; the old status
        ldi     r2, 1
        bne     r1, r2, wrong           ; user mode, interrupts off
        ldi     r1, says_user
        call    print
        halt

print:  ld      r2, 0(r1)
        beq     r2, r0, end
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
end:    ret

user_psw:
        .word   1, user, 0, 96
saved:  .space  4
says_stored:
        .string "stored "
says_loaded:
        .string "loaded "
says_user:
        .string "user"
