;@ title: A kernel and its program (ARMv7-A)
;@ teaches: On ARMv7-A anybody can read the mode, so that a kernel notices at once that it is not in SVC.
;@ isa: armv7
;@ output: "SVC USR\n"
;@ memory: 128

; Its own under binary translation of all code, and in Hyp's guest mode (armv7-ve).
        .equ    user_mode, 0x10
        .equ    mode_bits, 0x1f
        .equ    stack, 120

        .org    2
        .word   0, 128                  ; the R that a return from an exception loads
        .org    8
        .word   0, 0, 0, 128

        .org    16
start:  ldi     r0, 0
        ldi     r1, handler
        mcr-vbar r1
        cpsid
        mrs-cpsr r6
        call    tell
        ldi     r1, user_mode
        msr-spsr r1
        ldi     r1, user
        subs-pc-lr r1, 0

user:   ldi     r1, ' '
        svc     1
        cpsid                           ; without effect, and without a trap
        mrs-cpsr r6
        svc     2
        ldi     r1, '\n'
        svc     1
        svc     0

handler:
        mrc-dfar r2                     ; which service
        beq     r2, r0, idle
        srs     stack(r0)               ; where to go on, and in what mode
        ldi     r3, 1
        beq     r2, r3, one
        call    tell
        rfe     stack(r0)
one:    str-io  r1
        rfe     stack(r0)
idle:   wfi                             ; nothing will ever come

; Print the mode that the status in r6 shows. Changes r3, r4, r5.
tell:   ldi     r3, mode_bits
        and     r3, r6, r3
        ldi     r4, user_mode
        ldi     r5, says_usr
        beq     r3, r4, print
        ldi     r5, says_svc
print:  ld      r3, 0(r5)
        beq     r3, r0, end
        str-io  r3
        addi    r5, r5, 1
        jmp     print
end:    ret

says_usr:
        .string "USR"
says_svc:
        .string "SVC"
