;@ title: A memory fault
;@ teaches: R holds a program inside its own memory, and the trap tells its kernel which address it asked for.
;@ output: "memory fault at 100\n"
;@ memory-word: 4 = 1
;@ memory-word: 5 = 100
;@ memory: 256

        .org    8
        .word   0, handler, 0, -1       ; new PSW: supervisor mode, all of memory

        .org    16
start:  ldi     r0, 0
        lpsw    user_psw(r0)            ; into user mode

user_psw:
        .word   1, 0, user, user_end - user ; user mode, pc 0, R = just the user's words

; The user's program sees addresses 0 .. bound - 1. It reads its own words, then one that is not its own.
user:   ldi     r4, 0
        ld      r5, 0(r4)               ; its own first instruction
        ldi     r4, 100
        ld      r5, 0(r4)               ; trap
        svc     0                       ; never reached
user_end:

handler:
        ldi     r0, 0                   ; the user's registers are of no use to the kernel
        ldi     sp, stack
        ldi     r1, says_fault
print:  ld      r2, 0(r1)
        beq     r2, r0, where
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
where:  ld      r1, 5(r0)               ; the detail: the virtual address
        call    number
        ldi     r1, '\n'
        out     r1, 0
        halt

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

says_fault:
        .string "memory fault at "
        .space  32
stack:                                  ; grows down
