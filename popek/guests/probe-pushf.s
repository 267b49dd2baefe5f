;@ title: Probe: reading the interrupt enable
;@ teaches: Under a monitor interrupts are always enabled, whatever the guest has set.
;@ detects: pushf
;@ output: "bare"
;@ memory: 128

start:  ldi     r0, 0
        setie   r0
        getie   r1
        bne     r1, r0, vm

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
