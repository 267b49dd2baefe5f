;@ title: A batch of hypercalls
;@ teaches: A guest that queues its requests and flushes them in one hypercall leaves its virtual machine once, not once a character.
;@ output: "many in one"
;@ memory: 256

; Hypercall 0 does a list of hypercalls: here, one `out` for each character, queued first and flushed at the end. Where
; nobody knows hypercalls the word is an illegal opcode, and the handler does without.

        .equ    hypercall, 0x80000000   ; the bit that makes an instruction's word a hypercall
        .equ    out_r1, 0x4D100000      ; out r1, 0
        .equ    operand, 1              ; in an entry: where the value of r1 is
        .equ    entry, 4                ; words of an entry

        .org    8
        .word   0, without, 0, -1       ; new PSW: the illegal opcode, if it is one

        .org    16
start:  ldi     r0, 0
        li      r4, hypercall | out_r1
        ldi     r5, text
        ldi     r2, queue
        ldi     r3, 0                   ; entries so far

; Queue an `out` for each character.
lazy:   ld      r1, 0(r5)
        beq     r1, r0, flush
        st      r4, 0(r2)
        st      r1, operand(r2)
        addi    r2, r2, entry
        addi    r3, r3, 1
        addi    r5, r5, 1
        jmp     lazy

; Do them all: r3 entries from address r2 on.
flush:  ldi     r2, queue
        .word   hypercall | 3 << 20 | 2 << 16
        halt

; Nobody knows hypercalls: go through the queue by hand.
without:
        ld      r1, operand(r2)
        out     r1, 0
        addi    r2, r2, entry
        addi    r3, r3, -1
        bne     r3, r0, without
        halt

text:   .string "many in one"
queue:
