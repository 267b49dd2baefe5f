;@ title: An illegal opcode becomes an instruction
;@ teaches: A trap handler can add an instruction that the machine does not have: what a monitor does all the time.
;@ output: "6 * 7 + 1 = 43\n"
;@ register: r1 = 43
;@ memory: 256

; The made-up instruction: r1 := r1 * r2 + 1.
        .equ    fancy, 0xEE000000

        .org    8
        .word   0, handler, 0, -1

        .org    16
start:  ldi     r0, 0
        ldi     r1, says
print:  ld      r2, 0(r1)
        beq     r2, r0, compute
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
compute:
        ldi     r1, 6
        ldi     r2, 7
        .word   fancy                   ; no opcode of this machine
        ldi     r2, 10
        divu    r3, r1, r2              ; two digits
        addi    r3, r3, '0'
        out     r3, 0
        remu    r3, r1, r2
        addi    r3, r3, '0'
        out     r3, 0
        ldi     r3, '\n'
        out     r3, 0
        halt

handler:
        ld      r3, 5(r0)               ; the detail: the word that is no instruction
        li      r4, fancy
        bne     r3, r4, wrong
        mul     r1, r1, r2              ; what the instruction does,
        addi    r1, r1, 1
        ld      r3, 1(r0)               ; and on to the next word
        addi    r3, r3, 1
        st      r3, 1(r0)
        lpsw    0(r0)
wrong:  ldi     r1, '?'
        out     r1, 0
        halt

says:   .string "6 * 7 + 1 = "
