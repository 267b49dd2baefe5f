;@ title: Problem state (System/360)
;@ teaches: BALR leaves a program its own half of the PSW and nothing of the system's; the rest is privileged.
;@ isa: s360
;@ output: "cc 2\nproblem state\nprivileged operation\n"
;@ memory: 128

        .equ    cause, 4
        .equ    supervisor_call, 4

        .org    8
        .word   0, handler, 0, 128

        .org    16
start:  ldi     r0, 0
        li      r1, 0x20000000          ; condition code 2, no program mask
        spm     r1
        balr    r2, r0                  ; r0 as the second operand: it does not branch
        ldi     r1, says_cc
        bal     r15, print(r0)
        ldi     r3, 28
        shr     r2, r2, r3
        ldi     r3, 3
        and     r2, r2, r3
        addi    r2, r2, '0'
        sio-write r2
        ldi     r2, 10
        sio-write r2
        lpsw    problem(r0)

; In the problem state.
user:   ldi     r1, says_problem
        svc     1                       ; prints the text at r1
        ssm     0(r0)                   ; a program exception
        svc     0

handler:
        ld      r2, cause(r0)
        ldi     r3, supervisor_call
        beq     r2, r3, called
        ldi     r1, says_privileged
called: bal     r15, print(r0)
        bne     r2, r3, finish
        lpsw    0(r0)                   ; the old PSW
finish: lpsw    stop(r0)

; Print the text at r1. Changes r1, r4.
print:  ld      r4, 0(r1)
        beq     r4, r0, end
        sio-write r4
        addi    r1, r1, 1
        jmp     print
end:    balr    r14, r15

problem:
        .word   1, user, 0, 128
stop:   .word   4, 0, 0, 128            ; the wait state, and nothing that could end it
says_cc:
        .string "cc "
says_problem:
        .string "problem state\n"
says_privileged:
        .string "privileged operation\n"
