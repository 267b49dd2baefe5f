;@ title: Supervisor calls
;@ teaches: A program in user mode can do nothing but compute: whatever else it wants, it asks its kernel for.
;@ output: "user says hi\nprivileged instruction refused\n"
;@ memory: 256

        .equ    call_exit, 0
        .equ    call_write, 1           ; prints the character in r1

        .org    8
        .word   0, kernel, 0, -1

        .org    16
start:  ldi     r0, 0
        lpsw    user_psw(r0)

user_psw:
        .word   1, 0, user, user_end - user

; In user mode, at virtual address 0.
user:   ldi     r2, greeting - user     ; a virtual address
        ldi     r3, 0
next:   ld      r1, 0(r2)
        beq     r1, r3, greeted
        svc     call_write
        addi    r2, r2, 1
        jmp     next
greeted:
        halt                            ; privileged: the kernel decides
        svc     call_exit
greeting:
        .string "user says hi\n"
user_end:

; In supervisor mode. Words 0..3 hold the user's PSW. r13 is the kernel's by agreement: it needs one to start with.
kernel: ldi     r13, 0
        ld      r12, 4(r13)             ; the cause
        addi    r11, r13, 4
        beq     r12, r11, service       ; 4: supervisor call
        ldi     r11, refusal            ; all else is refused
print:  ld      r12, 0(r11)
        beq     r12, r13, skip
        out     r12, 0
        addi    r11, r11, 1
        jmp     print
skip:   ld      r12, 1(r13)             ; the old pc is that of the refused instruction
        addi    r12, r12, 1
        st      r12, 1(r13)
        lpsw    0(r13)

service:
        ld      r12, 5(r13)             ; the detail: the immediate of `svc`
        beq     r12, r13, exit
        out     r1, 0
        lpsw    0(r13)                  ; the old pc is that of the next word already
exit:   halt

refusal:
        .string "privileged instruction refused\n"
