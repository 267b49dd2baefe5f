;@ title: Arithmetic
;@ teaches: Words wrap modulo 2^32, each comparison has a sign or none, and a division by zero is a trap.
;@ output: "all right\n"
;@ register: r3 = 32
;@ register: r6 = 5
;@ memory: 512

; `check n` compares r1 with what it should be; r3 counts the checks.
.macro  check value
        li      r2, \value
        bne     r1, r2, wrong
        addi    r3, r3, 1
.endm

; A trap stores the old PSW in words 0..3 and the cause in word 4, and loads the new PSW from words 8..11.
        .org    8
        .word   0, handler, 0, -1       ; supervisor mode, interrupts off, all of memory

        .org    16
start:  ldi     r0, 0
        ldi     r3, 0
        li      r8, 0xFFFFFFFB          ; -5, or a very large number
        ldi     r9, 3
        ldi     r10, 32
        li      r11, 0xF0F0F0F0

        ldi     r1, -2
        check   0xFFFFFFFE              ; an immediate keeps its sign
        ldih    r1, 0x1234
        check   0x1234FFFE              ; only the upper half is new
        mov     r1, r9
        check   3
        add     r1, r8, r9
        check   0xFFFFFFFE              ; -5 + 3
        add     r1, r8, r8
        check   0xFFFFFFF6              ; the carry is lost
        addi    r1, r9, -4
        check   0xFFFFFFFF
        sub     r1, r9, r8
        check   8                       ; 3 - -5
        sub     r1, r0, r9
        check   0xFFFFFFFD
        mul     r1, r8, r9
        check   0xFFFFFFF1              ; -15
        mul     r1, r11, r11
        check   0xA4C2E100              ; the lower word of the product

        divu    r1, r8, r9
        check   0x55555553              ; unsigned
        remu    r1, r8, r9
        check   2
        divu    r1, r9, r8
        check   0

        and     r1, r11, r8
        check   0xF0F0F0F0
        or      r1, r11, r9
        check   0xF0F0F0F3
        xor     r1, r11, r8
        check   0x0F0F0F0B
        shl     r1, r11, r9
        check   0x87878780
        shl     r1, r11, r10
        check   0                       ; by 32 or more: nothing is left
        shr     r1, r11, r9
        check   0x1E1E1E1E              ; zeros come in
        shr     r1, r11, r10
        check   0
        sar     r1, r11, r9
        check   0xFE1E1E1E              ; the sign comes in
        sar     r1, r11, r10
        check   0xFFFFFFFF
        sar     r1, r9, r10
        check   0

        slt     r1, r8, r9
        check   1                       ; -5 < 3
        slt     r1, r9, r8
        check   0
        sltu    r1, r8, r9
        check   0                       ; a very large number
        sltu    r1, r9, r8
        check   1
        slt     r1, r9, r9
        check   0

        ldi     r1, 0
        blt     r9, r8, wrong
        bltu    r8, r9, wrong
        blt     r8, r9, signed
        jmp     wrong
signed: bltu    r9, r8, unsigned
        jmp     wrong
unsigned:
        check   0

; The handler puts the cause into r6 and goes on behind the division.
        ldi     r1, 77
        divu    r1, r9, r0
        check   77                      ; a trap commits nothing else
        remu    r1, r9, r0
        check   77
        mov     r1, r6
        check   5                       ; cause 5: arithmetic

        ldi     r1, says_right
        jmp     print
wrong:  ldi     r1, says_wrong
print:  ld      r2, 0(r1)
        beq     r2, r0, done
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
done:   halt

handler:
        ld      r6, 4(r0)               ; the cause
        ld      r7, 1(r0)               ; the old pc: that of the division itself
        addi    r7, r7, 1
        st      r7, 1(r0)
        lpsw    0(r0)                   ; back, one word further

says_right:
        .string "all right\n"
says_wrong:
        .string "wrong\n"
