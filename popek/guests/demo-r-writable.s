;@ title: Demonstration: a guest that reads its monitor's words
;@ teaches: With R in its hands, a guest gets one instruction of its own executed in the monitor's memory.
;@ demonstrates: r-writable
;@ output: "word 2 is mine"
;@ register: r7 = 0
;@ memory: 256

; A guest that sets R to (0, everything) executes its next instruction from real memory. What stands there? In real word
; 5 the detail of the last trap, and in a memory trap that is the address that the guest asked for: any word it likes.
; So it asks for the address that, as an instruction, is `ld r7, 2(r0)`; and real word 2 says where the guest lies.
        .equ    wish, 0x13700002        ; ld r7, 2(r0)

        .org    8
        .word   0, handler, 0, -1

        .org    16
start:  ldi     r0, 0
        li      r1, wish
        ld      r1, 0(r1)               ; a memory trap: the wish is now in word 5, the real one and the guest's own

handler:
        ld      r1, first(r0)           ; words 4..6 shall be a program: setr, the wish, and a jump
        st      r1, 4(r0)
        ld      r1, third(r0)
        st      r1, 6(r0)
        ldi     r2, -1
        ldi     r7, 0
        ldi     r8, after
        ldi     r1, 4
        jalr    lr, r1
first:  setr    r0, r2
third:  jalr    lr, r8                  ; real word 6 is no instruction: the monitor has the guest go on from here

after:  ldi     r1, says_mine
        beq     r7, r0, print           ; the base that this program's own trap has stored
        ldi     r1, says_read
print:  ld      r2, 0(r1)
        beq     r2, r0, done
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
done:   halt

says_mine:
        .string "word 2 is mine"
says_read:
        .string "word 2 is the monitor's, and says where I am"
