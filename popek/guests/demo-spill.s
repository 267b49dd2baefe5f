;@ title: Demonstration: a neighbour's memory, overwritten
;@ teaches: A store with one check too few reaches over the end of a guest's memory, into the next guest's first word.
;@ demonstrates: spill
;@ output: "unharmed"
;@ memory: 128

; Run it in two VMs side by side: the first one stores in its last word, the second one finds the value in its word 0.
; Neither does anything that it must not do.
start:  ldi     r0, 0
        getr    r1, r2                  ; the bound after reset is the size of the memory
        addi    r2, r2, -1
        li      r3, 0x5EED
        st      r3, 0(r2)               ; the last word
        ldi     r4, 1500                ; long enough for every other to have had its turn
        ldi     r5, 1
wait:   sub     r4, r4, r5
        bne     r4, r0, wait
        ld      r1, 0(r0)               ; no trap has come: word 0 is as it was
        beq     r1, r0, fine
        ldi     r1, says_harmed
        jmp     print
fine:   ldi     r1, says_unharmed
print:  ld      r2, 0(r1)
        beq     r2, r0, done
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
done:   halt

says_unharmed:
        .string "unharmed"
says_harmed:
        .string "harmed by my neighbour"
