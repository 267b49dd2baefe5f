;@ title: Probe: enabling interrupts without effect
;@ teaches: An instruction that user mode ignores is lost on a monitor: the interrupts that it allows never come.
;@ detects: popf
;@ output: "bare"
;@ memory: 128

        .org    8
        .word   0, bare, 0, -1          ; new PSW: the interrupt is the proof

        .org    16
start:  ldi     r0, 0
        ldi     r1, 10
        settimer r1
        ldi     r1, 1
        setie   r1
        ldi     r2, 100                 ; long enough
wait:   sub     r2, r2, r1
        bne     r2, r0, wait
        jmp     vm

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
