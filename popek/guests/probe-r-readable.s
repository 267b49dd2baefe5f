;@ title: Probe: reading the relocation register
;@ teaches: A guest does not lie where it believes to lie, and where R can be read, it reads where it really is.
;@ detects: r-readable
;@ output: "bare"
;@ memory: 128

start:  ldi     r0, 0
        getr    r1, r2
        bne     r1, r0, vm              ; after reset the base is 0

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
