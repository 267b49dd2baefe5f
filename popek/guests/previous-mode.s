;@ title: The previous mode's address space
;@ teaches: A kernel reads and writes a user's buffer at the user's own addresses, and is held to the user's bound.
;@ output: "hello, kernel\nbad buffer\n"
;@ memory-word: buffer = 72
;@ memory: 256

; `svc 1` asks the kernel to print the text at r1 and to put its first letter into upper case. `svc 0` exits.
        .org    8
        .word   0, kernel, 0, -1

        .org    16
start:  ldi     r0, 0
        lpsw    user_psw(r0)

user_psw:
        .word   1, 0, user, user_end - user

user:   ldi     r1, buffer - user
        svc     1
        li      r1, 0x10000             ; not the user's
        svc     1
        svc     0
buffer: .string "hello, kernel\n"
user_end:

kernel: ldi     r13, 0
        ld      r12, 4(r13)             ; the cause
        ldi     r11, 1
        beq     r12, r11, bad           ; a memory trap: the kernel's own `mfpi` was out of the user's bound
        ld      r12, 5(r13)             ; the number of the call
        beq     r12, r13, exit
        ld      r10, 1(r13)             ; where the user goes on
        mov     r9, r1
next:   mfpi    r8, r9                  ; through R of the old PSW, in words 2 and 3
        beq     r8, r13, end
        out     r8, 0
        addi    r9, r9, 1
        jmp     next
end:    mfpi    r8, r1
        ldi     r7, 'a' - 'A'
        sub     r8, r8, r7
        mtpi    r8, r1
        lpsw    0(r13)

; The old PSW is now the kernel's. The user's is known: its R is constant, and its pc was kept in r10.
bad:    ldi     r11, says_bad
print:  ld      r12, 0(r11)
        beq     r12, r13, resume
        out     r12, 0
        addi    r11, r11, 1
        jmp     print
resume: st      r10, user_psw + 1(r13)
        lpsw    user_psw(r13)

exit:   halt

says_bad:
        .string "bad buffer\n"
