;@ title: Probe: loading a real address
;@ teaches: The paper's example of location sensitivity: the result depends on where the program has been placed.
;@ detects: lra-readable
;@ output: "bare"
;@ memory: 128

start:  ldi     r0, 0
        ldi     r1, start
        lra     r2, r1
        bne     r1, r2, vm              ; while the base is 0, real and virtual addresses are the same

bare:   ldi     r1, says_bare
        jmp     print
vm:     ldi     r1, says_vm
print:  ld      r2, 0(r1)
        beq     r2, r0, done
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
done:   halt

says_bare:
        .string "bare"
says_vm:
        .string "VM"
