;@ title: A kernel, its program and the decrementer (PowerPC)
;@ teaches: The decrementer interrupts a program that does nothing, and the kernel ends it.
;@ isa: powerpc
;@ output: "tick\n"
;@ memory: 128

        .equ    user_status, 3          ; problem state, interrupts enabled
        .equ    rest, 4                 ; POW

        .org    2
        .word   0, 128                  ; the R that `rfi` loads
        .org    8
        .word   0, handler, 0, 128

        .org    16
start:  ldi     r0, 0
        ldi     r1, user
        mtspr-srr0 r1
        ldi     r1, user_status
        mtspr-srr1 r1
        ldi     r1, 50
        mtspr-dec r1
        rfi

user:   jmp     user

handler:
        mfspr-dsisr r2
        ldi     r3, 6                   ; the timer
        ldi     r4, says_what
        bne     r2, r3, print
        ldi     r4, says_tick
print:  ld      r2, 0(r4)
        beq     r2, r0, done
        stw-io  r2
        addi    r4, r4, 1
        jmp     print
done:   ldi     r1, rest
        mtmsr   r1

says_tick:
        .string "tick\n"
says_what:
        .string "what?\n"
