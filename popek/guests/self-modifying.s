;@ title: Self-modifying code
;@ teaches: Instructions are words like others: whoever caches or translates them must notice when they change.
;@ output: "0123456789 twice 0\n"
;@ memory-word: patched = 0x0210003A
;@ memory: 256

; The program adds 1 to the instruction `ldi r1, '0'`, and so to its immediate, ten times.
start:  ldi     r0, 0
        ldi     r3, 10
        ld      r4, patched(r0)         ; the instruction as a number
again:
patched:
        ldi     r1, '0'
        out     r1, 0
        addi    r4, r4, 1
        st      r4, patched(r0)         ; the very next round must execute the new one
        addi    r3, r3, -1
        bne     r3, r0, again

; Harder: the changed instruction is the one that comes next, with no branch in between.
        ldi     r1, says_twice
        ld      r2, 0(r1)
print:  out     r2, 0
        addi    r1, r1, 1
        ld      r2, 0(r1)
        bne     r2, r0, print
        ld      r4, better(r0)
        st      r4, coming(r0)
coming: ldi     r1, '1'                 ; replaced before it is reached
        out     r1, 0
        ldi     r1, '\n'
        out     r1, 0
        halt

better: ldi     r1, '0'                 ; never executed here
says_twice:
        .string " twice "
