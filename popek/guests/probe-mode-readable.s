;@ title: Probe: reading the mode
;@ teaches: A guest's supervisor runs in real user mode, and where the mode can be read, it reads just that.
;@ detects: mode-readable
;@ output: "bare"
;@ memory: 128

start:  ldi     r0, 0
        getmode r1
        bne     r1, r0, vm              ; nobody has left supervisor mode

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
